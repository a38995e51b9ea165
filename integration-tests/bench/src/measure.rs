//! One run: a scenario at one load, driven, watched and written down.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::sleep;

use crate::args::LoadArgs;
use crate::drive::{Client, Observer as _, Outcome, Pace, Span, drive};
use crate::report::{Load, Run};
use crate::stats::Spread;
use crate::watch::Watch;

/// What is measured, and how it is asked for.
#[derive(Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) protocol: &'static str,
    pub(crate) scenario: &'static str,
    pub(crate) load: Load,
    pub(crate) settings: BTreeMap<String, u64>,
    pub(crate) pid: Option<u32>,
    /// How long the server may tidy up before it is looked at for the last time.
    pub(crate) settle: Duration,
    pub(crate) args: &'a LoadArgs,
}

impl LoadArgs {
    pub(crate) fn span(&self) -> Span {
        Span {
            warm_up: self.warm_up,
            measure: self.duration,
        }
    }

    /// Every number of connections with every rate, and all of that as often as asked for.
    pub(crate) fn loads(&self) -> Vec<Load> {
        let rates: Vec<Option<f64>> = match &self.rate[..] {
            [] => vec![None],
            rates => rates.iter().copied().map(Some).collect(),
        };
        let once = self
            .connections
            .iter()
            .flat_map(|&connections| rates.iter().map(move |&rate| Load { connections, rate }));
        let once: Vec<Load> = once.collect();
        once.repeat(self.repeat)
    }

    pub(crate) fn threads(&self) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        self.threads.unwrap_or(cores).max(1)
    }
}

impl Load {
    pub(crate) fn pace(self) -> Pace {
        self.rate.map_or(Pace::Closed, Pace::Rate)
    }
}

/// Drives the clients and gives the run, without its limit.
pub(crate) async fn measure<C: Client>(
    subject: Subject<'_>,
    clients: Vec<C>,
    pace: Pace,
    span: Span,
) -> anyhow::Result<Run> {
    let args = subject.args;
    let name = format!("{} {}", subject.protocol, subject.scenario);
    let mut watch = Watch::new(
        subject.pid,
        args.metrics.clone(),
        args.threads(),
        &name,
        args.quiet,
    );
    let outcome = drive(clients, pace, span, &mut watch).await?;
    if !subject.settle.is_zero() {
        sleep(subject.settle).await;
        watch.end();
    }
    watch.finish();
    Ok(written_down(subject, &outcome, &watch))
}

fn written_down(subject: Subject<'_>, outcome: &Outcome, watch: &Watch) -> Run {
    let seconds = outcome.elapsed.as_secs_f64();
    let operations = number(outcome.operations);
    Run {
        protocol: subject.protocol.to_owned(),
        scenario: subject.scenario.to_owned(),
        load: subject.load,
        settings: subject.settings,
        seconds,
        operations: outcome.operations,
        failures: outcome.failures.clone(),
        rate: if seconds > 0.0 {
            operations / seconds
        } else {
            0.0
        },
        rate_spread: Spread::of(
            &outcome
                .seconds
                .iter()
                .copied()
                .map(number)
                .collect::<Vec<_>>(),
        ),
        latency: outcome.latency.clone(),
        sent: number(outcome.traffic.sent as u64) / operations.max(1.0),
        received: number(outcome.traffic.received as u64) / operations.max(1.0),
        server: watch.server(outcome.operations),
        generator: watch.generator(outcome),
        limit: None,
        spent: watch.spent(outcome.operations),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of a run are far below 2^52"
)]
fn number(count: u64) -> f64 {
    count as f64
}
