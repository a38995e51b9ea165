//! Every kind of problem, and the exact line an operator reads.

mod support;

use insta::assert_snapshot;
use support::{Machine, with};

#[test]
fn a_misspelt_key_is_told_the_nearest() {
    assert_snapshot!(with("[smp]\nlistn = 'a:1'").problem(), @"home/relayd.toml:2: unknown key `smp.listn`; did you mean `smp.listen`?");
    assert_snapshot!(with("[smp.limits]\n\nIdle-Time = 1\n").problem(), @"home/relayd.toml:3: unknown key `smp.limits.Idle-Time`; known here: idle, block, connections");
    assert_snapshot!(with("datadir = 'x'").problem(), @"home/relayd.toml:1: unknown key `datadir`; did you mean `data_dir`?");
    assert_snapshot!(with("[smp]\nlimits.conections = 1").problem(), @"home/relayd.toml:2: unknown key `smp.limits.conections`; did you mean `smp.limits.connections`?");
}

#[test]
fn a_key_in_the_wrong_place_is_told_the_right_one() {
    assert_snapshot!(with("listen = 'a:1'").problem(), @"home/relayd.toml:1: unknown key `listen`; did you mean `smp.listen`?");
    assert_snapshot!(with("[storage]\nidle = '1s'").problem(), @"home/relayd.toml:2: unknown key `storage.idle`; did you mean `smp.limits.idle`?");
    assert_snapshot!(with("[smp]\n'limits.idle' = 1").problem(), @r#"home/relayd.toml:2: unknown key `smp."limits.idle"`; did you mean `smp.limits.idle`?"#);
}

#[test]
fn a_key_like_no_other_is_told_all_there_are() {
    assert_snapshot!(with("[smp.limits]\nxyzzy = 1").problem(), @"home/relayd.toml:2: unknown key `smp.limits.xyzzy`; known here: idle, block, connections");
}

#[test]
fn an_unknown_section_is_one_problem() {
    assert_snapshot!(with("[smpp]\na = 1\nb = 2").problem(), @"home/relayd.toml:1: unknown section `smpp`; did you mean `smp`?");
    assert_snapshot!(with("[sogs]\nlisten = 1").problem(), @"home/relayd.toml:1: unknown section `sogs`; known here: data_dir, storage, smp");
}

#[test]
fn a_key_unknown_inside_a_list_is_found() {
    assert_snapshot!(with("[[smp.peers]]\nhost = 'a'\nprot = 1").problem(), @"home/relayd.toml:3: unknown key `smp.peers[0].prot`; did you mean `smp.peers[0].port`?");
}

#[test]
fn an_unknown_variable_is_named() {
    let machine = Machine::new().env("RELAYD__SMP__LISTN", "a:1");
    assert_snapshot!(machine.problem(), @"environment RELAYD__SMP__LISTN: unknown key `smp.listn`; did you mean `RELAYD__SMP__LISTEN`?");
    let machine = Machine::new().env("RELAYD__SMPP__LISTEN", "a:1");
    assert_snapshot!(machine.problem(), @"environment RELAYD__SMPP__LISTEN: unknown section `smpp`; did you mean `RELAYD__SMP__LISTEN`?");
    let machine = Machine::new().env("RELAYD__SMP_LISTEN", "a:1");
    assert_snapshot!(machine.problem(), @"environment RELAYD__SMP_LISTEN: unknown key `smp_listen`; did you mean `RELAYD__SMP__LISTEN`?");
    let machine = Machine::new().env("RELAYD_SMP_LISTEN", "a:1");
    assert_snapshot!(machine.problem(), @"environment RELAYD_SMP_LISTEN: unknown variable `RELAYD_SMP_LISTEN`; did you mean `RELAYD__SMP__LISTEN`?");
    let machine = Machine::new().env("RELAYD__", "a:1");
    assert_snapshot!(machine.problem(), @r#"environment RELAYD__: unknown key `""`; known here: data_dir, storage, smp"#);
}

#[test]
fn a_newtype_s_own_refusal_comes_through() {
    assert_snapshot!(with("[smp]\nlisten = 'abc'").problem(), @r#"home/relayd.toml:2: smp.listen: `abc` is not an address like 127.0.0.1:8080; for example `listen = ["127.0.0.1:5223"]`"#);
    assert_snapshot!(with("[smp]\nlisten = [\n  'a:1',\n  'abc',\n]").problem(), @r#"home/relayd.toml:4: smp.listen[1]: `abc` is not an address like 127.0.0.1:8080; for example `listen = ["127.0.0.1:5223"]`"#);
    assert_snapshot!(with("smp.limits.idle = 'soon'").problem(), @r#"home/relayd.toml:1: smp.limits.idle: `soon` is not a duration like 250ms, 10s, 5m, 12h, 21d or 1h30m; for example `idle = "15m"`"#);
    assert_snapshot!(with("smp.limits.block = -1").problem(), @r#"home/relayd.toml:1: smp.limits.block: `-1` is negative; a size is not; for example `block = "16KiB"`"#);
    let machine = Machine::new().env("RELAYD__SMP__LISTEN", "abc");
    assert_snapshot!(machine.problem(), @"environment RELAYD__SMP__LISTEN: smp.listen[0]: `abc` is not an address like 127.0.0.1:8080; for example `RELAYD__SMP__LISTEN=127.0.0.1:5223`");
}

#[test]
fn a_wrong_type_is_told_what_is_expected() {
    assert_snapshot!(with("smp.enabled = 'yes'").problem(), @r#"home/relayd.toml:1: smp.enabled: invalid type: string "yes", expected a boolean; for example `enabled = true`"#);
    assert_snapshot!(with("smp.limits.connections = 70000").problem(), @"home/relayd.toml:1: smp.limits.connections: invalid value: integer `70000`, expected a whole number from 0 to 65535; for example `connections = 100`");
    assert_snapshot!(with("smp.limits.idle = true").problem(), @r#"home/relayd.toml:1: smp.limits.idle: invalid type: boolean `true`, expected a duration like "10s", or a number of seconds; for example `idle = "15m"`"#);
    assert_snapshot!(with("smp.sample = inf").problem(), @r#"home/relayd.toml:1: smp.sample: invalid type: string "inf", expected a number; correct it"#);
    assert_snapshot!(with("[[smp.peers]]\nport = 1").problem(), @"home/relayd.toml:1: smp.peers[0]: missing field `host`; add it");
    let machine = Machine::new().env("RELAYD__SMP__LIMITS__CONNECTIONS", "many");
    assert_snapshot!(machine.problem(), @r#"environment RELAYD__SMP__LIMITS__CONNECTIONS: smp.limits.connections: invalid type: string "many", expected a whole number from 0 to 65535; for example `RELAYD__SMP__LIMITS__CONNECTIONS=100`"#);
}

#[test]
fn a_wrong_choice_is_told_the_nearest() {
    assert_snapshot!(with("storage.durability = 'proces'").problem(), @r#"home/relayd.toml:1: storage.durability: "proces" is not one of "power", "process"; did you mean "process"?"#);
    assert_snapshot!(with("storage.durability = 'never'").problem(), @r#"home/relayd.toml:1: storage.durability: "never" is not one of "power", "process"; for example `durability = "power"`"#);
}

#[test]
fn a_value_in_place_of_a_table_is_told_how_to_write_one() {
    assert_snapshot!(with("smp = 5").problem(), @"home/relayd.toml:1: smp: this is a table, not a value; write its keys under [smp]");
    assert_snapshot!(with("[smp]\nlimits = 'none'").problem(), @"home/relayd.toml:2: smp.limits: this is a table, not a value; write its keys under [smp.limits]");
}

#[test]
fn broken_toml_is_placed_by_line_and_column() {
    assert_snapshot!(with("[smp]\nlisten = abc\n").problem(), @"home/relayd.toml:2:10: string values must be quoted, expected literal string");
    assert_snapshot!(with("[smp]\nä = 'open\n").problem(), @"home/relayd.toml:2:1: invalid unquoted key, expected letters, numbers, `-`, `_`");
    assert_snapshot!(with("a = 1\na = 2\n").problem(), @"home/relayd.toml:2:1: `a` is here twice; keep one");
    assert_snapshot!(with("[smp").problem(), @"home/relayd.toml:1:5: unclosed table, expected `]`");
}

#[test]
fn a_named_file_that_is_missing_says_who_named_it() {
    assert_snapshot!(Machine::new().flag("/nowhere/x.toml").problem(), @"/nowhere/x.toml: this file does not exist, but --config names it; create it or name another");
    let machine = Machine::new().env("RELAYD_CONFIG", "/nowhere/x.toml");
    assert_snapshot!(machine.problem(), @"/nowhere/x.toml: this file does not exist, but RELAYD_CONFIG names it; create it or name another");
}

#[test]
fn a_directory_in_place_of_a_file() {
    let machine = Machine::new().file("home/relayd.toml/x", "");
    assert_snapshot!(machine.problem(), @"home/relayd.toml: cannot read this: it is a directory; put a file in its place");
    let machine = with("").file("home/conf.d", "");
    assert_snapshot!(machine.problem(), @"home/conf.d: cannot read this: it is not a directory; put one in its place");
}

#[test]
fn text_that_is_not_utf8() {
    let machine = Machine::new().file("home/relayd.toml", b"a = 1\nb = '\xff'");
    assert_snapshot!(machine.problem(), @"home/relayd.toml: cannot read this: line 2 is not UTF-8; save the file as UTF-8");
    let machine = Machine::new().env("RELAYD__DATA_DIR", "a\u{fffd}");
    assert_snapshot!(machine.problem(), @"environment RELAYD__DATA_DIR: data_dir: the value is not UTF-8; set it again as UTF-8");
}

#[test]
fn secrets_are_not_repeated() {
    assert_snapshot!(with("smp.create_password = 31337").problem(), @r#"home/relayd.toml:1: smp.create_password: this value does not fit; it is secret and not shown; for example `create_password = "correct horse battery staple"`"#);
    assert_snapshot!(with("storage.url = ['31337']").problem(), @r#"home/relayd.toml:1: storage.url: this value does not fit; it is secret and not shown; for example `url = "postgres://relayd@localhost/relayd"`"#);
    assert_snapshot!(with("smp.create_password.x = '31337'").problem(), @r#"home/relayd.toml:1: smp.create_password: this value does not fit; it is secret and not shown; for example `create_password = "correct horse battery staple"`"#);
    assert_snapshot!(with("storage = '31337'").problem(), @"home/relayd.toml:1: storage: this is a table, not a value; write its keys under [storage]");
}

#[test]
fn every_problem_is_found_in_one_go() {
    let machine = with("nonsense = 1\n[smp]\nenabled = 1\nlisten = 'abc'\nlimits.idle = 'x'\n")
        .file("home/conf.d/a.toml", "broken")
        .file("home/conf.d/b.toml", "[storage]\ndurability = 7")
        .env("RELAYD__SMP__LIMITS__BLOCK", "big");
    assert_snapshot!(machine.problems().join("\n"), @r#"
    home/conf.d/a.toml:1:7: key with no value, expected `=`
    home/relayd.toml:1: unknown key `nonsense`; known here: data_dir, storage, smp
    home/conf.d/b.toml:2: storage.durability: 7 is not one of "power", "process"; for example `durability = "power"`
    home/relayd.toml:3: smp.enabled: invalid type: integer `1`, expected a boolean; for example `enabled = true`
    environment RELAYD__SMP__LIMITS__BLOCK: smp.limits.block: `big` is not a size like 512, 16KiB, 64MiB or 2GiB; for example `RELAYD__SMP__LIMITS__BLOCK=16KiB`
    home/relayd.toml:5: smp.limits.idle: `x` is not a duration like 250ms, 10s, 5m, 12h, 21d or 1h30m; for example `idle = "15m"`
    home/relayd.toml:4: smp.listen: `abc` is not an address like 127.0.0.1:8080; for example `listen = ["127.0.0.1:5223"]`
    "#);
    let display = machine.load().unwrap_err().to_string();
    assert_snapshot!(machine.local(&display), @"home/conf.d/a.toml:1:7: key with no value, expected `=` (and 6 more problems)");
}

#[test]
fn owners_report_what_only_they_can_see() {
    let machine = with("[smp]\nlisten = 'a:1'");
    let loaded = machine.loaded();
    let error = |key| {
        machine.local(
            &loaded
                .error_at(key, "a:1 is taken by sogs.listen")
                .to_string(),
        )
    };
    assert_snapshot!(error("smp.listen"), @"home/relayd.toml:2: smp.listen: a:1 is taken by sogs.listen");
    assert_snapshot!(error("smp.limits.idle"), @"smp.limits.idle: a:1 is taken by sogs.listen");
}
