//! Who may do what: sections 5.2, 5.4, 5.6 and 18.

use relay_storage::{Failure, Unit};
use sea_orm::{ConnectionTrait, DatabaseTransaction};

use super::bed::{Bed, Say};
use crate::engine::Settings;
use crate::wire::{Command, QueueRequest, SubscriptionMode};

#[tokio::test(flavor = "multi_thread")]
async fn missing_queues_wrong_keys_and_other_kinds_of_keys_have_one_answer() {
    for bed in Bed::each(Settings::default()).await {
        let (mut recipient, mut sender) = (bed.client(), bed.client());
        let queue = recipient.create().await;
        let secured = recipient.create().await;
        let own = sender.signer();
        assert_eq!(
            recipient.on(&secured, Command::Key(own.public())).await,
            "OK"
        );
        let keys = [sender.signer(), sender.signer_448(), sender.agreer()];
        let send = || Command::Send {
            notification: false,
            body: b"x",
        };
        for entity in [&queue.recipient[..], &queue.sender, &[5; 24], &[5; 3]] {
            for key in &keys {
                for command in [Command::Sub, Command::Del, Command::Nsub, Command::Que] {
                    let answer = recipient.one(entity, command, Some(key)).await;
                    assert_eq!(answer, "ERR AUTH");
                }
                assert_eq!(sender.one(entity, send(), Some(key)).await, "ERR AUTH");
            }
        }
        for key in &keys {
            assert_eq!(sender.send(&secured, "x", Some(key)).await, "ERR AUTH");
        }
        assert_eq!(sender.one(&[5; 24], Command::Lget, None).await, "ERR AUTH");
        assert_eq!(sender.one(&[5; 24], send(), None).await, "ERR AUTH");
        // The wrong key comes before the size.
        let large = "x".repeat(16_049);
        let answer = sender.send(&secured, &large, Some(&keys[0])).await;
        assert_eq!(answer, "ERR AUTH");
        assert_eq!(
            sender.send(&secured, &large, Some(&own)).await,
            "ERR LARGE_MSG"
        );
        assert_eq!(bed.engine.totals().queues, 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_wrong_signature_spoils_no_other_command_of_a_block() {
    for bed in Bed::each(Settings::default()).await {
        let mut recipient = bed.client();
        let mut queues = Vec::new();
        for _ in 0..8 {
            queues.push(recipient.create().await);
        }
        let stranger = recipient.signer();
        let subs: Vec<_> = (queues.iter().enumerate())
            .map(|(n, queue)| {
                let key = if n % 4 == 2 { &stranger } else { &queue.key };
                Say(&queue.recipient, Command::Sub, Some(key))
            })
            .chain([Say(&[3; 24], Command::Sub, Some(&stranger))])
            .collect();
        let (refused, done) = recipient.say_apart(&subs).await;
        assert_eq!(
            (refused, done),
            (vec!["ERR AUTH".into(); 3], vec!["SOK".into(); 6])
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_is_verified_before_any_of_it_is_executed() {
    for bed in Bed::each(Settings::default()).await {
        let mut client = bed.client();
        let queue = client.create().await;
        let key = client.signer();
        let send = Command::Send {
            notification: false,
            body: b"x",
        };
        let (refused, done) = client
            .say_apart(&[
                Say(
                    &queue.recipient,
                    Command::Key(key.public()),
                    Some(&queue.key),
                ),
                Say(&queue.sender, send, Some(&key)),
            ])
            .await;
        assert_eq!(
            (refused, done),
            (vec!["ERR AUTH".into()], vec!["OK".into()])
        );
    }
}

/// What another process on the same database may do.
struct Suspend;

impl Unit for Suspend {
    type Output = ();

    async fn run(&self, tx: &DatabaseTransaction) -> Result<(), Failure<()>> {
        let sql = "UPDATE smp_queues SET status = 1, revision = revision + 1";
        tx.execute_unprepared(sql).await?;
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_changed_behind_the_caches_back_is_noticed() {
    for bed in Bed::each(Settings::default()).await {
        let (mut recipient, mut sender) = (bed.client(), bed.client());
        let contact = Some(QueueRequest::Contact(None));
        let queue = recipient
            .create_as(contact, SubscriptionMode::OnlyCreate)
            .await;
        assert_eq!(sender.send(&queue, "one", None).await, "OK");
        bed.store.write(Suspend).await.unwrap();
        assert_eq!(sender.send(&queue, "two", None).await, "ERR AUTH");
        assert_eq!(
            recipient
                .on(&queue, Command::Key(sender.signer().public()))
                .await,
            "OK"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_served_is_refused_as_by_a_server_that_does_not() {
    let bed = Bed::sqlite(Settings::default()).await;
    let mut client = bed.client();
    let key = client.signer();
    assert_eq!(client.one(&[], Command::Ping, None).await, "PONG");
    for command in [Command::Subs(None), Command::Nsubs(None)] {
        let answer = client.one(&[1; 24], command, Some(&key)).await;
        assert_eq!(answer, "ERR SERVICE");
    }
}
