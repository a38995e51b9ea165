//! Many messages through a proxy, one after another, side by side, and all at once; and a
//! thousand requests for a server that is not there.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

use std::sync::Arc;

use futures_util::future::join_all;
use integration_tests::routes::{self, Named, proxy};
use integration_tests::smp::{Smp, create, message, refused, rng};
use integration_tests::{Bed, PATIENCE};
use relay_smp::client::{Call, CallError, QueueKey};
use relay_smp::wire::{BrokerError, Command, Error, ProxyError};
use relay_testkit::{Daemon, Relayd};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Encrypting takes ten times as long in a build for debugging; there a tenth has to do.
const SCALE: u32 = if cfg!(debug_assertions) { 10 } else { 1 };

fn network<T>() -> Result<T, CallError> {
    let broker = ProxyError::Broker(BrokerError::Network);
    refused(Error::Proxy(Box::new(broker)))
}

/// A proxy and a relay.
fn two() -> ([Bed; 2], [Daemon; 2], [Smp; 2]) {
    let relay = Bed::new().with_smp().with("storage.durability", "process");
    let beds = [proxy(), relay];
    let daemons = beds.each_ref().map(Bed::start);
    let servers = beds.each_ref().map(Smp::of);
    (beds, daemons, servers)
}

/// One sender and one recipient, as many messages, in order.
async fn deliver(proxy: Smp, relay: Smp, count: u32) {
    let (sender, _) = proxy.client().await;
    let (recipient, mut events) = relay.client().await;
    let queue = create(&recipient).await;
    let key = QueueKey::ed25519(&mut rng());
    recipient.secure(&queue, key.public()).await.unwrap();
    let route = Named::of(&relay).through(&sender).await.unwrap();
    let sending = async {
        for number in 0..count {
            let body = number.to_be_bytes();
            let sent = routes::send(&sender, &route, &queue.sender_id, Some(&key), &body);
            sent.await.unwrap();
        }
    };
    let receiving = async {
        let mut next = None;
        for number in 0..count {
            let got = match next.take() {
                Some(got) => got,
                None => message(&mut events, &queue).await,
            };
            assert_eq!(got.body(), Some(&number.to_be_bytes()[..]));
            next = recipient.acknowledge(&queue, got.id()).await.unwrap();
        }
    };
    tokio::join!(sending, receiving);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_messages_one_after_another_and_side_by_side() {
    let (_beds, _daemons, [proxy, relay]) = two();
    for (pairs, each) in [(1, 1000), (5, 200), (10, 100)] {
        let mut all = JoinSet::new();
        for _ in 0..pairs {
            all.spawn(deliver(proxy.clone(), relay.clone(), each / SCALE));
        }
        let done = timeout(PATIENCE * 4, all.join_all()).await;
        assert_eq!(done.map(|all| all.len()), Ok(pairs), "{pairs} x {each}");
    }
}

/// A group's message: one client, many queues, all at once.
#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_messages_of_one_client_at_once() {
    let (_beds, _daemons, [proxy, relay]) = two();
    let (sender, _) = proxy.client().await;
    let (recipient, mut events) = relay.client().await;
    let route = Named::of(&relay).through(&sender).await.unwrap();
    let mut queues = Vec::new();
    for _ in 0..(500 / SCALE) {
        queues.push(create(&recipient).await);
    }
    let body = vec![1; 16_000];
    let sending = queues
        .iter()
        .map(|queue| routes::send(&sender, &route, &queue.sender_id, None, &body));
    let receiving = async {
        for _ in &queues {
            let event = timeout(PATIENCE, events.next()).await;
            assert!(event.unwrap().is_some());
        }
    };
    let (sent, ()) = tokio::join!(join_all(sending), receiving);
    assert!(sent.iter().all(Result::is_ok), "{sent:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_requests_for_a_dead_server_hold_up_nobody() {
    let (_beds, _daemons, [proxy, relay]) = two();
    let (client, _) = proxy.client().await;
    let dead = Named::at(Relayd::free_address(), [7; 32]);
    let asked: Vec<_> = (0..1000).map(|_| Call::plain(prxy(&dead))).collect();
    let answers = timeout(PATIENCE, client.batch(&asked)).await;
    for answer in answers.expect("in time").unwrap() {
        assert_eq!(answer.unwrap().response().map(drop), network());
    }
    for _ in 0..(1000 / SCALE / SCALE) {
        assert_eq!(dead.through(&client).await.map(drop), network());
    }
    let client = Arc::new(client);
    let mut asking = JoinSet::new();
    for port in 1..=200_u16 {
        let (client, mut dead) = (Arc::clone(&client), dead.clone());
        // Nobody listens there, and each of them is another server.
        dead.port = if port.is_multiple_of(2) {
            "1".to_owned()
        } else {
            port.to_string()
        };
        dead.fingerprint = vec![u8::try_from(port % 251).unwrap(); 32];
        asking.spawn(async move { dead.through(&client).await.map(drop) });
    }
    let alive = timeout(PATIENCE, deliver(proxy.clone(), relay.clone(), 10));
    alive.await.expect("others are served");
    let through_the_same = Named::of(&relay).through(&client).await;
    assert!(through_the_same.is_ok());
    while let Some(answer) = asking.join_next().await {
        assert_eq!(answer.unwrap(), network());
    }
}

fn prxy(named: &Named) -> Command<'_> {
    Command::Prxy {
        relay: named.address(),
        password: None,
    }
}
