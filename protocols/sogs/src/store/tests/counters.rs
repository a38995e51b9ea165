//! What counts as a change, and that pollers see all of them in order.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::crypto::client::Client;
use crate::wire::moderation::Ban;
use crate::wire::permissions::PermissionChange;
use crate::wire::rooms::RoomChange;

/// The two counters of a room.
async fn counters(bed: &Bed, room: RoomId) -> (i64, i64) {
    let counters = bed.shown(room).await.counters();
    (counters.message_sequence, counters.info_updates)
}

#[tokio::test]
async fn the_table_of_counters() {
    for bed in Bed::each().await {
        let (room, user) = (bed.room("lounge").await, bed.user(1).await);
        let tables = &bed.tables;
        let system = Actor::system();
        assert_eq!(counters(&bed, room).await, (0, 0));
        let id = bed.post(&user, room, "a").await.id;
        assert_eq!(counters(&bed, room).await, (1, 0));
        let edit = tables
            .edit(&actor(&user), room, id, content("b"), posting(at(11)))
            .await;
        edit.expect("edited");
        assert_eq!(counters(&bed, room).await, (2, 0));
        bed.react(&user, room, id, "x").await;
        bed.react(&user, room, id, "x").await;
        assert_eq!(counters(&bed, room).await, (3, 0));
        for expected in [1, 2] {
            let pinned = tables.pin(&system, room, id, at(12)).await.expect("pinned");
            assert_eq!(pinned.info_updates, expected);
        }
        let unpin = || tables.unpin(&system, room, id, Lifetimes::default());
        assert_eq!(unpin().await.expect("unpinned").info_updates, 3);
        assert!(!unpin().await.expect("not pinned").unpinned);
        assert_eq!(counters(&bed, room).await, (3, 3));
        tables.pin(&system, room, id, at(13)).await.expect("pinned");
        tables
            .delete(&actor(&user), room, id, at(14))
            .await
            .expect("deleted");
        assert_eq!(counters(&bed, room).await, (5, 5));
        assert!(bed.shown(room).await.pins.is_empty());
    }
}

#[tokio::test]
async fn what_is_news_about_a_room() {
    for bed in Bed::each().await {
        let (room, other) = (bed.room("lounge").await, bed.room("other").await);
        let tables = &bed.tables;
        let system = Actor::system();
        let change = |change: &'static str| async move {
            let change = RoomChange::parse(change.as_bytes()).expect("a change");
            let done = tables.change_room(&SYSTEM, room, change, at(5));
            done.await.expect("changed").info_updates
        };
        assert_eq!(change(r#"{"name":"N","description":"D"}"#).await, 2);
        assert_eq!(change(r#"{"name":"N","description":"D"}"#).await, 2);
        assert_eq!(change(r#"{"default_write":false}"#).await, 2);
        assert_eq!(change(r#"{"description":null}"#).await, 3);
        assert!(!bed.shown(room).await.defaults.write);
        bed.user(1).await;
        let role = |role, visible| async move {
            let change = RoleChange {
                visible,
                ..role_in("lounge", role)
            };
            let done = tables.set_role(&SYSTEM, id15(1), change, at(6)).await;
            done.expect("a role").info_updates["lounge"]
        };
        assert_eq!(role(Role::Moderator, true).await, 4);
        assert_eq!(role(Role::Moderator, true).await, 4);
        assert_eq!(role(Role::Moderator, false).await, 5);
        assert_eq!(role(Role::Admin, false).await, 6);
        assert_eq!(
            bed.shown(room).await.roster.hidden_admins,
            [id15(1).to_string()]
        );
        let ban = Ban {
            scope: rooms(&["lounge"]),
            timeout: None,
        };
        tables
            .ban(&system, id15(1), ban.clone(), at(7))
            .await
            .expect("banned");
        assert_eq!(counters(&bed, room).await.1, 7);
        tables
            .ban(&system, id15(2), ban, at(7))
            .await
            .expect("banned");
        let mute = PermissionChange::parse(br#"{"write":false}"#).expect("a change");
        tables
            .set_permissions(&system, room, id15(3), mute, at(8))
            .await
            .expect("muted");
        assert_eq!(counters(&bed, room).await.1, 7);
        assert_eq!(counters(&bed, other).await.1, 0);
        let global = RoleChange {
            scope: Scope::Global,
            role: Role::Moderator,
            visible: true,
        };
        let done = tables
            .set_role(&system, id15(4), global, at(9))
            .await
            .expect("a role");
        assert_eq!(
            (done.info_updates["lounge"], done.info_updates["other"]),
            (8, 1)
        );
        assert_eq!(
            bed.shown(other).await.roster.moderators,
            [id15(4).to_string()]
        );
    }
}

/// Two processes write to one room, a third polls it: it sees every number once and in order.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn pollers_see_no_gap_between_racing_writers() {
    const EACH: i64 = 150;
    for bed in Bed::each().await {
        let room = bed.room("lounge").await;
        let done = Arc::new(AtomicBool::new(false));
        let others = match &bed.url {
            DatabaseUrl::Postgres(_) => vec![process(&bed.url).await],
            DatabaseUrl::Sqlite(_) => vec![bed.tables.clone()],
        };
        let poller = process(&bed.url).await;
        let mut writers = Vec::new();
        for (n, tables) in (0..).zip(std::iter::once(bed.tables.clone()).chain(others)) {
            for part in 0..4_u8 {
                let user = tables
                    .admit(id15(part + 10 * n), at(1))
                    .await
                    .expect("a user");
                let tables = tables.clone();
                writers.push(tokio::spawn(async move {
                    for _ in 0..EACH / 4 {
                        let new = new_message("x");
                        let post = tables
                            .post(
                                &actor(&user),
                                room,
                                new,
                                Filtered::default(),
                                posting(at(10)),
                            )
                            .await;
                        post.expect("posted");
                    }
                }));
            }
        }
        let stop = Arc::clone(&done);
        let polls = tokio::spawn(async move {
            let (mut cursor, mut seen) = (0, Vec::new());
            loop {
                let last = stop.load(Ordering::Acquire);
                let page = poller.since_stored(room, Reader::Anonymous, cursor, 50, true);
                let page = page.await.expect("read");
                seen.extend(page.messages().iter().map(|(m, _)| m.sequence.seqno()));
                cursor = seen.last().copied().unwrap_or(0);
                if last && page.messages().is_empty() {
                    return seen;
                }
                tokio::task::yield_now().await;
            }
        });
        for writer in writers {
            writer.await.expect("writes");
        }
        done.store(true, Ordering::Release);
        let seen = polls.await.expect("polls");
        let posted = EACH / 4 * 4 * 2;
        assert_eq!(seen, (1..=posted).collect::<Vec<_>>());
        if let DatabaseUrl::Sqlite(_) = bed.url {
            let mine = bed
                .tables
                .since(room, Reader::Anonymous, posted - 50, 256, true)
                .await;
            let mine: BTreeSet<_> = mine
                .expect("read")
                .messages()
                .iter()
                .map(|(m, _)| m.sequence.seqno())
                .collect();
            assert_eq!(mine, (posted - 49..=posted).collect());
        }
    }
}

#[tokio::test]
async fn rights_that_move_are_news() {
    for bed in Bed::each().await {
        let room = bed.room("lounge").await;
        let blinding = Blinding::new(&SERVER);
        let client = Client::new([3; 32]);
        let change = role_in("lounge", Role::Admin);
        let done = bed.tables.set_role(&SYSTEM, client.id05(), change, at(3));
        assert_eq!(done.await.expect("a role").info_updates["lounge"], 1);
        assert_eq!(
            bed.shown(room).await.roster.admins,
            [client.id05().to_string()]
        );
        bed.tables
            .admit(client.id15(&blinding), at(4))
            .await
            .expect("a user");
        let shown = bed.shown(room).await;
        assert_eq!(shown.roster.admins, [client.id15(&blinding).to_string()]);
        assert!(shown.info_updates > 1);
    }
}
