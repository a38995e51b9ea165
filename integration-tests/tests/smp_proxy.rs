//! Private routing between real servers: what the reference's own tests check, and what a sender
//! can do, and cannot, through a proxy.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

use integration_tests::routes::{self, Named, proxy};
use integration_tests::smp::{Smp, message, refused, rng, tag};
use integration_tests::{Bed, see};
use relay_core::clock::{Clock, SystemClock};
use relay_smp::client::{Call, CallError, Client, Events, NewQueue, Queue, QueueKey, Relay};
use relay_smp::wire::{
    BrokerError, Command, CommandError, Error, LinkData, NewLink, ProxyError, QueueRequest, Short,
    TransportError, Version, VersionRange,
};

fn proxy_error<T>(error: ProxyError) -> Result<T, CallError> {
    refused(Error::Proxy(Box::new(error)))
}

fn broker<T>(error: BrokerError) -> Result<T, CallError> {
    proxy_error(ProxyError::Broker(error))
}

async fn queue(client: &Client, key: QueueKey) -> Queue {
    client
        .create(NewQueue::with(key), &mut rng())
        .await
        .unwrap()
}

/// The reference's test: an unsecured message, a session nobody has, and a secured message.
async fn deliver(proxy: &Smp, relay: &Smp, key: fn() -> QueueKey, bodies: [&[u8]; 2]) {
    let (sender, _) = proxy.client().await;
    let (recipient, mut events) = relay.client().await;
    let queue = queue(&recipient, key()).await;
    let named = Named::of(relay);
    let route = named.through(&sender).await.unwrap();
    let again = named.through(&sender).await.unwrap();
    assert_eq!(route.session_id(), again.session_id(), "one connection");
    assert_eq!(route.key(), again.key());
    routes::send(&sender, &route, &queue.sender_id, None, bodies[0])
        .await
        .unwrap();
    let call = Call::about(b"bad session", pfwd(&route));
    let nobody = sender.call(call).await.unwrap();
    assert_eq!(
        tag(&nobody),
        Err(Error::Proxy(Box::new(ProxyError::NoSession)))
    );
    receive(&recipient, &mut events, &queue, bodies[0]).await;
    let own = key();
    recipient.secure(&queue, own.public()).await.unwrap();
    let sent = routes::send(&sender, &route, &queue.sender_id, Some(&own), bodies[1]);
    sent.await.unwrap();
    receive(&recipient, &mut events, &queue, bodies[1]).await;
    let unsigned = routes::send(&sender, &route, &queue.sender_id, None, b"x").await;
    assert_eq!(unsigned, refused(Error::Auth), "the relay's own answer");
}

fn pfwd(relay: &Relay) -> Command<'static> {
    Command::Pfwd {
        version: Version(17),
        key: relay.key(),
        body: &[7; 16242],
    }
}

async fn receive(client: &Client, events: &mut Events, queue: &Queue, body: &[u8]) {
    let message = message(events, queue).await;
    assert_eq!(message.body(), Some(body));
    client.acknowledge(queue, message.id()).await.unwrap();
}

fn ed25519() -> QueueKey {
    QueueKey::ed25519(&mut rng())
}

fn ed448() -> QueueKey {
    QueueKey::ed448(&mut rng())
}

fn x25519() -> QueueKey {
    QueueKey::x25519(&mut rng())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_know_the_password_is_refused_and_so_is_everybody_when_it_is_off() {
    let bed = proxy().with("smp.create_password", "correct");
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    let (client, _) = smp.client().await;
    let named = Named::of(&smp);
    for (password, expected) in [
        (None, Err(())),
        (Some("wrong"), Err(())),
        (Some("correct"), Ok(())),
    ] {
        let (address, now) = (named.address(), SystemClock.now());
        let asked = client.relay(&address, password, now).await.map(drop);
        let expected = expected.or(proxy_error(ProxyError::BasicAuth));
        assert_eq!(asked, expected, "{password:?}");
    }
    let off = proxy().with("smp.proxy.enabled", false);
    let _daemon = off.start();
    let (client, _) = Smp::of(&off).client().await;
    let asked = named.through(&client).await.map(drop);
    assert_eq!(asked, proxy_error(ProxyError::BasicAuth));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_server_is_proxy_and_relay() {
    let bed = proxy();
    let daemon = bed.start();
    let smp = Smp::of(&bed);
    deliver(&smp, &smp, ed448, [b"hello 1", b"hello 2"]).await;
    for (figure, expected) in [
        ("relayd_smp_proxy_sessions_total{outcome=\"success\"", 2),
        ("relayd_smp_proxy_commands_total{outcome=\"success\"", 3),
        (
            "relayd_smp_proxy_commands_total{outcome=\"connect_error\"",
            1,
        ),
        ("relayd_smp_forwarded_commands_total", 3),
        ("relayd_smp_messages_sent_total{outcome=\"stored\"", 2),
        ("relayd_smp_messages_sent_total{outcome=\"auth\"", 1),
        ("relayd_smp_proxy_relays", 1),
    ] {
        assert_eq!(see::count(&daemon, figure), expected, "{figure}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_full_size_pass_with_every_kind_of_key_and_every_version() {
    let (proxy, relay) = (proxy(), Bed::new().with_smp());
    let (_first, _second) = (proxy.start(), relay.start());
    let (proxy, relay) = (Smp::of(&proxy), Smp::of(&relay));
    let largest = [&[1; 16048][..], &[2; 16048]];
    for key in [ed25519, ed448, x25519] {
        deliver(&proxy, &relay, key, largest).await;
    }
    let (sender, _) = proxy.client().await;
    let (recipient, mut events) = relay.client().await;
    let queue = queue(&recipient, ed25519()).await;
    let route = Named::of(&relay).through(&sender).await.unwrap();
    let offered = VersionRange::new(Version(8), Version(17));
    assert_eq!(Some(route.versions()), offered);
    for version in 8..=18 {
        let route = route.in_version(Version(version));
        let largest = Version(version).max_body();
        let send = |size: usize| {
            let (body, sender, route, id) = (vec![3; size], &sender, &route, &queue.sender_id);
            async move { routes::send(sender, route, id, None, &body).await }
        };
        assert_eq!(
            send(largest + 1).await,
            refused(Error::LargeMsg),
            "v{version}"
        );
        send(largest).await.unwrap();
        receive(&recipient, &mut events, &queue, &vec![3; largest]).await;
    }
    for version in [0, 7, 19, 99] {
        let route = route.in_version(Version(version));
        let sent = routes::send(&sender, &route, &queue.sender_id, None, b"x").await;
        let syntax = Error::Cmd(CommandError::Syntax);
        assert_eq!(
            sent,
            proxy_error(ProxyError::Protocol(syntax)),
            "v{version}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn senders_secure_queues_and_read_links_through_a_proxy_and_do_nothing_else() {
    let bed = proxy();
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    let (client, _events) = smp.client().await;
    let named = Named::of(&smp);
    let route = named.through(&client).await.unwrap();
    let (own, other) = (ed25519(), x25519());
    let queue = queue(&client, ed25519()).await;
    let skey = |key: &QueueKey| Command::Skey(key.public());
    let done = async |id: &[u8], command, key: Option<&QueueKey>| {
        let call = Call::about(id, command);
        routes::done(&client, &route, Call { key, ..call }).await
    };
    let id = &queue.sender_id;
    assert_eq!(done(id, skey(&own), Some(&own)).await, Ok(()));
    assert_eq!(done(id, skey(&own), Some(&own)).await, Ok(()), "again");
    assert_eq!(
        done(id, skey(&other), Some(&other)).await,
        refused(Error::Auth)
    );
    let prohibited = || refused(Error::Cmd(CommandError::Prohibited));
    let recipient = (&queue.recipient_id, &queue.key);
    for command in [
        Command::Sub,
        Command::Get,
        Command::Del,
        Command::Que,
        Command::Off,
    ] {
        let tag = command.tag();
        let answer = done(recipient.0, command, Some(recipient.1)).await;
        assert_eq!(answer, prohibited(), "{tag}");
    }
    for command in [Command::Ping, Command::Rfwd(b"inside"), prxy(&named)] {
        let tag = command.tag();
        assert_eq!(done(&[], command, None).await, prohibited(), "{tag}");
    }
    let unknown = done(b"nobody's queue", skey(&own), Some(&own)).await;
    assert_eq!(unknown, refused(Error::Auth));
    let nothing = done(
        &[],
        Command::Send {
            notification: false,
            body: b"",
        },
        None,
    )
    .await;
    assert_eq!(nothing, refused(Error::Cmd(CommandError::NoEntity)));
}

fn prxy(named: &Named) -> Command<'_> {
    Command::Prxy {
        relay: named.address(),
        password: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn links_of_both_kinds_are_read_through_a_proxy() {
    let bed = proxy();
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    let mut owner = smp.link().await;
    let (client, _events) = smp.client().await;
    let route = Named::of(&smp).through(&client).await.unwrap();
    let (corr_id, link_id) = ([5; 24], [6; 24]);
    let sender_id = relay_smp::crypto::sender_id(&corr_id);
    let data = LinkData {
        fixed: &[7; 2008],
        user: &[8; 13784],
    };
    let link = NewLink {
        sender_id: Short::from(&sender_id),
        data,
    };
    let request = QueueRequest::Contact(Some((Short::from(&link_id), link)));
    let key = ed25519();
    let new = relay_smp::wire::New {
        key: key.public(),
        dh_key: relay_smp::crypto::SecretKey::generate(&mut rng()).public(),
        password: None,
        mode: relay_smp::wire::SubscriptionMode::Subscribe,
        request: Some(request),
        notifier: None,
    };
    let call = Call::plain(Command::New(Box::new(new)));
    owner.ask(&call.by(&key), &corr_id).await.unwrap();
    let lget = Call::about(&link_id, Command::Lget);
    let read = client
        .call_through(&route, &lget, &mut rng())
        .await
        .unwrap();
    match read.response().unwrap() {
        relay_smp::wire::Response::Lnk { data: read, .. } => assert_eq!(read, data),
        other => panic!("{other:?}"),
    }
    let sender = ed25519();
    let lkey = Call::about(&link_id, Command::Lkey(sender.public())).by(&sender);
    let read = client
        .call_through(&route, &lkey, &mut rng())
        .await
        .unwrap();
    assert_eq!(tag(&read), Err(Error::Auth), "an address is not secured");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_is_the_relays_own_answer() {
    let bed = proxy().with("smp.queues.quota", 2);
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    let (client, _events) = smp.client().await;
    let queue = queue(&client, ed25519()).await;
    let route = Named::of(&smp).through(&client).await.unwrap();
    let send = async || routes::send(&client, &route, &queue.sender_id, None, b"x").await;
    for expected in [Ok(()), Ok(()), refused(Error::Quota), refused(Error::Quota)] {
        assert_eq!(send().await, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_sent_to_the_operators_own_network() {
    let bed = Bed::new().with_smp();
    let daemon = bed.start();
    let smp = Smp::of(&bed);
    let (client, _) = smp.client().await;
    let port = smp.address.port().to_string();
    for host in [
        "127.0.0.1",
        "localhost",
        "::1",
        "::ffff:127.0.0.1",
        "127.1",
        "2130706433",
        "0.0.0.0",
        "169.254.169.254",
        "10.0.0.1",
        "abc.onion",
        "ABC.Onion.",
        "not a host",
        "",
    ] {
        let named = Named {
            hosts: vec![host.to_owned()],
            port: port.clone(),
            fingerprint: smp.fingerprint.to_vec(),
        };
        let asked = named.through(&client).await.map(drop);
        assert_eq!(asked, broker(BrokerError::Host), "{host}");
    }
    let failed = "relayd_smp_proxy_sessions_total{outcome=\"other_error\"";
    assert_eq!(see::count(&daemon, failed), 13);
    assert_eq!(
        see::count(&daemon, "relayd_smp_sessions_total"),
        1,
        "nobody else came"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_says_whom_messages_go_to() {
    let bed = proxy()
        .with("smp.proxy.deny", vec!["127.0.0.1", "denied.example"])
        .with("smp.proxy.own_server_domains", vec!["localhost"]);
    let daemon = bed.start();
    let smp = Smp::of(&bed);
    let (client, _) = smp.client().await;
    let mut named = Named::of(&smp);
    let host = || broker(BrokerError::Host);
    assert_eq!(named.through(&client).await.map(drop), host());
    named.hosts = vec!["a.denied.example".to_owned()];
    assert_eq!(named.through(&client).await.map(drop), host());
    named.hosts = vec!["localhost".to_owned()];
    assert_eq!(
        named.through(&client).await.map(drop),
        host(),
        "however it is called"
    );
    let own = "relayd_smp_proxy_own_sessions_total{outcome=\"other_error\"";
    assert_eq!(see::count(&daemon, own), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn relays_too_old_for_routing_are_told_apart_from_those_that_are_old_enough() {
    let proxy = proxy();
    let _daemon = proxy.start();
    let (client, _) = Smp::of(&proxy).client().await;
    for (newest, passed_on) in [
        (7, None),
        (8, Some(8)),
        (10, Some(10)),
        (11, Some(11)),
        (13, Some(13)),
        (14, Some(14)),
        (16, Some(16)),
    ] {
        let bed = Bed::new()
            .with_smp()
            .with("smp.connections.max_version", newest);
        let _daemon = bed.start();
        let smp = Smp::of(&bed);
        let route = Named::of(&smp).through(&client).await;
        let Some(passed_on) = passed_on else {
            let version = BrokerError::Transport(TransportError::Version);
            assert_eq!(route.map(drop), broker(version));
            continue;
        };
        let route = route.unwrap();
        let offered = VersionRange::new(Version(8), Version(passed_on));
        assert_eq!(Some(route.versions()), offered, "v{newest}");
        let (recipient, mut events) = smp.client().await;
        let queue = queue(&recipient, ed25519()).await;
        let body = vec![4; route_version(&route).max_body()];
        let sent = routes::send(&client, &route, &queue.sender_id, None, &body).await;
        sent.unwrap();
        receive(&recipient, &mut events, &queue, &body).await;
    }
}

fn route_version(route: &Relay) -> Version {
    route.versions().max()
}
