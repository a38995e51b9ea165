//! What is made from the program is what the program makes today: documents that are committed, and
//! the man pages and completions that packages install.

#![expect(clippy::expect_used, reason = "tests stop at what they did not expect")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use integration_tests::Bed;
use relay_testkit::Relayd;

fn committed(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn made(relayd: &Relayd, args: &[&str]) -> String {
    let finished = relayd.relayctl(args);
    assert_eq!(
        (finished.code, &*finished.stderr),
        (Some(0), ""),
        "{args:?}"
    );
    finished.stdout
}

#[test]
fn committed_documents_are_fresh() {
    let bed = Bed::new();
    for (file, args) in [
        ("docs/openapi.json", &["openapi"][..]),
        ("docs/relayd.example.toml", &["config", "example"]),
    ] {
        let fresh = made(&bed.relayd(), args);
        let say = args.join(" ");
        assert!(
            committed(file) == fresh,
            "{file} is stale; run: relayctl {say} > {file}"
        );
    }
}

/// The names of commands in relayctl's help.
fn commands(relayd: &Relayd) -> BTreeSet<String> {
    let help = made(relayd, &["--help"]);
    let (_, rest) = help.split_once("\nCommands:\n").expect("commands");
    let lines = rest.lines().take_while(|line| !line.is_empty());
    let names = lines.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let names = names.filter(|name| !name.is_empty() && *name != "help");
    names.map(str::to_owned).collect()
}

#[test]
fn every_command_has_a_page_and_is_completed() {
    let bed = Bed::new();
    let relayd = bed.relayd();
    let dir = bed.dir().join("man");
    made(&relayd, &["man", "--dir", dir.to_str().expect("UTF-8")]);
    let scripts = ["bash", "zsh", "fish"].map(|shell| made(&relayd, &["completions", shell]));
    for command in commands(&relayd) {
        let page = dir.join(format!("relayctl-{command}.1"));
        let text = fs::read_to_string(&page).expect("a page");
        assert!(text.contains(".SH SYNOPSIS"), "{command}");
        for script in &scripts {
            assert!(script.contains(&command), "{command}");
        }
    }
    for page in ["relayctl.1", "relayd.8"] {
        assert!(dir.join(page).exists(), "{page}");
    }
}
