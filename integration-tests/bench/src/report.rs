//! What a run leaves behind: one JSON file, from which everything else is made.
//!
//! Reports are compared long after they were written, so fields are added and never change their
//! meaning; [`FORMAT`] says which kind it is.

pub(crate) mod html;
pub(crate) mod svg;
pub(crate) mod table;
pub(crate) mod text;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use crate::latency::Latency;
use crate::machine::Machine;
use crate::process::Used;
use crate::stats::Spread;

pub(crate) const FORMAT: u32 = 1;

/// One file.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Report {
    pub(crate) format: u32,
    /// When it was begun, in UTC.
    pub(crate) started: String,
    /// Who was measured, in the operator's words.
    pub(crate) label: String,
    /// The version of the server's sources, as the operator says or `git` knows.
    pub(crate) commit: Option<String>,
    pub(crate) machine: Machine,
    pub(crate) runs: Vec<Run>,
}

/// One scenario with one setting.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Run {
    /// `sogs` or `smp`.
    pub(crate) protocol: String,
    pub(crate) scenario: String,
    pub(crate) load: Load,
    /// What else was chosen.
    pub(crate) settings: BTreeMap<String, u64>,
    pub(crate) seconds: f64,
    pub(crate) operations: u64,
    pub(crate) failures: BTreeMap<String, u64>,
    /// Operations a second: over everything, and how its seconds differ.
    pub(crate) rate: f64,
    pub(crate) rate_spread: Option<Spread>,
    pub(crate) latency: Option<Latency>,
    /// Bytes of bodies an operation.
    pub(crate) sent: f64,
    pub(crate) received: f64,
    pub(crate) server: Option<ServerUse>,
    pub(crate) generator: GeneratorUse,
    /// What cryptography alone costs, measured beside this run.
    pub(crate) limit: Option<Limit>,
    /// Seconds an operation spent in places the server itself counts.
    pub(crate) spent: BTreeMap<String, f64>,
}

/// How much was asked for.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Load {
    pub(crate) connections: usize,
    /// Open loop, at so many operations a second; closed loop if `None`.
    pub(crate) rate: Option<f64>,
}

/// The server as its process shows it; needs a local one.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct ServerUse {
    pub(crate) cpu_micros_per_operation: f64,
    pub(crate) written_per_operation: f64,
    pub(crate) used: Used,
    /// Seconds and resident memory, once a second.
    #[serde(default)]
    pub(crate) memory: Vec<(f64, u64)>,
}

/// Parts of the server's processor time, microseconds an operation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Shares {
    pub(crate) cryptography: f64,
    /// The threads of an embedded database.
    pub(crate) database: f64,
    /// Sockets, scheduling, copying, and whatever else.
    pub(crate) rest: f64,
}

/// The generator itself.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct GeneratorUse {
    /// Of the cores it may use, how much it used.
    pub(crate) share: f64,
    pub(crate) cpu_micros_per_operation: f64,
    /// How late its timer was.
    pub(crate) lateness: Option<Latency>,
    /// Why its figures may say more about it than about the server.
    pub(crate) warning: Option<String>,
}

/// The least an operation can cost.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Limit {
    /// One core, microseconds.
    pub(crate) micros: f64,
    /// What it is made of.
    pub(crate) parts: Vec<Part>,
}

/// A step of the cryptography of an operation.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) times: u32,
    pub(crate) micros: f64,
}

impl Limit {
    pub(crate) fn of(parts: Vec<Part>) -> Self {
        let micros = parts
            .iter()
            .map(|part| part.micros * f64::from(part.times))
            .sum();
        Self { micros, parts }
    }
}

impl Run {
    /// How many times more than its cryptography an operation costs the server.
    pub(crate) fn over_limit(&self) -> Option<f64> {
        let (server, limit) = (self.server.as_ref()?, self.limit.as_ref()?);
        (limit.micros > 0.0).then(|| server.cpu_micros_per_operation / limit.micros)
    }

    /// Where the server's processor time went, if it is known.
    pub(crate) fn shares(&self) -> Option<Shares> {
        let server = self.server.as_ref()?;
        let whole = server.cpu_micros_per_operation;
        let cryptography = self.limit.as_ref()?.micros.min(whole);
        let database = server.used.database_seconds?;
        let database = database / server.used.cpu_seconds.max(1e-9) * whole;
        Some(Shares {
            cryptography,
            database,
            rest: (whole - cryptography - database).max(0.0),
        })
    }

    /// Who was asked for what: runs of this same name can be compared.
    pub(crate) fn name(&self) -> String {
        let load = match self.load.rate {
            Some(rate) => format!("{rate}/s"),
            None => format!("{} clients", self.load.connections),
        };
        format!("{} {}, {load}", self.protocol, self.scenario)
    }
}

impl Report {
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let report: Self = serde_json::from_slice(&text)
            .with_context(|| format!("{} is not a report", path.display()))?;
        ensure!(
            report.format == FORMAT,
            "{} is of format {}; this build reads {FORMAT}",
            path.display(),
            report.format
        );
        Ok(report)
    }

    pub(crate) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        fs::write(path, text + "\n").with_context(|| format!("cannot write {}", path.display()))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::latency::Latencies;

    /// A report of runs that differ in their rate only.
    pub(crate) fn report(rates: &[f64]) -> Report {
        Report {
            format: FORMAT,
            started: "2026-11-21T16:00:00Z".into(),
            label: "ours".into(),
            commit: Some("abc".into()),
            machine: Machine::here(),
            runs: rates.iter().copied().map(run).collect(),
        }
    }

    fn run(rate: f64) -> Run {
        let mut latencies = Latencies::new().unwrap();
        (1..=100).for_each(|ms| latencies.record(std::time::Duration::from_millis(ms)));
        let used = Used {
            cpu_seconds: 1.0,
            database_seconds: Some(0.1),
            rss_before: 10_000_000,
            rss_after: 12_000_000,
            anonymous_before: 1,
            anonymous_after: 2,
            rss_peak: 13_000_000,
            written: 1_000_000,
        };
        let part = Part {
            name: "Ed25519 verification".into(),
            times: 2,
            micros: 50.0,
        };
        Run {
            protocol: "sogs".into(),
            scenario: "poll".into(),
            load: Load {
                connections: 8,
                rate: None,
            },
            settings: BTreeMap::new(),
            seconds: 10.0,
            operations: 1000,
            failures: BTreeMap::from([("status 503".into(), 3)]),
            rate,
            rate_spread: Spread::of(&[rate * 0.9, rate, rate * 1.1]),
            latency: latencies.summary(),
            sent: 1000.0,
            received: 4000.0,
            server: Some(ServerUse {
                cpu_micros_per_operation: 200.0,
                written_per_operation: 1000.0,
                used,
                memory: vec![(0.0, 1_000_000), (1.0, 2_000_000)],
            }),
            generator: GeneratorUse {
                share: 0.3,
                cpu_micros_per_operation: 150.0,
                lateness: None,
                warning: None,
            },
            limit: Some(Limit::of(vec![part])),
            spent: BTreeMap::new(),
        }
    }

    #[test]
    fn a_report_is_read_as_it_was_written() {
        let path = std::env::temp_dir().join(format!("relay-bench-{}.json", std::process::id()));
        let written = report(&[1.0, 2.0]);
        written.write(&path).unwrap();
        let read = Report::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        assert_eq!(
            serde_json::to_value(&read).unwrap(),
            serde_json::to_value(&written).unwrap()
        );
        assert_eq!(read.runs[0].over_limit(), Some(2.0));
        assert_eq!(read.runs[0].name(), "sogs poll, 8 clients");
    }

    #[test]
    fn a_report_of_another_format_is_refused() {
        let path =
            std::env::temp_dir().join(format!("relay-bench-format-{}.json", std::process::id()));
        let mut other = report(&[]);
        other.format = 99;
        other.write(&path).unwrap();
        let error = Report::read(&path).unwrap_err().to_string();
        fs::remove_file(&path).unwrap();
        assert!(error.contains("format 99"), "{error}");
    }
}
