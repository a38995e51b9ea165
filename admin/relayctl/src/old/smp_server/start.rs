//! `smp-server start`: relayd in this process, with the SMP relay only, as `smp-server.ini` and the
//! identity beside it say. The translation is made anew at every start.

mod left_behind;
mod lines;
mod ports;

use std::fs;
use std::path::PathBuf;

use relay_admin::server::router;
use relay_config::Sources;
use relay_core::data_dir::write_secret;
use relay_core::lifecycle::{self, Blueprint, Options, owners};
use relay_smp::identity::Folder;
use relay_smp::wire::{from_base64url, to_base64url};
use relay_storage::Database;
use toml::Table;

use super::console::{note, say};
use super::init::{cannot, claim};
use super::options::Given;
use super::places::{Places, shown};
use super::translate::{Translation, put, translate};
use super::{End, read_ini};

/// Runs the server to its end.
pub(super) fn run(given: &Given, places: &Places) -> Result<(), End> {
    let level = log_level(given)?;
    check_migrations(given)?;
    let ini = read_ini(places)?;
    let refused = |error| End::Failed(format!("{}: {error}", shown(&places.ini())));
    let translation = translate(&ini, places).map_err(refused)?;
    let fingerprint = check_identity(places)?;
    say(&lines::all(&translation.told, &fingerprint, places));
    for line in warnings(&translation, given) {
        note(&format!("smp-server: warning: {line}"));
    }
    left_behind::check(places, given.has("skip-warnings"))?;
    left_behind::leave_a_note(places, translation.told.store_log);
    let config = configure(translation, places, level);
    let file = write(&config, places)?;
    if given.has("maintenance") {
        return maintain(&file, places);
    }
    let options = Options {
        config: Some(file),
        check: false,
        upgrade: given.has("upgrade"),
        settings: Vec::new(),
    };
    let ended = lifecycle::run(options, relayd::protocols(), router);
    ended.map_err(End::failed)
}

fn log_level(given: &Given) -> Result<&'static str, End> {
    match given.value("log-level") {
        None | Some("info" | "note") => Ok("info"),
        Some("trace") => Ok("trace"),
        Some("debug") => Ok("debug"),
        Some("warn") => Ok("warn"),
        Some("error") => Ok("error"),
        Some(_) => Err(End::Usage(
            "option --log-level: Invalid log level".to_owned(),
        )),
    }
}

fn check_migrations(given: &Given) -> Result<(), End> {
    match given.value("confirm-migrations") {
        None | Some("up" | "down") => Ok(()),
        Some(_) => Err(End::Usage(
            "option --confirm-migrations: invalid migration confirmation, pass 'up' or 'down'"
                .to_owned(),
        )),
    }
}

/// The daemon would make a new identity where there is none; here there must be one, and it must
/// be the one that was told to people.
fn check_identity(places: &Places) -> Result<[u8; 32], End> {
    let folder = Folder::at(&places.configuration);
    let fingerprint = folder.fingerprint().map_err(End::failed)?;
    let file = places.configuration.join("fingerprint");
    let stored = fs::read_to_string(&file).map_err(|error| {
        let line = to_base64url(&fingerprint);
        End::Failed(format!(
            "{}: {error}; if the server's address has {line} in it, write that into the file",
            shown(&file)
        ))
    })?;
    match from_base64url(stored.trim()) {
        Ok(stored) if stored == fingerprint => Ok(fingerprint),
        _ => Err(End::Refused("Stored fingerprint is invalid.".to_owned())),
    }
}

fn warnings(translation: &Translation, given: &Given) -> Vec<String> {
    let mut lines: Vec<String> = translation
        .dropped
        .iter()
        .map(ToString::to_string)
        .collect();
    let trouble = &translation.told.web.trouble;
    lines.extend(trouble.iter().map(|why| {
        format!("no pages over HTTPS ({why}); put the files there, or comment out https, cert and key in [WEB]")
    }));
    if given.has("compact-log") {
        lines.push(
            "--compact-log: there is no log to compact, the database does it by itself".to_owned(),
        );
    }
    lines
}

/// What smp-server.ini says, and what a daemon under this name is: one relay, all data in one
/// folder, no port that the older program had not.
fn configure(translation: Translation, places: &Places, level: &str) -> Table {
    let Translation {
        mut config, told, ..
    } = translation;
    put(&mut config, "data_dir", shown(&places.state).into());
    put(&mut config, "log.level", level.into());
    put(&mut config, "smp.enabled", true.into());
    put(&mut config, "sogs.enabled", false.into());
    if !config.contains_key("metrics") {
        put(&mut config, "metrics.listen", Vec::<String>::new().into());
    }
    ports::adapt(&mut config, &told.transport.ports);
    config
}

fn write(config: &Table, places: &Places) -> Result<PathBuf, End> {
    let file = places.toml();
    let text = format!(
        "# Made from {} at every start of smp-server: change that one.\n\
         # What it cannot say belongs into {}/*.toml.\n\n{config}",
        shown(&places.ini()),
        shown(&places.state.join("conf.d"))
    );
    write_secret(&file, text.as_bytes()).map_err(|error| cannot("write", &file, &error))?;
    Ok(file)
}

/// Opens and migrates the database, and no more.
fn maintain(file: &std::path::Path, places: &Places) -> Result<(), End> {
    let sources = Sources::of_process(Some(file.to_owned()));
    let protocols = relayd::protocols();
    let blueprint = Blueprint::draw(&sources, &protocols).map_err(End::failed)?;
    let _alone = claim(places)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(End::failed)?;
    runtime.block_on(async {
        let database = Database::open(blueprint.storage).await;
        let database = database.map_err(End::failed)?;
        let migrated = database.migrate(&owners(&protocols)).await;
        database.close().await;
        migrated.map(drop).map_err(End::failed)
    })?;
    say("Server started in 'maintenance' mode, exiting");
    Ok(())
}
