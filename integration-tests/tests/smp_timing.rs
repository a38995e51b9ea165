//! Whether the time of `ERR AUTH` tells that a queue exists: a report, not a gate, since clocks on a
//! shared machine prove nothing.
//!
//! `cargo test --release -p integration-tests --test smp_timing -- --ignored --nocapture`.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]
#![expect(clippy::print_stdout, reason = "a report is printed")]

use std::time::Duration;

use integration_tests::Bed;
use integration_tests::smp::{Smp, refused, rng};
use rand::Rng;
use rand::rngs::StdRng;
use relay_smp::client::{Call, Client, NewQueue, QueueKey};
use relay_smp::wire::{Command, Error};
use tokio::time::Instant;

/// Commands of each kind; different ones follow each other, so that all see the same weather.
const ROUNDS: usize = 500;

/// A kind of key, and how one is made.
type Kind = (&'static str, fn(&mut StdRng) -> QueueKey);

const KINDS: [Kind; 3] = [
    ("Ed25519", QueueKey::ed25519),
    ("Ed448", QueueKey::ed448),
    ("X25519", QueueKey::x25519),
];

/// A queue that is asked for with a wrong key, or one that is not there.
struct Case {
    name: String,
    id: Vec<u8>,
    times: Vec<Duration>,
}

impl Case {
    fn new(name: impl Into<String>, id: Vec<u8>) -> Self {
        Self {
            name: name.into(),
            id,
            times: Vec::with_capacity(ROUNDS),
        }
    }

    async fn ask(&mut self, client: &Client, key: &QueueKey, command: Command<'_>) {
        let started = Instant::now();
        let answer = client.done(Call::about(&self.id, command).by(key)).await;
        self.times.push(started.elapsed());
        assert_eq!(answer, refused(Error::Auth));
    }

    fn report(&mut self) {
        self.times.sort_unstable();
        let at = |part: usize| self.times[self.times.len() * part / 100];
        println!(
            "  {:<32} p10 {:>8.1?}  median {:>8.1?}  p90 {:>8.1?}",
            self.name,
            at(10),
            at(50),
            at(90)
        );
    }
}

/// A queue for each kind of key, as recipient's and as sender's; with the ids `id` chooses.
async fn cases(client: &Client, sender: bool) -> Vec<Case> {
    let mut missing = vec![0; 24];
    rng().fill_bytes(&mut missing);
    let mut cases = vec![Case::new("no queue", missing)];
    for (name, generate) in KINDS {
        let new = NewQueue::with(generate(&mut rng()));
        let queue = client.create(new, &mut rng()).await.unwrap();
        let key = generate(&mut rng()).public();
        client.secure(&queue, key).await.unwrap();
        let id = if sender {
            queue.sender_id
        } else {
            queue.recipient_id
        };
        cases.push(Case::new(format!("a queue with a key of {name}"), id));
    }
    cases
}

async fn report(smp: &Smp, title: &str, sender: bool, command: Command<'_>) {
    let (client, _events) = smp.client().await;
    for (given, generate) in KINDS {
        let key = generate(&mut rng());
        let mut cases = cases(&client, sender).await;
        for _ in 0..ROUNDS {
            for case in &mut cases {
                case.ask(&client, &key, command.clone()).await;
            }
        }
        println!("{title} with a wrong key of {given}:");
        cases.iter_mut().for_each(Case::report);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a report: see above"]
async fn auth_takes_as_long_for_a_missing_queue() {
    let bed = Bed::new().with_smp();
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    report(&smp, "SUB", false, Command::Sub).await;
    report(&smp, "DEL", false, Command::Del).await;
    let send = Command::Send {
        notification: false,
        body: &[7; 200],
    };
    report(&smp, "SEND", true, send).await;
}
