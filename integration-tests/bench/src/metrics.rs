//! Where a server says its time went: the sums of its histograms of seconds, in Prometheus' text
//! format. Which there are is the server's business; every one whose name ends in `_seconds_sum`
//! is taken.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, ensure};

/// Seconds by name and labels.
pub(crate) type Sums = BTreeMap<String, f64>;

const PATIENCE: Duration = Duration::from_secs(2);

/// Asks `http://host:port/path`.
pub(crate) fn scrape(url: &str) -> anyhow::Result<Sums> {
    let rest = url
        .strip_prefix("http://")
        .context("metrics are asked for over http://")?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, "metrics"));
    let mut stream = TcpStream::connect(authority)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET /{path} HTTP/1.0\r\nHost: {authority}\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    ensure!(text.split(' ').nth(1) == Some("200"), "no metrics at {url}");
    Ok(sums(&text))
}

fn sums(text: &str) -> Sums {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.rsplit_once(' '));
    let pairs = pairs.filter_map(|(name, value)| Some((label(name)?, value.parse().ok()?)));
    pairs.collect()
}

/// The name without what all of them have.
fn label(name: &str) -> Option<String> {
    let (name, labels) = name.split_once('{').unwrap_or((name, ""));
    let name = name.strip_suffix("_seconds_sum")?;
    let name = name.strip_prefix("relayd_").unwrap_or(name);
    let labels = labels.trim_end_matches('}').replace('"', "");
    Some(format!("{name} {labels}").trim_end().to_owned())
}

/// Seconds an operation, of everything that grew.
pub(crate) fn per_operation(before: &Sums, after: &Sums, operations: f64) -> Sums {
    let grown = after.iter().map(|(name, after)| {
        let before = before.get(name).copied().unwrap_or_default();
        (name.clone(), (after - before) / operations)
    });
    grown
        .filter(|(_, seconds)| *seconds > 0.0 && seconds.is_finite())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "# HELP x y\nrelayd_store_commit_seconds_sum 1.5\nrelayd_store_commit_seconds_count 3\nrelayd_sogs_request_seconds_sum{endpoint=\"/batch\"} 2\nother 7\n";

    #[test]
    fn only_sums_of_seconds_are_taken() {
        let sums = sums(BEFORE);
        let names: Vec<_> = sums.keys().map(String::as_str).collect();
        assert_eq!(names, ["sogs_request endpoint=/batch", "store_commit"]);
    }

    #[test]
    fn what_did_not_grow_is_left_out() {
        let after = sums(&BEFORE.replace("1.5", "2.5"));
        let spent = per_operation(&sums(BEFORE), &after, 4.0);
        assert_eq!(
            spent.into_iter().collect::<Vec<_>>(),
            [("store_commit".to_owned(), 0.25)]
        );
    }
}
