//! Help, version, `cert`, `delete`, and the commands that have nothing to do here.

use std::fs;

use integration_tests::PATIENCE;
use integration_tests::smp::rng;
use relay_testkit::Signal;

use crate::support::{Machine, lines_in_order};

#[test]
fn without_flags_it_tells_its_commands() {
    let machine = Machine::new();
    let bare = machine.run("smp-server");
    assert_eq!(bare.code, Some(1), "{bare:?}");
    let help = machine.run("smp-server --help");
    assert_eq!(help.code, Some(0), "{help:?}");
    for text in [&bare.stderr, &help.stdout] {
        lines_in_order(
            text,
            &[
                "Available commands:",
                "  delete                   Delete configuration and log files",
            ],
        );
        for command in ["init", "cert", "start", "journal", "database"] {
            assert!(
                text.contains(&format!("\n  {command} ")),
                "{command}:\n{text}"
            );
        }
    }
    let help = machine.run("smp-server init -h");
    assert_eq!(help.code, Some(0), "{help:?}");
    lines_in_order(
        &help.stdout,
        &[
            "Available options:",
            "  -l,--store-log           Enable store log for persistence",
            "  -s,--daily-stats         Enable logging daily server statistics",
            "  --no-password            Allow creating new queues without password",
            "  -h,--help                Show this help text",
        ],
    );
    for flag in ["-v", "--version"] {
        let version = machine.run(&format!("smp-server {flag}"));
        assert_eq!(version.code, Some(0), "{version:?}");
        assert!(version.stdout.starts_with("SMP server v6."), "{version:?}");
    }
    let wrong = machine.run("smp-server frobnicate");
    assert_eq!(wrong.code, Some(1), "{wrong:?}");
    assert!(
        wrong.stderr.starts_with("Invalid argument `frobnicate'\n"),
        "{wrong:?}"
    );
}

#[test]
fn without_a_server_commands_say_how_to_make_one() {
    let machine = Machine::new();
    for command in ["start", "cert", "journal import", "database export"] {
        let refused = machine.run(&format!("smp-server {command}"));
        assert_eq!(refused.code, Some(1), "{refused:?}");
        let ini = machine.configuration().join("smp-server.ini");
        lines_in_order(
            &refused.stdout,
            &[
                &format!(
                    "Error: server is not initialized ({} does not exist).",
                    ini.display()
                ),
                "Run `smp-server init`.",
            ],
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_certificate_keeps_the_address() {
    let machine = Machine::with_server("--no-password -a ED448");
    let old = fs::read(machine.configuration().join("server.crt")).unwrap();
    let old_key = fs::read(machine.configuration().join("server.key")).unwrap();
    let before = machine.smp().fingerprint;
    let issued = machine.run("smp-server cert");
    assert_eq!(issued.code, Some(0), "{issued:?}");
    lines_in_order(
        &issued.stdout,
        &["Generated new server credentials", "----------"],
    );
    assert_ne!(
        fs::read(machine.configuration().join("server.crt")).unwrap(),
        old
    );
    let new_key = fs::read(machine.configuration().join("server.key")).unwrap();
    assert!(
        new_key != old_key && new_key.len() == old_key.len(),
        "its kind stays"
    );
    assert_eq!(machine.smp().fingerprint, before);
    let _daemon = machine.start();
    let smp = machine.smp();
    let (client, _events) = smp.client().await;
    client.ping().await.unwrap();

    let other = machine.run("smp-server cert -a ED25519 --cn smp2.example.org");
    assert_eq!(other.code, Some(0), "{other:?}");
    assert!(other.stderr.contains("after a restart"), "{other:?}");
    let key = fs::read(machine.configuration().join("server.key")).unwrap();
    assert!(key.len() < new_key.len(), "Ed25519 keys are shorter");
    fs::remove_file(machine.configuration().join("ca.key")).unwrap();
    let refused = machine.run("smp-server cert");
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("ca.key"), "{refused:?}");
    drop(smp.dialer().client(smp.address, &mut rng()).await.unwrap());
}

#[test]
fn a_server_is_deleted_by_a_capital_y_alone() {
    let machine = Machine::with_server("");
    for answer in ["n\n", "y\n", "\n", ""] {
        let kept = machine.run_with("smp-server delete", answer);
        assert_eq!(kept.code, Some(1), "{kept:?}");
        let warning = "WARNING: deleting the server will make all queues inaccessible";
        assert!(kept.stdout.starts_with(warning), "{kept:?}");
        assert!(kept.stdout.ends_with("Server NOT deleted\n"), "{kept:?}");
        assert!(machine.configuration().join("ca.key").exists());
    }
    let daemon = machine.start();
    let refused = machine.run_with("smp-server delete", "Y\n");
    assert_eq!(refused.code, Some(1), "a server runs: {refused:?}");
    assert!(machine.state().join("relayd.db").exists());
    daemon.signal(Signal::INT);
    assert_eq!(daemon.wait(PATIENCE).code, Some(0));
    let deleted = machine.run_with("smp-server delete", "Y");
    assert_eq!(deleted.code, Some(0), "{deleted:?}");
    assert!(
        deleted
            .stdout
            .ends_with("Deleted configuration and log files\n"),
        "{deleted:?}"
    );
    assert!(!machine.configuration().exists() && !machine.state().exists());
}

#[test]
fn folders_of_others_are_not_emptied() {
    let machine = Machine::new();
    fs::create_dir_all(machine.configuration()).unwrap();
    let precious = machine.configuration().join("passwd");
    fs::write(&precious, "root").unwrap();
    let refused = machine.run_with("smp-server delete", "Y\n");
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(precious.exists());
}

#[test]
fn stores_there_are_none_of_are_explained() {
    let machine = Machine::with_server("");
    for (command, hint) in [
        ("journal import", "one database"),
        ("journal export", "backup create"),
        ("journal delete", "nothing is stored as a journal"),
        (
            "database import --table queues -d postgresql://x",
            "one database",
        ),
        ("database export --table messages", "backup create"),
        ("database delete", "smp-server delete"),
    ] {
        let answer = machine.run(&format!("smp-server {command}"));
        assert_eq!(answer.code, Some(1), "{answer:?}");
        assert!(answer.stdout.contains(hint), "{command}: {answer:?}");
    }
    for wrong in ["journal", "database drop", "journal import more"] {
        let refused = machine.run(&format!("smp-server {wrong}"));
        assert_eq!(
            (refused.code, refused.stdout.as_str()),
            (Some(1), ""),
            "{wrong}"
        );
    }
}
