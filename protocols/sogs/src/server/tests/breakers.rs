//! The thirteen things that break clients, each at the level of bytes. Those that other files show
//! in passing are named here again, so that none gets lost.

use serde_json::{Value, json};

use super::bench::{Person, Way, bench, message};
use crate::client::Request;

#[tokio::test]
async fn content_types_are_exactly_these() {
    let bench = bench().await;
    for way in Way::ALL {
        let json = bench.ask(way, None, ("GET", "/rooms"), b"").await;
        assert_eq!(json.content_type(), "application/json");
        let refused = bench.ask(way, None, ("GET", "/inbox"), b"").await;
        assert_eq!(refused.content_type(), "text/plain; charset=utf-8");
    }
}

#[tokio::test]
async fn inner_headers_of_a_batch_do_not_count() {
    let bench = bench().await;
    let user = Person::blinded(1);
    let stale = json!({
        "X-SOGS-PubKey": "00".repeat(33), "X-SOGS-Nonce": "x", "Room": "lounge",
        "Content-Length": "2",
    });
    let part = json!({
        "method": "POST", "path": "/room/lounge/message", "json": message("hi"), "headers": stale,
    });
    let reply = bench
        .call(Some(&user), "POST", "/batch", &json!([part]))
        .await
        .ok();
    assert_eq!(reply[0]["code"], 201);
    assert_eq!(reply[0]["body"]["session_id"], bench.id(&user).to_string());
}

#[tokio::test]
async fn every_part_has_code_headers_and_body() {
    let bench = bench().await;
    let user = Person::blinded(1);
    let paths = [
        "/capabilities",
        "/inbox/since/0",
        "/nowhere",
        "/room/lounge/message/9",
        "/inbox",
    ];
    let parts = paths.map(|path| json!({"method": "GET", "path": path}));
    let reply = bench
        .call(Some(&user), "POST", "/batch", &json!(parts))
        .await
        .ok();
    let reply = reply.as_array().expect("a list");
    assert_eq!(reply.len(), paths.len());
    for part in reply {
        assert!(part["code"].is_u64() && part["headers"].is_object() && part.get("body").is_some());
    }
    let codes: Vec<_> = reply.iter().map(|part| part["code"].clone()).collect();
    assert_eq!(codes, [200, 304, 404, 404, 200]);
    assert_eq!(
        (&reply[1]["headers"], &reply[1]["body"]),
        (&json!({}), &json!(""))
    );
    assert!(reply[2]["body"].is_string());
}

#[tokio::test]
async fn padding_comes_back_to_the_byte() {
    let bench = bench().await;
    let user = Person::blinded(1);
    let bodies: [&[u8]; 5] = [b"", b"x", b"x\x80", b"x\x80\0\0\0\0", b"\x80\0"];
    for (id, body) in (1..).zip(bodies) {
        let mut post = message("");
        post["data"] = crate::wire::encode_base64(body).into();
        let posted = bench
            .call(Some(&user), "POST", "/room/lounge/message", &post)
            .await
            .ok();
        let read = bench
            .get(None, &format!("/room/lounge/message/{id}"))
            .await
            .ok();
        assert_eq!(
            (&posted["data"], &read["data"]),
            (&post["data"], &post["data"])
        );
    }
}

#[tokio::test]
async fn signatures_cover_the_decoded_path_and_the_raw_query() {
    let bench = bench().await;
    let user = Person::blinded(1);
    bench.post(&user, "x").await;
    let paths = [
        "/room/lounge/reaction/1/🍍",
        "/room/lounge/reaction/1/%F0%9F%8D%8D",
        "/%72oom/lounge/reaction/1/%f0%9f%8d%8d",
    ];
    for path in paths {
        for way in [Way::Aes, Way::Batch] {
            let reply = bench.ask(way, Some(&user), ("PUT", path), b"").await;
            let reply = if reply.status == 400 {
                bench.ask(way, Some(&user), ("PUT", path), b"{}").await
            } else {
                reply
            };
            assert_eq!(reply.status, 200, "{path} {way:?}");
        }
    }
    let path = "/room/lounge/messages/recent?limit=%31&t=r%20x";
    for way in Way::ALL {
        let reply = bench.ask(way, Some(&user), ("GET", path), b"").await.ok();
        assert_eq!(reply.as_array().map(Vec::len), Some(1));
    }
}

#[tokio::test]
async fn nothing_optional_is_null() {
    let bench = bench().await;
    bench.post(&Person::blinded(1), "x").await;
    for path in ["/rooms", "/room/lounge", "/room/lounge/messages/recent"] {
        let reply = bench.get(None, path).await.ok();
        assert!(!reply.to_string().contains("null"), "{path}");
    }
}

#[tokio::test]
async fn a_poll_as_desktop_sends_it() {
    let bench = bench().await;
    let user = Person::blinded(1);
    bench.post(&user, "x").await;
    let parts = [
        "/capabilities",
        "/room/lounge/pollInfo/0",
        "/room/lounge/messages/since/0?t=r&reactors=5",
        "/inbox",
        "/outbox/since/0",
    ];
    let parts = parts.map(|path| json!({"method": "GET", "path": path}));
    let body = json!(parts).to_string();
    let batch = Request {
        method: "POST",
        target: "/batch",
        body: body.as_bytes(),
    };
    let mut headers = batch
        .sign(&user.client, user.signs, bench.key.public(), bench.fresh())
        .to_vec();
    headers.push(("Content-Type", "application/json".to_owned()));
    let reply = bench
        .onion(crate::crypto::Encryption::AesGcm, batch, &headers)
        .await;
    assert_eq!(reply.headers.len(), 1);
    let reply: Value = reply.ok();
    assert_eq!(reply[1]["body"]["details"]["info_updates"], 0);
    assert_eq!(reply[2]["body"][0]["seqno"], 1);
    assert_eq!(
        (&reply[3]["body"], &reply[4]["code"]),
        (&json!([]), &json!(304))
    );
}

#[tokio::test]
async fn a_get_may_carry_a_content_type() {
    let bench = bench().await;
    let get = Request {
        method: "GET",
        target: "/room/lounge",
        body: b"",
    };
    let headers = [("Content-Type", "application/json".to_owned())];
    assert_eq!(bench.send(get, &headers).await.status, 200);
}
