//! The pipeline over a house that knows one room and says what it was asked.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode};
use futures_util::Stream;
use http_body_util::BodyExt;
use relay_core::clock::{TestClock, UnixTime};
use relay_core::config::ByteSize;
use relay_core::entropy::Entropy;
use relay_core::telemetry::metrics::Metrics;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::answer::{Answer, Content};
use super::call::Call;
use super::endpoint::{Endpoint, InRoom};
use super::gate::Gate;
use super::metrics::RequestMetrics;
use super::{House, Pipeline};
use crate::config::{Current, SogsConfig};
use crate::crypto::client::Client;
use crate::crypto::{Encryption, SealKey, ServerKey, SessionId, blake2b_64};
use crate::domain::token::RoomToken;
use crate::files::Received;
use crate::vectors;
use crate::wire::auth::Verified;
use crate::wire::refusal::AuthError;
use crate::wire::{JSON, PLAIN_TEXT, Refusal, bencode, encode_base64};

const NOW: i64 = 1_700_000_000;

/// Remembers what it was asked, and bans one.
#[derive(Default)]
struct Fake {
    asked: Mutex<Vec<String>>,
    banned: Mutex<Option<SessionId>>,
}

impl House for Fake {
    type User = &'static str;

    async fn admit(&self, verified: Verified, changes: bool) -> Result<Self::User, Refusal> {
        if *self.banned.lock().expect("a lock") == Some(verified.id) {
            return Err(AuthError::Banned.into());
        }
        Ok(if changes { "a writer" } else { "a reader" })
    }

    async fn receive<E: Send>(
        &self,
        _: &RoomToken,
        _: impl Stream<Item = Result<Bytes, E>> + Send,
        _: Option<u64>,
    ) -> Result<Received, Refusal> {
        Err(Refusal::Unavailable)
    }

    async fn answer(&self, endpoint: Endpoint, call: Call<&str>) -> Result<Answer, Refusal> {
        let who = call.caller.known().unwrap_or(&"nobody");
        let asked = format!("{} {} by {who}", call.method, endpoint.template());
        self.asked.lock().expect("a lock").push(asked);
        match endpoint {
            Endpoint::Capabilities => Ok(Answer::json(&json!({"capabilities": ["sogs"]}))),
            Endpoint::Inbox(Some(_)) => Ok(Answer::nothing_new()),
            Endpoint::Room(_, InRoom::Post) => Ok(Answer::created(&json!({"id": 1}))),
            Endpoint::Room(_, InRoom::File(_)) => {
                let bytes = Bytes::from_static(b"\x00\xff");
                Ok(Answer::octets(Content::Bytes(bytes)))
            }
            Endpoint::Room(..) => Ok(Answer::done()),
            _ => Err(Refusal::NotFound),
        }
    }
}

struct Bench {
    pipeline: Arc<Pipeline<Fake>>,
    router: Router,
    client: Client,
    nonce: u8,
}

fn bench() -> Bench {
    let key = Arc::new(vectors::server_key());
    let mut config = SogsConfig::default();
    config.files.max_size = ByteSize::bytes(1000);
    let pipeline = Arc::new(Pipeline {
        house: Fake::default(),
        gate: Gate::new(*key.public()),
        key,
        config: Current::new(config),
        clock: Arc::new(TestClock::at(UnixTime::from_secs(NOW))),
        entropy: Entropy::seeded(1),
        metrics: RequestMetrics::new(&Metrics::new()),
    });
    let pages = Router::new().fallback(async || (StatusCode::NOT_FOUND, "no page"));
    let router = Arc::clone(&pipeline).router(pages);
    Bench {
        pipeline,
        router,
        client: Client::new([5; 32]),
        nonce: 0,
    }
}

type Reply = (StatusCode, HeaderMap, Vec<u8>);

impl Bench {
    async fn send(&self, request: Request<Body>) -> Reply {
        let response = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("an answer");
        let (head, body) = response.into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        (head.status, head.headers, body.to_vec())
    }

    fn id(&self) -> SessionId {
        self.client.id15(&self.pipeline.key.blinding())
    }

    /// Headers of a request signed with a fresh nonce.
    fn sign(&mut self, method: &str, target: &str, body: &[u8]) -> Vec<(&'static str, String)> {
        self.nonce += 1;
        let nonce = [self.nonce; 16];
        let blinding = self.pipeline.key.blinding();
        let mut message = self.pipeline.key.public().to_vec();
        message.extend_from_slice(&nonce);
        message.extend_from_slice(format!("{NOW}{method}{target}").as_bytes());
        if !body.is_empty() {
            message.extend_from_slice(&blake2b_64(&[body]));
        }
        let signature = self.client.sign15(&blinding, &message);
        vec![
            ("x-sogs-pubkey", self.id().to_string()),
            ("x-sogs-nonce", encode_base64(&nonce)),
            ("x-sogs-timestamp", NOW.to_string()),
            ("x-sogs-signature", encode_base64(&signature)),
        ]
    }

    async fn signed(&mut self, method: &str, target: &str, body: &str) -> Reply {
        let headers = self.sign(method, target, body.as_bytes());
        self.send(request(method, target, &headers, body)).await
    }

    async fn onion(&self, version: &str, plaintext: &[u8]) -> (Reply, SealKey) {
        let ephemeral = ServerKey::new(&[9; 32]);
        let server = &self.pipeline.key;
        let key = SealKey::agree(server, Encryption::XChaCha20, ephemeral.public());
        let key = key.expect("a key");
        let mut rng = Entropy::seeded(3).rng();
        let blob = key.seal(plaintext, &mut rng).expect("sealed");
        let metadata = json!({"ephemeral_key": ephemeral.public_hex(), "enc_type": "xchacha20"});
        let len = u32::try_from(blob.len()).expect("short").to_le_bytes();
        let body = [len.as_slice(), &blob, metadata.to_string().as_bytes()].concat();
        let request = Request::post(format!("/oxen/{version}/lsrpc")).body(Body::from(body));
        (self.send(request.expect("a request")).await, key)
    }

    /// What came back sealed: metadata and body.
    async fn v4(&self, metadata: Value, body: Option<&[u8]>) -> (Value, Vec<u8>) {
        let metadata = metadata.to_string();
        let mut strings = vec![metadata.as_bytes()];
        strings.extend(body);
        let ((status, _, reply), key) = self.onion("v4", &bencode::write_strings(&strings)).await;
        assert_eq!(status, StatusCode::OK);
        let reply = key.open(&reply).expect("a sealed reply");
        let strings = bencode::parse_strings(&reply, 2).expect("strings");
        let [metadata, body] = strings.as_slice() else {
            panic!("{} strings", strings.len());
        };
        (
            serde_json::from_slice(metadata).expect("json"),
            body.to_vec(),
        )
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.pipeline.house.asked.lock().expect("a lock"))
    }
}

fn request(
    method: &str,
    target: &str,
    headers: &[(&'static str, String)],
    body: &str,
) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    request
        .body(Body::from(body.to_owned()))
        .expect("a request")
}

fn get(target: &str) -> Request<Body> {
    request("GET", target, &[], "")
}

#[tokio::test]
async fn content_types_are_literal() {
    let bench = bench();
    let (status, headers, body) = bench.send(get("/capabilities")).await;
    assert_eq!(
        (status, &headers[CONTENT_TYPE]),
        (StatusCode::OK, &HeaderValue::from_static(JSON))
    );
    assert_eq!(body, br#"{"capabilities":["sogs"]}"#);
    let (status, headers, _) = bench.send(request("POST", "/room/a.b", &[], "")).await;
    assert_eq!(
        (status, &headers[CONTENT_TYPE]),
        (StatusCode::NOT_FOUND, &HeaderValue::from_static(PLAIN_TEXT))
    );
}

#[tokio::test]
async fn methods_are_answered_as_they_are_known() {
    let bench = bench();
    let (status, headers, _) = bench
        .send(request("DELETE", "/capabilities", &[], ""))
        .await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(headers[ALLOW], "GET, OPTIONS, HEAD");
    let (status, _, body) = bench.send(request("HEAD", "/capabilities", &[], "")).await;
    assert_eq!((status, body.len()), (StatusCode::OK, 0));
    let (status, headers, _) = bench.send(request("OPTIONS", "/room/x", &[], "")).await;
    assert_eq!(
        (status, &headers[ALLOW]),
        (
            StatusCode::OK,
            &HeaderValue::from_static("GET, PUT, OPTIONS, HEAD")
        )
    );
    assert_eq!(bench.asked(), ["GET /capabilities by nobody"]);
}

#[tokio::test]
async fn authentication_comes_before_everything() {
    let mut bench = bench();
    let partial = [("x-sogs-nonce", "x".to_owned())];
    let says = "Invalid authentication headers: missing 3/4 required X-SOGS-* headers";
    for path in ["/capabilities", "/nowhere", "/r/lounge/", "/room/x/nothing"] {
        let (status, headers, body) = bench.send(request("GET", path, &partial, "")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}");
        assert_eq!(headers[CONTENT_TYPE], PLAIN_TEXT);
        assert_eq!(body, says.as_bytes());
    }
    let (status, ..) = bench.signed("GET", "/capabilities", "").await;
    assert_eq!(status, StatusCode::OK);
    let mut wrong = bench.sign("GET", "/capabilities", b"");
    wrong[3].1 = encode_base64(&[1; 64]);
    let (status, _, body) = bench
        .send(request("GET", "/capabilities", &wrong, ""))
        .await;
    let says = b"Invalid authentication: X-SOGS-Signature verification failed";
    assert_eq!(
        (status, body.as_slice()),
        (StatusCode::UNAUTHORIZED, says.as_slice())
    );
}

#[tokio::test]
async fn a_wrong_signature_burns_nothing() {
    let mut bench = bench();
    let mut headers = bench.sign("GET", "/capabilities", b"");
    let right = headers[3].1.clone();
    headers[3].1 = encode_base64(&[1; 64]);
    bench
        .send(request("GET", "/capabilities", &headers, ""))
        .await;
    headers[3].1 = right;
    let (status, ..) = bench
        .send(request("GET", "/capabilities", &headers, ""))
        .await;
    assert_eq!(status, StatusCode::OK);
    let (status, _, body) = bench
        .send(request("GET", "/capabilities", &headers, ""))
        .await;
    let says = b"Invalid authentication: X-SOGS-Nonce cannot be reused";
    assert_eq!(
        (status, body.as_slice()),
        (StatusCode::TOO_EARLY, says.as_slice())
    );
}

#[tokio::test]
async fn banned_users_are_nowhere_let_in() {
    let mut bench = bench();
    *bench.pipeline.house.banned.lock().expect("a lock") = Some(bench.id());
    for path in ["/capabilities", "/room/x/nothing"] {
        let (status, _, body) = bench.signed("GET", path, "").await;
        assert_eq!(
            (status, body.as_slice()),
            (StatusCode::FORBIDDEN, b"Banned".as_slice())
        );
    }
}

#[tokio::test]
async fn batches_run_all_parts_as_who_signed_them() {
    let mut bench = bench();
    let mut stale = bench.sign("GET", "/capabilities", b"");
    stale.truncate(2);
    let stale: serde_json::Map<_, _> = stale
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    let body = json!([
        {"method": "GET", "path": "/capabilities", "headers": stale},
        {"method": "GET", "path": "/inbox/since/0"},
        {"method": "GET", "path": "/nowhere"},
        {"method": "GET", "path": "/room/x/file/7"},
    ]);
    let (status, headers, reply) = bench.signed("POST", "/batch", &body.to_string()).await;
    assert_eq!(
        (status, &headers[CONTENT_TYPE]),
        (StatusCode::OK, &HeaderValue::from_static(JSON))
    );
    let reply: Value = serde_json::from_slice(&reply).expect("json");
    let expected = json!([
        {"code": 200, "headers": {"content-type": JSON}, "body": {"capabilities": ["sogs"]}},
        {"code": 304, "headers": {}, "body": ""},
        {"code": 404, "headers": {"content-type": PLAIN_TEXT}, "body": encode_base64(b"Not found")},
        {"code": 200, "headers": {"content-type": "application/octet-stream"}, "body": "AP8="},
    ]);
    assert_eq!(reply, expected);
    assert!(
        bench
            .asked()
            .iter()
            .all(|asked| asked.ends_with("by a reader"))
    );
}

#[tokio::test]
async fn sequences_end_with_the_first_failure() {
    let mut bench = bench();
    let part = |path: &str| json!({"method": "GET", "path": path});
    let body = json!([
        part("/capabilities"),
        part("/inbox/since/0"),
        part("/capabilities")
    ]);
    let (_, _, reply) = bench.signed("POST", "/sequence", &body.to_string()).await;
    let reply: Value = serde_json::from_slice(&reply).expect("json");
    assert_eq!(reply.as_array().expect("a list").len(), 2);
    assert_eq!(reply[1]["code"], 304);
}

#[tokio::test]
async fn batches_nest_once() {
    let bench = bench();
    let inner = json!([{"method": "GET", "path": "/capabilities"}]);
    let nest = |body: Value| json!([{"method": "POST", "path": "/batch", "json": body}]);
    let send = async |body: Value| {
        let (_, _, reply) = bench
            .send(request("POST", "/batch", &[], &body.to_string()))
            .await;
        serde_json::from_slice::<Value>(&reply).expect("json")
    };
    let twice = send(nest(inner.clone())).await;
    assert_eq!(twice[0]["body"][0]["body"]["capabilities"][0], "sogs");
    let thrice = send(nest(nest(inner))).await;
    assert_eq!(thrice[0]["body"][0]["code"], 400);
    let onion = json!([{"method": "POST", "path": "/oxen/v4/lsrpc", "b64": ""}]);
    assert_eq!(send(onion).await[0]["code"], 404);
}

#[tokio::test]
async fn malformed_batches_run_nothing() {
    let bench = bench();
    for body in [
        "{}",
        "[1]",
        "",
        r#"[{"method":"GET","path":"/capabilities"},{"method":"GET"}]"#,
    ] {
        let (status, ..) = bench.send(request("POST", "/batch", &[], body)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
    }
    let (_, _, body) = bench.send(request("POST", "/batch", &[], "[]")).await;
    assert_eq!(body, b"[]");
    assert!(bench.asked().is_empty());
}

#[tokio::test]
async fn a_batch_of_reads_is_a_read() {
    let mut bench = bench();
    let post = json!({"method": "POST", "path": "/room/x/message", "json": {}});
    let poll = json!({"method": "GET", "path": "/capabilities"});
    let polls = json!([poll, poll]).to_string();
    bench.signed("POST", "/batch", &polls).await;
    assert_eq!(bench.asked(), ["GET /capabilities by a reader"; 2]);
    bench
        .signed("POST", "/batch", &json!([poll, post]).to_string())
        .await;
    let asked = [
        "GET /capabilities by a writer",
        "POST /room/{token}/message by a writer",
    ];
    assert_eq!(bench.asked(), asked);
}

#[tokio::test]
async fn a_part_over_its_limit_is_refused_alone() {
    let bench = bench();
    let long = encode_base64(&[0; 1001]);
    let body = json!([
        {"method": "POST", "path": "/room/x/file", "b64": long},
        {"method": "GET", "path": "/capabilities"},
    ]);
    let (_, _, reply) = bench
        .send(request("POST", "/batch", &[], &body.to_string()))
        .await;
    let reply: Value = serde_json::from_slice(&reply).expect("json");
    assert_eq!(
        (&reply[0]["code"], &reply[1]["code"]),
        (&json!(413), &json!(200))
    );
    let (status, ..) = bench
        .send(request("POST", "/room/x/file", &[], &"x".repeat(1001)))
        .await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn onions_are_answered_sealed() {
    let mut bench = bench();
    let body = br#"{"data":""}"#;
    let headers = bench.sign("POST", "/room/x/message", body);
    let headers: serde_json::Map<_, _> = headers
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    let ask = json!({"method": "POST", "endpoint": "/room/x/message", "headers": headers});
    let (metadata, reply) = bench.v4(ask, Some(body)).await;
    assert_eq!(
        metadata,
        json!({"code": 201, "headers": {"content-type": JSON}})
    );
    assert_eq!(reply, br#"{"id":1}"#);
    let (metadata, reply) = bench
        .v4(json!({"method": "GET", "endpoint": "/inbox/since/1"}), None)
        .await;
    assert_eq!(
        (metadata, reply.len()),
        (json!({"code": 304, "headers": {}}), 0)
    );
    let (metadata, reply) = bench.v4(json!({"method": "GET"}), None).await;
    assert_eq!(metadata["code"], 400);
    assert_eq!(reply, b"Invalid v4 onion request");
}

#[tokio::test]
async fn outer_headers_say_nothing_about_what_is_inside() {
    let mut bench = bench();
    let headers = bench.sign("GET", "/capabilities", b"");
    let (metadata, _) = bench
        .v4(json!({"method": "GET", "endpoint": "/capabilities"}), None)
        .await;
    assert_eq!((metadata["code"].as_u64(), headers.len()), (Some(200), 4));
    assert_eq!(bench.asked(), ["GET /capabilities by nobody"]);
}

#[tokio::test]
async fn old_onions_are_answered_in_base64() {
    let bench = bench();
    let ask = json!({"method": "GET", "endpoint": "/capabilities", "body": "null"}).to_string();
    let ((status, _, reply), key) = bench.onion("v3", ask.as_bytes()).await;
    assert_eq!(status, StatusCode::OK);
    let reply = crate::wire::decode_base64(str::from_utf8(&reply).expect("text")).expect("base64");
    assert_eq!(
        key.open(&reply).expect("opened"),
        br#"{"capabilities":["sogs"]}"#
    );
}

#[tokio::test]
async fn what_does_not_open_is_refused_outside() {
    let bench = bench();
    for body in [
        b"".as_slice(),
        b"\x05\0\0\0abc",
        b"\0\0\0\0{}",
        b"\xff\xff\xff\xff",
    ] {
        for path in ["/oxen/v4/lsrpc", "/oxen/v3/lsrpc", "/loki/v3/lsrpc"] {
            let request = Request::post(path)
                .body(Body::from(body))
                .expect("a request");
            assert_eq!(bench.send(request).await.0, StatusCode::BAD_REQUEST);
        }
    }
    assert_eq!(
        bench.send(get("/oxen/v4/lsrpc")).await.0,
        StatusCode::METHOD_NOT_ALLOWED
    );
}

#[tokio::test]
async fn paths_that_lead_nowhere_are_asked_of_the_pages() {
    let bench = bench();
    let (status, _, body) = bench.send(get("/r/lounge/")).await;
    assert_eq!(
        (status, body.as_slice()),
        (StatusCode::NOT_FOUND, b"no page".as_slice())
    );
    let (_, _, body) = bench.send(request("POST", "/r/lounge/", &[], "")).await;
    assert_eq!(body, b"Not found");
}
