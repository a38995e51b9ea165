//! Reading messages: pages, numbers, tombstones, whispers.

use serde_json::{Value, json};

use super::bench::{Bench, Person, Way, bench, message};

fn ids(list: &Value) -> Vec<i64> {
    let list = list.as_array().expect("a list").iter();
    list.map(|message| message["id"].as_i64().expect("an id"))
        .collect()
}

async fn read(bench: &Bench, who: Option<&Person>, path: &str) -> Value {
    bench.get(who, &format!("/room/lounge/{path}")).await.ok()
}

#[tokio::test]
async fn lists_have_their_order_and_limits() {
    let bench = bench().await;
    let user = Person::blinded(1);
    for n in 0..120 {
        bench.post(&user, &n.to_string()).await;
    }
    let all: Vec<i64> = (1..=120).collect();
    let newest_first =
        |range: std::ops::Range<usize>| -> Vec<i64> { all[range].iter().rev().copied().collect() };
    assert_eq!(
        ids(&read(&bench, None, "messages/recent").await),
        newest_first(20..120)
    );
    assert_eq!(
        ids(&read(&bench, None, "messages/recent?limit=2&t=r").await),
        [120, 119]
    );
    assert_eq!(
        ids(&read(&bench, None, "messages/recent?limit=0").await),
        [120]
    );
    assert_eq!(
        ids(&read(&bench, None, "messages/recent?limit=9999").await),
        newest_first(0..120)
    );
    assert_eq!(
        ids(&read(&bench, None, "messages/before/20").await),
        newest_first(0..19)
    );
    assert_eq!(
        ids(&read(&bench, None, "messages/since/0").await),
        all[..100]
    );
    assert_eq!(
        ids(&read(&bench, None, "messages/since/100").await),
        all[100..]
    );
    assert_eq!(ids(&read(&bench, None, "messages/since/120").await), [0; 0]);
    let bad = bench
        .get(None, "/room/lounge/messages/recent?limit=many")
        .await;
    assert_eq!(bad.status, 400);
}

#[tokio::test]
async fn a_message_is_told_in_every_way_alike() {
    let bench = bench().await;
    let user = Person::blinded(1);
    let posted = bench.post(&user, "hello").await;
    let expected = json!({
        "id": 1, "session_id": bench.id(&user), "posted": 1_700_000_000.0, "seqno": 1,
        "data": message("hello")["data"], "signature": message("hello")["signature"],
        "reactions": {},
    });
    assert_eq!(posted, expected);
    for way in Way::ALL {
        for path in ["messages/recent", "messages/since/0", "messages/before/2"] {
            let path = format!("/room/lounge/{path}");
            assert_eq!(
                bench.ask(way, None, ("GET", &path), b"").await.ok(),
                json!([expected])
            );
        }
        let path = "/room/lounge/message/1";
        assert_eq!(
            bench.ask(way, None, ("GET", path), b"").await.ok(),
            expected
        );
    }
}

#[tokio::test]
async fn deletions_are_told_to_those_who_can_know_the_message() {
    let bench = bench().await;
    let user = Person::blinded(1);
    for text in ["a", "b", "c"] {
        bench.post(&user, text).await;
    }
    bench.clock.advance(std::time::Duration::from_secs(2));
    assert_eq!(
        bench
            .bare(Some(&user), "DELETE", "/room/lounge/message/2")
            .await
            .ok(),
        json!({})
    );
    assert_eq!(ids(&read(&bench, None, "messages/since/0").await), [1, 3]);
    assert_eq!(ids(&read(&bench, None, "messages/since/1").await), [3]);
    let since = read(&bench, None, "messages/since/3").await;
    let tombstone = json!([{
        "id": 2, "session_id": bench.id(&user), "posted": 1_700_000_000.0,
        "edited": 1_700_000_002.0, "seqno": 4, "data": null, "deleted": true,
    }]);
    assert_eq!(since, tombstone);
    assert_eq!(ids(&read(&bench, None, "messages/recent").await), [3, 1]);
    assert_eq!(bench.get(None, "/room/lounge/message/2").await.status, 404);
    assert_eq!(
        bench
            .bare(Some(&user), "DELETE", "/room/lounge/message/2")
            .await
            .status,
        404
    );
}

/// The texts of all whispers somebody reads.
async fn seen(bench: &Bench, who: Option<&Person>) -> Vec<i64> {
    let recent = ids(&read(bench, who, "messages/recent").await);
    let mut since = ids(&read(bench, who, "messages/since/0?t=r").await);
    since.reverse();
    assert_eq!(recent, since);
    for id in 1..=4 {
        let one = bench.get(who, &format!("/room/lounge/message/{id}")).await;
        assert_eq!(one.status == 200, recent.contains(&id), "{id}");
    }
    recent
}

#[tokio::test]
async fn whispers_are_read_by_whom_they_are_for() {
    let bench = bench().await;
    let (moderator, user, other) = (
        bench.moderator().await,
        Person::blinded(1),
        Person::blinded(2),
    );
    bench.get(Some(&user), "/capabilities").await;
    let post = async |who: &Person, more: Value| {
        let mut body = message("psst");
        for (key, value) in more.as_object().expect("an object") {
            body[key] = value.clone();
        }
        bench
            .call(Some(who), "POST", "/room/lounge/message", &body)
            .await
    };
    let to = bench.id(&user);
    assert_eq!(post(&moderator, json!({})).await.status, 201);
    let whisper = post(&moderator, json!({"whisper_to": to})).await.ok();
    assert_eq!(
        (&whisper["whisper"], &whisper["whisper_mods"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(whisper["whisper_to"], to.to_string());
    let whisper = post(&moderator, json!({"whisper_mods": 1})).await.ok();
    assert_eq!(
        (whisper.get("whisper_to"), &whisper["whisper_mods"]),
        (None, &json!(true))
    );
    post(&moderator, json!({"whisper_to": to, "whisper_mods": true}))
        .await
        .ok();
    assert_eq!(seen(&bench, Some(&moderator)).await, [4, 3, 2, 1]);
    assert_eq!(seen(&bench, Some(&user)).await, [4, 2, 1]);
    assert_eq!(seen(&bench, Some(&other)).await, [1]);
    assert_eq!(seen(&bench, None).await, [1]);
    assert_eq!(post(&user, json!({"whisper_to": to})).await.status, 403);
    assert_eq!(post(&user, json!({"whisper_mods": true})).await.status, 403);
    assert_eq!(
        post(&moderator, json!({"whisper_to": "15aa"})).await.status,
        400
    );
    let path = "/room/lounge/reaction/2/x";
    assert_eq!(bench.bare(Some(&user), "PUT", path).await.status, 404);
    assert_eq!(
        bench
            .bare(Some(&bench.admin().await), "POST", "/room/lounge/pin/2")
            .await
            .status,
        404
    );
}
