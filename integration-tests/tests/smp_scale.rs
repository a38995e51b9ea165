//! Idle queues are rows and nothing else: neither the start, nor memory, nor a command depends on
//! how many there are.
//!
//! Figures with a million of them, from an optimised build:
//! `cargo test --release -p integration-tests --test smp_scale -- --ignored --nocapture`.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]
#![expect(clippy::print_stdout, reason = "figures are printed")]

use std::time::Duration;

use integration_tests::Bed;
use integration_tests::smp::{Smp, create, message};
use relay_smp::client::Queue;
use relay_testkit::Daemon;
use sea_orm::{ConnectionTrait, Database};
use tokio::time::Instant;

/// Messages and subscriptions that are timed.
const ROUNDS: usize = 30;
/// Pages of the database that its connections keep, once there are more than fit.
const CACHES: u64 = 64 << 20;

/// A daemon with so many idle queues.
struct Figures {
    start: Duration,
    /// Bytes that are the daemon's own.
    memory: u64,
    subscribe: Duration,
    exchange: Duration,
}

impl Figures {
    async fn of(idle: u64) -> Self {
        let bed = Bed::new().with_smp();
        let queue = {
            let _daemon = bed.start();
            let (client, _) = Smp::of(&bed).client().await;
            create(&client).await
        };
        fill(&bed, idle).await;
        let started = Instant::now();
        let daemon = bed.start();
        let start = started.elapsed();
        let smp = Smp::of(&bed);
        let (subscribe, exchange) = (subscribe(&smp, &queue).await, exchange(&smp, &queue).await);
        Self {
            start,
            memory: memory(&daemon),
            subscribe,
            exchange,
        }
    }

    fn print(&self, idle: u64) {
        println!(
            "{idle} idle queues: start {:.0?}, memory {:.1} MB, SUB {:.0?}, SEND to OK of ACK {:.0?}",
            self.start,
            f64::from(u32::try_from(self.memory >> 10).unwrap()) / 1024.0,
            self.subscribe,
            self.exchange
        );
    }
}

/// Adds copies of the first queue, under other names.
async fn fill(bed: &Bed, idle: u64) {
    let file = bed.data().join("relayd.db");
    let url = format!("sqlite://{}", file.to_str().unwrap());
    let database = Database::connect(url).await.unwrap();
    let columns = "recipient_keys, body_secret, sender_key, mode, status, used_day";
    let sql = format!(
        "INSERT INTO smp_queues (revision, recipient_id, sender_id, {columns}) \
         WITH RECURSIVE idle(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM idle WHERE n < {idle}) \
         SELECT 0, randomblob(24), randomblob(24), {columns} FROM idle, \
         (SELECT * FROM smp_queues WHERE id = (SELECT min(id) FROM smp_queues))"
    );
    let filled = database.execute_unprepared(&sql).await.unwrap();
    assert_eq!(filled.rows_affected(), idle);
    database.close().await.unwrap();
}

/// The time of one subscription, each on the same connection.
async fn subscribe(smp: &Smp, queue: &Queue) -> Duration {
    let (client, _) = smp.client().await;
    median(async || client.subscribe(queue).await.unwrap()).await
}

/// The time of one message from end to end.
async fn exchange(smp: &Smp, queue: &Queue) -> Duration {
    let (sender, _) = smp.client().await;
    let (recipient, mut events) = smp.client().await;
    recipient.subscribe(queue).await.unwrap();
    median(async || {
        let sent = sender.send(&queue.sender_id, None, false, &[7; 16_000]);
        sent.await.unwrap();
        let message = message(&mut events, queue).await;
        recipient.acknowledge(queue, message.id()).await.unwrap();
    })
    .await
}

async fn median(mut once: impl AsyncFnMut()) -> Duration {
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let started = Instant::now();
        once().await;
        times.push(started.elapsed());
    }
    times.sort_unstable();
    times[ROUNDS / 2]
}

fn memory(daemon: &Daemon) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("RssAnon:"));
    let kilobytes: u64 = line
        .unwrap()
        .split_whitespace()
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    kilobytes << 10
}

async fn compare(few: u64, many: u64) {
    let (small, large) = (Figures::of(few).await, Figures::of(many).await);
    small.print(few);
    large.print(many);
    assert!(large.start < small.start * 3 + Duration::from_secs(2));
    assert!(large.memory < small.memory + CACHES, "queues are in memory");
    assert!(large.subscribe < small.subscribe * 5);
    assert!(large.exchange < small.exchange * 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_queues_cost_nothing() {
    compare(100, 50_000).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute and half a gigabyte: see above"]
async fn a_million_idle_queues_cost_nothing() {
    compare(1_000, 1_000_000).await;
}
