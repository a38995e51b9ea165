//! Statistics: section 12.6.

use std::time::Duration;

use relay_core::telemetry::metrics::Metrics;

use super::bed::{Bed, START};
use crate::engine::Settings;
use crate::stats::daily::Columns;
use crate::wire::Command;

const DAY: Duration = Duration::from_hours(24);

async fn a_day(columns: Columns) -> (Vec<String>, Bed) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("smp-server-stats.daily.log");
    let settings = Settings {
        statistics_file: Some(file.clone()),
        statistics_columns: columns,
        ..Settings::default()
    };
    let bed = Bed::sqlite(settings).await;
    let (mut recipient, mut sender) = (bed.client(), bed.client());
    for _ in 0..2 {
        let queue = recipient.create().await;
        assert_eq!(sender.send(&queue, "hello", None).await, "OK");
        let message = recipient.event().await;
        assert_eq!(recipient.ack(&queue, &message).await, "OK");
        assert_eq!(sender.send(&queue, "waits", None).await, "OK");
        assert_eq!(recipient.on(&queue, Command::Sub).await, "SOK");
        recipient.events().await;
    }
    // 2025-06-15 is a Sunday: the next midnight ends a week.
    let to_midnight = 86_400 - START % 86_400;
    bed.pass(Duration::from_secs(to_midnight.unsigned_abs()));
    bed.engine.end_day().await.unwrap();
    bed.pass(DAY);
    bed.engine.end_day().await.unwrap();
    let text = std::fs::read_to_string(file).unwrap();
    (text.lines().map(str::to_owned).collect(), bed)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_is_one_line_of_96_columns() {
    let (lines, _bed) = a_day(Columns::All).await;
    let days: Vec<Vec<&str>> = lines.iter().map(|line| line.split(',').collect()).collect();
    assert_eq!((days.len(), days[0].len(), days[1].len()), (2, 96, 96));
    let column = |day: usize, number: usize| days[day][number - 1];
    assert_eq!((column(0, 1), column(1, 1)), ("2025-06-15", "2025-06-16"));
    for (number, first, second) in [
        (2, "2", "0"),  // qCreated
        (5, "4", "0"),  // msgSent
        (6, "2", "0"),  // msgRecv
        (7, "2", "0"),  // day
        (8, "2", ""),   // week
        (9, "", ""),    // month
        (15, "2", "2"), // qCount
        (16, "2", "2"), // msgCount
        (43, "2", "0"), // qSubDuplicate
        (61, "2", "2"), // queueCount
        (69, "2", "0"), // qSubAllB
        (96, "0", "0"),
    ] {
        assert_eq!(
            (column(0, number), column(1, number)),
            (first, second),
            "{number}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn or_of_the_nine_of_2022() {
    let (lines, _bed) = a_day(Columns::Nine).await;
    assert_eq!(
        lines,
        ["2025-06-15,2,0,0,4,2,2,2,", "2025-06-16,0,0,0,0,0,0,,"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn totals_are_read_by_prometheus() {
    let (_, bed) = a_day(Columns::All).await;
    let metrics = Metrics::new();
    bed.engine.publish(&metrics);
    let text = metrics.render();
    for line in [
        "relayd_smp_messages_sent_total{outcome=\"stored\"} 4",
        "relayd_smp_queues_total{event=\"created\"} 2",
        "relayd_smp_queues 2",
        "relayd_smp_messages 2",
        "relayd_smp_messages_expired_total 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in {text}");
    }
}
