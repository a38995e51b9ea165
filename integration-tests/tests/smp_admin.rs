//! What an operator does to the SMP relay while it serves: its address, its certificates, single
//! queues, and changes of the configuration.

use std::time::Duration;

use integration_tests::smp::{Smp, create, event, message, refused, rng, tag};
use integration_tests::{Bed, PATIENCE};
use relay_smp::client::{NewQueue, QueueKey};
use relay_smp::wire::{BlockingInfo, BlockingReason, ClientNotice, Error, Response, to_base64url};
use relay_testkit::Daemon;
use serde_json::Value;

const NONE: Option<&QueueKey> = None;

/// Runs `relayctl smp …` and gives what it said.
#[track_caller]
fn smp(daemon: &Daemon, arguments: &[&str]) -> String {
    let finished = daemon.relayctl([&["smp"], arguments].concat());
    assert_eq!(
        (finished.code, &*finished.stderr),
        (Some(0), ""),
        "{finished:?}"
    );
    finished.stdout.trim_end().to_owned()
}

/// The same as JSON, with its exit code.
fn json(daemon: &Daemon, arguments: &[&str]) -> (Option<i32>, Value) {
    let finished = daemon.relayctl([&["smp"], arguments, &["--json"]].concat());
    let said = if finished.stdout.is_empty() {
        &finished.stderr
    } else {
        &finished.stdout
    };
    let value = serde_json::from_str(said).unwrap_or_else(|_| panic!("{finished:?}"));
    (finished.code, value)
}

#[track_caller]
fn reload(daemon: &Daemon) {
    let reloaded = daemon.relayctl(["reload"]);
    assert_eq!(reloaded.code, Some(0), "{reloaded:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_is_that_of_the_ready_line_and_follows_the_configuration() {
    let mut bed = Bed::new().with_smp();
    bed.write();
    let daemon = bed.start();
    let address = smp(&daemon, &["address"]);
    let expected = format!(
        "smp://{}@127.0.0.1:{}",
        smp(&daemon, &["fingerprint"]),
        bed.listen("smp").port()
    );
    assert_eq!(address, expected);
    daemon.wait_for_line(&format!("smp   ready  {address}"), PATIENCE);

    bed.set("smp.hosts", vec!["smp.example.org".to_owned()]);
    bed.set("smp.create_password", "pw");
    bed.write();
    reload(&daemon);
    let address = smp(&daemon, &["address"]);
    assert!(address.contains(":pw@smp.example.org"), "{address}");
    let public = smp(&daemon, &["address", "--public"]);
    assert_eq!(public, address.replace(":pw", ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_certificate_keeps_the_address_and_every_connection() {
    let bed = Bed::new().with_smp();
    let daemon = bed.start();
    let relay = Smp::of(&bed);
    let (before, _events) = relay.client().await;
    let (_, old) = json(&daemon, &["cert", "show"]);
    let (code, new) = json(&daemon, &["cert", "rotate", "--key-kind", "ed448"]);
    assert_eq!(code, Some(0));
    assert_eq!(new["fingerprint"], old["fingerprint"]);
    assert_ne!(new["chain"][0]["sha256"], old["chain"][0]["sha256"]);
    assert_eq!(new["chain"][0]["key_kind"], "ed448");
    before.ping().await.unwrap();
    // The client knows the server by its fingerprint, and checks what the new leaf signed.
    let (after, _events) = relay.client().await;
    after.ping().await.unwrap();

    std::fs::remove_file(bed.data().join("smp/ca.key")).unwrap();
    let (code, answer) = json(&daemon, &["cert", "rotate"]);
    assert_eq!(code, Some(1));
    assert!(
        answer["error"].as_str().unwrap().contains("ca.key"),
        "{answer}"
    );
    let audit = daemon.relayctl(["audit", "list"]).stdout;
    assert!(audit.contains("post smp.cert.rotate"), "{audit}");
    assert!(
        audit.contains(new["chain"][0]["sha256"].as_str().unwrap()),
        "{audit}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_are_looked_at_blocked_unblocked_and_deleted() {
    let bed = Bed::new().with_smp().with("smp.daily_block_quota", 1);
    let daemon = bed.start();
    let relay = Smp::of(&bed);
    let (recipient, mut events) = relay.client().await;
    let (sender, _) = relay.client().await;
    let queue = create(&recipient).await;
    let id = to_base64url(&queue.sender_id);

    sender
        .send(&queue.sender_id, NONE, false, b"one")
        .await
        .unwrap();
    message(&mut events, &queue).await;
    let (_, shown) = json(&daemon, &["queue", "show", &id]);
    assert_eq!(shown["status"], "active");
    assert_eq!(shown["messages"], 1);
    assert_eq!(shown["secured"], false);
    assert!(smp(&daemon, &["queue", "show", &id]).contains("messages  1"));

    let block = [
        "queue",
        "block",
        &id,
        "--reason",
        "content",
        "--notice-ttl",
        "1h",
    ];
    assert_eq!(smp(&daemon, &block), "blocked");
    let info = BlockingInfo {
        reason: BlockingReason::Content,
        notice: Some(ClientNotice { ttl: Some(3600) }),
    };
    let told = event(&mut events).await;
    assert_eq!(told.entity_id(), queue.recipient_id);
    assert_eq!(tag(&told), Err(Error::Blocked(info)));
    let sent = sender.send(&queue.sender_id, NONE, false, b"two").await;
    assert_eq!(sent.map(drop), refused(Error::Blocked(info)));
    let (code, again) = json(&daemon, &block);
    assert_eq!((code, &again["before"]), (Some(1), &"blocked".into()));
    let shown = smp(&daemon, &["queue", "show", &id]);
    assert!(
        shown.contains("blocked for content, with a notice for 1h"),
        "{shown}"
    );

    let said = smp(&daemon, &["queue", "unblock", &id]);
    assert_eq!(
        said,
        "unblocked; it was blocked for content, with a notice for 1h"
    );
    sender
        .send(&queue.sender_id, NONE, false, b"two")
        .await
        .unwrap();
    let (code, again) = json(&daemon, &["queue", "unblock", &id]);
    assert_eq!((code, &again["before"]), (Some(1), &"active".into()));

    let (code, answer) = json(&daemon, &block);
    assert_eq!(code, Some(1));
    assert!(
        answer["error"]
            .as_str()
            .unwrap()
            .contains("smp.daily_block_quota"),
        "{answer}"
    );

    assert_eq!(
        smp(&daemon, &["queue", "delete", &id]),
        "deleted, with 2 messages"
    );
    let told = event(&mut events).await;
    assert_eq!(told.response(), Ok(Response::Deld));
    let sent = sender.send(&queue.sender_id, NONE, false, b"three").await;
    assert_eq!(sent.map(drop), refused(Error::Auth));
    let (code, _) = json(&daemon, &["queue", "show", &id]);
    assert_eq!(code, Some(1));

    let audit = daemon.relayctl(["audit", "list"]).stdout;
    for action in [
        "post smp.queue.block",
        "post smp.queue.unblock",
        "delete smp.queue",
    ] {
        assert!(audit.contains(action), "{audit}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn statistics_count_what_clients_do() {
    let bed = Bed::new().with_smp();
    let daemon = bed.start();
    let (client, _events) = Smp::of(&bed).client().await;
    let queue = create(&client).await;
    client
        .send(&queue.sender_id, NONE, false, b"one")
        .await
        .unwrap();
    let (_, statistics) = json(&daemon, &["stats"]);
    assert_eq!(statistics["queues"], 1);
    assert_eq!(statistics["messages"], 1);
    assert_eq!(statistics["queue_subscriptions"], 1);
    let counters = statistics["counters"].as_array().unwrap();
    let count = |name: &str| {
        let counter = counters.iter().find(|counter| counter["name"] == name);
        counter.unwrap()["period"].as_i64()
    };
    assert_eq!((count("qCreated"), count("msgSent")), (Some(1), Some(1)));
    let text = smp(&daemon, &["stats"]);
    assert!(
        text.contains("msgSent") && text.contains("the period began"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_takes_effect_on_open_connections() {
    let mut bed = Bed::new().with_smp();
    bed.write();
    let daemon = bed.start();
    let (client, _events) = Smp::of(&bed).client().await;
    let with = |password| NewQueue {
        password,
        ..NewQueue::with(QueueKey::ed25519(&mut rng()))
    };
    client.create(with(None), &mut rng()).await.unwrap();

    bed.set("smp.create_password", "secret");
    bed.set("smp.queues.quota", 1);
    bed.write();
    reload(&daemon);
    let refusal = client.create(with(None), &mut rng()).await.map(drop);
    assert_eq!(refusal, refused(Error::Auth));
    let queue = client
        .create(with(Some("secret")), &mut rng())
        .await
        .unwrap();
    client
        .send(&queue.sender_id, NONE, false, b"one")
        .await
        .unwrap();
    let second = client.send(&queue.sender_id, NONE, false, b"two").await;
    assert_eq!(second.map(drop), refused(Error::Quota));

    bed.set("smp.new_queues", false);
    bed.write();
    reload(&daemon);
    let refusal = client
        .create(with(Some("secret")), &mut rng())
        .await
        .map(drop);
    assert_eq!(refusal, refused(Error::Auth));

    bed.set("smp.queues.quota", 0);
    bed.write();
    let failed = daemon.relayctl(["reload"]);
    assert_eq!(failed.code, Some(1), "{failed:?}");
    assert!(failed.stderr.contains("smp.queues.quota"), "{failed:?}");
    tokio::time::timeout(Duration::from_secs(30), client.ping())
        .await
        .unwrap()
        .unwrap();
}
