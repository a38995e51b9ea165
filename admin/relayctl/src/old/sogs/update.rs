//! Changes of rooms, or of the whole server: first who moderates, then permissions, then names.

use relay_admin::client::Client;
use relay_admin::paths::with;
use relay_sogs::admin::paths;
use relay_sogs::admin::types::{
    Change, Count, Role, Room, RoomEdit, RoomPermissions, SetBan, SetRole,
};

use super::super::say;
use super::people::{check_ids, goes_by, in_short, known};
use super::print::description;
use super::rooms::{all, find};
use super::rules::Update;
use super::{Halt, Outcome};

pub(super) async fn run(update: &Update, client: &Client) -> Outcome {
    let place = Place::of(&update.rooms, client).await?;
    add_moderators(update, &place, client).await?;
    delete_moderators(update, &place, client).await?;
    bans(update, &place, client).await?;
    permissions(update, &place, client).await?;
    describe(update, &place, client).await?;
    rename(update, &place, client).await
}

/// Where something changes.
struct Place {
    rooms: Vec<Room>,
    /// `+` or `*`, if that was said.
    sign: Option<char>,
}

impl Place {
    async fn of(tokens: &[String], client: &Client) -> Result<Self, Halt> {
        let is_sign = |token: &String| token == "+" || token == "*";
        if tokens.len() > 1 && tokens.iter().any(is_sign) {
            return Err(Halt::Error(
                "Error: '+'/'*' arguments to --rooms cannot be used with other rooms".to_owned(),
            ));
        }
        let rooms = all(client).await?;
        let sign = tokens.iter().find(|token| is_sign(token));
        let sign = sign.and_then(|token| token.chars().next());
        let rooms = match sign {
            Some('+') => Vec::new(),
            Some(_) => rooms,
            None => named(tokens, &rooms)?,
        };
        if rooms.is_empty() && sign != Some('+') {
            return Err(Halt::Error(
                "Error: --rooms is required when updating room settings/permissions".to_owned(),
            ));
        }
        Ok(Self { rooms, sign })
    }

    fn is_global(&self) -> bool {
        self.sign == Some('+')
    }

    /// As the admin API is told.
    fn tokens(&self) -> Vec<String> {
        match self.sign {
            Some('+') => vec!["+".to_owned()],
            _ => self.rooms.iter().map(|room| room.token.clone()).collect(),
        }
    }

    /// The rooms, where `option` is about single ones.
    fn single(&self, option: &str) -> Result<&[Room], Halt> {
        if self.sign.is_some() {
            return Err(Halt::Error(format!(
                "Error: --rooms cannot be '+' or '*' (i.e. global/all) with {option}"
            )));
        }
        Ok(&self.rooms)
    }
}

fn named(tokens: &[String], rooms: &[Room]) -> Result<Vec<Room>, Halt> {
    let room = |token: &String| {
        let room = find(token, rooms).cloned();
        room.ok_or_else(|| Halt::Error(format!("No such room: '{token}'")))
    };
    tokens.iter().map(room).collect()
}

async fn add_moderators(update: &Update, place: &Place, client: &Client) -> Outcome {
    let ids = &update.add_moderators;
    check_ids(ids)?;
    if ids.is_empty() {
        return Ok(());
    }
    let visible = if place.is_global() {
        update.visible
    } else {
        !update.hidden
    };
    let role = if update.admin {
        Role::Admin
    } else {
        Role::Moderator
    };
    set_role(ids, place, role, Some(visible), client).await?;
    let shown = if visible { "visible" } else { "hidden" };
    let role = if update.admin { "admin" } else { "moderator" };
    for id in ids {
        if place.is_global() {
            say::out(&format!("Added {id} as {shown} global {role}\n"));
            continue;
        }
        let id = goes_by(id, client).await?;
        for Room { name, token, .. } in &place.rooms {
            say::out(&format!(
                "Added {id} as {shown} {role} of {name} ({token})\n"
            ));
        }
    }
    Ok(())
}

async fn delete_moderators(update: &Update, place: &Place, client: &Client) -> Outcome {
    let ids = &update.delete_moderators;
    check_ids(ids)?;
    for id in ids {
        if place.is_global() {
            delete_global(id, place, client).await?;
            continue;
        }
        set_role(std::slice::from_ref(id), place, Role::None, None, client).await?;
        let id = goes_by(id, client).await?;
        for Room { name, token, .. } in &place.rooms {
            say::out(&format!(
                "Removed {id} as moderator/admin of {name} ({token})\n"
            ));
        }
    }
    Ok(())
}

async fn delete_global(id: &str, place: &Place, client: &Client) -> Outcome {
    let user = known(id, client).await?;
    let goes_by = user.as_ref().map_or(id, |user| &user.id).to_owned();
    let role = match user {
        Some(user) if user.admin => "admin",
        Some(user) if user.moderator => "moderator",
        _ => {
            say::out(&format!("{goes_by} was not a global moderator\n"));
            return Ok(());
        }
    };
    set_role(&[id.to_owned()], place, Role::None, None, client).await?;
    say::out(&format!("Removed {goes_by} as global {role}\n"));
    Ok(())
}

async fn set_role(
    ids: &[String],
    place: &Place,
    role: Role,
    visible: Option<bool>,
    client: &Client,
) -> Outcome {
    let set = SetRole {
        ids: ids.to_vec(),
        rooms: place.tokens(),
        role,
        visible,
    };
    client.put::<Count>(paths::MODERATORS, &set).await?;
    Ok(())
}

async fn bans(update: &Update, place: &Place, client: &Client) -> Outcome {
    let timeout = update.ban_time.map(|time| time.as_secs());
    for (ids, banned, done) in [
        (&update.ban, true, "Banned"),
        (&update.unban, false, "Unbanned"),
    ] {
        check_ids(ids)?;
        if ids.is_empty() {
            continue;
        }
        let timeout = timeout.filter(|_| banned);
        let set = SetBan {
            ids: ids.clone(),
            rooms: place.tokens(),
            banned,
            timeout,
        };
        client.put::<Count>(paths::BANS, &set).await?;
        for id in ids {
            let id = goes_by(id, client).await?;
            if place.is_global() {
                say::out(&format!("{done} {id} globally\n"));
            }
            for Room { name, token, .. } in &place.rooms {
                say::out(&format!("{done} {id} from {name} ({token})\n"));
            }
        }
    }
    Ok(())
}

async fn permissions(update: &Update, place: &Place, client: &Client) -> Outcome {
    if update.perms.is_empty() {
        return Ok(());
    }
    if place.is_global() {
        return Err(Halt::Error(
            "Error: --rooms cannot be '+' (i.e. global) when updating room permissions".to_owned(),
        ));
    }
    for room in &place.rooms {
        let token = &room.token;
        let set = update.perms.of(&update.users);
        client
            .put::<RoomPermissions>(&with(paths::ROOM_PERMISSIONS, token), &set)
            .await?;
        for id in &update.users {
            let user = in_short(id, client).await?;
            say::out(&format!("Updated room permissions for {user} in {token}\n"));
        }
        let changed = update.perms.each().into_iter();
        for (perm, change) in changed.filter(|_| update.users.is_empty()) {
            match change {
                Change::Allow => {
                    say::out(&format!("Enabled default {perm} permission in {token}\n"));
                }
                Change::Deny => {
                    say::out(&format!("Disabled default {perm} permission in {token}\n"));
                }
                Change::Keep | Change::Clear => {}
            }
        }
    }
    Ok(())
}

async fn describe(update: &Update, place: &Place, client: &Client) -> Outcome {
    let Some(text) = &update.description else {
        return Ok(());
    };
    for room in place.single("--description")? {
        let edit = RoomEdit {
            description: Some(text.clone()),
            ..RoomEdit::default()
        };
        let room: Room = client.put(&with(paths::ROOM, &room.token), &edit).await?;
        let text = description(&room);
        say::out(&format!(
            "Updated {} description to:\n\n{text}\n\n",
            room.token
        ));
    }
    Ok(())
}

async fn rename(update: &Update, place: &Place, client: &Client) -> Outcome {
    let Some(name) = &update.name else {
        return Ok(());
    };
    for room in place.single("--name")? {
        let edit = RoomEdit {
            name: Some(name.clone()),
            ..RoomEdit::default()
        };
        let renamed: Room = client.put(&with(paths::ROOM, &room.token), &edit).await?;
        let (old, new) = (&room.name, &renamed.name);
        say::out(&format!(
            "Changed {} name from '{old}' to '{new}'\n",
            room.token
        ));
    }
    Ok(())
}
