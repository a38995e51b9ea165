//! The server: relayd with this relay only.

use std::fs::File;
use std::path::Path;

use relay_config::{Origin, Sources};
use relay_core::failure::Failure as Stop;
use relay_core::lifecycle::{self, Options, sections};
use relay_sogs::admin::paths;
use relay_sogs::admin::types::Room;
use rustix::stdio::dup2_stderr;

use super::super::say;
use super::cli::Args;
use super::{commands, open, refused};

/// The room that was there from the beginning.
const FIRST: (&str, &str) = ("main", "Main");

type Settings = Vec<(String, String)>;

/// What has to be there before it serves: the key, and a room. Gives the settings to serve with.
pub(super) async fn prepare(args: &Args) -> Result<Settings, Stop> {
    let sources = Sources::of_process(None);
    let settings = settings(args, &sources)?;
    let desk = open(args, laid_over(sources, settings.clone())).await?;
    let prepared = async {
        let rooms: Vec<Room> = desk.client().get(paths::ROOMS).await.map_err(refused)?;
        if rooms.is_empty() {
            commands::add_room(FIRST.0, FIRST.1, desk.client()).await?;
        }
        commands::urls(desk.client()).await
    };
    let urls = prepared.await;
    desk.close().await;
    say::out(&urls?);
    Ok(settings)
}

/// Serves until it is told to end.
pub(super) fn run(args: &Args, settings: Settings) -> Result<(), Stop> {
    if let Some(path) = &args.log_file {
        let cannot = |error: &dyn std::fmt::Display| {
            Stop::Unavailable(format!("cannot write the log {}: {error}", path.display()))
        };
        let file = File::options().create(true).append(true).open(path);
        let file = file.map_err(|error| cannot(&error))?;
        dup2_stderr(file).map_err(|error| cannot(&error))?;
    }
    say::out(&format!("Running on {}.\n", args.address()));
    let options = Options {
        settings,
        ..Options::default()
    };
    lifecycle::run(options, relayd::protocols(), relay_admin::server::router)
}

/// The sources with what the options say above all.
pub(super) fn with_settings(args: &Args, sources: Sources) -> Result<Sources, Stop> {
    let settings = settings(args, &sources)?;
    Ok(laid_over(sources, settings))
}

fn laid_over(mut sources: Sources, settings: Settings) -> Sources {
    sources.env.extend(settings);
    sources
}

fn set(key: &str, value: String) -> (String, String) {
    (format!("RELAYD__{key}"), value)
}

/// HTTPS at the one address there is, and nothing in clear.
fn over_tls(args: &Args) -> Result<Settings, Stop> {
    let file = |option: &str, path: &Path| match std::path::absolute(path) {
        Ok(path) if path.exists() => Ok(path.display().to_string()),
        _ => Err(Stop::Usage(format!(
            "--tls: {} is not there; name the file with {option}",
            path.display()
        ))),
    };
    let certificate = file("--tls-certificate", &args.tls_certificate)?;
    let key = file("--tls-private-key", &args.tls_private_key)?;
    Ok(vec![
        set("SOGS__LISTEN", "[]".to_owned()),
        set("WEB__TLS_LISTEN", args.address().to_string()),
        set("WEB__CERTIFICATE", certificate),
        set("WEB__KEY", key),
    ])
}

fn settings(args: &Args, sources: &Sources) -> Result<Settings, Stop> {
    let mut settings = vec![
        set("SOGS__ENABLED", "true".to_owned()),
        set("SMP__ENABLED", "false".to_owned()),
    ];
    // A command is given no address; where the server listens is known from its configuration then.
    match (args.is_command(), args.tls) {
        (true, _) => {}
        (false, false) => settings.push(set("SOGS__LISTEN", args.address().to_string())),
        (false, true) => settings.extend(over_tls(args)?),
    }
    settings.extend(args.log_level.clone().map(|level| set("LOG__LEVEL", level)));
    let loaded = relay_config::load(sources, &sections(&relayd::protocols()))?;
    // Clients of 2021 came under their real ids.
    if loaded.origin("sogs.auth.require_blinded_ids") == Origin::Default {
        settings.push(set("SOGS__AUTH__REQUIRE_BLINDED_IDS", "false".to_owned()));
    }
    Ok(settings)
}
