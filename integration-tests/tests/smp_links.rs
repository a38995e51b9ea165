//! Short links over real connections: invitations for one, addresses for all.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

use integration_tests::Bed;
use integration_tests::smp::{Smp, event, refused, rng, tag};
use relay_smp::client::{Call, CallError, Client, Link, QueueKey, Received};
use relay_smp::crypto::{SecretKey, sender_id};
use relay_smp::wire::{
    Command, Error, LinkData, New, NewLink, QueueRequest, Response, Short, SubscriptionMode,
};

const DATA: LinkData<'static> = LinkData {
    fixed: b"never changes",
    user: b"may change",
};

fn new<'a>(key: &QueueKey, request: QueueRequest<'a>) -> Command<'a> {
    Command::New(Box::new(New {
        key: key.public(),
        dh_key: SecretKey::generate(&mut rng()).public(),
        password: None,
        mode: SubscriptionMode::Subscribe,
        request: Some(request),
        notifier: None,
    }))
}

/// Recipient id, sender id and link id.
fn ids(received: &Received) -> [Vec<u8>; 3] {
    match received.response().unwrap() {
        Response::Ids(ids) => {
            [ids.recipient_id, ids.sender_id, ids.link_id.unwrap()].map(|id| id.as_bytes().to_vec())
        }
        other => panic!("{other:?}"),
    }
}

/// `NEW`, whose sender id must follow from its correlation id.
async fn create<S>(link: &mut Link<S>, key: &QueueKey, contact: Option<&[u8]>, corr: u8) -> Received
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite,
{
    let corr_id = [corr; 24];
    let sender_id = sender_id(&corr_id);
    let data = NewLink {
        sender_id: Short::from(&sender_id),
        data: DATA,
    };
    let request = match contact {
        None => QueueRequest::Messaging(Some(data)),
        Some(link_id) => QueueRequest::Contact(Some((Short::cut(link_id), data))),
    };
    let call = Call::plain(new(key, request)).by(key);
    link.ask(&call, &corr_id).await.unwrap().remove(0)
}

async fn data(client: &Client, call: Call<'_>) -> Result<(Vec<u8>, Vec<u8>), CallError> {
    let answer = client.call(call).await?;
    match answer.response()? {
        Response::Lnk { data, .. } => Ok((data.fixed.to_vec(), data.user.to_vec())),
        other => panic!("{other:?}"),
    }
}

fn expected(user: &[u8]) -> (Vec<u8>, Vec<u8>) {
    (DATA.fixed.to_vec(), user.to_vec())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_is_for_the_first_who_comes() {
    let bed = Bed::new().with_smp();
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    let mut recipient = smp.link().await;
    let key = QueueKey::ed25519(&mut rng());
    let [_, queue, link] = ids(&create(&mut recipient, &key, None, 1).await);
    assert_eq!(queue, sender_id(&[1; 24]));
    let (sender, _) = smp.client().await;
    let read = data(&sender, Call::about(&link, Command::Lget)).await;
    assert_eq!(read, refused(Error::Auth), "not without securing it");
    let mine = QueueKey::ed25519(&mut rng());
    for _ in 0..2 {
        let secure = Call::about(&link, Command::Lkey(mine.public())).by(&mine);
        assert_eq!(data(&sender, secure).await, Ok(expected(DATA.user)));
    }
    let other = QueueKey::ed25519(&mut rng());
    let late = Call::about(&link, Command::Lkey(other.public())).by(&other);
    assert_eq!(data(&sender, late).await, refused(Error::Auth));
    sender
        .send(&queue, Some(&mine), false, b"hi")
        .await
        .unwrap();
    let again = Call::about(&link, Command::Lkey(mine.public())).by(&mine);
    let gone = data(&sender, again).await;
    assert_eq!(gone, refused(Error::Auth), "gone with the first message");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_read_by_anybody_and_changed_by_its_owner() {
    let bed = Bed::new().with_smp();
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    let mut owner = smp.link().await;
    let key = QueueKey::ed25519(&mut rng());
    let link_id = [5; 24];
    let [queue, _, link] = ids(&create(&mut owner, &key, Some(&link_id), 2).await);
    assert_eq!(link, link_id);
    let (client, _events) = smp.client().await;
    let read = async || data(&client, Call::about(&link_id, Command::Lget)).await;
    assert_eq!(read().await, Ok(expected(DATA.user)));
    let mine = QueueKey::ed25519(&mut rng());
    let secure = Call::about(&link_id, Command::Lkey(mine.public())).by(&mine);
    assert_eq!(data(&client, secure).await, refused(Error::Auth));

    let set = async |fixed: &[u8], user: &[u8]| {
        let link_id = Short::from(&link_id);
        let data = LinkData { fixed, user };
        let call = Call::about(&queue, Command::Lset { link_id, data });
        client.done(call.by(&key)).await
    };
    assert_eq!(set(DATA.fixed, b"changed").await, Ok(()));
    assert_eq!(read().await, Ok(expected(b"changed")));
    assert_eq!(set(b"another", b"x").await, refused(Error::Auth));
    assert_eq!(read().await, Ok(expected(b"changed")));

    let taken = create(&mut owner, &key, Some(&link_id), 3).await;
    assert_eq!(tag(&taken), Err(Error::Auth), "a link id is taken once");
    for _ in 0..2 {
        let delete = Call::about(&queue, Command::Ldel).by(&key);
        client.done(delete).await.unwrap();
    }
    assert_eq!(read().await, refused(Error::Auth));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sender_id_of_a_link_must_follow_from_the_correlation_id() {
    let bed = Bed::new().with_smp();
    let _daemon = bed.start();
    let mut link = Smp::of(&bed).link().await;
    let key = QueueKey::ed25519(&mut rng());
    let data = NewLink {
        sender_id: Short::from(&[9; 24]),
        data: DATA,
    };
    let call = Call::plain(new(&key, QueueRequest::Messaging(Some(data)))).by(&key);
    let answers = link.ask(&call, &[1; 24]).await.unwrap();
    let refusal = Error::Cmd(relay_smp::wire::CommandError::Prohibited);
    assert_eq!(tag(&answers[0]), Err(refusal));
}

#[tokio::test(flavor = "multi_thread")]
async fn links_survive_a_kill_and_go_with_their_queue() {
    let bed = Bed::new().with_smp();
    let daemon = bed.start();
    let smp = Smp::of(&bed);
    let mut owner = smp.link().await;
    let key = QueueKey::ed25519(&mut rng());
    let link_id = [6; 24];
    let [queue, _, _] = ids(&create(&mut owner, &key, Some(&link_id), 4).await);
    daemon.kill9();
    let _daemon = bed.start();
    let (client, mut events) = smp.client().await;
    let read = async || data(&client, Call::about(&link_id, Command::Lget)).await;
    assert_eq!(read().await, Ok(expected(DATA.user)));
    client
        .done(Call::about(&queue, Command::Sub).by(&key))
        .await
        .unwrap();
    let (other, _) = smp.client().await;
    other
        .done(Call::about(&queue, Command::Del).by(&key))
        .await
        .unwrap();
    assert_eq!(tag(&event(&mut events).await), Ok("DELD"));
    assert_eq!(read().await, refused(Error::Auth));
}
