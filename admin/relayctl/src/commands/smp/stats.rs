//! How much there is, and what happened.

use relay_smp::admin::paths;
use relay_smp::admin::types::{Active, Statistics};

use super::{Context, Outcome, Verdict};
use crate::output::table;
use crate::time;

pub(super) async fn show(context: &Context) -> Outcome {
    let statistics: Statistics = context.daemon()?.get(paths::STATISTICS).await?;
    context.output.answer(&statistics, || text(&statistics))?;
    Ok(Verdict::Good)
}

fn text(statistics: &Statistics) -> String {
    let since = time::stamp(statistics.period_began);
    [there(statistics), active(statistics), counters(statistics)]
        .map(|part| part + "\n")
        .join("\n")
        + &format!("\nthe period began {since} UTC")
}

fn there(statistics: &Statistics) -> String {
    let rows = [
        ("queues", statistics.queues),
        ("messages waiting", statistics.messages),
        ("queues with a notifier", statistics.notifiers),
        ("notifications waiting", statistics.notifications),
        (
            "subscriptions to queues",
            whole(statistics.queue_subscriptions),
        ),
        (
            "subscriptions to notifications",
            whole(statistics.notifier_subscriptions),
        ),
    ];
    table(
        ["THERE ARE", "NUMBER"],
        rows.map(|(name, number)| [name.to_owned(), number.to_string()]),
    )
}

fn active(statistics: &Statistics) -> String {
    let row = |name: &str, active: &Active| {
        let numbers = [active.day, active.week, active.month];
        let [day, week, month] = numbers.map(|number| number.to_string());
        [name.to_owned(), day, week, month]
    };
    table(
        ["QUEUES WITH", "TODAY", "THIS WEEK", "THIS MONTH"],
        [
            row("messages", &statistics.active_queues),
            row("notifications", &statistics.active_notifiers),
        ],
    )
}

fn counters(statistics: &Statistics) -> String {
    let rows = statistics.counters.iter().map(|counter| {
        let (period, total) = (counter.period.to_string(), counter.total.to_string());
        [counter.name.clone(), period, total]
    });
    table(["COUNTER", "IN THE PERIOD", "IN ALL"], rows)
}

fn whole(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
