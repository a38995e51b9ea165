//! Which files are read, and which value wins.

mod support;

use relay_config::{ByteSize, Section, SectionSpec, Span, load_only};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use support::{Address, Limits, Machine, Smp, Top, with};

#[test]
fn without_any_file_the_defaults_hold() {
    let loaded = Machine::new().loaded();
    assert_eq!(loaded.file(), None);
    assert_eq!(loaded.section::<Smp>().unwrap(), Smp::default());
    assert_eq!(loaded.section::<Top>().unwrap(), Top::default());
}

#[test]
fn the_flag_is_stronger_than_the_variable_than_the_directory_than_the_system() {
    let mut machine = Machine::new()
        .file("etc/relayd.toml", "data_dir = 'system'")
        .file("home/relayd.toml", "data_dir = 'directory'")
        .file("home/variable.toml", "data_dir = 'variable'")
        .file("home/flag.toml", "data_dir = 'flag'")
        .env("RELAYD_CONFIG", "variable.toml")
        .flag("flag.toml");
    let data_dir = |machine: &Machine| machine.loaded().section::<Top>().unwrap().data_dir;

    assert_eq!(data_dir(&machine).to_str(), Some("flag"));
    machine.sources.flag = None;
    assert_eq!(data_dir(&machine).to_str(), Some("variable"));
    machine.sources.env.clear();
    assert_eq!(data_dir(&machine).to_str(), Some("directory"));
    std::fs::remove_file(machine.path().join("home/relayd.toml")).unwrap();
    assert_eq!(data_dir(&machine).to_str(), Some("system"));
}

#[test]
fn an_empty_variable_names_no_file() {
    let machine = with("data_dir = 'directory'").env("RELAYD_CONFIG", "");
    assert_eq!(
        machine.loaded().file(),
        Some(machine.path().join("home/relayd.toml").as_path())
    );
}

#[test]
fn conf_d_is_read_after_the_file_in_the_order_of_names() {
    let machine = with("[smp.limits]\nidle = '1s'\nblock = 1\nconnections = 1")
        .file("home/conf.d/20-b.toml", "[smp]\nlimits.idle = '3s'")
        .file(
            "home/conf.d/10-a.toml",
            "[smp.limits]\nidle = '2s'\nblock = 2",
        );
    let limits = machine.smp().limits;
    assert_eq!(limits.idle, Span::secs(3));
    assert_eq!(limits.block, ByteSize::bytes(2));
    assert_eq!(limits.connections, 1);
    assert_eq!(machine.loaded().files().len(), 3);
}

#[test]
fn conf_d_needs_a_file_beside_it_and_other_names_are_left_alone() {
    let broken = "this is not toml";
    let machine = Machine::new().file("home/conf.d/a.toml", "nonsense = 1");
    assert_eq!(machine.smp(), Smp::default());
    let machine = with("")
        .file("home/conf.d/a.toml.bak", broken)
        .file("home/conf.d/README", broken)
        .file("home/conf.d/.#a.toml", broken);
    assert_eq!(machine.smp(), Smp::default());
}

#[test]
fn the_environment_wins_over_every_file() {
    let machine = with("[smp]\nlisten = ['a:1', 'b:2']")
        .file("home/conf.d/a.toml", "[smp]\nlisten = 'c:3'")
        .env("RELAYD__SMP__LISTEN", "d:4")
        .env("RELAYD__DATA_DIR", "/srv");
    assert_eq!(*machine.smp().listen, [Address("d:4".to_owned())]);
    let top: Top = machine.loaded().section().unwrap();
    assert_eq!(top.data_dir.to_str(), Some("/srv"));
}

#[test]
fn a_table_keeps_the_section_s_own_defaults_where_it_says_nothing() {
    let limits = with("[smp.limits]\nconnections = 5").smp().limits;
    let own = Limits {
        idle: Span::secs(900),
        connections: 5,
        ..Limits::default()
    };
    assert_eq!(limits, own);
}

#[test]
fn a_written_map_replaces_the_default_one_and_merges_with_other_files() {
    let machine =
        with("[smp.names]\na = '1'\nb = '1'").file("home/conf.d/x.toml", "smp.names.b = '2'");
    let names: Vec<_> = machine.smp().names.into_iter().collect();
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(names, [pair("a", "1"), pair("b", "2")]);
}

#[test]
fn origins_name_the_last_who_said_it() {
    let machine = with("data_dir = 'x'\n[smp]\nlisten = [\n  'a:1',\n  'b:2',\n]\n")
        .file("home/conf.d/a.toml", "\n[smp.limits]\nidle = 1")
        .env("RELAYD__SMP__ENABLED", "false");
    let loaded = machine.loaded();
    let origin = |key| machine.local(&loaded.origin(key).to_string());
    assert_eq!(origin("data_dir"), "home/relayd.toml:1");
    assert_eq!(origin("smp.listen"), "home/relayd.toml:3");
    assert_eq!(origin("smp.listen[1]"), "home/relayd.toml:5");
    assert_eq!(origin("smp.limits.idle"), "home/conf.d/a.toml:3");
    assert_eq!(origin("smp.limits.block"), "default");
    assert_eq!(origin("smp.enabled"), "environment RELAYD__SMP__ENABLED");
}

/// The only section some other program knows.
#[derive(Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Admin {
    socket: Option<String>,
}

impl Section for Admin {
    const NAME: &'static str = "admin";
}

#[test]
fn another_program_reads_its_own_section_of_the_shared_file() {
    let machine =
        with("data_dir = 'x'\n[smp]\nlisten = 1\n[admin]\nsocket = 's'").env("RELAYD__SMP__X", "1");
    let specs = [SectionSpec::of::<Admin>()];
    let admin: Admin = load_only(&machine.sources, &specs)
        .unwrap()
        .section()
        .unwrap();
    assert_eq!(admin.socket.as_deref(), Some("s"));

    let machine = with("[admin]\nsokket = 's'");
    let error = load_only(&machine.sources, &specs).unwrap_err().to_string();
    assert!(
        error.ends_with("unknown key `admin.sokket`; did you mean `admin.socket`?"),
        "{error}"
    );
}
