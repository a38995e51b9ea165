//! Who moderates, and who is banned.

use relay_admin::client::{Client, ClientError};
use relay_admin::paths::with;
use relay_sogs::admin::paths;
use relay_sogs::admin::types::{Ban, Moderator, User};

use super::super::say;
use super::print::Roster;
use super::{Halt, Outcome};
use crate::time;

pub(super) async fn list_global(client: &Client) -> Outcome {
    let everybody: Vec<Moderator> = client.get(paths::MODERATORS).await?;
    let roster = Roster::of(None, &everybody);
    say::out(&format!(
        "{}:\n{}",
        roster.counts("global admins"),
        roster.lines("- ")
    ));
    Ok(())
}

pub(super) async fn list_bans(client: &Client) -> Outcome {
    let bans: Vec<Ban> = client.get(paths::BANS).await?;
    say::out(&format!("{} bans:\n", bans.len()));
    for ban in bans {
        let place = ban.room.unwrap_or_else(|| "global".to_owned());
        let until = ban
            .until
            .map(|at| format!(", until {} UTC", time::stamp(at)));
        say::out(&format!(
            "- {} ({place}{})\n",
            ban.id,
            until.unwrap_or_default()
        ));
    }
    Ok(())
}

/// Refuses what cannot be a Session id.
pub(super) fn check_ids(ids: &[String]) -> Outcome {
    let is_id = |id: &str| {
        let digits = id.strip_prefix("05").or_else(|| id.strip_prefix("15"));
        digits.is_some_and(|d| d.len() == 64 && d.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    match ids.iter().find(|id| !is_id(id)) {
        Some(id) => Err(Halt::Error(format!(
            "Error: '{id}' is not a valid session id"
        ))),
        None => Ok(()),
    }
}

/// What is known of somebody: under their blinded id, once they have come with one.
pub(super) async fn known(id: &str, client: &Client) -> Result<Option<User>, ClientError> {
    match client.get(&with(paths::USER, id)).await {
        Ok(user) => Ok(Some(user)),
        Err(ClientError::Refused(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The id that somebody goes by on this server.
pub(super) async fn goes_by(id: &str, client: &Client) -> Result<String, ClientError> {
    Ok(known(id, client)
        .await?
        .map_or_else(|| id.to_owned(), |user| user.id))
}

/// As PySOGS names users in short: `U[050123…cdef]`, with a mark for global roles.
pub(super) async fn in_short(id: &str, client: &Client) -> Result<String, ClientError> {
    let user = known(id, client).await?;
    let mark = match &user {
        Some(user) if user.admin => "@",
        Some(user) if user.moderator => "%",
        _ => "",
    };
    let id = user.map_or_else(|| id.to_owned(), |user| user.id);
    let (start, end) = (id.get(..6), id.get(id.len().saturating_sub(4)..));
    Ok(format!(
        "U[{mark}{}…{}]",
        start.unwrap_or(&id),
        end.unwrap_or_default()
    ))
}
