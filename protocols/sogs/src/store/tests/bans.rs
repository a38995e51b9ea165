//! Who bans whom, and what a ban does.

use super::*;
use crate::wire::moderation::Ban;
use crate::wire::refusal::AuthError;

fn from(room: &str) -> Ban {
    Ban {
        scope: rooms(&[room]),
        timeout: None,
    }
}

const GLOBAL: Ban = Ban {
    scope: Scope::Global,
    timeout: None,
};

#[tokio::test]
async fn whoever_was_banned_before_posts_nothing_after() {
    for bed in Bed::each().await {
        let (room, user) = (bed.room("lounge").await, bed.user(1).await);
        let id = bed.post(&user, room, "a").await.id;
        bed.tables.saw_in(room, user.id, at(5));
        bed.tables
            .write_activity(at(5), MINUTE)
            .await
            .expect("written");
        let system = Actor::system();
        bed.tables
            .ban(&system, id15(1), from("lounge"), at(20))
            .await
            .expect("banned");
        // `user` is what was known of them before.
        assert_eq!(
            refusal(bed.try_post(&user, room, "b").await),
            Refusal::Denied
        );
        let edit = bed
            .tables
            .edit(&actor(&user), room, id, content("c"), posting(at(21)))
            .await;
        assert_eq!(refusal(edit), Refusal::Denied);
        let delete = bed.tables.delete(&actor(&user), room, id, at(21)).await;
        assert_eq!(refusal(delete), Refusal::Denied);
        let react = bed
            .tables
            .react(&actor(&user), room, id, emoji_of("x"), at(21))
            .await;
        assert_eq!(refusal(react), Refusal::ReadRequired);
        assert!(bed.user(1).await.in_room(room).banned);
        assert_eq!(
            bed.tables.banned_from(room).await.expect("read"),
            [id15(1).to_string()]
        );
        bed.tables.recount_active(at(0)).await.expect("counted");
        assert_eq!(bed.shown(room).await.active_users, 0);
        let unban = bed
            .tables
            .unban(&system, id15(1), rooms(&["lounge"]), at(22));
        unban.await.expect("unbanned");
        bed.post(&user, room, "d").await;
    }
}

#[tokio::test]
async fn a_ban_from_the_server_stops_everything() {
    for bed in Bed::each().await {
        let (room, user) = (bed.room("lounge").await, bed.user(1).await);
        bed.tables
            .ban(&SYSTEM, id15(1), GLOBAL, at(20))
            .await
            .expect("banned");
        let banned = Refusal::Auth(AuthError::Banned);
        assert_eq!(refusal(bed.try_post(&user, room, "b").await), banned);
        assert!(bed.user(1).await.role.banned);
        let bans = bed.tables.bans().await.expect("read");
        assert_eq!((bans.len(), bans[0].room.as_deref()), (1, None));
        let role = bed
            .tables
            .set_role(&SYSTEM, id15(1), role_in("lounge", Role::Admin), at(21));
        role.await
            .expect("bans of the server and roles of rooms are apart");
        let global = RoleChange {
            scope: Scope::Global,
            role: Role::Admin,
            visible: true,
        };
        let global = bed.tables.set_role(&SYSTEM, id15(1), global, at(21)).await;
        assert_eq!(refusal(global), Refusal::Malformed);
    }
}

#[tokio::test]
async fn who_bans_whom() {
    for bed in Bed::each().await {
        let (room, _) = (bed.room("lounge").await, bed.room("other").await);
        let user = bed.user(1).await;
        let moderator = bed.moderator(2, "lounge", Role::Moderator).await;
        let admin = bed.moderator(3, "lounge", Role::Admin).await;
        let global = RoleChange {
            scope: Scope::Global,
            role: Role::Moderator,
            visible: false,
        };
        bed.tables
            .set_role(&SYSTEM, id15(4), global, at(3))
            .await
            .expect("a role");
        let ban = |by: &Arc<User>, whom: u8, ban: Ban| {
            let (tables, by) = (bed.tables.clone(), actor(by));
            async move { tables.ban(&by, id15(whom), ban, at(20)).await }
        };
        assert_eq!(
            refusal(ban(&user, 2, from("lounge")).await),
            Refusal::Denied
        );
        assert_eq!(
            refusal(ban(&moderator, 2, from("lounge")).await),
            Refusal::Denied
        );
        assert_eq!(
            refusal(ban(&moderator, 3, from("lounge")).await),
            Refusal::Denied
        );
        assert_eq!(
            refusal(ban(&moderator, 1, from("other")).await),
            Refusal::Denied
        );
        assert_eq!(refusal(ban(&moderator, 1, GLOBAL).await), Refusal::Denied);
        assert_eq!(
            refusal(ban(&admin, 4, from("lounge")).await),
            Refusal::Denied
        );
        assert_eq!(
            refusal(ban(&moderator, 1, from("nowhere")).await),
            Refusal::Denied
        );
        let twice = Ban {
            scope: rooms(&["lounge", "LOUNGE"]),
            timeout: None,
        };
        assert_eq!(refusal(ban(&moderator, 1, twice).await), Refusal::Denied);
        ban(&admin, 2, from("Lounge"))
            .await
            .expect("an admin bans moderators");
        let set = bed.user(2).await.in_room(room);
        assert!(set.banned && !set.moderator);
        let everywhere = Ban {
            scope: Scope::Everywhere,
            timeout: None,
        };
        ban(&admin, 1, everywhere).await.expect("banned");
        assert_eq!(bed.user(1).await.overrides().len(), 1);
        let done = bed.tables.moderated(10).await.expect("read");
        assert_eq!(
            (done[0].action.as_str(), done[0].room.as_deref()),
            ("ban", Some("lounge"))
        );
        assert_eq!(done[0].target, Some(id15(1).to_string()));
        assert_eq!(done[0].actor, admin.session_id);
    }
}

#[tokio::test]
async fn roles_are_given_by_admins() {
    for bed in Bed::each().await {
        let room = bed.room("lounge").await;
        let moderator = bed.moderator(1, "lounge", Role::Moderator).await;
        let admin = bed.moderator(2, "lounge", Role::Admin).await;
        let give = |by: &Arc<User>, role| {
            let (tables, by) = (bed.tables.clone(), actor(by));
            async move {
                tables
                    .set_role(&by, id15(9), role_in("lounge", role), at(20))
                    .await
            }
        };
        assert_eq!(
            refusal(give(&moderator, Role::Moderator).await),
            Refusal::Denied
        );
        give(&admin, Role::Admin).await.expect("a role");
        assert!(bed.user(9).await.in_room(room).admin);
        give(&admin, Role::NotAdmin).await.expect("a role");
        let set = bed.user(9).await.in_room(room);
        assert!(set.moderator && !set.admin);
        give(&admin, Role::Neither).await.expect("a role");
        assert!(bed.user(9).await.overrides().is_empty());
        bed.tables
            .ban(&actor(&admin), id15(9), from("lounge"), at(21))
            .await
            .expect("banned");
        assert_eq!(
            refusal(give(&admin, Role::Moderator).await),
            Refusal::Malformed
        );
    }
}
