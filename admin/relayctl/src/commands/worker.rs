//! `relayctl worker`: background jobs.

use relay_admin::paths;
use relay_admin::types::{Worker, WorkerPaused, WorkerRun};

use super::{Context, Outcome, Verdict};
use crate::cli;
use crate::output::{count, harmless, table};
use crate::time;

pub(super) async fn run(command: cli::Worker, context: &Context) -> Outcome {
    match command {
        cli::Worker::List => show(context).await,
        cli::Worker::Pause(worker) => pause(&worker.name, true, context).await,
        cli::Worker::Resume(worker) => pause(&worker.name, false, context).await,
        cli::Worker::Run(worker) => run_now(&worker.name, context).await,
    }
}

async fn show(context: &Context) -> Outcome {
    let workers: Vec<Worker> = context.daemon()?.get(paths::WORKERS).await?;
    context.output.answer(&workers, || list(&workers))?;
    Ok(Verdict::Good)
}

async fn run_now(name: &str, context: &Context) -> Outcome {
    let daemon = context.daemon_at_work()?;
    let working = context.output.working(&format!("running {name} …"));
    let path = paths::with(paths::WORKER_RUN, name);
    let run: WorkerRun = daemon.post(&path, &()).await?;
    drop(working);
    let text = || format!("{} ({})", outcome(&run), time::span(run.took));
    context.output.answer(&run, text)?;
    Ok(Verdict::good_if(run.error.is_none()))
}

async fn pause(name: &str, paused: bool, context: &Context) -> Outcome {
    let path = paths::with(paths::WORKER_PAUSED, name);
    let daemon = context.daemon()?;
    let worker: Worker = daemon.put(&path, &WorkerPaused { paused }).await?;
    let text = || format!("{} is {}", harmless(&worker.name), harmless(&worker.state));
    context.output.answer(&worker, text)?;
    Ok(Verdict::Good)
}

/// Workers as a table.
pub(super) fn list(workers: &[Worker]) -> String {
    let header = [
        "WORKER",
        "STATE",
        "EVERY",
        "RUNS",
        "FAILED",
        "LAST RUN (UTC)",
        "OUTCOME",
    ];
    table(header, workers.iter().map(row))
}

/// How many there are, and those that need a look: paused, running, or failed the last time.
pub(super) fn summary(workers: &[Worker]) -> String {
    let notable: Vec<_> = workers.iter().filter_map(notable).collect();
    let total = count(u64::try_from(workers.len()).unwrap_or(u64::MAX), "worker");
    let well = if notable.is_empty() { "all well; " } else { "" };
    let head = format!("{total} ({well}relayctl worker list)");
    if notable.is_empty() {
        return head;
    }
    format!("{head}\n{}", table(["WORKER", "STATE"], notable))
}

fn notable(worker: &Worker) -> Option<[String; 2]> {
    let failed = worker.last.as_ref().filter(|run| run.error.is_some());
    let mut states = Vec::new();
    if worker.state != "waiting" {
        states.push(worker.state.clone());
    }
    states.extend(failed.map(|run| format!("{} UTC {}", time::stamp(run.at), outcome(run))));
    (!states.is_empty()).then(|| [worker.name.clone(), states.join(", ")])
}

fn row(worker: &Worker) -> [String; 7] {
    let last = worker.last.as_ref();
    [
        worker.name.clone(),
        worker.state.clone(),
        time::span(worker.every),
        worker.runs.to_string(),
        worker.failures.to_string(),
        last.map_or_else(|| "not yet".to_owned(), |run| time::stamp(run.at)),
        last.map_or_else(String::new, outcome),
    ]
}

fn outcome(run: &WorkerRun) -> String {
    match (&run.error, &run.done) {
        (Some(error), _) => format!("failed: {}", harmless(error)),
        (None, Some(done)) => harmless(done),
        (None, None) => "done".to_owned(),
    }
}
