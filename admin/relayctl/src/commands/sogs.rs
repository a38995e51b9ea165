//! `relayctl sogs`: the Session Open Group Server.

mod filter;
mod message;
mod people;
mod perms;
mod room;
mod server;

use super::{Context, Outcome, Verdict};
use crate::cli::sogs::Sogs;

pub(super) async fn run(command: Sogs, context: &Context) -> Outcome {
    match command {
        Sogs::Room(room) => room::run(room, context).await,
        Sogs::Mod(moderator) => people::moderators(moderator, context).await,
        Sogs::Ban(ban) => people::bans(ban, context).await,
        Sogs::Perms(perms) => perms::run(perms, context).await,
        Sogs::User(user) => people::user(user, context).await,
        Sogs::Message(message) => message::run(message, context).await,
        Sogs::Url { room, qr } => server::links(room.as_deref(), qr, context).await,
        Sogs::Filter(filter) => filter::run(filter, context).await,
        Sogs::Stats => server::stats(context).await,
        Sogs::Log { limit } => server::log(limit, context).await,
    }
}
