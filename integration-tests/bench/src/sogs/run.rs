//! Runs of scenarios against a SOGS.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use relay_core::entropy::Entropy;

use super::client::{Plan, SogsClient};
use super::limit::{Sizes, limit};
use super::scenario::Scenario;
use super::target::Target;
use super::user::User;
use crate::args::{IdArgs, SogsArgs};
use crate::drive::Pace;
use crate::measure::{Subject, measure};
use crate::process;
use crate::report::{Load, Run};

/// In a storm every client polls this often, as Desktop does nearly.
const STORM_PERIOD: Duration = Duration::from_secs(5);
/// Time for each step of the limit beside a run.
const LIMIT_STEP: Duration = Duration::from_millis(200);

/// Runs everything that was asked for.
pub(crate) async fn run(args: &SogsArgs) -> anyhow::Result<Vec<Run>> {
    let rooms = rooms(args)?;
    let mut runs = Vec::new();
    for &scenario in &args.scenario {
        for load in args.load.loads() {
            runs.push(run_one(args, &rooms, scenario, load).await?);
        }
    }
    Ok(runs)
}

fn rooms(args: &SogsArgs) -> anyhow::Result<Vec<String>> {
    let named = args.rooms.iter().cloned();
    let rooms: Vec<String> = if args.rooms.is_empty() {
        args.target.room.iter().cloned().collect()
    } else {
        named.collect()
    };
    ensure!(
        !rooms.is_empty(),
        "no room: name one in the target or with --room"
    );
    Ok(rooms)
}

async fn run_one(
    args: &SogsArgs,
    rooms: &[String],
    scenario: Scenario,
    load: Load,
) -> anyhow::Result<Run> {
    let entropy = Entropy::system()?;
    let users = args.users.unwrap_or(load.connections).max(1);
    let plan = Arc::new(plan(args, rooms, scenario, &entropy).await?);
    let clients = clients(&plan, load.connections, users, args.load.seed, &entropy);
    let settings = [
        ("rooms", rooms.len()),
        ("users", users),
        ("size", plan.size),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value as u64));
    let port = args.target.local_port();
    let subject = Subject {
        protocol: "sogs",
        scenario: scenario.name(),
        load,
        settings: BTreeMap::from(settings),
        pid: args
            .load
            .pid
            .or_else(|| port.and_then(process::listening_on)),
        settle: Duration::ZERO,
        args: &args.load,
    };
    let mut run = measure(subject, clients, pace(scenario, load), args.load.span()).await?;
    run.limit = beside(args, scenario, &run);
    Ok(run)
}

async fn plan(
    args: &SogsArgs,
    rooms: &[String],
    scenario: Scenario,
    entropy: &Entropy,
) -> anyhow::Result<Plan> {
    let plan = Plan {
        target: args.target.clone(),
        rooms: rooms.to_vec(),
        scenario,
        app: args.app,
        size: args.size.unwrap_or_else(|| scenario.size()),
        file: None,
    };
    let file = match scenario {
        Scenario::Download => Some(first_file(plan.clone(), args.load.seed, entropy).await?),
        _ => None,
    };
    Ok(Plan { file, ..plan })
}

fn pace(scenario: Scenario, load: Load) -> Pace {
    match scenario {
        Scenario::Storm => Pace::Every(STORM_PERIOD),
        _ => load.pace(),
    }
}

/// One connection a client; users are dealt out to them.
fn clients(
    plan: &Arc<Plan>,
    connections: usize,
    users: usize,
    seed: u64,
    entropy: &Entropy,
) -> Vec<SogsClient> {
    let server = &plan.target.public_key;
    let client = |index: usize| {
        let own = (index..users).step_by(connections);
        let mut own: Vec<User> = own.map(|number| User::new(server, seed, number)).collect();
        if own.is_empty() {
            own.push(User::new(server, seed, index % users));
        }
        SogsClient::new(plan, own, entropy, index)
    };
    (0..connections).map(client).collect()
}

async fn first_file(plan: Plan, seed: u64, entropy: &Entropy) -> anyhow::Result<u64> {
    let user = User::new(&plan.target.public_key, seed, 0);
    let mut client = SogsClient::new(&Arc::new(plan), vec![user], entropy, 0);
    client
        .upload()
        .await
        .context("cannot upload the file to be downloaded")
}

/// With the sizes that were seen.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sizes of bodies"
)]
fn beside(args: &SogsArgs, scenario: Scenario, run: &Run) -> Option<crate::report::Limit> {
    let sizes = Sizes {
        request: run.sent as usize,
        answer: run.received as usize,
    };
    limit(scenario.carrier(), args.app.encryption(), sizes, LIMIT_STEP)
}

/// Prints the ids of the users of a seed.
pub(crate) fn print_ids(args: &IdArgs) -> anyhow::Result<()> {
    let Target { public_key, .. } = &args.target;
    let mut out = std::io::stdout().lock();
    for number in 0..args.users {
        writeln!(out, "{}", User::new(public_key, args.seed, number).id())?;
    }
    Ok(())
}
