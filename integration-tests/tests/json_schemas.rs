//! Scripts can rely on relayctl: every command there is answers `--json` with one JSON value whose
//! shape stays, and says in one line what to do when no daemon runs.
//!
//! The commands come from relayctl's own help, so that a new one fails here until it is called.

#![expect(clippy::expect_used, reason = "tests stop at what they did not expect")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use integration_tests::Bed;
use integration_tests::smp::{Smp, rng};
use relay_smp::client::{NewQueue, QueueKey};
use relay_smp::wire::to_base64url;
use relay_testkit::Relayd;
use relay_testkit::daemon::Finished;
use serde_json::Value;

const ID: &str = "0588672ccb97f40bb57238989226cf429b575ba355443f47bc76c5ab144a96c65b";

const SOGS_INI: &str = "[net]\nbase_url = http://chat.test-relay.net\n";

/// How every command is called, in an order in which each finds what it needs. `HERE` is a folder,
/// `QUEUE` a queue.
const CALLS: &[&[&str]] = &[
    &[
        "init",
        "--yes",
        "--dir",
        "HERE/new",
        "--smp-host",
        "smp.test-relay.net",
        "--sogs-url",
        "http://chat.test-relay.net",
    ],
    &["openapi"],
    &["completions", "bash"],
    &["man"],
    &["config", "check"],
    &["config", "show"],
    &["config", "example"],
    &["config", "schema"],
    &["config", "import", "HERE/sogs.ini"],
    &["log", "level"],
    &["worker", "run", "store.maintenance"],
    &["worker", "list"],
    &["worker", "pause", "store.integrity"],
    &["worker", "resume", "store.integrity"],
    &["sogs", "room", "add", "lounge", "--description", "for all"],
    &["sogs", "room", "list"],
    &["sogs", "room", "show", "lounge"],
    &["sogs", "room", "edit", "lounge", "--name", "Lobby"],
    &["sogs", "mod", "add", ID, "--room", "lounge"],
    &["sogs", "mod", "list"],
    &["sogs", "mod", "remove", ID, "--room", "lounge"],
    &["sogs", "ban", "add", ID, "--room", "lounge", "--for", "7d"],
    &["sogs", "ban", "list"],
    &["sogs", "ban", "remove", ID, "--room", "lounge"],
    &[
        "sogs", "perms", "set", "lounge", "--user", ID, "--deny", "w",
    ],
    &["sogs", "perms", "show", "lounge"],
    &["sogs", "user", "show", ID],
    &["sogs", "message", "show", "1"],
    &["sogs", "message", "delete", "1"],
    &["sogs", "url"],
    &["sogs", "filter", "show"],
    &["sogs", "filter", "test", "hello"],
    &["sogs", "stats"],
    &["sogs", "log"],
    &["sogs", "room", "clear", "lounge", "--yes"],
    &["sogs", "room", "delete", "lounge", "--yes"],
    &["smp", "address"],
    &["smp", "fingerprint"],
    &["smp", "stats"],
    &["smp", "queue", "show", "QUEUE"],
    &["smp", "queue", "block", "QUEUE", "--reason", "spam"],
    &["smp", "queue", "unblock", "QUEUE"],
    &["smp", "queue", "delete", "QUEUE"],
    &["smp", "cert", "show"],
    &["smp", "cert", "rotate"],
    &["audit", "note", "a note"],
    &["audit", "list"],
    &["audit", "prune", "--older-than", "90d"],
    &["backup", "create", "HERE/backup.tar"],
    &["backup", "verify", "HERE/backup.tar"],
    &[
        "backup",
        "restore",
        "HERE/backup.tar",
        "--data-dir",
        "HERE/restored",
    ],
    &["status"],
    &["top", "--once"],
    &["doctor"],
    &["reload"],
    &["config", "show", "--running"],
    &["upgrade", "--no-wait"],
    &["stop"],
];

/// What can be done without a daemon.
const ALONE: [&str; 11] = [
    "init",
    "openapi",
    "completions",
    "man",
    "config check",
    "config show",
    "config example",
    "config schema",
    "config import",
    "backup verify",
    "doctor",
];

/// Every command without commands below it.
fn leaves(relayd: &Relayd, above: &[String], found: &mut BTreeSet<String>) {
    let args: Vec<_> = above.iter().cloned().chain(["--help".to_owned()]).collect();
    let help = relayd.relayctl(&args);
    assert_eq!(help.code, Some(0), "{help:?}");
    let commands = help
        .stdout
        .split_once("\nCommands:\n")
        .map_or("", |(_, rest)| rest);
    let lines = commands.lines().take_while(|line| !line.is_empty());
    let names = lines.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let names: Vec<_> = names
        .filter(|name| !name.is_empty() && *name != "help")
        .collect();
    if names.is_empty() {
        found.insert(above.join(" "));
    }
    for name in names {
        let below = [above, &[name.to_owned()]].concat();
        leaves(relayd, &below, found);
    }
}

/// The command that a call is of.
fn command(call: &[&str], leaves: &BTreeSet<String>) -> Option<String> {
    let beginnings = (1..=call.len().min(3)).map(|words| call[..words].join(" "));
    beginnings.rev().find(|words| leaves.contains(words))
}

fn all_leaves(relayd: &Relayd) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    leaves(relayd, &[], &mut found);
    let called: BTreeSet<_> = CALLS
        .iter()
        .filter_map(|call| command(call, &found))
        .collect();
    let missing: Vec<_> = found.difference(&called).collect();
    assert!(
        missing.is_empty(),
        "say in CALLS how these are called: {missing:?}"
    );
    for &call in CALLS {
        assert!(command(call, &found).is_some(), "there is no {call:?}");
    }
    found
}

fn filled(call: &[&str], here: &str, queue: &str) -> Vec<String> {
    let fill = |word: &&str| word.replace("HERE", here).replace("QUEUE", queue);
    call.iter().map(fill).chain(["--json".to_owned()]).collect()
}

/// Kinds of values by where they are: `.workers[].last.at` is a `number`.
fn shape(value: &Value, at: &str, shapes: &mut BTreeMap<String, BTreeSet<&'static str>>) {
    let kind = match value {
        // Something or nothing may have happened meanwhile.
        Value::Null | Value::Number(_) if at.contains(".latency.") => "null or number",
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(list) => {
            for element in list {
                shape(element, &format!("{at}[]"), shapes);
            }
            "list"
        }
        Value::Object(members) => {
            for (name, member) in members {
                shape(member, &format!("{at}.{name}"), shapes);
            }
            "object"
        }
    };
    shapes.entry(at.to_owned()).or_default().insert(kind);
}

/// The shape in lines; of documents that have a schema of their own only what is on top.
fn shown(call: &[&str], finished: &Finished) -> String {
    let mut shapes = BTreeMap::new();
    match (
        finished.stdout.is_empty(),
        serde_json::from_str(&finished.stdout),
    ) {
        (false, Ok(value)) => shape(&value, "", &mut shapes),
        (true, _) => {
            let refused = serde_json::from_str(&finished.stderr);
            shape(
                &refused.unwrap_or_else(|_| panic!("{finished:?}")),
                " refused",
                &mut shapes,
            );
        }
        (_, Err(error)) => panic!("{call:?}: {error}: {finished:?}"),
    }
    let is_document = call == ["openapi"] || call == ["config", "schema"];
    let mut text = format!("{}\n", call.join(" "));
    for (at, kinds) in &shapes {
        if !is_document || at.matches('.').count() < 2 {
            let kinds: Vec<_> = kinds.iter().copied().collect();
            writeln!(text, "  {at} {}", kinds.join(" or ")).expect("a string takes everything");
        }
    }
    text
}

/// A queue, by its sender's id.
fn queue(bed: &Bed) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(async {
        let (client, _events) = Smp::of(bed).client().await;
        let mut rng = rng();
        let new = NewQueue::with(QueueKey::ed25519(&mut rng));
        let queue = client.create(new, &mut rng).await.expect("made");
        to_base64url(&queue.sender_id)
    })
}

#[test]
fn every_command_answers_in_json_of_a_stable_shape() {
    let bed = Bed::new().with_sogs().with_smp();
    let (sogs, smp) = (bed.listen("sogs"), bed.listen("smp"));
    let (bed, daemon) = bed
        .with("sogs.base_url", format!("http://{sogs}"))
        .with("smp.hosts", vec!["127.0.0.1"])
        .with("smp.port", i64::from(smp.port()))
        .start_kept();
    all_leaves(daemon.how());
    let here = bed.dir().display().to_string();
    std::fs::write(bed.dir().join("sogs.ini"), SOGS_INI).expect("written");
    let queue = queue(&bed);
    let mut shapes = String::new();
    for &call in CALLS {
        // Another process would go on; handovers have tests of their own.
        if call[0] == "upgrade" {
            continue;
        }
        let finished = daemon.relayctl(filled(call, &here, &queue));
        assert!(
            matches!(finished.code, Some(0 | 1)),
            "{call:?}: {finished:?}"
        );
        let told = shown(call, &finished);
        shapes += &told.replace(ID, "ID");
    }
    insta::assert_snapshot!(shapes);
}

#[test]
fn without_a_daemon_every_command_says_so_or_works() {
    let bed = Bed::new().with_sogs().with_smp();
    let relayd = bed.relayd();
    let there = all_leaves(&relayd);
    let here = bed.dir().display().to_string();
    std::fs::write(bed.dir().join("sogs.ini"), SOGS_INI).expect("written");
    for &call in CALLS {
        let name = command(call, &there).expect("it is there");
        let finished = relayd.relayctl(filled(call, &here, "AAAA"));
        let alone = ALONE.contains(&&*name) && !call.contains(&"--running");
        if alone || name == "backup restore" {
            assert!(
                matches!(finished.code, Some(0 | 1)),
                "{call:?}: {finished:?}"
            );
            shown(call, &finished);
            continue;
        }
        assert_eq!(
            (finished.code, &*finished.stdout),
            (Some(3), ""),
            "{call:?}: {finished:?}"
        );
        let error: Value = serde_json::from_str(&finished.stderr).expect("JSON");
        let line = error["error"].as_str().expect("a line");
        assert!(line.contains("start relayd"), "{call:?}: {line}");
        let mut words = filled(call, &here, "AAAA");
        words.pop();
        let text = relayd.relayctl(&words);
        assert_eq!(text.stderr.lines().count(), 1, "{call:?}: {text:?}");
        assert!(text.stderr.starts_with("relayctl: "), "{call:?}: {text:?}");
    }
    assert!(!bed.data().exists(), "asking leaves nothing behind");
}
