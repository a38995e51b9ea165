//! Clients against a small server that checks what it is sent and knows one room.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use clap::Parser;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rand::SeedableRng;
use rand::rngs::StdRng;
use relay_core::clock::{Clock, SystemClock};
use relay_sogs::crypto::ServerKey;
use relay_sogs::wire::auth::{Credentials, KeyPolicy};
use relay_sogs::wire::onion::{self, Version};
use relay_sogs::wire::{JSON, Refusal, SubRequest, SubResponse, Target, batch};
use tokio::net::TcpListener;

use crate::args::{Cli, Command, SogsArgs};
use crate::report::Run;

const DAY: Duration = Duration::from_hours(24);
const NEWEST: u64 = 42;

/// What the server saw.
#[derive(Debug, Default)]
struct Seen {
    posts: AtomicU64,
    paths: Mutex<Vec<String>>,
}

struct Server {
    key: ServerKey,
    seen: Arc<Seen>,
}

impl Server {
    async fn start() -> (String, Arc<Seen>) {
        let seen = Arc::<Seen>::default();
        let server = Arc::new(Self {
            key: ServerKey::new(&[7; 32]),
            seen: Arc::clone(&seen),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let link = format!(
            "http://{address}/lounge?public_key={}",
            server.key.public_hex()
        );
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = Arc::clone(&server);
                let service = service_fn(move |request| {
                    let server = Arc::clone(&server);
                    async move { Ok::<_, hyper::Error>(server.http(request).await) }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        (link, seen)
    }

    async fn http(&self, request: hyper::Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let target = Target::parse(head.uri.path_and_query().unwrap().as_str()).unwrap();
        let (status, body) = if target.path() == super::request::ONION {
            (StatusCode::OK, self.onion(&body))
        } else {
            let request = SubRequest {
                method: head.method,
                target,
                headers: head.headers,
                body,
            };
            let answer = self.outer(&request);
            (answer.status, answer.body)
        };
        let mut response = Response::new(Full::new(body));
        *response.status_mut() = status;
        response
    }

    fn onion(&self, body: &[u8]) -> Bytes {
        let opened = onion::open(&self.key, body).unwrap();
        let (request, key) = opened.into_request(Version::V4);
        let answer = self.outer(&request.unwrap());
        key.seal(Some(&answer), &mut StdRng::seed_from_u64(3))
            .unwrap()
            .into()
    }

    /// Everything but reading messages must be signed.
    fn outer(&self, request: &SubRequest) -> SubResponse {
        let policy = KeyPolicy {
            require_blinded: true,
            accept_25: false,
        };
        let credentials = Credentials::parse(&request.headers, policy, |_| None).unwrap();
        let signed = credentials.map(|credentials| {
            let SubRequest {
                method,
                target,
                body,
                ..
            } = request;
            credentials
                .verify(
                    self.key.public(),
                    method,
                    target,
                    body,
                    (SystemClock.now(), DAY),
                )
                .is_ok()
        });
        let public = request.target.path().ends_with("/messages/recent");
        if signed != Some(true) && !public {
            return Refusal::NotFound.into();
        }
        if request.target.path() != "/batch" {
            return self.inner(request);
        }
        let parts = batch::parse(&request.body, 200).unwrap();
        let answers: Vec<SubResponse> = parts
            .iter()
            .flatten()
            .map(|part| self.inner(part))
            .collect();
        json(&String::from_utf8(batch::reply(&answers)).unwrap())
    }

    fn inner(&self, request: &SubRequest) -> SubResponse {
        let path = request.target.path();
        self.seen.paths.lock().unwrap().push(path.to_owned());
        match (&request.method, path) {
            (&Method::POST, "/room/lounge/message") => {
                self.seen.posts.fetch_add(1, Ordering::Relaxed);
                json(r#"{"id":1}"#)
            }
            (&Method::POST, "/room/lounge/file") => json(r#"{"id":17}"#),
            (_, "/room/lounge/file/17") => json(&"x".repeat(request.body.len() + 100)),
            (_, "/room/lounge/pollInfo/0") => json(r#"{"details":{"info_updates":5}}"#),
            (_, "/room/lounge/pollInfo/5") => json(r#"{"details":null}"#),
            (_, "/room/lounge/messages/recent") => {
                json(&format!(r#"[{{"id":3,"seqno":{NEWEST}}},{{"seqno":2}}]"#))
            }
            (_, path) if path.contains("/file/") => Refusal::NotFound.into(),
            _ => json("[]"),
        }
    }
}

fn json(body: &str) -> SubResponse {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
    SubResponse {
        status: StatusCode::OK,
        headers,
        body: body.to_owned().into(),
    }
}

fn args(link: &str, options: &[&str]) -> SogsArgs {
    let fixed = [
        "relay-bench",
        "sogs",
        "--target",
        link,
        "-q",
        "--warm-up",
        "0",
    ];
    match Cli::try_parse_from(fixed.iter().chain(options))
        .unwrap()
        .command
    {
        Command::Sogs(args) => *args,
        other => panic!("{other:?}"),
    }
}

async fn run(scenario: &str, options: &[&str]) -> (Run, Arc<Seen>) {
    let (link, seen) = Server::start().await;
    let fixed = [
        "--scenario",
        scenario,
        "--connections",
        "2",
        "--duration",
        "0.3",
    ];
    let options: Vec<&str> = fixed.iter().chain(options).copied().collect();
    let mut runs = super::run(&args(&link, &options)).await.unwrap();
    assert_eq!(runs.len(), 1);
    let run = runs.remove(0);
    assert!(run.failures.is_empty(), "{:?}", run.failures);
    assert!(run.operations > 0);
    (run, seen)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poll_is_sealed_by_every_app_and_remembers_what_it_saw() {
    for (app, since) in [
        ("desktop", "pollInfo/0"),
        ("ios", "pollInfo/5"),
        ("android", "pollInfo/5"),
    ] {
        let (run, seen) = run("poll", &["--app", app]).await;
        assert_eq!(run.limit.unwrap().parts.len(), 5);
        let paths = seen.paths.lock().unwrap();
        assert!(
            paths.contains(&format!("/room/lounge/messages/since/{NEWEST}")),
            "{app}"
        );
        assert!(paths[8..].iter().any(|path| path.ends_with(since)), "{app}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_requests_are_signed() {
    for scenario in ["poll-plain", "post"] {
        let (run, _) = run(scenario, &[]).await;
        assert_eq!(run.limit.unwrap().parts.len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_and_posts_travel_sealed() {
    for scenario in ["post-onion", "upload", "download"] {
        // The fake knows files of its one room only: a download asks for no other.
        let rooms: &[&str] = match scenario {
            "download" => &["--size", "1000", "--room", "lounge,elsewhere"],
            _ => &["--size", "1000"],
        };
        run(scenario, rooms).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_needs_nobody() {
    let (run, _) = run("recent", &["--rate", "100"]).await;
    assert!(run.limit.is_none());
    assert!((20..=32).contains(&run.operations), "{}", run.operations);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_polls_and_posts() {
    let (link, seen) = Server::start().await;
    let options = [
        "--scenario",
        "storm",
        "--connections",
        "200",
        "--duration",
        "5",
    ];
    let runs = super::run(&args(&link, &options)).await.unwrap();
    assert_eq!(runs[0].operations, 200);
    assert_eq!(seen.posts.load(Ordering::Relaxed), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_a_failure_of_each_operation() {
    let link = format!("http://127.0.0.1:1/lounge?public_key={}", "07".repeat(32));
    let options = [
        "--scenario",
        "poll",
        "--connections",
        "1",
        "--duration",
        "0.2",
    ];
    let runs = super::run(&args(&link, &options)).await.unwrap();
    assert_eq!(runs[0].operations, 0);
    assert!(
        runs[0]
            .failures
            .keys()
            .all(|why| why.starts_with("no connection"))
    );
    assert!(!runs[0].failures.is_empty());
}

#[test]
fn everything_is_combined_with_everything() {
    let link = format!("http://127.0.0.1:1/lounge?public_key={}", "07".repeat(32));
    let args = args(
        &link,
        &["--connections", "1,8", "--rate", "10,20", "--repeat", "2"],
    );
    let loads = args.load.loads();
    assert_eq!(loads.len(), 8);
    assert_eq!((loads[0].connections, loads[0].rate), (1, Some(10.0)));
    assert_eq!(loads[4], loads[0]);
    assert_eq!(args.load.duration, Duration::from_secs(10));
}
