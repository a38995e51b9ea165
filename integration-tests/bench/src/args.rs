//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use relay_smp::wire::Address;

use crate::smp::scenario::{Scenario as SmpScenario, SenderKey};
use crate::sogs::app::App;
use crate::sogs::scenario::Scenario as SogsScenario;
use crate::sogs::target::Target as SogsTarget;

/// Measures SOGS and SMP servers, ours and others, as their clients use them.
#[derive(Debug, Parser)]
#[command(name = "relay-bench", version, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Drive a Session Open Group Server.
    Sogs(Box<SogsArgs>),
    /// Drive an SMP relay.
    Smp(Box<SmpArgs>),
    /// Measure what cryptography alone costs here.
    Limit(LimitArgs),
    /// Print the ids of the users that a seed makes, so that one can be made a moderator.
    Id(IdArgs),
    /// Print the ratios of two reports.
    Compare(CompareArgs),
    /// Run two commands alternately and compare the reports they write.
    Pair(PairArgs),
    /// Make a page with plots from reports.
    Html(RenderArgs),
    /// Make the table for the documentation from reports.
    Table(RenderArgs),
}

#[derive(Args, Debug)]
pub(crate) struct SogsArgs {
    /// Where it is, as join links say it; the room may be left out.
    #[arg(long, value_name = "http://host:port/room?public_key=…")]
    pub(crate) target: SogsTarget,
    /// What to do; several are done one after another.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "poll")]
    pub(crate) scenario: Vec<SogsScenario>,
    /// The rooms a client is in, prepared beforehand; the target's if none is given.
    #[arg(long = "room", value_delimiter = ',')]
    pub(crate) rooms: Vec<String>,
    /// Whose habits the clients have: how requests are sealed, and what a poll asks for.
    #[arg(long, value_enum, default_value_t = App::Desktop)]
    pub(crate) app: App,
    /// Bytes of a post (300 if not given) or of a file (100000).
    #[arg(long)]
    pub(crate) size: Option<usize>,
    /// Users that take turns. Servers limit posts per user: use many, or one who is an admin.
    #[arg(long)]
    pub(crate) users: Option<usize>,
    #[command(flatten)]
    pub(crate) load: LoadArgs,
}

#[derive(Args, Debug)]
pub(crate) struct SmpArgs {
    /// Where it is.
    #[arg(long, value_parser = address, value_name = "smp://fingerprint[:password]@host[:port]")]
    pub(crate) target: Address,
    /// The proxy that `--scenario proxy` sends through; the relay itself if not given. It must be
    /// allowed to reach the relay (`smp.proxy.allow_private_addresses` on one machine).
    #[arg(long, value_parser = address, value_name = "smp://fingerprint[:password]@host[:port]")]
    pub(crate) proxy: Option<Address>,
    /// What to do; several are done one after another.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "deliver")]
    pub(crate) scenario: Vec<SmpScenario>,
    /// How senders authorize.
    #[arg(long, value_enum, default_value_t = SenderKey::Ed25519)]
    pub(crate) sender_key: SenderKey,
    /// Bytes of a message.
    #[arg(long, default_value_t = 16_000)]
    pub(crate) size: usize,
    /// Queues of each client: 64 to send to, 1000 to subscribe to, 10 to hold if not given.
    #[arg(long)]
    pub(crate) queues: Option<usize>,
    #[command(flatten)]
    pub(crate) load: LoadArgs,
}

impl SmpArgs {
    pub(crate) fn queues(&self, scenario: SmpScenario) -> usize {
        self.queues.unwrap_or_else(|| scenario.queues())
    }
}

/// How much load, for how long, and where the results go.
#[derive(Args, Debug)]
pub(crate) struct LoadArgs {
    /// Connections at once; several numbers are run one after another.
    #[arg(long, value_delimiter = ',', default_value = "8")]
    pub(crate) connections: Vec<usize>,
    /// Operations a second, due whether or not the server keeps up (open loop); without it every
    /// connection does as many as it can (closed loop). Several rates are run one after another.
    #[arg(long, value_delimiter = ',')]
    pub(crate) rate: Vec<f64>,
    /// Seconds measured.
    #[arg(long, value_parser = seconds, default_value = "10")]
    pub(crate) duration: Duration,
    /// Seconds before that, not measured.
    #[arg(long, value_parser = seconds, default_value = "2")]
    pub(crate) warm_up: Duration,
    /// Repetitions of everything.
    #[arg(long, default_value_t = 1)]
    pub(crate) repeat: usize,
    /// The server's process; found by its port if it is local.
    #[arg(long)]
    pub(crate) pid: Option<u32>,
    /// The server's metrics, http://host:port/metrics: reports then say where its time went.
    #[arg(long)]
    pub(crate) metrics: Option<String>,
    /// Threads of the generator; one a core if not given.
    #[arg(long)]
    pub(crate) threads: Option<usize>,
    /// Everything random follows from it.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Who is measured.
    #[arg(long, default_value = "server")]
    pub(crate) label: String,
    /// The commit that is measured; this folder's if not given.
    #[arg(long)]
    pub(crate) commit: Option<String>,
    /// Where to write the report.
    #[arg(long)]
    pub(crate) json: Option<PathBuf>,
    /// Where to write the page.
    #[arg(long)]
    pub(crate) html: Option<PathBuf>,
    /// No progress bar.
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

#[derive(Args, Debug)]
pub(crate) struct LimitArgs {
    /// Seconds for each step.
    #[arg(long, value_parser = seconds, default_value = "0.5")]
    pub(crate) duration: Duration,
    /// Bytes of a request and of its answer.
    #[arg(long, default_value_t = 1000)]
    pub(crate) request: usize,
    #[arg(long, default_value_t = 4000)]
    pub(crate) answer: usize,
    /// As JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct IdArgs {
    /// The server they would be users of.
    #[arg(long)]
    pub(crate) target: SogsTarget,
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    #[arg(long, default_value_t = 1)]
    pub(crate) users: usize,
}

#[derive(Args, Debug)]
pub(crate) struct CompareArgs {
    pub(crate) a: PathBuf,
    pub(crate) b: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct PairArgs {
    /// A command line that runs relay-bench; `--json FILE` is added to it.
    #[arg(long)]
    pub(crate) a: String,
    #[arg(long)]
    pub(crate) b: String,
    /// How often each of them.
    #[arg(long, default_value_t = 3)]
    pub(crate) rounds: usize,
    /// Where to keep the reports a.json and b.json, with the runs of all rounds.
    #[arg(long, default_value = ".")]
    pub(crate) dir: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct RenderArgs {
    #[arg(required = true)]
    pub(crate) reports: Vec<PathBuf>,
    /// Standard output if not given.
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
}

/// Its own error would quote the address, and with it the password.
fn address(text: &str) -> Result<Address, String> {
    let parsed = text
        .parse()
        .map_err(|_| "expected smp://fingerprint[:password]@host[:port]");
    parsed.map_err(str::to_owned)
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 = text
        .trim_end_matches('s')
        .parse()
        .map_err(|_| "a number of seconds is expected".to_owned())?;
    Duration::try_from_secs_f64(number).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn seconds_may_be_broken_and_named() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        assert_eq!(seconds("10s"), Ok(Duration::from_secs(10)));
        assert!(seconds("-1").is_err() && seconds("soon").is_err());
    }
}
