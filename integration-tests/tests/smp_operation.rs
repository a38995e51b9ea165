//! The SMP relay as its operator sees it: start, reload, certificates, drain, backup.
use data_encoding::HEXLOWER;
use integration_tests::smp::{Smp, create, message, refused, rng};
use integration_tests::{Bed, PATIENCE, see};
use relay_smp::client::{CallError, ConnectError, NewQueue, QueueKey};
use relay_smp::wire::{Address, Error};
use relay_testkit::{Signal, poll};
use tokio::time::timeout;

#[test]
fn the_first_start_makes_an_identity_and_says_the_address() {
    let bed = Bed::new().with_smp();
    let daemon = bed.start();
    let line = daemon.wait_for_line("smp   ready  smp://", PATIENCE);
    let (_, address) = line.split_once("ready  ").unwrap();
    let address: Address = address.trim().parse().unwrap();
    let smp = Smp::of(&bed);
    assert_eq!(address.fingerprint, smp.fingerprint);
    assert_eq!(address.hosts, ["127.0.0.1"]);
    assert_eq!(address.port, Some(smp.address.port()));
    for (file, mode) in [
        ("smp/ca.key", 0o600),
        ("smp/server.key", 0o600),
        ("smp/ca.crt", 0o600),
        ("smp/server.crt", 0o600),
    ] {
        assert_eq!(see::mode(bed.data().join(file)), mode, "mode of {file}");
    }
    drop(daemon);
    let daemon = bed.start();
    daemon.wait_for_line(line.trim(), PATIENCE);
}

#[test]
fn an_identity_that_lost_a_part_is_one_line() {
    let bed = Bed::new().with_smp();
    drop(bed.start());
    std::fs::remove_file(bed.data().join("smp/ca.crt")).unwrap();
    let exit = bed.relayd().spawn().wait(PATIENCE);
    assert_eq!(exit.code, Some(69), "{exit:?}");
    assert_eq!(exit.stderr.lines().count(), 1, "{}", exit.stderr);
    assert!(exit.stderr.contains("ca.crt"), "{}", exit.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_takes_over_what_can_change() {
    let mut bed = Bed::new().with_smp();
    let daemon = bed.start();
    let smp = Smp::of(&bed);
    let (client, _events) = smp.client().await;
    let create = async |password| {
        let queue = NewQueue {
            password,
            ..NewQueue::with(QueueKey::ed25519(&mut rng()))
        };
        client.create(queue, &mut rng()).await.map(drop)
    };
    assert_eq!(create(None).await, Ok(()));
    bed.set("smp.create_password", "secret");
    bed.write();
    assert_eq!(daemon.relayctl(["reload"]).code, Some(0));
    assert_eq!(create(None).await, refused(Error::Auth));
    assert_eq!(create(Some("secret")).await, Ok(()));
    bed.set("smp.new_queues", false);
    bed.write();
    assert_eq!(daemon.relayctl(["reload"]).code, Some(0));
    assert_eq!(create(Some("secret")).await, refused(Error::Auth));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_certificate_closes_nobody_and_keeps_the_address() {
    let bed = Bed::new().with_smp();
    let daemon = bed.start();
    let smp = Smp::of(&bed);
    let (old, _) = smp.client().await;
    let rotated = daemon.relayctl(["smp", "cert", "rotate"]);
    assert_eq!(rotated.code, Some(0), "{rotated:?}");
    old.ping().await.unwrap();
    let (new, _) = smp.client().await;
    new.ping().await.unwrap();
    let leaf =
        |client: &relay_smp::client::Client| client.server().unwrap().certificates[0].clone();
    assert_ne!(leaf(&old), leaf(&new));
    assert_eq!(Smp::of(&bed).fingerprint, smp.fingerprint);
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_finishes_what_is_in_flight_and_closes() {
    let bed = Bed::new().with_smp();
    let daemon = bed.start();
    let smp = Smp::of(&bed);
    let (client, mut events) = smp.client().await;
    let queue = create(&client).await;
    let sender = client.clone();
    let id = queue.sender_id.clone();
    let sending = tokio::spawn(async move {
        let mut sent = 0_u32;
        loop {
            match sender.send(&id, None, false, &sent.to_be_bytes()).await {
                Ok(()) => sent += 1,
                Err(CallError::Refused(Error::Quota)) => {}
                Err(_) => return sent,
            }
        }
    });
    message(&mut events, &queue).await;
    daemon.signal(Signal::TERM);
    let sent = timeout(PATIENCE, sending).await.unwrap().unwrap();
    assert!(sent > 0);
    assert!(timeout(PATIENCE, client.ended()).await.is_ok());
    let exit = daemon.wait(PATIENCE);
    assert_eq!(exit.code, Some(0), "{exit:?}");
    let stream = exit.stdout + &exit.stderr;
    assert!(
        !stream.contains("WARN") && !stream.contains("ERROR"),
        "{stream}"
    );

    let _daemon = bed.start();
    let (client, mut events) = smp.client().await;
    client.subscribe(&queue).await.unwrap();
    let mut next = Some(message(&mut events, &queue).await);
    let mut found = 0;
    while let Some(got) = next {
        found += u32::from(got.body().is_some());
        next = client.acknowledge(&queue, got.id()).await.unwrap();
    }
    assert!(found == sent || found == sent + 1, "{found} of {sent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_brings_the_relay_back_under_its_address() {
    let bed = Bed::new().with_smp();
    let daemon = bed.start();
    let smp = Smp::of(&bed);
    let (client, _events) = smp.client().await;
    let queue = create(&client).await;
    client
        .send(&queue.sender_id, None, false, b"kept")
        .await
        .unwrap();
    let archive = bed.dir().join("backup.tar");
    let made = daemon.relayctl(["backup", "create", archive.to_str().unwrap()]);
    assert_eq!(made.code, Some(0), "{made:?}");
    drop(daemon);
    std::fs::remove_dir_all(bed.data()).unwrap();
    let restored = bed
        .relayd()
        .relayctl(["backup", "restore", archive.to_str().unwrap()]);
    assert_eq!(restored.code, Some(0), "{restored:?}");
    let _daemon = bed.start();
    assert_eq!(Smp::of(&bed).fingerprint, smp.fingerprint);
    let (client, mut events) = smp.client().await;
    client.subscribe(&queue).await.unwrap();
    let got = message(&mut events, &queue).await;
    assert_eq!(got.body(), Some(&b"kept"[..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_private_is_in_logs_or_metrics() {
    let bed = Bed::new().with_smp().with("log.level", "debug");
    let daemon = bed.start();
    let smp = Smp::of(&bed);
    let (client, _events) = smp.client().await;
    let queue = create(&client).await;
    client
        .send(&queue.sender_id, None, true, b"a very private message")
        .await
        .unwrap();
    let other = Smp {
        fingerprint: [1; 32],
        ..smp.clone()
    };
    let failed = other.dialer().client(smp.address, &mut rng()).await;
    assert!(matches!(failed, Err(ConnectError::Tls(_))));
    poll::until(PATIENCE, "a session is counted", || {
        (see::count(&daemon, "relayd_smp_sessions_total") > 0).then_some(())
    });
    let metrics = daemon.metrics().get("/metrics").unwrap().text();
    daemon.signal(Signal::TERM);
    let exit = daemon.wait(PATIENCE);
    let everything = exit.stdout + &exit.stderr + &metrics;
    for id in [&queue.recipient_id, &queue.sender_id] {
        for text in [relay_smp::wire::to_base64url(id), HEXLOWER.encode(id)] {
            assert!(!everything.contains(&text), "an id is told");
        }
    }
    assert!(!everything.contains("a very private message"));
}
