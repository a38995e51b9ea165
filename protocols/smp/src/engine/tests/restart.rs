//! What is acknowledged is there after any end of the process.

use super::bed::Bed;
use crate::engine::Settings;
use crate::stats::{Counter, Period};
use crate::wire::{Command, QueueRequest, SubscriptionMode};

#[tokio::test(flavor = "multi_thread")]
async fn queues_messages_and_the_marker_survive() {
    let settings = Settings {
        queue_quota: 2,
        ..Settings::default()
    };
    for bed in Bed::each(settings.clone()).await {
        let (mut recipient, mut sender) = (bed.client(), bed.client());
        let queue = recipient.create().await;
        let key = sender.signer();
        assert_eq!(recipient.on(&queue, Command::Key(key.public())).await, "OK");
        for body in ["one", "two"] {
            assert_eq!(sender.send(&queue, body, Some(&key)).await, "OK");
        }
        assert_eq!(sender.send(&queue, "no", Some(&key)).await, "ERR QUOTA");
        let contact = Some(QueueRequest::Contact(None));
        let off = recipient
            .create_as(contact, SubscriptionMode::Subscribe)
            .await;
        assert_eq!(recipient.on(&off, Command::Off).await, "OK");
        bed.engine.stop().await;
        drop((recipient, sender));

        let bed = bed.restarted(settings.clone()).await;
        bed.engine.shared.count_all().await.unwrap();
        let totals = bed.engine.totals();
        assert_eq!((totals.queues, totals.messages), (2, 3));
        let (mut recipient, mut sender) = (bed.client(), bed.client());
        assert_eq!(sender.send(&queue, "no", Some(&key)).await, "ERR QUOTA");
        assert_eq!(sender.send(&off, "no", None).await, "ERR AUTH");
        assert_eq!(recipient.on(&queue, Command::Sub).await, "SOK");
        let mut message = recipient.event().await;
        for body in ["one", "two", "QUOTA"] {
            assert_eq!(recipient.open(&queue, &message), body);
            message = recipient.ack(&queue, &message).await;
        }
        assert_eq!(message, "OK");

        let counters = bed.engine.counters();
        assert_eq!(counters.total(Counter::QCreated), 2);
        assert_eq!(counters.total(Counter::MsgSent), 2);
        assert_eq!(counters.total(Counter::MsgRecv), 3);
        assert_eq!(bed.engine.active().count(Period::Month), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_notifications_survive() {
    for bed in Bed::each(Settings::default()).await {
        let (mut recipient, mut sender) = (bed.client(), bed.client());
        let queue = recipient.create().await;
        let key = sender.signer();
        let crate::wire::AuthKey::X25519(dh_key) = sender.agreer().public() else {
            unreachable!("an X25519 key");
        };
        let new = crate::wire::NewNotifier {
            key: key.public(),
            dh_key: crate::wire::DhKey(dh_key),
        };
        let told = recipient.on(&queue, Command::Nkey(new)).await;
        let id = data_encoding::HEXLOWER
            .decode(&told.as_bytes()[4..])
            .unwrap();
        let command = Command::Send {
            notification: true,
            body: b"hello",
        };
        assert_eq!(sender.one(&queue.sender, command, None).await, "OK");
        drop((recipient, sender));

        let bed = bed.restarted(Settings::default()).await;
        let mut notifier = bed.client();
        assert_eq!(notifier.one(&id, Command::Nsub, Some(&key)).await, "SOK");
        bed.engine.hand_out_notifications().await;
        assert_eq!(notifier.events().await, ["NMSG"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn old_messages_go_at_the_start() {
    for (expire_on_start, left) in [(true, 0), (false, 1)] {
        let settings = Settings {
            expire_on_start,
            ..Settings::default()
        };
        for bed in Bed::each(settings.clone()).await {
            let (mut recipient, mut sender) = (bed.client(), bed.client());
            let queue = recipient.create().await;
            assert_eq!(sender.send(&queue, "old", None).await, "OK");
            drop((recipient, sender));
            bed.pass(std::time::Duration::from_hours(22 * 24));
            let bed = bed.restarted(settings.clone()).await;
            let mut recipient = bed.client();
            assert_eq!(recipient.on(&queue, Command::Sub).await, "SOK");
            assert_eq!(recipient.events().await.len(), left);
        }
    }
}
