//! Mistakes on the command line: exit code 2.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use crate::support::{House, done};

#[test]
fn relayctl_alone_shows_what_it_can_do() {
    let house = House::new();
    for args in [
        &[][..],
        &["worker"],
        &["backup"],
        &["config"],
        &["audit"],
        &["smp"],
    ] {
        let finished = house.relayd.relayctl(args);
        assert_eq!(
            (finished.code, &*finished.stdout),
            (Some(2), ""),
            "{finished:?}"
        );
        assert!(finished.stderr.contains("Commands:"), "{finished:?}");
        let json = house.relayd.relayctl(args.iter().chain([&"--json"]));
        assert_eq!((json.code, &*json.stdout), (Some(2), ""), "{json:?}");
        assert!(json.stderr.contains("--help\"}"), "{json:?}");
    }
}

#[test]
fn help_and_version_are_answers() {
    let house = House::new();
    let help = done(house.ctl(["--help"]));
    assert!(
        help.contains("Examples:") && help.contains("Exit codes:"),
        "{help}"
    );
    assert!(done(house.ctl(["--version"])).starts_with("relayctl "));
    for command in [
        "status", "doctor", "log", "worker", "backup", "config", "audit", "smp", "stop",
    ] {
        let help = done(house.ctl([command, "--help"]));
        assert!(
            help.contains("--json") && help.contains("--socket"),
            "{help}"
        );
    }
}

#[test]
fn mistakes_are_usage_errors() {
    let house = House::new();
    let mistakes: [&[&str]; 7] = [
        &["statsu"],
        &["worker", "run"],
        &["audit", "prune"],
        &["audit", "prune", "--older-than", "soon"],
        &["completions", "tcl"],
        &["smp", "queue", "show", ""],
        &["--config", "nowhere.toml", "config", "show"],
    ];
    for args in mistakes {
        let finished = house.relayd.relayctl(args);
        assert_eq!(
            (finished.code, &*finished.stdout),
            (Some(2), ""),
            "{finished:?}"
        );
        assert_eq!(finished.stderr.lines().count(), 1, "{finished:?}");
        let json = house.relayd.relayctl(args.iter().chain([&"--json"]));
        assert_eq!((json.code, &*json.stdout), (Some(2), ""), "{json:?}");
        assert!(json.stderr.starts_with("{\"error\":"), "{json:?}");
    }
}

#[test]
fn a_mistake_is_said_in_one_line_with_what_was_meant_and_where_help_is() {
    let house = House::new();
    for (args, line) in [
        (
            &["statsu"][..],
            "unrecognized subcommand 'statsu'; a similar subcommand exists: 'status'; see relayctl --help",
        ),
        (
            &["sogs", "mod", "add"],
            "the following required arguments were not provided: --room <TOKEN> <ID>...; see relayctl sogs mod add --help",
        ),
        (
            &["completions", "tcl"],
            "invalid value 'tcl' for '<SHELL>' [possible values: bash, elvish, fish, powershell, zsh]; see relayctl completions --help",
        ),
    ] {
        let finished = house.relayd.relayctl(args);
        assert_eq!(finished.stderr, format!("relayctl: {line}\n"));
    }
}

#[test]
fn arguments_that_are_no_text_or_endless_are_refused_like_others() {
    let house = House::new();
    let strange = OsStr::from_bytes(b"\xff\n");
    let finished = house
        .relayd
        .relayctl([OsStr::new("worker"), OsStr::new("run"), strange]);
    assert_eq!(finished.code, Some(2), "{finished:?}");
    assert_eq!(finished.stderr.lines().count(), 1, "{finished:?}");
    let finished = house.relayd.relayctl([&"x".repeat(100_000)]);
    assert_eq!(finished.code, Some(2), "{finished:?}");
    assert!(finished.stderr.len() < 2000, "{}", finished.stderr.len());
}
