//! Moderators and bans: who may appoint and ban whom, and what it changes.

#![expect(clippy::expect_used, reason = "tests stop at what they did not expect")]

use integration_tests::sogs::{Caller, Role, Room, World, post};
use serde_json::{Value, json};

fn role_of(caller: &Caller) -> String {
    format!("/user/{}/moderator", caller.id())
}

fn ban(caller: &Caller) -> String {
    format!("/user/{}/ban", caller.id())
}

fn unban(caller: &Caller) -> String {
    format!("/user/{}/unban", caller.id())
}

/// Whether somebody moderates a room, and whether as an admin.
fn roles(caller: &Caller, room: &Room) -> (bool, bool) {
    let info = caller.get(&room.at("/pollInfo/0")).ok();
    (info["moderator"] == true, info["admin"] == true)
}

fn may_post(caller: &Caller, room: &Room) -> bool {
    let status = caller
        .post(&room.at("/message"), &post(caller, "hello"))
        .status;
    assert!([201, 403].contains(&status), "{status}");
    status == 201
}

fn updates(answer: &Value) -> Vec<(String, i64)> {
    let rooms = answer["info_updates"].as_object().expect("rooms");
    rooms
        .iter()
        .map(|(token, count)| (token.clone(), count.as_i64().expect("a number")))
        .collect()
}

#[test]
fn only_global_admins_appoint_global_moderators() {
    World::each(|world| {
        let (room, other) = (world.room("room1"), world.room("room2"));
        let boss = world.global(Role::Admin);
        let (alice, bob) = (world.user(), world.user());
        let appoint = json!({"global": true, "moderator": true});
        world.nobody().post(&role_of(&bob), &appoint).refused(401);
        for caller in [
            alice.clone(),
            bob.clone(),
            world.moderator(&room),
            world.admin(&room),
            world.global(Role::Moderator),
        ] {
            caller.post(&role_of(&bob), &appoint).refused(403);
        }
        let before = updates(&boss.post(&role_of(&bob), &appoint).ok());
        assert_eq!(before.len(), 2, "of all rooms: {before:?}");
        assert_eq!(
            (roles(&bob, &room), roles(&bob, &other)),
            ((true, false), (true, false))
        );
        bob.post(&role_of(&bob), &appoint).refused(403);

        let changes = [
            (json!({"moderator": false}), (false, false)),
            (json!({"admin": true}), (true, true)),
            (json!({"moderator": false}), (false, false)),
            (json!({"admin": true, "moderator": true}), (true, true)),
            (json!({"admin": false, "moderator": true}), (true, false)),
            (json!({"admin": true}), (true, true)),
            (json!({"admin": false}), (true, false)),
            (json!({"admin": true}), (true, true)),
            (json!({"moderator": true}), (true, true)),
            (json!({"admin": false, "moderator": false}), (false, false)),
        ];
        let mut count = before[0].1;
        for (mut change, becomes) in changes {
            let was = roles(&bob, &room);
            change["global"] = json!(true);
            let after = updates(&boss.post(&role_of(&bob), &change).ok());
            count += i64::from(was != becomes);
            assert_eq!(after[0], ("room1".to_owned(), count), "{change}");
            assert_eq!(roles(&bob, &room), becomes, "{change}");
        }
        boss.post(&role_of(&alice), &json!({"global": true, "admin": false}))
            .ok();
        assert_eq!(
            roles(&alice, &room),
            (false, false),
            "who was nothing stays nothing"
        );
        assert_eq!(roles(&alice, &other), (false, false));
    });
}

#[test]
fn admins_appoint_in_their_rooms() {
    World::each(|world| {
        let (room, other) = (world.room("test-room"), world.room("room2"));
        let (admin, boss) = (world.admin(&room), world.global(Role::Admin));
        let (alice, bob) = (world.user(), world.user());
        let everywhere = json!({"rooms": ["*"], "moderator": true});
        for caller in [
            alice.clone(),
            world.moderator(&room),
            world.global(Role::Moderator),
        ] {
            caller.post(&role_of(&bob), &everywhere).refused(403);
        }
        let changed = admin.post(&role_of(&alice), &everywhere).ok();
        assert_eq!(
            changed["info_updates"]
                .as_object()
                .map(serde_json::Map::len),
            Some(1)
        );
        assert_eq!(
            (roles(&alice, &room), roles(&alice, &other)),
            ((true, false), (false, false))
        );
        let changed = boss.post(&role_of(&bob), &everywhere).ok();
        assert_eq!(
            changed["info_updates"]
                .as_object()
                .map(serde_json::Map::len),
            Some(2)
        );
        assert_eq!(
            (roles(&bob, &room), roles(&bob, &other)),
            ((true, false), (true, false))
        );

        boss.post(
            &role_of(&alice),
            &json!({"rooms": ["room2"], "admin": true}),
        )
        .ok();
        assert_eq!(
            (roles(&alice, &room), roles(&alice, &other)),
            ((true, false), (true, true))
        );
        let changed = alice
            .post(&role_of(&bob), &json!({"rooms": ["*"], "admin": true}))
            .ok();
        assert_eq!(
            updates(&changed)[0].0,
            "room2",
            "only where alice is an admin"
        );
        assert_eq!(
            (roles(&bob, &room), roles(&bob, &other)),
            ((true, false), (true, true))
        );
        for rooms in [["room2", "test-room"], ["test-room", "room2"]] {
            let change = json!({"rooms": rooms, "moderator": true});
            alice.post(&role_of(&bob), &change).refused(403);
        }
        bob.post(
            &role_of(&alice),
            &json!({"rooms": ["room2"], "moderator": false}),
        )
        .ok();
        assert_eq!(
            (roles(&alice, &room), roles(&alice, &other)),
            ((true, false), (false, false))
        );
        let taken = json!({"rooms": ["*"], "moderator": false});
        boss.post(&role_of(&bob), &taken).ok();
        assert_eq!(
            (roles(&bob, &room), roles(&bob, &other)),
            ((false, false), (false, false))
        );
    });
}

#[test]
fn what_a_role_becomes_in_a_room() {
    World::each(|world| {
        let room = world.room("lounge");
        let (admin, bob) = (world.admin(&room), world.user());
        let mut count = world.nobody().get(&room.at("")).ok()["info_updates"]
            .as_i64()
            .expect("a number");
        for (change, becomes) in [
            (json!({"admin": false}), (false, false)),
            (json!({"moderator": true, "global": false}), (true, false)),
            (json!({"admin": true}), (true, true)),
            (json!({"moderator": true}), (true, true)),
            (json!({"admin": false}), (true, false)),
            (json!({"admin": true, "moderator": true}), (true, true)),
            (json!({"admin": false, "moderator": true}), (true, false)),
            (json!({"admin": null, "moderator": false}), (false, false)),
        ] {
            let was = roles(&bob, &room);
            let mut change = change;
            change["rooms"] = json!(["lounge"]);
            let after = admin.post(&role_of(&bob), &change).ok();
            count += i64::from(was != becomes);
            assert_eq!(
                after,
                json!({"info_updates": {"lounge": count}}),
                "{change}"
            );
            assert_eq!(roles(&bob, &room), becomes, "{change}");
        }
    });
}

#[test]
fn malformed_appointments_are_refused() {
    World::each(|world| {
        world.room("lounge");
        let (boss, bob) = (world.global(Role::Admin), world.user());
        for bad in [
            json!({"global": true}),
            json!({"global": true, "moderator": false, "admin": true}),
            json!({"rooms": ["lounge"], "moderator": false, "admin": true}),
            json!({"moderator": true}),
            json!({"global": true, "rooms": ["lounge"], "moderator": true}),
            json!({"rooms": [], "moderator": true}),
            json!({"rooms": "lounge", "moderator": true}),
            json!({"rooms": ["*", "lounge"], "moderator": true}),
            json!([]),
        ] {
            boss.post(&role_of(&bob), &bad).refused(400);
        }
        for rooms in [
            json!(["nowhere"]),
            json!(["lounge", "nowhere"]),
            json!(["lounge", "LOUNGE"]),
        ] {
            boss.post(&role_of(&bob), &json!({"rooms": rooms, "moderator": true}))
                .refused(403);
        }
        boss.post(
            "/user/somebody/moderator",
            &json!({"global": true, "admin": true}),
        )
        .refused(404);
    });
}

#[test]
fn moderators_are_shown_or_hidden() {
    World::each(|world| {
        let room = world.room("lounge");
        let (moderator, boss, bob) = (
            world.moderator(&room),
            world.global(Role::Admin),
            world.user(),
        );
        let alice = world.user();
        let listed = |change: Value, seen: [&str; 2]| {
            boss.post(&role_of(&bob), &change).ok();
            let is_in = |info: &Value, list: &str| {
                info[list]
                    .as_array()
                    .is_some_and(|ids| ids.contains(&json!(bob.id())))
            };
            for (reader, list) in [(&alice, seen[0]), (&moderator, seen[1])] {
                let info = reader.get(&room.at("")).ok();
                for name in ["moderators", "admins", "hidden_moderators", "hidden_admins"] {
                    assert_eq!(
                        is_in(&info, name),
                        name == list,
                        "{name} after {change}: {info}"
                    );
                }
            }
        };
        let global = |change: Value| {
            let mut change = change;
            change["global"] = json!(true);
            change
        };
        let here = |change: Value| {
            let mut change = change;
            change["rooms"] = json!(["lounge"]);
            change
        };
        listed(
            global(json!({"moderator": true})),
            ["", "hidden_moderators"],
        );
        listed(
            global(json!({"moderator": true, "visible": true})),
            ["moderators"; 2],
        );
        listed(
            global(json!({"moderator": true, "visible": false})),
            ["", "hidden_moderators"],
        );
        listed(global(json!({"moderator": false})), ["", ""]);
        listed(
            global(json!({"admin": true, "visible": true})),
            ["admins"; 2],
        );
        listed(global(json!({"admin": true})), ["", "hidden_admins"]);
        listed(global(json!({"moderator": false})), ["", ""]);
        listed(here(json!({"moderator": true})), ["moderators"; 2]);
        listed(
            here(json!({"moderator": true, "visible": true})),
            ["moderators"; 2],
        );
        listed(
            here(json!({"moderator": true, "visible": false})),
            ["", "hidden_moderators"],
        );
        listed(here(json!({"moderator": false})), ["", ""]);
        listed(here(json!({"admin": true, "visible": true})), ["admins"; 2]);
        listed(
            here(json!({"admin": true, "visible": false})),
            ["", "hidden_admins"],
        );
        listed(here(json!({"admin": true})), ["admins"; 2]);
    });
}

#[test]
fn a_ban_holds_where_it_was_spoken() {
    World::each(|world| {
        let (room, other) = (world.room("test-room"), world.room("room2"));
        let (alice, bob, moderator) = (world.user(), world.user(), world.moderator(&room));
        let gmod = world.global(Role::Moderator);
        let everywhere = json!({"rooms": ["*"]});
        let here = json!({"rooms": ["test-room"], "global": false});
        assert!(may_post(&alice, &room));
        assert_eq!(moderator.post(&ban(&alice), &here).ok(), json!({}));
        assert!(!may_post(&alice, &room) && may_post(&alice, &other) && may_post(&bob, &room));
        alice.get(&room.at("/messages/recent")).refused(403);
        assert_eq!(moderator.post(&unban(&alice), &here).ok(), json!({}));
        assert!(may_post(&alice, &room));

        gmod.post(&ban(&alice), &everywhere).ok();
        assert!(!may_post(&alice, &room) && !may_post(&alice, &other) && may_post(&bob, &room));
        moderator.post(&unban(&alice), &everywhere).ok();
        assert!(may_post(&alice, &room) && !may_post(&alice, &other));
        gmod.post(&unban(&alice), &everywhere).ok();
        assert!(may_post(&alice, &other));

        let global = json!({"global": true});
        moderator.post(&ban(&alice), &global).refused(403);
        assert_eq!(gmod.post(&ban(&alice), &global).ok(), json!({}));
        alice.get("/rooms").says(403, "Banned");
        assert!(!may_post(&alice, &room) && !may_post(&alice, &other) && may_post(&bob, &room));
        moderator.post(&unban(&alice), &global).refused(403);
        gmod.post(&unban(&alice), &global).ok();
        gmod.post(&unban(&alice), &global).ok();
        assert!(may_post(&alice, &room) && may_post(&alice, &other));
    });
}

#[test]
fn malformed_bans_are_refused() {
    World::each(|world| {
        world.room("test-room");
        let (gmod, alice) = (world.global(Role::Moderator), world.user());
        for bad in [
            json!({"global": true, "rooms": ["abc"]}),
            json!({}),
            json!({"rooms": []}),
            json!({"global": false, "rooms": []}),
            json!({"global": false, "rooms": null}),
            json!({"rooms": ["test-room", "*"]}),
            json!({"rooms": ["*", "test-room"]}),
            json!({"rooms": ["test-room"], "timeout": "soon"}),
            json!([]),
        ] {
            gmod.post(&ban(&alice), &bad).refused(400);
        }
        for rooms in [json!(["nowhere"]), json!(["test-room", "test-room"])] {
            gmod.post(&ban(&alice), &json!({"rooms": rooms}))
                .refused(403);
        }
        world
            .nobody()
            .post(&ban(&alice), &json!({"rooms": ["*"]}))
            .refused(401);
        world
            .user()
            .post(&ban(&alice), &json!({"rooms": ["*"]}))
            .refused(403);
    });
}

#[test]
fn who_may_be_banned_by_whom() {
    World::each(|world| {
        let room = world.room("lounge");
        let (moderator, admin) = (world.moderator(&room), world.admin(&room));
        let (gmod, boss) = (world.global(Role::Moderator), world.global(Role::Admin));
        let here = json!({"rooms": ["lounge"]});
        moderator.post(&ban(&moderator), &here).refused(403);
        for target in [&admin, &gmod, &boss] {
            moderator.post(&ban(target), &here).refused(403);
        }
        for target in [&gmod, &boss] {
            admin.post(&ban(target), &here).refused(403);
            boss.post(&ban(target), &json!({"global": true}))
                .refused(403);
        }
        let before = world.nobody().get(&room.at("")).ok()["info_updates"].as_i64();
        admin.post(&ban(&moderator), &here).ok();
        assert!(!may_post(&moderator, &room));
        let after = world.nobody().get(&room.at("")).ok();
        assert_eq!(after["moderators"], json!([]), "a banned moderator is none");
        assert_eq!(
            after["info_updates"].as_i64(),
            before.map(|count| count + 1)
        );
        let appoint = json!({"rooms": ["lounge"], "moderator": true});
        admin.post(&role_of(&moderator), &appoint).refused(400);
        admin.post(&unban(&moderator), &here).ok();
        admin.post(&role_of(&moderator), &appoint).ok();
    });
}

#[test]
fn timed_bans_end_and_the_last_word_counts() {
    World::each(|world| {
        let (room, other) = (world.room("test-room"), world.room("room2"));
        let (alice, moderator, gmod) = (
            world.user(),
            world.moderator(&room),
            world.global(Role::Moderator),
        );
        let bans = |by: &Caller, what: Value| by.post(&ban(&alice), &what).ok();
        let soon = json!({"rooms": ["*"], "timeout": 0.001});
        let later = json!({"rooms": ["*"], "timeout": 3600});
        let ends = || {
            std::thread::sleep(std::time::Duration::from_millis(5));
            world.runs("sogs.futures");
        };
        bans(&gmod, soon.clone());
        assert!(
            !may_post(&alice, &room) && !may_post(&alice, &other),
            "the ban holds until it is ended"
        );
        ends();
        assert!(may_post(&alice, &room) && may_post(&alice, &other));

        bans(&moderator, later.clone());
        ends();
        assert!(!may_post(&alice, &room) && may_post(&alice, &other));
        bans(&moderator, soon.clone());
        ends();
        assert!(may_post(&alice, &room), "a shorter one replaced it");
        bans(&moderator, soon.clone());
        bans(&moderator, later);
        ends();
        assert!(!may_post(&alice, &room), "a longer one replaced it");
        bans(&moderator, soon.clone());
        bans(&moderator, json!({"rooms": ["*"], "timeout": null}));
        ends();
        assert!(!may_post(&alice, &room), "one without end replaced it");
        moderator
            .post(&unban(&alice), &json!({"rooms": ["*"]}))
            .ok();
        assert!(may_post(&alice, &room));

        bans(&gmod, json!({"global": true, "timeout": 0.001}));
        alice.get("/rooms").says(403, "Banned");
        ends();
        assert!(may_post(&alice, &room));
        bans(&gmod, json!({"global": true, "timeout": 0.001}));
        bans(&gmod, json!({"global": true, "timeout": 3600}));
        ends();
        alice.get("/rooms").says(403, "Banned");
        bans(&gmod, json!({"global": true, "timeout": 0.001}));
        ends();
        alice.get("/rooms").ok();
    });
}

#[test]
fn a_ban_seen_by_the_moderator_is_felt_by_the_next_post() {
    World::each(|world| {
        let room = world.room("lounge");
        let (alice, moderator) = (world.user(), world.moderator(&room));
        for _ in 0..20 {
            alice.says(&room, "warming every cache");
            alice.get(&room.at("/messages/recent")).ok();
            moderator
                .post(&ban(&alice), &json!({"rooms": ["lounge"]}))
                .ok();
            alice
                .post(&room.at("/message"), &post(&alice, "no"))
                .refused(403);
            alice.get(&room.at("/messages/recent")).refused(403);
            moderator
                .post(&unban(&alice), &json!({"rooms": ["lounge"]}))
                .ok();
        }
    });
}
