//! What systemd gives and is told: sockets that it bound, and the states of the daemon.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

use std::net::{TcpListener, TcpStream};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::time::Duration;

use integration_tests::stranger::Stranger;
use integration_tests::{Bed, PATIENCE, see};
use relay_testkit::http::{Connection, request};
use relay_testkit::{Relayd, Signal, binaries, poll};
use serde_json::json;

/// What systemd does: the listener is file descriptor 3 of the process that it names.
fn activated(bed: &Bed, listener: impl Into<std::os::fd::OwnedFd>, names: &str) -> Relayd {
    let script = "exec 3<&0 0</dev/null; export LISTEN_PID=$$ LISTEN_FDS=1; exec \"$0\" \"$@\"";
    let relayd = bed.relayd().program("/bin/sh").stdin(listener);
    let relayd = relayd.arg("-c").arg(script).arg(binaries::relayd());
    relayd.env("LISTEN_FDNAMES", names)
}

#[test]
fn a_socket_that_systemd_bound_is_served() {
    for name in ["relayd.socket", "metrics", ""] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let bed = Bed::new().with("metrics.listen", address.to_string());
        // A client that came before the daemon is served all the same.
        let mut early = Connection::open(&address.into()).unwrap();
        early.send(&request("GET", "/livez", &[], b"")).unwrap();
        let daemon = activated(&bed, listener.try_clone().unwrap(), name).spawn();
        assert_eq!(early.response().unwrap().status, 200);
        see::readyz(&daemon, 200);
        assert!(
            !daemon.stderr().contains("wanted by no listener"),
            "{}",
            daemon.stderr()
        );

        // We still hold the socket: it could not have been bound a second time.
        daemon.signal(Signal::TERM);
        assert_eq!(daemon.wait(PATIENCE).code, Some(0));
        TcpStream::connect(address).unwrap();
    }
}

#[test]
fn a_unix_socket_that_systemd_bound_stays_when_the_daemon_ends() {
    let bed = Bed::new();
    let path = bed.dir().join("activated.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let bed = bed.with("admin.socket", path.to_str().unwrap());
    let daemon = activated(&bed, listener, "").spawn();
    see::serving(&daemon);
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.wait(PATIENCE).code, Some(0));
    assert!(path.exists(), "it belongs to whoever made it");
}

#[test]
fn a_socket_that_nobody_wants_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let bed = Bed::new();
    let daemon = activated(&bed, listener, "stray").spawn();
    let line = daemon.wait_for_line("wanted by no listener", PATIENCE);
    assert!(
        line.contains(&address.to_string()) && line.contains("stray"),
        "{line}"
    );
    see::readyz(&daemon, 200);
}

#[test]
fn what_is_inherited_and_is_no_listening_socket_is_refused_in_one_line() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let connected = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let bed = Bed::new();
    let exit = activated(&bed, connected, "metrics").spawn();
    // It may also be ignored, as anything that is no listener.
    let ended = poll::try_until(PATIENCE, || {
        let serves = exit
            .metrics()
            .get("/readyz")
            .is_ok_and(|answer| answer.status == 200);
        (serves || !exit.is_running()).then(|| !exit.is_running())
    });
    if ended.unwrap() {
        let exit = exit.wait(PATIENCE);
        assert_eq!(exit.code, Some(69), "{exit:?}");
        assert!(exit.stderr.contains("metrics.listen"), "{exit:?}");
    }
}

/// A service manager that listens.
struct Manager {
    socket: UnixDatagram,
}

impl Manager {
    /// A manager, and a daemon to be started that tells it.
    fn of(bed: &Bed) -> (Self, Relayd) {
        let path = bed.dir().join("notify.sock");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        (Self { socket }, bed.relayd().env("NOTIFY_SOCKET", path))
    }

    /// The next messages are so many signs of life, none of them late.
    fn sees_life(&self, times: usize) {
        let in_time = Some(Duration::from_secs(5));
        self.socket.set_read_timeout(in_time).unwrap();
        for _ in 0..times {
            assert_eq!(self.next(), ["WATCHDOG=1"]);
        }
    }

    /// The next message that is not only a sign of life.
    fn hears(&self) -> Vec<String> {
        loop {
            let message = self.next();
            if message != ["WATCHDOG=1"] {
                return message;
            }
        }
    }

    fn next(&self) -> Vec<String> {
        let mut message = [0; 4096];
        let size = self.socket.recv(&mut message).unwrap();
        let text = std::str::from_utf8(&message[..size]).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

fn has(message: &[String], part: &str) -> bool {
    message.iter().any(|line| line == part)
}

#[test]
fn every_state_is_told() {
    let bed = Bed::new().with("drain_timeout", "7s");
    let (manager, relayd) = Manager::of(&bed);
    let daemon = relayd.spawn();
    let ready = manager.hears();
    assert!(has(&ready, "READY=1"), "{ready:?}");
    assert!(
        has(&ready, &format!("MAINPID={}", daemon.pid())),
        "{ready:?}"
    );
    // Ready means ready: no client is refused from now on.
    assert_eq!(daemon.metrics().get("/readyz").unwrap().status, 200);

    daemon.signal(Signal::HUP);
    let reloading = manager.hears();
    assert!(has(&reloading, "RELOADING=1"), "{reloading:?}");
    assert!(
        reloading
            .iter()
            .any(|line| line.starts_with("MONOTONIC_USEC=")),
        "{reloading:?}"
    );
    assert!(has(&manager.hears(), "READY=1"));
    // A refused reload is over, too.
    std::fs::write(bed.dir().join("relayd.toml"), "[log]\nlevel = 7\n").unwrap();
    assert_eq!(
        daemon
            .admin()
            .post("/v1/reload", &json!({}))
            .unwrap()
            .status,
        409
    );
    assert!(has(&manager.hears(), "RELOADING=1"));
    assert!(has(&manager.hears(), "READY=1"));

    daemon.signal(Signal::TERM);
    let stopping = manager.hears();
    assert!(has(&stopping, "STOPPING=1"), "{stopping:?}");
    assert!(
        has(&stopping, "EXTEND_TIMEOUT_USEC=17000000"),
        "{stopping:?}"
    );
    assert_eq!(daemon.wait(PATIENCE).code, Some(0));
}

#[test]
fn signs_of_life_are_given_while_they_are_asked_for() {
    let bed = Bed::new();
    let (manager, relayd) = Manager::of(&bed);
    let daemon = relayd.env("WATCHDOG_USEC", "100000").spawn();
    assert!(has(&manager.hears(), "READY=1"));
    manager.sees_life(5);
    assert!(daemon.is_running());
}

#[test]
fn signs_of_life_go_on_while_draining() {
    let bed = Bed::new().with("drain_timeout", "1m").with_sogs();
    let (manager, relayd) = Manager::of(&bed);
    let daemon = relayd.env("WATCHDOG_USEC", "200000").spawn();
    assert!(has(&manager.hears(), "READY=1"));
    let mut client = Connection::open(&bed.listen("sogs").into()).unwrap();
    client.send(b"GET / HT").unwrap();
    poll::until(PATIENCE, "the client is served", || {
        let open = see::metric(&daemon, "relayd_connections_open{listener=\"sogs\"");
        (open == Some(1.0)).then_some(())
    });
    daemon.signal(Signal::TERM);
    assert!(has(&manager.hears(), "STOPPING=1"));
    // Or systemd would kill a daemon that is finishing what is in flight.
    manager.sees_life(3);
    client.send(b"TP/1.1\r\nhost: x\r\n\r\n").unwrap();
    assert_eq!(client.response().unwrap().status, 200);
    assert_eq!(daemon.wait(PATIENCE).code, Some(0));
}

#[test]
fn signs_of_life_go_on_after_an_upgrade() {
    let bed = Bed::new();
    let (manager, relayd) = Manager::of(&bed);
    // What systemd sets names the process that it started, which is not the one that takes over.
    let script = "export WATCHDOG_PID=$$ WATCHDOG_USEC=200000; exec \"$0\" \"$@\"";
    let relayd = relayd.program("/bin/sh").arg("-c").arg(script);
    let old = relayd.arg(binaries::relayd()).spawn();
    assert!(has(&manager.hears(), "READY=1"));
    let answer = old.admin().post("/v1/upgrade", &json!({})).unwrap();
    let new = Stranger::of(&answer.json());
    assert_eq!(old.wait(PATIENCE).code, Some(0));
    let mut told = manager.hears();
    while !has(&told, "READY=1") {
        told = manager.hears();
    }
    manager.sees_life(3);
    assert!(!new.has_ended());
}

#[test]
fn an_upgrade_tells_which_process_to_watch() {
    let bed = Bed::new();
    let (manager, relayd) = Manager::of(&bed);
    let old = relayd.spawn();
    assert!(has(&manager.hears(), "READY=1"));
    let new = relayd.clone().arg("--upgrade").spawn();
    let told = format!("MAINPID={}", new.pid());
    let handed_over = manager.hears();
    assert!(has(&handed_over, &told), "{handed_over:?}");
    assert!(!has(&handed_over, "STOPPING=1"), "{handed_over:?}");
    assert_eq!(old.wait(PATIENCE).code, Some(0));
    let ready = manager.hears();
    assert!(has(&ready, "READY=1") && has(&ready, &told), "{ready:?}");
}
