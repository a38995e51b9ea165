//! `relayctl sogs mod`, `ban` and `user`.

use relay_admin::paths::with;
use relay_sogs::admin::paths;
use relay_sogs::admin::types::{Ban, Count, Moderator, Role, SetBan, SetRole, User};

use super::perms::set_for;
use super::{Context, Outcome, Verdict};
use crate::cli::sogs as cli;
use crate::output::{count, harmless, table};
use crate::time;

const EVERYWHERE: &str = "+";

pub(super) async fn moderators(command: cli::Mod, context: &Context) -> Outcome {
    match command {
        cli::Mod::Add {
            who,
            admin,
            visible,
            hidden,
        } => {
            let role = if admin { Role::Admin } else { Role::Moderator };
            let visible = (visible || hidden).then_some(visible);
            set_role(who, role, visible, context).await
        }
        cli::Mod::Remove(who) => set_role(who, Role::None, None, context).await,
        cli::Mod::List { room } => list_moderators(room.as_deref(), context).await,
    }
}

async fn set_role(who: cli::Who, role: Role, visible: Option<bool>, context: &Context) -> Outcome {
    let set = SetRole {
        ids: who.ids,
        rooms: who.rooms,
        role,
        visible,
    };
    let changed: Count = context.daemon()?.put(paths::MODERATORS, &set).await?;
    context.output.answer(&changed, || changed_users(changed))?;
    Ok(Verdict::Good)
}

async fn list_moderators(room: Option<&str>, context: &Context) -> Outcome {
    let mut moderators: Vec<Moderator> = context.daemon()?.get(paths::MODERATORS).await?;
    moderators.retain(|moderator| meant(room, moderator.room.as_deref()));
    let header = ["ROOM", "ROLE", "SHOWN", "ID"];
    let row = |moderator: &Moderator| {
        [
            place(moderator.room.as_deref()),
            if moderator.admin {
                "admin"
            } else {
                "moderator"
            }
            .to_owned(),
            if moderator.visible { "yes" } else { "no" }.to_owned(),
            moderator.id.clone(),
        ]
    };
    let text = || table(header, moderators.iter().map(row));
    context.output.answer(&moderators, text)?;
    Ok(Verdict::Good)
}

pub(super) async fn bans(command: cli::Ban, context: &Context) -> Outcome {
    match command {
        cli::Ban::Add { who, span } => {
            let timeout = span.map(|span| span.get().as_secs());
            set_ban(who, true, timeout, context).await
        }
        cli::Ban::Remove(who) => set_ban(who, false, None, context).await,
        cli::Ban::List { room } => list_bans(room.as_deref(), context).await,
    }
}

async fn set_ban(who: cli::Who, banned: bool, timeout: Option<u64>, context: &Context) -> Outcome {
    let set = SetBan {
        ids: who.ids,
        rooms: who.rooms,
        banned,
        timeout,
    };
    let changed: Count = context.daemon()?.put(paths::BANS, &set).await?;
    context.output.answer(&changed, || changed_users(changed))?;
    Ok(Verdict::Good)
}

async fn list_bans(room: Option<&str>, context: &Context) -> Outcome {
    let mut bans: Vec<Ban> = context.daemon()?.get(paths::BANS).await?;
    bans.retain(|ban| meant(room, ban.room.as_deref()));
    let header = ["ROOM", "UNTIL (UTC)", "ID"];
    let row = |ban: &Ban| {
        let until = ban.until.map_or_else(|| "for ever".to_owned(), time::stamp);
        [place(ban.room.as_deref()), until, ban.id.clone()]
    };
    let text = || table(header, bans.iter().map(row));
    context.output.answer(&bans, text)?;
    Ok(Verdict::Good)
}

pub(super) async fn user(command: cli::User, context: &Context) -> Outcome {
    let cli::User::Show { id } = command;
    let user: User = context.daemon()?.get(&with(paths::USER, &id)).await?;
    context.output.answer(&user, || about(&user))?;
    Ok(Verdict::Good)
}

fn about(user: &User) -> String {
    let seen = user
        .last_active
        .map_or_else(|| "never".to_owned(), time::stamp);
    let standing = [
        (user.banned, "banned"),
        (user.admin, "admin"),
        (user.moderator && !user.admin, "moderator"),
    ];
    let standing = standing
        .iter()
        .find(|(is, _)| *is)
        .map_or("nothing special", |(_, name)| *name);
    let mut lines = vec![
        harmless(&user.id),
        format!("  known since       {}", time::stamp(user.created)),
        format!("  last seen         {seen}"),
        format!("  on this server    {standing}"),
    ];
    let rooms = user.rooms.iter();
    lines
        .extend(rooms.map(|(token, set)| format!("  in {:<14} {}", harmless(token), set_for(set))));
    lines.join("\n")
}

fn changed_users(changed: Count) -> String {
    format!("{} changed", count(changed.count, "user"))
}

/// Whether an entry is of the room asked about, if one is.
fn meant(asked: Option<&str>, room: Option<&str>) -> bool {
    match (asked, room) {
        (None, _) => true,
        (Some(asked), None) => asked == EVERYWHERE,
        (Some(asked), Some(room)) => asked.eq_ignore_ascii_case(room),
    }
}

fn place(room: Option<&str>) -> String {
    room.unwrap_or("(whole server)").to_owned()
}
