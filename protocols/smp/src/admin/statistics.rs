//! The route about figures.

use axum::Json;
use axum::extract::State;

use super::Desk;
use super::types::{Active, Counter, Statistics};

pub(super) async fn show(State(desk): State<Desk>) -> Json<Statistics> {
    let figures = desk.engine.figures();
    let counter = |(name, total, period): (&str, i64, i64)| Counter {
        name: name.to_owned(),
        total,
        period,
    };
    let active = |[day, week, month]: [u64; 3]| Active { day, week, month };
    let (queues, notifiers) = figures.subscriptions;
    Json(Statistics {
        period_began: figures.period_began,
        queues: figures.totals.queues,
        messages: figures.totals.messages,
        notifiers: figures.totals.notifiers,
        notifications: figures.totals.notifications,
        queue_subscriptions: queues,
        notifier_subscriptions: notifiers,
        active_queues: active(figures.active_queues),
        active_notifiers: active(figures.active_notifiers),
        counters: figures.counters.into_iter().map(counter).collect(),
    })
}
