//! What the text of an environment variable means depends on the key.

mod support;

use proptest::prelude::*;
use relay_config::{ByteSize, Span};
use support::{Durability, Machine, Peer, Storage};

fn listen(text: &str) -> String {
    Machine::new()
        .env("RELAYD__SMP__LISTEN", text)
        .smp()
        .listen
        .to_string()
}

#[test]
fn a_text_stays_as_it_is() {
    let machine = Machine::new().env("RELAYD__SMP__CREATE_PASSWORD", "007");
    assert_eq!(machine.smp().create_password.unwrap().reveal(), "007");
    let machine = Machine::new().env("RELAYD__STORAGE__URL", "\"quoted\" = [1]");
    let storage: Storage = machine.loaded().section().unwrap();
    assert_eq!(storage.url.as_deref(), Some("\"quoted\" = [1]"));
}

#[test]
fn a_choice_is_a_text() {
    let machine = Machine::new().env("RELAYD__STORAGE__DURABILITY", "process");
    let storage: Storage = machine.loaded().section().unwrap();
    assert_eq!(storage.durability, Durability::Process);
}

#[test]
fn a_list_is_an_array_or_separated_by_commas() {
    assert_eq!(listen("a:1"), "a:1");
    assert_eq!(listen("a:1, b:2,"), "a:1,b:2");
    assert_eq!(listen("[\"a:1\", \"b:2\"]"), "a:1,b:2");
    assert_eq!(listen("[::1]:5223"), "[::1]:5223");
    assert_eq!(listen(""), "");
}

#[test]
fn anything_else_is_read_as_toml_or_as_text() {
    let machine = Machine::new()
        .env("RELAYD__SMP__ENABLED", "false")
        .env("RELAYD__SMP__SAMPLE", "0.5")
        .env("RELAYD__SMP__LIMITS__IDLE", "10s")
        .env("RELAYD__SMP__LIMITS__BLOCK", "32KiB")
        .env("RELAYD__SMP__LIMITS__CONNECTIONS", "7")
        .env("RELAYD__SMP__PEERS", "[{ host = 'a', port = 1 }]");
    let smp = machine.smp();
    assert!(!smp.enabled);
    assert_eq!(smp.sample, Some(0.5));
    assert_eq!(smp.limits.idle, Span::secs(10));
    assert_eq!(smp.limits.block, ByteSize::kib(32));
    assert_eq!(smp.limits.connections, 7);
    assert_eq!(
        smp.peers,
        [Peer {
            host: "a".to_owned(),
            port: 1
        }]
    );
}

#[test]
fn a_whole_table_comes_before_its_keys() {
    let machine = Machine::new()
        .env("RELAYD__SMP__LIMITS__IDLE", "2s")
        .env("RELAYD__SMP__LIMITS", "{ idle = '1s', connections = 3 }");
    let limits = machine.smp().limits;
    assert_eq!((limits.idle, limits.connections), (Span::secs(2), 3));
}

#[test]
fn keys_of_a_map_are_free() {
    let machine = Machine::new().env("RELAYD__SMP__NAMES__HOST", "7");
    assert_eq!(machine.smp().names["host"], "7");
}

#[test]
fn other_variables_are_no_business_of_ours() {
    let machine = Machine::new()
        .env("PATH", "x")
        .env("RELAYD_LOG", "y")
        .env("relayd__smp__x", "z");
    machine.loaded();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_for_any_key_is_survived(text in ".*", key in "(SMP|STORAGE|X)?(__[A-Z_]{0,8}){0,3}") {
        for name in ["SMP__LISTEN", "SMP__PEERS", "SMP__LIMITS", "SMP__NAMES__A", &key] {
            let _ = Machine::new().env(&format!("RELAYD__{name}"), &text).load();
        }
    }
}
