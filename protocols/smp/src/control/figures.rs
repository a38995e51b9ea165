//! What was counted and who is connected, in the reference's words and order. What this relay does
//! not count is 0.

use std::collections::HashMap;
use std::fmt::{Display, Write};
use std::sync::Arc;

use data_encoding::BASE64;

use super::{runtime, show};
use crate::engine::Figures;
use crate::server::{Client, Traffic};

/// Lines of names and values.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn put(&mut self, name: &str, value: impl Display) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "{name}: {value}");
    }
}

/// The figures of the period.
struct Period<'a>(HashMap<&'a str, i64>);

impl Period<'_> {
    fn of(&self, name: &str) -> i64 {
        self.0.get(name).copied().unwrap_or(0)
    }

    fn three(&self, names: [&str; 3]) -> String {
        let [a, b, c] = names.map(|name| self.of(name));
        format!("({a},{b},{c})")
    }

    /// Of private routing: the counters of a group.
    fn routed(&self, group: &str) -> String {
        let figure = |name: &str| format!("{name}={}", self.of(&format!("{group}.{name}")));
        ROUTED.map(figure).join(", ")
    }
}

const ROUTED: [&str; 5] = [
    "requests",
    "successes",
    "errorsConnect",
    "errorsCompat",
    "errorsOther",
];

/// `stats`.
pub(super) fn stats(figures: &Figures, admin: bool) -> String {
    let counters = figures.counters.iter();
    let period = Period(counters.map(|(name, _, period)| (*name, *period)).collect());
    let mut lines = Lines::default();
    lines.put("fromTime", show::time(figures.period_began));
    each(&mut lines, &period, &CREATED);
    lines.put("daily active queues", figures.active_queues[0]);
    each(
        &mut lines,
        &period,
        &["qSub", "qSubAllB", "qSubEnd", "qSubEndB"],
    );
    lines.put(
        "other SUB events (auth, duplicate, prohibited)",
        period.three(["qSubAuth", "qSubDuplicate", "qSubProhibited"]),
    );
    each(&mut lines, &period, &MESSAGES);
    lines.put(
        "other GET events (auth, duplicate, prohibited)",
        period.three(["msgGetAuth", "msgGetDuplicate", "msgGetProhibited"]),
    );
    each(&mut lines, &period, &NOTIFICATIONS);
    stored(&mut lines, figures, admin);
    for group in ["pRelays", "pRelaysOwn", "pMsgFwds", "pMsgFwdsOwn"] {
        lines.put(group, period.routed(group));
    }
    lines.put("pMsgFwdsRecv", period.of("pMsgFwdsRecv"));
    for services in SERVICES {
        lines.put(services, period.of(services));
    }
    lines.0
}

const CREATED: [&str; 6] = [
    "qCreated",
    "qSecured",
    "qDeletedAll",
    "qDeletedAllB",
    "qDeletedNew",
    "qDeletedSecured",
];
const MESSAGES: [&str; 5] = ["msgSent", "msgRecv", "msgRecvGet", "msgGet", "msgGetNoMsg"];
const NOTIFICATIONS: [&str; 5] = [
    "msgSentNtf",
    "msgRecvNtf",
    "msgNtfs",
    "msgNtfsB",
    "msgNtfExpired",
];
const SERVICES: [&str; 4] = [
    "rcvServiceCount",
    "ntfServiceCount",
    "rcvServiceQueuesCount",
    "ntfServiceQueuesCount",
];

fn each(lines: &mut Lines, period: &Period<'_>, names: &[&str]) {
    for name in names {
        lines.put(name, period.of(name));
    }
}

/// The reference counts some things in two ways, to compare; there is one here.
fn stored(lines: &mut Lines, figures: &Figures, admin: bool) {
    let totals = &figures.totals;
    lines.put("qCount", totals.queues);
    lines.put("qCount 2", totals.queues);
    lines.put("notifiers", totals.notifiers);
    lines.put("msgCount", totals.messages);
    lines.put("ntfCount", totals.notifications);
    if admin {
        lines.put("ntfCount 2", totals.notifications);
    }
}

/// `clients`.
pub(super) fn clients(clients: &[Arc<Client>], now: i64) -> String {
    let mut text =
        "clientId,sessionId,connected,createdAt,rcvActiveAt,sndActiveAt,age,subscriptions\n"
            .to_owned();
    for client in clients {
        let (queues, _) = client.holdings.counts();
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{},{},True,{},{},{},{},{queues}",
            client.number,
            BASE64.encode(&client.session_id),
            client.since,
            client.heard(),
            client.told(),
            now - client.since,
        );
    }
    text
}

/// `sockets`. None is ever leaked: a connection is closed when its task ends.
pub(super) fn sockets(ports: &[(String, Traffic)]) -> String {
    let mut text = String::new();
    for (port, traffic) in ports {
        let active = traffic.accepted.saturating_sub(traffic.closed);
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "Sockets for port {port}:\naccepted: {}\nclosed: {}\nactive: {active}\nleaked: 0\n",
            traffic.accepted, traffic.closed,
        );
    }
    text
}

/// `socket-threads`: a connection has a task, which is no thread.
pub(super) fn socket_threads(clients: &[Arc<Client>]) -> String {
    let mut text = String::new();
    for client in clients {
        let session = BASE64.encode(&client.session_id);
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{},{},,task,client ${session}",
            client.port, client.number
        );
    }
    text
}

/// `server-info`.
pub(super) fn server_info(
    clients: &[Arc<Client>],
    (queues, notifiers): (usize, usize),
    admin: bool,
) -> String {
    let held: Vec<_> = clients
        .iter()
        .map(|client| (client.number, client.holdings.counts()))
        .collect();
    let receiving = held.iter().filter(|(_, (queues, _))| *queues > 0).count();
    let notified: Vec<_> = held
        .iter()
        .filter(|(_, (_, notifiers))| *notifiers > 0)
        .map(|(number, _)| number.to_string())
        .collect();
    let mut lines = Lines::default();
    lines.put("Threads", runtime::count());
    lines.put("Clients", clients.len());
    if admin {
        waiting(&mut lines, &held, receiving, notified.len());
    }
    lines.put("SMP subscriptions", queues);
    lines.put("SMP subscribed clients", receiving);
    lines.put("SMP subscribed clients count 2", receiving);
    let ids = notified.join(",");
    lines.put("Ntf subscriptions", notifiers);
    lines.put(
        "Ntf subscribed clients",
        format!("{} [{ids}]", notified.len()),
    );
    let count = format!("{} fromList [{ids}]", notified.len());
    lines.put("Ntf subscribed clients count 2", count);
    lines.0
}

/// There are no queues between the tasks of a client, for it has one task; and a subscription is
/// never without one.
fn waiting(lines: &mut Lines, held: &[(u64, (usize, usize))], receiving: usize, notified: usize) {
    let queues: usize = held.iter().map(|(_, (queues, _))| queues).sum();
    let notifiers: usize = held.iter().map(|(_, (_, notifiers))| notifiers).sum();
    lines.put("Client queues (rcvQ, sndQ, msgQ)", "(0,0,0)");
    lines.put("SMP subscriptions (via clients)", queues);
    lines.put(
        "SMP subscriptions (by group: NoSub, SubPending, SubThread, ProhibitSub)",
        format!("({queues},0,0,0)"),
    );
    lines.put("SMP subscribed clients (via clients)", receiving);
    lines.put(
        "SMP subscribed clients queues (via clients, rcvQ, sndQ, msgQ)",
        "(0,0,0)",
    );
    lines.put("Ntf subscriptions (via clients)", notifiers);
    lines.put("Ntf subscribed clients (via clients)", notified);
    lines.put(
        "Ntf subscribed clients queues (via clients, rcvQ, sndQ, msgQ)",
        "(0,0,0)",
    );
}
