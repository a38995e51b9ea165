//! Where the server is: the daemon that runs, or its store; and whether that is as a command needs
//! it.

use std::path::PathBuf;

use relay_config::Sources;
use relay_core::lifecycle::{Blueprint, owners};
use relay_storage::{Database, DatabaseUrl, StorageOptions};

use super::super::say;
use super::Halt;
use super::rules::Action;
use crate::desk::{self, Desk};
use crate::failure::Failure;
use crate::import;
use crate::old::key;

/// How the database is.
enum State {
    /// It is not there, or has no tables.
    Missing(String),
    /// It was written by an older relayd.
    Outdated(String),
    /// It is as this program needs it.
    Current,
}

/// What is known of the server before it is asked.
pub(super) struct House {
    sources: Sources,
    /// The key that sogs.ini names.
    key: Option<PathBuf>,
}

impl House {
    /// Settings as relayctl reads them; where that finds no file, from sogs.ini.
    pub(super) fn find() -> Result<Self, Halt> {
        let mut house = Self {
            sources: Sources::of_process(None),
            key: None,
        };
        let file = house.sources.file().map_err(Failure::from)?;
        if let (Some(ini), None) = (ini()?, file) {
            let imported = import::read(&ini)?;
            house.sources.env.extend(imported.as_variables());
            house.key = imported.sogs_key;
        }
        Ok(house)
    }
}

/// The sogs.ini that PySOGS would read.
fn ini() -> Result<Option<PathBuf>, Halt> {
    match std::env::var_os("SOGS_CONFIG") {
        Some(path) if path.is_empty() => Ok(None),
        Some(path) => {
            let path = PathBuf::from(path);
            if path.exists() {
                return Ok(Some(path));
            }
            let path = path.display();
            Err(Halt::Error(format!(
                "Failed to load config: SOGS_CONFIG={path} specified, but path does not exist!"
            )))
        }
        None => Ok(Some(PathBuf::from("sogs.ini")).filter(|path| path.exists())),
    }
}

/// Makes everything ready for the action. What concerns the database itself is done then, and
/// nothing is left to ask.
pub(super) async fn settle(action: &Action, house: House) -> Result<Option<Desk>, Halt> {
    let House { sources, key } = house;
    if let Some(client) = desk::running(&sources).await? {
        after(action, &State::Current)?;
        return Ok(Some(Desk::of(client)));
    }
    let sources = only_sogs(sources);
    let blueprint =
        Blueprint::draw(&sources, &relayd::protocols()).map_err(|error| failed(&error))?;
    desk::become_owner(&blueprint.settings.data_dir)?;
    let state = state(&blueprint.storage).await?;
    before(action, &state)?;
    if let (Action::Initialize, Some(key)) = (action, &key) {
        key::adopt_raw(key, &blueprint.settings.data_dir).map_err(|error| failed(&error))?;
    }
    let desk = match action {
        Action::CheckUpgrades => None,
        _ => Some(Desk::here(sources).await.map_err(|error| failed(&error))?),
    };
    if let Err(halt) = after(action, &state) {
        if let Some(desk) = desk {
            desk.close().await;
        }
        return Err(halt);
    }
    Ok(desk)
}

/// This relay alone, whatever else the daemon would run.
fn only_sogs(mut sources: Sources) -> Sources {
    let set = |key: &str, value: &str| (format!("RELAYD__{key}"), value.to_owned());
    sources.env.push(set("SOGS__ENABLED", "true"));
    sources.env.push(set("SMP__ENABLED", "false"));
    sources
}

async fn state(storage: &StorageOptions) -> Result<State, Halt> {
    if let DatabaseUrl::Sqlite(file) = &storage.url
        && !file.exists()
    {
        return Ok(State::Missing(format!(
            "{} database does not exist",
            storage.url
        )));
    }
    let database = Database::look(storage.clone()).await;
    let database = database.map_err(|error| failed(&error))?;
    let statuses = database
        .migration_status(&owners(&relayd::protocols()))
        .await;
    database.close().await;
    let statuses = statuses.map_err(|error| failed(&error))?;
    let has_rooms = statuses
        .iter()
        .any(|one| one.prefix == "sogs" && !one.applied.is_empty());
    let mut pending = statuses.iter().flat_map(|one| &one.pending);
    Ok(match pending.next() {
        _ if !has_rooms => State::Missing(
            "Empty database connection and database initialization disabled; aborting".to_owned(),
        ),
        Some(step) => State::Outdated(step.clone()),
        None => State::Current,
    })
}

/// Whether the action can be done on such a database.
fn before(action: &Action, state: &State) -> Result<(), Halt> {
    match (action, state) {
        (Action::Initialize, State::Missing(_)) | (Action::Upgrade, State::Outdated(_)) => Ok(()),
        (Action::Initialize, _) => Err(tables_exist()),
        (_, State::Current) => Ok(()),
        (_, State::Missing(reason)) => Err(failed(reason)),
        (_, State::Outdated(step)) => {
            say::out(&format!(
                "Database upgrades are required: Database upgrade required: {step}\n\n\
                 You can attempt the upgrade using the --upgrade flag; see --help for details.\n"
            ));
            Err(Halt::Said(5))
        }
    }
}

/// What there is to say of the database, which is open now.
fn after(action: &Action, state: &State) -> Result<(), Halt> {
    let said = match (action, state) {
        (Action::Initialize, State::Missing(_)) => "Database schema created.\n",
        (Action::Initialize, _) => return Err(tables_exist()),
        (Action::Upgrade, State::Outdated(_)) => "Database successfully upgraded.\n",
        (Action::Upgrade | Action::CheckUpgrades, _) => "No database upgrades required.\n",
        _ => return Ok(()),
    };
    say::out(said);
    Ok(())
}

fn tables_exist() -> Halt {
    failed(&"Unable to initialize database: tables already exist")
}

/// As PySOGS says it: on standard output, in a paragraph.
fn failed(reason: &dyn std::fmt::Display) -> Halt {
    say::out(&format!(
        "\n\nSOGS initialization failed: {reason}.\n\n\n\
         Perhaps you need to specify a SOGS_CONFIG path or use one of the --upgrade/--initialize options?\n\
         Try --help for additional information.\n\n"
    ));
    Halt::Said(1)
}
