//! Mistakes on the command line: exit code 2.

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
    let mistakes: [&[&str]; 6] = [
        &["statsu"],
        &["worker", "run"],
        &["audit", "prune"],
        &["audit", "prune", "--older-than", "soon"],
        &["completions", "tcl"],
        &["--config", "nowhere.toml", "config", "show"],
    ];
    for args in mistakes {
        let finished = house.relayd.relayctl(args);
        assert_eq!(
            (finished.code, &*finished.stdout),
            (Some(2), ""),
            "{finished:?}"
        );
        let json = house.relayd.relayctl(args.iter().chain([&"--json"]));
        assert_eq!((json.code, &*json.stdout), (Some(2), ""), "{json:?}");
        assert!(json.stderr.starts_with("{\"error\":"), "{json:?}");
    }
}
