//! The API of 2021, as its documentation described it, on servers that take real Session ids.

#![expect(clippy::expect_used, reason = "tests stop at what they did not expect")]

use data_encoding::HEXLOWER;
use integration_tests::sogs::{
    Answer, Caller, Over, Room, World, b64, base64, image, padded, text_of,
};
use relay_sogs::crypto::Encryption;
use serde_json::{Value, json};

/// Somebody with a token.
struct Old {
    caller: Caller,
    token: String,
    room: String,
}

impl Old {
    fn new(caller: &Caller, room: &Room) -> Self {
        let nobody = Caller::nobody(caller.server, caller.over);
        let target = format!(
            "/legacy/auth_token_challenge?public_key={}",
            caller.session_id()
        );
        let challenge = nobody
            .ask("GET", &target, &[("Room", &room.token)], b"")
            .ok();
        let token = caller.opens(&challenge["challenge"]);
        let token = HEXLOWER.encode(&token);
        let old = Self {
            caller: nobody,
            token,
            room: room.token.clone(),
        };
        let claim = json!({"public_key": caller.session_id()});
        assert_eq!(
            old.post("claim_auth_token", &claim),
            json!({"status_code": 200})
        );
        old
    }

    fn ask(&self, method: &str, endpoint: &str, body: &Value) -> Answer {
        let headers = [
            ("Room", &*self.room),
            ("Authorization", &*self.token),
            ("Content-Type", "application/json"),
        ];
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        self.caller.ask(
            method,
            &format!("/legacy/{endpoint}"),
            &headers,
            body.as_bytes(),
        )
    }

    fn get(&self, endpoint: &str) -> Value {
        self.ask("GET", endpoint, &Value::Null).ok()
    }

    fn post(&self, endpoint: &str, body: &Value) -> Value {
        self.ask("POST", endpoint, body).ok()
    }

    fn delete(&self, endpoint: &str) -> Value {
        self.ask("DELETE", endpoint, &Value::Null).ok()
    }

    fn says(&self, author: &Caller, text: &str) -> i64 {
        let data = padded(text);
        let body = json!({"data": b64(&data), "signature": b64(&author.signature(&data)),
                          "public_key": "ignored", "timestamp": 5});
        let answer = self.post("messages", &body);
        assert_eq!(answer["status_code"], 200);
        let message = &answer["message"];
        assert_eq!(message["public_key"], author.session_id());
        assert_eq!(base64(&message["data"]), data);
        assert!(
            message["timestamp"]
                .as_i64()
                .is_some_and(|time| time > 1_700_000_000_000)
        );
        message["server_id"].as_i64().expect("a number")
    }
}

fn ids(messages: &Value) -> Vec<i64> {
    let messages = messages["messages"].as_array().expect("a list");
    messages
        .iter()
        .map(|message| message["server_id"].as_i64().expect("a number"))
        .collect()
}

#[test]
fn messages_are_posted_listed_and_deleted() {
    World::each_unblinded(|world| {
        let room = world.room("main");
        let (alice, bob, boss) = (world.user(), world.user(), world.moderator(&room));
        let (old, other, moderator) = (
            Old::new(&alice, &room),
            Old::new(&bob, &room),
            Old::new(&boss, &room),
        );
        let sent: Vec<i64> = (0..6)
            .map(|count| old.says(&alice, &format!("{count}")))
            .collect();
        let newest: Vec<i64> = sent.iter().rev().copied().collect();
        assert_eq!(ids(&old.get("messages")), newest);
        assert_eq!(ids(&old.get("messages?limit=2")), newest[..2]);
        assert_eq!(
            ids(&old.get(&format!("messages?from_server_id={}", sent[2]))),
            sent[3..]
        );
        let all = old.get("messages");
        assert_eq!(text_of(&all["messages"][0]), "5");

        let deletes = json!({"ids": [sent[0], sent[1]]});
        assert_eq!(other.ask("POST", "delete_messages", &deletes).status, 403);
        assert_eq!(
            old.post("delete_messages", &deletes),
            json!({"status_code": 200})
        );
        assert_eq!(
            old.post("delete_messages", &deletes),
            json!({"status_code": 200})
        );
        assert_eq!(
            other
                .ask("DELETE", &format!("messages/{}", sent[2]), &Value::Null)
                .status,
            403
        );
        moderator.delete(&format!("messages/{}", sent[2]));
        let gone = old.get("deleted_messages");
        let gone = gone["ids"].as_array().expect("a list");
        let of: Vec<_> = gone
            .iter()
            .map(|row| row["deleted_message_id"].as_i64())
            .collect();
        assert_eq!(of.len(), 3);
        assert!(sent[..3].iter().all(|id| of.contains(&Some(*id))));
        assert!(
            gone.iter()
                .all(|row| row["id"].is_u64() && row["deletion_server_id"] == row["id"])
        );
        assert_eq!(ids(&old.get("messages")), newest[..3]);
    });
}

#[test]
fn a_compact_poll_brings_messages_deletions_and_moderators() {
    World::each_unblinded(|world| {
        let (room, secret) = (world.room("main"), world.room("secret"));
        let (alice, boss) = (world.user(), world.admin(&room));
        let keeper = world.admin(&secret);
        let closed = json!({"default_read": false, "default_accessible": false});
        keeper.put(&secret.at(""), &closed).ok();
        let old = Old::new(&alice, &room);
        let sent: Vec<i64> = (0..3)
            .map(|count| old.says(&alice, &format!("{count}")))
            .collect();
        old.delete(&format!("messages/{}", sent[0]));
        let poll = |message: Value, deletion: Value| {
            let wanted = |room: &str| {
                json!({"room_id": room, "auth_token": old.token,
                "from_message_server_id": message, "from_deletion_server_id": deletion})
            };
            let requests =
                json!({"requests": [wanted("main"), wanted("secret"), wanted("nowhere")]});
            old.post("compact_poll", &requests)
        };
        let answer = poll(Value::Null, Value::Null);
        assert_eq!(answer["status_code"], 200);
        let first = &answer["results"][0];
        assert_eq!(
            (&first["room_id"], &first["status_code"]),
            (&json!("main"), &json!(200))
        );
        assert_eq!(ids(first), [sent[2], sent[1]]);
        assert_eq!(first["deletions"][0]["deleted_message_id"], sent[0]);
        assert_eq!(first["moderators"], json!([boss.session_id()]));
        for (at, status) in [(1, 403), (2, 404)] {
            let failed = &answer["results"][at];
            assert_eq!(failed["status_code"], status, "{failed}");
            for list in ["messages", "deletions", "moderators"] {
                assert_eq!(failed[list], json!([]), "{failed}");
            }
        }
        let deletion = first["deletions"][0]["id"].clone();
        let next = old.says(&alice, "new");
        old.delete(&format!("messages/{}", sent[1]));
        let answer = poll(json!(sent[2]), deletion);
        assert_eq!(ids(&answer["results"][0]), [next]);
        let gone = answer["results"][0]["deletions"]
            .as_array()
            .expect("a list");
        assert_eq!(
            (gone.len(), &gone[0]["deleted_message_id"]),
            (1, &json!(sent[1]))
        );
    });
}

#[test]
fn tokens_prove_who_one_is() {
    World::each_unblinded(|world| {
        let room = world.room("main");
        let (alice, bob) = (world.user(), world.user());
        let mut old = Old::new(&alice, &room);
        assert_eq!(old.token.len(), 2 * 97);
        // In base64, too.
        let bytes = HEXLOWER.decode(old.token.as_bytes()).expect("hex");
        let good = old.token.clone();
        old.token = b64(&bytes);
        old.get("messages");
        let mut forged = bytes;
        forged[0] ^= 1;
        for bad in [b64(&forged), "xyz".to_owned(), good[2..].to_owned()] {
            old.token = bad;
            assert_eq!(
                old.ask("GET", "block_list", &Value::Null).status,
                401,
                "{}",
                old.token
            );
        }
        old.token = good;
        old.room = "nowhere".to_owned();
        assert_eq!(old.ask("GET", "messages", &Value::Null).status, 404);
        // Four headers are stronger than a token.
        let headers = [("Room", "main"), ("Authorization", &*old.token)];
        let body = json!({"public_key": alice.session_id()}).to_string();
        let target = "/legacy/block_list";
        bob.ask("POST", target, &headers, body.as_bytes())
            .refused_or(403);
        old.room = "main".to_owned();
        old.delete("auth_token");
    });
}

trait RefusedOr {
    fn refused_or(&self, status: u16);
}

impl RefusedOr for Answer {
    /// With this status, whatever it says.
    #[track_caller]
    fn refused_or(&self, status: u16) {
        assert_eq!(self.status, status, "{self}");
    }
}

#[test]
fn bans_are_set_listed_and_lifted() {
    World::each_unblinded(|world| {
        let room = world.room("main");
        let (alice, bob, boss) = (world.user(), world.user(), world.admin(&room));
        let (old, other, admin) = (
            Old::new(&alice, &room),
            Old::new(&bob, &room),
            Old::new(&boss, &room),
        );
        let banned = |who: &Old| who.get("block_list")["banned_members"].clone();
        old.says(&alice, "rude");
        let ban = |who: &Caller| json!({"public_key": who.session_id()});
        assert_eq!(other.ask("POST", "block_list", &ban(&alice)).status, 403);
        assert_eq!(
            admin.post("block_list", &ban(&alice)),
            json!({"status_code": 200})
        );
        admin.post("block_list", &ban(&bob));
        let mut both = [alice.session_id(), bob.session_id()];
        both.sort();
        assert_eq!(banned(&admin), json!(both));
        assert_eq!(banned(&old), json!([alice.session_id()]), "only oneself");
        assert_eq!(old.ask("GET", "messages", &Value::Null).status, 403);
        let lift = format!("block_list/{}", bob.session_id());
        assert_eq!(other.ask("DELETE", &lift, &Value::Null).status, 403);
        admin.delete(&lift);
        assert_eq!(admin.ask("DELETE", &lift, &Value::Null).status, 404);
        assert_eq!(banned(&other), json!([]));
        admin.delete(&format!("block_list/{}", alice.session_id()));
        assert_eq!(ids(&admin.get("messages")).len(), 1);
        admin.post("ban_and_delete_all", &ban(&alice));
        assert_eq!(ids(&admin.get("messages")).len(), 0);
        assert_eq!(banned(&admin), json!([alice.session_id()]));
    });
}

#[test]
fn moderators_are_named_and_dismissed() {
    World::each_unblinded(|world| {
        let room = world.room("main");
        let (alice, boss) = (world.user(), world.admin(&room));
        let (old, admin) = (Old::new(&alice, &room), Old::new(&boss, &room));
        let mut both = [alice.session_id(), boss.session_id()];
        both.sort();
        let name = json!({"public_key": alice.session_id(), "room_id": "main"});
        assert_eq!(old.ask("POST", "moderators", &name).status, 403);
        admin.post("moderators", &name);
        assert_eq!(old.get("moderators")["moderators"], json!(both));
        assert_eq!(alice.get(&room.at("")).ok()["admin"], true);
        admin.delete(&format!("moderators/{}", alice.session_id()));
        assert_eq!(
            old.get("moderators")["moderators"],
            json!([boss.session_id()])
        );
        let blinded = json!({"public_key": format!("15{}", "a".repeat(64))});
        assert_eq!(admin.ask("POST", "moderators", &blinded).status, 400);
    });
}

#[test]
fn rooms_members_files_and_images() {
    World::each_unblinded(|world| {
        let (room, secret) = (world.room("main"), world.room("secret"));
        let (alice, boss, keeper) = (world.user(), world.admin(&room), world.admin(&secret));
        let closed = json!({"default_read": false, "default_accessible": false});
        keeper.put(&secret.at(""), &closed).ok();
        let (old, admin) = (Old::new(&alice, &room), Old::new(&boss, &room));
        let listed = json!({"id": "main", "name": "Test room"});
        assert_eq!(
            old.get("rooms"),
            json!({"status_code": 200, "rooms": [listed]})
        );
        assert_eq!(
            old.get("rooms/main"),
            json!({"status_code": 200, "room": listed})
        );
        assert_eq!(
            old.ask("GET", "rooms/secret", &Value::Null).status,
            404,
            "a hidden name stays hidden"
        );
        assert!(old.get("member_count")["member_count"].is_u64());

        let file = json!({"file": b64(&image())});
        let uploaded = old.post("files", &file);
        let id = uploaded["result"].as_i64().expect("a number");
        let back = old.get(&format!("files/{id}"));
        assert_eq!(base64(&back["result"]), image());
        assert_eq!(old.ask("GET", "files/999", &Value::Null).status, 404);

        assert_eq!(old.ask("GET", "rooms/main/image", &Value::Null).status, 404);
        assert_eq!(old.ask("POST", "rooms/main/image", &file).status, 403);
        admin.post("rooms/main/image", &file);
        assert_eq!(base64(&old.get("rooms/main/image")["result"]), image());
        assert!(alice.get(&room.at("")).ok()["image_id"].is_u64());
    });
}

#[test]
fn both_generations_of_clients_share_a_room() {
    World::each_unblinded(|world| {
        let room = world.room("main");
        let (alice, bob) = (world.user(), world.user());
        let old = Old::new(&alice, &room);
        let from_old = old.says(&alice, "from 2021");
        let from_new = bob.says(&room, "from today");
        let seen = bob.get(&room.at("/messages/since/0")).ok();
        assert_eq!(
            (text_of(&seen[0]), &seen[0]["id"]),
            ("from 2021".to_owned(), &json!(from_old))
        );
        let seen = old.get("messages");
        assert_eq!(text_of(&seen["messages"][0]), "from today");
        assert_eq!(seen["messages"][0]["server_id"], from_new["id"]);
    });
}

#[test]
fn old_clients_come_in_onions_of_the_third_generation() {
    let world = World::unblinded(Over::Http);
    let room = world.room("main");
    let alice = world.user();
    let old = Old::new(&alice, &room);
    let data = padded("in an onion");
    let body = json!({"data": b64(&data), "signature": b64(&alice.signature(&data))}).to_string();
    let request = json!({
        "method": "POST", "endpoint": "messages", "body": body, "auth_code": old.token,
        "headers": {"Room": "main"},
    });
    for path in ["/loki/v3/lsrpc", "/oxen/v3/lsrpc"] {
        let sealing = world.server.sealing(Encryption::AesGcm);
        let sealed = sealing.seal(request.to_string().as_bytes()).expect("a key");
        let outer = world
            .server
            .posts_onion(path, &sealed.body)
            .expect("an answer");
        let reply = sealed.open_v3(&outer.body).expect("a reply");
        let reply: Value = serde_json::from_slice(&reply).expect("JSON");
        assert_eq!(reply["status_code"], 200, "{reply}");
        assert_eq!(text_of(&reply["message"]), "in an onion");
    }
}

#[test]
fn servers_that_require_blinded_ids_are_closed_to_old_clients() {
    World::each(|world| {
        let room = world.room("main");
        let alice = world.stranger();
        let nobody = world.nobody();
        let target = format!(
            "/legacy/auth_token_challenge?public_key={}",
            alice.session_id()
        );
        let answer = nobody.ask("GET", &target, &[("Room", &room.token)], b"");
        assert_eq!(answer.status, 400, "{answer}");
        let words = "this server requires the use of blinded ids";
        assert!(answer.text().contains(words), "{answer}");
        nobody.get("/legacy/rooms").ok();
    });
}
