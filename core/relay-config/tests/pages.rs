//! What is generated from the types: the example file, the schema, `show` and `diff`.

mod support;

use insta::assert_snapshot;
use relay_config::{diff, example, render, schema, show};
use serde_json::{Value, json, to_value};
use support::{Machine, Smp, Storage, Top, specs, with};

#[test]
fn the_example_is_the_manual() {
    assert_snapshot!(example(&specs()), @r#"
    # The configuration of relayd. Every key is here, with its manual.
    #
    # A key right behind a # shows its default: take the # away to set it. A key behind a # and a space
    # is a sample for what is not set. Whatever is left out keeps its default. Files in conf.d beside
    # this one are read after it, in the order of their names, and an environment variable such as
    # RELAYD__SECTION__KEY wins over all.
    #
    # Durations are written like 250ms, 10s, 5m, 12h or 21d; sizes like 512, 16KiB, 64MiB or 2GiB.

    # What belongs to all of them.

    # Where data is kept.
    # Default: "./relay-data".
    #data_dir = "./relay-data"

    # The store.
    [storage]

    # What an acknowledged message survives.
    # One of:
    # - "power": A power cut.
    # - "process": The death of the process, at twice the speed.
    # Default: "power".
    #durability = "power"

    # The database, which may hold a password.
    # Not set by default. For example:
    # url = "postgres://relayd@localhost/relayd"

    # The SMP relay: it keeps messages until their recipient takes them.
    #
    # It speaks TLS.
    [smp]

    # Whether it runs.
    # Default: true.
    #enabled = true

    # Addresses to listen on. A line long enough to be wrapped, so that the example shows how a
    # paragraph is filled again to a hundred columns.
    # Default: ["127.0.0.1:5223"].
    #listen = ["127.0.0.1:5223"]

    # Who knows this may create queues.
    # Not set by default. For example:
    # create_password = "correct horse battery staple"

    # Share of the messages to trace.
    # Not set by default. For example:
    # sample = 1.0

    # Names for log lines, by address.
    # Default: { "::1" = "here" }.
    #names = { "::1" = "here" }

    # Other relays.
    # Default: [].
    #peers = []

    # What one client may use.
    [smp.limits]

    # How long an idle connection stays open.
    # A reload (SIGHUP) takes a new value over. Default: "15m".
    #idle = "15m"

    # The largest block.
    # A reload (SIGHUP) takes a new value over. Default: "16KiB".
    #block = "16KiB"

    # Connections of one address.
    # A reload (SIGHUP) takes a new value over. Default: 100.
    #connections = 100

    # A certificate from an authority.
    # [smp.acme]

    # Who is told about trouble.
    # Default: "".
    # contact = ""
    "#);
}

/// A default is a `#` with the key right behind it.
fn uncommented() -> String {
    let lines = example(&specs());
    let lines: Vec<_> = lines
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(key) if key.starts_with(|c: char| c.is_ascii_alphanumeric()) => key,
            _ => line,
        })
        .collect();
    lines.join("\n")
}

#[test]
fn the_example_as_it_stands_and_uncommented_means_the_defaults() {
    for text in [example(&specs()), uncommented()] {
        let loaded = with(&text).loaded();
        assert_eq!(loaded.section::<Top>().unwrap(), Top::default());
        assert_eq!(loaded.section::<Storage>().unwrap(), Storage::default());
        assert_eq!(loaded.section::<Smp>().unwrap(), Smp::default());
        assert!(
            show(&loaded, &specs())
                .iter()
                .all(|key| !key.changed_from_default)
        );
    }
}

fn is_sample(line: &str) -> bool {
    line.starts_with('[') || line.split(' ').nth(1) == Some("=")
}

#[test]
fn the_samples_load_too() {
    let text = uncommented();
    let samples: Vec<_> = text
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(sample) if is_sample(sample) => sample,
            _ => line,
        })
        .collect();
    let smp: Smp = with(&samples.join("\n")).loaded().section().unwrap();
    assert_eq!(
        smp.create_password.unwrap().reveal(),
        "correct horse battery staple"
    );
    assert!(smp.acme.is_some());
}

fn changed() -> Machine {
    with("[smp]\nlisten = 'a:1'\ncreate_password = 'hunter2'\n[smp.limits]\nidle = 900\n")
        .env("RELAYD__STORAGE__URL", "postgres://u:hunter2@h/d")
        .env("RELAYD__SMP__LIMITS__CONNECTIONS", "7")
}

#[test]
fn show_tells_every_value_and_where_it_was_said() {
    let machine = changed();
    let text = render(&show(&machine.loaded(), &specs()));
    assert_snapshot!(machine.local(&text), @r#"
    data_dir = "./relay-data"  # from default

    [storage]
    durability = "power"  # from default
    url = "<hidden>"      # from environment RELAYD__STORAGE__URL

    [smp]
    enabled = true                # from default
    listen = ["a:1"]              # from home/relayd.toml:2
    create_password = "<hidden>"  # from home/relayd.toml:3
    # sample is not set           # from default
    names = { "::1" = "here" }    # from default
    peers = []                    # from default

    [smp.limits]
    idle = "15m"     # from home/relayd.toml:5
    block = "16KiB"  # from default
    connections = 7  # from environment RELAYD__SMP__LIMITS__CONNECTIONS
    "#);
    assert!(toml::from_str::<toml::Table>(&text).is_ok());
}

#[test]
fn show_is_data_for_scripts() {
    let list = show(&changed().loaded(), &specs());
    let password = list
        .iter()
        .find(|key| key.key == "smp.create_password")
        .unwrap();
    let idle = list
        .iter()
        .find(|key| key.key == "smp.limits.idle")
        .unwrap();
    assert_eq!(password.value, "<hidden>");
    assert!(password.changed_from_default && password.secret);
    let mut idle = to_value(idle).unwrap();
    idle["origin"].take();
    assert_eq!(
        idle,
        json!({
            "key": "smp.limits.idle",
            "value": "15m",
            "origin": null,
            "secret": false,
            "reloadable": true,
            "changed_from_default": false,
        })
    );
    assert!(!format!("{list:?}").contains("hunter2"));
}

#[test]
fn diff_tells_what_a_reload_changes() {
    let old = changed().loaded();
    let new =
        with("[smp]\nlisten = ['a:1']\ncreate_password = 'other'\n[smp.limits]\nidle = '20m'\n")
            .env("RELAYD__STORAGE__URL", "postgres://u:hunter2@h/d")
            .env("RELAYD__SMP__LIMITS__CONNECTIONS", "7")
            .loaded();
    let changes = to_value(diff(&old, &new, &specs())).unwrap();
    assert_eq!(
        changes,
        json!([
            { "key": "smp.create_password", "reloadable": false, "old": "<hidden>", "new": "<hidden>" },
            { "key": "smp.limits.idle", "reloadable": true, "old": "15m", "new": "20m" },
        ])
    );
    assert!(diff(&old, &old, &specs()).is_empty());
}

#[test]
fn nothing_we_print_for_debugging_holds_a_secret() {
    let loaded = changed().loaded();
    assert!(!format!("{loaded:?}").contains("hunter2"));
    assert!(!format!("{:?}", loaded.section::<Smp>()).contains("hunter2"));
}

#[test]
fn the_schema_is_one_for_the_whole_file() {
    let schema = schema(&specs());
    let at = |pointer| schema.pointer(pointer).cloned().unwrap_or_default();
    assert_eq!(at("/additionalProperties"), Value::Bool(false));
    assert_eq!(at("/properties/data_dir/type"), json!("string"));
    assert_eq!(
        at("/properties/smp/properties/limits/x-reload"),
        Value::Bool(true)
    );
    assert_eq!(
        at("/properties/smp/properties/limits/properties/idle/default"),
        json!("1m")
    );
    assert_eq!(
        at("/properties/smp/properties/create_password/x-secret"),
        Value::Bool(true)
    );
}
