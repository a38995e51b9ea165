//! What the relay counts, for Prometheus: asked for when somebody looks.

use relay_core::telemetry::metrics::{Kind, Metrics};

use super::{Counter, Period};
use crate::engine::Engine;

/// Counters under one name, told apart by a label.
struct Family {
    name: &'static str,
    help: &'static str,
    label: &'static str,
    values: &'static [&'static str],
    counters: &'static [Counter],
}

/// How passing on ended.
const ROUTED: &[&str] = &["success", "connect_error", "version_error", "other_error"];

const FAMILIES: [Family; 20] = [
    Family {
        name: "relayd_smp_queues_total",
        help: "What was done to queues.",
        label: "event",
        values: &[
            "created",
            "secured",
            "deleted_new",
            "deleted_secured",
            "blocked",
        ],
        counters: &[
            Counter::QCreated,
            Counter::QSecured,
            Counter::QDeletedNew,
            Counter::QDeletedSecured,
            Counter::QBlocked,
        ],
    },
    alone(
        "relayd_smp_queue_delete_blocks_total",
        "Blocks with DEL.",
        &[Counter::QDeletedAllB],
    ),
    Family {
        name: "relayd_smp_subscriptions_total",
        help: "SUB commands by outcome, and subscriptions taken over.",
        label: "outcome",
        values: &["new", "again", "auth", "prohibited", "taken_over"],
        counters: &[
            Counter::QSub,
            Counter::QSubDuplicate,
            Counter::QSubAuth,
            Counter::QSubProhibited,
            Counter::QSubEnd,
        ],
    },
    alone(
        "relayd_smp_subscription_blocks_total",
        "Blocks with SUB.",
        &[Counter::QSubAllB],
    ),
    alone(
        "relayd_smp_taken_over_connections_total",
        "Connections told at once that they lost subscriptions.",
        &[Counter::QSubEndB],
    ),
    Family {
        name: "relayd_smp_messages_sent_total",
        help: "SEND commands by outcome.",
        label: "outcome",
        values: &["stored", "auth", "quota", "large", "blocked"],
        counters: &[
            Counter::MsgSent,
            Counter::MsgSentAuth,
            Counter::MsgSentQuota,
            Counter::MsgSentLarge,
            Counter::MsgSentBlock,
        ],
    },
    Family {
        name: "relayd_smp_messages_received_total",
        help: "Messages acknowledged, by how they were read.",
        label: "by",
        values: &["sub", "get"],
        counters: &[Counter::MsgRecv, Counter::MsgRecvGet],
    },
    alone(
        "relayd_smp_messages_expired_total",
        "Messages nobody fetched.",
        &[Counter::MsgExpired],
    ),
    Family {
        name: "relayd_smp_gets_total",
        help: "GET commands by outcome.",
        label: "outcome",
        values: &["message", "again", "empty", "auth", "prohibited"],
        counters: &[
            Counter::MsgGet,
            Counter::MsgGetDuplicate,
            Counter::MsgGetNoMsg,
            Counter::MsgGetAuth,
            Counter::MsgGetProhibited,
        ],
    },
    Family {
        name: "relayd_smp_notifiers_total",
        help: "What was done to notifiers.",
        label: "event",
        values: &["created", "created_with_queue", "deleted"],
        counters: &[
            Counter::NtfCreated,
            Counter::NtfNewCreated,
            Counter::NtfDeleted,
        ],
    },
    alone(
        "relayd_smp_notifier_delete_blocks_total",
        "Blocks with NDEL.",
        &[Counter::NtfDeletedB],
    ),
    Family {
        name: "relayd_smp_notifier_subscriptions_total",
        help: "NSUB commands by outcome.",
        label: "outcome",
        values: &["new", "again", "auth"],
        counters: &[
            Counter::NtfSub,
            Counter::NtfSubDuplicate,
            Counter::NtfSubAuth,
        ],
    },
    alone(
        "relayd_smp_notifier_subscription_blocks_total",
        "Blocks with NSUB.",
        &[Counter::NtfSubB],
    ),
    Family {
        name: "relayd_smp_notifications_total",
        help: "Notifications of messages that asked for them, by what became of them.",
        label: "event",
        values: &[
            "asked",
            "acknowledged",
            "delivered",
            "no_subscriber",
            "delayed",
            "expired",
        ],
        counters: &[
            Counter::MsgSentNtf,
            Counter::MsgRecvNtf,
            Counter::MsgNtfs,
            Counter::MsgNtfNoSub,
            Counter::MsgNtfLost,
            Counter::MsgNtfExpired,
        ],
    },
    alone(
        "relayd_smp_notification_deliveries_total",
        "Times a connection was handed notifications.",
        &[Counter::MsgNtfsB],
    ),
    Family {
        name: "relayd_smp_proxy_sessions_total",
        help: "Sessions with other servers that clients asked for.",
        label: "outcome",
        values: ROUTED,
        counters: &[
            Counter::PRelaysSuccesses,
            Counter::PRelaysErrorsConnect,
            Counter::PRelaysErrorsCompat,
            Counter::PRelaysErrorsOther,
        ],
    },
    Family {
        name: "relayd_smp_proxy_own_sessions_total",
        help: "The same with the operator's own servers.",
        label: "outcome",
        values: ROUTED,
        counters: &[
            Counter::PRelaysOwnSuccesses,
            Counter::PRelaysOwnErrorsConnect,
            Counter::PRelaysOwnErrorsCompat,
            Counter::PRelaysOwnErrorsOther,
        ],
    },
    Family {
        name: "relayd_smp_proxy_commands_total",
        help: "Commands that were to be passed on to other servers.",
        label: "outcome",
        values: ROUTED,
        counters: &[
            Counter::PMsgFwdsSuccesses,
            Counter::PMsgFwdsErrorsConnect,
            Counter::PMsgFwdsErrorsCompat,
            Counter::PMsgFwdsErrorsOther,
        ],
    },
    Family {
        name: "relayd_smp_proxy_own_commands_total",
        help: "The same to the operator's own servers.",
        label: "outcome",
        values: ROUTED,
        counters: &[
            Counter::PMsgFwdsOwnSuccesses,
            Counter::PMsgFwdsOwnErrorsConnect,
            Counter::PMsgFwdsOwnErrorsCompat,
            Counter::PMsgFwdsOwnErrorsOther,
        ],
    },
    alone(
        "relayd_smp_forwarded_commands_total",
        "Commands that came through proxies.",
        &[Counter::PMsgFwdsRecv],
    ),
];

const fn alone(name: &'static str, help: &'static str, counters: &'static [Counter]) -> Family {
    Family {
        name,
        help,
        label: "",
        values: &[],
        counters,
    }
}

const PERIODS: [Period; 3] = [Period::Day, Period::Week, Period::Month];
const NTF_PERIODS: [Period; 3] = [Period::NtfDay, Period::NtfWeek, Period::NtfMonth];
const NAMES: &[&str] = &["day", "week", "month"];

/// Lets `metrics` ask the engine.
pub(crate) fn publish(engine: &Engine, metrics: &Metrics) {
    for family in FAMILIES {
        let (engine, counters) = (engine.clone(), family.counters);
        metrics.watch(
            family.name,
            family.help,
            Kind::Counter,
            (family.label, family.values),
            move |at| (counters.get(at)).map_or(0, |counter| engine.counters().total(*counter)),
        );
    }
    active(
        engine,
        metrics,
        "relayd_smp_active_queues",
        "Queues that had a message.",
        PERIODS,
    );
    active(
        engine,
        metrics,
        "relayd_smp_active_notified_queues",
        "Queues that had a notification.",
        NTF_PERIODS,
    );
    gauge(engine, metrics, "relayd_smp_queues", "Queues.", |engine| {
        engine.totals().queues
    });
    gauge(
        engine,
        metrics,
        "relayd_smp_notifiers",
        "Queues with a notifier.",
        |engine| engine.totals().notifiers,
    );
    gauge(
        engine,
        metrics,
        "relayd_smp_messages",
        "Messages that wait.",
        |engine| engine.totals().messages,
    );
    gauge(
        engine,
        metrics,
        "relayd_smp_notifications",
        "Notifications that wait.",
        |engine| engine.totals().notifications,
    );
    gauge(
        engine,
        metrics,
        "relayd_smp_subscribed_queues",
        "Live subscriptions.",
        |engine| i64::try_from(engine.subscriptions().0).unwrap_or(i64::MAX),
    );
    gauge(
        engine,
        metrics,
        "relayd_smp_subscribed_notifiers",
        "Live subscriptions to notifications.",
        |engine| i64::try_from(engine.subscriptions().1).unwrap_or(i64::MAX),
    );
}

fn active(engine: &Engine, metrics: &Metrics, name: &str, help: &str, periods: [Period; 3]) {
    let engine = engine.clone();
    metrics.watch(name, help, Kind::Gauge, ("period", NAMES), move |at| {
        let count = periods.get(at).map(|period| engine.active().count(*period));
        i64::try_from(count.unwrap_or(0)).unwrap_or(i64::MAX)
    });
}

fn gauge(engine: &Engine, metrics: &Metrics, name: &str, help: &str, read: fn(&Engine) -> i64) {
    let engine = engine.clone();
    metrics.watch(name, help, Kind::Gauge, ("", &[]), move |_| read(&engine));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_label_has_its_counter() {
        for family in FAMILIES {
            assert_eq!(
                family.values.len().max(1),
                family.counters.len(),
                "{}",
                family.name
            );
        }
    }
}
