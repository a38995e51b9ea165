//! Dashboards and alerts ask only for what a running relayd has: every metric they name, with the
//! labels and values they name, is in `/metrics` from the start.

#![expect(clippy::expect_used, reason = "tests stop at what they did not expect")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use integration_tests::Bed;
use relay_testkit::skip;
use serde_json::Value;

/// Labels that Prometheus itself adds.
const ADDED: [&str; 2] = ["job", "instance"];

/// Of each metric: the values of each of its labels.
type Metrics = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

fn packaging() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging")
}

fn read(file: &str) -> String {
    let path = packaging().join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What a daemon with both relays and nothing yet done says.
fn served() -> Metrics {
    let (_bed, daemon) = Bed::new().with_sogs().with_smp().start_kept();
    let answer = daemon.metrics().get("/metrics").expect("served");
    let text = answer.text();
    let mut metrics = Metrics::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, rest) = line.split_at(line.find(['{', ' ']).expect("a sample"));
        let labels = metrics.entry(name.to_owned()).or_default();
        for (label, value) in matchers(rest) {
            labels.entry(label).or_default().insert(value);
        }
    }
    metrics
}

/// `label="value"`, with whatever operator, within the first braces.
fn matchers(text: &str) -> Vec<(String, String)> {
    let Some(inner) = text.strip_prefix('{').and_then(|text| text.split_once('}')) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut rest = inner.0;
    while let Some((label, after)) = rest.split_once('"') {
        let (value, next) = after.split_once('"').expect("a closing quote");
        let label = label
            .trim_matches([',', ' '])
            .trim_end_matches(['=', '~', '!']);
        found.push((label.to_owned(), value.to_owned()));
        rest = next;
    }
    found
}

/// Metrics named in a text, each with what is behind it.
fn named(text: &str) -> Vec<(&str, &str)> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = Vec::new();
    for (at, _) in text
        .match_indices("relayd_")
        .chain(text.match_indices("process_"))
    {
        let begins = !text[..at].ends_with(is_word);
        let end = text[at..]
            .find(|c| !is_word(c))
            .map_or(text.len(), |len| at + len);
        if begins {
            found.push((&text[at..end], &text[end..]));
        }
    }
    found
}

#[track_caller]
fn all_served(expressions: &[String], at_least: usize) {
    let served = served();
    let mut seen = BTreeSet::new();
    for expression in expressions {
        for (name, behind) in named(expression) {
            let labels = served.get(name);
            let labels = labels.unwrap_or_else(|| panic!("there is no {name}: {expression}"));
            for (label, value) in matchers(behind) {
                if ADDED.contains(&&*label) {
                    continue;
                }
                let values = labels.get(&label);
                let values = values.unwrap_or_else(|| panic!("{name} has no {label}"));
                let is_pattern = value.contains('*');
                assert!(
                    is_pattern || values.contains(&value),
                    "{name}: no {label}={value}"
                );
            }
            seen.insert(name.to_owned());
        }
    }
    assert!(seen.len() >= at_least, "{seen:?}");
}

/// Every `expr` in a document.
fn expressions(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| expressions(value, found)),
        Value::Object(members) => {
            for (name, member) in members {
                match member.as_str() {
                    Some(text) if name == "expr" || name == "definition" => {
                        found.push(text.to_owned());
                    }
                    _ => expressions(member, found),
                }
            }
        }
        _ => {}
    }
}

#[test]
fn the_dashboard_shows_what_is_served() {
    let dashboard: Value = serde_json::from_str(&read("grafana/relayd.json")).expect("JSON");
    let mut found = Vec::new();
    expressions(&dashboard, &mut found);
    all_served(&found, 40);
}

#[test]
fn the_panels_of_the_dashboard_have_their_own_numbers_and_places() {
    let dashboard: Value = serde_json::from_str(&read("grafana/relayd.json")).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let distinct = |key: &str| {
        let all: BTreeSet<_> = panels.iter().map(|panel| panel[key].to_string()).collect();
        all.len()
    };
    assert_eq!(distinct("id"), panels.len());
    assert_eq!(distinct("gridPos"), panels.len());
}

#[test]
fn the_alerts_look_at_what_is_served() {
    let rules = read("prometheus/relayd.rules.yml");
    all_served(&[rules], 10);
}

#[test]
fn the_alerts_fire_when_they_should() {
    let promtool = |args: &[&str]| {
        let mut promtool = Command::new("promtool");
        promtool
            .args(args)
            .current_dir(packaging().join("prometheus"));
        promtool.output()
    };
    if promtool(&["--version"]).is_err() {
        return skip::loudly(
            "there is no promtool, alert rules are not tried",
            "apt-get install prometheus",
        );
    }
    for args in [
        &["check", "rules", "relayd.rules.yml"][..],
        &["check", "config", "prometheus.yml"],
        &["check", "config", "../docker/prometheus.yml"],
        &["test", "rules", "relayd.rules.test.yml"],
    ] {
        let output = promtool(args).expect("promtool starts");
        assert!(output.status.success(), "{args:?}: {output:?}");
    }
}
