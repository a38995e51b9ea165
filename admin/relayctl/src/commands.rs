//! Every command, by group. A command asks, prints its answer, and gives a verdict.

mod audit;
mod backup;
mod config;
mod control;
mod doctor;
mod init;
mod log;
mod pages;
mod smp;
mod sogs;
mod status;
mod top;
mod worker;

use std::process::ExitCode;

use relay_admin::client::Client;

use crate::cli::{Command, Global};
use crate::failure::Failure;
use crate::output::Output;

/// What every command is given.
pub(crate) struct Context {
    pub(crate) global: Global,
    pub(crate) output: Output,
}

/// What the answer that was printed comes to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    /// Done, or all is well.
    Good,
    /// Not well: not ready, a problem found, a failed run.
    Bad,
}

type Outcome = Result<Verdict, Failure>;

impl Context {
    /// The daemon, which is to answer in time.
    fn daemon(&self) -> Result<Client, Failure> {
        let limit = self.global.timeout.get();
        let daemon = self.global.daemon()?;
        Ok(daemon.within(Some(limit).filter(|limit| !limit.is_zero())))
    }

    /// The daemon, for what may take as long as it takes.
    fn daemon_at_work(&self) -> Result<Client, Failure> {
        self.global.daemon()
    }
}

impl Verdict {
    fn good_if(good: bool) -> Self {
        if good { Self::Good } else { Self::Bad }
    }
}

impl From<Verdict> for ExitCode {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Good => Self::SUCCESS,
            Verdict::Bad => Self::from(1),
        }
    }
}

/// Runs one command to its end.
pub(crate) async fn run(command: Command, context: &Context) -> Outcome {
    match command {
        Command::Audit(audit) => audit::run(audit, context).await,
        Command::Backup(backup) => backup::run(backup, context).await,
        Command::Completions { shell } => pages::completions(shell, context),
        Command::Config(config) => config::run(config, context).await,
        Command::Doctor(doctor) => doctor::run(&doctor, context).await,
        Command::Init(init) => init::run(init, context).await,
        Command::Log(log) => log::run(log, context).await,
        Command::Man { dir } => pages::man(dir.as_deref(), context),
        Command::Openapi => pages::openapi(context),
        Command::Reload => control::reload(context).await,
        Command::Smp(smp) => smp::run(smp, context).await,
        Command::Sogs(sogs) => sogs::run(sogs, context).await,
        Command::Status => status::run(context).await,
        Command::Top(wanted) => top::run(&wanted, context).await,
        Command::Stop(wait) => control::stop(&wait, context).await,
        Command::Upgrade(wait) => control::upgrade(&wait, context).await,
        Command::Worker(worker) => worker::run(worker, context).await,
    }
}
