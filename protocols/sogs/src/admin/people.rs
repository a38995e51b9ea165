//! Who moderates, who is banned, and what is known of somebody.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use relay_admin::server::problem::{Body, Refusal, Segment};
use relay_core::clock::UnixTime;

use super::permissions::of_user;
use super::scope::written;
use super::trouble::{id, ids};
use super::types::{Ban, Count, Moderator, Role, SetBan, SetRole, User};
use super::{Done, Shared, Shown, done};
use crate::store::change::Actor;
use crate::wire::moderation::{self, RoleChange, Scope};

pub(super) async fn moderators(State(server): Shared) -> Shown<Vec<Moderator>> {
    let mut moderators = Vec::new();
    for (id, role) in server.tables.global_moderators().await? {
        moderators.push(Moderator {
            id,
            room: None,
            admin: role.admin,
            visible: role.visible,
        });
    }
    for room in server.tables.rooms().await? {
        for (id, set) in server.tables.permissions(room.id).await? {
            if set.moderator || set.admin {
                moderators.push(Moderator {
                    id,
                    room: Some(room.token.clone()),
                    admin: set.admin,
                    visible: !set.hidden,
                });
            }
        }
    }
    Ok(Json(moderators))
}

pub(super) async fn set_role(State(server): Shared, Body(set): Body<SetRole>) -> Done<Count> {
    let (ids, scope) = (ids(&set.ids)?, server.scope(&set.rooms).await?);
    let change = RoleChange {
        visible: set.visible.unwrap_or(scope != Scope::Global),
        role: set.role.into(),
        scope,
    };
    let (system, now) = (Actor::system(), server.clock.now());
    server
        .tables
        .set_role_of_all(&system, &ids, change, now)
        .await?;
    let became = match set.role {
        Role::Admin => "admin",
        Role::Moderator => "moderator",
        Role::None => "no moderator",
    };
    let about = format!("{} {became} of {}", set.ids.join(", "), written(&set.rooms));
    done(about, counted(ids.len()))
}

pub(super) async fn bans(State(server): Shared) -> Shown<Vec<Ban>> {
    let bans = server.tables.bans().await?.into_iter();
    let shown = bans.map(|ban| Ban {
        id: ban.session_id,
        room: ban.room,
        until: ban.until.map(UnixTime::secs),
    });
    Ok(Json(shown.collect()))
}

pub(super) async fn set_ban(State(server): Shared, Body(set): Body<SetBan>) -> Done<Count> {
    let (ids, scope) = (ids(&set.ids)?, server.scope(&set.rooms).await?);
    let (system, now) = (Actor::system(), server.clock.now());
    let timeout = set.timeout.map(Duration::from_secs);
    if set.banned {
        let ban = moderation::Ban { scope, timeout };
        server.tables.ban_all(&system, &ids, ban, now).await?;
    } else {
        server.tables.unban_all(&system, &ids, scope, now).await?;
    }
    let what = if set.banned {
        "banned from"
    } else {
        "let back into"
    };
    let about = format!("{} {what} {}", set.ids.join(", "), written(&set.rooms));
    done(about, counted(ids.len()))
}

pub(super) async fn user(State(server): Shared, Segment(text): Segment<String>) -> Shown<User> {
    let user = server.tables.named(id(&text)?).await?;
    let user = user.ok_or_else(|| {
        Refusal::NotFound("nobody with this id was ever here, or was named here".to_owned())
    })?;
    let mut rooms = Vec::new();
    for room in server.tables.rooms().await? {
        let set = user.in_room(room.id);
        if !set.is_empty() {
            let set = of_user(user.session_id.clone(), set.shown());
            rooms.push((room.token.clone(), set));
        }
    }
    Ok(Json(User {
        id: user.session_id.clone(),
        created: user.created.secs(),
        last_active: Some(user.last_active.secs()).filter(|at| *at > 0),
        banned: user.role.banned,
        moderator: user.role.moderator,
        admin: user.role.admin,
        rooms,
    }))
}

fn counted(count: usize) -> Count {
    Count {
        count: u64::try_from(count).unwrap_or(u64::MAX),
    }
}

impl From<Role> for moderation::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Admin => Self::Admin,
            Role::Moderator => Self::PlainModerator,
            Role::None => Self::Neither,
        }
    }
}
