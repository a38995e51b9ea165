//! Direct messages.

use serde_json::{Value, json};

use super::bench::{Bench, Person, Way, bench, bench_with};
use crate::config::{Rate, RefuseBanned};
use crate::wire::moderation::{Role, Scope};

async fn send(bench: &Bench, from: &Person, to: &Person, text: &str) -> super::bench::Reply {
    let path = format!("/inbox/{}", bench.id(to));
    let body = json!({"message": crate::wire::encode_base64(text.as_bytes())});
    bench.call(Some(from), "POST", &path, &body).await
}

async fn get(bench: &Bench, who: &Person, path: &str) -> super::bench::Reply {
    bench.get(Some(who), path).await
}

#[tokio::test]
async fn empty_boxes_are_empty_and_not_modified() {
    let bench = bench().await;
    let user = Person::blinded(1);
    for way in Way::ALL {
        for path in ["/inbox", "/outbox"] {
            assert_eq!(
                bench.ask(way, Some(&user), ("GET", path), b"").await.ok(),
                json!([])
            );
            let path = format!("{path}/since/0");
            let reply = bench.ask(way, Some(&user), ("GET", &path), b"").await;
            assert_eq!((reply.status, reply.body.len()), (304, 0));
        }
    }
}

#[tokio::test]
async fn messages_go_from_outbox_to_inbox() {
    let bench = bench().await;
    let (a, b) = (Person::blinded(1), Person::blinded(2));
    assert_eq!(send(&bench, &a, &b, "hi").await.status, 404);
    get(&bench, &b, "/inbox").await;
    let sent = send(&bench, &a, &b, "hi").await;
    let days = 15.0 * 86_400.0;
    let expected = json!({
        "id": 1, "posted_at": 1_700_000_000.0, "expires_at": 1_700_000_000.0 + days,
        "sender": bench.id(&a), "recipient": bench.id(&b),
    });
    assert_eq!((sent.status, sent.json()), (201, expected.clone()));
    let mut whole = expected;
    whole["message"] = "aGk=".into();
    for (who, path) in [(&a, "/outbox"), (&b, "/inbox"), (&b, "/inbox/since/0")] {
        assert_eq!(get(&bench, who, path).await.ok(), json!([whole]));
    }
    assert_eq!(get(&bench, &b, "/inbox/since/1").await.status, 304);
    assert_eq!(get(&bench, &b, "/outbox").await.ok(), json!([]));
    let deleted = bench.bare(Some(&b), "DELETE", "/inbox").await.ok();
    assert_eq!(deleted, json!({"deleted": 1}));
    assert_eq!(get(&bench, &b, "/inbox").await.ok(), json!([]));
}

#[tokio::test]
async fn bad_messages_and_bad_people_are_refused() {
    let bench = bench().await;
    let (a, b) = (Person::blinded(1), Person::blinded(2));
    for who in [&a, &b] {
        get(&bench, who, "/inbox").await;
    }
    let path = format!("/inbox/{}", bench.id(&b));
    for body in [json!({}), json!({"message": 1}), json!({"message": "?"})] {
        assert_eq!(bench.call(Some(&a), "POST", &path, &body).await.status, 400);
    }
    assert_eq!(bench.bare(None, "POST", &path).await.status, 401);
    let path = format!("/inbox/{}", b.client.id05());
    let body = json!({"message": "aGk="});
    assert_eq!(bench.call(Some(&a), "POST", &path, &body).await.status, 404);
    let admin = Person::blinded(3);
    bench.role(&admin, Scope::Global, Role::Admin).await;
    let path = format!("/user/{}/ban", bench.id(&b));
    bench
        .call(Some(&admin), "POST", &path, &json!({"global": true}))
        .await
        .ok();
    assert_eq!(send(&bench, &a, &b, "hi").await.status, 404);
    let reply = send(&bench, &b, &a, "hi").await;
    assert_eq!((reply.status, &*reply.text()), (403, "Banned"));
}

#[tokio::test]
async fn operators_keep_floods_down() {
    let bench = bench_with(|config| {
        config.direct_messages.rate_per_recipient = Rate::secs(2, 60);
        config.direct_messages.refuse_banned = RefuseBanned::AllRooms;
    })
    .await;
    let (a, b) = (Person::blinded(1), Person::blinded(2));
    for who in [&a, &b] {
        get(&bench, who, "/inbox").await;
    }
    let mut codes = Vec::new();
    for _ in 0..3 {
        codes.push(send(&bench, &a, &b, "hi").await.status);
    }
    assert_eq!(codes, [201, 201, 429]);
    let path = format!("/user/{}/ban", bench.id(&b));
    let body: Value = json!({"rooms": ["lounge"]});
    bench
        .call(Some(&bench.moderator().await), "POST", &path, &body)
        .await
        .ok();
    assert_eq!(send(&bench, &b, &a, "hi").await.status, 403);
}
