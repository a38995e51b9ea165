//! Notifications: section 10.

use std::time::Duration;

use super::bed::{Bed, Client, Key, Queue};
use crate::engine::Settings;
use crate::wire::{AuthKey, Command, DhKey, NewNotifier, SubscriptionMode};

/// A recipient's wish for a notifier.
fn nkey(client: &Client, key: &Key) -> NewNotifier {
    let AuthKey::X25519(dh_key) = client.agreer().public() else {
        unreachable!("an X25519 key");
    };
    NewNotifier {
        key: key.public(),
        dh_key: DhKey(dh_key),
    }
}

async fn set(recipient: &mut Client, queue: &Queue, key: &Key) -> Vec<u8> {
    let command = Command::Nkey(nkey(recipient, key));
    let told = recipient.on(queue, command).await;
    let id = told.strip_prefix("NID ").unwrap();
    data_encoding::HEXLOWER.decode(id.as_bytes()).unwrap()
}

async fn notify(sender: &mut Client, queue: &Queue, body: &str) -> String {
    let command = Command::Send {
        notification: true,
        body: body.as_bytes(),
    };
    sender.one(&queue.sender, command, None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notifier_is_told_of_messages_that_ask_for_it() {
    for bed in Bed::each(Settings::default()).await {
        let (mut recipient, mut sender) = (bed.client(), bed.client());
        let (mut notifier, mut other) = (bed.client(), bed.client());
        let queue = recipient.create().await;
        let key = notifier.signer();
        let id = set(&mut recipient, &queue, &key).await;
        // Before anybody listens: it is kept.
        assert_eq!(notify(&mut sender, &queue, "one").await, "OK");
        assert_eq!(
            notifier.one(&id, Command::Nsub, Some(&queue.key)).await,
            "ERR AUTH"
        );
        assert_eq!(notifier.one(&id, Command::Nsub, Some(&key)).await, "SOK");
        bed.engine.hand_out_notifications().await;
        assert_eq!(notifier.events().await, ["NMSG"]);
        bed.engine.hand_out_notifications().await;
        assert_eq!(notifier.events().await, [""; 0]);
        assert_eq!(sender.send(&queue, "silent", None).await, "OK");
        for body in ["two", "three"] {
            assert_eq!(notify(&mut sender, &queue, body).await, "OK");
        }
        bed.engine.hand_out_notifications().await;
        assert_eq!(notifier.events().await, ["NMSG"; 2]);
        // Taken over.
        assert_eq!(other.one(&id, Command::Nsub, Some(&key)).await, "SOK");
        bed.engine.tell_lost();
        assert_eq!(notifier.events().await, ["END"]);
        assert_eq!(notify(&mut sender, &queue, "four").await, "OK");
        bed.engine.hand_out_notifications().await;
        assert_eq!(
            (notifier.events().await.len(), other.events().await.len()),
            (0, 1)
        );
        assert_eq!(bed.engine.totals().notifications, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_notifier_replaces_the_old_one() {
    for bed in Bed::each(Settings::default()).await {
        let (mut recipient, mut sender) = (bed.client(), bed.client());
        let mut notifier = bed.client();
        let queue = recipient.create().await;
        let key = notifier.signer();
        let old = set(&mut recipient, &queue, &key).await;
        assert_eq!(notifier.one(&old, Command::Nsub, Some(&key)).await, "SOK");
        assert_eq!(notify(&mut sender, &queue, "lost").await, "OK");
        let new = set(&mut recipient, &queue, &key).await;
        assert_ne!(old, new);
        bed.engine.tell_lost();
        assert_eq!(notifier.events().await, ["DELD"]);
        assert_eq!(
            notifier.one(&old, Command::Nsub, Some(&key)).await,
            "ERR AUTH"
        );
        assert_eq!(notifier.one(&new, Command::Nsub, Some(&key)).await, "SOK");
        bed.engine.hand_out_notifications().await;
        assert_eq!(notifier.events().await, [""; 0]);
        assert_eq!(recipient.on(&queue, Command::Ndel).await, "OK");
        assert_eq!(recipient.on(&queue, Command::Ndel).await, "OK");
        bed.engine.tell_lost();
        assert_eq!(notifier.events().await, ["DELD"]);
        assert_eq!(notify(&mut sender, &queue, "unheard").await, "OK");
        let totals = bed.engine.totals();
        assert_eq!((totals.notifiers, totals.notifications), (0, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_may_be_created_with_a_notifier_and_takes_it_along() {
    for bed in Bed::each(Settings::default()).await {
        let (mut recipient, mut notifier) = (bed.client(), bed.client());
        let key = notifier.signer();
        let new = Some(nkey(&recipient, &key));
        let subscribe = SubscriptionMode::Subscribe;
        let queue = recipient
            .try_create(&[1; 24], None, subscribe, new)
            .await
            .unwrap();
        let id = queue.notifier.clone().unwrap();
        assert_eq!(notifier.one(&id, Command::Nsub, Some(&key)).await, "SOK");
        assert_eq!(bed.engine.totals().notifiers, 1);
        assert_eq!(recipient.on(&queue, Command::Off).await, "OK");
        assert_eq!(notifier.one(&id, Command::Nsub, Some(&key)).await, "SOK");
        assert_eq!(recipient.on(&queue, Command::Del).await, "OK");
        bed.engine.tell_lost();
        assert_eq!(notifier.events().await, ["DELD"]);
        assert_eq!(
            notifier.one(&id, Command::Nsub, Some(&key)).await,
            "ERR AUTH"
        );
        assert_eq!(bed.engine.subscriptions(), (0, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn notifications_that_nobody_fetches_go() {
    for bed in Bed::each(Settings::default()).await {
        let (mut recipient, mut sender) = (bed.client(), bed.client());
        let queue = recipient.create().await;
        let key = sender.signer();
        set(&mut recipient, &queue, &key).await;
        assert_eq!(notify(&mut sender, &queue, "old").await, "OK");
        bed.pass(Duration::from_hours(24));
        assert_eq!(notify(&mut sender, &queue, "young").await, "OK");
        assert_eq!(bed.engine.remove_old_notifications().await.unwrap(), 0);
        bed.pass(Duration::from_secs(1));
        assert_eq!(bed.engine.remove_old_notifications().await.unwrap(), 1);
        assert_eq!(bed.engine.totals().notifications, 1);
    }
}
