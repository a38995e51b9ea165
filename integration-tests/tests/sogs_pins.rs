//! Pinned messages.

#![expect(clippy::expect_used, reason = "tests stop at what they did not expect")]

use integration_tests::sogs::{Caller, Role, Room, World, post};
use serde_json::{Value, json};

fn pins(caller: &Caller, room: &Room) -> Vec<i64> {
    let info = caller.get(&room.at("")).ok();
    let pins = info["pinned_messages"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    for pin in &pins {
        assert!(
            pin["pinned_at"].is_i64(),
            "today's Android reads no fraction here: {pin}"
        );
    }
    let mut times: Vec<_> = pins.iter().map(|pin| pin["pinned_at"].as_i64()).collect();
    times.sort_unstable();
    assert_eq!(
        times,
        pins.iter()
            .map(|pin| pin["pinned_at"].as_i64())
            .collect::<Vec<_>>()
    );
    pins.iter()
        .map(|pin| pin["id"].as_i64().expect("a number"))
        .collect()
}

fn updates(answer: &Value) -> i64 {
    answer["info_updates"].as_i64().expect("a number")
}

#[test]
fn admins_pin_and_the_last_pinned_is_last() {
    World::each(|world| {
        let room = world.room("lounge");
        let (alice, admin) = (world.user(), world.admin(&room));
        for count in 0..9 {
            alice.says(&room, &format!("{count}"));
        }
        let mut known = updates(&alice.get(&room.at("")).ok());
        let mut does = |what: &str, by: i64| {
            let answer = admin.post(&room.at(what), &json!({})).ok();
            known += by;
            assert_eq!(updates(&answer), known, "{what}");
            answer
        };
        does("/pin/3", 1);
        does("/pin/7", 1);
        does("/pin/5", 1);
        assert_eq!(pins(&alice, &room), [3, 7, 5]);
        does("/pin/7", 1);
        assert_eq!(pins(&alice, &room), [3, 5, 7]);
        assert_eq!(does("/unpin/5", 1)["unpinned"], true);
        assert_eq!(does("/unpin/5", 0)["unpinned"], false);
        assert_eq!(pins(&alice, &room), [3, 7]);
        assert_eq!(does("/unpin/all", 2)["unpinned"], 2);
        assert!(pins(&alice, &room).is_empty());
        assert_eq!(does("/unpin/all", 0)["unpinned"], 0);
    });
}

#[test]
fn who_pinned_is_told() {
    World::each(|world| {
        let room = world.room("lounge");
        let (admin, boss) = (world.admin(&room), world.global(Role::Admin));
        admin.says(&room, "pin me");
        for caller in [&admin, &boss] {
            // iOS sends no body at all.
            caller.ask("POST", &room.at("/pin/1"), &[], b"").ok();
            let info = world.nobody().get(&room.at("")).ok();
            assert_eq!(info["pinned_messages"][0]["pinned_by"], caller.id());
        }
    });
}

#[test]
fn nobody_else_pins() {
    World::each(|world| {
        let room = world.room("lounge");
        world.user().says(&room, "pin me");
        let callers = [
            world.user(),
            world.moderator(&room),
            world.global(Role::Moderator),
        ];
        for target in ["/pin/1", "/unpin/1", "/unpin/all"] {
            for caller in &callers {
                caller.post(&room.at(target), &json!({})).refused(403);
            }
            let status = world.nobody().post(&room.at(target), &json!({})).status;
            assert!([401, 403].contains(&status), "{status}");
        }
        assert!(pins(&callers[0], &room).is_empty());
    });
}

#[test]
fn only_what_everybody_reads_is_pinned() {
    World::each(|world| {
        let (room, other) = (world.room("lounge"), world.room("other"));
        let admin = world.admin(&room);
        world.appoint(&admin, "other", Role::Admin);
        admin.says(&other, "of the other room");
        admin.says(&room, "deleted");
        admin.delete(&room.at("/message/2")).ok();
        let mut whisper = post(&admin, "hush");
        whisper["whisper_mods"] = json!(true);
        admin.post(&room.at("/message"), &whisper).created();
        for id in [1, 2, 3, 99] {
            admin
                .post(&room.at(&format!("/pin/{id}")), &json!({}))
                .refused(404);
        }
        assert!(pins(&admin, &room).is_empty());
    });
}
