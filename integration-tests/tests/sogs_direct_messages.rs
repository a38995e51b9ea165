//! Direct messages from one blinded id to another.

use integration_tests::sogs::{As, Caller, World, b64, now};
use serde_json::{Value, json};

fn to(caller: &Caller) -> String {
    format!("/inbox/{}", caller.id())
}

fn message(text: &str) -> Value {
    json!({"message": b64(text.as_bytes())})
}

/// Asserts that a time is so many days from now.
#[track_caller]
fn in_days(value: &Value, days: i64) {
    let seconds = value.as_f64().unwrap_or_else(|| panic!("no time: {value}"));
    #[expect(clippy::cast_precision_loss, reason = "seconds")]
    let expected = (now() + days * 86_400) as f64;
    assert!(
        (seconds - expected).abs() < 30.0,
        "{seconds}, not {expected}"
    );
}

#[test]
fn boxes_are_empty_at_first() {
    World::each(|world| {
        let alice = world.user();
        for target in ["/inbox", "/outbox"] {
            assert_eq!(alice.get(target).ok(), json!([]));
            for since in [0, 7] {
                let answer = alice.get(&format!("{target}/since/{since}"));
                assert_eq!((answer.status, &*answer.body), (304, &b""[..]), "{answer}");
            }
        }
        assert_eq!(alice.delete("/inbox").ok(), json!({"deleted": 0}));
    });
}

#[test]
fn a_message_is_in_the_inbox_of_one_and_the_outbox_of_the_other() {
    World::each(|world| {
        let (alice, bob) = (world.user(), world.user());
        let sent = alice.post(&to(&bob), &message("bep")).created();
        in_days(&sent["posted_at"], 0);
        in_days(&sent["expires_at"], 15);
        let mut keys: Vec<_> = sent
            .as_object()
            .expect("an object")
            .keys()
            .cloned()
            .collect();
        keys.sort();
        assert_eq!(
            keys,
            ["expires_at", "id", "posted_at", "recipient", "sender"],
            "no echo"
        );
        assert_eq!(
            (&sent["sender"], &sent["recipient"]),
            (&json!(alice.id()), &json!(bob.id()))
        );

        let mut whole = sent.clone();
        whole["message"] = message("bep")["message"].clone();
        for target in ["/inbox", "/inbox/since/0"] {
            assert_eq!(bob.get(target).ok(), json!([whole]));
            assert_ne!(alice.get(target).text(), bob.get(target).text());
        }
        for target in ["/outbox", "/outbox/since/0"] {
            assert_eq!(alice.get(target).ok(), json!([whole]));
        }
        let after = bob.get(&format!("/inbox/since/{}", sent["id"]));
        assert_eq!((after.status, after.body.len()), (304, 0));
    });
}

#[test]
fn boxes_are_read_from_the_oldest_on() {
    World::each(|world| {
        let (alice, bob) = (world.user(), world.user());
        let mut sent: Vec<i64> = Vec::new();
        for count in 0..12 {
            let answer = alice
                .post(&to(&bob), &message(&format!("{count}")))
                .created();
            sent.push(answer["id"].as_i64().expect("a number"));
        }
        let ids = |target: &str| {
            let list = bob.get(target).ok();
            let list = list.as_array().expect("a list");
            list.iter()
                .map(|message| message["id"].as_i64().expect("a number"))
                .collect::<Vec<_>>()
        };
        assert!(sent.is_sorted());
        assert_eq!(ids("/inbox"), sent);
        assert_eq!(ids("/inbox?limit=5"), sent[..5]);
        assert_eq!(
            ids(&format!("/inbox/since/{}?limit=2", sent[6])),
            sent[7..9]
        );
        assert_eq!(ids(&format!("/inbox/since/{}", sent[6])), sent[7..]);
    });
}

#[test]
fn an_inbox_is_emptied_and_the_outbox_of_the_other_with_it() {
    World::each(|world| {
        let (alice, bob) = (world.user(), world.user());
        for (from, recipient) in [
            (&alice, &alice),
            (&alice, &bob),
            (&bob, &alice),
            (&bob, &bob),
        ] {
            for _ in 0..10 {
                from.post(&to(recipient), &message("bep")).created();
            }
            let inbox = recipient.get("/inbox").ok();
            assert_eq!(inbox.as_array().map(Vec::len), Some(10));
            assert_eq!(recipient.delete("/inbox").ok(), json!({"deleted": 10}));
            for left in [recipient.get("/inbox"), from.get("/outbox")] {
                assert_eq!(left.ok(), json!([]));
            }
            assert_eq!(recipient.delete("/inbox").ok(), json!({"deleted": 0}));
        }
    });
}

#[test]
fn messages_go_to_known_users_who_are_not_banned() {
    World::each(|world| {
        let (alice, banned) = (world.user(), world.banned());
        alice
            .post(&to(&world.stranger()), &message("bep"))
            .refused(404);
        alice.post(&to(&banned), &message("bep")).refused(404);
        alice
            .post(&format!("/inbox/{}", alice.session_id()), &message("bep"))
            .refused(404);
        alice.post("/inbox/somebody", &message("bep")).refused(404);
        banned.post(&to(&alice), &message("bep")).refused(403);
        banned.get("/inbox").refused(403);
        for bad in [
            json!({}),
            json!([]),
            json!({"message": 7}),
            json!({"message": "?"}),
        ] {
            alice.post(&to(&alice), &bad).refused(400);
        }
        assert_eq!(alice.get("/inbox").ok(), json!([]));
    });
}

#[test]
fn boxes_need_a_blinded_id() {
    World::each_unblinded(|world| {
        let alice = world.user();
        let text = "This endpoint requires blinded pubkeys be used";
        for target in ["/inbox", "/outbox", "/inbox/since/0", "/outbox/since/0"] {
            alice.get(target).says(401, text);
            assert!([200, 304].contains(&alice.signing(As::Blinded15).get(target).status));
            world.nobody().get(target).refused(401);
        }
        alice.delete("/inbox").says(401, text);
    });
}

#[test]
fn room_bans_do_not_end_direct_messages_unless_told_so() {
    let banned_may = |bed: integration_tests::Bed| {
        let world = World::on(bed, integration_tests::sogs::Over::Http);
        let room = world.room("lounge");
        let (alice, bob, moderator) = (world.user(), world.user(), world.moderator(&room));
        let ban = json!({"rooms": ["lounge"]});
        moderator
            .post(&format!("/user/{}/ban", alice.id()), &ban)
            .ok();
        alice.post(&to(&bob), &message("bep")).status == 201
    };
    assert!(banned_may(World::bed()));
    let refuse = toml::Table::from_iter([("refuse_banned".to_owned(), "any_room".into())]);
    assert!(!banned_may(
        World::bed().with("sogs.direct_messages", refuse)
    ));
}
