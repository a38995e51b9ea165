//! Delivery over real connections: takeover, GET, quota, order, and nothing lost or doubled.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "tests stop at what they did not expect"
)]

use std::collections::HashMap;

use integration_tests::Bed;
use integration_tests::smp::{Smp, create, event, is, message, refused, rng, silence, tag};
use relay_smp::client::{Client, Events, Opened, Queue, QueueKey};
use relay_smp::wire::{Command, CommandError, Error, Response};

const PROHIBITED: Error = Error::Cmd(CommandError::Prohibited);

async fn send(client: &Client, queue: &Queue, body: &[u8]) {
    let sent = client.send(&queue.sender_id, None, false, body);
    sent.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn another_connection_takes_a_subscription_over() {
    let bed = Bed::new().with_smp();
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    let (sender, _) = smp.client().await;
    let ((first, mut firsts), (second, mut seconds)) = (smp.client().await, smp.client().await);
    let queue = create(&first).await;
    send(&sender, &queue, b"1").await;
    let one = message(&mut firsts, &queue).await;
    assert_eq!(first.acknowledge(&queue, one.id()).await, Ok(None));
    send(&sender, &queue, b"2").await;
    let two = message(&mut firsts, &queue).await;

    second.subscribe(&queue).await.unwrap();
    let ended = event(&mut firsts).await;
    assert!(is(&ended, &Response::End), "{ended:?}");
    assert_eq!(ended.entity_id(), queue.recipient_id);
    assert_eq!(message(&mut seconds, &queue).await, two, "delivered again");

    // Who lost the subscription has nothing to acknowledge; who has it, acknowledges.
    let late = first.acknowledge(&queue, two.id()).await;
    assert_eq!(late, refused(Error::NoMsg));
    assert_eq!(second.acknowledge(&queue, two.id()).await, Ok(None));
    send(&sender, &queue, b"3").await;
    let three = message(&mut seconds, &queue).await;
    assert_eq!(three.body(), Some(&b"3"[..]));
    silence(&mut firsts).await;

    first.delete(&queue).await.unwrap();
    let deleted = event(&mut seconds).await;
    assert!(is(&deleted, &Response::Deld), "{deleted:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn get_reads_without_subscribing() {
    let bed = Bed::new().with_smp();
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    let (owner, _) = smp.client().await;
    let queue = create(&owner).await;
    drop(owner);
    let (client, mut events) = smp.client().await;
    assert_eq!(client.get(&queue).await, Ok(None));
    send(&client, &queue, b"1").await;
    send(&client, &queue, b"2").await;
    let one = client.get(&queue).await.unwrap().unwrap();
    assert_eq!(one.body(), Some(&b"1"[..]));
    assert_eq!(client.get(&queue).await, Ok(Some(one.clone())));
    assert_eq!(client.acknowledge(&queue, one.id()).await, Ok(None));
    let two = client.get(&queue).await.unwrap().unwrap();
    assert_eq!(two.body(), Some(&b"2"[..]));
    silence(&mut events).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn get_and_sub_exclude_each_other_on_one_connection_and_share_between_two() {
    let bed = Bed::new().with_smp();
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    let ((subscriber, mut events), (getter, _)) = (smp.client().await, smp.client().await);
    let queue = create(&subscriber).await;
    for body in [b"1", b"2", b"3"] {
        send(&getter, &queue, body).await;
    }
    assert_eq!(subscriber.get(&queue).await, refused(PROHIBITED));
    let one = message(&mut events, &queue).await;
    assert_eq!(
        getter.get(&queue).await,
        Ok(Some(one.clone())),
        "the same head"
    );
    assert_eq!(getter.subscribe(&queue).await, refused(PROHIBITED));
    let wrong = getter.acknowledge(&queue, &[9; 24]).await;
    assert_eq!(wrong, refused(Error::NoMsg));
    assert_eq!(getter.acknowledge(&queue, one.id()).await, Ok(None));
    // Removed by the other already: fine, and the next one comes.
    let two = subscriber
        .acknowledge(&queue, one.id())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(two.body(), Some(&b"2"[..]));
    let three = subscriber
        .acknowledge(&queue, two.id())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(three.body(), Some(&b"3"[..]));
    assert_eq!(subscriber.acknowledge(&queue, three.id()).await, Ok(None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_takes_nothing_until_it_was_read_to_its_end() {
    let bed = Bed::new().with_smp().with("smp.queues.quota", 3);
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    let ((recipient, mut events), (sender, _)) = (smp.client().await, smp.client().await);
    let queue = create(&recipient).await;
    for body in [b"1", b"2", b"3"] {
        send(&sender, &queue, body).await;
    }
    let full = async || sender.send(&queue.sender_id, None, false, b"4").await;
    for _ in 0..3 {
        assert_eq!(full().await, refused(Error::Quota));
    }
    let mut next = message(&mut events, &queue).await;
    for body in [b"1", b"2", b"3"] {
        assert_eq!(next.body(), Some(&body[..]));
        assert_eq!(full().await, refused(Error::Quota));
        next = recipient
            .acknowledge(&queue, next.id())
            .await
            .unwrap()
            .unwrap();
    }
    assert!(matches!(next, Opened::Quota { .. }), "{next:?}");
    assert_eq!(full().await, refused(Error::Quota));
    assert_eq!(recipient.acknowledge(&queue, next.id()).await, Ok(None));
    assert_eq!(full().await, Ok(()));
    let four = message(&mut events, &queue).await;
    assert_eq!(four.body(), Some(&b"4"[..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_while_another_message_waits_comes_after_it() {
    let bed = Bed::new().with_smp();
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    let ((recipient, mut events), (sender, _)) = (smp.client().await, smp.client().await);
    let queue = create(&recipient).await;
    for round in 0..20_u8 {
        send(&sender, &queue, &[round, 1]).await;
        let one = message(&mut events, &queue).await;
        let second = [round, 2];
        let (acknowledged, ()) = tokio::join!(
            recipient.acknowledge(&queue, one.id()),
            send(&sender, &queue, &second)
        );
        let two = match acknowledged.unwrap() {
            Some(two) => two,
            None => message(&mut events, &queue).await,
        };
        assert_eq!(two.body(), Some(&[round, 2][..]));
        assert_eq!(recipient.acknowledge(&queue, two.id()).await, Ok(None));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_queues_are_subscribed_again_in_blocks() {
    let bed = Bed::new().with_smp();
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    let (sender, _) = smp.client().await;
    let mut queues = Vec::new();
    let (first, _) = smp.client().await;
    for _ in 0..50 {
        queues.push(create(&first).await);
    }
    drop(first);
    for queue in &queues {
        send(&sender, queue, &queue.recipient_id).await;
    }
    let (second, mut events) = smp.client().await;
    let subs: Vec<_> = queues
        .iter()
        .map(|queue| queue.call(Command::Sub))
        .collect();
    for answer in second.batch(&subs).await.unwrap() {
        assert_eq!(tag(&answer.unwrap()), Ok("SOK"));
    }
    let mut by_id: HashMap<_, _> = queues.iter().map(|q| (q.recipient_id.clone(), q)).collect();
    for _ in 0..50 {
        let event = event(&mut events).await;
        let queue = by_id.remove(event.entity_id()).expect("each once");
        let got = queue.open(&event).unwrap();
        assert_eq!(got.body(), Some(&queue.recipient_id[..]));
        assert_eq!(second.acknowledge(queue, got.id()).await, Ok(None));
    }
    silence(&mut events).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_sends_of_one_block_are_kept_in_order() {
    let bed = Bed::new().with_smp();
    let _daemon = bed.start();
    let (client, mut events) = Smp::of(&bed).client().await;
    let queue = create(&client).await;
    let bodies: Vec<[u8; 1]> = (0..100).map(|n| [n]).collect();
    let sends: Vec<_> = bodies
        .iter()
        .map(|body| {
            let notification = false;
            let command = Command::Send { notification, body };
            relay_smp::client::Call::about(&queue.sender_id, command)
        })
        .collect();
    for answer in client.batch(&sends).await.unwrap() {
        assert_eq!(tag(&answer.unwrap()), Ok("OK"));
    }
    drain_in_order(&client, &mut events, &queue, &bodies).await;
}

async fn drain_in_order(client: &Client, events: &mut Events, queue: &Queue, bodies: &[[u8; 1]]) {
    let mut next = Some(message(events, queue).await);
    for body in bodies {
        let got = next.take().expect("a message");
        assert_eq!(got.body(), Some(&body[..]));
        next = client.acknowledge(queue, got.id()).await.unwrap();
    }
    assert_eq!(next, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_of_a_block_are_verified_before_any_is_executed() {
    let bed = Bed::new().with_smp();
    let _daemon = bed.start();
    let (client, _events) = Smp::of(&bed).client().await;
    let queue = create(&client).await;
    let key = QueueKey::ed25519(&mut rng());
    let send = Command::Send {
        notification: false,
        body: b"x",
    };
    let calls = [
        queue.call(Command::Key(key.public())),
        relay_smp::client::Call::about(&queue.sender_id, send).by(&key),
    ];
    let answers = client.batch(&calls).await.unwrap();
    let tags: Vec<_> = answers.into_iter().map(|a| tag(&a.unwrap())).collect();
    assert_eq!(tags, [Ok("OK"), Err(Error::Auth)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_and_quota_survive_a_restart() {
    let bed = Bed::new().with_smp().with("smp.queues.quota", 2);
    let daemon = bed.start();
    let smp = Smp::of(&bed);
    let (client, _events) = smp.client().await;
    let queue = create(&client).await;
    send(&client, &queue, b"1").await;
    send(&client, &queue, b"2").await;
    let full = client.send(&queue.sender_id, None, false, b"3").await;
    assert_eq!(full, refused(Error::Quota));
    daemon.signal(relay_testkit::Signal::TERM);
    let exit = daemon.wait(integration_tests::PATIENCE);
    assert_eq!(exit.code, Some(0), "{exit:?}");

    let _daemon = bed.start();
    let (client, mut events) = smp.client().await;
    let full = client.send(&queue.sender_id, None, false, b"3").await;
    assert_eq!(full, refused(Error::Quota));
    client.subscribe(&queue).await.unwrap();
    let one = message(&mut events, &queue).await;
    assert_eq!(one.body(), Some(&b"1"[..]));
    let two = client.acknowledge(&queue, one.id()).await.unwrap().unwrap();
    let marker = client.acknowledge(&queue, two.id()).await.unwrap().unwrap();
    assert!(matches!(marker, Opened::Quota { .. }));
    assert_eq!(client.acknowledge(&queue, marker.id()).await, Ok(None));
    send(&client, &queue, b"3").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn old_messages_expire() {
    let bed = Bed::new()
        .with_smp()
        .with("smp.queues.message_lifetime", "1s")
        .with("smp.queues.expiry_interval", "100ms");
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    let (owner, _) = smp.client().await;
    let queue = create(&owner).await;
    drop(owner);
    let (client, _events) = smp.client().await;
    send(&client, &queue, b"old").await;
    let deadline = tokio::time::Instant::now() + integration_tests::PATIENCE;
    while client.get(&queue).await.unwrap().is_some() {
        assert!(tokio::time::Instant::now() < deadline, "it never expires");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    send(&client, &queue, b"new").await;
    let got = client.get(&queue).await.unwrap().unwrap();
    assert_eq!(got.body(), Some(&b"new"[..]));
}
