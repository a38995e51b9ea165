//! One poll of Desktop's through all pure layers, there and back, as a test.

use std::time::Duration;

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Method, StatusCode};
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;
use relay_core::clock::UnixTime;
use serde_json::{Value, json};

use crate::crypto::client::Client;
use crate::crypto::{Encryption, SealKey, ServerKey, blake2b_64};
use crate::vectors;
use crate::wire::auth::{Credentials, KeyPolicy};
use crate::wire::onion::{self, Version};
use crate::wire::{JSON, Refusal, SubResponse, batch, bencode, encode_base64};

const NOW: i64 = 1_700_000_000;
const NONCE: [u8; 16] = [9; 16];

/// Seals what the client says. The agreement is the same from both ends.
fn sealed(server: &ServerKey, client: &ServerKey, text: &[u8], rng: &mut StdRng) -> Vec<u8> {
    let key = SealKey::agree(server, Encryption::AesGcm, client.public()).expect("a key");
    let blob = key.seal(text, rng).expect("sealed");
    let metadata = json!({"ephemeral_key": client.public_hex(), "host": "x"}).to_string();
    let len = u32::try_from(blob.len()).expect("short").to_le_bytes();
    [&len, blob.as_slice(), metadata.as_bytes()].concat()
}

fn poll_body() -> String {
    json!([
        {"method": "GET", "path": "/capabilities"},
        {"method": "GET", "path": "/room/lounge/pollInfo/0"},
        {"method": "GET", "path": "/room/lounge/messages/since/12?t=r&reactors=5"},
        {"method": "GET", "path": "/inbox"},
    ])
    .to_string()
}

/// The request inside the onion, signed by a blinded user.
fn plaintext(server: &ServerKey, client: &Client, body: &str) -> Vec<u8> {
    let blinding = server.blinding();
    let hash = blake2b_64(&[body.as_bytes()]);
    let signed = format!("{NOW}POST/batch");
    let message = [server.public().as_slice(), &NONCE, signed.as_bytes(), &hash].concat();
    let signature = encode_base64(&client.sign15(&blinding, &message));
    let metadata = json!({"method": "POST", "endpoint": "/batch", "headers": {
        "X-SOGS-Pubkey": client.id15(&blinding), "X-SOGS-Nonce": encode_base64(&NONCE),
        "X-SOGS-Timestamp": NOW, "X-SOGS-Signature": signature, "Content-Type": JSON,
    }});
    bencode::write_strings(&[metadata.to_string().as_bytes(), body.as_bytes()])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn a_poll_goes_there_and_back(seed: [u8; 32], ephemeral: [u8; 32], random: u64) {
        let rng = &mut StdRng::seed_from_u64(random);
        let (server, ephemeral) = (vectors::server_key(), ServerKey::new(&ephemeral));
        let (client, body) = (Client::new(seed), poll_body());
        let text = plaintext(&server, &client, &body);
        let opened = onion::open(&server, &sealed(&server, &ephemeral, &text, rng));
        let (request, reply_key) = opened.expect("an onion").into_request(Version::V4);
        let request = request.expect("a request");

        let policy = KeyPolicy { require_blinded: true, accept_25: false };
        let credentials = Credentials::parse(&request.headers, policy, |_| None);
        let credentials = credentials.expect("well formed").expect("signed");
        let (method, target) = (&request.method, &request.target);
        let now = UnixTime::from_secs(NOW + 5);
        let caller = credentials.verify(server.public(), method, target, &request.body, (now, Duration::from_hours(24)));
        prop_assert_eq!(caller.expect("a caller").id, client.id15(&server.blinding()));

        let parts = batch::parse(&request.body, batch::MAX_PARTS).expect("a batch");
        prop_assert_eq!(parts.len(), 4);
        prop_assert!(batch::only_reads(&Method::POST, &parts));
        let mut answers = vec![SubResponse::from(Refusal::NotFound); 4];
        answers[0].status = StatusCode::OK;
        answers[0].headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
        answers[0].body = r#"{"capabilities":["sogs"]}"#.into();
        let mut reply = answers[0].clone();
        reply.body = batch::reply(&answers).into();
        let reply = reply_key.seal(Some(&reply), rng).expect("sealed");

        let key = SealKey::agree(&server, Encryption::AesGcm, ephemeral.public()).expect("a key");
        let reply = key.open(&reply).expect("a reply");
        let strings = bencode::parse_strings(&reply, 2).expect("two strings");
        let answers: Value = serde_json::from_slice(strings[1]).expect("json");
        prop_assert_eq!(&answers[0]["body"]["capabilities"], &json!(["sogs"]));
        prop_assert_eq!(&answers[3]["code"], &json!(404));
    }
}
