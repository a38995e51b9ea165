//! Creating, securing, suspending and deleting: sections 8.1, 8.4, 8.5, 8.7 and 8.9.

use super::bed::{Bed, Say};
use crate::engine::Settings;
use crate::wire::{Command, QueueRequest, Short, SubscriptionMode, Version};

const CONTACT: Option<QueueRequest<'static>> = Some(QueueRequest::Contact(None));
const MESSAGING: Option<QueueRequest<'static>> = Some(QueueRequest::Messaging(None));

#[tokio::test(flavor = "multi_thread")]
async fn a_message_goes_from_sender_to_recipient_and_is_gone_when_acknowledged() {
    for bed in Bed::each(Settings::default()).await {
        let (mut recipient, mut sender) = (bed.client(), bed.client());
        let queue = recipient.create().await;
        let key = sender.signer();
        assert_eq!(sender.send(&queue, "unsigned", None).await, "OK");
        let message = recipient.event().await;
        assert_eq!(recipient.open(&queue, &message), "unsigned");
        assert_eq!(recipient.ack(&queue, &message).await, "OK");
        assert_eq!(recipient.ack(&queue, &message).await, "ERR NO_MSG");

        assert_eq!(recipient.on(&queue, Command::Key(key.public())).await, "OK");
        assert_eq!(recipient.on(&queue, Command::Key(key.public())).await, "OK");
        let other = Command::Key(sender.signer().public());
        assert_eq!(recipient.on(&queue, other).await, "ERR AUTH");
        assert_eq!(sender.send(&queue, "no", None).await, "ERR AUTH");
        let stranger = sender.signer();
        assert_eq!(sender.send(&queue, "no", Some(&stranger)).await, "ERR AUTH");
        assert_eq!(sender.send(&queue, "signed", Some(&key)).await, "OK");
        let message = recipient.event().await;
        assert_eq!(recipient.open(&queue, &message), "signed");
        assert_eq!(recipient.ack(&queue, &message).await, "OK");
        assert_eq!(recipient.events().await, [""; 0]);
        assert_eq!(bed.engine.totals().messages, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_secures_messaging_queues_only_and_once() {
    for bed in Bed::each(Settings::default()).await {
        let (mut recipient, mut sender) = (bed.client(), bed.client());
        for (request, allowed) in [(MESSAGING, true), (CONTACT, false), (None, false)] {
            let queue = recipient
                .create_as(request, SubscriptionMode::Subscribe)
                .await;
            let (key, other) = (sender.agreer(), sender.signer_448());
            let by = async |sender: &mut super::bed::Client, key: &super::bed::Key| {
                let command = Command::Skey(key.public());
                sender.one(&queue.sender, command, Some(key)).await
            };
            let expected = if allowed { "OK" } else { "ERR AUTH" };
            assert_eq!(by(&mut sender, &key).await, expected);
            assert_eq!(by(&mut sender, &key).await, expected);
            assert_eq!(by(&mut sender, &other).await, "ERR AUTH");
            // Signed by another key than the one that is set.
            let command = Command::Skey(key.public());
            let answer = sender.one(&queue.sender, command, Some(&other)).await;
            assert_eq!(answer, "ERR AUTH");
            let key = allowed.then_some(&key);
            assert_eq!(sender.send(&queue, "hello", key).await, "OK");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_recipients_keys_of_a_contact_queue_are_replaced() {
    for bed in Bed::each(Settings::default()).await {
        let mut recipient = bed.client();
        let keys = [
            recipient.signer(),
            recipient.signer_448(),
            recipient.agreer(),
        ];
        let new = || keys.iter().map(super::bed::Key::public).collect();
        let queue = recipient.create().await;
        assert_eq!(recipient.on(&queue, Command::Rkey(new())).await, "ERR AUTH");

        let queue = recipient
            .create_as(CONTACT, SubscriptionMode::Subscribe)
            .await;
        assert_eq!(recipient.on(&queue, Command::Rkey(new())).await, "OK");
        assert_eq!(recipient.on(&queue, Command::Sub).await, "ERR AUTH");
        for key in &keys {
            let answer = recipient
                .one(&queue.recipient, Command::Sub, Some(key))
                .await;
            assert_eq!(answer, "SOK");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_queue_is_read_and_a_deleted_one_is_not() {
    for bed in Bed::each(Settings::default()).await {
        let (mut recipient, mut sender) = (bed.client(), bed.client());
        let queue = recipient.create().await;
        for body in ["one", "two"] {
            assert_eq!(sender.send(&queue, body, None).await, "OK");
        }
        let one = recipient.event().await;
        assert_eq!(recipient.on(&queue, Command::Off).await, "OK");
        assert_eq!(recipient.on(&queue, Command::Off).await, "OK");
        assert_eq!(sender.send(&queue, "three", None).await, "ERR AUTH");
        let large = "x".repeat(Version(18).max_body() + 1);
        assert_eq!(sender.send(&queue, &large, None).await, "ERR LARGE_MSG");
        let two = recipient.ack(&queue, &one).await;
        assert_eq!(recipient.open(&queue, &two), "two");
        assert_eq!(recipient.on(&queue, Command::Del).await, "OK");
        for command in [Command::Del, Command::Sub, Command::Get, Command::Que] {
            assert_eq!(recipient.on(&queue, command).await, "ERR AUTH");
        }
        assert_eq!(sender.send(&queue, "four", None).await, "ERR AUTH");
        let totals = bed.engine.totals();
        assert_eq!((totals.queues, totals.messages), (0, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sizes_of_bodies_follow_the_senders_version() {
    for bed in Bed::each(Settings::default()).await {
        let mut recipient = bed.client();
        for (version, most) in [(6, 16088), (8, 16064), (11, 16048), (18, 16048)] {
            let queue = recipient.create().await;
            let mut sender = bed.client_of(version);
            let body = "x".repeat(most);
            assert_eq!(sender.send(&queue, &body, None).await, "OK");
            let message = recipient.event().await;
            assert_eq!(recipient.open(&queue, &message), body);
            assert_eq!(sender.send(&queue, "", None).await, "OK");
            let empty = recipient.ack(&queue, &message).await;
            assert_eq!(recipient.open(&queue, &empty), "");
            if version < 11 {
                continue; // more does not fit in a transmission there
            }
            let larger = "x".repeat(most + 1);
            assert_eq!(sender.send(&queue, &larger, None).await, "ERR LARGE_MSG");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_takes_nothing_until_its_marker_is_acknowledged() {
    for bed in Bed::each(Settings::default()).await {
        let (mut recipient, mut sender) = (bed.client(), bed.client());
        let queue = recipient.create().await;
        for n in 0..128 {
            assert_eq!(sender.send(&queue, &n.to_string(), None).await, "OK");
        }
        for _ in 0..3 {
            assert_eq!(sender.send(&queue, "no", None).await, "ERR QUOTA");
        }
        assert_eq!(bed.engine.totals().messages, 129);
        let mut message = recipient.event().await;
        for n in 0..128 {
            assert_eq!(recipient.open(&queue, &message), n.to_string());
            message = recipient.ack(&queue, &message).await;
            assert_eq!(sender.send(&queue, "no", None).await, "ERR QUOTA");
        }
        assert_eq!(recipient.open(&queue, &message), "QUOTA");
        assert_eq!(sender.send(&queue, "no", None).await, "ERR QUOTA");
        assert_eq!(recipient.ack(&queue, &message).await, "OK");
        assert_eq!(sender.send(&queue, "again", None).await, "OK");
        let again = recipient.event().await;
        assert_eq!(recipient.open(&queue, &again), "again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_are_created_by_whom_the_operator_wants() {
    let password = Some(b"secret".to_vec().into());
    for (new_queues, create_password, given, expected) in [
        (true, None, None, true),
        (true, None, Some("anything"), true),
        (true, password.clone(), Some("secret"), true),
        (true, password.clone(), Some("secre"), false),
        (true, password.clone(), None, false),
        (false, None, None, false),
        (false, password, Some("secret"), false),
    ] {
        let settings = Settings {
            new_queues,
            create_password,
            ..Settings::default()
        };
        let bed = Bed::sqlite(settings).await;
        let mut client = bed.client();
        let (key, secret) = (client.signer(), client.agreer());
        let new = crate::wire::New {
            key: key.public(),
            dh_key: match secret.public() {
                crate::wire::AuthKey::X25519(key) => crate::wire::DhKey(key),
                _ => unreachable!("an X25519 key"),
            },
            password: given.map(|text: &str| Short::cut(text.as_bytes())),
            mode: SubscriptionMode::Subscribe,
            request: None,
            notifier: None,
        };
        let answer = client
            .one(&[], Command::New(Box::new(new)), Some(&key))
            .await;
        assert_eq!(
            answer,
            if expected { "IDS" } else { "ERR AUTH" },
            "{given:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_tells_its_state() {
    for bed in Bed::each(Settings::default()).await {
        let (mut recipient, mut sender) = (bed.client(), bed.client());
        let only = SubscriptionMode::OnlyCreate;
        let queue = recipient.create_as(MESSAGING, only).await;
        let info = recipient.on(&queue, Command::Que).await;
        assert_eq!(info, r#"INFO {"qiSnd":false,"qiNtf":false,"qiSize":0}"#);
        assert_eq!(sender.send(&queue, "hello", None).await, "OK");
        assert_eq!(recipient.on(&queue, Command::Sub).await, "SOK");
        let info = recipient.on(&queue, Command::Que).await;
        let id = data_encoding::BASE64.encode(&super::bed::message_id(&recipient.event().await));
        assert_eq!(
            info,
            format!(
                "INFO {{\"qiSnd\":false,\"qiNtf\":false,\
                 \"qiSub\":{{\"qSubThread\":\"noSub\",\"qDelivered\":\"{id}\"}},\"qiSize\":1,\
                 \"qiMsg\":{{\"msgId\":\"{id}\",\"msgTs\":\"2025-06-15T15:06:40Z\",\
                 \"msgType\":\"message\"}}}}"
            )
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_of_one_block_are_executed_in_order() {
    for bed in Bed::each(Settings::default()).await {
        let (mut recipient, mut sender) = (bed.client(), bed.client());
        let queue = recipient.create().await;
        let bodies: Vec<String> = (0..10).map(|n| n.to_string()).collect();
        let sends: Vec<_> = (bodies.iter())
            .map(|body| {
                let command = Command::Send {
                    notification: false,
                    body: body.as_bytes(),
                };
                Say(&queue.sender, command, None)
            })
            .collect();
        assert_eq!(sender.say(&sends).await, ["OK"; 10]);
        let mut message = recipient.event().await;
        for body in &bodies {
            assert_eq!(recipient.open(&queue, &message), *body);
            message = recipient.ack(&queue, &message).await;
        }
        assert_eq!(message, "OK");

        // Each needs what the one before has done.
        let (r, key) = (&queue.recipient, Some(&queue.key));
        let answers = recipient
            .say(&[
                Say(r, Command::Off, key),
                Say(r, Command::Sub, key),
                Say(&[], Command::Ping, None),
                Say(r, Command::Get, key),
                Say(r, Command::Del, key),
                Say(r, Command::Sub, key),
            ])
            .await;
        let expected = ["OK", "SOK", "PONG", "ERR CMD PROHIBITED", "OK", "ERR AUTH"];
        assert_eq!(answers, expected);
    }
}
