//! Many at once: every message is delivered once, in order, and none is stuck.

use std::time::Duration;

use tokio::time::timeout;

use super::bed::{Bed, Client, Queue};
use crate::engine::Settings;
use crate::wire::Command;

const MESSAGES: usize = 150;
const PATIENCE: Duration = Duration::from_mins(1);

/// Reads and acknowledges until it has read `until`; gives the bodies in their order.
async fn read(mut recipient: Client, queue: Queue, until: String) -> Vec<String> {
    let mut bodies = Vec::new();
    loop {
        recipient.connection.ready().await;
        for event in recipient.events().await {
            let mut message = event;
            while message.starts_with("MSG ") {
                bodies.push(recipient.open(&queue, &message));
                message = recipient.ack(&queue, &message).await;
            }
            assert!(
                ["OK", "ERR NO_MSG", "END"].contains(&&*message),
                "{message}"
            );
        }
        if bodies.last() == Some(&until) {
            return bodies;
        }
    }
}

async fn write(mut sender: Client, queue: Queue) {
    for n in 0..MESSAGES {
        while sender.send(&queue, &n.to_string(), None).await != "OK" {
            tokio::task::yield_now().await;
        }
        if n % 7 == 0 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sending_and_acknowledging_lose_nothing() {
    for bed in Bed::each(Settings::default()).await {
        let mut recipient = bed.client();
        let queue = recipient.create().await;
        let last = (MESSAGES - 1).to_string();
        let reader = tokio::spawn(read(recipient, queue.clone(), last));
        let writer = tokio::spawn(write(bed.client(), queue));
        let bodies = timeout(PATIENCE, reader).await.unwrap().unwrap();
        writer.await.unwrap();
        let numbers = bodies.iter().filter(|body| *body != "QUOTA");
        let expected: Vec<_> = (0..MESSAGES).map(|n| n.to_string()).collect();
        assert!(numbers.eq(&expected));
        assert_eq!(bed.engine.totals().messages, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn subscribing_while_messages_come_misses_none() {
    for bed in Bed::each(Settings::default()).await {
        let mut owner = bed.client();
        for round in 0..60 {
            let queue = owner.create().await;
            let (mut first, mut second, mut sender) = (bed.client(), bed.client(), bed.client());
            let (a, b, c) = (queue.clone(), queue.clone(), queue.clone());
            let tasks = (
                tokio::spawn(async move {
                    assert_eq!(first.on(&a, Command::Sub).await, "SOK");
                    first
                }),
                tokio::spawn(async move {
                    assert_eq!(second.on(&b, Command::Sub).await, "SOK");
                    second
                }),
                tokio::spawn(async move {
                    assert_eq!(sender.send(&c, "hello", None).await, "OK");
                }),
            );
            let (mut first, mut second) = (tasks.0.await.unwrap(), tasks.1.await.unwrap());
            tasks.2.await.unwrap();
            let events = [first.events().await, second.events().await].concat();
            let messages = events.iter().filter(|event| event.starts_with("MSG "));
            // Whoever holds the subscription now has it; the other may have had it before.
            assert!(
                (1..=2).contains(&messages.count()),
                "round {round}: {events:?}"
            );
            let mut holders = 0;
            for client in [&mut first, &mut second] {
                let event = events
                    .iter()
                    .find(|event| event.starts_with("MSG "))
                    .unwrap();
                holders += usize::from(client.ack(&queue, event).await == "OK");
            }
            assert_eq!(holders, 1, "round {round}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_subscription_that_moves_all_the_time_delivers_in_order() {
    for bed in Bed::each(Settings::default()).await {
        let mut owner = bed.client();
        let queue = owner.create().await;
        let writer = tokio::spawn(write(bed.client(), queue.clone()));
        let (mut bodies, mut last_id) = (Vec::new(), String::new());
        let reading = async {
            while bodies.len() < MESSAGES {
                let mut reader = bed.client();
                assert_eq!(reader.on(&queue, Command::Sub).await, "SOK");
                for _ in 0..5 {
                    reader.connection.ready().await;
                    for event in reader.events().await {
                        let mut message = event;
                        while message.starts_with("MSG ") {
                            if message != last_id {
                                bodies.push(reader.open(&queue, &message));
                                last_id.clone_from(&message);
                            }
                            message = reader.ack(&queue, &message).await;
                        }
                    }
                    if bodies.len() >= MESSAGES {
                        break;
                    }
                }
            }
        };
        timeout(PATIENCE, reading).await.expect("nothing is stuck");
        writer.await.unwrap();
        bodies.retain(|body| body != "QUOTA");
        let mut expected: Vec<_> = (0..MESSAGES).map(|n| n.to_string()).collect();
        expected.truncate(bodies.len());
        assert_eq!(bodies, expected);
    }
}
