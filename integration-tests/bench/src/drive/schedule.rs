//! When operations are due.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// How operations follow each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Pace {
    /// Each client begins its next operation when it has finished one (closed loop).
    Closed,
    /// So many operations a second are due, whoever does them (open loop).
    Rate(f64),
    /// Each client has an operation due once in this time, all of them evenly spread.
    Every(Duration),
    /// Everybody at once, once.
    Burst,
}

impl Pace {
    /// One schedule a client.
    pub(crate) fn schedules(self, clients: usize, start: Instant, until: Instant) -> Vec<Schedule> {
        let tickets = Arc::new(AtomicU64::new(0));
        let schedule = |index: usize| match self {
            Self::Closed => Schedule::Closed { until },
            Self::Rate(rate) => Schedule::Shared {
                tickets: Arc::clone(&tickets),
                rate,
                start,
                until,
            },
            Self::Every(period) => Schedule::Own {
                next: start + share(period, index, clients),
                period,
                until,
            },
            Self::Burst => Schedule::Once(Some(start)),
        };
        (0..clients).map(schedule).collect()
    }
}

/// When one client's operations are due; ends when the time is over.
#[derive(Debug)]
pub(crate) enum Schedule {
    Closed {
        until: Instant,
    },
    /// Who is free takes the next ticket.
    Shared {
        tickets: Arc<AtomicU64>,
        rate: f64,
        start: Instant,
        until: Instant,
    },
    Own {
        next: Instant,
        period: Duration,
        until: Instant,
    },
    Once(Option<Instant>),
}

impl Schedule {
    pub(crate) fn next(&mut self) -> Option<Instant> {
        let (due, until) = match self {
            Self::Closed { until } => (Instant::now(), *until),
            Self::Shared {
                tickets,
                rate,
                start,
                until,
            } => (
                *start + nth(tickets.fetch_add(1, Ordering::Relaxed), *rate),
                *until,
            ),
            Self::Own {
                next,
                period,
                until,
            } => {
                let due = *next;
                *next += *period;
                (due, *until)
            }
            Self::Once(due) => return due.take(),
        };
        (due < until).then_some(due)
    }

    /// Whether the next operation is due as soon as one is done.
    pub(crate) fn is_hungry(&self) -> bool {
        matches!(self, Self::Closed { .. })
    }
}

/// When the ticket is due after the start.
#[expect(
    clippy::cast_precision_loss,
    reason = "tickets of a run are far below 2^52"
)]
fn nth(ticket: u64, rate: f64) -> Duration {
    Duration::try_from_secs_f64(ticket as f64 / rate).unwrap_or(Duration::MAX / 4)
}

fn share(period: Duration, index: usize, of: usize) -> Duration {
    let index = u32::try_from(index).unwrap_or(u32::MAX);
    let of = u32::try_from(of.max(1)).unwrap_or(u32::MAX);
    period / of * index
}
