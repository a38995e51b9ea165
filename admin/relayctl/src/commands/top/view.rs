//! What is shown: figures as they are, and what happened between two looks at them.

use relay_admin::types::{Status, Worker};
use serde::Serialize;
use tokio::time::Instant;

use super::figures::Figures;

/// One look.
#[derive(Debug)]
pub(super) struct Sample {
    pub(super) taken: Instant,
    pub(super) status: Status,
    pub(super) figures: Figures,
}

/// What two looks come to. Fields are only ever added.
#[derive(Debug, Serialize)]
pub(super) struct View {
    /// Of relayd.
    pub(super) version: String,
    /// `starting`, `serving` or `draining`.
    pub(super) phase: String,
    /// Whether everything is well.
    pub(super) ready: bool,
    /// Why not.
    pub(super) troubles: Vec<String>,
    /// Seconds since it started.
    pub(super) uptime: u64,
    /// Seconds between the two looks.
    pub(super) interval: f64,
    pub(super) process: Process,
    /// The Session Open Group Server, if it is switched on.
    pub(super) sogs: Option<Sogs>,
    /// The SimpleX relay, if it is switched on.
    pub(super) smp: Option<Smp>,
    pub(super) store: Store,
    pub(super) workers: Vec<Worker>,
}

#[derive(Debug, Serialize)]
pub(super) struct Process {
    /// In shares of one core.
    pub(super) cpu: f64,
    pub(super) memory_bytes: f64,
    pub(super) threads: f64,
    pub(super) open_files: f64,
}

#[derive(Debug, Serialize)]
pub(super) struct Sogs {
    pub(super) connections: f64,
    pub(super) requests_per_second: f64,
    pub(super) polls_per_second: f64,
    pub(super) posts_per_second: f64,
    pub(super) latency: Latency,
    pub(super) rooms: f64,
    pub(super) users: f64,
    pub(super) active_users: f64,
}

#[derive(Debug, Serialize)]
pub(super) struct Smp {
    pub(super) connections: f64,
    pub(super) sessions: f64,
    pub(super) sent_per_second: f64,
    pub(super) received_per_second: f64,
    pub(super) blocks_in_per_second: f64,
    pub(super) blocks_out_per_second: f64,
    pub(super) queues: f64,
    pub(super) subscribed_queues: f64,
    pub(super) messages: f64,
}

#[derive(Debug, Serialize)]
pub(super) struct Store {
    pub(super) url: String,
    pub(super) durability: String,
    pub(super) fault: Option<String>,
    /// Units of work that wait.
    pub(super) waiting: usize,
    pub(super) units_per_second: f64,
    pub(super) commits_per_second: f64,
    pub(super) latency: Latency,
}

/// Seconds; nothing if nothing happened.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Latency {
    pub(super) mean: Option<f64>,
    pub(super) p99: Option<f64>,
}

impl View {
    /// What happened between two looks, and how things are at the second.
    pub(super) fn between(before: &Sample, now: &Sample) -> Self {
        let passed = now
            .taken
            .saturating_duration_since(before.taken)
            .as_secs_f64();
        let change = Change {
            before: &before.figures,
            now: &now.figures,
            passed: passed.max(0.001),
        };
        let status = &now.status;
        let is_on = |name: &str| status.parts.iter().any(|part| part.name == name);
        let troubles = status.parts.iter().filter_map(|part| {
            let reason = part.reason.as_ref()?;
            Some(format!("{}: {reason}", part.name))
        });
        Self {
            version: status.version.clone(),
            phase: status.phase.clone(),
            ready: status.ready,
            troubles: troubles.collect(),
            uptime: status.uptime,
            interval: passed,
            process: change.process(),
            sogs: is_on("sogs").then(|| change.sogs()),
            smp: is_on("smp").then(|| change.smp()),
            store: change.store(status),
            workers: status.workers.clone(),
        }
    }
}

struct Change<'a> {
    before: &'a Figures,
    now: &'a Figures,
    passed: f64,
}

impl Change<'_> {
    fn rate(&self, name: &str) -> f64 {
        self.rate_with(name, "")
    }

    /// A counter that went back belongs to another process: the daemon was restarted.
    fn rate_with(&self, name: &str, label: &str) -> f64 {
        let change = self.now.with(name, label) - self.before.with(name, label);
        change.max(0.0) / self.passed
    }

    fn latency(&self, name: &str) -> Latency {
        let (before, now) = (self.before.durations(name), self.now.durations(name));
        Latency {
            mean: now.mean_since(&before),
            p99: now.quantile_since(&before, 0.99),
        }
    }

    fn process(&self) -> Process {
        Process {
            cpu: self.rate("process_cpu_seconds_total"),
            memory_bytes: self.now.sum("process_resident_memory_bytes"),
            threads: self.now.sum("process_threads"),
            open_files: self.now.sum("process_open_fds"),
        }
    }

    fn sogs(&self) -> Sogs {
        Sogs {
            connections: self
                .now
                .with("relayd_connections_open", "listener=\"sogs\""),
            requests_per_second: self.rate("relayd_sogs_requests_total"),
            polls_per_second: self.rate("relayd_sogs_polls_total"),
            posts_per_second: self.rate("relayd_sogs_posts_total"),
            latency: self.latency("relayd_sogs_handler_seconds"),
            rooms: self.now.sum("relayd_sogs_rooms"),
            users: self.now.sum("relayd_sogs_users"),
            active_users: self.now.sum("relayd_sogs_active_users"),
        }
    }

    fn smp(&self) -> Smp {
        Smp {
            connections: self.now.with("relayd_connections_open", "listener=\"smp\""),
            sessions: self.now.sum("relayd_smp_sessions"),
            sent_per_second: self.rate_with("relayd_smp_messages_sent_total", "outcome=\"stored\""),
            received_per_second: self.rate("relayd_smp_messages_received_total"),
            blocks_in_per_second: self.rate_with("relayd_smp_blocks_total", "direction=\"in\""),
            blocks_out_per_second: self.rate_with("relayd_smp_blocks_total", "direction=\"out\""),
            queues: self.now.sum("relayd_smp_queues"),
            subscribed_queues: self.now.sum("relayd_smp_subscribed_queues"),
            messages: self.now.sum("relayd_smp_messages"),
        }
    }

    fn store(&self, status: &Status) -> Store {
        let (store, commits) = (&status.store, "relayd_store_commit_seconds");
        Store {
            url: store.url.clone(),
            durability: store.durability.clone(),
            fault: store.fault.clone(),
            waiting: store.queue,
            units_per_second: self.rate("relayd_store_units_total"),
            commits_per_second: self.rate(&format!("{commits}_count")),
            latency: self.latency(commits),
        }
    }
}
