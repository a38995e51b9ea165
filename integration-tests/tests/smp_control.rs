//! The control port of smp-server, as its scripts use it: lines in, lines out.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;

use integration_tests::smp::{Smp, create, event, message, tag};
use integration_tests::{Bed, PATIENCE};
use relay_smp::wire::{BlockingInfo, BlockingReason, Error, to_base64url};
use relay_testkit::{Daemon, Relayd};

fn bed(address: &str) -> Bed {
    Bed::new()
        .with_smp()
        .with("smp.control.listen", address)
        .with("smp.control.admin_password", "all-of-it")
        .with("smp.control.user_password", "some-of-it")
        .with("smp.daily_block_quota", 1)
}

fn started() -> (Bed, Daemon, SocketAddr) {
    let address = Relayd::free_address();
    let bed = bed(&address.to_string());
    bed.write();
    let daemon = bed.start();
    (bed, daemon, address)
}

struct Session<S: Read + Write>(BufReader<S>);

impl Session<TcpStream> {
    /// With its greeting read.
    fn at(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self::greeted(stream)
    }
}

impl<S: Read + Write> Session<S> {
    fn greeted(stream: S) -> Self {
        let mut session = Self(BufReader::new(stream));
        assert_eq!(session.line(), "SMP server control port");
        assert_eq!(session.line(), "'help' for supported commands");
        session
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line.trim_end_matches('\n').to_owned()
    }

    fn say(&mut self, command: &str) {
        let stream = self.0.get_mut();
        stream.write_all(format!("{command}\n").as_bytes()).unwrap();
    }

    /// The one line that is answered.
    fn ask(&mut self, command: &str) -> String {
        self.say(command);
        self.line()
    }

    /// All lines that are answered.
    fn list(&mut self, command: &str) -> Vec<String> {
        self.say(command);
        self.say("fish");
        let end = "error: Failed reading: bad ControlProtocol command";
        let lines = std::iter::repeat_with(|| self.line());
        lines.take_while(|line| line != end).collect()
    }

    fn with_all_rights(mut self) -> Self {
        let role = self.ask("auth all-of-it");
        assert_eq!(role, "Current role is CPRAdmin");
        self
    }
}

/// The value of a line like `msgSent: 1`.
fn figure<'a>(lines: &'a [String], name: &str) -> &'a str {
    let mut values = lines
        .iter()
        .filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    values
        .next()
        .unwrap_or_else(|| panic!("{name} in {lines:?}"))
}

#[test]
fn passwords_decide_what_is_allowed() {
    let (_bed, _daemon, address) = started();
    let mut session = Session::at(address);
    for command in [
        "stats",
        "clients",
        "status AQID",
        "block AQID reason=spam",
        "save",
    ] {
        assert_eq!(session.ask(command), "AUTH", "{command}");
    }
    assert!(session.ask("help").starts_with("commands: stats, "));
    assert_eq!(session.ask("auth wrong"), "Current role is CPRNone");
    assert_eq!(session.ask("auth some-of-it"), "Current role is CPRUser");
    assert_eq!(session.ask("delete AQID"), "AUTH");
    assert_eq!(session.ask("status AQID"), "error: AUTH");
    let again = session.ask("auth all-of-it");
    assert_eq!(
        again,
        "Current role is CPRUser, start new session to change."
    );
    session.say("quit");
    assert_eq!(session.line(), "");
    let mut admin = Session::at(address).with_all_rights();
    assert_eq!(admin.ask("suspend"), "suspend not implemented");
    assert_eq!(
        admin.list("save"),
        ["saving server state...", "server state saved!"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_those_of_the_relay() {
    let (bed, _daemon, address) = started();
    let relay = Smp::of(&bed);
    let (recipient, mut events) = relay.client().await;
    let (sender, _) = relay.client().await;
    let queue = create(&recipient).await;
    sender
        .send(&queue.sender_id, None, false, b"one")
        .await
        .unwrap();
    message(&mut events, &queue).await;

    let mut session = Session::at(address).with_all_rights();
    let stats = session.list("stats");
    assert_eq!(stats.len(), 39);
    assert!(figure(&stats, "fromTime").ends_with(" UTC"));
    for (name, value) in [
        ("qCreated", "1"),
        ("msgSent", "1"),
        ("qCount 2", "1"),
        ("msgCount", "1"),
        ("daily active queues", "1"),
        ("other GET events (auth, duplicate, prohibited)", "(0,0,0)"),
    ] {
        assert_eq!(figure(&stats, name), value, "{name}");
    }
    let clients = session.list("clients");
    let columns =
        "clientId,sessionId,connected,createdAt,rcvActiveAt,sndActiveAt,age,subscriptions";
    assert_eq!((clients.len(), &*clients[0]), (3, columns));
    let first: Vec<_> = clients[1].split(',').collect();
    assert_eq!((first.len(), first[2], first[7]), (8, "True", "1"));
    let info = session.list("server-info");
    assert_eq!(figure(&info, "Clients"), "2");
    assert_eq!(figure(&info, "SMP subscriptions"), "1");
    assert_eq!(figure(&info, "SMP subscribed clients count 2"), "1");
    let port = bed.listen("smp").port();
    assert_eq!(
        session.list("sockets"),
        [
            &format!("Sockets for port {port}:"),
            "accepted: 2",
            "closed: 0",
            "active: 2",
            "leaked: 0"
        ]
    );
    assert!(session.list("threads")[0].starts_with("Threads: "));
    assert_eq!(session.list("socket-threads").len(), 2);
    drop((recipient, events));
    let left = || (session.list("clients").len() == 2).then_some(());
    relay_testkit::poll::until(PATIENCE, "one client is left", left);
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_are_looked_at_blocked_unblocked_and_deleted() {
    let (bed, daemon, address) = started();
    let (client, mut events) = Smp::of(&bed).client().await;
    let (queue, other) = (create(&client).await, create(&client).await);
    let id = to_base64url(&queue.sender_id);
    let mut session = Session::at(address).with_all_rights();
    let shown = session.ask(&format!("status {id}"));
    assert!(
        shown.starts_with("status: EntityActive, updatedAt: Just "),
        "{shown}"
    );
    assert!(
        shown.ends_with(", queueMode: Just QMMessaging") || shown.ends_with(", queueMode: Nothing")
    );

    let blocked = "EntityBlocked (BlockingInfo {reason = BRSpam, notice = Nothing})";
    let block = format!("block {id} reason=spam");
    assert_eq!(session.ask(&block), format!("ok, queue blocked: {blocked}"));
    let told = event(&mut events).await;
    let info = BlockingInfo {
        reason: BlockingReason::Spam,
        notice: None,
    };
    assert_eq!(tag(&told), Err(Error::Blocked(info)));
    assert_eq!(
        session.ask(&block),
        format!("ok, already inactive: {blocked}")
    );
    let another = to_base64url(&other.sender_id);
    assert_eq!(
        session.ask(&format!("block {another} reason=content")),
        "error: reached limit of 1 queues blocked daily"
    );
    let unblock = format!("unblock {id}");
    assert_eq!(
        session.ask(&unblock),
        "ok, queue unblocked, reason to block was: BlockingInfo {reason = BRSpam, notice = Nothing}"
    );
    assert_eq!(session.ask(&unblock), "ok, queue was active");
    assert_eq!(
        session.ask(&format!("delete {id}")),
        "ok, 0 messages deleted"
    );
    assert_eq!(session.ask(&format!("delete {id}")), "error: AUTH");

    let audit = daemon.relayctl(["audit", "list"]).stdout;
    for action in ["smp.queue.block", "smp.queue.unblock", "smp.queue.delete"] {
        assert!(audit.contains(&format!("control {action}")), "{audit}");
    }
    for secret in [&*id, "all-of-it"] {
        assert!(!daemon.stderr().contains(secret), "{secret} is in the log");
    }
}

#[test]
fn it_may_be_a_unix_socket_and_is_off_by_default() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("control.sock");
    let bed = bed(&format!("unix:{}", path.display()));
    let _daemon = bed.start();
    let mut session = Session::greeted(UnixStream::connect(&path).unwrap());
    assert_eq!(session.ask("auth some-of-it"), "Current role is CPRUser");
}
