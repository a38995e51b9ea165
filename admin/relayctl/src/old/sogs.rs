//! `sogs`: the command line of PySOGS (`python3 -msogs`).
//!
//! The same options, combinations, output and exit codes: 0 done; 1 refused; 2 a wrong command line,
//! or a question that was answered with no; 5 the database has to be upgraded first. Like PySOGS it
//! works whether or not the server runs: through its admin API, or else on the store.
//!
//! What its users asked for and PySOGS has not: `--print-url`, `--clear-room`, `--ban`, `--unban`,
//! `--list-bans`.

mod cli;
mod house;
mod people;
mod permissions;
mod print;
mod rooms;
mod rules;
mod update;

use std::ffi::OsString;
use std::process::ExitCode;

use relay_admin::client::{Client, ClientError};

use self::house::House;
use self::rules::Action;
use super::say;
use crate::failure::Failure;

/// Why there is nothing more to do.
#[derive(Debug)]
enum Halt {
    /// An error, to be said in one line.
    Error(String),
    /// Something that has been said; with this exit code.
    Said(u8),
}

type Outcome = Result<(), Halt>;

/// Runs it.
pub(super) fn main(args: Vec<OsString>) -> ExitCode {
    let args = match cli::parse(&args) {
        Ok(args) => args,
        Err(said) => return said,
    };
    match rules::action(args).and_then(|action| run(&action)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Halt::Said(code)) => ExitCode::from(code),
        Err(Halt::Error(line)) => {
            say::err(&format!("{line}\n"));
            ExitCode::from(1)
        }
    }
}

fn run(action: &Action) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Halt::Error(format!("Error: cannot start: {error}")))?;
    runtime.block_on(async {
        let house = House::find()?;
        match house::settle(action, house).await? {
            None => Ok(()),
            Some(desk) => {
                let outcome = perform(action, desk.client()).await;
                desk.close().await;
                outcome
            }
        }
    })
}

async fn perform(action: &Action, client: &Client) -> Outcome {
    match action {
        Action::AddRoom(room) => rooms::add(room, client).await,
        Action::DeleteRoom { token, yes } => rooms::delete(token, *yes, client).await,
        Action::ClearRoom { token, yes } => rooms::clear(token, *yes, client).await,
        Action::Update(update) => update::run(update, client).await,
        Action::ListRooms { verbose } => rooms::list(*verbose, client).await,
        Action::ListGlobalModerators => people::list_global(client).await,
        Action::ListBans => people::list_bans(client).await,
        Action::PrintUrl => rooms::print_urls(client).await,
        // Done when the store was opened.
        Action::Initialize | Action::Upgrade | Action::CheckUpgrades => Ok(()),
    }
}

impl From<ClientError> for Halt {
    fn from(error: ClientError) -> Self {
        Self::from(Failure::from(error))
    }
}

impl From<Failure> for Halt {
    fn from(failure: Failure) -> Self {
        Self::Error(format!("Error: {failure}"))
    }
}
