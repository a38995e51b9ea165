//! Rooms and direct messages.

use super::*;
use crate::domain::inbox::InboxPolicy;
use crate::store::DirectMessageId;
use crate::store::inbox::{Mailbox, NewDirectMessage};
use crate::wire::Base64;
use crate::wire::moderation::Ban;

#[tokio::test]
async fn tokens_are_one_however_they_are_written() {
    for bed in Bed::each().await {
        let b = bed.room("Bar").await;
        let a = bed.room("attic").await;
        let found = bed.tables.room("bAR").await.expect("read").expect("there");
        assert_eq!((found.id, found.token.as_str()), (b, "Bar"));
        assert_eq!(
            found.counters(),
            crate::domain::counters::RoomCounters::default()
        );
        let again = NewRoom {
            token: "BAR".parse().expect("a token"),
            name: String::new(),
            description: None,
            defaults: OPEN,
        };
        assert_eq!(
            refusal(bed.tables.create_room(again, at(1)).await),
            Refusal::Malformed
        );
        let all = bed.tables.rooms().await.expect("read");
        assert_eq!(all.iter().map(|room| room.id).collect::<Vec<_>>(), [a, b]);
        assert!(bed.tables.room("cellar").await.expect("read").is_none());
    }
}

#[tokio::test]
async fn stats_count() {
    for bed in Bed::each().await {
        let (room, user) = (bed.room("a").await, bed.user(1).await);
        let id = bed.post(&user, room, "hello").await.id;
        bed.react(&user, room, id, "x").await;
        bed.tables.saw_in(room, user.id, at(5));
        bed.tables
            .write_activity(at(5), MINUTE)
            .await
            .expect("written");
        let stats = bed.tables.room_stats(room, at(6)).await.expect("read");
        assert_eq!(
            (stats.messages, stats.message_bytes, stats.reactions),
            (1, 8, 1)
        );
        assert_eq!(
            (stats.active, stats.top_reactions),
            ([1; 4], vec![("x".to_owned(), 1)])
        );
        let server = bed.tables.server_stats(at(6)).await.expect("read");
        assert_eq!((server.rooms, server.users, server.messages), (1, 1, 1));
    }
}

async fn send(bed: &Bed, from: &User, to: SessionId, secs: i64) -> Result<i64, StoreError> {
    let new = NewDirectMessage {
        recipient: to,
        body: Base64(b"sealed".to_vec()),
        expiry: at(secs + 100),
    };
    let policy = InboxPolicy::default();
    let sent = bed.tables.send(&actor(from), new, policy, at(secs)).await?;
    assert!(sent.message.is_none());
    Ok(sent.id)
}

async fn get(bed: &Bed, mailbox: Mailbox, user: &User, since: i64) -> Vec<i64> {
    let since = DirectMessageId(since);
    let got = bed
        .tables
        .direct_messages(mailbox, user.id, since, 100, at(50))
        .await;
    got.expect("read")
        .iter()
        .map(|message| message.id)
        .collect()
}

#[tokio::test]
async fn direct_messages_are_in_two_boxes() {
    for bed in Bed::each().await {
        let (a, b) = (bed.user(1).await, bed.user(2).await);
        assert!(get(&bed, Mailbox::Inbox, &b, 0).await.is_empty());
        let first = send(&bed, &a, id15(2), 10).await.expect("sent");
        let second = send(&bed, &a, id15(2), 20).await.expect("sent");
        assert_eq!(get(&bed, Mailbox::Inbox, &b, 0).await, [first, second]);
        assert_eq!(get(&bed, Mailbox::Inbox, &b, first).await, [second]);
        assert!(get(&bed, Mailbox::Inbox, &b, second).await.is_empty());
        assert_eq!(get(&bed, Mailbox::Outbox, &a, 0).await, [first, second]);
        assert!(get(&bed, Mailbox::Inbox, &a, 0).await.is_empty());
        assert_eq!(
            bed.tables.prune_inbox(at(115), 10).await.expect("pruned"),
            1
        );
        assert_eq!(get(&bed, Mailbox::Inbox, &b, 0).await, [second]);
        assert_eq!(
            bed.tables.empty_inbox(&actor(&b)).await.expect("emptied"),
            1
        );
        assert!(get(&bed, Mailbox::Inbox, &b, 0).await.is_empty());
        assert!(get(&bed, Mailbox::Outbox, &a, 0).await.is_empty());
        let third = send(&bed, &b, id15(1), 30).await.expect("sent");
        assert!(third > second);
        assert_eq!(get(&bed, Mailbox::Inbox, &a, 0).await, [third]);
    }
}

#[tokio::test]
async fn the_unknown_and_the_banned_get_nothing() {
    for bed in Bed::each().await {
        let (a, _) = (bed.user(1).await, bed.user(2).await);
        assert_eq!(refusal(send(&bed, &a, id15(9), 1).await), Refusal::NotFound);
        let ban = Ban {
            scope: Scope::Global,
            timeout: None,
        };
        bed.tables
            .ban(&SYSTEM, id15(2), ban.clone(), at(2))
            .await
            .expect("banned");
        assert_eq!(refusal(send(&bed, &a, id15(2), 3).await), Refusal::NotFound);
        for n in 10..30 {
            bed.user(n).await;
            send(&bed, &a, id15(n), 3).await.expect("sent");
        }
        bed.user(30).await;
        assert_eq!(
            refusal(send(&bed, &a, id15(30), 4).await),
            Refusal::RateLimited
        );
        send(&bed, &a, id15(10), 3604).await.expect("sent");
        bed.tables
            .ban(&SYSTEM, id15(1), ban, at(5))
            .await
            .expect("banned");
        let banned = refusal(send(&bed, &a, id15(10), 4000).await);
        assert_eq!(
            banned,
            Refusal::Auth(crate::wire::refusal::AuthError::Banned)
        );
    }
}
