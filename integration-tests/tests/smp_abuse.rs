//! Clients that behave badly harm nobody but themselves.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

use std::time::Duration;

use integration_tests::smp::{Smp, create, message, tag};
use integration_tests::{Bed, PATIENCE, see};
use relay_smp::client::Call;
use relay_smp::wire::{BLOCK, Command};
use relay_testkit::{Daemon, poll};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

/// Somebody who behaves is served within a moment.
async fn well(smp: &Smp) {
    let limit = PATIENCE / 2;
    let served = timeout(limit, async {
        let (client, mut events) = smp.client().await;
        let queue = create(&client).await;
        client
            .send(&queue.sender_id, None, false, b"x")
            .await
            .unwrap();
        let got = message(&mut events, &queue).await;
        client.acknowledge(&queue, got.id()).await.unwrap();
    });
    assert!(served.await.is_ok(), "not served within {limit:?}");
}

fn closed(daemon: &Daemon, reason: &str, count: u64) {
    let name = format!("relayd_smp_sessions_closed_total{{reason=\"{reason}\"");
    poll::until(PATIENCE, &name, || {
        (see::count(daemon, &name) >= count).then_some(())
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_is_cut_off() {
    let bed = Bed::new()
        .with_smp()
        .with("smp.connections.write_timeout", "500ms");
    let daemon = bed.start();
    let smp = Smp::of(&bed);
    let mut link = smp.link().await;
    // Each block asks for one of the same size; nobody takes them.
    let flood = async move {
        loop {
            let ping = link
                .outgoing
                .transmission(&Call::plain(Command::Ping), b"1");
            if link.outgoing.send(&[ping.unwrap()]).await.is_err() {
                return;
            }
        }
    };
    let flooded = tokio::spawn(timeout(PATIENCE * 2, flood));
    well(&smp).await;
    let flooded = flooded.await.unwrap();
    assert!(flooded.is_ok(), "it was never cut off");
    closed(&daemon, "slow_reader", 1);
    well(&smp).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_that_comes_byte_by_byte_ends_its_connection() {
    let bed = Bed::new()
        .with_smp()
        .with("smp.connections.block_timeout", "300ms");
    let daemon = bed.start();
    let smp = Smp::of(&bed);
    let mut link = smp.link().await;
    link.outgoing.send_raw(b"x").await.unwrap();
    let end = timeout(PATIENCE, link.incoming.receive()).await;
    assert!(!matches!(end.unwrap(), Ok(Some(_))));
    closed(&daemon, "slow_block", 1);
    well(&smp).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_clients_are_closed_unless_they_are_subscribed() {
    let bed = Bed::new()
        .with_smp()
        .with("smp.connections.idle_timeout", "400ms")
        .with("smp.connections.idle_check_interval", "100ms");
    let daemon = bed.start();
    let smp = Smp::of(&bed);
    let (subscribed, mut events) = smp.client().await;
    let queue = create(&subscribed).await;
    let (silent, _) = smp.client().await;
    let begun = Instant::now();
    timeout(PATIENCE, silent.ended()).await.expect("closed");
    assert!(begun.elapsed() >= Duration::from_millis(300));
    closed(&daemon, "idle", 1);
    let (sender, _) = smp.client().await;
    sender
        .send(&queue.sender_id, None, false, b"x")
        .await
        .unwrap();
    message(&mut events, &queue).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_connections_that_say_nothing_leave_room_for_others() {
    let bed = Bed::new().with_smp();
    let daemon = bed.start();
    let smp = Smp::of(&bed);
    let mut strangers = Vec::new();
    for _ in 0..400 {
        strangers.push(TcpStream::connect(smp.address).await.unwrap());
    }
    well(&smp).await;
    let open = see::metric(&daemon, "relayd_connections_open{listener=\"smp\"");
    assert!(open >= Some(400.0), "{open:?}");
    drop(strangers);
    well(&smp).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_too_fast_is_answered_late() {
    let bed = Bed::new()
        .with_smp()
        .with("smp.limits.commands_per_second", 100);
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    let (client, _events) = smp.client().await;
    let pings = vec![Call::plain(Command::Ping); 250];
    let begun = Instant::now();
    for answer in client.batch(&pings).await.unwrap() {
        assert_eq!(tag(&answer.unwrap()), Ok("PONG"));
    }
    assert!(
        begun.elapsed() >= Duration::from_millis(1400),
        "{:?}",
        begun.elapsed()
    );
    well(&smp).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_creates_queues_too_fast_is_answered_late() {
    let bed = Bed::new()
        .with_smp()
        .with("limits.unlimited_from", Vec::<String>::new())
        .with("smp.limits.new_queues_per_minute", 60);
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    let (client, _events) = smp.client().await;
    let begun = Instant::now();
    for _ in 0..62 {
        create(&client).await;
    }
    assert!(
        begun.elapsed() >= Duration::from_millis(1500),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_after_the_handshake_harms_nobody() {
    let bed = Bed::new().with_smp();
    let daemon = bed.start();
    let smp = Smp::of(&bed);
    let mut links = Vec::new();
    for seed in 0..8_u8 {
        let mut link = smp.link().await;
        for turn in 0..20_u8 {
            let garbage: Vec<u8> = (0..BLOCK)
                .map(|i| seed ^ turn ^ i.to_le_bytes()[0])
                .collect();
            link.outgoing.send_raw(&garbage).await.unwrap();
            let received = link.incoming.receive().await.unwrap().unwrap();
            assert!(received.iter().all(|one| tag(one).is_err()));
        }
        links.push(link);
    }
    well(&smp).await;
    assert_eq!(see::count(&daemon, "relayd_connection_panics_total"), 0);
    assert_eq!(
        see::count(&daemon, "relayd_smp_blocks_total{direction=\"bad\""),
        160
    );
}
