//! `smp-server journal` and `smp-server database`: there is one store here, with nothing to move
//! between; what to do instead is said.

use super::End;
use super::options::Given;
use super::places::{Places, shown};

/// Says what to do instead.
pub(super) fn run(command: &str, given: &Given, places: &Places) -> Result<(), End> {
    super::read_ini(places)?;
    let toml = shown(&places.toml());
    let line = match (command, given.others.first().map(String::as_str)) {
        (_, None) => {
            return Err(End::Usage(format!(
                "Missing: COMMAND\n\nUsage: smp-server {command} (import | export | delete)"
            )));
        }
        (_, Some("import")) => format!(
            "queues and messages are kept in one database, and those of an earlier smp-server cannot be imported yet; keep {} and {}",
            shown(&places.store_log()),
            shown(&places.messages())
        ),
        (_, Some("export")) => format!(
            "queues and messages are kept in one database; `relayctl --config {toml} backup create FILE` saves all of it while the server runs"
        ),
        ("journal", Some("delete")) => format!(
            "nothing is stored as a journal; {} is left from an earlier smp-server, if it is there",
            shown(&places.journal())
        ),
        (_, Some("delete")) => {
            "queues and messages are kept in one database, which goes with the server: `smp-server delete`".to_owned()
        }
        (_, Some(other)) => return Err(End::Usage(format!("Invalid argument `{other}'"))),
    };
    Err(End::Refused(line))
}
