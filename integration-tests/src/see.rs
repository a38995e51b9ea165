//! Looking at a running daemon: its figures, its state, its files.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use relay_testkit::{Daemon, poll};
use serde_json::{Value, json};

use crate::PATIENCE;

/// Waits until the daemon serves, be it ready or not.
///
/// # Panics
///
/// When it exits before, or takes too long; with all it said.
pub fn serving(daemon: &Daemon) {
    let serving = poll::try_until(PATIENCE * 2, || {
        if !daemon.is_running() {
            let exit = daemon.wait(Duration::ZERO);
            panic!("relayd exited before it served: {exit:?}");
        }
        let status = daemon.admin().get("/v1/status").ok()?;
        // Another process may serve the same socket: during a handover, say.
        let status = status.json();
        (status["phase"] == "serving" && status["pid"] == daemon.pid()).then_some(())
    });
    assert!(
        serving.is_some(),
        "relayd does not serve: {}",
        daemon.stderr()
    );
}

/// What the daemon says of itself.
pub fn status(daemon: &Daemon) -> Value {
    let answer = daemon.admin().get("/v1/status");
    answer.expect("the admin socket answers").json()
}

/// A figure, summed over its labels; `None` when there is no such figure.
pub fn metric(daemon: &Daemon, name: &str) -> Option<f64> {
    let text = daemon.metrics().get("/metrics");
    figure(&text.expect("metrics are served").text(), name)
}

/// The same, of things that are counted; none is 0.
///
/// # Panics
///
/// When it is not a whole number.
pub fn count(daemon: &Daemon, name: &str) -> u64 {
    let value = metric(daemon, name).unwrap_or_default();
    let whole = value.to_string().parse();
    whole.unwrap_or_else(|_| panic!("{name} is {value}"))
}

/// The same as [`metric`] in a text read before. `name` may end in labels: `name{listener="sogs"`.
pub fn figure(text: &str, name: &str) -> Option<f64> {
    let samples = text.lines().filter_map(|line| {
        let rest = line.strip_prefix(name)?;
        let is_whole = name.contains('{') || rest.starts_with(['{', ' ']);
        is_whole.then(|| rest.rsplit_once(' ')?.1.parse().ok())?
    });
    samples.reduce(|a: f64, b| a + b)
}

/// Waits until `/readyz` answers this, and gives what it says.
///
/// # Panics
///
/// When that takes too long; with all the daemon said.
pub fn readyz(daemon: &Daemon, status: u16) -> String {
    let mut last = String::new();
    let answer = poll::try_until(PATIENCE, || {
        let answer = daemon.metrics().get("/readyz").ok()?;
        last = format!("{} {}", answer.status, answer.text());
        (answer.status == status).then(|| answer.text())
    });
    answer.unwrap_or_else(|| panic!("/readyz is not {status} but {last}: {}", daemon.stderr()))
}

/// Waits until stderr has `count` lines with `pattern` in them; gives the last.
///
/// # Panics
///
/// When that takes too long; with all the daemon said.
pub fn said(daemon: &Daemon, pattern: &str, count: usize) -> String {
    let found = poll::try_until(PATIENCE, || {
        let stderr = daemon.stderr();
        let lines = stderr.lines().filter(|line| line.contains(pattern));
        lines.map(str::to_owned).nth(count - 1)
    });
    found.unwrap_or_else(|| panic!("not said {count} times: {pattern:?}: {}", daemon.stderr()))
}

/// Runs a worker; gives what it did.
///
/// # Panics
///
/// When it fails.
pub fn run_worker(daemon: &Daemon, name: &str) -> String {
    let path = format!("/v1/workers/{name}/run");
    let run = daemon.admin().post(&path, &json!({}));
    let run = run.expect("the admin socket answers").json();
    let done = run["done"].as_str();
    done.unwrap_or_else(|| panic!("{name} failed: {run}"))
        .to_owned()
}

/// Permission bits of a file.
pub fn mode(path: impl AsRef<Path>) -> u32 {
    let path = path.as_ref();
    let meta = fs::symlink_metadata(path);
    let meta = meta.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    meta.permissions().mode() & 0o7777
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_found_by_their_whole_name_and_summed() {
        let text =
            "# HELP a_total x\na_total{l=\"1\"} 2\na_total{l=\"2\"} 3\na_total_more 9\nb 1\n";
        assert_eq!(figure(text, "a_total"), Some(5.0));
        assert_eq!(figure(text, "a_total{l=\"2\""), Some(3.0));
        assert_eq!(figure(text, "b"), Some(1.0));
        assert_eq!(figure(text, "a"), None);
    }
}
