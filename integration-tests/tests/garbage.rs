//! Garbage at every listener disturbs nobody: normal clients are served meanwhile, memory does
//! not grow, nothing panics.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

use integration_tests::notes::noted;
use integration_tests::{Bed, PATIENCE, certificates, see};
use relay_testkit::http::{Address, Client, Connection};
use relay_testkit::{Daemon, poll};

/// Half-open connections at each listener.
const HALF_OPEN: usize = 200;
/// What all of it together may cost.
const MEMORY: f64 = 48.0 * 1024.0 * 1024.0;

/// Bytes that nobody chose, the same ones every time.
fn noise(seed: u64, size: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..size).map(|_| next()).collect()
}

/// What looks like a beginning and goes wrong later.
fn garbage() -> Vec<Vec<u8>> {
    let text = |text: &str| text.as_bytes().to_vec();
    let repeated =
        |before: &str, part: &str, times| text(&(before.to_owned() + &part.repeat(times)));
    let mut all: Vec<_> = (1..40)
        .map(|seed: u64| noise(seed, 1 + 97 * usize::try_from(seed * seed).unwrap()))
        .collect();
    all.extend([
        vec![0; 100_000],
        vec![0xff; 100_000],
        repeated("", "\r\n", 10_000),
        repeated("GET ", "/a", 100_000),
        repeated("GET / HTTP/1.1\r\n", "a: b\r\n", 20_000),
        repeated("GET / HTTP/1.1\r\nx: ", "y", 200_000),
        text("GET / HTTP/9.9\r\n\r\n"),
        text("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        text("POST / HTTP/1.1\r\ncontent-length: 99999999999999999999\r\n\r\n"),
        text("POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n"),
        text("POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n"),
        text("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n"),
        text("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\nabc"),
        text("GET http://[::1 HTTP/1.1\r\nhost: x\r\n\r\n"),
        text("GET /\u{0}\u{1} HTTP/1.1\r\nhost: x\r\n\r\n"),
        text("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET / HTTP/1.1\r\n\r\n"),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03garbage".to_vec(),
        [b"\x16\x03\x01\xff\xff".to_vec(), noise(77, 70_000)].concat(),
        [
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff".to_vec(),
            noise(78, 70_000),
        ]
        .concat(),
    ]);
    all
}

/// Throws everything, in different ways, and waits until each connection has ended.
fn throw_at(target: &Address) {
    for (count, bytes) in garbage().into_iter().enumerate() {
        let Ok(mut connection) = Connection::open(target) else {
            panic!("{target:?} takes no connections");
        };
        // The other side may be gone before all of it is there.
        let _ = connection.send(&bytes);
        if count % 3 == 0 {
            continue;
        }
        let _ = connection.finish();
        let _ = connection.rest();
    }
}

/// A client that behaves, and complains.
struct Normal {
    stop: Arc<AtomicBool>,
    served: Arc<AtomicUsize>,
    thread: JoinHandle<Vec<String>>,
}

impl Normal {
    fn start(client: Client, path: &'static str) -> Self {
        let (stop, served) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let (stopped, count) = (Arc::clone(&stop), Arc::clone(&served));
        let thread = thread::spawn(move || {
            let mut complaints = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                match client.get(path) {
                    Ok(answer) if answer.status == 200 => {}
                    other => complaints.push(format!("{path}: {other:?}")),
                }
                count.fetch_add(1, Ordering::Relaxed);
            }
            complaints
        });
        Self {
            stop,
            served,
            thread,
        }
    }

    /// Waits until it was served once more, all of it after this call.
    fn is_served(&self) {
        let before = self.served.load(Ordering::Relaxed);
        poll::until(PATIENCE, "a normal client is served", || {
            (self.served.load(Ordering::Relaxed) >= before + 2).then_some(())
        });
    }

    fn assert_content(self) {
        self.stop.store(true, Ordering::Relaxed);
        let complaints = self.thread.join().unwrap();
        assert!(complaints.is_empty(), "{complaints:?}");
    }
}

/// Where anybody can connect.
fn targets(bed: &Bed, daemon: &Daemon) -> [Address; 3] {
    [
        bed.listen("metrics").into(),
        bed.listen("sogs").into(),
        (&*daemon.how().admin_socket()).into(),
    ]
}

/// A client of each, and a path where it is answered.
fn clients(bed: &Bed, daemon: &Daemon) -> [(Client, &'static str); 3] {
    [
        (daemon.metrics(), "/livez"),
        (bed.sogs(), "/capabilities"),
        (daemon.admin(), "/v1/status"),
    ]
}

fn memory(daemon: &Daemon) -> f64 {
    see::metric(daemon, "process_resident_memory_bytes").unwrap()
}

fn assert_unharmed(daemon: &Daemon, memory_before: f64) {
    let grown = memory(daemon) - memory_before;
    assert!(grown < MEMORY, "{grown} bytes more than before");
    assert_eq!(
        see::metric(daemon, "relayd_connection_panics_total"),
        Some(0.0)
    );
    let of_tasks = see::metric(daemon, "relayd_task_panics_total");
    assert!(of_tasks.is_none_or(|panics| panics < 1.0), "{of_tasks:?}");
    let stderr = daemon.stderr();
    assert!(
        !stderr.contains("panic") && !stderr.contains("ERROR"),
        "{stderr}"
    );
    noted(&daemon.admin(), "well and alive");
}

#[test]
fn garbage_at_every_listener_disturbs_nobody() {
    let bed = Bed::new().with_sogs();
    let daemon = bed.start();
    let targets = targets(&bed, &daemon);
    let normal = clients(&bed, &daemon).map(|(client, path)| Normal::start(client, path));
    normal.iter().for_each(Normal::is_served);
    let before = memory(&daemon);
    thread::scope(|scope| {
        for target in &targets {
            scope.spawn(|| throw_at(target));
        }
    });
    normal.iter().for_each(Normal::is_served);
    for client in normal {
        client.assert_content();
    }
    assert_unharmed(&daemon, before);
}

#[test]
fn half_open_connections_disturb_nobody() {
    let bed = Bed::new().with_sogs();
    let daemon = bed.start();
    let targets = targets(&bed, &daemon);
    let before = memory(&daemon);
    let mut half_open = Vec::new();
    for target in &targets {
        for count in 0..HALF_OPEN {
            let mut connection = Connection::open(target).unwrap();
            if count % 2 == 0 {
                connection.send(b"POST / HTTP/1.1\r\nhost: ").unwrap();
            }
            half_open.push(connection);
        }
    }
    for (client, path) in clients(&bed, &daemon) {
        for _ in 0..5 {
            let answer = client.get(path);
            assert_eq!(answer.unwrap().status, 200, "{path}");
        }
    }
    assert_unharmed(&daemon, before);
    drop(half_open);
    poll::until(PATIENCE, "they are forgotten", || {
        let open = see::metric(&daemon, "relayd_connections_open{listener=\"sogs\"");
        (open == Some(0.0)).then_some(())
    });
}

#[test]
fn garbage_before_tls_disturbs_nobody() {
    if !certificates::can_be_made() {
        return;
    }
    let mut bed = Bed::new();
    let (certificate, key) = certificates::make(bed.dir(), "metrics", "relay.example");
    bed.set("metrics.tls_certificate", certificate.to_str().unwrap());
    bed.set("metrics.tls_key", key.to_str().unwrap());
    bed.set("limits.handshake_timeout", "1s");
    let address = bed.listen("metrics");
    let daemon = bed.start();
    throw_at(&address.into());
    let metrics = certificates::get(address, "/metrics");
    let figure = |name: &str| see::figure(&metrics, name);
    let refused = "relayd_connections_refused_total{listener=\"metrics\",reason=\"tls\"";
    assert!(figure(refused) >= Some(30.0), "{metrics}");
    assert_eq!(figure("relayd_connection_panics_total"), Some(0.0));
    assert!(!daemon.stderr().contains("panic"), "{}", daemon.stderr());
}
