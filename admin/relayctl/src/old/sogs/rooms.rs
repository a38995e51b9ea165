//! Rooms: made, deleted, emptied, listed.

use relay_admin::client::{Client, ClientError};
use relay_admin::paths::with;
use relay_sogs::admin::paths;
use relay_sogs::admin::types::{self, Count, Links, Moderator, Room, RoomInFigures};

use super::super::say;
use super::print::{self, Roster};
use super::rules::NewRoom;
use super::{Halt, Outcome};

pub(super) async fn add(new: &NewRoom, client: &Client) -> Outcome {
    let token = &new.token;
    if find(token, &all(client).await?).is_some() {
        return Err(Halt::Error(format!(
            "Error: room '{token}' already exists!"
        )));
    }
    let room = types::NewRoom {
        token: token.clone(),
        name: new.name.clone(),
        description: new.description.clone(),
        defaults: new.perms.for_new_room(),
    };
    client.post::<Room>(paths::ROOMS, &room).await?;
    say::out(&format!("Created room {token}:\n"));
    show(token, false, client).await
}

pub(super) async fn delete(token: &str, yes: bool, client: &Client) -> Outcome {
    let room = existing(token, client).await?;
    show(&room.token, false, client).await?;
    confirm("Are you sure you want to delete this room? [yN] ", yes)?;
    client
        .delete::<Room>(&with(paths::ROOM, &room.token))
        .await?;
    say::out("Room deleted.\n");
    Ok(())
}

pub(super) async fn clear(token: &str, yes: bool, client: &Client) -> Outcome {
    let room = existing(token, client).await?;
    show(&room.token, false, client).await?;
    confirm(
        "Are you sure you want to delete all messages of this room? [yN] ",
        yes,
    )?;
    let path = with(paths::ROOM_CLEAR, &room.token);
    let cleared: Count = client.post(&path, &()).await?;
    say::out(&format!(
        "Room cleared: {} messages deleted.\n",
        cleared.count
    ));
    Ok(())
}

pub(super) async fn list(verbose: bool, client: &Client) -> Outcome {
    let rooms = all(client).await?;
    if rooms.is_empty() {
        say::out("No rooms.\n");
    }
    for room in rooms {
        show(&room.token, verbose, client).await?;
    }
    Ok(())
}

pub(super) async fn print_urls(client: &Client) -> Outcome {
    let links: Links = client.get(paths::LINKS).await?;
    if links.rooms.is_empty() {
        say::out(&format!(
            "{}/[room]?public_key={}\n",
            links.base_url, links.public_key
        ));
    }
    for room in links.rooms {
        say::out(&format!("{}\n", room.url));
    }
    Ok(())
}

/// Every room there is.
pub(super) async fn all(client: &Client) -> Result<Vec<Room>, ClientError> {
    client.get(paths::ROOMS).await
}

/// A room by its token, in whatever case that is written.
pub(super) fn find<'a>(token: &str, rooms: &'a [Room]) -> Option<&'a Room> {
    rooms
        .iter()
        .find(|room| room.token.eq_ignore_ascii_case(token))
}

async fn existing(token: &str, client: &Client) -> Result<Room, Halt> {
    let rooms = all(client).await?;
    let room = find(token, &rooms).cloned();
    room.ok_or_else(|| Halt::Error(format!("Error: no such room '{token}'")))
}

async fn show(token: &str, verbose: bool, client: &Client) -> Outcome {
    let figures: RoomInFigures = client.get(&with(paths::ROOM, token)).await?;
    let everybody: Vec<Moderator> = client.get(paths::MODERATORS).await?;
    let roster = Roster::of(Some(&figures.room.token), &everybody);
    say::out(&print::room(&figures, &roster, verbose));
    Ok(())
}

fn confirm(question: &str, yes: bool) -> Outcome {
    if yes {
        return Ok(());
    }
    let answer = say::ask(question).unwrap_or_default();
    if answer.starts_with(['y', 'Y']) {
        return Ok(());
    }
    say::out("Aborted.\n");
    Err(Halt::Said(2))
}
