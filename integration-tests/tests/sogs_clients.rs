//! What today's apps send, as they send it, and what their parsers require of the answers.

#![expect(clippy::expect_used, reason = "tests stop at what they did not expect")]

use integration_tests::sogs::{Caller, Over, Role, Room, World, b64, image, padded, post};
use relay_sogs::client::Request;
use relay_sogs::crypto::Encryption;
use serde_json::{Map, Value, json};

/// A room with some life in it.
struct Lounge {
    world: World,
    room: Room,
    admin: Caller,
    alice: Caller,
}

fn lounge(over: Over) -> Lounge {
    let world = World::new(over);
    let room = world.room("lounge");
    let (admin, alice) = (world.admin(&room), world.user());
    world.global(Role::Moderator);
    for text in ["one", "two", "three"] {
        alice.says(&room, text);
    }
    let picture = admin.uploads(&room, "room.png", &image());
    admin.put(&room.at(""), &json!({"image": picture})).ok();
    admin.post(&room.at("/pin/1"), &json!({})).ok();
    admin.put(&room.at("/reaction/2/👍"), &json!({})).ok();
    alice
        .put(&room.at("/message/3"), &post(&alice, "three, edited"))
        .ok();
    Lounge {
        world,
        room,
        admin,
        alice,
    }
}

fn parts(paths: &[String]) -> Value {
    paths
        .iter()
        .map(|path| json!({"method": "GET", "path": path}))
        .collect()
}

#[track_caller]
fn batch(caller: &Caller, parts: &Value) -> Vec<Value> {
    let answers = caller.post("/batch", parts).ok();
    let answers = answers.as_array().expect("a list").clone();
    assert_eq!(
        Some(answers.len()),
        parts.as_array().map(Vec::len),
        "Android counts them"
    );
    for answer in &answers {
        let mut keys: Vec<_> = answer.as_object().expect("an object").keys().collect();
        keys.sort();
        assert_eq!(keys, ["body", "code", "headers"], "{answer}");
        assert!(answer["headers"].is_object() && answer["code"].is_u64());
    }
    answers
}

/// What the decoders of iOS and Android want of a room.
fn assert_room_decodes(room: &Value) {
    for text in ["token", "name"] {
        assert!(room[text].is_string(), "{text}: {room}");
    }
    for whole in [
        "info_updates",
        "message_sequence",
        "active_users",
        "active_users_cutoff",
    ] {
        assert!(
            room[whole].is_i64() || room[whole].is_u64(),
            "{whole}: {room}"
        );
    }
    assert!(room["created"].is_number());
    for flag in ["read", "write", "upload"] {
        assert!(room[flag].is_boolean(), "{flag}: {room}");
    }
    for list in ["moderators", "admins"] {
        let ids = room[list]
            .as_array()
            .unwrap_or_else(|| panic!("{list}: {room}"));
        assert!(ids.iter().all(Value::is_string));
    }
    for (key, is_right) in [
        ("description", Value::is_string as fn(&Value) -> bool),
        ("image_id", Value::is_u64),
        ("pinned_messages", Value::is_array),
        ("hidden_moderators", Value::is_array),
        ("hidden_admins", Value::is_array),
        ("moderator", Value::is_boolean),
        ("admin", Value::is_boolean),
        ("global_moderator", Value::is_boolean),
        ("global_admin", Value::is_boolean),
        ("default_read", Value::is_boolean),
    ] {
        assert!(
            room.get(key).is_none_or(is_right),
            "absent or right, never null: {key}: {room}"
        );
    }
    for pin in room["pinned_messages"].as_array().into_iter().flatten() {
        assert!(pin["id"].is_u64() && pin["pinned_at"].is_u64() && pin["pinned_by"].is_string());
    }
}

/// What every client wants of a message.
fn assert_message_decodes(message: &Value) {
    assert!(
        message["id"].is_u64() && message["seqno"].is_u64(),
        "{message}"
    );
    if message.as_object().map(Map::len) == Some(3) {
        assert!(message["reactions"].is_object(), "{message}");
        return;
    }
    assert!(
        message["session_id"].is_string() && message["posted"].is_f64(),
        "{message}"
    );
    if message["data"].is_null() {
        assert_eq!(message["deleted"], true, "{message}");
        return;
    }
    assert!(
        message["data"].is_string() && message["signature"].is_string(),
        "{message}"
    );
    for (emoji, entry) in message["reactions"].as_object().expect("reactions") {
        assert!(!emoji.is_empty() && entry["index"].is_u64() && entry["count"].is_u64());
        assert!(
            entry["reactors"]
                .as_array()
                .is_some_and(|ids| ids.iter().all(Value::is_string))
        );
    }
}

/// Every ten seconds.
#[test]
fn the_poll_of_desktop() {
    for over in [Over::AesGcm, Over::Http] {
        let it = lounge(over);
        for messages in ["since/0?t=r&reactors=5", "recent?reactors=5"] {
            let poll = parts(&[
                "/capabilities".to_owned(),
                it.room.at("/pollInfo/0"),
                it.room.at(&format!("/messages/{messages}")),
                "/inbox".to_owned(),
                "/outbox".to_owned(),
            ]);
            let answers = batch(&it.world.user(), &poll);
            assert!(
                answers.iter().all(|answer| answer["code"] == 200),
                "{answers:?}"
            );
            for answer in &answers {
                assert_eq!(
                    answer["headers"],
                    json!({"content-type": "application/json"})
                );
            }
            assert_eq!(
                answers[0]["body"]["capabilities"],
                json!(["blind", "reactions", "sogs"])
            );
            assert_room_details(&answers[1]["body"]);
            let messages = answers[2]["body"].as_array().expect("a list");
            assert_eq!(messages.len(), 3);
            messages.iter().for_each(assert_message_decodes);
        }
        let poll = parts(&["/inbox/since/0".to_owned(), "/outbox/since/0".to_owned()]);
        let nothing = json!({"code": 304, "headers": {}, "body": ""});
        assert_eq!(batch(&it.alice, &poll), [nothing.clone(), nothing]);
    }
}

fn assert_room_details(info: &Value) {
    for flag in ["read", "write", "upload"] {
        assert!(info[flag].is_boolean());
    }
    assert!(info["active_users"].is_u64() && info["token"] == "lounge");
    let details = &info["details"];
    assert!(
        details["image_id"].is_u64(),
        "Desktop wants a number: {details}"
    );
    assert_eq!(details["pinned_messages"].as_array().map(Vec::len), Some(1));
    assert_room_decodes(details);
}

/// Every four seconds, with what it last saw.
#[test]
fn the_poll_of_ios() {
    let it = lounge(Over::XChaCha20);
    let info = it.alice.get(&it.room.at("")).ok();
    let poll = |known: &Value, messages: String| {
        let parts = parts(&[
            "/capabilities".to_owned(),
            it.room.at(&format!("/pollInfo/{known}")),
            it.room.at(&messages),
            "/inbox/since/0".to_owned(),
            "/outbox/since/0".to_owned(),
        ]);
        batch(&it.alice, &parts)
    };
    let answers = poll(
        &json!(0),
        "/messages/recent?t=r&reactors=5&limit=100".to_owned(),
    );
    let recent = answers[2]["body"].as_array().expect("a list");
    let newest = recent
        .iter()
        .filter_map(|message| message["seqno"].as_u64())
        .max();
    assert_eq!(newest, info["message_sequence"].as_u64());
    let newest = newest.expect("messages");
    let since = format!("/messages/since/{newest}?t=r&reactors=5&limit=100");
    let answers = poll(&info["info_updates"], since.clone());
    let codes: Vec<_> = answers
        .iter()
        .map(|answer| answer["code"].as_u64())
        .collect();
    assert_eq!(
        codes,
        [Some(200), Some(200), Some(200), Some(304), Some(304)]
    );
    assert_eq!(answers[1]["body"].get("details"), None);
    assert_eq!(answers[2]["body"], json!([]));
    it.admin.put(&it.room.at("/reaction/1/🎉"), &json!({})).ok();
    let answers = poll(&info["info_updates"], since);
    let rows = answers[2]["body"].as_array().expect("a list");
    assert_eq!(rows.len(), 1);
    assert_message_decodes(&rows[0]);
    // Joining: capabilities and the room in one sequence.
    let joining = parts(&["/capabilities".to_owned(), it.room.at("")]);
    let answers = it.alice.post("/sequence", &joining).ok();
    assert_room_decodes(&answers[1]["body"]);
}

/// Android writes `X-SOGS-PubKey`, and leaves signatures of its own on the parts.
#[test]
fn the_batch_of_android() {
    let it = lounge(Over::AesGcm);
    let stale: Map<_, _> = it
        .admin
        .sign("GET", "/rooms", b"")
        .into_iter()
        .map(|(name, value)| (name.replace("key", "Key"), value.into()))
        .chain([
            ("Room".to_owned(), "lounge".into()),
            ("Content-Length".to_owned(), "17".into()),
        ])
        .collect();
    let picture = b64(&image());
    let mut message = post(&it.alice, "from Android");
    for (key, value) in [
        ("timestamp", json!(1_700_000_000_000_i64)),
        ("public_key", json!(it.alice.session_id())),
        ("server_id", Value::Null),
        ("sender", json!("x")),
        ("files", json!(["1", "2"])),
    ] {
        if !value.is_null() {
            message[key] = value;
        }
    }
    let room = |path: &str| it.room.at(path);
    let mut parts = json!([
        {"method": "GET", "path": room("/pollInfo/0")},
        {"method": "GET", "path": room("/messages/recent?t=r&reactors=5")},
        {"method": "POST", "path": room("/message"), "json": message},
        {"method": "POST", "path": room("/file"), "b64": picture},
        {"method": "PUT", "path": room("/reaction/1/%F0%9F%91%8D"), "json": {}},
        {"method": "DELETE", "path": room("/reaction/1/%F0%9F%91%8D")},
        {"method": "GET", "path": "/inbox/since/0"},
    ]);
    for part in parts.as_array_mut().expect("a list") {
        let mut headers = stale.clone();
        if part["path"]
            .as_str()
            .is_some_and(|path| path.ends_with("/file"))
        {
            headers.insert("Content-Disposition".to_owned(), "attachment".into());
        }
        part["headers"] = headers.into();
    }
    let body = parts.to_string().into_bytes();
    let headers: Vec<_> = it
        .alice
        .sign("POST", "/batch", &body)
        .into_iter()
        .map(|(name, value)| {
            (
                if name == "X-SOGS-Pubkey" {
                    "X-SOGS-PubKey"
                } else {
                    name
                },
                value,
            )
        })
        .collect();
    let answers = it
        .world
        .server
        .send(Over::AesGcm, ("POST", "/batch"), &headers, &body)
        .ok();
    let codes: Vec<_> = answers
        .as_array()
        .expect("a list")
        .iter()
        .map(|answer| answer["code"].as_u64().expect("a code"))
        .collect();
    assert_eq!(codes, [200, 200, 201, 201, 200, 200, 304], "{answers}");
    assert_eq!(answers[2]["body"]["session_id"], it.alice.id());
    let id = &answers[3]["body"]["id"];
    assert!(id.is_u64(), "Desktop wants a number");
    assert!(answers[4]["body"]["seqno"].is_u64() && answers[5]["body"]["seqno"].is_u64());
    // Downloads go alone.
    let got = it.alice.get(&it.room.at(&format!("/file/{id}")));
    assert_eq!(got.body, image());
}

/// Desktop sends a content type where there is no content, and its clock as a number.
#[test]
fn the_headers_of_desktop() {
    let it = lounge(Over::AesGcm);
    let json_type = [("Content-Type", "application/json")];
    for target in [
        "/capabilities".to_owned(),
        it.room.at("/messages/recent?reactors=5"),
    ] {
        it.alice.ask("GET", &target, &json_type, b"").ok();
    }
    it.alice
        .ask("PUT", &it.room.at("/reaction/1/👍"), &json_type, b"")
        .ok();
    it.alice
        .ask("DELETE", &it.room.at("/reaction/1/👍"), &json_type, b"")
        .ok();
    it.alice
        .ask("DELETE", &it.room.at("/message/1"), &json_type, b"")
        .ok();

    let signed = it.alice.sign("GET", "/rooms", b"");
    let headers: Map<_, _> = signed
        .into_iter()
        .map(|(name, value)| match name {
            "X-SOGS-Timestamp" => (
                name.to_owned(),
                value.parse::<i64>().expect("a number").into(),
            ),
            _ => (name.to_owned(), value.into()),
        })
        .collect();
    let metadata = json!({"method": "GET", "endpoint": "/rooms", "headers": headers}).to_string();
    let plain = format!("l{}:{metadata}e", metadata.len());
    let sealed = it
        .world
        .server
        .sealing(Encryption::AesGcm)
        .seal(plain.as_bytes())
        .expect("a key");
    let answer = it
        .world
        .server
        .posts_onion("/oxen/v4/lsrpc", &sealed.body)
        .expect("an answer");
    assert_eq!(sealed.open(&answer.body).expect("a reply").status, 200);
}

#[test]
fn uploads_of_desktop_have_no_name_and_images_of_rooms_no_signature() {
    let it = lounge(Over::AesGcm);
    let raw = [("Content-Type", "application/octet-stream")];
    let id = it
        .admin
        .ask("POST", &it.room.at("/file"), &raw, &image())
        .created()["id"]
        .clone();
    let change = json!({"image": id, "name": "Renamed", "description": "By Desktop"});
    it.admin.put(&it.room.at(""), &change).ok();
    let got = it.world.nobody().get(&it.room.at(&format!("/file/{id}")));
    assert_eq!((got.status, got.body), (200, image()));
}

#[test]
fn moderation_as_the_apps_do_it() {
    let it = lounge(Over::AesGcm);
    let id = it.alice.id();
    let ban = json!([
        {"method": "POST", "path": format!("/user/{id}/ban"),
         "json": {"rooms": ["lounge"], "global": false}},
        {"method": "DELETE", "path": it.room.at(&format!("/all/{id}"))},
    ]);
    let answers = it.admin.post("/sequence", &ban).ok();
    assert_eq!(
        [&answers[0]["code"], &answers[1]["code"]],
        [200, 200],
        "{answers}"
    );
    let answers = it.alice.post("/sequence", &ban).ok();
    assert_eq!(
        answers.as_array().map(Vec::len),
        Some(1),
        "shorter when a part fails: {answers}"
    );
    let role = |moderator: bool| {
        json!([{
            "method": "POST", "path": format!("/user/{id}/moderator"),
            "json": {"rooms": ["lounge"], "global": false, "visible": true,
                     "admin": moderator, "moderator": moderator},
        }])
    };
    let unban = json!([{"method": "POST", "path": format!("/user/{id}/unban"),
                        "json": {"rooms": ["lounge"], "global": false}}]);
    assert_eq!(batch(&it.admin, &unban)[0]["body"], json!({}));
    assert_eq!(batch(&it.admin, &role(true))[0]["code"], 200);
    assert_eq!(it.alice.get(&it.room.at("")).ok()["admin"], true);
    assert_eq!(batch(&it.admin, &role(false))[0]["code"], 200);
    let sent = [
        it.alice.says(&it.room, "one"),
        it.alice.says(&it.room, "two"),
    ];
    let deletions: Value = sent.iter().map(|message| {
        json!({"method": "DELETE", "path": it.room.at(&format!("/message/{}", message["id"]))})
    }).collect();
    assert!(
        batch(&it.admin, &deletions)
            .iter()
            .all(|answer| answer["code"] == 200)
    );
}

#[test]
fn signatures_of_messages_verify_under_the_ids_they_come_with() {
    use relay_sogs::crypto::VerifyKey;
    World::each(|world| {
        let room = world.room("lounge");
        let alice = world.user();
        let sent = alice.says(&room, "believe me");
        let seen = world.nobody().get(&room.at("/messages/recent")).ok();
        let id = seen[0]["session_id"].as_str().expect("an id");
        let key: Vec<u8> = (2..66)
            .step_by(2)
            .map(|at| u8::from_str_radix(&id[at..at + 2], 16).expect("hex"))
            .collect();
        let key = VerifyKey::parse(&key.try_into().expect("32 bytes")).expect("a key");
        let signature = integration_tests::sogs::base64(&seen[0]["signature"]);
        let data = integration_tests::sogs::base64(&seen[0]["data"]);
        assert_eq!(data, padded("believe me"));
        assert!(key.verify(&data, &signature.try_into().expect("64 bytes")));
        assert_eq!(sent, seen[0]);
    });
}

/// Bots of Session.js read in clear, without saying who they are.
#[test]
fn bots_read_without_onions_and_signatures() {
    let it = lounge(Over::Http);
    let nobody = it.world.nobody();
    let messages = nobody.get(&it.room.at("/messages/since/0?limit=256")).ok();
    messages
        .as_array()
        .expect("a list")
        .iter()
        .for_each(assert_message_decodes);
    nobody
        .get("/rooms")
        .ok()
        .as_array()
        .expect("a list")
        .iter()
        .for_each(assert_room_decodes);
    // And the same bytes come through an onion.
    let sealing = it.world.server.sealing(Encryption::XChaCha20);
    let request = Request {
        method: "GET",
        target: "/rooms",
        body: b"",
    };
    let sealed = request.onion(&[], &sealing).expect("a key");
    let answer = it
        .world
        .server
        .posts_onion("/oxen/v4/lsrpc", &sealed.body)
        .expect("an answer");
    assert_eq!(
        sealed.open(&answer.body).expect("a reply").body,
        nobody.get("/rooms").body
    );
}
