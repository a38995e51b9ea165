//! Permissions of single users, now and in time.

#![expect(clippy::expect_used, reason = "tests stop at what they did not expect")]

use integration_tests::sogs::{Caller, Room, World, now, post, without_times};
use serde_json::{Value, json};

fn of(room: &Room, user: &Caller) -> String {
    room.at(&format!("/permissions/{}", user.id()))
}

fn futures(room: &Room, user: &Caller) -> String {
    room.at(&format!("/futurePermissions/{}", user.id()))
}

fn in_about(value: &Value, seconds: f64) {
    #[expect(clippy::cast_precision_loss, reason = "seconds")]
    let from_now = value.as_f64().expect("a time") - now() as f64;
    assert!((from_now - seconds).abs() < 5.0, "in {from_now} s");
}

#[test]
fn overrides_are_set_cleared_and_listed() {
    World::each(|world| {
        let room = world.room("lounge");
        let (alice, moderator) = (world.user(), world.moderator(&room));
        let set = |what: Value| moderator.post(&of(&room, &alice), &what).ok();
        assert_eq!(
            set(json!({"read": true, "write": false})),
            json!({"read": true, "write": false})
        );
        assert_eq!(set(json!({"default_read": true})), json!({"write": false}));
        let change =
            json!({"default_read": true, "write": false, "upload": false, "accessible": true});
        let now = json!({"write": false, "upload": false, "accessible": true});
        assert_eq!(set(change), now);
        let all = moderator.get(&room.at("/permissions")).ok();
        assert_eq!(
            all,
            json!({moderator.id(): {"moderator": true}, alice.id(): now})
        );
        assert_eq!(moderator.get(&of(&room, &alice)).ok(), now);
        let cleared = json!({"default_read": true, "default_write": true, "default_upload": true,
                             "default_accessible": true});
        assert_eq!(set(cleared), json!({}));
        assert_eq!(moderator.get(&of(&room, &alice)).ok(), json!({}));
        assert_eq!(moderator.get(&of(&room, &world.user())).ok(), json!({}));
    });
}

#[test]
fn roles_and_bans_show_among_the_permissions() {
    World::each(|world| {
        let room = world.room("lounge");
        let (alice, moderator, admin) = (world.user(), world.moderator(&room), world.admin(&room));
        let here = json!({"rooms": ["lounge"], "moderator": true, "visible": false});
        let hidden = world.user();
        admin
            .post(&format!("/user/{}/moderator", hidden.id()), &here)
            .ok();
        moderator
            .post(
                &format!("/user/{}/ban", alice.id()),
                &json!({"rooms": ["lounge"]}),
            )
            .ok();
        let expected = json!({
            admin.id(): {"admin": true},
            moderator.id(): {"moderator": true},
            hidden.id(): {"moderator": true, "hidden": true},
            alice.id(): {"banned": true},
        });
        assert_eq!(moderator.get(&room.at("/permissions")).ok(), expected);
    });
}

#[test]
fn only_moderators_see_and_set_permissions() {
    World::each(|world| {
        let room = world.room("lounge");
        let alice = world.user();
        let text = "This endpoint requires moderator room permissions";
        for target in [
            room.at("/permissions"),
            room.at("/futurePermissions"),
            of(&room, &alice),
            futures(&room, &alice),
        ] {
            alice.get(&target).says(403, text);
            world.nobody().get(&target).refused(401);
        }
        for target in [of(&room, &alice), futures(&room, &alice)] {
            alice
                .post(&target, &json!({"read": true, "in": 3}))
                .says(403, text);
            world
                .nobody()
                .post(&target, &json!({"read": true, "in": 3}))
                .refused(401);
        }
    });
}

#[test]
fn malformed_permissions_are_refused() {
    World::each(|world| {
        let room = world.room("lounge");
        let (alice, moderator) = (world.user(), world.moderator(&room));
        for bad in [
            json!({}),
            json!([]),
            json!({"read": "yes"}),
            json!({"read": true, "default_read": true}),
        ] {
            moderator.post(&of(&room, &alice), &bad).refused(400);
        }
        for bad in [
            json!({}),
            json!({"in": 5}),
            json!({"read": true}),
            json!({"read": true, "in": 0}),
            json!({"read": true, "in": -1}),
            json!({"read": true, "in": 1_000_000_000_i64}),
            json!({"read": true, "in": "soon"}),
            json!({"read": null, "in": 5}),
        ] {
            moderator.post(&futures(&room, &alice), &bad).refused(400);
        }
        moderator
            .post(&room.at("/permissions/somebody"), &json!({"read": true}))
            .refused(404);
        assert_eq!(
            moderator.get(&room.at("/futurePermissions")).ok(),
            json!([])
        );
    });
}

#[test]
fn each_permission_opens_and_closes_what_it_names() {
    World::each(|world| {
        let room = world.room("lounge");
        let (alice, moderator) = (world.user(), world.moderator(&room));
        let set = |what: Value| moderator.post(&of(&room, &alice), &what).ok();
        let can = || {
            let read = alice.get(&room.at("/messages/recent")).status == 200;
            let write = alice.post(&room.at("/message"), &post(&alice, "x")).status == 201;
            let upload = alice.ask("POST", &room.at("/file"), &[], b"x").status == 201;
            [read, write, upload]
        };
        assert_eq!(can(), [true; 3]);
        set(json!({"upload": false}));
        assert_eq!(can(), [true, true, false]);
        set(json!({"write": false, "default_upload": true}));
        assert_eq!(can(), [true, false, false], "uploading needs writing");
        set(json!({"read": false, "default_write": true}));
        assert_eq!(can(), [false, true, true]);
        alice.get(&room.at("")).ok();
        set(json!({"accessible": false}));
        alice.get(&room.at("")).refused(404);
        let admin = world.admin(&room);
        admin
            .put(
                &room.at(""),
                &json!({"default_read": false, "default_write": false,
            "default_upload": false, "default_accessible": false}),
            )
            .ok();
        set(json!({"read": true, "write": true, "upload": true, "default_accessible": true}));
        assert_eq!(can(), [true; 3]);
        alice.get(&room.at("")).ok();
    });
}

#[test]
fn scheduled_permissions_begin_when_they_are_due() {
    World::each(|world| {
        let room = world.room("lounge");
        let (alice, moderator) = (world.user(), world.moderator(&room));
        let set = json!({"read": true, "write": false, "upload": false, "accessible": true});
        let both = json!([
            {"method": "POST", "path": of(&room, &alice), "json": set},
            {"method": "POST", "path": futures(&room, &alice),
             "json": {"write": true, "upload": true, "in": 0.001}},
        ]);
        let answers = moderator.post("/sequence", &both).ok();
        assert_eq!(answers[0]["body"], set);
        assert_eq!(
            without_times(&answers[1]["body"]),
            json!([{"upload": true, "write": true}])
        );
        in_about(&answers[1]["body"][0]["at"], 0.0);
        let later = json!({"in": 3600, "write": false, "upload": false, "read": false});
        let planned = moderator.post(&futures(&room, &alice), &later).ok();
        let second = json!({"upload": false, "write": false, "read": false});
        assert_eq!(
            without_times(&planned),
            json!([{"upload": true, "write": true}, second])
        );
        in_about(&planned[1]["at"], 3600.0);
        let all = moderator.get(&room.at("/futurePermissions")).ok();
        assert_eq!(all[0]["session_id"], alice.id());
        assert_eq!(all.as_array().map(Vec::len), Some(2));

        std::thread::sleep(std::time::Duration::from_millis(5));
        world.runs("sogs.futures");
        // What is now as for everybody is no override any more.
        let left = json!({"read": true, "accessible": true});
        assert_eq!(moderator.get(&of(&room, &alice)).ok(), left);
        alice.says(&room, "now I may");
        let planned = moderator.get(&futures(&room, &alice)).ok();
        assert_eq!(without_times(&planned), json!([second]));
        in_about(&planned[0]["at"], 3600.0);
    });
}

#[test]
fn setting_a_permission_now_cancels_what_was_planned_for_it() {
    World::each(|world| {
        let room = world.room("lounge");
        let (alice, moderator) = (world.user(), world.moderator(&room));
        let plan = || {
            let what = json!({"write": false, "read": false, "in": 3600});
            moderator.post(&futures(&room, &alice), &what).ok();
        };
        let planned = || without_times(&moderator.get(&futures(&room, &alice)).ok());
        plan();
        moderator
            .post(
                &of(&room, &alice),
                &json!({"write": true, "unschedule": false}),
            )
            .ok();
        assert_eq!(planned(), json!([{"write": false, "read": false}]));
        moderator
            .post(&of(&room, &alice), &json!({"write": true}))
            .ok();
        assert_eq!(planned(), json!([{"read": false}]));
        moderator
            .post(&of(&room, &alice), &json!({"default_read": true}))
            .ok();
        assert_eq!(planned(), json!([]));
    });
}

#[test]
fn all_that_is_due_takes_effect_in_its_order() {
    World::each(|world| {
        let room = world.room("lounge");
        let (alice, moderator) = (world.user(), world.moderator(&room));
        for what in [
            json!({"read": false, "in": 0.001}),
            json!({"write": false, "in": 0.002}),
            json!({"read": true, "upload": false, "in": 0.003}),
        ] {
            moderator.post(&futures(&room, &alice), &what).ok();
        }
        moderator
            .post(&of(&room, &alice), &json!({"accessible": true}))
            .ok();
        std::thread::sleep(std::time::Duration::from_millis(8));
        world.runs("sogs.futures");
        let expected = json!({"accessible": true, "write": false, "upload": false});
        assert_eq!(moderator.get(&of(&room, &alice)).ok(), expected);
    });
}

#[test]
fn timed_bans_are_shown_among_what_is_planned() {
    World::each(|world| {
        let room = world.room("lounge");
        let (alice, moderator) = (world.user(), world.moderator(&room));
        let ban = json!({"rooms": ["lounge"], "timeout": 3600});
        moderator
            .post(&format!("/user/{}/ban", alice.id()), &ban)
            .ok();
        let all = moderator.get(&room.at("/futurePermissions")).ok();
        assert_eq!(
            without_times(&all),
            json!([{"session_id": alice.id(), "banned": false}])
        );
        in_about(&all[0]["at"], 3600.0);
    });
}
