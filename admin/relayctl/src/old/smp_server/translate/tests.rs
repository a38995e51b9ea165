use super::super::ini::Ini;
use super::super::options::Given;
use super::super::template::{self, Passwords};
use super::super::wanted::Wanted;
use super::*;

fn places() -> Places {
    Places {
        configuration: "/etc/opt/simplex".into(),
        state: "/var/opt/simplex".into(),
    }
}

fn translated(text: &str) -> Translation {
    translate(&Ini::parse(text).unwrap(), &places()).unwrap_or_else(|error| panic!("{error}"))
}

fn refusal(text: &str) -> String {
    let translated = translate(&Ini::parse(text).unwrap(), &places());
    translated.expect_err("it makes no sense").to_string()
}

fn value<'a>(table: &'a Table, key: &str) -> Option<&'a Value> {
    let (mut table, mut key) = (table, key);
    while let Some((section, rest)) = key.split_once('.') {
        table = table.get(section)?.as_table()?;
        key = rest;
    }
    table.get(key)
}

/// The daemon takes the configuration as it is.
fn accepted(config: &Table) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("relayd.toml");
    std::fs::write(&file, config.to_string()).unwrap();
    let sources = relay_config::Sources {
        flag: Some(file),
        ..relay_config::Sources::default()
    };
    let drawn = relay_core::lifecycle::Blueprint::draw(&sources, &relayd::protocols());
    drawn.unwrap_or_else(|error| panic!("{error}\n{config}"));
}

#[test]
fn what_init_writes_asks_for_nothing_that_is_not_done() {
    let mut wanted = Wanted::of(&Given::default()).unwrap();
    wanted.fqdn = Some("smp.example.org".into());
    let passwords = Passwords {
        create: Some("test".into()),
        control: None,
    };
    let text = template::text(&wanted, &places(), &passwords);
    let translation = translated(&text);
    assert_eq!(translation.dropped, []);
    let config = &translation.config;
    accepted(config);
    let expected: [(&str, Value); 9] = [
        ("smp.hosts", vec!["smp.example.org"].into()),
        ("smp.listen", vec!["[::]:5223", "[::]:443"].into()),
        ("smp.create_password", "test".into()),
        ("smp.new_queues", true.into()),
        ("smp.identity.folder", "/etc/opt/simplex".into()),
        ("smp.queues.message_lifetime", "1814400s".into()),
        ("smp.queues.expire_on_send", false.into()),
        ("smp.connections.idle_timeout", "21600s".into()),
        ("smp.statistics.daily_log", false.into()),
    ];
    for (key, expected) in expected {
        assert_eq!(value(config, key), Some(&expected), "{key}");
    }
    assert!(
        translation.told.web.trouble.is_some(),
        "web.crt is not there"
    );
}

#[test]
fn the_file_of_2023_is_understood() {
    let text = "[STORE_LOG]\nenable: on\nlog_stats: on\n[AUTH]\ncreate_password: pw\n[TRANSPORT]\nhost: a.example.org, b.onion\nport: 5223\nwebsockets: off\n[INACTIVE_CLIENTS]\ndisconnect: off\n";
    let translation = translated(text);
    assert_eq!(translation.dropped, []);
    accepted(&translation.config);
    let hosts = Value::from(vec!["a.example.org", "b.onion"]);
    assert_eq!(value(&translation.config, "smp.hosts"), Some(&hosts));
    let idle = Value::from("0s");
    let key = "smp.connections.idle_timeout";
    assert_eq!(value(&translation.config, key), Some(&idle));
    let told = translation.told;
    assert_eq!((told.inactive, told.transport.shown_port()), (None, None));
}

#[test]
fn what_has_no_effect_is_said_without_its_value() {
    let text = "[STORE_LOG]\nenable = off\nprometheus_interval = 60\n[TRANSPORT]\nport = 443\nwebsockets = on\n[AUTH]\nsecret = hunter2\n[OTHER]\nx = y\n";
    let translation = translated(text);
    accepted(&translation.config);
    let said: Vec<String> = translation
        .dropped
        .iter()
        .map(ToString::to_string)
        .collect();
    let begins = [
        "[STORE_LOG] enable: ",
        "[STORE_LOG] prometheus_interval: ",
        "[TRANSPORT] websockets: ",
        "[AUTH] secret: ",
        "[OTHER] x: ",
    ];
    assert_eq!(said.len(), begins.len(), "{said:?}");
    for (line, begin) in said.iter().zip(begins) {
        assert!(
            line.starts_with(begin) && !line.contains("hunter2"),
            "{line}"
        );
    }
    assert_eq!(translation.told.transport.shown_port(), Some(443));
}

#[test]
fn values_that_make_no_sense_are_refused_by_name() {
    for (text, name) in [
        ("[TRANSPORT]\nhost = a\n", "[TRANSPORT] port"),
        ("[TRANSPORT]\nport = 5223, x\n", "[TRANSPORT] port"),
        ("[TRANSPORT]\nport = 0\n", "[TRANSPORT] port"),
        (
            "[TRANSPORT]\nport = 1\n[AUTH]\nnew_queues = yes\n",
            "[AUTH] new_queues",
        ),
        (
            "[AUTH]\ncreate_password = hunter 2\n",
            "[AUTH] create_password",
        ),
        (
            "[STORE_LOG]\nstore_queues = tape\n",
            "[STORE_LOG] store_queues",
        ),
        (
            "[STORE_LOG]\nstore_messages = database\n",
            "[STORE_LOG] store_messages",
        ),
        (
            "[STORE_LOG]\nexpire_messages_days = 99999999999999999\n",
            "[STORE_LOG] expire_messages_days",
        ),
        (
            "[TRANSPORT]\nport = 1\n[INACTIVE_CLIENTS]\ndisconnect = on\n",
            "[INACTIVE_CLIENTS] ttl",
        ),
    ] {
        let line = refusal(text);
        assert!(line.starts_with(name) && !line.contains("hunter"), "{line}");
    }
}

#[test]
fn what_is_passed_on_goes_the_way_it_went() {
    let text = "[TRANSPORT]\nport = 5223\n[PROXY]\nsocks_proxy = :9050\nsocks_mode = always\nhost_mode = onion\nrequired_host_mode = on\nown_server_domains = a.example b.example\nclient_concurrency = 7\n";
    let translation = translated(text);
    assert_eq!(translation.dropped, []);
    accepted(&translation.config);
    for (key, expected) in [
        ("socks_proxy", Value::from("localhost:9050")),
        ("socks_mode", "always".into()),
        ("host_mode", "onion".into()),
        ("required_host_mode", true.into()),
        ("own_server_domains", vec!["a.example", "b.example"].into()),
        ("client_concurrency", 7.into()),
    ] {
        let key = format!("smp.proxy.{key}");
        assert_eq!(value(&translation.config, &key), Some(&expected), "{key}");
    }
    for line in [
        "socks_proxy = a b",
        "socks_mode = always",
        "host_mode = x",
        "client_concurrency = 0",
    ] {
        let refused = refusal(&format!("[TRANSPORT]\nport = 1\n[PROXY]\n{line}\n"));
        assert!(refused.starts_with("[PROXY] "), "{refused}");
    }
}

#[test]
fn names_are_resolved_by_whom_they_were() {
    let text = "[TRANSPORT]\nport = 5223\n[NAMES]\nenable: on\nresolver_endpoint: http://127.0.0.1:8000\nresolver_auth: bearer hunter2\nresolver_timeout_ms: 2500\nresolver_max_response_bytes: 8000\nresolver_concurrency: 7\n";
    let translation = translated(text);
    assert_eq!(translation.dropped, []);
    accepted(&translation.config);
    for (key, expected) in [
        ("resolver", Value::from("http://127.0.0.1:8000")),
        ("authorization", "bearer hunter2".into()),
        ("timeout", "2500ms".into()),
        ("max_response", 8000.into()),
        ("concurrency", 7.into()),
    ] {
        let key = format!("smp.names.{key}");
        assert_eq!(value(&translation.config, &key), Some(&expected), "{key}");
    }
    let off = translated(&text.replace("enable: on", "enable: off"));
    assert_eq!(
        (value(&off.config, "smp.names"), off.dropped),
        (None, vec![])
    );
}

#[test]
fn names_that_could_not_be_resolved_are_refused() {
    let on = "[TRANSPORT]\nport = 1\n[NAMES]\nenable: on\n";
    let at = "resolver_endpoint: http://names.example.org\n";
    for (rest, key) in [
        ("", "resolver_endpoint is needed"),
        ("resolver_endpoint: ftp://hunter2\n", "resolver_endpoint"),
        (
            "resolver_endpoint: http://u:hunter2@localhost\n",
            "resolver_endpoint",
        ),
        (
            &*format!("{at}resolver_auth: bearer hunter2\n"),
            "resolver_auth",
        ),
        (
            &*format!("{at}resolver_timeout_ms: 99\n"),
            "resolver_timeout_ms",
        ),
        (
            &*format!("{at}resolver_max_response_bytes: 1000\n"),
            "resolver_max_response_bytes",
        ),
        (
            &*format!("{at}resolver_concurrency: 0\n"),
            "resolver_concurrency",
        ),
        (
            &*format!("{at}resolver_concurrency: many\n"),
            "resolver_concurrency",
        ),
    ] {
        let line = refusal(&format!("{on}{rest}"));
        let wanted = format!("[NAMES] {key}");
        assert!(
            line.starts_with(&wanted) && !line.contains("hunter"),
            "{line}"
        );
    }
}

#[test]
fn a_database_stays_one() {
    let text = "[STORE_LOG]\nstore_queues = database\nstore_messages = database\n[TRANSPORT]\nport = 5223\n";
    let translation = translated(text);
    accepted(&translation.config);
    let url = Value::from("postgresql://smp@/smp_server_store");
    assert_eq!(value(&translation.config, "storage.url"), Some(&url));
}
