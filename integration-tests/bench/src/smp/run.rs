//! Runs of scenarios against an SMP relay.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::limit::{LIMIT_STEP, limit};
use super::messages::{Pair, Sender};
use super::routed::RoutedPair;
use super::scenario::Scenario;
use super::server::Server;
use super::visitor::{Held, Visitor};
use crate::args::SmpArgs;
use crate::drive::{Client, Failure, Pace, Span};
use crate::measure::{Subject, measure};
use crate::process;
use crate::report::{Load, Run};

/// So many clients get ready at the same time.
const AT_ONCE: usize = 16;
/// What a burst leaves behind has settled after this.
const SETTLED: Duration = Duration::from_secs(2);

/// Runs everything that was asked for.
pub(crate) async fn run(args: &SmpArgs) -> anyhow::Result<Vec<Run>> {
    let server = Arc::new(Server::new(&args.target)?);
    let mut runs = Vec::new();
    for &scenario in &args.scenario {
        for load in args.load.loads() {
            let mut run = run_one(args, &server, scenario, load).await?;
            run.limit = limit(args, scenario, LIMIT_STEP);
            runs.push(run);
        }
    }
    Ok(runs)
}

async fn run_one(
    args: &SmpArgs,
    server: &Arc<Server>,
    scenario: Scenario,
    load: Load,
) -> anyhow::Result<Run> {
    let (key, size) = (args.sender_key, args.size);
    let queues = args.queues(scenario);
    let subject = subject(args, server, scenario, load);
    match scenario {
        Scenario::Send => {
            let client = || Sender::prepare(server, key, size, queues);
            go(subject, prepare(load.connections, client).await?).await
        }
        Scenario::Proxy => {
            let proxy = match &args.proxy {
                Some(address) => Arc::new(Server::new(address)?),
                None => Arc::clone(server),
            };
            let client = || RoutedPair::prepare(&proxy, server, key, size);
            let pairs = load.connections.div_ceil(2);
            go(subject, prepare(pairs, client).await?).await
        }
        Scenario::Deliver | Scenario::Mixed => {
            let lasts = if scenario == Scenario::Mixed {
                50
            } else {
                u32::MAX
            };
            let client = || Pair::prepare(server, key, size, lasts);
            go(
                subject,
                prepare(load.connections.div_ceil(2), client).await?,
            )
            .await
        }
        Scenario::Connect | Scenario::Subscribe => {
            let client = || Visitor::prepare(server, queues, None);
            go(subject, prepare(load.connections, client).await?).await
        }
        Scenario::Idle | Scenario::Storm => {
            let held = Held::default();
            let client = || Visitor::prepare(server, queues, Some(held.clone()));
            burst(subject, prepare(load.connections, client).await?).await
        }
    }
}

async fn prepare<C, F>(count: usize, client: impl Fn() -> F) -> anyhow::Result<Vec<C>>
where
    F: Future<Output = Result<C, Failure>>,
{
    let clients = stream::iter((0..count).map(|_| client())).buffer_unordered(AT_ONCE);
    clients
        .try_collect()
        .await
        .context("the clients cannot get ready")
}

async fn go<C: Client>(subject: Subject<'_>, clients: Vec<C>) -> anyhow::Result<Run> {
    let (pace, span) = (subject.load.pace(), subject.args.span());
    measure(subject, clients, pace, span).await
}

/// What is measured begins when the server has forgotten how the queues were made.
async fn burst<C: Client>(subject: Subject<'_>, clients: Vec<C>) -> anyhow::Result<Run> {
    tokio::time::sleep(SETTLED).await;
    let span = Span {
        warm_up: Duration::ZERO,
        measure: Duration::ZERO,
    };
    let subject = Subject {
        settle: SETTLED,
        ..subject
    };
    measure(subject, clients, Pace::Burst, span).await
}

fn subject<'a>(args: &'a SmpArgs, server: &Server, scenario: Scenario, load: Load) -> Subject<'a> {
    let queues = args.queues(scenario);
    let mut settings = BTreeMap::from([("queues".to_owned(), queues as u64)]);
    if matches!(
        scenario,
        Scenario::Send | Scenario::Proxy | Scenario::Deliver | Scenario::Mixed
    ) {
        settings.insert("size".to_owned(), args.size as u64);
    }
    if scenario.is_burst() {
        let held = load.connections * queues.max(1);
        settings.insert("held".to_owned(), held as u64);
    }
    Subject {
        protocol: "smp",
        scenario: scenario.name(),
        load,
        settings,
        pid: args
            .load
            .pid
            .or_else(|| server.local_port().and_then(process::listening_on)),
        settle: Duration::ZERO,
        args: &args.load,
    }
}
