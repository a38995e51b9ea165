//! Capabilities, and many requests in one.

#![expect(clippy::expect_used, reason = "tests stop at what they did not expect")]

use integration_tests::sogs::{Caller, World, b64, base64, post};
use serde_json::{Value, json};

const ALL: [&str; 3] = ["blind", "reactions", "sogs"];

fn json_part(code: u16, body: &Value) -> Value {
    json!({"code": code, "headers": {"content-type": "application/json"}, "body": body})
}

fn codes(parts: &Value) -> Vec<u64> {
    let parts = parts.as_array().expect("a list");
    parts
        .iter()
        .map(|part| part["code"].as_u64().expect("a code"))
        .collect()
}

#[test]
fn capabilities_are_listed_and_missing_ones_named() {
    World::each(|world| {
        let nobody = world.nobody();
        let all = json!({"capabilities": ALL});
        assert_eq!(nobody.get("/capabilities").ok(), all);
        assert_eq!(nobody.get("/capabilities?required=sogs").ok(), all);
        assert_eq!(nobody.get("/capabilities?required=sogs,sogs").ok(), all);
        let lacking = json!({"capabilities": ALL, "missing": ["magic"]});
        for required in ["magic", "magic,sogs"] {
            let answer = nobody.get(&format!("/capabilities?required={required}"));
            assert_eq!(answer.json(412), lacking);
        }
    });
}

#[test]
fn servers_that_take_real_ids_do_not_say_blind() {
    World::each_unblinded(|world| {
        let all = world.nobody().get("/capabilities").ok();
        assert_eq!(all, json!({"capabilities": ["reactions", "sogs"]}));
    });
}

fn parts(caller: &Caller) -> Value {
    json!([
        {"method": "GET", "path": "/capabilities"},
        {"method": "GET", "path": "/capabilities?required=magic", "headers": {"x-header-123": "zzz"}},
        {"method": "GET", "path": "/rooms"},
        {"method": "POST", "path": "/room/lounge/message", "json": post(caller, "as JSON")},
        {"method": "POST", "path": "/room/lounge/message",
         "b64": b64(post(caller, "as base64").to_string().as_bytes())},
        {"method": "POST", "path": "/room/lounge/message",
         "bytes": post(caller, "as text").to_string()},
        {"method": "GET", "path": "/room/nowhere"},
        {"method": "GET", "path": "/room/lounge/messages/since/0?limit=1"},
    ])
}

#[test]
fn a_batch_answers_every_part_in_order() {
    World::each(|world| {
        let room = world.room("lounge");
        let alice = world.user();
        let answers = alice.post("/batch", &parts(&alice)).ok();
        assert_eq!(codes(&answers), [200, 412, 200, 201, 201, 201, 404, 200]);
        assert_eq!(answers[0], json_part(200, &json!({"capabilities": ALL})));
        let lacking = json!({"capabilities": ALL, "missing": ["magic"]});
        assert_eq!(answers[1], json_part(412, &lacking));
        let headers = json!({"content-type": "text/plain; charset=utf-8"});
        assert_eq!(answers[6]["headers"], headers, "a refusal is plain text");
        base64(&answers[6]["body"]);
        assert_eq!(answers[7]["body"][0]["seqno"], 1);
        let all = alice.get(&room.at("/messages/since/0")).ok();
        let seqnos: Vec<_> = all
            .as_array()
            .expect("a list")
            .iter()
            .map(|m| &m["seqno"])
            .collect();
        assert_eq!(seqnos, [1, 2, 3]);
    });
}

#[test]
fn a_sequence_stops_after_the_first_failure() {
    World::each(|world| {
        world.room("lounge");
        let alice = world.user();
        let answers = alice.post("/sequence", &parts(&alice)).ok();
        assert_eq!(codes(&answers), [200, 412]);
        let empty_inbox = json!([
            {"method": "GET", "path": "/inbox/since/0"},
            {"method": "GET", "path": "/capabilities"},
        ]);
        let answers = alice.post("/sequence", &empty_inbox).ok();
        assert_eq!(answers, json!([{"code": 304, "headers": {}, "body": ""}]));
    });
}

#[test]
fn parts_are_asked_by_who_asks_the_whole_whatever_they_carry() {
    World::each(|world| {
        let room = world.room("lounge");
        let (alice, bob) = (world.user(), world.user());
        let body = post(&alice, "mine");
        let target = room.at("/message");
        let stale = bob.sign("POST", &target, body.to_string().as_bytes());
        let mut headers: serde_json::Map<_, _> = stale
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        headers.insert("Room".to_owned(), "lounge".into());
        headers.insert("Content-Length".to_owned(), "3".into());
        let part = json!([{"method": "POST", "path": target, "headers": headers, "json": body}]);
        for way in ["/batch", "/sequence"] {
            let answers = alice.post(way, &part).ok();
            assert_eq!(answers[0]["body"]["session_id"], alice.id(), "{answers}");
            let answers = world.nobody().post(way, &part).ok();
            assert_eq!(codes(&answers), [401], "nobody stays nobody: {answers}");
        }
    });
}

#[test]
fn an_empty_list_is_answered_with_one() {
    World::each(|world| {
        assert_eq!(world.nobody().post("/batch", &json!([])).ok(), json!([]));
        assert_eq!(world.user().post("/sequence", &json!([])).ok(), json!([]));
    });
}

#[test]
fn a_malformed_part_refuses_the_whole_and_nothing_runs() {
    World::each(|world| {
        let room = world.room("lounge");
        let alice = world.user();
        let good =
            json!({"method": "POST", "path": room.at("/message"), "json": post(&alice, "x")});
        for bad in [
            json!({}),
            json!("GET /rooms"),
            json!({"method": "GET"}),
            json!({"method": "PATCH", "path": "/rooms"}),
            json!({"method": "get", "path": "/rooms"}),
            json!({"method": "GET", "path": "rooms"}),
            json!({"method": "GET", "path": "/rooms", "json": {}}),
            json!({"method": "POST", "path": "/rooms"}),
            json!({"method": "POST", "path": "/rooms", "json": {}, "b64": ""}),
            json!({"method": "GET", "path": "/rooms", "headers": [1]}),
        ] {
            alice.post("/batch", &json!([good, bad])).refused(400);
        }
        alice.post("/batch", &good).refused(400);
        let all = alice.get(&room.at("/messages/since/0")).ok();
        assert_eq!(all, json!([]));
    });
}

#[test]
fn batches_are_not_endless_nor_bottomless() {
    World::each(|world| {
        let nobody = world.nobody();
        let part = json!({"method": "GET", "path": "/capabilities"});
        let many = Value::Array(vec![part.clone(); 201]);
        nobody.post("/batch", &many).refused(400);
        let mut nested = json!([part]);
        for _ in 0..4 {
            nested = json!([{"method": "POST", "path": "/batch", "json": nested}]);
        }
        let answers = nobody.post("/batch", &nested);
        assert!(
            answers.status == 400 || answers.text().contains("400"),
            "{answers}"
        );
    });
}
