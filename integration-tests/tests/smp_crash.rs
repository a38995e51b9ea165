//! kill -9 under load, again and again: whatever was acknowledged is there, and what was removed
//! is not.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "tests stop at what they did not expect"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use integration_tests::smp::{Smp, create, message, rng};
use integration_tests::{Bed, Kind, PATIENCE};
use relay_smp::client::{CallError, Client, Opened, Queue, QueueKey};
use relay_testkit::poll;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

const ROUNDS: u64 = 5;
const QUEUES: usize = 4;
/// Messages acknowledged to senders between two kills, at least.
const SENT: u64 = 30;

/// A queue, and what its sender and recipient know to be done.
struct Ledger {
    queue: Queue,
    sender: QueueKey,
    /// The number of the last message that was tried.
    tried: u64,
    /// Of the last one that was acknowledged to the sender.
    stored: u64,
    /// Of the last one whose removal was confirmed to the recipient.
    removed: u64,
    /// Of the last one whose removal was asked for.
    asked: u64,
}

impl Ledger {
    async fn new(client: &Client) -> Self {
        let queue = create(client).await;
        let sender = QueueKey::ed25519(&mut rng());
        client.secure(&queue, sender.public()).await.unwrap();
        Self {
            queue,
            sender,
            tried: 0,
            stored: 0,
            removed: 0,
            asked: 0,
        }
    }

    /// Sends and receives until the connection breaks.
    async fn work(mut self, smp: Smp, sent: Arc<AtomicU64>) -> Self {
        let (sender, _) = smp.client().await;
        let (recipient, mut events) = smp.client().await;
        recipient.subscribe(&self.queue).await.unwrap();
        let (id, key) = (self.queue.sender_id.clone(), self.sender.clone());
        let (mut tried, mut stored) = (self.tried, self.stored);
        let sending = async {
            loop {
                tried += 1;
                let body = tried.to_be_bytes();
                match sender.send(&id, Some(&key), false, &body).await {
                    Ok(()) => {
                        stored = tried;
                        sent.fetch_add(1, Ordering::Relaxed);
                    }
                    Err(CallError::Refused(_)) => sleep(Duration::from_millis(5)).await,
                    Err(_) => return,
                }
            }
        };
        let (queue, removed, asked) = (&self.queue, &mut self.removed, &mut self.asked);
        let receiving = async {
            let mut next = None;
            loop {
                let got = match next.take() {
                    Some(got) => got,
                    None => match events.next().await {
                        Some(event) => queue.open(&event).unwrap(),
                        None => return,
                    },
                };
                let number = number(&got);
                *asked = number.unwrap_or(*asked);
                match recipient.acknowledge(queue, got.id()).await {
                    Ok(more) => next = more,
                    Err(_) => return,
                }
                *removed = *asked;
            }
        };
        tokio::join!(sending, receiving);
        (self.tried, self.stored) = (tried, stored);
        self
    }

    /// Reads everything that is there, and compares.
    async fn check(&mut self, smp: &Smp) {
        let (client, mut events) = smp.client().await;
        client.subscribe(&self.queue).await.unwrap();
        let mut last = self.removed;
        // What waits comes before the answer to whatever is asked next.
        let mut next = tokio::select! {
            biased;
            event = events.next() => Some(self.queue.open(&event.unwrap()).unwrap()),
            pong = client.ping() => pong.map(|()| None).unwrap(),
        };
        while let Some(got) = next {
            if let Some(number) = number(&got) {
                assert!(
                    number > last,
                    "{number} after {last}: removed, or out of order"
                );
                // What was tried and refused (a full queue) leaves a gap, no more.
                last = number;
            }
            next = client.acknowledge(&self.queue, got.id()).await.unwrap();
        }
        let missing = last < self.stored && self.asked < self.stored;
        assert!(!missing, "stored up to {}, found up to {last}", self.stored);
        assert!(last <= self.tried);
        (self.removed, self.asked) = (self.tried, self.tried);
    }
}

fn number(message: &Opened) -> Option<u64> {
    let body = message.body()?.try_into().expect("eight bytes");
    Some(u64::from_be_bytes(body))
}

async fn killed_under_load(kind: Kind) {
    let Some(bed) = Bed::on(kind) else { return };
    let bed = bed.with_smp();
    let mut daemon = bed.start();
    let smp = Smp::of(&bed);
    let mut ledgers = Vec::new();
    let sent = Arc::new(AtomicU64::new(0));
    let (client, _) = smp.client().await;
    for _ in 0..QUEUES {
        ledgers.push(Ledger::new(&client).await);
    }
    for round in 0..ROUNDS {
        let mut tasks = JoinSet::new();
        for ledger in ledgers.drain(..) {
            tasks.spawn(ledger.work(smp.clone(), Arc::clone(&sent)));
        }
        let enough = sent.load(Ordering::Relaxed) + SENT + 10 * round;
        poll::until(PATIENCE * 3, "messages are sent", || {
            (sent.load(Ordering::Relaxed) >= enough).then_some(())
        });
        // Made and killed in the same breath.
        let (other, _) = smp.client().await;
        let fresh = Ledger::new(&other).await;
        daemon.kill9();
        let worked = timeout(PATIENCE, tasks.join_all()).await;
        ledgers = worked.expect("connections end with the daemon");
        ledgers.push(fresh);
        daemon = bed.start();
        for ledger in &mut ledgers {
            ledger.check(&smp).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_on_sqlite() {
    killed_under_load(Kind::SqlitePower).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_on_sqlite_that_trusts_the_kernel() {
    killed_under_load(Kind::SqliteProcess).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_on_postgres() {
    killed_under_load(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_survive_a_kill() {
    let bed = Bed::new().with_smp();
    let daemon = bed.start();
    let smp = Smp::of(&bed);
    let (client, _) = smp.client().await;
    let ledger = Ledger::new(&client).await;
    daemon.kill9();
    let _daemon = bed.start();
    let (client, mut events) = smp.client().await;
    let (id, key) = (&ledger.queue.sender_id, &ledger.sender);
    let unsigned = client.send(id, None, false, b"x").await;
    assert!(matches!(unsigned, Err(CallError::Refused(_))));
    client.send(id, Some(key), false, b"x").await.unwrap();
    client.subscribe(&ledger.queue).await.unwrap();
    message(&mut events, &ledger.queue).await;
}
