//! `relayctl sogs perms`.

use relay_admin::paths::with;
use relay_sogs::admin::paths;
use relay_sogs::admin::types::{Change, Future, RoomPermissions, SetPermissions, UserPermissions};

use super::room::may;
use super::{Context, Outcome, Verdict};
use crate::cli::sogs::{Flags, Perms};
use crate::failure::Failure;
use crate::output::harmless;
use crate::time;

pub(super) async fn run(command: Perms, context: &Context) -> Outcome {
    match command {
        Perms::Show { room } => {
            let path = with(paths::ROOM_PERMISSIONS, &room);
            answer(&context.daemon()?.get(&path).await?, context)
        }
        Perms::Set {
            room,
            ids,
            allow,
            deny,
            clear,
            delay,
        } => {
            let [allow, deny, clear] = [allow, deny, clear].map(Option::unwrap_or_default);
            let change = |flag: fn(&Flags) -> bool| change([&allow, &deny, &clear].map(flag));
            let set = SetPermissions {
                ids,
                read: change(|flags| flags.read)?,
                accessible: change(|flags| flags.access)?,
                write: change(|flags| flags.write)?,
                upload: change(|flags| flags.upload)?,
                delay: delay.map(|span| span.get().as_secs()),
            };
            let path = with(paths::ROOM_PERMISSIONS, &room);
            answer(&context.daemon()?.put(&path, &set).await?, context)
        }
    }
}

fn change(in_which: [bool; 3]) -> Result<Change, Failure> {
    match in_which {
        [false, false, false] => Ok(Change::Keep),
        [true, false, false] => Ok(Change::Allow),
        [false, true, false] => Ok(Change::Deny),
        [false, false, true] => Ok(Change::Clear),
        _ => Err(Failure::Usage(
            "name each letter in one of --allow, --deny and --clear only".to_owned(),
        )),
    }
}

fn answer(permissions: &RoomPermissions, context: &Context) -> Outcome {
    context.output.answer(permissions, || shown(permissions))?;
    Ok(Verdict::Good)
}

fn shown(permissions: &RoomPermissions) -> String {
    let mut lines = vec![format!("everybody may {}", may(permissions.defaults))];
    let users = permissions.users.iter();
    lines.extend(users.map(|user| format!("{}  {}", harmless(&user.id), set_for(user))));
    lines.extend(permissions.futures.iter().map(future));
    lines.join("\n")
}

fn future(future: &Future) -> String {
    let flags = [
        (future.read, "read"),
        (future.write, "write"),
        (future.upload, "upload"),
        (future.banned, "banned"),
    ];
    let flags: Vec<_> = flags.into_iter().filter_map(signed).collect();
    let at = time::stamp(future.at);
    format!("{}  {} from {at}", harmless(&future.id), flags.join(" "))
}

/// `admin, hidden`; `+read -write`; `banned`.
pub(super) fn set_for(set: &UserPermissions) -> String {
    let roles = [
        (set.banned, "banned"),
        (set.admin, "admin"),
        (set.moderator && !set.admin, "moderator"),
        (set.hidden, "hidden"),
    ];
    let roles = roles
        .into_iter()
        .filter(|(is, _)| *is)
        .map(|(_, name)| name.to_owned());
    let flags = [
        (set.read, "read"),
        (set.write, "write"),
        (set.upload, "upload"),
        (set.accessible, "access"),
    ];
    let words: Vec<_> = roles.chain(flags.into_iter().filter_map(signed)).collect();
    words.join(" ")
}

fn signed((flag, name): (Option<bool>, &str)) -> Option<String> {
    flag.map(|given| format!("{}{name}", if given { '+' } else { '-' }))
}
