//! What happens when its time has come.

use super::*;
use crate::store::room_edit::RoomPolicy;
use crate::wire::moderation::Ban;
use crate::wire::permissions::{LaterChange, PermissionChange};

fn later(json: &str) -> LaterChange {
    LaterChange::parse(json.as_bytes()).expect("later")
}

#[tokio::test]
async fn changes_due_together_are_all_applied() {
    for bed in Bed::each().await {
        let room = bed.room("lounge").await;
        let system = Actor::system();
        bed.user(1).await;
        for json in [
            r#"{"in":5,"read":false}"#,
            r#"{"in":6,"write":false}"#,
            r#"{"in":60,"read":true}"#,
        ] {
            bed.tables
                .schedule(&system, room, id15(1), later(json), at(0))
                .await
                .expect("later");
        }
        let all = bed.tables.futures(room).await.expect("read");
        assert_eq!(
            (all.len(), all[0].read, all[1].write),
            (3, Some(false), Some(false))
        );
        assert_eq!(all[0].session_id, Some(id15(1).to_string()));
        assert_eq!(bed.tables.apply_due(at(4)).await.expect("applied"), 0);
        assert_eq!(bed.tables.apply_due(at(10)).await.expect("applied"), 1);
        let set = bed.user(1).await.in_room(room);
        assert_eq!((set.read, set.write), (Some(false), Some(false)));
        bed.tables.apply_due(at(60)).await.expect("applied");
        // As the room has it is as if nothing were set.
        assert_eq!(bed.user(1).await.in_room(room).read, None);
        assert_eq!(bed.tables.apply_due(at(99)).await.expect("applied"), 0);
    }
}

#[tokio::test]
async fn changes_at_once_replace_scheduled_ones() {
    for bed in Bed::each().await {
        let room = bed.room("lounge").await;
        let system = Actor::system();
        let schedule = later(r#"{"in":5,"read":false,"write":false}"#);
        let futures = bed
            .tables
            .schedule(&system, room, id15(1), schedule, at(0))
            .await;
        assert_eq!(futures.expect("later").len(), 1);
        let set = |json: &str| {
            let change = PermissionChange::parse(json.as_bytes()).expect("a change");
            bed.tables
                .set_permissions(&SYSTEM, room, id15(1), change, at(1))
        };
        set(r#"{"read":true,"unschedule":false}"#)
            .await
            .expect("set");
        let futures = bed.tables.futures_of(room, id15(1)).await.expect("read");
        assert_eq!(
            (futures[0].read, futures[0].session_id.as_ref()),
            (Some(false), None)
        );
        set(r#"{"read":true}"#).await.expect("set");
        let futures = bed.tables.futures_of(room, id15(1)).await.expect("read");
        assert_eq!((futures[0].read, futures[0].write), (None, Some(false)));
        set(r#"{"write":true}"#).await.expect("set");
        assert!(
            bed.tables
                .futures_of(room, id15(1))
                .await
                .expect("read")
                .is_empty()
        );
    }
}

#[tokio::test]
async fn bans_end_when_they_said() {
    for bed in Bed::each().await {
        let room = bed.room("lounge").await;
        let system = Actor::system();
        let timeout = Some(Duration::from_secs(10));
        let ban = |scope| {
            bed.tables
                .ban(&system, id15(1), Ban { scope, timeout }, at(0))
        };
        ban(rooms(&["lounge"])).await.expect("banned");
        ban(rooms(&["lounge"])).await.expect("banned");
        ban(Scope::Global).await.expect("banned");
        let futures = bed.tables.futures(room).await.expect("read");
        assert_eq!((futures.len(), futures[0].banned), (1, Some(false)));
        let bans = bed.tables.bans().await.expect("read");
        assert!(bans.iter().all(|ban| ban.until == Some(at(10))) && bans.len() == 2);
        bed.tables.apply_due(at(9)).await.expect("applied");
        assert!(bed.user(1).await.role.banned);
        assert_eq!(bed.tables.apply_due(at(10)).await.expect("applied"), 2);
        let user = bed.user(1).await;
        assert!(!user.role.banned && user.overrides().is_empty());
        assert!(bed.tables.bans().await.expect("read").is_empty());
    }
}

#[tokio::test]
async fn activity_is_written_together_and_not_too_often() {
    for bed in Bed::each().await {
        let (room, user) = (bed.room("lounge").await, bed.user(1).await);
        let see = |secs| {
            bed.tables.saw(user.id, at(secs));
            bed.tables.saw_in(room, user.id, at(secs));
        };
        see(5);
        see(6);
        assert_eq!(
            bed.tables
                .write_activity(at(6), MINUTE)
                .await
                .expect("written"),
            2
        );
        see(7);
        assert_eq!(
            bed.tables
                .write_activity(at(8), MINUTE)
                .await
                .expect("written"),
            0
        );
        assert_eq!(bed.tables.recount_active(at(0)).await.expect("counted"), 1);
        assert_eq!(bed.tables.recount_active(at(0)).await.expect("counted"), 0);
        assert_eq!(bed.shown(room).await.active_users, 1);
        assert_eq!(bed.tables.recount_active(at(7)).await.expect("counted"), 1);
        assert_eq!(bed.shown(room).await.active_users, 0);
        see(66);
        assert_eq!(
            bed.tables
                .write_activity(at(66), MINUTE)
                .await
                .expect("written"),
            2
        );
        bed.tables.recount_active(at(60)).await.expect("counted");
        assert_eq!(bed.shown(room).await.active_users, 1);
        assert_eq!(
            bed.tables.prune_activity(at(67), 10).await.expect("pruned"),
            1
        );
        see(70);
        let hour = 60 * MINUTE;
        let written = bed.tables.write_activity(at(126), hour).await;
        assert_eq!(written.expect("written"), 0);
        see(127);
        let written = bed.tables.write_activity(at(127), hour).await;
        assert_eq!(written.expect("written"), 2);
        see(3_700);
        let written = bed.tables.write_activity(at(3_700), hour).await;
        assert_eq!(written.expect("written"), 0);
    }
}

#[tokio::test]
async fn old_messages_go_where_the_operator_says_so() {
    for bed in Bed::each().await {
        let (room, keeps) = (bed.room("lounge").await, bed.room("keeps").await);
        let user = bed.user(1).await;
        let first = bed.post(&user, room, "old").await.id;
        bed.post(&user, keeps, "old").await;
        bed.tables
            .pin(&SYSTEM, room, first, at(11))
            .await
            .expect("pinned");
        let day = Some(Some(Duration::from_secs(100)));
        bed.tables
            .set_policy(
                room,
                RoomPolicy {
                    retention: day,
                    slow_mode: None,
                },
            )
            .await
            .expect("set");
        assert_eq!(
            bed.tables
                .apply_retention(at(110), 10)
                .await
                .expect("applied"),
            0
        );
        assert_eq!(
            bed.tables
                .apply_retention(at(111), 10)
                .await
                .expect("applied"),
            1
        );
        assert!(bed.news(room, Reader::Anonymous, 0).await.is_empty());
        assert!(bed.shown(room).await.pins.is_empty());
        assert_eq!(bed.shown(room).await.message_sequence(), 1);
        assert_eq!(bed.news(keeps, Reader::Anonymous, 0).await.len(), 1);
    }
}
