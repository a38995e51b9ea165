//! Queues over real connections: created, secured by either side, rekeyed, suspended, deleted.

use integration_tests::Bed;
use integration_tests::smp::{Smp, create, event, is, message, refused, rng, silence};
use relay_smp::client::{Call, CallError, NewQueue, QueueKey};
use relay_smp::wire::{Command, Error, QueueMode, QueueRequest, Response, SubscriptionMode};

const NONE: Option<&QueueKey> = None;

fn keys() -> [QueueKey; 3] {
    [
        QueueKey::ed25519(&mut rng()),
        QueueKey::ed448(&mut rng()),
        QueueKey::x25519(&mut rng()),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn create_and_secure_by_the_recipient_with_every_kind_of_key() {
    let bed = Bed::new().with_smp();
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    for (recipient_key, sender_key) in keys().into_iter().zip(keys().into_iter().rev()) {
        let (recipient, mut events) = smp.client().await;
        let (sender, _) = smp.client().await;
        let queue = NewQueue::with(recipient_key.clone());
        let queue = recipient.create(queue, &mut rng()).await.unwrap();
        assert_eq!(queue.mode, Some(QueueMode::Messaging));
        let id = &queue.sender_id;

        // Before it is secured, anybody sends, and nobody with a key.
        sender.send(id, NONE, false, b"hello").await.unwrap();
        let signed = sender.send(id, Some(&sender_key), false, b"no").await;
        assert_eq!(signed, refused(Error::Auth));
        let first = message(&mut events, &queue).await;
        assert_eq!(first.body(), Some(&b"hello"[..]));
        assert_eq!(recipient.acknowledge(&queue, first.id()).await, Ok(None));
        let again = recipient.acknowledge(&queue, first.id()).await;
        assert_eq!(again, refused(Error::NoMsg));

        let sender_public = sender_key.public();
        let by_another = Call::about(&queue.recipient_id, Command::Key(sender_public));
        let stolen = recipient.done(by_another.by(&sender_key)).await;
        assert_eq!(stolen, refused(Error::Auth));
        recipient.secure(&queue, sender_public).await.unwrap();
        recipient.secure(&queue, sender_public).await.unwrap();
        let other = QueueKey::ed25519(&mut rng());
        let replaced = recipient.secure(&queue, other.public()).await;
        assert_eq!(replaced, refused(Error::Auth));

        sender
            .send(id, Some(&sender_key), true, b"signed")
            .await
            .unwrap();
        let unsigned = sender.send(id, NONE, false, b"no").await;
        assert_eq!(unsigned, refused(Error::Auth));
        let wrong = sender.send(id, Some(&other), false, b"no").await;
        assert_eq!(wrong, refused(Error::Auth));
        let second = message(&mut events, &queue).await;
        assert_eq!(second.body(), Some(&b"signed"[..]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn create_and_secure_by_the_sender() {
    let bed = Bed::new().with_smp();
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    let ((recipient, mut events), (sender, _)) = (smp.client().await, smp.client().await);
    let queue = create(&recipient).await;
    for _ in 0..2 {
        let (key, id) = (QueueKey::ed25519(&mut rng()), &queue.sender_id);
        let first = sender.secure_as_sender(id, &key).await;
        if first.is_err() {
            assert_eq!(first, refused(Error::Auth), "with another key");
            continue;
        }
        sender.secure_as_sender(id, &key).await.unwrap();
        sender.send(id, Some(&key), false, b"hi").await.unwrap();
        let got = message(&mut events, &queue).await;
        assert_eq!(got.body(), Some(&b"hi"[..]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_queue_is_not_secured_by_senders() {
    let bed = Bed::new().with_smp();
    let _daemon = bed.start();
    let (client, _events) = Smp::of(&bed).client().await;
    let queue = NewQueue {
        request: QueueRequest::Contact(None),
        ..NewQueue::with(QueueKey::ed25519(&mut rng()))
    };
    let queue = client.create(queue, &mut rng()).await.unwrap();
    assert_eq!(queue.mode, Some(QueueMode::Contact));
    let key = QueueKey::ed25519(&mut rng());
    let secured = client.secure_as_sender(&queue.sender_id, &key).await;
    assert_eq!(secured, refused(Error::Auth));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_queue_has_its_recipients_keys_replaced() {
    let bed = Bed::new().with_smp();
    let _daemon = bed.start();
    let (client, _events) = Smp::of(&bed).client().await;
    let old = QueueKey::ed25519(&mut rng());
    let queue = NewQueue {
        request: QueueRequest::Contact(None),
        ..NewQueue::with(old.clone())
    };
    let queue = client.create(queue, &mut rng()).await.unwrap();
    let new = keys();
    let rkey = Command::Rkey(new.iter().map(QueueKey::public).collect());
    client.done(queue.call(rkey.clone())).await.unwrap();
    let with = |key| Call::about(&queue.recipient_id, Command::Sub).by(key);
    assert_eq!(client.done(with(&old)).await, refused(Error::Auth));
    for key in &new {
        assert_eq!(client.done(with(key)).await, Ok(()));
    }
    let single = create(&client).await;
    let refusal = client.done(single.call(rkey)).await;
    assert_eq!(refusal, refused(Error::Auth), "contact queues only");
}

#[tokio::test(flavor = "multi_thread")]
async fn create_suspend_delete() {
    let bed = Bed::new().with_smp();
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    let ((recipient, mut events), (sender, _)) = (smp.client().await, smp.client().await);
    let queue = create(&recipient).await;
    for body in [b"1", b"2"] {
        sender
            .send(&queue.sender_id, NONE, false, body)
            .await
            .unwrap();
    }
    recipient.suspend(&queue).await.unwrap();
    recipient.suspend(&queue).await.unwrap();
    let late = sender.send(&queue.sender_id, NONE, false, b"3").await;
    assert_eq!(late, refused(Error::Auth));
    let first = message(&mut events, &queue).await;
    assert_eq!(first.body(), Some(&b"1"[..]));
    let second = recipient
        .acknowledge(&queue, first.id())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(second.body(), Some(&b"2"[..]));
    assert_eq!(recipient.acknowledge(&queue, second.id()).await, Ok(None));
    recipient.delete(&queue).await.unwrap();
    assert_eq!(recipient.delete(&queue).await, refused(Error::Auth));
    assert_eq!(recipient.subscribe(&queue).await, refused(Error::Auth));
    let gone = sender.send(&queue.sender_id, NONE, false, b"4").await;
    assert_eq!(gone, refused(Error::Auth));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_new_queues_when_they_are_off() {
    let bed = Bed::new().with_smp().with("smp.new_queues", false);
    let _daemon = bed.start();
    let (client, _events) = Smp::of(&bed).client().await;
    let queue = NewQueue::with(QueueKey::ed25519(&mut rng()));
    let created = client.create(queue, &mut rng()).await.map(drop);
    assert_eq!(created, refused(Error::Auth));
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_are_created_by_those_who_know_the_password() {
    let bed = Bed::new().with_smp().with("smp.create_password", "secret");
    let daemon = bed.start();
    let smp = Smp::of(&bed);
    for version in [6, 9, 18] {
        let dialer = smp.dialer_of(version);
        let (client, _events) = dialer.client(smp.address, &mut rng()).await.unwrap();
        for (password, expected) in [
            (None, refused(Error::Auth)),
            (Some("wrong"), refused(Error::Auth)),
            (Some("secret"), Ok(())),
        ] {
            let queue = NewQueue {
                password,
                ..NewQueue::with(QueueKey::ed25519(&mut rng()))
            };
            let created = client.create(queue, &mut rng()).await.map(drop);
            assert_eq!(created, expected, "v{version} {password:?}");
        }
    }
    assert!(!daemon.stdout().contains("secret"), "{}", daemon.stdout());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplex_exchange_over_two_connections() {
    let bed = Bed::new().with_smp();
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    let (mut alice, mut bob) = (smp.client().await, smp.client().await);
    let new = || NewQueue::with(QueueKey::ed25519(&mut rng()));
    let to_alice = alice.0.create(new(), &mut rng()).await.unwrap();
    let to_bob = bob.0.create(new(), &mut rng()).await.unwrap();
    let (alices, bobs) = (QueueKey::x25519(&mut rng()), QueueKey::ed25519(&mut rng()));
    alice.0.secure(&to_alice, bobs.public()).await.unwrap();
    bob.0.secure(&to_bob, alices.public()).await.unwrap();
    for turn in 0..5_u8 {
        let body = [turn];
        let sent = bob.0.send(&to_alice.sender_id, Some(&bobs), false, &body);
        sent.await.unwrap();
        let got = message(&mut alice.1, &to_alice).await;
        assert_eq!(got.body(), Some(&body[..]));
        assert_eq!(alice.0.acknowledge(&to_alice, got.id()).await, Ok(None));
        let sent = alice.0.send(&to_bob.sender_id, Some(&alices), false, &body);
        sent.await.unwrap();
        let got = message(&mut bob.1, &to_bob).await;
        assert_eq!(got.body(), Some(&body[..]));
        assert_eq!(bob.0.acknowledge(&to_bob, got.id()).await, Ok(None));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_exchange_in_every_version() {
    let bed = Bed::new().with_smp();
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    for version in 6..=20 {
        let dialer = smp.dialer_of(version);
        let (client, mut events) = dialer.client(smp.address, &mut rng()).await.unwrap();
        let queue = create(&client).await;
        let key = QueueKey::ed25519(&mut rng());
        client.secure(&queue, key.public()).await.unwrap();
        let longest = vec![7; relay_smp::wire::Version(version).max_body()];
        let sent = client.send(&queue.sender_id, Some(&key), false, &longest);
        sent.await.unwrap();
        let got = message(&mut events, &queue).await;
        assert_eq!(got.body(), Some(&longest[..]), "v{version}");
        assert_eq!(client.acknowledge(&queue, got.id()).await, Ok(None));
        let longer = vec![7; longest.len() + 1];
        let sent = client
            .send(&queue.sender_id, Some(&key), false, &longer)
            .await;
        assert!(
            [refused(Error::LargeMsg), Err(CallError::TooLarge)].contains(&sent),
            "v{version} {sent:?}"
        );
        client.delete(&queue).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_was_only_created_is_subscribed_later() {
    let bed = Bed::new().with_smp();
    let _daemon = bed.start();
    let (client, mut events) = Smp::of(&bed).client().await;
    let queue = NewQueue {
        mode: SubscriptionMode::OnlyCreate,
        ..NewQueue::with(QueueKey::ed25519(&mut rng()))
    };
    let queue = client.create(queue, &mut rng()).await.unwrap();
    client
        .send(&queue.sender_id, NONE, false, b"x")
        .await
        .unwrap();
    silence(&mut events).await;
    client.subscribe(&queue).await.unwrap();
    let got = message(&mut events, &queue).await;
    assert_eq!(got.body(), Some(&b"x"[..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_tells_the_other_connection_that_was_subscribed() {
    let bed = Bed::new().with_smp();
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    for (version, told) in [(18, Response::Deld), (9, Response::End)] {
        let dialer = smp.dialer_of(version);
        let (client, mut events) = dialer.client(smp.address, &mut rng()).await.unwrap();
        let queue = create(&client).await;
        smp.client().await.0.delete(&queue).await.unwrap();
        let event = event(&mut events).await;
        assert!(is(&event, &told), "v{version} {event:?}");
        assert_eq!(event.entity_id(), queue.recipient_id);
    }
}
