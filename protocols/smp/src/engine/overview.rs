//! What was counted, for operators to look at.

use std::sync::atomic::Ordering;

use super::{Engine, Totals};
use crate::stats::Period;

/// What is there, and what happened.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    /// When the present period of statistics began, in unix seconds.
    pub(crate) period_began: i64,
    /// Name, since the first start, in the present period.
    pub(crate) counters: Vec<(&'static str, i64, i64)>,
    /// What is stored.
    pub(crate) totals: Totals,
    /// Live subscriptions to queues, and to notifications.
    pub(crate) subscriptions: (usize, usize),
    /// Queues with messages in this day, week and month.
    pub(crate) active_queues: [u64; 3],
    /// The same of notifications.
    pub(crate) active_notifiers: [u64; 3],
}

impl Engine {
    /// The figures of this moment.
    pub(crate) fn figures(&self) -> Figures {
        let shared = &self.shared;
        let counters = shared.counters.rows().into_iter();
        let active = |periods: [Period; 3]| periods.map(|period| shared.active.count(period));
        Figures {
            period_began: shared.period_began.load(Ordering::Relaxed),
            counters: counters
                .map(|(name, total, base)| (name, total, total - base))
                .collect(),
            totals: self.totals(),
            subscriptions: self.subscriptions(),
            active_queues: active([Period::Day, Period::Week, Period::Month]),
            active_notifiers: active([Period::NtfDay, Period::NtfWeek, Period::NtfMonth]),
        }
    }
}
