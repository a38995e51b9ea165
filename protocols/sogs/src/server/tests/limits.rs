//! Limits of the operator's.

use std::time::Duration;

use relay_core::config::Span;
use serde_json::json;

use super::bench::{Bench, Person, bench_with, message};
use crate::config::{Rate, SignatureCheck};

async fn post(bench: &Bench, who: &Person) -> u16 {
    let reply = bench
        .call(Some(who), "POST", "/room/lounge/message", &message("x"))
        .await;
    reply.status
}

#[tokio::test]
async fn slow_rooms_make_users_wait() {
    let bench = bench_with(|config| config.limits.slow_mode = Span::secs(30)).await;
    let (user, moderator) = (Person::blinded(1), bench.moderator().await);
    assert_eq!(
        [post(&bench, &user).await, post(&bench, &user).await],
        [201, 429]
    );
    assert_eq!(
        [
            post(&bench, &moderator).await,
            post(&bench, &moderator).await
        ],
        [201, 201]
    );
    bench.clock.advance(Duration::from_secs(30));
    assert_eq!(post(&bench, &user).await, 201);
}

#[tokio::test]
async fn a_room_takes_only_so_many_posts() {
    let bench = bench_with(|config| config.limits.room_posts = Rate::secs(2, 60)).await;
    let mut codes = Vec::new();
    for seed in 1..=3 {
        codes.push(post(&bench, &Person::blinded(seed)).await);
    }
    assert_eq!(codes, [201, 201, 429]);
    assert_eq!(post(&bench, &bench.admin().await).await, 201);
}

#[tokio::test]
async fn new_users_wait_before_they_post() {
    let bench = bench_with(|config| config.new_users.post_after = Span::secs(60)).await;
    let (early, named, moderator) = (
        Person::blinded(1),
        Person::blinded(2),
        bench.moderator().await,
    );
    assert_eq!(post(&bench, &early).await, 403);
    let path = format!("/room/lounge/permissions/{}", bench.id(&named));
    bench
        .call(Some(&moderator), "POST", &path, &json!({"write": true}))
        .await
        .ok();
    assert_eq!(post(&bench, &named).await, 201);
    bench.clock.advance(Duration::from_mins(1));
    assert_eq!(post(&bench, &early).await, 201);
}

#[tokio::test]
async fn reactions_and_uploads_are_limited() {
    let bench = bench_with(|config| {
        config.limits.reactions = Rate::secs(2, 10);
        config.limits.uploads = Rate::secs(1, 10);
    })
    .await;
    let user = Person::blinded(1);
    post(&bench, &user).await;
    let mut codes = Vec::new();
    for emoji in ["a", "b", "c"] {
        let path = format!("/room/lounge/reaction/1/{emoji}");
        codes.push(bench.bare(Some(&user), "PUT", &path).await.status);
    }
    assert_eq!(codes, [200, 200, 429]);
    let upload = async || {
        bench
            .bare(Some(&user), "POST", "/room/lounge/file")
            .await
            .status
    };
    assert_eq!([upload().await, upload().await], [201, 429]);
}

#[tokio::test]
async fn forged_messages_are_refused_where_that_is_switched_on() {
    let bench =
        bench_with(|config| config.messages.check_signatures = SignatureCheck::Reject).await;
    let user = Person::blinded(1);
    assert_eq!(post(&bench, &user).await, 400);
    let data = [b"hi".as_slice(), &[0x80]].concat();
    let signature = user.client.sign15(&bench.key.blinding(), &data);
    let body = json!({
        "data": crate::wire::encode_base64(&data),
        "signature": crate::wire::encode_base64(&signature),
    });
    let reply = bench
        .call(Some(&user), "POST", "/room/lounge/message", &body)
        .await;
    assert_eq!(reply.status, 201);
}

#[tokio::test]
async fn long_batches_are_refused_whole() {
    let bench = bench_with(|config| config.limits.batch = 3).await;
    let part = json!({"method": "GET", "path": "/capabilities"});
    let batch = async |parts: usize| {
        let body = json!(vec![part.clone(); parts]);
        bench.call(None, "POST", "/batch", &body).await.status
    };
    assert_eq!([batch(3).await, batch(4).await], [200, 400]);
}
