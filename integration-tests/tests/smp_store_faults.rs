//! A full disk as SMP clients see it: commands that write are refused, nobody is disconnected, and
//! the relay works again by itself when there is room.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

use std::time::Duration;

use integration_tests::smp::{Smp, create, message, rng};
use integration_tests::{Bed, PATIENCE, see};
use relay_smp::client::{CallError, Client, NewQueue, Queue, QueueKey};
use relay_smp::wire::Error;
use relay_testkit::SmallDisk;
use tokio::time::{sleep, timeout};

/// Room for the database, its log, and what the test writes.
const DISK: u64 = 24 << 20;
/// A message that needs a page of its own.
const BODY: [u8; 12_000] = [7; 12_000];

/// What the relay says of a store that has a fault.
fn is_refusal(error: &CallError) -> bool {
    matches!(error, CallError::Refused(Error::Store(_)))
}

/// Sends until it is refused; gives how many messages were taken.
async fn send_until_refused(client: &Client, queue: &Queue) -> usize {
    for sent in 0..1000 {
        match client.send(&queue.sender_id, None, false, &BODY).await {
            Ok(()) => {}
            Err(error) => {
                assert!(is_refusal(&error), "{error:?}");
                return sent;
            }
        }
    }
    panic!("a full disk takes a thousand messages");
}

/// Sends until it is taken.
async fn send_until_taken(client: &Client, queue: &Queue) {
    let sending = async {
        while let Err(error) = client.send(&queue.sender_id, None, false, &BODY).await {
            assert!(is_refusal(&error), "{error:?}");
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, sending).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_commands_are_refused_and_connections_stay() {
    let Some(disk) = SmallDisk::mount(DISK) else {
        return;
    };
    let data = disk.path().join("data");
    let bed = Bed::new().with_smp();
    let bed = bed
        .with("data_dir", data.to_str().unwrap())
        .with("smp.queues.quota", 5000);
    let daemon = bed.start();
    let smp = Smp::of(&bed);
    let (sender, _) = smp.client().await;
    let (recipient, mut events) = smp.client().await;
    let queue = create(&recipient).await;
    sender
        .send(&queue.sender_id, None, false, b"before")
        .await
        .unwrap();
    let first = message(&mut events, &queue).await;

    disk.fill();
    let taken = send_until_refused(&sender, &queue).await;
    let new = NewQueue::with(QueueKey::ed25519(&mut rng()));
    let created = recipient.create(new, &mut rng()).await;
    assert!(created.is_err_and(|error| is_refusal(&error)));
    // Neither lost its connection, and reading is served on.
    sender.ping().await.unwrap();
    recipient.subscribe(&queue).await.unwrap();
    assert_eq!(message(&mut events, &queue).await.body(), first.body());
    see::readyz(&daemon, 503);

    disk.relieve();
    send_until_taken(&sender, &queue).await;
    see::readyz(&daemon, 200);
    let mut next = recipient.acknowledge(&queue, first.id()).await.unwrap();
    let mut received = 0;
    while let Some(opened) = next {
        assert_eq!(opened.body(), Some(&BODY[..]));
        received += 1;
        next = recipient.acknowledge(&queue, opened.id()).await.unwrap();
    }
    assert_eq!(
        received,
        taken + 1,
        "what was acknowledged, and nothing else"
    );
    assert!(!daemon.stderr().contains("panic"), "{}", daemon.stderr());
}
