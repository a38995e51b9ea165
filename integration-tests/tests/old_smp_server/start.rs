//! `smp-server start`: what it prints, serves, keeps, refuses, and how it ends.

use std::fs;
use std::time::Duration;

use integration_tests::PATIENCE;
use integration_tests::smp::{message, refused, rng};
use relay_smp::client::{NewQueue, QueueKey};
use relay_smp::wire::Error;
use relay_testkit::Signal;

use crate::support::{Machine, free_port, lines_in_order};

/// The lines that the guide shows in the journal, and those of today; a queue and its message
/// outlive a stop by SIGINT, which is how units stop it.
#[tokio::test(flavor = "multi_thread")]
async fn as_the_guide_has_it() {
    let machine = Machine::with_server("-l -s --ip 192.168.1.5 --password test");
    let daemon = machine.start();
    let smp = machine.smp();
    let port = smp.address.port();
    let fingerprint = relay_smp::wire::to_base64url(&smp.fingerprint);
    let state = machine.state();
    let state = state.display();
    lines_in_order(
        &daemon.stdout(),
        &[
            &format!("Fingerprint: {fingerprint}"),
            &format!("Server address: smp://{fingerprint}:test@192.168.1.5:{port}"),
            &format!("Store log: {state}/smp-server-store.log"),
            &format!("Serving SMP protocol on port {port} (TLS)..."),
            &format!("Listening on port {port} (TLS)..."),
            "WARNING: the clients will use port 443 by default soon.",
            "expiring messages after 21 days",
            "expiring clients inactive for 21600 seconds every 3600 seconds",
            "creating new queues requires password",
            &format!("server stats log enabled: {state}/smp-server-stats.daily.log"),
        ],
    );
    assert!(
        daemon.stdout().starts_with("SMP server v6."),
        "{}",
        daemon.stdout()
    );

    let (client, _events) = smp.client().await;
    let queue = |password| NewQueue {
        password,
        ..NewQueue::with(QueueKey::ed25519(&mut rng()))
    };
    let without = client.create(queue(None), &mut rng()).await.map(drop);
    assert_eq!(without, refused(Error::Auth));
    let queue = client
        .create(queue(Some("test")), &mut rng())
        .await
        .unwrap();
    let sent = client.send(&queue.sender_id, None, false, b"kept");
    sent.await.unwrap();
    daemon.signal(Signal::INT);
    let exit = daemon.wait(PATIENCE);
    assert_eq!(exit.code, Some(0), "{exit:?}");
    // What the guide's unit does after a stop.
    let copied = machine.run(
        "[ -e \"$SMP_SERVER_LOG_PATH/smp-server-store.log\" ] && cp \"$SMP_SERVER_LOG_PATH/smp-server-store.log\" \"$SMP_SERVER_LOG_PATH/smp-server-store.log.bak\"",
    );
    assert_eq!(copied.code, Some(0), "{copied:?}");

    let _daemon = machine.start();
    let (client, mut events) = smp.client().await;
    client.subscribe(&queue).await.unwrap();
    let kept = message(&mut events, &queue).await;
    assert_eq!(kept.body(), Some(&b"kept"[..]));
}

/// As the container and the unit of today start it.
#[test]
fn settings_are_read_at_every_start() {
    let machine = Machine::with_server("--no-password");
    let daemon = machine.spawn(&["start", "+RTS", "-N", "-RTS"]);
    daemon.wait_for_line("smp   ready", PATIENCE);
    lines_in_order(&daemon.stdout(), &["creating new queues allowed"]);
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.wait(PATIENCE).code, Some(0));
    machine.set_line("new_queues = ", "new_queues = off");
    machine.set_line("disconnect = ", "disconnect = off");
    machine.set_line("enable = ", "enable = off\nfrobnicate = on");
    machine.set_line("expire_messages_days = ", "expire_messages_days = 7");
    let daemon = machine.spawn(&["start", "--log-level", "warn", "--compact-log"]);
    daemon.wait_for_line("smp   ready", PATIENCE);
    lines_in_order(
        &daemon.stdout(),
        &[
            "Store log disabled.",
            "expiring messages after 7 days",
            "not expiring inactive clients",
            "creating new queues NOT allowed",
        ],
    );
    for warned in [
        "[STORE_LOG] enable: ",
        "[STORE_LOG] frobnicate: ",
        "--compact-log: ",
    ] {
        let line = format!("smp-server: warning: {warned}");
        assert!(
            daemon.stderr().contains(&line),
            "{warned}\n{}",
            daemon.stderr()
        );
    }
}

#[test]
fn what_makes_no_sense_is_one_line() {
    let machine = Machine::with_server("--no-password");
    let line = |text: &str| {
        let exit = machine.spawn(&["start"]).wait(PATIENCE);
        assert_eq!(
            (exit.code, exit.stderr.lines().count()),
            (Some(1), 1),
            "{exit:?}"
        );
        assert!(
            exit.stderr.starts_with("smp-server: ") && exit.stderr.contains(text),
            "{exit:?}"
        );
    };
    let port = machine.line("port = ");
    machine.set_line("port = ", "port = x");
    line("[TRANSPORT] port must be ports");
    machine.set_line("port = x", &port);
    machine.set_line("new_queues = ", "new_queues = maybe");
    line("[AUTH] new_queues must be `on` or `off`");
    machine.set_line("new_queues = ", "nonsense");
    line("is neither `[section]` nor");
    machine.set_line("nonsense", "new_queues = on");
    let wrong = machine.run("smp-server start --log-level loud");
    assert_eq!(wrong.code, Some(1), "{wrong:?}");
    let ca = machine.configuration().join("ca.crt");
    let aside = machine.configuration().join("ca.aside");
    fs::rename(&ca, &aside).unwrap();
    line("ca.crt");
    fs::rename(&aside, &ca).unwrap();
    let file = machine.configuration().join("fingerprint");
    let fingerprint = fs::read(&file).unwrap();
    fs::write(&file, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n").unwrap();
    let exit = machine.spawn(&["start"]).wait(PATIENCE);
    assert_eq!(exit.code, Some(1), "{exit:?}");
    lines_in_order(&exit.stdout, &["Stored fingerprint is invalid."]);
    fs::write(&file, fingerprint).unwrap();
    machine.start();
}

#[test]
fn queues_of_an_earlier_server_are_not_passed_over() {
    let machine = Machine::with_server("");
    let log = machine.state().join("smp-server-store.log");
    fs::write(&log, "CREATE rid=AAAA rk=BBBB rdh=CCCC sid=DDDD sk=\n").unwrap();
    let exit = machine.spawn(&["start"]).wait(PATIENCE);
    assert_eq!(exit.code, Some(1), "{exit:?}");
    assert!(exit.stderr.contains("--skip-warnings"), "{exit:?}");
    let daemon = machine.spawn(&["start", "--skip-warnings"]);
    daemon.wait_for_line("smp   ready", PATIENCE);
    drop(daemon);
    machine.start();
    let kept = fs::read_to_string(&log).unwrap();
    assert!(kept.starts_with("CREATE rid=AAAA"), "{kept}");
}

#[test]
fn maintenance_opens_and_closes() {
    let machine = Machine::with_server("");
    for _ in 0..2 {
        let done = machine.run("smp-server start -m --confirm-migrations up");
        assert_eq!(done.code, Some(0), "{done:?}");
        let last = "Server started in 'maintenance' mode, exiting\n";
        assert!(done.stdout.ends_with(last), "{done:?}");
    }
    assert!(machine.state().join("relayd.db").exists());
    machine.start();
}

#[test]
fn two_ports_and_a_second_server_on_one_of_them() {
    let machine = Machine::with_server("--no-password");
    let (first, second) = (free_port(), free_port());
    machine.set_line("port = ", &format!("port = {first},{second}"));
    let daemon = machine.start();
    for port in [first, second] {
        let line = format!("Serving SMP protocol on port {port} (TLS)...");
        lines_in_order(&daemon.stdout(), &[&line]);
        std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    }
    let other = Machine::with_server("--no-password");
    other.set_line("port = ", &format!("port = {second}"));
    let exit = other.spawn(&["start"]).wait(PATIENCE);
    assert_eq!(exit.code, Some(1), "{exit:?}");
    assert!(exit.stderr.contains(&second.to_string()), "{exit:?}");
}

/// relayctl finds the server by the configuration it was started with.
#[test]
fn relayctl_manages_it() {
    let machine = Machine::with_server("--no-password");
    let daemon = machine.start();
    let config = "--config \"$SMP_SERVER_LOG_PATH/relayd.toml\"";
    let status = machine.run(&format!("relayctl {config} status"));
    assert_eq!(status.code, Some(0), "{status:?}");
    let address = machine.run(&format!("relayctl {config} smp address"));
    let told = daemon.stdout();
    let told = told
        .lines()
        .find_map(|line| line.strip_prefix("Server address: "));
    let told = told.unwrap().replace("<hostnames>", "");
    let shown = address.stdout.trim();
    assert_eq!(
        shown.split('@').next(),
        told.split('@').next(),
        "{address:?}"
    );
    let upgraded = machine.run(&format!("relayctl {config} upgrade"));
    assert_eq!(upgraded.code, Some(0), "{upgraded:?}");
    assert_eq!(daemon.wait(Duration::from_mins(1)).code, Some(0));
    let stopped = machine.run(&format!("relayctl {config} stop"));
    assert_eq!(stopped.code, Some(0), "{stopped:?}");
}
