//! Services over real connections: notification servers, and whoever receives for many queues.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

use std::collections::HashSet;
use std::time::Duration;

use integration_tests::services::{alone, below, id, identity, identity_at, subscribe_all};
use integration_tests::smp::{Smp, create, event, is, message, refused, rng, silence, tag};
use integration_tests::{Bed, Kind, see};
use md5::{Digest, Md5};
use relay_core::clock::{Clock, SystemClock};
use relay_smp::client::{
    Call, CallError, Client, ConnectError, Events, NewQueue, Notifier, Queue, QueueKey,
};
use relay_smp::crypto::SigningKey;
use relay_smp::identity::issue;
use relay_smp::session::{HandshakeFailure, ServiceIdentity};
use relay_smp::wire::{
    Command, CommandError, Error, IdsDigest, Response, ServiceRole, SubscriptionMode, Version,
    VersionRange,
};

const PROHIBITED: Error = Error::Cmd(CommandError::Prohibited);

/// By the protocol's words, and not by our code.
fn digest(ids: &[&[u8]]) -> IdsDigest {
    let mut hash = [0; 16];
    for id in ids {
        let one: [u8; 16] = Md5::digest(id).into();
        for (to, from) in hash.iter_mut().zip(one) {
            *to ^= from;
        }
    }
    let count = i64::try_from(ids.len()).unwrap();
    IdsDigest { count, hash }
}

fn bed(kind: Kind) -> Option<Bed> {
    let bed = Bed::on(kind)?.with_smp();
    Some(bed.with("smp.notifications.delivery_interval", "50ms"))
}

async fn send(client: &Client, queue: &Queue, body: &[u8]) {
    client
        .send(&queue.sender_id, None, true, body)
        .await
        .unwrap();
}

/// Takes the next message and acknowledges it.
async fn receive(client: &Client, events: &mut Events, queue: &Queue, body: &[u8]) {
    let got = message(events, queue).await;
    assert_eq!(got.body(), Some(body));
    assert_eq!(client.acknowledge(queue, got.id()).await.unwrap(), None);
}

async fn notified(events: &mut Events, notifier: &Notifier) {
    let event = event(events).await;
    assert_eq!(event.entity_id(), notifier.id, "{event:?}");
    notifier.open(&event).unwrap();
}

/// A queue with a notifier, and the notifier's key.
async fn notifier(client: &Client) -> (Queue, Notifier, QueueKey) {
    let (queue, key) = (create(client).await, QueueKey::ed25519(&mut rng()));
    let notifier = client.set_notifier(&queue, key.public(), &mut rng()).await;
    (queue, notifier.unwrap(), key)
}

async fn sok(client: &Client, call: Call<'_>) -> Option<Vec<u8>> {
    let answer = client.call(call).await.unwrap();
    match answer.response().unwrap() {
        Response::Sok(service) => service.map(|id| id.as_bytes().to_vec()),
        other => panic!("{other:?}"),
    }
}

async fn connect(smp: &Smp, service: &ServiceIdentity, version: u16) -> (Client, Events) {
    let dialer = smp.dialer_of(version).as_service(service.clone());
    dialer.client(smp.address, &mut rng()).await.unwrap()
}

async fn a_notification_server(kind: Kind, version: u16) {
    let Some(bed) = bed(kind) else { return };
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    let (recipient, mut messages) = smp.client().await;
    let service = identity(ServiceRole::Notifier);
    let (queue, first, key) = notifier(&recipient).await;
    let (one, mut ones) = connect(&smp, &service, version).await;
    let id = id(&one);
    let nsub = || Call::about(&first.id, Command::Nsub).by(&key);
    assert_eq!(sok(&one, nsub()).await.as_deref(), Some(&id[..]));
    assert_eq!(sok(&one, nsub()).await.as_deref(), Some(&id[..]), "again");
    send(&recipient, &queue, b"hello").await;
    receive(&recipient, &mut messages, &queue, b"hello").await;
    notified(&mut ones, &first).await;

    // Another connection of the service takes all over.
    let (two, mut twos) = connect(&smp, &service, version).await;
    assert_eq!(sok(&two, nsub()).await.as_deref(), Some(&id[..]));
    let ended = event(&mut ones).await;
    assert_eq!(ended.entity_id(), id);
    let all = |ids: &[&[u8]]| match version {
        18 => IdsDigest {
            hash: [0; 16],
            ..digest(ids)
        },
        _ => digest(ids),
    };
    assert!(is(&ended, &Response::Ends(all(&[&first.id]))), "{ended:?}");
    send(&recipient, &queue, b"again").await;
    receive(&recipient, &mut messages, &queue, b"again").await;
    notified(&mut twos, &first).await;

    recipient.done(queue.call(Command::Ndel)).await.unwrap();
    let deleted = event(&mut twos).await;
    assert!(is(&deleted, &Response::Deld) && deleted.entity_id() == first.id);
    let (third, second, other_key) = notifier(&recipient).await;
    let nsub = Call::about(&second.id, Command::Nsub).by(&other_key);
    assert_eq!(sok(&two, nsub).await.as_deref(), Some(&id[..]));

    let nsubs = Command::Nsubs((version > 18).then(|| digest(&[&second.id])));
    let owned = subscribe_all(&one, nsubs).await.unwrap();
    assert_eq!(owned, all(&[&second.id]));
    let ended = event(&mut twos).await;
    assert!(is(&ended, &Response::Ends(owned)), "{ended:?}");
    send(&recipient, &third, b"to the first").await;
    notified(&mut ones, &second).await;
    silence(&mut twos).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_server_of_v18_subscribes_at_once() {
    a_notification_server(Kind::SqliteProcess, 18).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn and_one_of_v20_with_hashes() {
    a_notification_server(Kind::Postgres, 20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ordinary_connection_takes_a_notifier_out_of_its_service() {
    let bed = bed(Kind::SqliteProcess).unwrap();
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    let (recipient, _messages) = smp.client().await;
    let (queue, notifier, key) = notifier(&recipient).await;
    let (service, mut events) = smp.service(&identity(ServiceRole::Notifier)).await;
    service
        .subscribe_notifier(&notifier.id, &key)
        .await
        .unwrap();
    let (ordinary, mut others) = smp.client().await;
    let nsub = Call::about(&notifier.id, Command::Nsub).by(&key);
    assert_eq!(sok(&ordinary, nsub).await, None);
    let end = event(&mut events).await;
    assert!(is(&end, &Response::End) && end.entity_id() == notifier.id);
    send(&recipient, &queue, b"x").await;
    notified(&mut others, &notifier).await;
    let owned = subscribe_all(&service, Command::Nsubs(Some(digest(&[])))).await;
    assert_eq!(owned.unwrap(), digest(&[]));
    // And back.
    service
        .subscribe_notifier(&notifier.id, &key)
        .await
        .unwrap();
    let end = event(&mut others).await;
    assert!(is(&end, &Response::End) && end.entity_id() == notifier.id);
}

async fn kept_through_kills(kind: Kind) {
    let Some(bed) = bed(kind) else { return };
    let mut daemon = bed.start();
    let smp = Smp::of(&bed);
    let (recipient, _) = smp.client().await;
    let (queue, notifier, key) = notifier(&recipient).await;
    let (of_notifiers, of_messages) = (
        identity(ServiceRole::Notifier),
        identity(ServiceRole::Messaging),
    );
    let (service, _) = smp.service(&of_notifiers).await;
    service
        .subscribe_notifier(&notifier.id, &key)
        .await
        .unwrap();
    let (receiver, _) = smp.service(&of_messages).await;
    let owned = create(&receiver).await;
    let ids = (id(&service), id(&receiver));
    for round in 0..2_u8 {
        send(&smp.client().await.0, &owned, &[round]).await;
        daemon.kill9();
        daemon = bed.start();
        let (service, mut notifications) = smp.service(&of_notifiers).await;
        let (receiver, mut messages) = smp.service(&of_messages).await;
        assert_eq!((id(&service), id(&receiver)), ids);
        let known = digest(&[&notifier.id]);
        let all = subscribe_all(&service, Command::Nsubs(Some(known))).await;
        assert_eq!(all.unwrap(), known);
        let known = digest(&[&owned.recipient_id]);
        let all = subscribe_all(&receiver, Command::Subs(Some(known))).await;
        assert_eq!(all.unwrap(), known);
        receive(&receiver, &mut messages, &owned, &[round]).await;
        send(&smp.client().await.0, &queue, b"wake up").await;
        notified(&mut notifications, &notifier).await;
    }
    drop(daemon);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_a_services_own_is_that_after_a_kill() {
    kept_through_kills(Kind::SqlitePower).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn and_on_postgres() {
    kept_through_kills(Kind::Postgres).await;
}

async fn a_receiver(kind: Kind) {
    let Some(bed) = bed(kind) else { return };
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    let service = identity(ServiceRole::Messaging);
    let (sender, _) = smp.client().await;
    let (first, mut firsts) = smp.service(&service).await;
    let queue = create(&first).await;
    send(&sender, &queue, b"one").await;
    send(&sender, &queue, b"two").await;
    let one = message(&mut firsts, &queue).await;
    assert_eq!(one.body(), Some(&b"one"[..]));
    let two = first.acknowledge(&queue, one.id()).await.unwrap().unwrap();
    assert_eq!(two.body(), Some(&b"two"[..]));
    let again = first.acknowledge(&queue, one.id()).await;
    assert_eq!(again, refused(Error::NoMsg));
    assert_eq!(first.acknowledge(&queue, two.id()).await, Ok(None));
    send(&sender, &queue, b"three").await;
    message(&mut firsts, &queue).await;

    // The next connection gets what was not acknowledged, and the first is told.
    let (second, mut seconds) = smp.service(&service).await;
    let known = digest(&[&queue.recipient_id]);
    let all = subscribe_all(&second, Command::Subs(Some(known))).await;
    assert_eq!(all.unwrap(), known);
    let three = message(&mut seconds, &queue).await;
    let ended = event(&mut firsts).await;
    assert!(is(&ended, &Response::Ends(known)), "{ended:?}");
    let alls = event(&mut seconds).await;
    assert!(is(&alls, &Response::Alls) && alls.entity_id().is_empty());
    let late = first.acknowledge(&queue, three.id()).await;
    assert_eq!(
        late,
        refused(Error::NoMsg),
        "the first has nothing any more"
    );
    assert_eq!(second.acknowledge(&queue, three.id()).await, Ok(None));
    send(&sender, &queue, b"four").await;
    receive(&second, &mut seconds, &queue, b"four").await;
    silence(&mut firsts).await;

    second.delete(&queue).await.unwrap();
    let all = subscribe_all(&second, Command::Subs(Some(known))).await;
    assert_eq!(all.unwrap(), digest(&[]));
    assert!(is(&event(&mut seconds).await, &Response::Alls));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_receives_for_its_queues() {
    a_receiver(Kind::SqliteProcess).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_receives_for_its_queues_on_postgres() {
    a_receiver(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_become_a_services_own_and_cease_to_be() {
    let bed = bed(Kind::SqliteProcess).unwrap();
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    let identity = identity(ServiceRole::Messaging);
    let (ordinary, mut events) = smp.client().await;
    let (one, two) = (create(&ordinary).await, create(&ordinary).await);
    send(&ordinary, &one, b"hello").await;
    message(&mut events, &one).await;

    let (service, mut served) = smp.service(&identity).await;
    let id = id(&service);
    assert_eq!(
        sok(&service, one.call(Command::Sub)).await.as_deref(),
        Some(&id[..])
    );
    receive(&service, &mut served, &one, b"hello").await;
    let end = event(&mut events).await;
    assert!(is(&end, &Response::End) && end.entity_id() == one.recipient_id);
    service.subscribe(&two).await.unwrap();
    assert!(is(&event(&mut events).await, &Response::End));
    let known = digest(&[&one.recipient_id, &two.recipient_id]);
    let all = subscribe_all(&service, Command::Subs(Some(known))).await;
    assert_eq!(all.unwrap(), known);
    assert!(is(&event(&mut served).await, &Response::Alls));

    send(&ordinary, &one, b"for both").await;
    message(&mut served, &one).await;
    assert_eq!(sok(&ordinary, one.call(Command::Sub)).await, None);
    receive(&ordinary, &mut events, &one, b"for both").await;
    let end = event(&mut served).await;
    assert!(is(&end, &Response::End) && end.entity_id() == one.recipient_id);
    let all = subscribe_all(&service, Command::Subs(Some(known))).await;
    assert_eq!(all.unwrap(), digest(&[&two.recipient_id]));
    send(&ordinary, &one, b"mine").await;
    receive(&ordinary, &mut events, &one, b"mine").await;

    ordinary.delete(&two).await.unwrap();
    assert!(is(&event(&mut served).await, &Response::Alls));
    let gone = event(&mut served).await;
    assert!(is(&gone, &Response::Deld) && gone.entity_id() == two.recipient_id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_signs_for_what_becomes_its_own_and_for_nothing_else() {
    let bed = bed(Kind::SqliteProcess).unwrap();
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    let (ordinary, _events) = smp.client().await;
    let queue = create(&ordinary).await;
    let messaging = identity(ServiceRole::Messaging);
    let link = smp.dialer().as_service(messaging.clone());
    let mut link = link.link(smp.address, &mut rng()).await.unwrap();
    let service = link.outgoing.service().unwrap().clone();
    let own = QueueKey::Signing(service.key.clone());
    let wrong = QueueKey::ed25519(&mut rng());
    let subs = || Command::Subs(Some(digest(&[])));
    let cases = [
        (
            "an unsigned SUB",
            queue.call(Command::Sub),
            false,
            Error::Service,
        ),
        (
            "a wrong key",
            Call::about(&queue.recipient_id, Command::Sub).by(&wrong),
            true,
            Error::Auth,
        ),
        (
            "no such queue",
            Call::about(&[7; 24], Command::Sub).by(&wrong),
            true,
            Error::Auth,
        ),
        (
            "another's SUBS",
            Call::about(&[7; 24], subs()).by(&own),
            true,
            Error::Service,
        ),
        (
            "SUBS by another key",
            Call::about(&service.id, subs()).by(&wrong),
            true,
            Error::Service,
        ),
        (
            "SUBS about nothing",
            Call::plain(subs()).by(&own),
            true,
            Error::Cmd(CommandError::NoAuth),
        ),
        (
            "a notifier's command",
            Call::about(&[7; 24], Command::Nsub).by(&wrong),
            true,
            PROHIBITED,
        ),
        (
            "a notifier service's",
            Call::about(&service.id, Command::Nsubs(Some(digest(&[])))).by(&own),
            true,
            PROHIBITED,
        ),
    ];
    for (what, call, signed, error) in cases {
        let transmission = if signed {
            link.outgoing.transmission(&call, &[1; 24])
        } else {
            link.outgoing.transmission_without_service(&call, &[1; 24])
        };
        link.outgoing.send(&[transmission.unwrap()]).await.unwrap();
        let answers = link.incoming.receive().await.unwrap().unwrap();
        assert_eq!(tag(&answers[0]), Err(error), "{what}");
    }

    let (client, _) = smp.service(&messaging).await;
    let only_create = NewQueue {
        mode: SubscriptionMode::OnlyCreate,
        ..NewQueue::with(QueueKey::ed25519(&mut rng()))
    };
    let created = client.create(only_create, &mut rng()).await;
    assert_eq!(created.map(drop), refused(PROHIBITED));
    let key = NewQueue::with(QueueKey::x25519(&mut rng()));
    let by_authenticator = client.create(key, &mut rng()).await.unwrap();
    client.subscribe(&by_authenticator).await.unwrap();

    let (notifiers, _) = smp.service(&identity(ServiceRole::Notifier)).await;
    for call in [
        queue.call(Command::Sub),
        Call::about(&queue.sender_id, Command::Lget),
    ] {
        let answer = notifiers.call(call).await.unwrap();
        assert_eq!(tag(&answer), Err(PROHIBITED));
    }
    notifiers.ping().await.unwrap();
    let subs = Call::about(&service.id, subs()).by(&own);
    assert_eq!(
        tag(&ordinary.call(subs).await.unwrap()),
        Err(Error::Service)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn before_v19_messages_are_for_connections() {
    let bed = bed(Kind::SqliteProcess).unwrap();
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    let (ordinary, _events) = smp.client().await;
    // Our own client, like the reference's, is a messaging service from v19 on only.
    let (client, _) = connect(&smp, &identity(ServiceRole::Messaging), 18).await;
    assert!(client.service().is_none());
    let queue = create(&client).await;
    assert_eq!(sok(&ordinary, queue.call(Command::Sub)).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_identity_certificate_is_the_service() {
    let bed = bed(Kind::SqliteProcess).unwrap();
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    let (now, mut rng_) = (SystemClock.now(), rng());
    let ca_key = SigningKey::generate(&mut rng_);
    let ca = issue::ca(&ca_key, now, &mut rng_).unwrap();
    let leaf = |role| below(role, (&ca, &ca_key), now);
    let (one, _) = smp.service(&leaf(ServiceRole::Notifier)).await;
    let (two, _) = smp.service(&leaf(ServiceRole::Notifier)).await;
    assert_eq!(id(&one), id(&two), "a new leaf is the same service");
    let (own, _) = smp.service(&alone(ServiceRole::Messaging)).await;
    assert_ne!(id(&own), id(&one));
    smp.service(&identity(ServiceRole::Proxy))
        .await
        .0
        .ping()
        .await
        .unwrap();

    let refusal = |service: ServiceIdentity| {
        let dialer = smp.dialer().as_service(service);
        async move {
            dialer
                .client(smp.address, &mut rng())
                .await
                .map(drop)
                .unwrap_err()
        }
    };
    let other_role = refusal(leaf(ServiceRole::Messaging)).await;
    assert!(
        matches!(
            other_role,
            ConnectError::Handshake(HandshakeFailure::Service)
        ),
        "{other_role}"
    );
    let year = Duration::from_hours(366 * 24);
    for then in [now.plus(year), now.minus(year * 2800)] {
        let refused = refusal(identity_at(ServiceRole::Notifier, then)).await;
        assert!(!matches!(refused, ConnectError::Handshake(_)), "{refused}");
    }
    // A key that the leaf is not of, and a chain that does not hold together.
    let mut stolen = identity(ServiceRole::Notifier);
    stolen.certificates.key = SigningKey::generate(&mut rng_);
    refusal(stolen).await;
    let mut mixed = identity(ServiceRole::Notifier);
    let other = identity(ServiceRole::Notifier);
    mixed.certificates.chain[1] = other.certificates.chain[1].clone();
    refusal(mixed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_offered_all_that_waits_and_told_when_that_was_all() {
    const QUEUES: usize = 120;
    let bed = bed(Kind::SqliteProcess).unwrap();
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    let service = identity(ServiceRole::Messaging);
    let (sender, _) = smp.client().await;
    let mut queues = Vec::new();
    {
        let (client, _) = smp.service(&service).await;
        for _ in 0..QUEUES {
            queues.push(create(&client).await);
        }
        client.close();
        client.ended().await;
    }
    for queue in queues.iter().step_by(2) {
        send(&sender, queue, b"waits").await;
        send(&sender, queue, b"behind it").await;
    }
    let ids: Vec<&[u8]> = queues.iter().map(|queue| &queue.recipient_id[..]).collect();
    let (client, mut events) = smp.service(&service).await;
    let all = subscribe_all(&client, Command::Subs(Some(digest(&[])))).await;
    assert_eq!(all.unwrap(), digest(&ids));
    let mut offered = HashSet::new();
    loop {
        let event = event(&mut events).await;
        if is(&event, &Response::Alls) {
            break;
        }
        let id = event.entity_id().to_vec();
        let queue = queues
            .iter()
            .find(|queue| queue.recipient_id == id)
            .unwrap();
        let got = queue.open(&event).unwrap();
        assert_eq!(got.body(), Some(&b"waits"[..]));
        assert!(offered.insert(id), "offered twice");
        let next = client.acknowledge(queue, got.id()).await.unwrap().unwrap();
        assert_eq!(next.body(), Some(&b"behind it"[..]));
        assert_eq!(client.acknowledge(queue, next.id()).await, Ok(None));
    }
    assert_eq!(offered.len(), QUEUES / 2);
    send(&sender, &queues[1], b"new").await;
    receive(&client, &mut events, &queues[1], b"new").await;
}

/// Connections of one service take over from each other while messages come: whoever is last
/// gets every message that was not acknowledged, in order and once.
async fn takeovers(kind: Kind) {
    const MESSAGES: u8 = 60;
    let Some(bed) = bed(kind) else { return };
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    let service = identity(ServiceRole::Messaging);
    let (first, _) = smp.service(&service).await;
    let queue = create(&first).await;
    let sending = async {
        let (sender, _) = smp.client().await;
        for number in 0..MESSAGES {
            send(&sender, &queue, &[number]).await;
        }
    };
    let taking = async {
        for _ in 0..12 {
            let (client, mut events) = smp.service(&service).await;
            subscribe_all(&client, Command::Subs(None)).await.unwrap();
            let got = tokio::time::timeout(Duration::from_millis(50), events.next()).await;
            if let Ok(Some(event)) = got {
                assert!(!is(&event, &Response::End), "{event:?}");
            }
        }
    };
    tokio::join!(sending, taking);
    let (last, mut events) = smp.service(&service).await;
    subscribe_all(&last, Command::Subs(None)).await.unwrap();
    let mut next = Some(message(&mut events, &queue).await);
    let mut numbers: Vec<u8> = Vec::new();
    while let Some(got) = next {
        numbers.extend(got.body().unwrap());
        next = last.acknowledge(&queue, got.id()).await.unwrap();
    }
    assert_eq!(numbers, (0..MESSAGES).collect::<Vec<_>>());
    assert!(is(&event(&mut events).await, &Response::Alls));
}

#[tokio::test(flavor = "multi_thread")]
async fn takeovers_lose_nothing() {
    takeovers(Kind::SqliteProcess).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn takeovers_lose_nothing_on_postgres() {
    takeovers(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_count_that_is_wrong_is_repaired_and_said() {
    let bed = bed(Kind::SqliteProcess).unwrap();
    let identity = identity(ServiceRole::Messaging);
    let mut ids = Vec::new();
    {
        let daemon = bed.start();
        let (client, _) = Smp::of(&bed).service(&identity).await;
        for _ in 0..3 {
            ids.push(create(&client).await.recipient_id);
        }
        let found = see::run_worker(&daemon, "smp.verify_services");
        assert!(found.contains("repaired 0"), "{found}");
    }
    let url = format!("sqlite:{}", bed.data().join("relayd.db").display());
    let database = sea_orm::Database::connect(url).await.unwrap();
    let wrong = "UPDATE smp_services SET queue_count = 77, hash_high = 5, hash_low = -5";
    sea_orm::ConnectionTrait::execute_unprepared(&database, wrong)
        .await
        .unwrap();
    database.close().await.unwrap();

    let daemon = bed.start();
    let found = see::run_worker(&daemon, "smp.verify_services");
    assert!(found.contains("repaired 1"), "{found}");
    let (client, _) = Smp::of(&bed).service(&identity).await;
    let ids: Vec<&[u8]> = ids.iter().map(Vec::as_slice).collect();
    let all = subscribe_all(&client, Command::Subs(Some(digest(&ids)))).await;
    assert_eq!(all.unwrap(), digest(&ids));
    let count = |name: &str| see::count(&daemon, name);
    assert_eq!(count("relayd_smp_subscribed_messaging_service_queues"), 3);
    assert_eq!(count("relayd_smp_messaging_services"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn todays_clients_are_not_touched() {
    let bed = bed(Kind::SqliteProcess).unwrap();
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    let versions = VersionRange::new(Version(6), Version(18)).unwrap();
    let dialer = smp.dialer().versions(versions);
    let (client, mut events) = dialer.client(smp.address, &mut rng()).await.unwrap();
    assert_eq!(client.server().unwrap().versions.max(), Version(20));
    assert_eq!(client.facts().session().version, Version(18));
    let queue = create(&client).await;
    send(&client, &queue, b"as ever").await;
    receive(&client, &mut events, &queue, b"as ever").await;
    let name = client.call(Call::plain(Command::Rslv(b"a.simplex"))).await;
    assert_eq!(tag(&name.unwrap()), Err(Error::Cmd(CommandError::Unknown)));
    let gone = client.call(Call::about(&[1; 24], Command::Subs(None)).by(&queue.key));
    let gone = gone.await.unwrap().response().map(drop);
    assert_eq!(gone, Err(CallError::Refused(Error::Service)));
}
