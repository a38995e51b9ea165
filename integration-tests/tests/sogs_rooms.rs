//! Rooms: who sees which, what they are told about them, and how admins change them.

#![expect(clippy::expect_used, reason = "tests stop at what they did not expect")]

use integration_tests::sogs::{Caller, Role, Room, World, image};
use serde_json::{Value, json};

/// What an ordinary caller may do.
fn rights(info: &Value) -> [bool; 3] {
    ["read", "write", "upload"].map(|right| info[right].as_bool().expect("a flag"))
}

fn tokens(rooms: &Value) -> Vec<&str> {
    let rooms = rooms.as_array().expect("a list");
    rooms
        .iter()
        .map(|room| room["token"].as_str().expect("a token"))
        .collect()
}

fn updates(caller: &Caller, room: &Room) -> i64 {
    let info = caller.get(&room.at("")).ok();
    info["info_updates"].as_i64().expect("a number")
}

/// Sets the defaults of a room, as its admin.
fn closes(admin: &Caller, room: &Room, rights: &[&str]) {
    let change: serde_json::Map<_, _> = rights
        .iter()
        .map(|right| (format!("default_{right}"), false.into()))
        .collect();
    admin.put(&room.at(""), &change.into()).ok();
}

fn permit(moderator: &Caller, room: &Room, user: &Caller, what: &Value) {
    moderator
        .post(&room.at(&format!("/permissions/{}", user.id())), what)
        .ok();
}

#[test]
fn a_new_room_has_everything_clients_require() {
    World::each(|world| {
        let room = world.room("test-Room_1");
        let info = world.nobody().get("/room/TEST-room_1").ok();
        assert_eq!(
            info["token"], "test-Room_1",
            "as it was written when it was made"
        );
        assert_eq!(info["name"], "Test room");
        assert_eq!(info["description"], "Test suite testing room");
        assert_eq!(info["message_sequence"], 0);
        assert_eq!(info["info_updates"], 0);
        assert_eq!(info["active_users"], 0);
        assert_eq!(info["active_users_cutoff"].as_i64(), Some(604_800));
        assert!(info["created"].as_f64().is_some_and(|time| time > 1.7e9));
        assert_eq!(
            [&info["moderators"], &info["admins"]],
            [&json!([]), &json!([])]
        );
        assert_eq!(rights(&info), [true, true, true]);
        for absent in [
            "image_id",
            "default_read",
            "pinned_messages",
            "hidden_admins",
            "admin",
        ] {
            assert!(info.get(absent).is_none(), "{absent}: {info}");
        }
        let listed = world.nobody().get("/rooms").ok();
        assert_eq!(listed[0], info);
        assert_eq!(room.token, "test-Room_1");
    });
}

#[test]
fn rooms_are_listed_to_whom_they_are_open() {
    World::each(|world| {
        let boss = world.global(Role::Admin);
        let [open, readonly, known, secret] =
            ["room1", "room2", "room3", "room4"].map(|token| world.room(token));
        closes(&boss, &readonly, &["write", "upload"]);
        closes(&boss, &known, &["read", "write", "upload"]);
        closes(&boss, &secret, &["read", "accessible", "write", "upload"]);
        let (alice, bob) = (world.user(), world.user());
        permit(&boss, &known, &bob, &json!({"read": true}));
        permit(&boss, &readonly, &bob, &json!({"write": true}));
        permit(&boss, &secret, &bob, &json!({"accessible": true}));

        for caller in [&world.nobody(), &alice] {
            let rooms = caller.get("/rooms").ok();
            assert_eq!(tokens(&rooms), ["room1", "room2", "room3"]);
            assert_eq!(rights(&rooms[0]), [true, true, true]);
            assert_eq!(rights(&rooms[1]), [true, false, false]);
            assert_eq!(rights(&rooms[2]), [false, false, false]);
            assert_eq!(caller.get(&known.at("")).ok(), rooms[2]);
            caller.get(&secret.at("")).refused(404);
        }
        let rooms = bob.get("/rooms").ok();
        assert_eq!(tokens(&rooms), ["room1", "room2", "room3", "room4"]);
        assert_eq!(rights(&rooms[1]), [true, true, false]);
        assert_eq!(rights(&rooms[2]), [true, false, false]);
        assert_eq!(bob.get(&secret.at("")).ok(), rooms[3]);
        for role in [Role::Moderator, Role::Admin] {
            let global = world.global(role);
            let rooms = global.get("/rooms").ok();
            assert_eq!(tokens(&rooms), ["room1", "room2", "room3", "room4"]);
            for room in rooms.as_array().expect("a list") {
                assert_eq!(rights(room), [true, true, true]);
                assert_eq!(room["global_moderator"], true);
                assert_eq!(room["global_admin"] == true, role == Role::Admin);
            }
            assert_eq!(rooms[3]["default_accessible"], false);
            assert_eq!(rooms[1]["default_write"], false);
            assert_eq!(rooms[1]["default_read"], true);
        }
        assert_eq!(open.token, "room1");
    });
}

#[test]
fn moderators_of_a_closed_room_see_it() {
    World::each(|world| {
        let room = world.room("secret");
        let (admin, moderator) = (world.admin(&room), world.moderator(&room));
        closes(&admin, &room, &["read", "accessible", "write", "upload"]);
        for caller in [&admin, &moderator] {
            assert_eq!(tokens(&caller.get("/rooms").ok()), ["secret"]);
            caller.get(&room.at("/messages/recent")).ok();
        }
        assert_eq!(world.user().get("/rooms").ok(), json!([]));
    });
}

#[test]
fn roles_are_told_to_those_who_have_them() {
    World::each(|world| {
        let room = world.room("lounge");
        let (moderator, admin) = (world.moderator(&room), world.admin(&room));
        let (gmod, gadmin) = (world.global(Role::Moderator), world.global(Role::Admin));
        let told = |caller: &Caller| {
            let info = caller.get(&room.at("")).ok();
            assert_eq!(info["moderators"], json!([moderator.id()]));
            assert_eq!(info["admins"], json!([admin.id()]));
            let hidden = [&info["hidden_moderators"], &info["hidden_admins"]];
            let knows = hidden == [&json!([gmod.id()]), &json!([gadmin.id()])];
            assert_eq!(info.get("default_upload").is_some(), knows, "{info}");
            let roles = ["moderator", "admin", "global_moderator", "global_admin"];
            (roles.map(|role| info[role] == true), knows)
        };
        assert_eq!(told(&world.nobody()), ([false; 4], false));
        assert_eq!(told(&world.user()), ([false; 4], false));
        assert_eq!(told(&moderator), ([true, false, false, false], true));
        assert_eq!(told(&admin), ([true, true, false, false], true));
        assert_eq!(told(&gmod), ([true, false, true, false], true));
        assert_eq!(told(&gadmin), ([true; 4], true));
    });
}

#[test]
fn a_global_moderator_made_visible_is_listed_in_every_room() {
    World::each(|world| {
        let room = world.room("lounge");
        let boss = world.global(Role::Admin);
        let (moderator, gmod) = (world.moderator(&room), world.global(Role::Moderator));
        let before = updates(&boss, &room);
        for (who, role) in [(&gmod, "moderator"), (&boss, "admin")] {
            let change = json!({"global": true, role: true, "visible": true});
            boss.post(&format!("/user/{}/moderator", who.id()), &change)
                .ok();
        }
        let info = world.user().get(&room.at("")).ok();
        let mut moderators = [moderator.id(), gmod.id()];
        moderators.sort();
        assert_eq!(info["moderators"], json!(moderators));
        assert_eq!(info["admins"], json!([boss.id()]));
        assert_eq!(info["info_updates"], before + 2);
        // What is set for the room is stronger than what is set for the server.
        let hide = json!({"rooms": ["lounge"], "moderator": true, "visible": false});
        boss.post(&format!("/user/{}/moderator", gmod.id()), &hide)
            .ok();
        let info = moderator.get(&room.at("")).ok();
        assert_eq!(info["moderators"], json!([moderator.id()]));
        assert_eq!(info["hidden_moderators"], json!([gmod.id()]));
    });
}

#[test]
fn only_admins_change_a_room() {
    World::each(|world| {
        let room = world.room("lounge");
        let change = json!({"name": "Mine"});
        world
            .nobody()
            .put(&room.at(""), &change)
            .says(401, "X-SOGS-* request authentication required");
        let text = "This endpoint requires admin room permissions";
        for caller in [
            world.user(),
            world.moderator(&room),
            world.global(Role::Moderator),
        ] {
            caller.put(&room.at(""), &change).says(403, text);
        }
        for caller in [world.admin(&room), world.global(Role::Admin)] {
            caller.put(&room.at(""), &change).ok();
        }
        world
            .admin(&room)
            .put("/room/nowhere", &change)
            .refused(404);
    });
}

#[test]
fn each_change_of_name_description_or_image_counts_and_nothing_else() {
    World::each(|world| {
        let room = world.room("lounge");
        let admin = world.admin(&room);
        let base = updates(&admin, &room);
        let changes = |change: Value, by: i64| {
            let before = updates(&admin, &room);
            let answer = admin.put(&room.at(""), &change).ok();
            assert_eq!(answer, json!({"info_updates": before + by}), "{change}");
            world.nobody().get(&room.at("")).ok()
        };
        assert_eq!(base, 1, "a new room has 0, and now an admin");
        assert_eq!(
            changes(json!({"name": "OMG ROOM!"}), 1)["name"],
            "OMG ROOM!"
        );
        let info = changes(
            json!({"name": "rrr", "description": "Tharr be pirrrates!"}),
            2,
        );
        assert_eq!(info["description"], "Tharr be pirrrates!");
        changes(json!({"name": "rrr"}), 0);
        let info = changes(json!({"default_write": false}), 0);
        assert_eq!(
            rights(&info),
            [true, false, false],
            "upload needs write too"
        );
        changes(
            json!({"default_read": 1, "default_write": true, "default_upload": true}),
            0,
        );
        let info = changes(json!({"description": null}), 1);
        assert!(
            info.get("description").is_none(),
            "absent, not null: {info}"
        );
        changes(json!({"description": "ddd"}), 1);
        let info = changes(json!({"description": ""}), 1);
        assert!(info.get("description").is_none());
        let control: String = (0..33).map(char::from).collect();
        let dirty = format!("a{control}z");
        let info = changes(json!({"name": dirty, "description": dirty}), 2);
        assert_eq!([&info["name"], &info["description"]], ["a z", "a\t\n z"]);
        let emoji = "💰 🐈 🍌 🌋 ‽ ⚫️";
        let info = changes(json!({"name": emoji, "description": emoji}), 2);
        assert_eq!([&info["name"], &info["description"]], [emoji, emoji]);
    });
}

#[test]
fn a_bad_change_changes_nothing() {
    World::each(|world| {
        let room = world.room("lounge");
        let admin = world.admin(&room);
        let before = admin.get(&room.at("")).ok();
        for bad in [
            json!({}),
            json!([]),
            json!({"name": 42}),
            json!({"name": null}),
            json!({"description": 42}),
            json!({"default_read": "foo"}),
            json!({"default_upload": null}),
            json!({"image": "1"}),
            json!({"name": "half", "description": 42}),
        ] {
            admin.put(&room.at(""), &bad).refused(400);
        }
        admin
            .put(&room.at(""), &json!({"name": "half", "image": 999}))
            .refused(406);
        assert_eq!(admin.get(&room.at("")).ok(), before);
    });
}

#[test]
fn the_image_of_a_room_is_a_file_of_that_room_and_never_expires() {
    World::each(|world| {
        let (room, other) = (world.room("lounge"), world.room("other"));
        let (admin, alice) = (world.admin(&room), world.user());
        let foreign = alice.uploads(&other, "x.png", &image());
        admin
            .put(&room.at(""), &json!({"image": foreign}))
            .refused(406);
        let first = alice.uploads(&room, "a.png", &image());
        let second = alice.uploads(&room, "b.png", &image());
        let before = updates(&admin, &room);
        for (count, id) in [(1, first), (2, second)] {
            let answer = admin.put(&room.at(""), &json!({"image": id})).ok();
            assert_eq!(answer["info_updates"], before + count);
            assert_eq!(world.nobody().get(&room.at("")).ok()["image_id"], id);
            let got = world.nobody().get(&room.at(&format!("/file/{id}")));
            assert_eq!(
                (got.status, &got.body),
                (200, &image()),
                "fetched by nobody in particular"
            );
            assert_eq!(got.header("expires"), None);
        }
        world.runs("sogs.files");
        world
            .nobody()
            .get(&room.at(&format!("/file/{first}")))
            .refused(404);
        assert_eq!(
            world
                .nobody()
                .get(&room.at(&format!("/file/{second}")))
                .status,
            200
        );
    });
}

#[test]
fn a_poll_brings_details_exactly_when_something_changed() {
    World::each(|world| {
        let room = world.room("lounge");
        let (admin, alice) = (world.admin(&room), world.user());
        let poll =
            |caller: &Caller, known: i64| caller.get(&room.at(&format!("/pollInfo/{known}"))).ok();
        let known = updates(&alice, &room);
        let info = poll(&alice, known);
        assert_eq!(info["token"], "lounge");
        assert_eq!(
            (rights(&info), info.get("details")),
            ([true, true, true], None)
        );
        for ask in [0, known - 1, known + 1] {
            assert_eq!(poll(&alice, ask)["details"]["info_updates"], known);
        }
        admin.put(&room.at(""), &json!({"name": "Renamed"})).ok();
        let details = &poll(&alice, known)["details"];
        assert_eq!(details["name"], "Renamed");
        assert_eq!(details["info_updates"], known + 1);

        alice.says(&room, "posting changes nothing about the room");
        assert_eq!(poll(&alice, known + 1).get("details"), None);
        let info = poll(&admin, known + 1);
        assert_eq!(
            (&info["admin"], &info["default_read"]),
            (&json!(true), &json!(true))
        );
        assert_eq!(poll(&world.nobody(), 0)["details"]["name"], "Renamed");

        closes(&admin, &room, &["read"]);
        alice.get(&room.at("/pollInfo/0")).refused(403);
        world.nobody().get(&room.at("/pollInfo/0")).refused(403);
        poll(&admin, 0);
    });
}

/// Android merges every poll into what it knows: what merely disappears stays.
#[test]
fn polls_say_what_is_not_so() {
    World::each(|world| {
        let room = world.room("lounge");
        let (boss, alice) = (world.admin(&room), world.user());
        let role = format!("/user/{}/moderator", alice.id());
        boss.post(&role, &json!({"rooms": ["lounge"], "admin": true}))
            .ok();
        let file = boss.uploads(&room, "a.png", &image());
        boss.put(&room.at(""), &json!({"image": file})).ok();
        let sent = boss.says(&room, "pin me");
        boss.post(&room.at(&format!("/pin/{}", sent["id"])), &json!({}))
            .ok();
        let mut known = alice.get(&room.at("/pollInfo/0")).ok();
        assert_eq!(
            known["details"]["pinned_messages"].as_array().map(Vec::len),
            Some(1)
        );
        assert_eq!(
            (&known["admin"], &known["details"]["admin"]),
            (&json!(true), &json!(true))
        );

        boss.post(&room.at("/unpin/all"), &json!({})).ok();
        boss.put(&room.at(""), &json!({"description": null})).ok();
        boss.post(&role, &json!({"rooms": ["lounge"], "moderator": false}))
            .ok();
        merge(&mut known, &alice.get(&room.at("/pollInfo/0")).ok());
        for place in [&known, &known["details"]] {
            for role in ["moderator", "admin", "global_moderator", "global_admin"] {
                assert_eq!(place[role], false, "{role}: {place}");
            }
        }
        for list in ["pinned_messages", "hidden_moderators", "hidden_admins"] {
            assert_eq!(known["details"][list], json!([]), "{list}");
        }
        assert_eq!(known["details"].get("description"), None);
    });
}

/// JSON merge patch, as SQLite's `json_patch` does it.
fn merge(known: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *known = patch.clone();
        return;
    };
    if !known.is_object() {
        *known = json!({});
    }
    let known = known.as_object_mut().expect("an object");
    for (key, value) in patch {
        if value.is_null() {
            known.remove(key);
        } else {
            merge(known.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

#[test]
fn who_reads_is_counted_as_active() {
    World::each(|world| {
        let room = world.room("lounge");
        let active = || {
            world.runs("sogs.activity");
            world.nobody().get(&room.at("")).ok()["active_users"].clone()
        };
        assert_eq!(active(), 0);
        let (alice, bob) = (world.user(), world.user());
        alice.get(&room.at("/pollInfo/0")).ok();
        world.nobody().get(&room.at("/pollInfo/0")).ok();
        assert_eq!(active(), 1);
        bob.get(&room.at("/messages/recent")).ok();
        alice.get(&room.at("/messages/since/0")).ok();
        assert_eq!(active(), 2);
    });
}

#[test]
fn a_deleted_room_is_gone_with_everything_in_it() {
    World::each(|world| {
        let (room, other) = (world.room("lounge"), world.room("other"));
        let alice = world.user();
        let sent = alice.says(&room, "soon gone");
        alice
            .put(
                &room.at(&format!("/reaction/{}/🍆", sent["id"])),
                &json!({}),
            )
            .ok();
        alice.uploads(&room, "a.png", &image());
        world.relayctl(&["room", "delete", "lounge", "--yes"]);
        assert_eq!(tokens(&alice.get("/rooms").ok()), ["other"]);
        alice.get(&room.at("")).refused(404);
        alice.get(&room.at("/messages/recent")).refused(404);
        let again = world.room("lounge");
        let next = alice.says(&again, "no number is used twice");
        assert!(next["id"].as_i64() > sent["id"].as_i64());
        alice.says(&other, "unharmed");
    });
}

#[test]
fn tokens_of_rooms_are_the_same_in_any_case() {
    World::each(|world| {
        let room = world.room("Test_Ro-om");
        world.user().says(&room, "hello");
        for token in ["test_ro-om", "TEST_RO-OM", "Test_Ro-om"] {
            let room = Room {
                token: token.to_owned(),
            };
            assert_eq!(world.nobody().get(&room.at("")).ok()["token"], "Test_Ro-om");
            let seen = world.nobody().get(&room.at("/messages/recent")).ok();
            assert_eq!(seen.as_array().map(Vec::len), Some(1));
        }
        world.nobody().get("/room/Test-Ro-om").refused(404);
        let again = world.daemon.relayctl(["sogs", "room", "add", "test_RO-om"]);
        assert_eq!(again.code, Some(1), "{}", again.stderr);
    });
}
