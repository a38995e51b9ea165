//! Who is believed: every row of the table of answers, literally.

use super::bench::{Bench, Person, Reply, START, Way, bench, bench_with};
use crate::client::{As, Fresh, Request};
use crate::wire::{PLAIN_TEXT, encode_base64};

const GET: Request<'_> = Request {
    method: "GET",
    target: "/capabilities",
    body: b"",
};

type Headers = Vec<(&'static str, String)>;

fn signed(bench: &Bench, person: &Person) -> Headers {
    GET.sign(
        &person.client,
        person.signs,
        bench.key.public(),
        bench.fresh(),
    )
    .to_vec()
}

#[track_caller]
fn says(reply: &Reply, status: u16, text: &str) {
    assert_eq!((reply.status, &*reply.text()), (status, text));
    assert_eq!(reply.content_type(), PLAIN_TEXT);
}

/// Sends a request with one header changed.
async fn with(bench: &Bench, header: &str, value: &str) -> Reply {
    let mut headers = signed(bench, &Person::blinded(1));
    let header = headers.iter_mut().find(|(name, _)| *name == header);
    header.expect("a header").1 = value.to_owned();
    bench.send(GET, &headers).await
}

#[tokio::test]
async fn without_headers_everybody_is_anonymous() {
    let bench = bench().await;
    assert_eq!(bench.get(None, "/capabilities").await.status, 200);
    let empty = [
        ("X-SOGS-Pubkey", String::new()),
        ("X-SOGS-Nonce", String::new()),
    ];
    assert_eq!(bench.send(GET, &empty).await.status, 200);
}

#[tokio::test]
async fn some_of_the_headers_are_not_enough() {
    let bench = bench().await;
    for given in 1..4 {
        let headers = &signed(&bench, &Person::blinded(1))[..given];
        let missing = 4 - given;
        let text = format!(
            "Invalid authentication headers: missing {missing}/4 required X-SOGS-* headers"
        );
        says(&bench.send(GET, headers).await, 400, &text);
    }
}

#[tokio::test]
async fn what_is_malformed_is_named() {
    let bench = bench().await;
    let b64 = |len| encode_base64(&vec![7; len]);
    let nonce = "Invalid authentication: X-SOGS-Nonce must be 16 bytes (encoded as base64 or hex)";
    let key = "Invalid authentication: X-SOGS-Pubkey is not a valid 66-hex digit id";
    let prefix = "Invalid authentication: X-SOGS-Pubkey must be 00- or 15- prefixed";
    let point = "Invalid authentication: given X-SOGS-Pubkey is not a valid Ed25519 pubkey";
    let signature = "Invalid authentication: X-SOGS-Signature is not base64[88]";
    let time = "Invalid authentication: X-SOGS-Timestamp is not a valid timestamp";
    let cases = [
        ("X-SOGS-Pubkey", "zz".repeat(33), key),
        ("X-SOGS-Pubkey", "15".repeat(32), key),
        ("X-SOGS-Pubkey", "05".repeat(33), prefix),
        ("X-SOGS-Pubkey", "25".repeat(33), prefix),
        ("X-SOGS-Pubkey", format!("15{}", "00".repeat(32)), point),
        ("X-SOGS-Pubkey", format!("15{}", "ff".repeat(32)), point),
        ("X-SOGS-Nonce", b64(15), nonce),
        ("X-SOGS-Nonce", b64(17), nonce),
        (
            "X-SOGS-Nonce",
            b64(16).trim_end_matches('=').to_owned() + "=",
            nonce,
        ),
        ("X-SOGS-Signature", b64(63), signature),
        ("X-SOGS-Signature", "?".repeat(88), signature),
        ("X-SOGS-Timestamp", "soon".to_owned(), time),
        ("X-SOGS-Timestamp", "1.5".to_owned(), time),
    ];
    for (header, value, text) in cases {
        says(&with(&bench, header, &value).await, 400, text);
    }
}

#[tokio::test]
async fn plain_keys_are_told_to_blind_themselves() {
    let bench = bench().await;
    let text = "Invalid authentication: this server requires the use of blinded ids";
    for way in Way::ALL {
        let reply = bench
            .ask(way, Some(&Person::plain(1)), ("GET", "/rooms"), b"")
            .await;
        says(&reply, 400, text);
    }
    let open = bench_with(|config| config.auth.require_blinded_ids = false).await;
    for person in [Person::plain(1), Person::blinded(1)] {
        assert_eq!(open.get(Some(&person), "/rooms").await.status, 200);
    }
}

#[tokio::test]
async fn the_second_blinding_is_believed_where_it_is_switched_on() {
    let person = || Person {
        signs: As::Blinded25,
        ..Person::blinded(1)
    };
    let off = bench().await;
    assert_eq!(off.get(Some(&person()), "/rooms").await.status, 400);
    let on = bench_with(|config| config.auth.accept_blinded_v2 = true).await;
    assert_eq!(on.get(Some(&person()), "/rooms").await.status, 200);
    let posted = on.post(&person(), "hi").await;
    assert_eq!(posted["session_id"], on.id(&person()).to_string());
}

#[tokio::test]
async fn clocks_may_be_a_day_off() {
    let bench = bench().await;
    let person = Person::blinded(1);
    let text = "Invalid authentication: X-SOGS-Timestamp is too far from current time";
    for (off, believed) in [
        (86_400, true),
        (-86_400, true),
        (86_402, false),
        (-86_402, false),
    ] {
        let fresh = Fresh {
            timestamp: START.secs() + off,
            ..bench.fresh()
        };
        let headers = GET.sign(&person.client, person.signs, bench.key.public(), fresh);
        let reply = bench.send(GET, &headers).await;
        if believed {
            assert_eq!(reply.status, 200);
        } else {
            says(&reply, 425, text);
        }
    }
}

#[tokio::test]
async fn a_signature_covers_everything() {
    let bench = bench().await;
    let person = Person::blinded(1);
    let text = "Invalid authentication: X-SOGS-Signature verification failed";
    let headers = signed(&bench, &person);
    let others = [
        Request {
            target: "/rooms",
            ..GET
        },
        Request {
            target: "/capabilities?required=sogs",
            ..GET
        },
        Request {
            method: "HEAD",
            ..GET
        },
        Request { body: b"{}", ..GET },
    ];
    for other in others {
        let reply = bench.send(other, &headers).await;
        assert_eq!(reply.status, 401);
        if other.method != "HEAD" {
            says(&reply, 401, text);
        }
    }
    let wrong = encode_base64(&[0; 64]);
    says(&with(&bench, "X-SOGS-Signature", &wrong).await, 401, text);
    let other = bench.id(&Person::blinded(2)).to_string();
    says(&with(&bench, "X-SOGS-Pubkey", &other).await, 401, text);
    // None of these took the nonce.
    assert_eq!(bench.send(GET, &headers).await.status, 200);
}

#[tokio::test]
async fn nothing_is_made_for_who_only_claims_to_be_somebody() {
    let bench = bench().await;
    let claimed = bench.id(&Person::blinded(9));
    with(&bench, "X-SOGS-Pubkey", &claimed.to_string()).await;
    let known = bench.server.tables.named(claimed).await.expect("asked");
    assert!(known.is_none());
}

#[tokio::test]
async fn reads_are_not_repeated_within_minutes() {
    let bench = bench().await;
    let headers = signed(&bench, &Person::blinded(1));
    assert_eq!(bench.send(GET, &headers).await.status, 200);
    let text = "Invalid authentication: X-SOGS-Nonce cannot be reused";
    says(&bench.send(GET, &headers).await, 425, text);
    // Nonces are of one user.
    let (person, server) = (Person::blinded(2), bench.key.public());
    let same = Fresh {
        nonce: 0_u128.to_le_bytes(),
        timestamp: START.secs(),
    };
    let headers = GET.sign(&person.client, person.signs, server, same);
    assert_eq!(bench.send(GET, &headers).await.status, 200);
}

#[tokio::test]
async fn changes_are_not_repeated_for_days() {
    let bench = bench_with(|config| config.auth.read_nonces = 0).await;
    let (person, server) = (Person::blinded(1), bench.key.public());
    let body = super::bench::message("once").to_string();
    let post = Request {
        method: "POST",
        target: "/room/lounge/message",
        body: body.as_bytes(),
    };
    let headers = post.sign(&person.client, person.signs, server, bench.fresh());
    assert_eq!(bench.send(post, &headers).await.status, 201);
    let text = "Invalid authentication: X-SOGS-Nonce cannot be reused";
    says(&bench.send(post, &headers).await, 425, text);
    let recent = bench.get(None, "/room/lounge/messages/recent").await.ok();
    assert_eq!(recent.as_array().expect("a list").len(), 1);
}

#[tokio::test]
async fn a_repeated_batch_changes_nothing() {
    let bench = bench_with(|config| config.auth.read_nonces = 0).await;
    let (person, server) = (Person::blinded(1), bench.key.public());
    let part = |text| {
        let body = super::bench::message(text);
        serde_json::json!({"method": "POST", "path": "/room/lounge/message", "json": body})
    };
    let body = serde_json::json!([part("one"), part("two")]).to_string();
    let batch = Request {
        method: "POST",
        target: "/batch",
        body: body.as_bytes(),
    };
    let headers = batch.sign(&person.client, person.signs, server, bench.fresh());
    let codes = async || {
        let reply = bench.send(batch, &headers).await.json();
        [reply[0]["code"].clone(), reply[1]["code"].clone()]
    };
    assert_eq!(codes().await, [201, 201]);
    assert_eq!(codes().await, [425, 425]);
    let recent = bench.get(None, "/room/lounge/messages/recent").await.ok();
    assert_eq!(recent.as_array().expect("a list").len(), 2);
}

#[tokio::test]
async fn who_is_banned_from_the_server_is_told_so_everywhere() {
    let bench = bench().await;
    let (admin, banned) = (Person::blinded(1), Person::blinded(2));
    let (scope, role) = (
        crate::wire::moderation::Scope::Global,
        crate::wire::moderation::Role::Admin,
    );
    bench.role(&admin, scope, role).await;
    let path = format!("/user/{}/ban", bench.id(&banned));
    let body = serde_json::json!({"global": true});
    assert_eq!(
        bench.call(Some(&admin), "POST", &path, &body).await.ok(),
        serde_json::json!({})
    );
    for path in [
        "/capabilities",
        "/rooms",
        "/nowhere",
        "/r/lounge/",
        "/inbox",
    ] {
        for way in [Way::Plain, Way::Aes] {
            let reply = bench.ask(way, Some(&banned), ("GET", path), b"").await;
            says(&reply, 403, "Banned");
        }
    }
    let path = format!("/user/{}/unban", bench.id(&banned));
    bench.call(Some(&admin), "POST", &path, &body).await.ok();
    assert_eq!(bench.get(Some(&banned), "/capabilities").await.status, 200);
}

#[tokio::test]
async fn keys_and_nonces_come_in_hex_and_in_base64() {
    let bench = bench().await;
    let mut headers = signed(&bench, &Person::blinded(1));
    let hex = headers[0].1.clone();
    let bytes = data_encoding::HEXLOWER.decode(hex.as_bytes()).expect("hex");
    headers[0].1 = encode_base64(&bytes);
    for (_, value) in &mut headers[1..] {
        if let Some(bytes) = crate::wire::decode_base64(value).filter(|bytes| bytes.len() >= 16) {
            *value = data_encoding::HEXUPPER.encode(&bytes);
        }
    }
    assert_eq!(bench.send(GET, &headers).await.status, 200);
    let mut headers = signed(&bench, &Person::blinded(1));
    headers[1].1 = headers[1].1.trim_end_matches('=').to_owned();
    headers[0].0 = "X-SOGS-PubKey";
    assert_eq!(bench.send(GET, &headers).await.status, 200);
}
