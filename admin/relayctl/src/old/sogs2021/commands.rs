//! Rooms, moderators, and the URL.

use relay_admin::client::Client;
use relay_admin::paths::with;
use relay_admin::types::Setting;
use relay_config::Sources;
use relay_core::failure::Failure as Stop;
use relay_sogs::admin::paths;
use relay_sogs::admin::types::{Count, Defaults, Links, NewRoom, Role, Room, RoomEdit, SetRole};
use serde_json::Value;

use super::super::say;
use super::cli::{Args, pair};
use super::{open, refused, serve, unavailable};
use crate::desk::{self, Desk};

/// What comes before the URL.
const FORMAT: &str =
    "Users can join rooms on this open group server using the following URL format:";

/// Everything in a room: nothing is forbidden to anybody.
const EVERYTHING: Defaults = Defaults {
    read: true,
    accessible: true,
    write: true,
    upload: true,
};

pub(super) async fn run(args: &Args) -> Result<(), Stop> {
    let sources = Sources::of_process(None);
    let desk = match desk::running(&sources).await.map_err(unavailable)? {
        Some(client) => Desk::of(client),
        None => open(args, serve::with_settings(args, sources)?).await?,
    };
    let outcome = all(args, desk.client()).await;
    desk.close().await;
    outcome
}

async fn all(args: &Args, client: &Client) -> Result<(), Stop> {
    if let Some(values) = &args.add_room {
        let (id, name) = pair(values);
        add_room(id, name, client).await?;
        say::out(&format!("Added room with ID: {id}\n"));
    }
    if let Some(id) = &args.delete_room {
        let deleted = client.delete::<Room>(&with(paths::ROOM, id)).await;
        deleted.map_err(refused)?;
        say::out(&format!("Deleted room with ID: {id}\n"));
    }
    if let Some(values) = &args.add_moderator {
        let (id, room) = pair(values);
        set_role(id, room, Role::Admin, client).await?;
        say::out(&format!("Added moderator: {id} to room with ID: {room}\n"));
    }
    if let Some(values) = &args.delete_moderator {
        let (id, room) = pair(values);
        set_role(id, room, Role::None, client).await?;
        say::out(&format!(
            "Deleted moderator: {id} from room with ID: {room}\n"
        ));
    }
    if args.print_url {
        say::out(&urls(client).await?);
    }
    Ok(())
}

/// A room that is there gets another name: in 2021, adding it again did that.
pub(super) async fn add_room(id: &str, name: &str, client: &Client) -> Result<(), Stop> {
    let rooms: Vec<Room> = client.get(paths::ROOMS).await.map_err(refused)?;
    let name = Some(name.to_owned()).filter(|name| !name.is_empty());
    let there = rooms.iter().any(|room| room.token.eq_ignore_ascii_case(id));
    let added: Result<Room, _> = if there {
        let edit = RoomEdit {
            name,
            ..RoomEdit::default()
        };
        client.put(&with(paths::ROOM, id), &edit).await
    } else {
        let new = NewRoom {
            token: id.to_owned(),
            name,
            description: None,
            defaults: EVERYTHING,
        };
        client.post(paths::ROOMS, &new).await
    };
    added.map(drop).map_err(refused)
}

/// Moderators of 2021 could do what admins can today.
async fn set_role(id: &str, room: &str, role: Role, client: &Client) -> Result<(), Stop> {
    let set = SetRole {
        ids: vec![id.to_owned()],
        rooms: vec![room.to_owned()],
        role,
        visible: None,
    };
    let changed: Result<Count, _> = client.put(paths::MODERATORS, &set).await;
    changed.map(drop).map_err(refused)
}

/// The two lines about the URL.
pub(super) async fn urls(client: &Client) -> Result<String, Stop> {
    let links: Links = client.get(paths::LINKS).await.map_err(refused)?;
    let settings: Vec<Setting> = client
        .get(relay_admin::paths::CONFIG)
        .await
        .map_err(refused)?;
    let setting = |key: &str| settings.iter().find(|setting| setting.key == key);
    let configured = setting("sogs.base_url").is_some_and(|base_url| base_url.value.is_string());
    let base = if configured {
        links.base_url
    } else {
        let listen = |key| setting(key).and_then(|listen| first(&listen.value));
        match (listen("sogs.listen"), listen("web.tls_listen")) {
            (None, Some(tls)) => format!("https://[host_name_or_ip]{}", port(tls, "443")),
            (plain, _) => {
                let port = plain.map_or_else(String::new, |plain| port(plain, "80"));
                format!("http://[host_name_or_ip]{port}")
            }
        }
    };
    Ok(format!(
        "{FORMAT}\n{base}/[room_id]?public_key={}\n",
        links.public_key
    ))
}

/// The first of the addresses that are listened on.
fn first(listen: &Value) -> Option<&str> {
    match listen {
        Value::Array(list) => list.first()?.as_str(),
        one => one.as_str(),
    }
}

/// `:9999`; nothing where URLs go without.
fn port(address: &str, usual: &str) -> String {
    match address.rsplit_once(':') {
        Some((_, port)) if port != usual && port.bytes().all(|b| b.is_ascii_digit()) => {
            format!(":{port}")
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_usual_port_is_not_named() {
        assert_eq!(port("0.0.0.0:80", "80"), "");
        assert_eq!(port("0.0.0.0:80", "443"), ":80");
        assert_eq!(port("[::1]:8080", "80"), ":8080");
        assert_eq!(port("unix:/run/sogs.sock", "80"), "");
        let listen = json!(["0.0.0.0:9999", "[::]:9999"]);
        assert_eq!(first(&listen), Some("0.0.0.0:9999"));
        assert_eq!(first(&json!("[::1]:8080")), Some("[::1]:8080"));
        assert_eq!(first(&json!([])), None);
    }
}
