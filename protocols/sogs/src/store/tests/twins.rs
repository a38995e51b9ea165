//! People who may come under either blinded id.

use super::*;
use crate::crypto::client::Client;
use crate::wire::moderation::Ban;
use crate::wire::permissions::{LaterChange, PermissionChange};

/// Somebody's three ids.
#[derive(Clone, Copy)]
struct Ids {
    real: SessionId,
    first: SessionId,
    second: SessionId,
}

fn ids(n: u8) -> Ids {
    let (client, blinding) = (Client::new([n; 32]), Blinding::new(&SERVER));
    Ids {
        real: client.id05(),
        first: client.id15(&blinding),
        second: client.id25(&blinding),
    }
}

impl Bed {
    /// The same database, where the second blinding is taken.
    async fn either(&self) -> Tables {
        process_with(&self.url, Naming::BlindedEither, CacheLimits::default()).await
    }
}

async fn come(tables: &Tables, id: SessionId) -> Arc<User> {
    tables.admit(id, at(9)).await.expect("comes")
}

async fn appoint(tables: &Tables, id: SessionId, scope: Scope, role: Role) {
    let visible = true;
    let change = RoleChange {
        scope,
        role,
        visible,
    };
    let done = tables.set_role(&SYSTEM, id, change, at(3)).await;
    done.expect("a role");
}

fn lounge() -> Scope {
    Scope::Rooms(vec!["lounge".to_owned()])
}

async fn ban(tables: &Tables, id: SessionId, scope: Scope) {
    let timeout = Some(Duration::from_mins(1));
    let ban = Ban { scope, timeout };
    let done = tables.ban(&SYSTEM, id, ban, at(4)).await;
    done.expect("banned");
}

#[tokio::test]
async fn a_role_given_to_a_real_id_is_met_under_both() {
    for bed in Bed::each().await {
        let room = bed.room("lounge").await;
        let tables = bed.either().await;
        let [stranger, first, second, both] = [1, 2, 3, 4].map(ids);
        for id in [first.first, second.second, both.first, both.second] {
            come(&tables, id).await;
        }
        for person in [stranger, first, second, both] {
            appoint(&tables, person.real, lounge(), Role::Admin).await;
            for id in [person.second, person.first] {
                assert!(come(&tables, id).await.in_room(room).admin, "{id}");
            }
            appoint(&tables, person.real, lounge(), Role::Neither).await;
            appoint(&tables, person.real, Scope::Global, Role::Moderator).await;
            for id in [person.second, person.first] {
                let user = come(&tables, id).await;
                assert!(!user.in_room(room).moderator && user.role.moderator, "{id}");
            }
        }
    }
}

#[tokio::test]
async fn a_ban_of_a_real_id_meets_both_and_so_does_its_end() {
    for bed in Bed::each().await {
        let room = bed.room("lounge").await;
        let tables = bed.either().await;
        let (new, known) = (ids(1), ids(2));
        come(&tables, known.first).await;
        come(&tables, known.second).await;
        for person in [new, known] {
            ban(&tables, person.real, lounge()).await;
            ban(&tables, person.real, Scope::Global).await;
            for id in [person.second, person.first] {
                let user = come(&tables, id).await;
                assert!(user.in_room(room).banned && user.role.banned, "{id}");
            }
            // The time-out of one id is lifted early, the other's when it is due.
            let done = tables.unban(&SYSTEM, person.real, lounge(), at(5)).await;
            done.expect("let off");
            assert!(!come(&tables, person.second).await.in_room(room).banned);
        }
        while tables.apply_due(at(70)).await.expect("applied") > 0 {}
        for person in [new, known] {
            for id in [person.second, person.first] {
                let user = come(&tables, id).await;
                assert!(!user.in_room(room).banned && !user.role.banned, "{id}");
            }
        }
    }
}

#[tokio::test]
async fn permissions_of_a_real_id_are_those_of_both() {
    for bed in Bed::each().await {
        let room = bed.room("lounge").await;
        let (tables, alice) = (bed.either().await, ids(1));
        let set = PermissionChange::parse(br#"{"upload":false}"#).expect("a change");
        let done = tables.set_permissions(&SYSTEM, room, alice.real, set, at(3));
        assert_eq!(done.await.expect("set").upload, Some(false));
        let later = LaterChange::parse(br#"{"in":50,"write":false}"#).expect("a change");
        let planned = tables
            .schedule(&SYSTEM, room, alice.real, later, at(3))
            .await;
        assert_eq!(planned.expect("planned").len(), 1);
        for id in [alice.second, alice.first, alice.real] {
            let told = tables.permissions_of(room, id).await.expect("read");
            let expected = (id != alice.first).then_some(false);
            assert_eq!(told.upload, expected, "{id}, which has not come");
        }
        while tables.apply_due(at(60)).await.expect("applied") > 0 {}
        for id in [alice.second, alice.first] {
            let set = come(&tables, id).await.in_room(room);
            assert_eq!((set.upload, set.write), (Some(false), Some(false)), "{id}");
        }
    }
}

#[tokio::test]
async fn everything_somebody_wrote_goes_whichever_id_they_wrote_it_under() {
    for bed in Bed::each().await {
        let room = bed.room("lounge").await;
        let (tables, alice) = (bed.either().await, ids(1));
        for id in [alice.first, alice.second] {
            let user = come(&tables, id).await;
            bed.post(&user, room, "x").await;
        }
        let moderator = Actor::trusted(bed.moderator(9, "lounge", Role::Moderator).await.id);
        let stranger = Actor::trusted(bed.user(8).await.id);
        let delete = |actor: Actor| {
            let tables = tables.clone();
            async move { tables.delete_all(&actor, room, alice.real, at(20)).await }
        };
        assert_eq!(refusal(delete(stranger).await), Refusal::Denied);
        assert_eq!(delete(moderator).await.expect("deleted"), 2);
    }
}

#[tokio::test]
async fn a_blinded_id_means_itself_alone() {
    for bed in Bed::each().await {
        let room = bed.room("lounge").await;
        let (tables, alice) = (bed.either().await, ids(1));
        appoint(&tables, alice.second, lounge(), Role::Moderator).await;
        assert!(come(&tables, alice.second).await.in_room(room).moderator);
        assert!(!come(&tables, alice.first).await.in_room(room).moderator);
    }
}

/// Where the second blinding is not taken, nobody learns of second ids; what waits for somebody
/// when it is taken at last is shared with them.
#[tokio::test]
async fn switched_on_later_it_reaches_whoever_is_waited_for() {
    for bed in Bed::each().await {
        let room = bed.room("lounge").await;
        let [admin, banned] = [1, 2].map(ids);
        appoint(&bed.tables, admin.real, lounge(), Role::Admin).await;
        appoint(&bed.tables, admin.real, Scope::Global, Role::Moderator).await;
        ban(&bed.tables, banned.real, Scope::Global).await;
        for person in [admin, banned] {
            assert!(
                bed.tables
                    .named(person.second)
                    .await
                    .expect("read")
                    .is_none()
            );
        }
        let tables = bed.either().await;
        for _ in 0..2 {
            assert_eq!(tables.file_pending().await.expect("shared"), 0);
        }
        for id in [admin.second, admin.first] {
            let user = come(&tables, id).await;
            assert!(user.in_room(room).admin && user.role.moderator, "{id}");
        }
        for id in [banned.second, banned.first] {
            assert!(come(&tables, id).await.role.banned, "{id}");
        }
        while tables.apply_due(at(70)).await.expect("applied") > 0 {}
        assert!(!come(&tables, banned.second).await.role.banned);
        // Switched off again, what was made is kept right.
        let off = process(&bed.url).await;
        appoint(&off, admin.real, lounge(), Role::Neither).await;
        let again = bed.either().await;
        assert!(!come(&again, admin.second).await.in_room(room).admin);
    }
}

/// Whoever has come with both ids while those were two people is one when blinding begins; later
/// starts change nothing that was set since.
#[tokio::test]
async fn a_server_that_begins_to_blind_bans_second_ids_it_has_met() {
    for bed in Bed::each().await {
        let room = bed.room("lounge").await;
        let open = process_with(&bed.url, Naming::Unblinded, CacheLimits::default()).await;
        let alice = ids(1);
        come(&open, alice.real).await;
        come(&open, alice.second).await;
        ban(&open, alice.real, lounge()).await;
        assert!(!come(&open, alice.second).await.in_room(room).banned);

        let tables = bed.either().await;
        assert_eq!(tables.file_pending().await.expect("filed"), 1);
        assert!(come(&tables, alice.second).await.in_room(room).banned);
        let done = tables.unban(&SYSTEM, alice.second, lounge(), at(5)).await;
        done.expect("let off");
        let again = bed.either().await;
        assert_eq!(again.file_pending().await.expect("filed"), 0);
        assert!(!come(&again, alice.second).await.in_room(room).banned);
        assert!(come(&again, alice.first).await.in_room(room).banned);
    }
}
