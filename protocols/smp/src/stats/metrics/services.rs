//! Services and names, for Prometheus.

use relay_core::telemetry::metrics::Metrics;

use super::{Family, gauge};
use crate::engine::Engine;
use crate::queue::Side;
use crate::stats::Counter;

const EVENTS: &[&str] = &[
    "queue_joined",
    "queue_joined_again",
    "queue_changed_service",
    "queue_left",
    "subscribed",
    "subscribed_again",
    "taken_over",
    "knew_its_queues",
    "has_more_queues",
    "has_fewer_queues",
    "has_other_queues",
];

pub(super) const FAMILIES: [Family; 5] = [
    Family {
        name: "relayd_smp_messaging_services_total",
        help: "What happened to services that receive messages, and to their queues.",
        label: "event",
        values: EVENTS,
        counters: &[
            Counter::RcvServiceAssocNew,
            Counter::RcvServiceAssocDuplicate,
            Counter::RcvServiceAssocUpdated,
            Counter::RcvServiceAssocRemoved,
            Counter::RcvServiceSubCount,
            Counter::RcvServiceSubDuplicate,
            Counter::RcvServiceSubEnd,
            Counter::RcvServiceSubOk,
            Counter::RcvServiceSubMore,
            Counter::RcvServiceSubFewer,
            Counter::RcvServiceSubDiff,
        ],
    },
    super::alone(
        "relayd_smp_messaging_service_subscriptions_total",
        "Queues that services for messages subscribed to.",
        &[Counter::RcvServiceSubQueues],
    ),
    Family {
        name: "relayd_smp_notifier_services_total",
        help: "What happened to services that receive notifications, and to their queues.",
        label: "event",
        values: EVENTS,
        counters: &[
            Counter::NtfServiceAssocNew,
            Counter::NtfServiceAssocDuplicate,
            Counter::NtfServiceAssocUpdated,
            Counter::NtfServiceAssocRemoved,
            Counter::NtfServiceSubCount,
            Counter::NtfServiceSubDuplicate,
            Counter::NtfServiceSubEnd,
            Counter::NtfServiceSubOk,
            Counter::NtfServiceSubMore,
            Counter::NtfServiceSubFewer,
            Counter::NtfServiceSubDiff,
        ],
    },
    super::alone(
        "relayd_smp_notifier_service_subscriptions_total",
        "Notifiers that services for notifications subscribed to.",
        &[Counter::NtfServiceSubQueues],
    ),
    Family {
        name: "relayd_smp_names_total",
        help: "RSLV commands by outcome; each is also counted as asked.",
        label: "outcome",
        values: &["asked", "resolved", "not_found", "failed", "no_resolver"],
        counters: &[
            Counter::RslvReqs,
            Counter::RslvSucc,
            Counter::RslvNotFound,
            Counter::RslvResolverErrs,
            Counter::RslvDisabled,
        ],
    },
];

type Read = fn(&Engine) -> i64;

#[rustfmt::skip]
const GAUGES: [(&str, &str, Read); 8] = [
    ("relayd_smp_messaging_services", "Services for messages.",
        |engine| engine.service_totals(Side::Recipient).services),
    ("relayd_smp_messaging_service_queues", "Queues whose messages are a service's.",
        |engine| engine.service_totals(Side::Recipient).queues),
    ("relayd_smp_notifier_services", "Services for notifications.",
        |engine| engine.service_totals(Side::Notifier).services),
    ("relayd_smp_notifier_service_queues", "Queues whose notifications are a service's.",
        |engine| engine.service_totals(Side::Notifier).queues),
    ("relayd_smp_subscribed_messaging_services", "Services for messages subscribed now.",
        |engine| engine.subscribed_services(Side::Recipient).services),
    ("relayd_smp_subscribed_messaging_service_queues", "Their queues.",
        |engine| engine.subscribed_services(Side::Recipient).queues),
    ("relayd_smp_subscribed_notifier_services", "Services for notifications subscribed now.",
        |engine| engine.subscribed_services(Side::Notifier).services),
    ("relayd_smp_subscribed_notifier_service_queues", "Their queues.",
        |engine| engine.subscribed_services(Side::Notifier).queues),
];

/// Lets `metrics` ask how many services there are.
pub(super) fn publish(engine: &Engine, metrics: &Metrics) {
    for (name, help, read) in GAUGES {
        gauge(engine, metrics, name, help, read);
    }
}
