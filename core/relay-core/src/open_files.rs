//! As many open files as the system lets us have: every connection is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What the daemon needs beside its clients' connections: database, logs, listeners, operators.
const OWN: u64 = 512;

/// Raises the soft limit to the hard one, and says so when that is too few for `connections`.
pub(crate) fn raise_limit(connections: usize) {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    let now = if setrlimit(Resource::Nofile, raised).is_ok() {
        limit.maximum
    } else {
        limit.current
    };
    let wanted = connections as u64 + OWN;
    if let Some(now) = now.filter(|now| *now < wanted) {
        tracing::warn!(
            "the system allows {now} open files, too few for limits.max_connections = {connections}; \
             set LimitNOFILE={wanted}, or lower limits.max_connections"
        );
    }
}
