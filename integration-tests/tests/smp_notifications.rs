//! Notifications over real connections: for notification servers, which see nothing but metadata.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

use integration_tests::Bed;
use integration_tests::smp::{Smp, create, event, is, message, refused, rng, silence, tag};
use relay_smp::client::{Call, Client, NewQueue, Notifier, Opened, Queue, QueueKey};
use relay_smp::wire::{Command, Error, Response};

async fn set_notifier(client: &Client, queue: &Queue, key: &QueueKey) -> Notifier {
    let set = client.set_notifier(queue, key.public(), &mut rng()).await;
    set.unwrap()
}

fn bed() -> Bed {
    let bed = Bed::new().with_smp();
    bed.with("smp.notifications.delivery_interval", "50ms")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notifier_learns_of_messages_that_ask_for_it() {
    let bed = bed();
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    let (recipient, mut messages) = smp.client().await;
    let (server, mut notifications) = smp.client().await;
    let queue = create(&recipient).await;
    let key = QueueKey::ed25519(&mut rng());
    let notifier = set_notifier(&recipient, &queue, &key).await;
    server.subscribe_notifier(&notifier.id, &key).await.unwrap();
    let id = &queue.sender_id;
    server.send(id, None, true, b"wake up").await.unwrap();
    let notification = event(&mut notifications).await;
    assert_eq!(notification.entity_id(), notifier.id);
    let got = message(&mut messages, &queue).await;
    let (message_id, timestamp) = notifier.open(&notification).unwrap();
    assert_eq!(message_id, got.id());
    assert!(matches!(got, Opened::Sent { timestamp: t, notification: true, .. } if t == timestamp));
    recipient.acknowledge(&queue, got.id()).await.unwrap();
    server.send(id, None, false, b"sleep on").await.unwrap();
    silence(&mut notifications).await;

    let wrong = QueueKey::ed25519(&mut rng());
    let stolen = server.subscribe_notifier(&notifier.id, &wrong).await;
    assert_eq!(stolen, refused(Error::Auth));
    let by_queue = server.subscribe_notifier(&queue.recipient_id, &queue.key);
    assert_eq!(by_queue.await, refused(Error::Auth));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_connection_takes_a_notifier_over_and_a_new_one_replaces_it() {
    let bed = bed();
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    let (recipient, _messages) = smp.client().await;
    let ((first, mut firsts), (second, mut seconds)) = (smp.client().await, smp.client().await);
    let queue = create(&recipient).await;
    let key = QueueKey::ed25519(&mut rng());
    let old = set_notifier(&recipient, &queue, &key).await;
    first.subscribe_notifier(&old.id, &key).await.unwrap();
    second.subscribe_notifier(&old.id, &key).await.unwrap();
    let ended = event(&mut firsts).await;
    assert!(is(&ended, &Response::End) && ended.entity_id() == old.id);

    let new_key = QueueKey::x25519(&mut rng());
    let new = set_notifier(&recipient, &queue, &new_key).await;
    assert_ne!(new.id, old.id);
    let deleted = event(&mut seconds).await;
    assert!(is(&deleted, &Response::Deld) && deleted.entity_id() == old.id);
    let gone = second.subscribe_notifier(&old.id, &key).await;
    assert_eq!(gone, refused(Error::Auth));
    second.subscribe_notifier(&new.id, &new_key).await.unwrap();
    recipient
        .send(&queue.sender_id, None, true, b"x")
        .await
        .unwrap();
    new.open(&event(&mut seconds).await).unwrap();

    for _ in 0..2 {
        recipient.done(queue.call(Command::Ndel)).await.unwrap();
    }
    let deleted = event(&mut seconds).await;
    assert!(is(&deleted, &Response::Deld) && deleted.entity_id() == new.id);
    recipient
        .send(&queue.sender_id, None, true, b"y")
        .await
        .unwrap();
    silence(&mut seconds).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notifier_can_be_set_with_new() {
    let bed = bed();
    let _daemon = bed.start();
    let (client, mut events) = Smp::of(&bed).client().await;
    let key = QueueKey::ed25519(&mut rng());
    let queue = NewQueue {
        notifier: Some(key.public()),
        mode: relay_smp::wire::SubscriptionMode::OnlyCreate,
        ..NewQueue::with(QueueKey::ed25519(&mut rng()))
    };
    let queue = client.create(queue, &mut rng()).await.unwrap();
    let notifier = queue.notifier.as_ref().unwrap();
    client.subscribe_notifier(&notifier.id, &key).await.unwrap();
    client
        .send(&queue.sender_id, None, true, b"x")
        .await
        .unwrap();
    notifier.open(&event(&mut events).await).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn notifications_wait_for_their_notifier_through_a_kill() {
    let bed = bed();
    let daemon = bed.start();
    let smp = Smp::of(&bed);
    let (client, _events) = smp.client().await;
    let queue = create(&client).await;
    let key = QueueKey::ed25519(&mut rng());
    let notifier = set_notifier(&client, &queue, &key).await;
    for body in [b"1", b"2"] {
        client
            .send(&queue.sender_id, None, true, body)
            .await
            .unwrap();
    }
    daemon.kill9();
    let _daemon = bed.start();
    let (server, mut events) = smp.client().await;
    let nsub = Call::about(&notifier.id, Command::Nsub).by(&key);
    assert_eq!(tag(&server.call(nsub).await.unwrap()), Ok("SOK"));
    for _ in 0..2 {
        notifier.open(&event(&mut events).await).unwrap();
    }
    silence(&mut events).await;
}
