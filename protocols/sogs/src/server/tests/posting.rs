//! Posting, editing, deleting.

use serde_json::{Value, json};

use super::bench::{Bench, OPEN, Person, Way, bench, bench_with, message};
use crate::config::Rate;
use crate::wire::rooms::Defaults;

async fn put(bench: &Bench, who: &Person, id: i64, body: &Value) -> super::bench::Reply {
    bench
        .call(
            Some(who),
            "PUT",
            &format!("/room/lounge/message/{id}"),
            body,
        )
        .await
}

#[tokio::test]
async fn posts_come_in_every_way_and_have_the_keys_clients_read_back() {
    let bench = bench().await;
    let user = Person::blinded(1);
    for (seqno, way) in (1..).zip(Way::ALL) {
        let mut body = message("hi");
        // What Android adds.
        body["timestamp"] = json!(1);
        body["public_key"] = json!("05");
        body["server_id"] = json!(null);
        let body = body.to_string();
        let ask = ("POST", "/room/lounge/message");
        let reply = bench.ask(way, Some(&user), ask, body.as_bytes()).await;
        assert_eq!(reply.status, 201);
        let reply = reply.json();
        assert_eq!(
            (&reply["id"], &reply["seqno"]),
            (&json!(seqno), &json!(seqno))
        );
        assert_eq!(reply["data"], message("hi")["data"]);
        assert_eq!(reply["session_id"], bench.id(&user).to_string());
        assert_eq!(reply.get("filtered"), None);
    }
}

#[tokio::test]
async fn malformed_posts_are_refused() {
    let bench = bench().await;
    let user = Person::blinded(1);
    let short = crate::wire::encode_base64(&[1; 63]);
    let cases = [
        json!({"data": "aGk="}),
        json!({"signature": crate::wire::encode_base64(&[1; 64])}),
        json!({"data": "aGk=", "signature": short}),
        json!({"data": "?", "signature": crate::wire::encode_base64(&[1; 64])}),
        json!({"data": 1, "signature": crate::wire::encode_base64(&[1; 64])}),
        json!([]),
    ];
    for body in cases {
        let reply = bench
            .call(Some(&user), "POST", "/room/lounge/message", &body)
            .await;
        assert_eq!(reply.status, 400, "{body}");
    }
    let mut long = message("x");
    long["data"] = crate::wire::encode_base64(&vec![1; 102_401]).into();
    let reply = bench
        .call(Some(&user), "POST", "/room/lounge/message", &long)
        .await;
    assert_eq!(reply.status, 413);
    let mut empty = message("x");
    empty["data"] = "".into();
    let reply = bench
        .call(Some(&user), "POST", "/room/lounge/message", &empty)
        .await;
    assert_eq!(reply.status, 201);
}

#[tokio::test]
async fn five_posts_in_sixteen_seconds_are_enough() {
    let bench = bench_with(|config| config.limits.posts = Rate::secs(5, 16)).await;
    let (user, admin, moderator) = (
        Person::blinded(1),
        bench.admin().await,
        bench.moderator().await,
    );
    let post = async |who: &Person| {
        bench
            .call(Some(who), "POST", "/room/lounge/message", &message("x"))
            .await
    };
    for _ in 0..5 {
        assert_eq!(post(&user).await.status, 201);
        assert_eq!(post(&moderator).await.status, 201);
    }
    let reply = post(&user).await;
    assert_eq!((reply.status, &*reply.text()), (429, "Rate limited"));
    assert_eq!(post(&moderator).await.status, 429);
    for _ in 0..7 {
        assert_eq!(post(&admin).await.status, 201);
    }
    bench.clock.advance(std::time::Duration::from_secs(17));
    assert_eq!(post(&user).await.status, 201);
}

#[tokio::test]
async fn authors_edit_what_is_theirs() {
    let bench = bench().await;
    let (user, other, moderator) = (
        Person::blinded(1),
        Person::blinded(2),
        bench.moderator().await,
    );
    bench.post(&user, "before").await;
    bench.clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(
        put(&bench, &user, 1, &message("after")).await.ok(),
        json!({})
    );
    let edited = bench.get(None, "/room/lounge/message/1").await.ok();
    assert_eq!(edited["data"], message("after")["data"]);
    assert_eq!(
        (&edited["edited"], &edited["seqno"]),
        (&json!(1_700_000_001.0), &json!(2))
    );
    put(&bench, &user, 1, &message("after")).await.ok();
    let same = bench.get(None, "/room/lounge/message/1").await.ok();
    assert_eq!(same["seqno"], 2);
    for who in [&other, &moderator] {
        assert_eq!(put(&bench, who, 1, &message("mine")).await.status, 403);
    }
    assert_eq!(put(&bench, &user, 99, &message("x")).await.status, 404);
    bench
        .bare(Some(&user), "DELETE", "/room/lounge/message/1")
        .await
        .ok();
    assert_eq!(put(&bench, &user, 1, &message("x")).await.status, 404);
}

#[tokio::test]
async fn who_may_delete_what() {
    let bench = bench().await;
    let (user, other, moderator) = (
        Person::blinded(1),
        Person::blinded(2),
        bench.moderator().await,
    );
    bench.post(&user, "a").await;
    bench.post(&moderator, "b").await;
    let delete = async |who, id: i64| {
        let path = format!("/room/lounge/message/{id}");
        bench.bare(who, "DELETE", &path).await.status
    };
    assert_eq!(delete(None, 1).await, 401);
    assert_eq!(delete(Some(&other), 1).await, 403);
    assert_eq!(delete(Some(&user), 2).await, 403);
    assert_eq!(delete(Some(&moderator), 1).await, 200);
    assert_eq!(delete(Some(&moderator), 1).await, 404);
    assert_eq!(delete(Some(&other), 99).await, 404);
    bench.room("other", OPEN).await;
    let path = "/room/other/message/2";
    assert_eq!(
        bench.bare(Some(&moderator), "DELETE", path).await.status,
        404
    );
}

#[tokio::test]
async fn everything_of_somebody_is_deleted_at_once() {
    let bench = bench().await;
    let (user, other, moderator, admin) = (
        Person::blinded(1),
        Person::blinded(2),
        bench.moderator().await,
        bench.admin().await,
    );
    for who in [&user, &user, &other, &admin] {
        bench.post(who, "x").await;
    }
    let all = async |who, of: &Person| {
        let path = format!("/room/lounge/all/{}", bench.id(of));
        bench.bare(who, "DELETE", &path).await.status
    };
    assert_eq!(all(None, &user).await, 401);
    assert_eq!(all(Some(&other), &user).await, 403);
    assert_eq!(all(Some(&moderator), &admin).await, 403);
    assert_eq!(all(Some(&moderator), &Person::blinded(9)).await, 404);
    assert_eq!(all(Some(&moderator), &user).await, 200);
    assert_eq!(all(Some(&moderator), &user).await, 404);
    assert_eq!(all(Some(&other), &other).await, 200);
    let left = bench.get(None, "/room/lounge/messages/recent").await.ok();
    assert_eq!(left.as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn everything_of_somebody_everywhere() {
    let bench = bench().await;
    bench.room("second", OPEN).await;
    bench
        .room(
            "third",
            Defaults {
                write: false,
                ..OPEN
            },
        )
        .await;
    let (user, global) = (Person::blinded(1), Person::blinded(3));
    let (scope, role) = (
        crate::wire::moderation::Scope::Global,
        crate::wire::moderation::Role::Admin,
    );
    bench.role(&global, scope, role).await;
    bench.post(&user, "x").await;
    bench.post(&user, "y").await;
    let path = format!("/rooms/all/{}", bench.id(&user));
    let reply = bench.bare(Some(&global), "DELETE", &path).await.ok();
    assert_eq!(
        reply,
        json!({"total": 2, "rooms": {"lounge": 2, "second": 0, "third": 0}})
    );
    assert_eq!(bench.bare(None, "DELETE", &path).await.status, 401);
}
