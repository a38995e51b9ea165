//! Names: what the operator's resolver says, and what it may do to us.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use integration_tests::routes::{Named, proxy};
use integration_tests::smp::{Smp, rng, tag};
use integration_tests::{Bed, PATIENCE, see};
use relay_smp::client::{Call, Client};
use relay_smp::wire::{Command, CommandError, Error, NameError, Response};
use relay_testkit::poll;

/// A resolver that misbehaves by the name it is asked for.
struct Resolver {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// The heads of all requests.
    asked: Mutex<Vec<String>>,
    /// Whether it answers about what is slow.
    hurries: Mutex<bool>,
    hurry: Condvar,
}

const ALICE: &str = r#"{"name":"alice.simplex","nickname":"Alice","website":"","location":"Earth",
    "simplexContact":["simplex:/contact/abc#xyz"],"simplexChannel":[],"eth":"0x01","btc":null,
    "owner":"0x02","resolver":"0x03","more":[1,2,3]}"#;
const TOLD: &str = r#"{"name":"alice.simplex","nickname":"Alice","website":"","location":"Earth","simplexContact":["simplex:/contact/abc#xyz"],"simplexChannel":[],"eth":"0x01","btc":null,"xmr":null,"dot":null,"owner":"0x02","resolver":"0x03"}"#;

impl Resolver {
    fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let (address, shared) = (listener.local_addr().unwrap(), Arc::<Shared>::default());
        let all = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&all);
                thread::spawn(move || serve(stream, &shared));
            }
        });
        Self { address, shared }
    }

    fn asked(&self, part: &str) -> usize {
        let asked = self.shared.asked.lock().unwrap();
        asked.iter().filter(|head| head.contains(part)).count()
    }

    /// Waits until it was asked so often about what is slow, and has answered none.
    fn is_asked_at_once(&self, times: usize) {
        poll::until(PATIENCE, "all are asked for side by side", || {
            (self.asked("slow.simplex") == times).then_some(())
        });
    }

    fn hurries(&self) {
        *self.shared.hurries.lock().unwrap() = true;
        self.shared.hurry.notify_all();
    }
}

impl Shared {
    fn takes_its_time(&self) {
        let hurries = self.hurries.lock().unwrap();
        drop(self.hurry.wait_while(hurries, |hurries| !*hurries).unwrap());
    }
}

fn serve(stream: TcpStream, shared: &Shared) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        shared.asked.lock().unwrap().push(head.clone());
        let path = head.split(' ').nth(1).unwrap_or_default();
        let name = path.rsplit('/').next().unwrap_or_default();
        let huge = format!("{{\"name\":\"{}\"}}", "x".repeat(20_000));
        let (status, body) = match name.split('.').next().unwrap_or_default() {
            "health" => ("200 OK", "{}"),
            "alice" => ("200 OK", ALICE),
            "ghost" => ("404 Not Found", "{}"),
            "bad" => ("400 Bad Request", "{}"),
            "down" => ("502 Bad Gateway", "{}"),
            "huge" => ("200 OK", &*huge),
            "part" => ("200 OK", r#"{"name":"part.simplex"}"#),
            "moved" => ("302 Found\r\nlocation: /resolve/alice.simplex", ""),
            "slow" => {
                shared.takes_its_time();
                ("200 OK", ALICE)
            }
            "endless" => {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
                while stream.write_all(b"3e8\r\n").is_ok() {
                    let _ = stream
                        .write_all(&[b'x'; 1000])
                        .and_then(|()| stream.write_all(b"\r\n"));
                }
                return;
            }
            "rubbish" => {
                let _ = stream.write_all(b"SSH-2.0-OpenSSH\r\n\r\n");
                return;
            }
            _ => return,
        };
        let length = body.len();
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}");
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

async fn ask(client: &Client, name: &str) -> Result<String, Error> {
    let answer = client
        .call(Call::plain(Command::Rslv(name.as_bytes())))
        .await;
    let answer = answer.unwrap();
    assert!(answer.entity_id().is_empty());
    tag(&answer)?;
    match answer.response().unwrap() {
        Response::Rname(json) => Ok(String::from_utf8(json.to_vec()).unwrap()),
        other => panic!("{other:?}"),
    }
}

fn failed<T>(text: &str) -> Result<T, Error> {
    Err(Error::Name(NameError::Resolver(text.to_owned())))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_resolver_says_is_passed_on_and_what_it_does_is_contained() {
    let resolver = Resolver::start();
    let bed = Bed::new()
        .with_smp()
        .with("smp.names.resolver", format!("http://{}", resolver.address))
        .with("smp.names.authorization", "basic user:pass")
        .with("smp.names.timeout", "400ms");
    let daemon = bed.start();
    let (client, _events) = Smp::of(&bed).client().await;
    assert_eq!(ask(&client, "Alice.SIMPLEX").await.as_deref(), Ok(TOLD));
    let not_found = || Err(Error::Name(NameError::NotFound));
    for (name, answer) in [
        (
            "alice.simplex and what later versions add",
            Ok(TOLD.to_owned()),
        ),
        ("ghost.simplex", not_found()),
        ("bad.simplex", not_found()),
        ("down.simplex", failed("HTTP 502")),
        ("huge.simplex", failed("response too large")),
        ("endless.simplex", failed("response too large")),
        ("part.simplex", failed("invalid response")),
        ("moved.simplex", failed("invalid response")),
        ("rubbish.simplex", failed("transport failure")),
        ("closed.simplex", failed("transport failure")),
        ("slow.simplex", failed("timeout")),
        ("alice.simplex", Ok(TOLD.to_owned())),
    ] {
        assert_eq!(ask(&client, name).await, answer, "{name}");
    }
    assert_eq!(
        resolver.asked("GET /resolve/alice.simplex "),
        3,
        "no redirect is followed"
    );
    assert_eq!(resolver.asked("GET /health "), 1);
    assert_eq!(
        resolver.asked("authorization: Basic dXNlcjpwYXNz"),
        resolver.asked("GET")
    );
    assert_eq!(
        resolver.asked("accept: application/json"),
        resolver.asked("GET")
    );

    let wrong = Err(Error::Cmd(CommandError::Syntax));
    for name in [
        "alice",
        "",
        "a..simplex",
        "-a.simplex",
        "a--b.simplex",
        "\u{430}lice.simplex",
    ] {
        assert_eq!(ask(&client, name).await, wrong, "{name}");
    }
    let long = format!("{}.simplex", "a".repeat(64));
    assert_eq!(ask(&client, &long).await, wrong);
    assert_eq!(ask(&client, &long[1..]).await, failed("transport failure"));
    assert_eq!(
        see::count(&daemon, "relayd_smp_names_total{outcome=\"resolved\"}"),
        3
    );
    assert_eq!(
        see::count(&daemon, "relayd_smp_names_total{outcome=\"not_found\"}"),
        2
    );
    let said = daemon.stderr() + &daemon.stdout();
    assert!(
        !said.contains("ghost") && !said.contains("dXNlcjpwYXNz"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_resolver_holds_up_nothing_but_its_own_answers() {
    let resolver = Resolver::start();
    let bed = Bed::new()
        .with_smp()
        .with("smp.names.resolver", format!("http://{}", resolver.address))
        .with("smp.names.timeout", "60s");
    let _daemon = bed.start();
    let (client, _events) = Smp::of(&bed).client().await;
    let asker = client.clone();
    let asking = tokio::spawn(async move {
        let names: Vec<_> = (0..50)
            .map(|_| Call::plain(Command::Rslv(b"slow.simplex")))
            .collect();
        asker.batch(&names).await.unwrap()
    });
    resolver.is_asked_at_once(50);
    client.ping().await.unwrap();
    assert!(!asking.is_finished());
    resolver.hurries();
    for answer in asking.await.unwrap() {
        assert_eq!(tag(&answer.unwrap()), Ok("RNAME"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_resolver_there_is_none_and_a_dead_one_is_an_error() {
    let bed = Bed::new().with_smp();
    let daemon = bed.start();
    let smp = Smp::of(&bed);
    let (client, _events) = smp.client().await;
    let none = Err(Error::Name(NameError::NoResolver));
    assert_eq!(ask(&client, "alice.simplex").await, none);
    drop(daemon);
    let dead = TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap();
    let bed = bed.with("smp.names.resolver", format!("http://{dead}"));
    let daemon = bed.start();
    let (client, _events) = smp.client().await;
    assert_eq!(
        ask(&client, "alice.simplex").await,
        failed("transport failure")
    );
    see::said(&daemon, "the resolver of names", 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_resolved_for_the_clients_of_other_servers() {
    let resolver = Resolver::start();
    let relay = Bed::new()
        .with_smp()
        .with("smp.names.resolver", format!("http://{}", resolver.address))
        .with("smp.names.timeout", "60s");
    let proxy = proxy();
    let (daemon, _proxy) = (relay.start(), proxy.start());
    let (sender, _events) = Smp::of(&proxy).client().await;
    let route = Named::of(&Smp::of(&relay)).through(&sender).await.unwrap();
    for (name, answer) in [
        (&b"alice.simplex"[..], Ok("RNAME")),
        (b"ghost.simplex", Err(Error::Name(NameError::NotFound))),
        (b"down.simplex", failed("HTTP 502")),
    ] {
        let call = Call::plain(Command::Rslv(name));
        let answered = sender
            .call_through(&route, &call, &mut rng())
            .await
            .unwrap();
        assert_eq!(tag(&answered), answer);
    }
    // Many through the one connection of the proxy, side by side.
    let slow = (0..20).map(|_| {
        let (sender, route) = (sender.clone(), route.clone());
        tokio::spawn(async move {
            let call = Call::plain(Command::Rslv(b"slow.simplex"));
            let answered = sender
                .call_through(&route, &call, &mut rng())
                .await
                .unwrap();
            tag(&answered)
        })
    });
    let slow: Vec<_> = slow.collect();
    resolver.is_asked_at_once(20);
    resolver.hurries();
    for answered in slow {
        assert_eq!(answered.await.unwrap(), Ok("RNAME"));
    }
    let old = route.in_version(relay_smp::wire::Version(18));
    let call = Call::plain(Command::Rslv(b"alice.simplex"));
    let unknown = sender.call_through(&old, &call, &mut rng()).await.unwrap();
    assert_eq!(tag(&unknown), Err(Error::Cmd(CommandError::Unknown)));
    assert_eq!(
        see::count(&daemon, "relayd_smp_names_total{outcome=\"resolved\"}"),
        21
    );
}
