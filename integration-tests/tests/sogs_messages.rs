//! Messages: posting, reading, whispering, editing, deleting, and what pollers see of it.

#![expect(clippy::expect_used, reason = "tests stop at what they did not expect")]

use integration_tests::sogs::{
    Caller, Role, Room, World, b64, base64, post, text_of, without_times,
};
use serde_json::{Value, json};

const WRITE: &str = "Permission denied";

fn ids(messages: &Value) -> Vec<i64> {
    let messages = messages.as_array().expect("a list");
    messages
        .iter()
        .map(|message| message["id"].as_i64().expect("a number"))
        .collect()
}

fn since(caller: &Caller, room: &Room, seqno: i64) -> Value {
    caller
        .get(&room.at(&format!("/messages/since/{seqno}")))
        .ok()
}

fn number(message: &Value, key: &str) -> i64 {
    message[key]
        .as_i64()
        .unwrap_or_else(|| panic!("no {key}: {message}"))
}

fn at(room: &Room, message: &Value) -> String {
    room.at(&format!("/message/{}", message["id"]))
}

#[test]
fn a_post_is_answered_with_the_message_and_read_back_the_same() {
    World::each(|world| {
        let room = world.room("lounge");
        let alice = world.user();
        let body = post(&alice, "post 1");
        let sent = alice.post(&room.at("/message"), &body).created();
        let expected = json!({
            "id": 1, "seqno": 1, "session_id": alice.id(), "reactions": {},
            "data": body["data"], "signature": body["signature"],
        });
        assert_eq!(without_times(&sent), expected);
        assert!(sent["posted"].as_f64().is_some_and(|time| time > 1.7e9));
        for caller in [&alice, &world.user(), &world.nobody()] {
            assert_eq!(since(caller, &room, 0), json!([sent]));
            assert_eq!(caller.get(&room.at("/messages/recent")).ok(), json!([sent]));
            assert_eq!(caller.get(&at(&room, &sent)).ok(), sent);
        }
    });
}

#[test]
fn whatever_is_posted_comes_back_byte_for_byte() {
    World::each(|world| {
        let room = world.room("lounge");
        let alice = world.user();
        let bodies: [&[u8]; 8] = [
            b"",
            b"\0",
            b"\0\0\0",
            b"\x80",
            b"\x80\0\0",
            b"text\x80\0\0\0",
            b"text\0\0",
            b"\x80\x80",
        ];
        for data in bodies {
            let body = json!({"data": b64(data), "signature": b64(&alice.signature(data))});
            let sent = alice.post(&room.at("/message"), &body).created();
            assert_eq!(base64(&sent["data"]), data);
            let seen = alice.get(&at(&room, &sent)).ok();
            assert_eq!(
                (base64(&seen["data"]), &seen["signature"]),
                (data.to_vec(), &body["signature"])
            );
        }
        let unpadded = post(&alice, "x");
        let text = unpadded["data"]
            .as_str()
            .expect("a text")
            .trim_end_matches('=');
        let body = json!({"data": text, "signature": unpadded["signature"], "public_key": "x",
                          "timestamp": 1, "server_id": 2, "whisper_to": null, "files": null});
        alice.post(&room.at("/message"), &body).created();
    });
}

#[test]
fn malformed_posts_are_refused() {
    World::each(|world| {
        let room = world.room("lounge");
        let alice = world.user();
        let good = post(&alice, "x");
        for (key, bad) in [
            ("data", json!(null)),
            ("data", json!(7)),
            ("data", json!("?!")),
            ("signature", json!(null)),
            ("signature", json!(b64(&[0; 63]))),
            ("signature", json!(b64(&[0; 65]))),
            ("whisper_to", json!("05")),
            ("files", json!({"a": 1})),
        ] {
            let mut body = good.clone();
            body[key] = bad;
            alice.post(&room.at("/message"), &body).refused(400);
        }
        for body in [&b"{"[..], b"", b"[]", b"null", b"\xff"] {
            alice
                .ask("POST", &room.at("/message"), &[], body)
                .refused(400);
        }
        alice.post("/room/nowhere/message", &good).refused(404);
        assert_eq!(since(&alice, &room, 0), json!([]));
        let body = good.to_string().into_bytes();
        alice
            .ask("POST", &room.at("/message"), &[], &body)
            .created();
    });
}

#[test]
fn more_than_five_posts_in_sixteen_seconds_are_too_many_but_for_admins() {
    for over in [
        integration_tests::sogs::Over::Http,
        integration_tests::sogs::Over::AesGcm,
    ] {
        let world = World::on(integration_tests::Bed::new().with_sogs(), over);
        let (room, other) = (world.room("lounge"), world.room("other"));
        for caller in [world.user(), world.moderator(&room)] {
            for count in 0..5 {
                caller.says(&room, &format!("{count}"));
            }
            let sixth = caller.post(&room.at("/message"), &post(&caller, "sixth"));
            sixth.says(429, "Rate limited");
            caller.says(&other, "elsewhere");
        }
        let admin = world.admin(&room);
        for count in 0..8 {
            admin.says(&room, &format!("{count}"));
        }
    }
}

#[test]
fn pages_of_new_messages_follow_each_other_without_gap() {
    World::each(|world| {
        let room = world.room("lounge");
        let alice = world.user();
        for count in 1..=230 {
            alice.says(&room, &format!("message {count}"));
        }
        for limit in [None, Some(25), Some(256), Some(1)] {
            let (mut seen, mut known, mut pages) = (0, 0, 0);
            loop {
                let query = limit.map_or(String::new(), |limit| format!("?limit={limit}"));
                let page = alice
                    .get(&room.at(&format!("/messages/since/{known}{query}")))
                    .ok();
                let page = page.as_array().expect("a list");
                for message in page {
                    seen += 1;
                    known = number(message, "seqno");
                    assert_eq!((known, text_of(message)), (seen, format!("message {seen}")));
                    assert_eq!(
                        message.as_object().expect("an object").len(),
                        7,
                        "{message}"
                    );
                }
                pages += 1;
                assert!(page.len() <= limit.unwrap_or(100));
                if page.len() < limit.unwrap_or(100) || (limit, pages) == (Some(1), 9) {
                    break;
                }
            }
            assert_eq!(seen, if limit == Some(1) { 9 } else { 230 });
        }
        for (limit, count) in [("1000", 230), ("0", 1), ("-3", 1)] {
            let page = alice
                .get(&room.at(&format!("/messages/since/0?limit={limit}")))
                .ok();
            assert_eq!(page.as_array().map(Vec::len), Some(count), "limit={limit}");
        }
        alice
            .get(&room.at("/messages/since/0?limit=many"))
            .refused(400);
    });
}

#[test]
fn pages_go_back_in_time() {
    World::each(|world| {
        let room = world.room("lounge");
        let alice = world.user();
        for count in 0..120 {
            alice.says(&room, &format!("{count}"));
        }
        let recent = alice.get(&room.at("/messages/recent")).ok();
        assert_eq!(ids(&recent), (21..=120).rev().collect::<Vec<_>>());
        let long = alice.get(&room.at("/messages/recent?limit=111")).ok();
        assert_eq!(ids(&long), (10..=120).rev().collect::<Vec<_>>());
        let before = |id: i64, query: &str| {
            ids(&alice
                .get(&room.at(&format!("/messages/before/{id}{query}")))
                .ok())
        };
        assert_eq!(before(21, "?limit=11"), (10..=20).rev().collect::<Vec<_>>());
        assert_eq!(before(10, ""), (1..=9).rev().collect::<Vec<_>>());
        assert_eq!(before(120, "").len(), 100);
        assert!(before(1, "").is_empty());
    });
}

/// Who never knew a message needs no tombstone of it.
#[test]
fn deletions_are_told_to_those_who_may_know_the_message() {
    World::each(|world| {
        let room = world.room("lounge");
        let alice = world.user();
        for count in 1..=10 {
            alice.says(&room, &format!("{count}"));
        }
        for id in [2, 4, 5, 8, 9] {
            assert_eq!(
                alice.delete(&room.at(&format!("/message/{id}"))).ok(),
                json!({})
            );
        }
        let told = |known: i64| {
            let rows = since(&alice, &room, known);
            let rows = rows.as_array().expect("a list");
            rows.iter()
                .map(|row| {
                    let gone = row["deleted"] == true;
                    assert_eq!(row.get("data").is_some_and(Value::is_null), gone, "{row}");
                    assert_eq!(row.get("signature").is_none(), gone, "{row}");
                    assert_eq!(row.get("reactions").is_none(), gone, "{row}");
                    assert_eq!(row.get("edited").is_some(), gone, "{row}");
                    (number(row, "id"), number(row, "seqno"))
                })
                .collect::<Vec<_>>()
        };
        let left = |from: i64| {
            let left = [1, 3, 6, 7, 10].into_iter().filter(|id| *id > from);
            left.map(|id| (id, id)).collect::<Vec<_>>()
        };
        assert_eq!(told(0), left(0));
        assert_eq!(told(1), left(1));
        assert_eq!(told(2), [left(2), vec![(2, 11)]].concat());
        assert_eq!(told(4), [left(4), vec![(2, 11), (4, 12)]].concat());
        assert_eq!(told(7), [left(7), vec![(2, 11), (4, 12), (5, 13)]].concat());
        let all = vec![(2, 11), (4, 12), (5, 13), (8, 14), (9, 15)];
        assert_eq!(told(9), [left(9), all.clone()].concat());
        assert_eq!(told(10), all);
        assert_eq!(told(11), all[1..]);
        assert_eq!(told(14), all[4..]);
        assert!(told(15).is_empty());
    });
}

#[test]
fn only_the_author_edits_a_message() {
    World::each(|world| {
        let room = world.room("lounge");
        let (alice, bob) = (world.user(), world.user());
        let first = alice.says(&room, "post 1");
        let no = post(&bob, "not yours");
        for caller in [
            bob.clone(),
            world.global(Role::Admin),
            world.moderator(&room),
        ] {
            caller.put(&at(&room, &first), &no).refused(403);
        }
        assert_eq!(since(&bob, &room, 0), json!([first]));

        let edit = post(&alice, "post 1b");
        assert_eq!(alice.put(&at(&room, &first), &edit).ok(), json!({}));
        let seen = &since(&alice, &room, 0)[0];
        assert_eq!(
            (text_of(seen), number(seen, "seqno")),
            ("post 1b".to_owned(), 2)
        );
        assert_eq!(seen["posted"], first["posted"]);
        assert!(seen["edited"].as_f64() >= seen["posted"].as_f64());

        let second = bob.says(&room, "post 2");
        alice.put(&at(&room, &first), &post(&alice, "post 1c")).ok();
        assert_eq!(number(&second, "seqno"), 3);
        for (known, expected) in [
            (0, vec![2, 1]),
            (1, vec![2, 1]),
            (2, vec![2, 1]),
            (3, vec![1]),
            (4, vec![]),
        ] {
            assert_eq!(ids(&since(&bob, &room, known)), expected, "since {known}");
        }
        alice.put(&at(&room, &first), &post(&alice, "post 1c")).ok();
        assert_eq!(
            since(&bob, &room, 4),
            json!([]),
            "the same text again is no change"
        );
        alice.put(&room.at("/message/999"), &edit).refused(404);
        alice.delete(&at(&room, &first)).ok();
        alice.put(&at(&room, &first), &edit).refused(404);
    });
}

#[test]
fn who_may_not_write_any_more_may_not_edit_nor_delete() {
    World::each(|world| {
        let room = world.room("lounge");
        let (alice, moderator) = (world.user(), world.moderator(&room));
        let sent = alice.says(&room, "mine");
        let target = room.at(&format!("/permissions/{}", alice.id()));
        moderator.post(&target, &json!({"write": false})).ok();
        alice
            .put(&at(&room, &sent), &post(&alice, "changed"))
            .says(403, WRITE);
        alice.delete(&at(&room, &sent)).says(403, WRITE);
        alice
            .post(&room.at("/message"), &post(&alice, "more"))
            .says(403, WRITE);
        moderator
            .post(&target, &json!({"default_write": true}))
            .ok();
        alice.delete(&at(&room, &sent)).ok();
    });
}

#[test]
fn messages_are_deleted_by_their_authors_and_by_moderators() {
    World::each(|world| {
        let room = world.room("lounge");
        let (alice, bob) = (world.user(), world.user());
        let (moderator, admin) = (world.moderator(&room), world.admin(&room));
        let mine = alice.says(&room, "mine");
        bob.delete(&at(&room, &mine)).says(403, WRITE);
        alice.delete(&at(&room, &mine)).ok();
        alice.delete(&at(&room, &mine)).refused(404);
        alice.get(&at(&room, &mine)).refused(404);
        for (author, by) in [
            (&alice, &moderator),
            (&admin, &moderator),
            (&moderator, &admin),
        ] {
            let sent = author.says(&room, "gone");
            by.delete(&at(&room, &sent)).ok();
        }
        for caller in [&alice, &moderator] {
            caller.delete(&room.at("/message/10000")).refused(404);
        }
        world
            .banned()
            .delete(&room.at("/message/10000"))
            .refused(403);
        let other = world.room("other");
        let sent = alice.says(&other, "elsewhere");
        alice.delete(&at(&room, &sent)).refused(404);
    });
}

#[test]
fn a_banned_author_deletes_nothing() {
    World::each(|world| {
        let room = world.room("lounge");
        let (alice, moderator) = (world.user(), world.moderator(&room));
        let sent = alice.says(&room, "mine");
        moderator
            .post(
                &format!("/user/{}/ban", alice.id()),
                &json!({"rooms": ["lounge"]}),
            )
            .ok();
        alice.delete(&at(&room, &sent)).refused(403);
        assert_eq!(ids(&since(&moderator, &room, 0)), [1]);
    });
}

#[test]
fn a_deleted_message_takes_its_pin_with_it() {
    World::each(|world| {
        let room = world.room("lounge");
        let (alice, admin) = (world.user(), world.admin(&room));
        let sent = alice.says(&room, "pinned");
        let pinned = admin
            .post(&room.at(&format!("/pin/{}", sent["id"])), &json!({}))
            .ok();
        alice.delete(&at(&room, &sent)).ok();
        let info = alice.get(&room.at("")).ok();
        assert!(info.get("pinned_messages").is_none(), "{info}");
        assert_eq!(
            number(&info, "info_updates"),
            number(&pinned, "info_updates") + 1
        );
    });
}

#[test]
fn all_messages_of_somebody_go_at_once() {
    World::each(|world| {
        let room = world.room("lounge");
        let (alice, bob, moderator) = (world.user(), world.user(), world.moderator(&room));
        let admin = world.admin(&room);
        let all_of = |who: &Caller| room.at(&format!("/all/{}", who.id()));
        let count = |who: &Caller| {
            since(&moderator, &room, 0)
                .as_array()
                .expect("a list")
                .iter()
                .filter(|message| message["session_id"] == who.id())
                .count()
        };
        for caller in [&alice, &moderator, &admin] {
            for _ in 0..20 {
                caller.says(&room, "again");
            }
        }
        bob.delete(&all_of(&alice)).refused(403);
        alice.delete(&all_of(&moderator)).refused(403);
        moderator.delete(&all_of(&admin)).refused(403);
        assert_eq!([count(&alice), count(&moderator), count(&admin)], [20; 3]);
        let before = number(&alice.get(&room.at("")).ok(), "message_sequence");
        assert_eq!(moderator.delete(&all_of(&alice)).ok(), json!({}));
        assert_eq!(
            [count(&alice), count(&moderator), count(&admin)],
            [0, 20, 20]
        );
        let tombstones = since(&alice, &room, before);
        let tombstones = tombstones.as_array().expect("a list");
        let seqnos: Vec<_> = tombstones.iter().map(|row| number(row, "seqno")).collect();
        assert_eq!(seqnos, (before + 1..=before + 20).collect::<Vec<_>>());
        alice.says(&room, "who is not banned");
        alice.delete(&all_of(&alice)).ok();
        alice.delete(&all_of(&alice)).refused(404);
        moderator.delete(&all_of(&moderator)).ok();
        admin.delete(&all_of(&admin)).ok();
        moderator
            .delete(&room.at(&format!("/all/15{}", "a".repeat(64))))
            .refused(404);
    });
}

#[test]
fn all_messages_of_somebody_go_in_every_room_where_the_caller_may() {
    World::each(|world| {
        let [mine, theirs, quiet] = ["mine", "theirs", "quiet"].map(|token| world.room(token));
        let (alice, moderator) = (world.user(), world.moderator(&mine));
        world.appoint(&moderator, "quiet", Role::Moderator);
        for room in [&mine, &mine, &theirs] {
            alice.says(room, "here I am");
        }
        let target = format!("/rooms/all/{}", alice.id());
        let done = moderator.delete(&target).ok();
        assert_eq!(done, json!({"total": 2, "rooms": {"mine": 2, "quiet": 0}}));
        assert_eq!(since(&alice, &theirs, 0).as_array().map(Vec::len), Some(1));
        let done = alice.delete(&target).ok();
        assert_eq!(done["total"], 1, "{done}");
        assert_eq!(quiet.token, "quiet");
    });
}

fn whisper(author: &Caller, text: &str, to: Option<&Caller>, moderators: bool) -> Value {
    let mut body = post(author, text);
    if let Some(to) = to {
        body["whisper_to"] = json!(to.id());
    }
    if moderators {
        body["whisper_mods"] = json!(true);
    }
    body
}

#[test]
fn whispers_are_read_by_those_they_are_for() {
    World::each(|world| {
        let room = world.room("lounge");
        let (alice, bob) = (world.user(), world.user());
        let (moderator, other, admin) = (
            world.moderator(&room),
            world.global(Role::Moderator),
            world.admin(&room),
        );
        let target = room.at("/message");
        for body in [
            whisper(&alice, "no", Some(&bob), false),
            whisper(&alice, "no", None, true),
            whisper(&alice, "no", Some(&moderator), true),
        ] {
            alice.post(&target, &body).says(403, WRITE);
        }
        let public = alice.says(&room, "offensive");
        let to_mods = moderator
            .post(&target, &whisper(&moderator, "scare", None, true))
            .created();
        let both = moderator
            .post(&target, &whisper(&moderator, "ban?", Some(&alice), true))
            .created();
        let to_alice = moderator
            .post(&target, &whisper(&moderator, "hush", Some(&alice), false))
            .created();

        let flags = |message: &Value| {
            [
                message["whisper"].clone(),
                message["whisper_mods"].clone(),
                message["whisper_to"].clone(),
            ]
        };
        assert_eq!(flags(&public), [Value::Null, Value::Null, Value::Null]);
        assert_eq!(flags(&to_mods), [json!(true), json!(true), Value::Null]);
        assert_eq!(flags(&both), [json!(true), json!(true), json!(alice.id())]);
        assert_eq!(
            flags(&to_alice),
            [json!(true), json!(false), json!(alice.id())]
        );
        assert!(to_mods.get("whisper_to").is_none());

        let everything = json!([public, to_mods, both, to_alice]);
        assert_eq!(since(&moderator, &room, 0), everything);
        assert_eq!(since(&alice, &room, 0), json!([public, both, to_alice]));
        for reader in [&other, &admin] {
            assert_eq!(since(reader, &room, 0), json!([public, to_mods, both]));
        }
        for reader in [&bob, &world.nobody()] {
            assert_eq!(since(reader, &room, 0), json!([public]));
            for hidden in [&to_mods, &both, &to_alice] {
                reader.get(&at(&room, hidden)).refused(404);
            }
            assert_eq!(
                reader.get(&room.at("/messages/recent")).ok(),
                json!([public])
            );
            assert_eq!(
                reader.get(&room.at("/messages/before/99")).ok(),
                json!([public])
            );
        }
        alice.get(&at(&room, &both)).ok();
    });
}

#[test]
fn nobody_reads_where_reading_is_not_for_everybody() {
    World::each(|world| {
        let room = world.room("lounge");
        let (admin, alice) = (world.admin(&room), world.user());
        let sent = admin.says(&room, "hello");
        admin
            .put(&room.at(""), &json!({"default_read": false}))
            .ok();
        let text = "This endpoint requires room message 'read' permission";
        for caller in [&alice, &world.nobody()] {
            for target in [
                room.at("/messages/recent"),
                room.at("/messages/since/0"),
                room.at("/messages/before/9"),
                at(&room, &sent),
                room.at("/pollInfo/0"),
                room.at("/file/1"),
                room.at(&format!("/reactors/{}/x", sent["id"])),
            ] {
                caller.get(&target).says(403, text);
            }
        }
        alice
            .put(&room.at(&format!("/reaction/{}/x", sent["id"])), &json!({}))
            .refused(403);
        alice
            .post(&room.at("/message"), &post(&alice, "blind writing"))
            .created();
    });
}
