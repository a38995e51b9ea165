//! Bans, from rooms and from the server, for a while or for ever.

use relay_core::clock::UnixTime;
use sea_orm::DbErr;

use super::change::{Actor, All, Change, Halt, Tx};
use super::moderators::rooms_of;
use super::overrides::{self, standing};
use super::person::{self, Person};
use super::sql::{self, Columns, values};
use super::{RoomId, StoreError, Tables, UserId, moderation};
use crate::crypto::SessionId;
use crate::domain::moderation::{self as rules, Standing};
use crate::domain::permissions::{GlobalRole, Need, Override};
use crate::wire::Refusal;
use crate::wire::moderation::{Ban, Scope};

/// Somebody who is banned.
#[derive(Clone, Eq, PartialEq)]
pub struct Banned {
    /// Who.
    pub session_id: String,
    /// From which room; from the server if none.
    pub room: Option<String>,
    /// When it ends, if it does.
    pub until: Option<UnixTime>,
}

crate::private::private_debug!(Banned);

impl Tables {
    /// Bans somebody.
    pub async fn ban(
        &self,
        actor: &Actor,
        id: SessionId,
        ban: Ban,
        now: UnixTime,
    ) -> Result<(), StoreError> {
        let change = self.banning(actor, id, ban, now);
        self.change(actor, change).await
    }

    /// Bans all of some people, or none.
    pub async fn ban_all(
        &self,
        actor: &Actor,
        ids: &[SessionId],
        ban: Ban,
        now: UnixTime,
    ) -> Result<(), StoreError> {
        let each = ids.iter();
        let each = each.map(|id| self.banning(actor, *id, ban.clone(), now));
        self.change(actor, All(each.collect())).await.map(drop)
    }

    /// Lifts a ban, if there is one.
    pub async fn unban(
        &self,
        actor: &Actor,
        id: SessionId,
        scope: Scope,
        now: UnixTime,
    ) -> Result<(), StoreError> {
        let change = self.unbanning(actor, id, scope, now);
        self.change(actor, change).await
    }

    /// Lifts the bans of all of some people, or of none.
    pub async fn unban_all(
        &self,
        actor: &Actor,
        ids: &[SessionId],
        scope: Scope,
        now: UnixTime,
    ) -> Result<(), StoreError> {
        let each = ids.iter();
        let each = each.map(|id| self.unbanning(actor, *id, scope.clone(), now));
        self.change(actor, All(each.collect())).await.map(drop)
    }

    fn banning(&self, actor: &Actor, id: SessionId, ban: Ban, now: UnixTime) -> SetBan {
        SetBan {
            actor: actor.user,
            person: self.person(id),
            until: ban.timeout.map(|timeout| now.plus(timeout)),
            scope: ban.scope,
            banned: true,
            now,
        }
    }

    fn unbanning(&self, actor: &Actor, id: SessionId, scope: Scope, now: UnixTime) -> SetBan {
        SetBan {
            actor: actor.user,
            person: self.person(id),
            scope,
            banned: false,
            until: None,
            now,
        }
    }

    /// Who is banned from a room, by id.
    pub async fn banned_from(&self, room: RoomId) -> Result<Vec<String>, StoreError> {
        let rows = sql::all(
            self.reads(),
            "SELECT u.session_id FROM sogs_override o JOIN sogs_user u ON u.id = o.user_id \
             WHERE o.room_id = ? AND o.banned ORDER BY u.session_id",
            values![room],
        );
        let rows = self.heard(rows.await)?;
        self.heard(rows.into_iter().map(|mut row| row.next()).collect())
    }

    /// Everybody who is banned, from the server first.
    pub async fn bans(&self) -> Result<Vec<Banned>, StoreError> {
        let rows = sql::all(
            self.reads(),
            "SELECT u.session_id, NULL, (SELECT min(f.due) FROM sogs_future_ban f \
             WHERE f.user_id = u.id AND f.room_id IS NULL AND NOT f.banned) FROM sogs_user u \
             WHERE u.banned UNION ALL \
             SELECT u.session_id, r.token, (SELECT min(f.due) FROM sogs_future_ban f \
             WHERE f.user_id = u.id AND f.room_id = r.id AND NOT f.banned) \
             FROM sogs_override o JOIN sogs_user u ON u.id = o.user_id \
             JOIN sogs_room r ON r.id = o.room_id WHERE o.banned",
            values![],
        );
        let read = |mut row: Columns| {
            Ok(Banned {
                session_id: row.next()?,
                room: row.next()?,
                until: row.maybe_time()?,
            })
        };
        let rows = self.heard(rows.await)?;
        self.heard(rows.into_iter().map(read).collect())
    }
}

struct SetBan {
    actor: UserId,
    person: Person,
    scope: Scope,
    banned: bool,
    until: Option<UnixTime>,
    now: UnixTime,
}

impl Change for SetBan {
    type Done = ();

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<(), Halt> {
        if self.scope == Scope::Global {
            return self.on_server(tx).await;
        }
        let rooms = rooms_of(tx, self.actor, &self.scope, Need::Moderate).await?;
        // Everything is looked at before anything is written.
        let known = person::known(tx.db, &self.person).await?;
        if self.banned {
            for room in &rooms {
                for user in &known {
                    self.check(tx, *room, *user).await?;
                }
            }
        }
        for user in self.rows(tx, known).await? {
            for room in &rooms {
                self.in_room(tx, *room, user).await?;
            }
        }
        Ok(())
    }
}

impl SetBan {
    /// Whom it concerns: nobody is made only to be let off.
    async fn rows(&self, tx: &mut Tx<'_>, known: Vec<UserId>) -> Result<Vec<UserId>, DbErr> {
        if self.banned {
            person::rows_of(tx, &self.person, self.now).await
        } else {
            Ok(known)
        }
    }

    async fn check(&self, tx: &Tx<'_>, room: RoomId, user: UserId) -> Result<(), Halt> {
        let by = standing(tx, room, self.actor).await?;
        let target = Standing::of(
            overrides::role(tx.db, user).await?,
            overrides::in_room(tx.db, room, user).await?,
        );
        let may = user != self.actor && Standing::of(by.role, by.set).may_ban(target);
        may.then_some(()).ok_or(Refusal::Denied.into())
    }

    async fn in_room(&self, tx: &mut Tx<'_>, room: RoomId, user: UserId) -> Result<(), DbErr> {
        let before = overrides::in_room(tx.db, room, user).await?;
        let after = if self.banned {
            rules::ban(before)
        } else {
            Override {
                banned: false,
                ..before
            }
        };
        if self.banned {
            tx.execute(
                "DELETE FROM sogs_future_ban WHERE user_id = ? AND room_id = ?",
                values![user, room],
            )
            .await?;
            self.schedule_end(tx, Some(room), user).await?;
        }
        overrides::set_in_room(tx, room, user, before, after).await?;
        let note = moderation::note(self.actor, self.action(), self.now);
        note.room(room).target(user).write(tx).await
    }

    async fn on_server(&self, tx: &mut Tx<'_>) -> Result<(), Halt> {
        let role = overrides::role(tx.db, self.actor).await?;
        let by = Standing::of(role, Override::default());
        let known = person::known(tx.db, &self.person).await?;
        let mut targets = vec![GlobalRole::default()];
        for user in &known {
            targets.push(overrides::role(tx.db, *user).await?);
        }
        let mut targets = targets.into_iter();
        let may = targets.all(|is| by.may_ban_globally(Standing::of(is, Override::default())));
        if !may || role.banned || known.contains(&self.actor) {
            return Err(Refusal::Denied.into());
        }
        for user in self.rows(tx, known).await? {
            self.row_on_server(tx, user).await?;
        }
        Ok(())
    }

    async fn row_on_server(&self, tx: &mut Tx<'_>, user: UserId) -> Result<(), DbErr> {
        let before = overrides::role(tx.db, user).await?;
        tx.execute(
            "DELETE FROM sogs_future_ban WHERE user_id = ? AND room_id IS NULL",
            values![user],
        )
        .await?;
        if self.banned {
            self.schedule_end(tx, None, user).await?;
        }
        let after = GlobalRole {
            banned: self.banned,
            ..before
        };
        overrides::set_role(tx, user, before, after).await?;
        let note = moderation::note(self.actor, self.action(), self.now);
        note.target(user).write(tx).await
    }

    async fn schedule_end(
        &self,
        tx: &mut Tx<'_>,
        room: Option<RoomId>,
        user: UserId,
    ) -> Result<(), DbErr> {
        let Some(until) = self.until else {
            return Ok(());
        };
        tx.execute(
            "INSERT INTO sogs_future_ban (room_id, user_id, due, banned) VALUES (?, ?, ?, FALSE)",
            values![room.map(|room| room.0), user, until.millis()],
        )
        .await?;
        Ok(())
    }

    const fn action(&self) -> &'static str {
        if self.banned { "ban" } else { "unban" }
    }
}
