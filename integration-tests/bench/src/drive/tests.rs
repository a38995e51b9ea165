//! The drivers, in time that stands still unless everybody waits for it.

use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

/// Answers after its delay; one call of all stalls.
struct Server {
    delay: Duration,
    stall_at: u32,
    stall: Duration,
    calls: Arc<AtomicU32>,
}

impl Server {
    fn steady(delay_ms: u64) -> Self {
        Self {
            delay: Duration::from_millis(delay_ms),
            stall_at: u32::MAX,
            stall: Duration::ZERO,
            calls: Arc::default(),
        }
    }
}

impl Client for Server {
    async fn step(&mut self) -> Result<Traffic, Failure> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        sleep(self.delay).await;
        if call == self.stall_at {
            sleep(self.stall).await;
        }
        Ok(Traffic {
            sent: 10,
            received: 20,
        })
    }
}

struct Refuses;

impl Client for Refuses {
    async fn step(&mut self) -> Result<Traffic, Failure> {
        Err(Failure::new("status 503"))
    }
}

#[derive(Default)]
struct Notes {
    begun: u32,
    ended: u32,
}

impl Observer for Notes {
    fn begin(&mut self) {
        self.begun += 1;
    }

    fn end(&mut self) {
        self.ended += 1;
    }
}

const TEN: Span = Span {
    warm_up: Duration::from_secs(2),
    measure: Duration::from_secs(10),
};

async fn run<C: Client>(clients: Vec<C>, pace: Pace, span: Span) -> Outcome {
    let mut notes = Notes::default();
    let outcome = drive(clients, pace, span, &mut notes).await.unwrap();
    assert_eq!((notes.begun, notes.ended), (1, 1));
    outcome
}

#[tokio::test(start_paused = true)]
async fn a_closed_loop_does_what_the_server_allows() {
    let clients = (0..4).map(|_| Server::steady(100)).collect();
    let outcome = run(clients, Pace::Closed, TEN).await;
    assert_eq!(outcome.operations, 400);
    assert_eq!(outcome.seconds.len(), 10);
    assert_eq!(outcome.elapsed, Duration::from_secs(10));
    assert_eq!(
        (outcome.traffic.sent, outcome.traffic.received),
        (4000, 8000)
    );
    let latency = outcome.latency.unwrap();
    assert!(latency.max.abs_diff(100_000) < 200, "{latency:?}");
}

#[tokio::test(start_paused = true)]
async fn an_open_loop_keeps_its_rate() {
    let clients = (0..8).map(|_| Server::steady(5)).collect();
    let outcome = run(clients, Pace::Rate(50.0), TEN).await;
    assert_eq!(outcome.operations, 500);
    assert!(outcome.latency.unwrap().max < 7_000);
    assert!(outcome.lateness.unwrap().max <= 1_001);
}

/// A stall of two seconds of the only client: at 100 a second 200 operations were due in it, and
/// all of them waited. A generator that only timed what it sent would see one slow operation.
#[tokio::test(start_paused = true)]
async fn a_stall_is_seen_by_everything_that_was_due_in_it() {
    let server = Server {
        stall_at: 500,
        stall: Duration::from_secs(2),
        ..Server::steady(1)
    };
    let outcome = run(vec![server], Pace::Rate(100.0), TEN).await;
    assert_eq!(outcome.operations, 1000);
    let latency = outcome.latency.unwrap();
    assert!(latency.p90 > 900_000, "{latency:?}");
    assert!(latency.p50 < 5_000, "{latency:?}");
}

#[tokio::test(start_paused = true)]
async fn clients_with_their_own_period_are_spread_over_it() {
    let clients = (0..50).map(|_| Server::steady(1)).collect();
    let span = Span {
        warm_up: Duration::ZERO,
        ..TEN
    };
    let outcome = run(clients, Pace::Every(Duration::from_secs(5)), span).await;
    assert_eq!(outcome.operations, 100);
    assert_eq!(outcome.seconds, [10; 10]);
}

#[tokio::test(start_paused = true)]
async fn a_burst_is_once_and_everybody() {
    let clients = (0..30).map(|_| Server::steady(700)).collect();
    let span = Span {
        warm_up: Duration::ZERO,
        measure: Duration::ZERO,
    };
    let outcome = run(clients, Pace::Burst, span).await;
    assert_eq!(outcome.operations, 30);
    assert!(outcome.elapsed >= Duration::from_millis(700));
}

#[tokio::test(start_paused = true)]
async fn failures_are_counted_by_their_words_and_do_not_spin() {
    let outcome = run(vec![Refuses], Pace::Closed, TEN).await;
    assert_eq!(outcome.operations, 0);
    assert!(outcome.latency.is_none());
    let count = outcome.failures["status 503"];
    assert!((190..=201).contains(&count), "{count}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_come_is_a_failure() {
    let outcome = run(
        vec![Server::steady(60_000)],
        Pace::Burst,
        Span {
            warm_up: Duration::ZERO,
            ..TEN
        },
    )
    .await;
    assert_eq!(outcome.failures["no answer in time"], 1);
}
