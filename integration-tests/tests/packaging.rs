//! What is packed and what the operations guide says names only commands, configuration and files
//! that exist. That it also works is shown by `packaging/test/run`, which is too slow for here.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use relay_testkit::binaries;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every file below these folders, with its text.
fn texts(folders: &[&str]) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut waiting: Vec<PathBuf> = folders.iter().map(|folder| root().join(folder)).collect();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).unwrap();
            waiting.extend(entries.map(|entry| entry.unwrap().path()));
        } else if let Ok(text) = fs::read_to_string(&path) {
            found.push((path, text));
        }
    }
    assert!(!found.is_empty(), "{folders:?}");
    found
}

/// The blocks of a page in one language.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let opening = format!("```{language}\n");
    let parts = page.split(&opening).skip(1);
    parts
        .map(|part| part.split("```").next().unwrap_or_default())
        .collect()
}

/// Words of commands that begin with `relayctl`, up to the first that is no subcommand.
fn commands(text: &str) -> BTreeSet<Vec<String>> {
    let subcommand = |word: &&str| {
        let letters = |c: char| c.is_ascii_lowercase() || c == '-';
        !word.starts_with('-') && !word.is_empty() && word.chars().all(letters)
    };
    let calls = text
        .lines()
        .flat_map(|line| line.split("relayctl ").skip(1));
    calls
        .map(|call| {
            let words = call.split_whitespace().take_while(subcommand);
            words.map(str::to_owned).collect::<Vec<_>>()
        })
        .filter(|words| !words.is_empty())
        .collect()
}

#[test]
fn commands_that_units_scripts_and_the_guide_call_exist() {
    let mut called = BTreeSet::new();
    for (_, text) in texts(&["packaging/systemd", "packaging/debian/relayd/backup"]) {
        let exec = text.lines().filter(|line| !line.starts_with('#'));
        called.extend(exec.flat_map(commands));
    }
    for (_, page) in texts(&["docs/operations"]) {
        called.extend(blocks(&page, "sh").into_iter().flat_map(commands));
    }
    assert!(called.len() > 10, "{called:?}");
    for words in called {
        let run = Command::new(binaries::relayctl())
            .args(&words)
            .arg("--help")
            .output()
            .unwrap();
        assert!(run.status.success(), "relayctl {words:?}");
    }
}

/// Writes a configuration and has it checked.
fn check(name: &str, text: &str) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("relayd.toml");
    fs::write(&file, text).unwrap();
    let mut check = Command::new(binaries::relayctl());
    check.arg("--config").arg(&file).args(["config", "check"]);
    let run = check.current_dir(dir.path()).output().unwrap();
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    let said = said + &String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{name}: {said}");
}

#[test]
fn configuration_that_is_packed_or_advised_is_right() {
    for (path, text) in texts(&["packaging/debian", "packaging/docker"]) {
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            check(&path.display().to_string(), &text);
        }
    }
    for (path, page) in texts(&["docs/operations"]) {
        for block in blocks(&page, "toml") {
            check(&path.display().to_string(), block);
        }
    }
}

#[test]
fn settings_above_the_proxy_examples_are_right() {
    for (path, text) in texts(&["packaging/proxies"]) {
        let Some((_, after)) = text.split_once("# relayd.toml:") else {
            panic!("{} does not say how relayd is configured", path.display());
        };
        let lines = after
            .lines()
            .map_while(|line| line.strip_prefix('#').or(line.strip_prefix(' ')));
        let settings: Vec<&str> = lines
            .map(str::trim)
            .take_while(|line| !line.is_empty())
            .collect();
        check(&path.display().to_string(), &settings.join("\n"));
    }
}

/// `section.key` of everything that can be configured.
fn keys() -> BTreeSet<String> {
    let example = fs::read_to_string(root().join("docs/relayd.example.toml")).unwrap();
    let mut section = String::new();
    let mut keys = BTreeSet::new();
    for line in example.lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = format!("{}.", name.trim_end_matches(']'));
        } else if let Some((key, _)) = line.trim_start_matches(['#', ' ']).split_once(" = ") {
            keys.insert(format!("{section}{key}"));
        }
    }
    keys
}

#[test]
fn environment_variables_that_are_named_are_keys() {
    let keys = keys();
    let mut seen = 0;
    for (path, text) in texts(&["packaging/docker", "docs/operations"]) {
        for part in text.split("RELAYD__").skip(1) {
            let name = part
                .split(|c: char| c != '_' && !c.is_ascii_uppercase())
                .next()
                .unwrap_or_default();
            let key = name.to_lowercase().replace("__", ".");
            assert!(keys.contains(&key), "{}: {key}", path.display());
            seen += 1;
        }
    }
    assert!(seen > 4);
}

#[test]
fn the_guide_leads_nowhere_that_does_not_exist() {
    for (path, page) in texts(&["docs/operations", "packaging/README.md"]) {
        for link in page.split("](").skip(1) {
            let target = link.split([')', '#']).next().unwrap_or_default();
            if !target.is_empty() && !target.contains("://") {
                let file = path.parent().unwrap().join(target);
                assert!(file.exists(), "{}: {target}", path.display());
            }
        }
    }
}

#[test]
fn what_is_packed_is_there() {
    for (list, text) in texts(&["packaging/debian"]) {
        if list.file_name().is_none_or(|name| name != "install") {
            continue;
        }
        for line in text.lines() {
            let source = line.split_whitespace().next().unwrap_or_default();
            let generated = source.starts_with('@') || source.contains('*');
            assert!(
                generated || root().join(source).exists(),
                "{}: {source}",
                list.display()
            );
        }
    }
}

#[test]
fn what_is_installed_as_relayd_is_the_daemon() {
    let dir = tempfile::tempdir().unwrap();
    let installed = dir.path().join("relayd");
    symlink(binaries::relayctl(), &installed).unwrap();
    for argument in ["--help", "--version", "--nonsense"] {
        let said = |program: &Path| {
            let run = Command::new(program).arg(argument).output().unwrap();
            (run.status.code(), run.stdout, run.stderr)
        };
        assert_eq!(said(&installed), said(&binaries::relayd()), "{argument}");
    }
}
