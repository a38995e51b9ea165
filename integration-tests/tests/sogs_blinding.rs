//! One person, several ids: named by the real one, met under a blinded one.

use integration_tests::sogs::{As, Over, Role, World, post, without_times};
use serde_json::{Value, json};

/// Each test of the second blinding, in clear and in onion requests.
#[track_caller]
fn each_with_both_blindings(test: impl Fn(&World)) {
    for over in [Over::Http, Over::XChaCha20] {
        test(&World::either(over));
    }
}

#[test]
fn rights_given_to_a_real_id_wait_for_its_blinded_one() {
    World::each(|world| {
        let room = world.room("lounge");
        let (moderator, alice) = (world.moderator(&room), world.stranger());
        let real = alice.session_id();
        let target = room.at(&format!("/permissions/{real}"));
        let set = json!({"upload": false});
        assert_eq!(moderator.post(&target, &set).ok(), set);
        let plan = room.at(&format!("/futurePermissions/{real}"));
        moderator
            .post(&plan, &json!({"upload": true, "in": 3600}))
            .ok();
        let all = || moderator.get(&room.at("/permissions")).ok();
        assert_eq!(all()[&real], set, "nobody knows the blinded id yet");

        alice.get(&room.at("")).ok();
        assert_eq!((&all()[alice.id()], all().get(&real)), (&set, None));
        alice.ask("POST", &room.at("/file"), &[], b"x").refused(403);
        let planned = moderator.get(&room.at("/futurePermissions")).ok();
        let expected = json!([{"session_id": alice.id(), "upload": true}]);
        assert_eq!(without_times(&planned), expected);
        // Both ids name the same person now.
        for id in [&real, &alice.id()] {
            assert_eq!(
                moderator.get(&room.at(&format!("/permissions/{id}"))).ok(),
                set
            );
            let planned = moderator
                .get(&room.at(&format!("/futurePermissions/{id}")))
                .ok();
            assert_eq!(without_times(&planned), json!([{"upload": true}]));
        }
    });
}

#[test]
fn a_moderator_named_by_the_real_id_is_met_blinded() {
    World::each(|world| {
        let room = world.room("lounge");
        let alice = world.stranger();
        world.appoint(&alice, "lounge", Role::Admin);
        let info = || world.nobody().get(&room.at("")).ok();
        let before = info();
        assert_eq!(before["admins"], json!([alice.session_id()]));
        assert_eq!(alice.get(&room.at("")).ok()["admin"], true);
        let after = info();
        assert_eq!(after["admins"], json!([alice.id()]));
        assert_ne!(
            after["info_updates"], before["info_updates"],
            "the list has changed"
        );
    });
}

#[test]
fn a_ban_of_the_real_id_meets_the_blinded_one() {
    World::each(|world| {
        let room = world.room("lounge");
        let boss = world.global(Role::Admin);
        let (alice, bob) = (world.stranger(), world.stranger());
        let ban = |id: &str, what: Value| boss.post(&format!("/user/{id}/ban"), &what).ok();
        ban(&alice.session_id(), json!({"rooms": ["lounge"]}));
        ban(&bob.session_id(), json!({"global": true}));
        alice
            .post(&room.at("/message"), &post(&alice, "hello"))
            .refused(403);
        alice.get("/rooms").ok();
        bob.get("/rooms").says(403, "Banned");
        // Later again, by either id.
        for id in [alice.session_id(), alice.id()] {
            boss.post(&format!("/user/{id}/unban"), &json!({"rooms": ["lounge"]}))
                .ok();
            alice.says(&room, "hello");
            ban(&id, json!({"rooms": ["lounge"]}));
            alice
                .post(&room.at("/message"), &post(&alice, "hello"))
                .refused(403);
        }
        boss.post(
            &format!("/user/{}/unban", bob.session_id()),
            &json!({"global": true}),
        )
        .ok();
        bob.get("/rooms").ok();
    });
}

/// Whoever knows the real id knows both blinded ones, of which one is nobody's.
#[test]
fn naming_a_blinded_id_gives_it_nothing() {
    World::each(|world| {
        let room = world.room("lounge");
        let (alice, mallory) = (world.stranger(), world.user());
        world.appoint(&alice, "lounge", Role::Admin);
        let id = alice.id();
        let last = u8::from_str_radix(&id[64..65], 16).expect("a digit");
        let wrong = format!("{}{:x}{}", &id[..64], last ^ 8, &id[65..]);
        for id in [&id, &wrong] {
            let here = json!({"rooms": ["lounge"]});
            mallory.post(&format!("/user/{id}/ban"), &here).refused(403);
            mallory
                .post(&format!("/inbox/{id}"), &json!({"message": "eA=="}))
                .refused(404);
            let mut headers = mallory.sign("GET", "/rooms", b"");
            headers[0].1.clone_from(id);
            mallory
                .server
                .send(mallory.over, ("GET", "/rooms"), &headers, b"")
                .refused(401);
        }
        assert_eq!(alice.get(&room.at("")).ok()["admin"], true);
    });
}

#[test]
fn ids_are_the_same_in_upper_case() {
    World::each(|world| {
        let room = world.room("lounge");
        let (alice, moderator) = (world.user(), world.moderator(&room));
        let shouted = alice.id().to_uppercase();
        let ban = json!({"rooms": ["lounge"]});
        moderator.post(&format!("/user/{shouted}/ban"), &ban).ok();
        alice
            .post(&room.at("/message"), &post(&alice, "hello"))
            .refused(403);
        let all = moderator.get(&room.at("/permissions")).ok();
        assert_eq!(all[alice.id()], json!({"banned": true}), "{all}");
        moderator.post(&format!("/user/{shouted}/unban"), &ban).ok();
        alice.says(&room, "hello");
    });
}

/// Switched on later, blinding takes everybody's rights along.
#[test]
fn rights_survive_the_change_to_blinded_ids() {
    let world = World::unblinded(Over::Http);
    let room = world.room("lounge");
    let other = world.room("other");
    let (moderator, boss) = (world.moderator(&room), world.global(Role::Admin));
    let (alice, bob, plain) = (world.user(), world.user(), world.user());
    moderator
        .post(
            &room.at(&format!("/permissions/{}", alice.id())),
            &json!({"upload": false}),
        )
        .ok();
    let ban = json!({"rooms": ["lounge"], "timeout": 3600});
    moderator
        .post(&format!("/user/{}/ban", bob.id()), &ban)
        .ok();
    let banned = world.banned();
    plain.says(&other, "I have nothing to lose");

    let mut bed = world.stopped();
    let auth = toml::Table::from_iter([("require_blinded_ids".to_owned(), true.into())]);
    bed.set("sogs.auth", auth);
    let world = World::on(bed, Over::Http);
    let blind = |caller: &integration_tests::sogs::Caller| {
        let mut caller = caller.signing(As::Blinded15);
        caller.server = world.server;
        caller
    };
    let text = "Invalid authentication: this server requires the use of blinded ids";
    let mut refused = plain.clone();
    refused.server = world.server;
    refused.get("/rooms").says(400, text);

    let info = world.nobody().get(&room.at("")).ok();
    assert_eq!(
        info["moderators"],
        json!([moderator.session_id()]),
        "not met blinded yet"
    );
    let [moderator, boss, alice, bob, banned, plain] =
        [&moderator, &boss, &alice, &bob, &banned, &plain].map(blind);
    assert_eq!(moderator.get(&room.at("")).ok()["moderator"], true);
    assert_eq!(boss.get(&other.at("")).ok()["global_admin"], true);
    alice.ask("POST", &room.at("/file"), &[], b"x").refused(403);
    bob.post(&room.at("/message"), &post(&bob, "hello"))
        .refused(403);
    banned.get("/rooms").says(403, "Banned");
    plain.says(&room, "hello");
    let planned = moderator.get(&room.at("/futurePermissions")).ok();
    assert_eq!(
        without_times(&planned),
        json!([{"session_id": bob.id(), "banned": false}])
    );
    let info = world.nobody().get(&room.at("")).ok();
    assert_eq!(info["moderators"], json!([moderator.id()]));
    world.relayctl(&["mod", "remove", &moderator.session_id(), "--room", "lounge"]);
    assert_eq!(
        world.nobody().get(&room.at("")).ok()["moderators"],
        json!([])
    );
}

#[test]
fn two_ids_of_one_person_are_two_users_where_both_are_taken() {
    World::each_unblinded(|world| {
        let room = world.room("lounge");
        let alice = world.user();
        let blinded = alice.signing(As::Blinded15);
        let sent = alice.says(&room, "plain");
        blinded
            .delete(&room.at(&format!("/message/{}", sent["id"])))
            .refused(403);
        assert_eq!(sent["session_id"], alice.session_id());
        assert_eq!(blinded.says(&room, "blinded")["session_id"], blinded.id());
    });
}

#[test]
fn a_moderator_named_by_the_real_id_moderates_under_either_blinded_one() {
    each_with_both_blindings(|world| {
        let room = world.room("lounge");
        let (bob, alice) = (world.user(), world.stranger());
        world.appoint(&alice, "lounge", Role::Moderator);
        for signs in [As::Blinded25, As::Blinded15] {
            let alice = alice.signing(signs);
            let sent = bob.says(&room, "delete me");
            alice
                .delete(&room.at(&format!("/message/{}", sent["id"])))
                .ok();
            let here = json!({"rooms": ["lounge"]});
            alice.post(&format!("/user/{}/ban", bob.id()), &here).ok();
            alice.post(&format!("/user/{}/unban", bob.id()), &here).ok();
            assert_eq!(alice.get(&room.at("")).ok()["moderator"], true);
        }
        let listed = world.nobody().get(&room.at("")).ok();
        let shown = [alice.id(), alice.signing(As::Blinded25).id()];
        assert_eq!(listed["moderators"], json!(shown));
        world.relayctl(&["mod", "remove", &alice.session_id(), "--room", "lounge"]);
        for signs in [As::Blinded25, As::Blinded15] {
            let asked = alice.signing(signs).get(&room.at("/permissions"));
            asked.refused(403);
        }
    });
}

#[test]
fn a_ban_of_the_real_id_meets_either_blinded_one() {
    each_with_both_blindings(|world| {
        let room = world.room("lounge");
        let boss = world.global(Role::Admin);
        // Nobody has met the first; of the others, one blinded id or both.
        for met in [&[][..], &[As::Blinded15], &[As::Blinded25, As::Blinded15]] {
            let (alice, bob) = (world.stranger(), world.stranger());
            for signs in met {
                alice.signing(*signs).says(&room, "hello");
                bob.signing(*signs).says(&room, "hello");
            }
            let here = json!({"rooms": ["lounge"]});
            let everywhere = json!({"global": true});
            let does = |what: &str, who: &str, body: &Value| {
                boss.post(&format!("/user/{who}/{what}"), body).ok();
            };
            does("ban", &alice.session_id(), &here);
            does("ban", &bob.session_id(), &everywhere);
            let both = |who: &integration_tests::sogs::Caller| {
                [As::Blinded25, As::Blinded15].map(|signs| who.signing(signs))
            };
            for alice in both(&alice) {
                let hello = post(&alice, "hello");
                alice.post(&room.at("/message"), &hello).refused(403);
            }
            for bob in both(&bob) {
                bob.get("/rooms").says(403, "Banned");
            }
            does("unban", &alice.session_id(), &here);
            does("unban", &bob.session_id(), &everywhere);
            for who in [both(&alice), both(&bob)].concat() {
                who.says(&room, "hello");
            }
        }
    });
}

#[test]
fn ids_of_the_second_blinding_are_understood_in_every_path() {
    each_with_both_blindings(|world| {
        let room = world.room("lounge");
        let moderator = world.moderator(&room);
        let alice = world.stranger().signing(As::Blinded25);
        let id = alice.id();
        alice.says(&room, "hello");
        let here = json!({"rooms": ["lounge"]});
        moderator.post(&format!("/user/{id}/ban"), &here).ok();
        let hello = post(&alice, "hello");
        alice.post(&room.at("/message"), &hello).refused(403);
        moderator.post(&format!("/user/{id}/unban"), &here).ok();

        let permissions = room.at(&format!("/permissions/{id}"));
        let set = json!({"upload": false});
        assert_eq!(moderator.post(&permissions, &set).ok(), set);
        assert_eq!(moderator.get(&permissions).ok(), set);
        alice.ask("POST", &room.at("/file"), &[], b"x").refused(403);
        let futures = room.at(&format!("/futurePermissions/{id}"));
        let plan = json!({"upload": true, "in": 3600});
        let planned = moderator.post(&futures, &plan).ok();
        assert_eq!(without_times(&planned), json!([{"upload": true}]));

        let message = json!({"message": "eA=="});
        moderator.post(&format!("/inbox/{id}"), &message).created();
        let inbox = alice.get("/inbox").ok();
        assert_eq!(inbox[0]["recipient"], id.as_str());
        moderator.delete(&room.at(&format!("/all/{id}"))).ok();
        alice.says(&room, "again");
        let gone = moderator.delete(&format!("/rooms/all/{id}")).ok();
        assert_eq!(gone["total"], 1);
    });
}

/// As it is by default, nobody sees anything of second ids.
#[test]
fn where_the_second_blinding_is_not_taken_nobody_is_listed_twice() {
    World::each(|world| {
        let room = world.room("lounge");
        let moderator = world.moderator(&room);
        let info = world.nobody().get(&room.at("")).ok();
        assert_eq!(info["moderators"], json!([moderator.id()]));
        let stranger = world.stranger();
        world.appoint(&stranger, "lounge", Role::Moderator);
        let all = moderator.get(&room.at("/permissions")).ok();
        assert_eq!(all.as_object().map(serde_json::Map::len), Some(2));
    });
}
