//! Reactions: orders, counts, encodings, updates of reactions alone.

use serde_json::{Value, json};

use super::bench::{Person, Way, bench};

fn path(id: i64, emoji: &str) -> String {
    format!("/room/lounge/reaction/{id}/{emoji}")
}

#[tokio::test]
async fn reactions_are_added_taken_back_and_counted() {
    let bench = bench().await;
    let (a, b, moderator) = (
        Person::blinded(1),
        Person::blinded(2),
        bench.moderator().await,
    );
    bench.post(&a, "x").await;
    let react = async |who, method: &str, emoji: &str| {
        bench.clock.advance(std::time::Duration::from_millis(10));
        bench.bare(who, method, &path(1, emoji)).await
    };
    assert_eq!(
        react(Some(&a), "PUT", "👍").await.ok(),
        json!({"added": true, "seqno": 2})
    );
    assert_eq!(
        react(Some(&a), "PUT", "👍").await.ok(),
        json!({"added": false, "seqno": 2})
    );
    assert_eq!(
        react(Some(&b), "PUT", "%F0%9F%91%8D").await.ok(),
        json!({"added": true, "seqno": 3})
    );
    assert_eq!(
        react(Some(&b), "PUT", "y/n").await.ok(),
        json!({"added": true, "seqno": 4})
    );
    assert_eq!(react(None, "PUT", "x").await.status, 401);
    assert_eq!(react(Some(&a), "PUT", "1234567890123").await.status, 400);
    assert_eq!(bench.bare(Some(&a), "PUT", &path(9, "x")).await.status, 404);
    let read = async |who, query: &str| {
        let message = bench
            .get(who, &format!("/room/lounge/message/1{query}"))
            .await
            .ok();
        message["reactions"].clone()
    };
    let (id_a, id_b) = (bench.id(&a), bench.id(&b));
    let expected = json!({
        "👍": {"index": 0, "count": 2, "reactors": [id_a, id_b], "you": true},
        "y/n": {"index": 1, "count": 1, "reactors": [id_b]},
    });
    assert_eq!(read(Some(&a), "").await, expected);
    let counts = json!({"👍": {"index": 0, "count": 2}, "y/n": {"index": 1, "count": 1}});
    assert_eq!(read(None, "?reactors=0").await, counts);
    assert_eq!(
        read(None, "?reactors=1").await["👍"]["reactors"],
        json!([id_a])
    );
    let reactors = bench.get(None, "/room/lounge/reactors/1/👍").await.ok();
    assert_eq!(
        (&reactors[0][0], &reactors[1][0]),
        (&json!(id_a), &json!(id_b))
    );
    let one = bench
        .get(None, "/room/lounge/reactors/1/👍?limit=1")
        .await
        .ok();
    assert_eq!(one.as_array().map(Vec::len), Some(1));
    assert_eq!(
        react(Some(&a), "DELETE", "👍").await.ok(),
        json!({"removed": true, "seqno": 5})
    );
    assert_eq!(
        react(Some(&a), "DELETE", "👍").await.ok(),
        json!({"removed": false, "seqno": 5})
    );
    let all = "/room/lounge/reactions/1";
    assert_eq!(bench.bare(Some(&a), "DELETE", all).await.status, 403);
    let one_kind = bench
        .bare(Some(&moderator), "DELETE", &format!("{all}/👍"))
        .await
        .ok();
    assert_eq!(one_kind["removed"], 1);
    let rest = bench.bare(Some(&moderator), "DELETE", all).await.ok();
    assert_eq!(rest["removed"], 1);
    assert_eq!(read(None, "").await, json!({}));
}

#[tokio::test]
async fn a_kind_that_comes_back_goes_last() {
    let bench = bench().await;
    let user = Person::blinded(1);
    bench.post(&user, "x").await;
    let react = async |method: &str, emoji: &str| {
        bench.clock.advance(std::time::Duration::from_millis(10));
        bench.bare(Some(&user), method, &path(1, emoji)).await.ok();
    };
    for emoji in ["a", "b", "c"] {
        react("PUT", emoji).await;
    }
    react("DELETE", "a").await;
    react("PUT", "a").await;
    let message = bench.get(None, "/room/lounge/message/1").await.ok();
    let index = |emoji: &str| message["reactions"][emoji]["index"].clone();
    assert_eq!([index("b"), index("c"), index("a")], [0, 1, 2]);
}

#[tokio::test]
async fn pollers_get_changes_of_reactions_alone() {
    let bench = bench().await;
    let user = Person::blinded(1);
    bench.post(&user, "x").await;
    bench.post(&user, "y").await;
    bench.bare(Some(&user), "PUT", &path(1, "👍")).await.ok();
    for way in Way::ALL {
        let since = async |path: &str| {
            let path = format!("/room/lounge/messages/since/{path}");
            bench.ask(way, None, ("GET", &path), b"").await.ok()
        };
        assert_eq!(since("2").await, json!([]));
        let news = since("2?t=r&reactors=5").await;
        let reactions = json!({"👍": {"index": 0, "count": 1, "reactors": [bench.id(&user)]}});
        assert_eq!(news, json!([{"id": 1, "seqno": 3, "reactions": reactions}]));
        let all = since("0?t=r").await;
        let seqnos = |list: &Value| [list[0]["seqno"].clone(), list[1]["seqno"].clone()];
        assert_eq!(seqnos(&all), [2, 3]);
        assert!(all[1].as_object().expect("a message").contains_key("data"));
    }
}

#[tokio::test]
async fn bodies_of_reactions_do_not_matter() {
    let bench = bench().await;
    let user = Person::blinded(1);
    bench.post(&user, "x").await;
    for (emoji, body) in [("a", b"".as_slice()), ("b", b"{}")] {
        let ask = ("PUT", path(1, emoji));
        let reply = bench
            .ask(Way::XChaCha, Some(&user), (ask.0, &ask.1), body)
            .await;
        assert_eq!(reply.ok()["added"], true);
    }
}
