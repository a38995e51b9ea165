//! Filters: silent ones, loud ones, and what is answered.

use relay_core::clock::UnixTime;
use serde_json::{Value, json};

use super::bench::{Bench, Person, bench_with};
use crate::config::{AlphabetName, ReplyConfig};
use crate::wire::{content, encode_base64};

fn said(text: &str) -> Value {
    let data = content::reply(text, "Somebody", UnixTime::from_secs(0));
    json!({"data": encode_base64(&data), "signature": encode_base64(&[1; 64])})
}

async fn post(bench: &Bench, who: &Person, text: &str) -> super::bench::Reply {
    bench
        .call(Some(who), "POST", "/room/lounge/message", &said(text))
        .await
}

async fn count(bench: &Bench, who: Option<&Person>) -> usize {
    let recent = bench.get(who, "/room/lounge/messages/recent").await.ok();
    recent.as_array().expect("a list").len()
}

#[tokio::test]
async fn a_silent_filter_lets_its_author_believe() {
    let bench = bench_with(|config| config.filter.alphabets = vec![AlphabetName::Cyrillic]).await;
    let (user, moderator) = (Person::blinded(1), bench.moderator().await);
    let reply = post(&bench, &user, "привет").await;
    assert_eq!(
        (reply.status, &reply.json()["filtered"]),
        (201, &json!(true))
    );
    assert_eq!(count(&bench, Some(&user)).await, 0);
    assert_eq!(
        bench
            .get(Some(&user), "/room/lounge/message/1")
            .await
            .status,
        404
    );
    assert_eq!(post(&bench, &user, "hello").await.ok()["seqno"], 2);
    assert_eq!(
        post(&bench, &moderator, "привет")
            .await
            .ok()
            .get("filtered"),
        None
    );
    assert_eq!(count(&bench, None).await, 2);
    let edit = bench
        .call(
            Some(&user),
            "PUT",
            "/room/lounge/message/2",
            &said("привет"),
        )
        .await;
    assert_eq!(edit.ok(), json!({}));
    let message = bench.get(None, "/room/lounge/message/2").await.ok();
    assert_eq!(message["data"], said("hello")["data"]);
}

#[tokio::test]
async fn a_loud_filter_says_why() {
    let bench = bench_with(|config| {
        config.filter.profanity = true;
        config.filter.profanity_silent = false;
        config.filter.alphabets = vec![AlphabetName::Arabic];
        config.filter.alphabet_silent = false;
    })
    .await;
    let user = Person::blinded(1);
    let reply = post(&bench, &user, "what the fuck").await;
    assert_eq!(
        (reply.status, &*reply.text()),
        (429, "filtration rejected message (profanity)")
    );
    let reply = post(&bench, &user, "مرحبا").await;
    assert_eq!(
        (reply.status, &*reply.text()),
        (429, "filtration rejected message (alphabet)")
    );
    assert_eq!(count(&bench, None).await, 0);
}

#[tokio::test]
async fn filters_answer_in_a_whisper() {
    for silent in [true, false] {
        let bench = bench_with(|config| {
            config.filter.profanity = true;
            config.filter.profanity_silent = silent;
            config.filter.replies = vec![ReplyConfig {
                replies: Some(vec!["Mind your words, \\p, in \\r".to_owned()]),
                profile_name: Some("Mother".to_owned()),
                ..ReplyConfig::default()
            }];
        })
        .await;
        let user = Person::blinded(1);
        post(&bench, &user, "what the fuck").await;
        assert_eq!(count(&bench, None).await, 0);
        let recent = bench
            .get(Some(&user), "/room/lounge/messages/recent")
            .await
            .ok();
        let whisper = &recent[0];
        assert_eq!(whisper["whisper_to"], bench.id(&user).to_string());
        let bot = bench.key.bot("Mother").expect("a bot").id();
        assert_eq!(whisper["session_id"], bot.to_string());
        let data = whisper["data"].as_str().expect("data");
        let data = crate::wire::decode_base64(data).expect("base64");
        let text = String::from_utf8_lossy(&data);
        assert!(text.contains("Mind your words, Somebody, in The lounge"));
    }
}

#[tokio::test]
async fn what_is_no_content_passes_unless_the_operator_says_otherwise() {
    let filtered = |unreadable| {
        bench_with(move |config| {
            config.filter.profanity = true;
            config.filter.unreadable = unreadable;
        })
    };
    let user = Person::blinded(1);
    let passing = filtered(crate::config::Unreadable::Pass).await;
    passing.post(&user, "\u{1}fuck").await;
    let refusing = filtered(crate::config::Unreadable::Reject).await;
    let body = super::bench::message("\u{1}fuck");
    let reply = refusing
        .call(Some(&user), "POST", "/room/lounge/message", &body)
        .await;
    assert_eq!(reply.status, 400);
}
