//! Links: sections 6.1 and 11.1, 11.2.

use super::bed::{Bed, Client, DATA, Key, Queue};
use crate::crypto::sender_id;
use crate::engine::Settings;
use crate::wire::{Command, LinkData, NewLink, QueueRequest, Short, SubscriptionMode};

const CORR: [u8; 24] = [7; 24];
const SUBSCRIBE: SubscriptionMode = SubscriptionMode::Subscribe;

async fn invitation(client: &mut Client, corr_id: [u8; 24]) -> Result<Queue, String> {
    let id = sender_id(&corr_id);
    let link = NewLink {
        sender_id: Short::from(&id),
        data: DATA,
    };
    let request = Some(QueueRequest::Messaging(Some(link)));
    client.try_create(&corr_id, request, SUBSCRIBE, None).await
}

async fn address(client: &mut Client, corr_id: [u8; 24], link: &[u8]) -> Result<Queue, String> {
    let id = sender_id(&corr_id);
    let new = NewLink {
        sender_id: Short::from(&id),
        data: DATA,
    };
    let request = Some(QueueRequest::Contact(Some((Short::cut(link), new))));
    client.try_create(&corr_id, request, SUBSCRIBE, None).await
}

fn lset<'a>(link: &'a [u8], fixed: &'a [u8], user: &'a [u8]) -> Command<'a> {
    let data = LinkData { fixed, user };
    let link_id = Short::cut(link);
    Command::Lset { link_id, data }
}

async fn lget(client: &mut Client, link: &[u8]) -> String {
    client.one(link, Command::Lget, None).await
}

async fn lkey(client: &mut Client, link: &[u8], key: &Key) -> String {
    client
        .one(link, Command::Lkey(key.public()), Some(key))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_is_read_once_by_who_secures_it() {
    for bed in Bed::each(Settings::default()).await {
        let (mut recipient, mut sender) = (bed.client(), bed.client());
        let queue = invitation(&mut recipient, CORR).await.unwrap();
        let link = queue.link.clone().unwrap();
        assert_eq!(queue.sender, sender_id(&CORR));
        let (key, other) = (sender.signer(), sender.signer());
        assert_eq!(lget(&mut sender, &link).await, "ERR AUTH");
        assert_eq!(lkey(&mut sender, &link, &key).await, "LNK fixed user");
        assert_eq!(lkey(&mut sender, &link, &key).await, "LNK fixed user");
        assert_eq!(lkey(&mut sender, &link, &other).await, "ERR AUTH");
        assert_eq!(
            recipient.on(&queue, lset(&link, b"fixed", b"new")).await,
            "ERR AUTH"
        );
        // The first message uses it up.
        assert_eq!(sender.send(&queue, "hello", Some(&key)).await, "OK");
        assert_eq!(lkey(&mut sender, &link, &key).await, "ERR AUTH");
        assert_eq!(recipient.on(&queue, Command::Ldel).await, "OK");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_read_by_all_and_its_user_data_change() {
    for bed in Bed::each(Settings::default()).await {
        let (mut recipient, mut sender) = (bed.client(), bed.client());
        let queue = address(&mut recipient, CORR, b"address").await.unwrap();
        assert_eq!(queue.link.as_deref(), Some(&b"address"[..]));
        assert_eq!(lget(&mut sender, b"address").await, "LNK fixed user");
        let key = sender.signer();
        assert_eq!(lkey(&mut sender, b"address", &key).await, "ERR AUTH");
        let mut set = async |link, fixed, user| recipient.on(&queue, lset(link, fixed, user)).await;
        assert_eq!(set(b"address", b"fixed", b"new").await, "OK");
        assert_eq!(set(b"address", b"other", b"new").await, "ERR AUTH");
        assert_eq!(set(b"elsewhere", b"fixed", b"new").await, "ERR AUTH");
        assert_eq!(lget(&mut sender, b"address").await, "LNK fixed new");
        assert_eq!(sender.send(&queue, "hello", None).await, "OK");
        assert_eq!(lget(&mut sender, b"address").await, "LNK fixed new");
        assert_eq!(recipient.on(&queue, Command::Ldel).await, "OK");
        assert_eq!(recipient.on(&queue, Command::Ldel).await, "OK");
        assert_eq!(lget(&mut sender, b"address").await, "ERR AUTH");
        // Free again, also for others.
        let mut other = bed.client();
        assert!(address(&mut other, [8; 24], b"address").await.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_address_gets_a_link_later_but_not_anothers() {
    for bed in Bed::each(Settings::default()).await {
        let (mut recipient, mut old, mut sender) = (bed.client(), bed.client_of(8), bed.client());
        let queue = old.create_as(None, SUBSCRIBE).await;
        address(&mut recipient, CORR, b"taken").await.unwrap();
        assert_eq!(
            recipient.on(&queue, lset(b"taken", b"f", b"u")).await,
            "ERR AUTH"
        );
        assert_eq!(recipient.on(&queue, lset(b"free", b"f", b"u")).await, "OK");
        assert_eq!(recipient.on(&queue, lset(b"free", b"f", b"u2")).await, "OK");
        assert_eq!(lget(&mut sender, b"free").await, "LNK f u2");
        assert_eq!(lget(&mut sender, b"taken").await, "LNK fixed user");
        assert_eq!(recipient.on(&queue, Command::Del).await, "OK");
        assert_eq!(lget(&mut sender, b"free").await, "ERR AUTH");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_are_chosen_by_the_rule_and_only_once() {
    for bed in Bed::each(Settings::default()).await {
        let mut client = bed.client();
        assert!(invitation(&mut client, CORR).await.is_ok());
        assert_eq!(invitation(&mut client, CORR).await.unwrap_err(), "ERR AUTH");
        assert!(address(&mut client, [8; 24], b"link").await.is_ok());
        let taken = address(&mut client, [9; 24], b"link").await;
        assert_eq!(taken.unwrap_err(), "ERR AUTH");
        let link = NewLink {
            sender_id: Short::from(&CORR),
            data: DATA,
        };
        let request = Some(QueueRequest::Messaging(Some(link)));
        let refused = client.try_create(&CORR, request, SUBSCRIBE, None).await;
        assert_eq!(refused.unwrap_err(), "ERR CMD PROHIBITED");
        assert_eq!(bed.engine.totals().queues, 2);
    }
}
