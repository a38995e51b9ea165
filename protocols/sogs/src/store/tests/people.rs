//! Users, ids that mean the same person, and nonces.

use super::*;
use crate::crypto::client::Client;
use crate::domain::permissions::{Need, Permissions};
use crate::store::sql::{self, values};
use crate::wire::moderation::Ban;
use crate::wire::permissions::PermissionChange;
use crate::wire::refusal::AuthError;

#[tokio::test]
async fn users_are_made_once() {
    for bed in Bed::each().await {
        let (first, again) = tokio::join!(bed.user(1), bed.user(1));
        assert_eq!(first.id, again.id);
        assert_eq!(first.session_id, id15(1).to_string());
        let named = bed
            .tables
            .named(id15(1))
            .await
            .expect("read")
            .expect("there");
        assert_eq!(named.id, first.id);
        assert!(bed.tables.named(id15(2)).await.expect("read").is_none());
        let system = bed
            .tables
            .user(UserId::SYSTEM)
            .await
            .expect("read")
            .expect("there");
        assert!(system.role.admin && system.session_id.starts_with("ff"));
    }
}

#[tokio::test]
async fn rights_wait_under_a_05_id_for_its_owner() {
    for bed in Bed::each().await {
        let blinding = Blinding::new(&SERVER);
        let (room, client) = (bed.room("lounge").await, Client::new([3; 32]));
        let (named, comes_as) = (client.id05(), client.id15(&blinding));
        let system = Actor::system();
        bed.tables
            .set_role(&system, named, role_in("lounge", Role::Moderator), at(3))
            .await
            .expect("a role");
        let later = crate::wire::permissions::LaterChange::parse(br#"{"in":50,"write":false}"#);
        bed.tables
            .schedule(&system, room, named, later.expect("later"), at(3))
            .await
            .expect("later");
        // Naming the other of the two, or this one, takes nothing away.
        for id in [comes_as.abs(), comes_as.neg()] {
            let hello = PermissionChange::parse(br#"{"default_read":true}"#).expect("a change");
            bed.tables
                .set_permissions(&system, room, id, hello, at(4))
                .await
                .expect("set");
        }
        let waiting = bed.tables.named(named).await.expect("read").expect("waits");
        assert!(waiting.in_room(room).moderator);
        let user = bed.tables.admit(comes_as, at(5)).await.expect("comes");
        assert!(user.in_room(room).moderator);
        let old = bed
            .tables
            .user(waiting.id)
            .await
            .expect("read")
            .expect("there");
        assert!(!old.in_room(room).moderator);
        assert_eq!(
            bed.tables
                .futures_of(room, comes_as)
                .await
                .expect("read")
                .len(),
            1
        );
        let again = bed.tables.named(named).await.expect("read").expect("there");
        assert_eq!(again.id, user.id);
        // From now on a 05 id means whom it always meant.
        let ban = Ban {
            scope: Scope::Global,
            timeout: None,
        };
        bed.tables
            .ban(&system, named, ban, at(6))
            .await
            .expect("banned");
        assert!(
            bed.tables
                .admit(comes_as, at(7))
                .await
                .expect("known")
                .role
                .banned
        );
    }
}

#[tokio::test]
async fn bans_and_roles_of_the_server_wait_too() {
    for bed in Bed::each().await {
        let blinding = Blinding::new(&SERVER);
        let (banned, admin) = (Client::new([4; 32]), Client::new([5; 32]));
        let system = Actor::system();
        let ban = Ban {
            scope: Scope::Global,
            timeout: None,
        };
        bed.tables
            .ban(&system, banned.id05(), ban, at(3))
            .await
            .expect("banned");
        let role = RoleChange {
            scope: Scope::Global,
            role: Role::Admin,
            visible: false,
        };
        bed.tables
            .set_role(&system, admin.id05(), role, at(3))
            .await
            .expect("a role");
        let banned = bed
            .tables
            .admit(banned.id15(&blinding), at(4))
            .await
            .expect("a user");
        assert!(banned.role.banned);
        let admin = bed
            .tables
            .admit(admin.id15(&blinding), at(4))
            .await
            .expect("a user");
        assert!(admin.role.admin && admin.role.moderator && !admin.role.visible);
        let all = bed.tables.global_moderators().await.expect("read");
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].0, admin.session_id);
    }
}

#[tokio::test]
async fn a_server_that_begins_to_blind_files_everybody() {
    for bed in Bed::each().await {
        let room = bed.room("lounge").await;
        let open = Tables::new(
            bed.tables.store().clone(),
            Naming::Unblinded,
            Blinding::new(&SERVER),
            CacheLimits::default(),
        );
        let (client, nobody) = (Client::new([6; 32]), Client::new([7; 32]));
        open.admit(nobody.id05(), at(2)).await.expect("a user");
        let change = role_in("lounge", Role::Moderator);
        open.set_role(&SYSTEM, client.id05(), change, at(3))
            .await
            .expect("a role");
        let blinded = process(&bed.url).await;
        assert_eq!(blinded.file_pending().await.expect("filed"), 1);
        assert_eq!(blinded.file_pending().await.expect("filed"), 0);
        let id = client.id15(&Blinding::new(&SERVER));
        let user = blinded.admit(id, at(4)).await.expect("a user");
        assert!(user.in_room(room).moderator);
    }
}

#[tokio::test]
async fn a_request_changes_things_once() {
    for bed in Bed::each().await {
        let (room, user) = (bed.room("lounge").await, bed.user(1).await);
        let post = |actor: Actor| {
            let tables = bed.tables.clone();
            async move {
                tables
                    .post(
                        &actor,
                        room,
                        new_message("x"),
                        Filtered::default(),
                        posting(at(10)),
                    )
                    .await
            }
        };
        let request = Actor::signed(user.id, [1; 16], at(1000));
        let id = post(request.clone()).await.expect("posted").id;
        // Another part of the same batch.
        bed.tables
            .delete(&request, room, id, at(11))
            .await
            .expect("deleted");
        let replay = Actor::signed(user.id, [1; 16], at(1000));
        let reused = Refusal::Auth(AuthError::NonceReused);
        assert_eq!(refusal(post(replay.clone()).await), reused);
        assert_eq!(refusal(bed.tables.redeem(&replay).await), reused);
        assert_eq!(bed.shown(room).await.message_sequence(), 2);
        let other = bed.user(2).await;
        post(Actor::signed(other.id, [1; 16], at(1000)))
            .await
            .expect("another's nonce");
        // A request that was refused has used its nonce up.
        let in_vain = Actor::signed(user.id, [2; 16], at(1000));
        assert_eq!(
            refusal(bed.tables.delete(&in_vain, room, id, at(12)).await),
            Refusal::NotFound
        );
        let again = Actor::signed(user.id, [2; 16], at(1000));
        assert_eq!(refusal(post(again).await), reused);
        assert_eq!(
            bed.tables.prune_nonces(at(1000), 10).await.expect("pruned"),
            0
        );
        assert_eq!(
            bed.tables.prune_nonces(at(1001), 2).await.expect("pruned"),
            2
        );
        assert_eq!(
            bed.tables.prune_nonces(at(1001), 2).await.expect("pruned"),
            1
        );
    }
}

/// What the tables say somebody may do is what the rules say.
#[tokio::test]
async fn permissions_are_those_of_the_rules() {
    let flags = [None, Some(true), Some(false)];
    for bed in Bed::each().await {
        let room = bed.room("lounge").await;
        let mut n = 0;
        for read in flags {
            for write in flags {
                for role in [None, Some(Role::Moderator), Some(Role::Admin)] {
                    n += 1;
                    bed.user(n).await;
                    let json =
                        serde_json::json!({"read": read, "write": write, "default_upload": true});
                    let change =
                        PermissionChange::parse(json.to_string().as_bytes()).expect("a change");
                    let system = Actor::system();
                    bed.tables
                        .set_permissions(&system, room, id15(n), change, at(3))
                        .await
                        .expect("set");
                    if let Some(role) = role {
                        let change = role_in("lounge", role);
                        bed.tables
                            .set_role(&system, id15(n), change, at(3))
                            .await
                            .expect("a role");
                    }
                    let user = bed.user(n).await;
                    let shown = bed.shown(room).await;
                    let rules = Permissions::of(OPEN, user.role, user.in_room(room));
                    assert_eq!(user.permissions(&shown), rules);
                    let mods = role.is_some();
                    assert_eq!(rules.allow(Need::Write), mods || write.unwrap_or(true));
                    assert_eq!(rules.allow(Need::Read), mods || read.unwrap_or(true));
                    let told = bed
                        .tables
                        .permissions_of(room, id15(n))
                        .await
                        .expect("read");
                    assert_eq!((told.read, told.write, told.upload), (read, write, None));
                    assert_eq!(
                        bed.try_post(&user, room, "x").await.is_ok(),
                        rules.allow(Need::Write)
                    );
                }
            }
        }
        // Rows that say nothing are not kept.
        let count = sql::scalar::<i64>(
            bed.tables.reads(),
            "SELECT count(*) FROM sogs_override",
            values![],
        );
        assert_eq!(count.await.expect("read"), 26);
        assert_eq!(bed.tables.permissions(room).await.expect("read").len(), 26);
    }
}
