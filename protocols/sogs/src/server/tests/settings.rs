//! Settings that no other test turns, and what each of them does to what clients may.

use std::time::Duration;

use relay_core::config::{ByteSize, Span};
use serde_json::{Value, json};

use super::bench::{Bench, Person, Reply, START, bench_with, message};
use crate::config::Rate;
use crate::domain::filter::words::WordList;
use crate::wire::encode_base64;

const MINUTE: Duration = Duration::from_mins(1);

async fn post(bench: &Bench, who: &Person, body: &Value) -> u16 {
    let reply = bench.call(Some(who), "POST", "/room/lounge/message", body);
    reply.await.status
}

async fn react(bench: &Bench, who: &Person, emoji: &str) -> u16 {
    let path = format!("/room/lounge/reaction/1/{emoji}");
    bench.bare(Some(who), "PUT", &path).await.status
}

async fn upload(bench: &Bench, who: &Person) -> Reply {
    bench.bare(Some(who), "POST", "/room/lounge/file").await
}

async fn send(bench: &Bench, from: &Person, to: &Person, text: &str) -> u16 {
    let path = format!("/inbox/{}", bench.id(to));
    let body = json!({"message": encode_base64(text.as_bytes())});
    bench.call(Some(from), "POST", &path, &body).await.status
}

/// People whom the server knows.
async fn people(bench: &Bench) -> [Person; 3] {
    let people = [1, 2, 3].map(Person::blinded);
    for person in &people {
        bench.get(Some(person), "/inbox").await.ok();
    }
    people
}

#[tokio::test]
async fn rooms_have_limits_for_all_of_their_users() {
    let bench = bench_with(|config| {
        config.limits.room_reactions = Rate::secs(2, 60);
        config.limits.room_uploads = Rate::secs(1, 60);
    })
    .await;
    let [a, b, c] = people(&bench).await;
    bench.post(&a, "x").await;
    let reactions = [&a, &b, &c].map(|who| react(&bench, who, "+"));
    let [first, second, third] = reactions;
    assert_eq!([first.await, second.await, third.await], [200, 200, 429]);
    assert_eq!(upload(&bench, &a).await.status, 201);
    assert_eq!(upload(&bench, &b).await.status, 429);
    assert_eq!(upload(&bench, &bench.admin().await).await.status, 201);
}

#[tokio::test]
async fn new_users_wait_with_everything_they_are_told_to_wait_with() {
    let bench = bench_with(|config| {
        config.new_users.react_after = Span::secs(60);
        config.new_users.upload_after = Span::secs(60);
        config.new_users.direct_message_after = Span::secs(60);
    })
    .await;
    let [a, b, _] = people(&bench).await;
    bench.post(&a, "x").await;
    let all = async || {
        [
            react(&bench, &a, "+").await,
            upload(&bench, &a).await.status,
            send(&bench, &a, &b, "hi").await,
        ]
    };
    assert_eq!(all().await, [403, 403, 403]);
    bench.clock.advance(MINUTE);
    assert_eq!(all().await, [200, 201, 201]);
}

#[tokio::test]
async fn direct_messages_can_be_switched_off() {
    let bench = bench_with(|config| config.direct_messages.enabled = false).await;
    let [a, b, _] = people(&bench).await;
    assert_eq!(send(&bench, &a, &b, "hi").await, 403);
}

#[tokio::test]
async fn direct_messages_have_a_size_and_a_life() {
    let bench = bench_with(|config| {
        config.direct_messages.max_size = ByteSize::bytes(5);
        config.direct_messages.expiry = Span::secs(60);
    })
    .await;
    let [a, b, _] = people(&bench).await;
    let sizes = ["short", "longer"].map(|text| send(&bench, &a, &b, text));
    let [short, long] = sizes;
    assert_eq!([short.await, long.await], [201, 413]);
    let inbox = bench.get(Some(&b), "/inbox").await.ok();
    assert_eq!(inbox[0]["expires_at"], 1_700_000_060.0);
    bench.clock.advance(MINUTE);
    assert_eq!(bench.get(Some(&b), "/inbox").await.ok(), json!([]));
}

#[tokio::test]
async fn direct_messages_are_limited_by_sender_recipients_and_inbox() {
    let bench = bench_with(|config| config.direct_messages.rate = Rate::secs(1, 60)).await;
    let [a, b, c] = people(&bench).await;
    assert_eq!(send(&bench, &a, &b, "hi").await, 201);
    assert_eq!(send(&bench, &a, &c, "hi").await, 429);

    let bench = bench_with(|config| config.direct_messages.recipients = Rate::secs(1, 60)).await;
    let [a, b, c] = people(&bench).await;
    assert_eq!(send(&bench, &a, &b, "hi").await, 201);
    assert_eq!(send(&bench, &a, &b, "again").await, 201);
    assert_eq!(send(&bench, &a, &c, "hi").await, 429);

    let bench = bench_with(|config| config.direct_messages.max_inbox = 1).await;
    let [a, b, c] = people(&bench).await;
    assert_eq!(send(&bench, &a, &c, "hi").await, 201);
    assert_eq!(send(&bench, &b, &c, "hi").await, 429);
    assert_eq!(send(&bench, &b, &a, "hi").await, 201);
}

#[tokio::test]
async fn lists_and_their_reactors_have_lengths() {
    let bench = bench_with(|config| {
        (config.messages.default_list, config.messages.max_list) = (2, 3);
        config.messages.default_reactors = 1;
        config.messages.max_reactors = 2;
    })
    .await;
    let [a, b, c] = people(&bench).await;
    for _ in 0..4 {
        bench.post(&a, "x").await;
    }
    for who in [&a, &b, &c] {
        assert_eq!(react(&bench, who, "+").await, 200);
    }
    let list = async |query: &str| {
        let path = format!("/room/lounge/messages/recent{query}");
        bench.get(None, &path).await.ok().as_array().map(Vec::len)
    };
    assert_eq!([list("").await, list("?limit=9").await], [Some(2), Some(3)]);
    let named = async |query: &str| {
        let path = format!("/room/lounge/message/1{query}");
        let message = bench.get(None, &path).await.ok();
        message["reactions"]["+"]["reactors"]
            .as_array()
            .map(Vec::len)
    };
    let lengths = [named("").await, named("?reactors=9").await];
    assert_eq!(lengths, [Some(1), Some(2)]);
}

#[tokio::test]
async fn messages_and_reactions_have_a_size() {
    let bench = bench_with(|config| {
        config.messages.max_size = ByteSize::bytes(10);
        config.messages.max_reaction = 2;
    })
    .await;
    let [a, ..] = people(&bench).await;
    assert_eq!(post(&bench, &a, &message("short")).await, 201);
    assert_eq!(post(&bench, &a, &message("rather long")).await, 413);
    assert_eq!(react(&bench, &a, "ab").await, 200);
    assert_eq!(react(&bench, &a, "abc").await, 400);
}

#[tokio::test]
async fn moderators_are_filtered_if_they_are_to_be_and_by_the_operators_words() {
    let bench = bench_with(|config| {
        config.filter.profanity = true;
        config.filter.profanity_silent = false;
        config.filter.filter_moderators = true;
    })
    .await;
    bench.server.set_words(WordList::parse("flub"));
    let moderator = bench.moderator().await;
    let content = |text| {
        let data = crate::wire::content::reply(text, "Somebody", START);
        json!({"data": encode_base64(&data), "signature": encode_base64(&[1; 64])})
    };
    assert_eq!(post(&bench, &moderator, &content("what a flub")).await, 429);
    assert_eq!(post(&bench, &moderator, &content("what a fuck")).await, 201);
}

#[tokio::test]
async fn files_have_a_life_with_and_without_a_message() {
    let bench = bench_with(|config| {
        config.files.unattached_expiry = Span::secs(60);
        config.files.attach_window = Span::secs(30);
        config.files.expiry = Span::secs(120);
    })
    .await;
    let [a, ..] = people(&bench).await;
    for _ in 0..3 {
        upload(&bench, &a).await;
    }
    let attach = async |file: i64| {
        let mut body = message("x");
        body["files"] = json!([file]);
        assert_eq!(post(&bench, &a, &body).await, 201);
    };
    attach(1).await;
    bench.clock.advance(Duration::from_secs(40));
    attach(2).await;
    bench.clock.advance(Duration::from_secs(30));
    let there = async || {
        let mut codes = Vec::new();
        for id in 1..=3 {
            let path = format!("/room/lounge/file/{id}");
            codes.push(bench.get(None, &path).await.status);
        }
        codes
    };
    assert_eq!(there().await, [200, 404, 404]);
    bench.clock.advance(MINUTE);
    assert_eq!(there().await, [404, 404, 404]);
}

#[tokio::test]
async fn files_of_a_pinned_message_stay_however_they_came_to_it() {
    let bench = bench_with(|config| config.files.expiry = Span::secs(60)).await;
    let admin = bench.admin().await;
    for _ in 0..2 {
        upload(&bench, &admin).await;
    }
    bench.post(&admin, "x").await;
    bench
        .bare(Some(&admin), "POST", "/room/lounge/pin/1")
        .await
        .ok();
    let mut edited = message("with a file");
    edited["files"] = json!([1]);
    let edit = bench.call(Some(&admin), "PUT", "/room/lounge/message/1", &edited);
    edit.await.ok();
    let mut other = message("not pinned");
    other["files"] = json!([2]);
    assert_eq!(post(&bench, &admin, &other).await, 201);
    bench.clock.advance(2 * MINUTE);
    let status = async |id: i64| {
        let path = format!("/room/lounge/file/{id}");
        bench.get(None, &path).await.status
    };
    assert_eq!([status(1).await, status(2).await], [200, 404]);
    bench
        .bare(Some(&admin), "POST", "/room/lounge/unpin/1")
        .await
        .ok();
    assert_eq!(status(1).await, 404);
}

#[tokio::test]
async fn clocks_may_be_off_by_what_is_tolerated_and_nonces_come_again_later() {
    let bench = bench_with(|config| {
        config.auth.clock_tolerance = Span::secs(60);
        config.auth.read_nonce_expiry = Span::secs(30);
    })
    .await;
    let [a, ..] = people(&bench).await;
    let request = crate::client::Request {
        method: "GET",
        target: "/inbox",
        body: b"",
    };
    let signed = request.sign(&a.client, a.signs, bench.key.public(), bench.fresh());
    let again = async || bench.send(request, &signed).await.status;
    assert_eq!([again().await, again().await], [200, 425]);
    bench.clock.advance(Duration::from_secs(31));
    assert_eq!(again().await, 200);
    bench.clock.advance(Duration::from_secs(30));
    assert_eq!(again().await, 425);
}
