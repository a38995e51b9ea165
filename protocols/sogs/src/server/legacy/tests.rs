//! The legacy API, endpoint by endpoint, as the old server's clients called it.

use axum::body::Bytes;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use relay_core::clock::UnixTime;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use super::*;
use crate::bed::{Bed, NOW};
use crate::crypto::LegacyToken;
use crate::crypto::client::Client;
use crate::domain::identity::Naming;
use crate::server::pipeline::call::Caller;
use crate::wire::{Target, encode_base64};

/// A line of SQL, as an importer would write it.
struct Moved {
    sql: String,
}
impl relay_storage::Unit for Moved {
    type Output = ();
    async fn run(
        &self,
        tx: &sea_orm::DatabaseTransaction,
    ) -> Result<(), relay_storage::Failure<()>> {
        tx.execute_unprepared(&self.sql).await?;
        Ok(())
    }
}

/// A server of the old kind.
struct Old {
    server: Arc<Server>,
    bed: Bed,
    now: UnixTime,
}

impl Old {
    async fn start() -> Self {
        Self::with(Naming::Unblinded).await
    }

    async fn with(naming: Naming) -> Self {
        let bed = Bed::make(naming).await;
        Self {
            server: bed.server(),
            bed,
            now: NOW,
        }
    }

    async fn ask(
        &self,
        method: &str,
        path: &str,
        who: Option<&Client>,
        body: Value,
    ) -> (u16, Value) {
        let mut headers = HeaderMap::new();
        headers.insert("room", HeaderValue::from_static("lounge"));
        if let Some(client) = who {
            let token = HeaderValue::from_str(&self.token(client)).expect("ASCII");
            headers.insert(AUTHORIZATION, token);
        }
        let (status, body) = self.send(method, path, headers, body).await;
        let json: Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(json["status_code"], status, "{json}");
        (status, json)
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        headers: HeaderMap,
        body: Value,
    ) -> (u16, Bytes) {
        let target = Target::parse(&format!("/legacy/{path}")).expect("a target");
        let below = target.path().trim_start_matches("/legacy/").to_owned();
        let ask = Ask {
            method: method.parse().expect("a method"),
            target,
            headers,
            body: body.to_string().into(),
            upload: None,
            caller: Caller::Anonymous,
            now: self.now,
        };
        let answer = self.server.legacy(&below, ask).await;
        let answer = answer.unwrap_or_else(Answer::from).into_part().await;
        (answer.status.as_u16(), answer.body)
    }

    async fn status(&self, method: &str, path: &str, who: &Client, body: Value) -> u16 {
        self.ask(method, path, Some(who), body).await.0
    }

    fn token(&self, client: &Client) -> String {
        let token = LegacyToken::issue(&self.server.key, &client.id05());
        token.expect("a token").to_hex().to_string()
    }

    async fn make_admin(&self, client: &Client) {
        self.bed.make_admin(client.id05()).await;
    }

    async fn post(&self, who: &Client, text: &[u8]) -> i64 {
        let body = json!({
            "data": encode_base64(text), "signature": encode_base64(&[7; 64]),
            "public_key": "ignored", "timestamp": 1,
        });
        let (status, posted) = self.ask("POST", "messages", Some(who), body).await;
        assert_eq!(status, 200, "{posted}");
        assert_eq!(posted["message"]["public_key"], id(who));
        assert_eq!(posted["message"]["timestamp"], NOW.millis());
        assert_eq!(posted["message"]["data"], encode_base64(text));
        posted["message"]["server_id"].as_i64().expect("a number")
    }

    async fn messages(&self, who: &Client, query: &str) -> Vec<i64> {
        let (_, answer) = self
            .ask("GET", &format!("messages{query}"), Some(who), json!({}))
            .await;
        let messages = answer["messages"].as_array().expect("a list").iter();
        messages
            .map(|message| message["server_id"].as_i64().expect("a number"))
            .collect()
    }
}

fn id(client: &Client) -> String {
    client.id05().to_string()
}

fn user(seed: u8) -> Client {
    Client::new([seed; 32])
}

#[tokio::test]
async fn messages_are_posted_read_and_deleted() {
    let (old, ann, bob) = (Old::start().await, user(1), user(2));
    let first = old.post(&ann, b"one\x80\0\0").await;
    let second = old.post(&bob, b"two").await;
    let third = old.post(&ann, b"three").await;
    assert_eq!(old.messages(&ann, "").await, [third, second, first]);
    assert_eq!(old.messages(&ann, "?limit=1").await, [third]);
    let from = format!("?from_server_id={first}&limit=5");
    assert_eq!(old.messages(&ann, &from).await, [second, third]);
    assert_eq!(
        old.status("GET", "messages?from_server_id=x", &ann, json!({}))
            .await,
        400
    );

    let both = json!({"ids": [first, second, 999]});
    assert_eq!(
        old.status("POST", "delete_messages", &ann, both.clone())
            .await,
        403
    );
    assert_eq!(old.messages(&ann, "").await.len(), 3);
    old.make_admin(&ann).await;
    assert_eq!(old.status("POST", "delete_messages", &ann, both).await, 200);
    assert_eq!(
        old.status("DELETE", &format!("messages/{third}"), &ann, json!({}))
            .await,
        200
    );
    assert_eq!(
        old.status("DELETE", "messages/999", &ann, json!({})).await,
        200
    );
    assert_eq!(old.messages(&ann, "").await, [0; 0]);

    let (_, deleted) = old
        .ask("GET", "deleted_messages", Some(&bob), json!({}))
        .await;
    let newest = &deleted["ids"][0];
    assert_eq!(newest["deleted_message_id"], third);
    assert_eq!(newest["id"], newest["deletion_server_id"]);
    let since = newest["id"].as_i64().expect("a number") - 1;
    let path = format!("deleted_messages?from_server_id={since}");
    let (_, deleted) = old.ask("GET", &path, Some(&bob), json!({})).await;
    assert_eq!(deleted["ids"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn polls_answer_every_room_by_itself() {
    let (old, ann) = (Old::start().await, user(1));
    let message = old.post(&ann, b"hello").await;
    let token = old.token(&ann);
    let requests = json!({"requests": [
        {"room_id": "lounge", "auth_token": token, "from_message_server_id": null, "from_deletion_server_id": null},
        {"room_id": "lounge", "auth_token": token, "from_message_server_id": message, "from_deletion_server_id": 0},
        {"room_id": "nowhere", "auth_token": token},
        {"room_id": "hidden", "auth_token": token},
        {"room_id": "lounge", "auth_token": "00"},
        {"room_id": "lounge"},
    ]});
    let (status, poll) = old.ask("POST", "compact_poll", None, requests).await;
    assert_eq!(status, 200);
    let results = poll["results"].as_array().expect("a list");
    let codes: Vec<_> = results
        .iter()
        .map(|result| result["status_code"].clone())
        .collect();
    assert_eq!(codes, [200, 200, 404, 403, 401, 400]);
    assert_eq!(results[0]["messages"][0]["server_id"], message);
    assert_eq!(results[1]["messages"], json!([]));
    for result in results {
        let lists = ["messages", "deletions", "moderators"];
        assert!(lists.iter().all(|list| result[list].is_array()), "{result}");
    }
    assert_eq!(
        old.ask("POST", "compact_poll", None, json!([])).await.0,
        400
    );
}

#[tokio::test]
async fn moderation_is_for_moderators() {
    let (old, ann, bob, eve) = (Old::start().await, user(1), user(2), user(3));
    old.post(&eve, b"spam").await;
    let target = json!({"public_key": id(&eve)});
    for path in ["block_list", "ban_and_delete_all", "moderators"] {
        assert_eq!(
            old.status("POST", path, &bob, target.clone()).await,
            403,
            "{path}"
        );
    }
    old.make_admin(&ann).await;
    let moderator = json!({"public_key": id(&bob), "room_id": "elsewhere"});
    assert_eq!(old.status("POST", "moderators", &ann, moderator).await, 200);
    let (_, answer) = old.ask("GET", "moderators", Some(&eve), json!({})).await;
    let mut expected = vec![id(&ann), id(&bob)];
    expected.sort();
    assert_eq!(answer["moderators"], json!(expected));

    assert_eq!(
        old.status("POST", "ban_and_delete_all", &bob, target.clone())
            .await,
        200
    );
    assert_eq!(old.messages(&ann, "").await, [0; 0]);
    let post = json!({"data": "", "signature": encode_base64(&[7; 64])});
    assert_eq!(old.status("POST", "messages", &eve, post).await, 403);
    for (who, banned) in [
        (&ann, json!([id(&eve)])),
        (&eve, json!([id(&eve)])),
        (&user(9), json!([])),
    ] {
        let (_, answer) = old.ask("GET", "block_list", Some(who), json!({})).await;
        assert_eq!(answer["banned_members"], banned);
    }
    let blocked = format!("block_list/{}", id(&eve));
    assert_eq!(old.status("DELETE", &blocked, &bob, json!({})).await, 200);
    assert_eq!(old.status("DELETE", &blocked, &bob, json!({})).await, 404);
    let unknown = format!("moderators/{}", id(&user(8)));
    assert_eq!(old.status("DELETE", &unknown, &ann, json!({})).await, 404);
    let bob_again = format!("moderators/{}", id(&bob));
    assert_eq!(old.status("DELETE", &bob_again, &ann, json!({})).await, 200);
    assert_eq!(old.status("POST", "block_list", &bob, target).await, 403);
    let blinded = json!({"public_key": id(&eve).replacen("05", "15", 1)});
    assert_eq!(old.status("POST", "moderators", &ann, blinded).await, 400);
}

#[tokio::test]
async fn files_come_and_go_in_base64() {
    let (mut old, ann) = (Old::start().await, user(1));
    let file = json!({"file": encode_base64(b"some bytes")});
    let (status, uploaded) = old.ask("POST", "files", Some(&ann), file).await;
    assert_eq!(status, 200);
    let path = format!("files/{}", uploaded["result"]);
    let (_, downloaded) = old.ask("GET", &path, Some(&ann), json!({})).await;
    assert_eq!(downloaded["result"], encode_base64(b"some bytes"));
    assert_eq!(old.status("GET", "files/999", &ann, json!({})).await, 404);
    let large = json!({"file": encode_base64(&vec![0; 10_000_001])});
    assert_eq!(old.status("POST", "files", &ann, large).await, 413);

    let days = |days: u64| NOW.plus(std::time::Duration::from_hours(24 * days));
    old.now = days(14);
    assert_eq!(old.status("GET", &path, &ann, json!({})).await, 200);
    old.now = days(16);
    assert_eq!(old.status("GET", &path, &ann, json!({})).await, 404);
}

#[tokio::test]
async fn rooms_are_listed_and_shown() {
    let (old, ann) = (Old::start().await, user(1));
    let (_, rooms) = old.ask("GET", "rooms", None, json!({})).await;
    assert_eq!(
        rooms["rooms"],
        json!([{"id": "lounge", "name": "The Lounge"}])
    );
    let (_, room) = old.ask("GET", "rooms/LOUNGE", None, json!({})).await;
    assert_eq!(room["room"], json!({"id": "lounge", "name": "The Lounge"}));
    assert_eq!(old.ask("GET", "rooms/hidden", None, json!({})).await.0, 404);
    assert_eq!(
        old.ask("GET", "rooms/lounge/image", None, json!({}))
            .await
            .0,
        404
    );
    let (_, count) = old.ask("GET", "member_count", Some(&ann), json!({})).await;
    assert_eq!(count["member_count"], 0);

    let image = json!({"file": encode_base64(b"\x89PNG")});
    assert_eq!(
        old.status("POST", "rooms/lounge/image", &ann, image.clone())
            .await,
        403
    );
    old.make_admin(&ann).await;
    let (status, set) = old
        .ask("POST", "rooms/lounge/image", Some(&ann), image)
        .await;
    assert_eq!((status, &set["room_id"]), (200, &json!("lounge")));
    assert!(set["result"].is_i64());
    let (_, image) = old.ask("GET", "rooms/lounge/image", None, json!({})).await;
    assert_eq!(image["result"], encode_base64(b"\x89PNG"));
}

#[tokio::test]
async fn challenges_are_for_those_who_are_not_banned() {
    let (old, ann, eve) = (Old::start().await, user(1), user(3));
    let path = |client: &Client| format!("auth_token_challenge?public_key={}", id(client));
    let (status, answer) = old.ask("GET", &path(&ann), None, json!({})).await;
    assert_eq!(status, 200);
    assert!(answer["challenge"]["ciphertext"].is_string());
    let key = answer["challenge"]["ephemeral_public_key"].as_str();
    assert_eq!(key, Some(encode_base64(old.server.key.public()).as_str()));
    let known: Option<_> = old.server.tables.named(ann.id05()).await.expect("read");
    assert!(known.is_none(), "asking makes nobody known");

    old.make_admin(&ann).await;
    let target = json!({"public_key": id(&eve)});
    assert_eq!(old.status("POST", "block_list", &ann, target).await, 200);
    assert_eq!(old.ask("GET", &path(&eve), None, json!({})).await.0, 403);
    assert_eq!(
        old.ask("GET", "auth_token_challenge?public_key=05", None, json!({}))
            .await
            .0,
        400
    );
    assert_eq!(
        old.ask("POST", "claim_auth_token", None, json!({})).await.0,
        200
    );
    assert_eq!(
        old.status("DELETE", "auth_token", &ann, json!({})).await,
        200
    );
}

#[tokio::test]
async fn who_cannot_be_believed_is_told_so() {
    let (old, ann) = (Old::start().await, user(1));
    let status = async |token: Option<&str>, room: Option<&'static str>| {
        let mut headers = HeaderMap::new();
        let token = token.map(|token| HeaderValue::from_str(token).expect("ASCII"));
        headers.extend(token.map(|token| (AUTHORIZATION, token)));
        let room = room.map(HeaderValue::from_static);
        headers.extend(room.map(|room| (HeaderName::from_static("room"), room)));
        old.send("GET", "messages", headers, json!({})).await.0
    };
    let token = old.token(&ann);
    assert_eq!(status(Some(&token), Some("lounge")).await, 200);
    assert_eq!(status(Some(&token), Some("Lounge ")).await, 200);
    assert_eq!(status(None, Some("lounge")).await, 400);
    assert_eq!(status(Some("Bearer x"), Some("lounge")).await, 401);
    assert_eq!(
        status(Some(&token.replace('a', "b")), Some("lounge")).await,
        401
    );
    assert_eq!(status(Some(&token), None).await, 400);
    assert_eq!(status(Some(&token), Some("nowhere")).await, 404);
    assert_eq!(
        old.ask("PUT", "messages", Some(&ann), json!({})).await.0,
        405
    );
    assert_eq!(
        old.ask("GET", "nothing", Some(&ann), json!({})).await.0,
        404
    );
}

#[tokio::test]
async fn blinding_servers_answer_what_needs_no_user() {
    let (old, ann) = (Old::with(Naming::Blinded15).await, user(1));
    let token = old.token(&ann);
    let mut headers = HeaderMap::new();
    headers.insert("room", HeaderValue::from_static("lounge"));
    headers.insert(AUTHORIZATION, HeaderValue::from_str(&token).expect("ASCII"));
    for path in [
        "messages",
        "moderators",
        "block_list",
        "member_count",
        "files/1",
    ] {
        let (status, body) = old.send("GET", path, headers.clone(), json!({})).await;
        let said = "Invalid authentication: this server requires the use of blinded ids";
        assert_eq!((status, &body[..]), (400, said.as_bytes()), "{path}");
    }
    assert_eq!(old.ask("GET", "rooms", None, json!({})).await.0, 200);
    assert_eq!(
        old.ask("POST", "claim_auth_token", None, json!({})).await.0,
        200
    );
    let poll = json!({"requests": [{"room_id": "lounge", "auth_token": token}]});
    let (status, poll) = old.ask("POST", "compact_poll", None, poll).await;
    assert_eq!(
        (status, &poll["results"][0]["status_code"]),
        (200, &json!(400))
    );
}

#[tokio::test]
async fn numbers_from_before_an_import_still_mean_something() {
    let (old, ann) = (Old::start().await, user(1));
    let (first, second) = (old.post(&ann, b"1").await, old.post(&ann, b"2").await);
    let db = old.server.tables.store();
    let moved = Moved {
        sql: format!(
            "INSERT INTO sogs_import_room VALUES ({}, 10, {})",
            old.bed.lounge.0,
            first - 10
        ),
    };
    db.write(moved).await.expect("written");
    assert_eq!(old.messages(&ann, "?from_server_id=10").await, [second]);
    assert_eq!(
        old.messages(&ann, "?from_server_id=9").await,
        [first, second]
    );
}
