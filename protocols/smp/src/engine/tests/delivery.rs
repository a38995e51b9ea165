//! Subscribing and reading: sections 8.2, 8.3 and 8.6.

use std::time::Duration;

use super::bed::{Bed, Client, Queue, Say, message_id};
use crate::engine::{Room, Settings};
use crate::wire::{Command, QueueRequest, Short, SubscriptionMode};

const MESSAGING: Option<QueueRequest<'static>> = Some(QueueRequest::Messaging(None));
const ONLY: SubscriptionMode = SubscriptionMode::OnlyCreate;

async fn filled(recipient: &mut Client, sender: &mut Client, bodies: &[&str]) -> Queue {
    let queue = recipient.create_as(MESSAGING, ONLY).await;
    for body in bodies {
        assert_eq!(sender.send(&queue, body, None).await, "OK");
    }
    queue
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_gets_one_message_at_a_time_and_the_first_again() {
    for bed in Bed::each(Settings::default()).await {
        let (mut recipient, mut sender) = (bed.client(), bed.client());
        let queue = filled(&mut recipient, &mut sender, &["one", "two"]).await;
        assert_eq!(recipient.events().await, [""; 0]);
        assert_eq!(recipient.on(&queue, Command::Sub).await, "SOK");
        let one = recipient.event().await;
        assert_eq!(recipient.open(&queue, &one), "one");
        assert_eq!(sender.send(&queue, "three", None).await, "OK");
        assert_eq!(recipient.events().await, [""; 0]);
        assert_eq!(recipient.on(&queue, Command::Sub).await, "SOK");
        assert_eq!(recipient.event().await, one);
        let two = recipient.ack(&queue, &one).await;
        assert_eq!(recipient.open(&queue, &two), "two");
        assert_eq!(recipient.ack(&queue, &one).await, "ERR NO_MSG");
        let three = recipient.ack(&queue, &two).await;
        assert_eq!(recipient.ack(&queue, &three).await, "OK");
        assert_eq!(sender.send(&queue, "four", None).await, "OK");
        let four = recipient.event().await;
        assert_eq!(recipient.open(&queue, &four), "four");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_acknowledgement_removes_nothing() {
    let bed = Bed::sqlite(Settings::default()).await;
    let (mut recipient, mut sender) = (bed.client(), bed.client());
    let queue = recipient.create().await;
    assert_eq!(
        recipient.on(&queue, Command::Ack(Short::EMPTY)).await,
        "ERR NO_MSG"
    );
    assert_eq!(sender.send(&queue, "one", None).await, "OK");
    let one = recipient.event().await;
    assert_eq!(recipient.on(&queue, Command::Ack(Short::EMPTY)).await, one);
    assert_eq!(recipient.ack(&queue, &one).await, "OK");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_connection_takes_the_subscription_over() {
    for bed in Bed::each(Settings::default()).await {
        let (mut first, mut second, mut sender) = (bed.client(), bed.client(), bed.client());
        let queue = filled(&mut first, &mut sender, &["one", "two"]).await;
        assert_eq!(first.on(&queue, Command::Sub).await, "SOK");
        let one = first.event().await;
        assert_eq!(second.on(&queue, Command::Sub).await, "SOK");
        assert_eq!(second.event().await, one);
        assert_eq!(first.events().await, [""; 0]);
        bed.engine.tell_lost();
        assert_eq!(first.events().await, ["END"]);
        // The old connection's marker is gone, and what comes is not for it.
        assert_eq!(first.ack(&queue, &one).await, "ERR NO_MSG");
        let two = second.ack(&queue, &one).await;
        assert_eq!(second.open(&queue, &two), "two");
        assert_eq!(second.ack(&queue, &two).await, "OK");
        assert_eq!(sender.send(&queue, "three", None).await, "OK");
        assert_eq!(first.events().await, [""; 0]);
        let three = second.event().await;
        assert_eq!(second.open(&queue, &three), "three");
        // Back again, and gone.
        assert_eq!(first.on(&queue, Command::Sub).await, "SOK");
        assert_eq!(first.event().await, three);
        assert_eq!(second.on(&queue, Command::Del).await, "OK");
        bed.engine.tell_lost();
        assert_eq!(first.events().await, ["DELD"]);
        assert_eq!(second.events().await, ["END"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_connection_keeps_nothing() {
    for bed in Bed::each(Settings::default()).await {
        let (mut first, mut second, mut sender) = (bed.client(), bed.client(), bed.client());
        let queue = filled(&mut first, &mut sender, &["one"]).await;
        assert_eq!(first.on(&queue, Command::Sub).await, "SOK");
        assert_eq!(bed.engine.subscriptions(), (1, 0));
        let one = first.event().await;
        drop(first);
        assert_eq!(bed.engine.subscriptions(), (0, 0));
        assert_eq!(sender.send(&queue, "two", None).await, "OK");
        assert_eq!(second.on(&queue, Command::Sub).await, "SOK");
        assert_eq!(second.event().await, one);
        bed.engine.tell_lost();
        assert_eq!(second.events().await, [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn get_reads_without_subscribing() {
    for bed in Bed::each(Settings::default()).await {
        let (mut recipient, mut sender) = (bed.client(), bed.client());
        let queue = filled(&mut recipient, &mut sender, &["one", "two"]).await;
        let one = recipient.on(&queue, Command::Get).await;
        assert_eq!(recipient.open(&queue, &one), "one");
        assert_eq!(recipient.on(&queue, Command::Get).await, one);
        let refused = "ERR CMD PROHIBITED";
        assert_eq!(recipient.on(&queue, Command::Sub).await, refused);
        assert_eq!(recipient.ack(&queue, &one).await, "OK");
        assert_eq!(recipient.ack(&queue, &one).await, "ERR NO_MSG");
        let two = recipient.on(&queue, Command::Get).await;
        assert_eq!(recipient.open(&queue, &two), "two");
        assert_eq!(recipient.ack(&queue, &two).await, "OK");
        assert_eq!(recipient.on(&queue, Command::Get).await, "OK");
        assert_eq!(recipient.events().await, [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_getter_and_a_subscriber_share_a_queue() {
    for bed in Bed::each(Settings::default()).await {
        let (mut sub, mut get, mut sender) = (bed.client(), bed.client(), bed.client());
        let queue = filled(&mut sub, &mut sender, &["one", "two", "three"]).await;
        assert_eq!(sub.on(&queue, Command::Sub).await, "SOK");
        assert_eq!(sub.on(&queue, Command::Get).await, "ERR CMD PROHIBITED");
        let one = sub.event().await;
        assert_eq!(get.on(&queue, Command::Get).await, one);
        assert_eq!(get.ack(&queue, &one).await, "OK");
        let two = get.on(&queue, Command::Get).await;
        assert_eq!(sub.ack(&queue, &two).await, "ERR NO_MSG");
        // It is gone already: no error, and the next.
        assert_eq!(sub.ack(&queue, &one).await, two);
        assert_eq!(sub.open(&queue, &two), "two");
        let three = sub.ack(&queue, &two).await;
        assert_eq!(sub.open(&queue, &three), "three");
        assert_eq!(get.ack(&queue, &two).await, "OK");
        assert_eq!(sub.ack(&queue, &three).await, "OK");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_has_its_bodies_kept_in_the_database() {
    let settings = Settings {
        waiting: Room {
            each: 20_000,
            ..Settings::default().waiting
        },
        ..Settings::default()
    };
    for bed in Bed::each(settings).await {
        let (mut recipient, mut sender) = (bed.client(), bed.client());
        let mut queues = Vec::new();
        for n in 0..5 {
            let queue = recipient.create().await;
            let body = n.to_string().repeat(16_000);
            assert_eq!(sender.send(&queue, &body, None).await, "OK");
            queues.push((queue, body));
        }
        // The last one's first message is gone before it is read.
        let (last, _) = queues.last().cloned().unwrap();
        assert_eq!(sender.send(&last, "next", None).await, "OK");
        let mut other = bed.client();
        let gone = other.on(&last, Command::Get).await;
        assert_eq!(other.ack(&last, &gone).await, "OK");

        let mut events = Vec::new();
        while events.len() < 5 {
            let some = recipient.connection.events(1).await;
            assert_eq!(some.len(), 1);
            events.extend(some);
        }
        let mut bodies = Vec::new();
        for (queue, body) in &queues[..4] {
            assert_eq!(recipient.on(queue, Command::Sub).await, "SOK");
            let event = recipient.event().await;
            bodies.push(recipient.open(queue, &event) == *body);
        }
        assert_eq!(bodies, [true; 4]);
        assert_eq!(recipient.on(&last, Command::Sub).await, "SOK");
        let event = recipient.event().await;
        assert_eq!(recipient.open(&last, &event), "next");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_subscriptions_in_one_block() {
    for bed in Bed::each(Settings::default()).await {
        let (mut recipient, mut sender) = (bed.client(), bed.client());
        let mut queues = Vec::new();
        for n in 0..135 {
            let queue = recipient.create_as(MESSAGING, ONLY).await;
            if n % 10 == 0 {
                assert_eq!(sender.send(&queue, &n.to_string(), None).await, "OK");
            }
            queues.push(queue);
        }
        let subs: Vec<_> = (queues.iter())
            .map(|queue| Say(&queue.recipient, Command::Sub, Some(&queue.key)))
            .collect();
        let mut again = bed.client();
        assert_eq!(again.say(&subs).await, ["SOK"; 135]);
        assert_eq!(again.events().await.len(), 14);
        assert_eq!(sender.send(&queues[1], "late", None).await, "OK");
        let late = again.event().await;
        assert_eq!(again.open(&queues[1], &late), "late");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn old_messages_go_from_the_front_and_a_marker_stays() {
    let hour = Duration::from_hours(1);
    let settings = Settings {
        message_lifetime: Some(hour),
        queue_quota: 2,
        expire_on_send: false,
        ..Settings::default()
    };
    for bed in Bed::each(settings).await {
        let (mut recipient, mut sender) = (bed.client(), bed.client());
        let full = filled(&mut recipient, &mut sender, &["old", "old"]).await;
        assert_eq!(sender.send(&full, "no", None).await, "ERR QUOTA");
        let mixed = filled(&mut recipient, &mut sender, &["old"]).await;
        bed.pass(hour / 2);
        assert_eq!(sender.send(&mixed, "young", None).await, "OK");
        assert_eq!(bed.engine.remove_old_messages().await.unwrap(), 0);
        bed.pass(hour / 2 + Duration::from_secs(1));
        assert_eq!(bed.engine.remove_old_messages().await.unwrap(), 3);
        assert_eq!(bed.engine.totals().messages, 2);

        assert_eq!(recipient.on(&mixed, Command::Sub).await, "SOK");
        let young = recipient.event().await;
        assert_eq!(recipient.open(&mixed, &young), "young");
        assert_eq!(sender.send(&full, "no", None).await, "ERR QUOTA");
        assert_eq!(recipient.on(&full, Command::Sub).await, "SOK");
        let marker = recipient.event().await;
        assert_eq!(recipient.open(&full, &marker), "QUOTA");
        assert_eq!(recipient.ack(&full, &marker).await, "OK");
        assert_eq!(sender.send(&full, "yes", None).await, "OK");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn old_messages_go_when_a_new_one_comes() {
    let settings = Settings {
        message_lifetime: Some(Duration::from_secs(2)),
        ..Settings::default()
    };
    for bed in Bed::each(settings).await {
        let (mut recipient, mut sender) = (bed.client(), bed.client());
        let queue = filled(&mut recipient, &mut sender, &["old"]).await;
        bed.pass(Duration::from_secs(3));
        assert_eq!(sender.send(&queue, "new", None).await, "OK");
        let new = recipient.on(&queue, Command::Get).await;
        assert_eq!(recipient.open(&queue, &new), "new");
        assert_eq!(bed.engine.totals().messages, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivered_message_may_expire_before_it_is_acknowledged() {
    let settings = Settings {
        message_lifetime: Some(Duration::from_secs(2)),
        ..Settings::default()
    };
    for bed in Bed::each(settings).await {
        let (mut recipient, mut sender) = (bed.client(), bed.client());
        let queue = recipient.create().await;
        assert_eq!(sender.send(&queue, "old", None).await, "OK");
        let old = recipient.event().await;
        bed.pass(Duration::from_secs(3));
        assert_eq!(sender.send(&queue, "new", None).await, "OK");
        assert_eq!(recipient.events().await, [""; 0]);
        let new = recipient.ack(&queue, &old).await;
        assert_eq!(recipient.open(&queue, &new), "new");
        assert_ne!(message_id(&old), message_id(&new));
    }
}
