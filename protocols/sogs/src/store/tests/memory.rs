//! What memory holds is what the database holds.

use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};

use super::*;

/// After anything that can happen to messages, what is answered from memory is what the database
/// would have answered.
#[tokio::test]
async fn memory_and_database_agree() {
    for bed in Bed::each().await {
        let room = bed.room("lounge").await;
        let moderator = bed.moderator(1, "lounge", Role::Moderator).await;
        let users = [moderator.clone(), bed.user(2).await, bed.user(3).await];
        let mut rng = StdRng::seed_from_u64(42);
        let mut ids = Vec::new();
        for round in 0..400 {
            step(&bed, room, &users, &mut ids, &mut rng).await;
            if round % 20 == 0 {
                compare(&bed, room, &users, &mut rng).await;
            }
        }
        compare(&bed, room, &users, &mut rng).await;
    }
}

async fn step(
    bed: &Bed,
    room: RoomId,
    users: &[Arc<User>; 3],
    ids: &mut Vec<MessageId>,
    rng: &mut impl Rng,
) {
    let user = &users[rng.random_range(0..3)];
    let by = actor(user);
    let any = |rng: &mut dyn Rng, ids: &[MessageId]| ids[(rng.next_u32() as usize) % ids.len()];
    match rng.random_range(0..10) {
        _ if ids.is_empty() => ids.push(bed.post(user, room, "first").await.id),
        0..=5 => {
            let mut new = new_message("x");
            if user.id == users[0].id {
                new.whisper_mods = rng.random_ratio(1, 4);
                new.whisper_to = rng.random_ratio(1, 4).then(|| id15(2));
            }
            let hidden = Filtered {
                hidden: rng.random_ratio(1, 9),
                reply: None,
            };
            let posted = bed
                .tables
                .post(&by, room, new, hidden, posting(at(10)))
                .await;
            ids.push(posted.expect("posted").id);
        }
        6 => {
            let text = content(&rng.next_u32().to_string());
            let _ = bed
                .tables
                .edit(&by, room, any(rng, ids), text, posting(at(11)))
                .await;
        }
        7 | 8 => {
            let emoji = emoji_of(["a", "b"][rng.random_range(0..2)]);
            let id = any(rng, ids);
            if rng.random_ratio(1, 3) {
                let _ = bed.tables.unreact(&by, room, id, emoji).await;
            } else {
                let _ = bed.tables.react(&by, room, id, emoji, at(12)).await;
            }
        }
        _ => {
            let _ = bed.tables.delete(&by, room, any(rng, ids), at(13)).await;
        }
    }
}

async fn compare(bed: &Bed, room: RoomId, users: &[Arc<User>; 3], rng: &mut impl Rng) {
    let shown = bed.shown(room).await;
    let last = shown.message_sequence();
    let fresh = process(&bed.url).await;
    let stored = fresh.room_by_id(room).await.expect("read").expect("there");
    assert_eq!(last, stored.message_sequence());
    let readers = [
        Reader::Anonymous,
        users[1].reader(&shown),
        users[0].reader(&shown),
    ];
    for reader in readers {
        for reactions in [true, false] {
            for since in [
                0,
                last,
                last / 2,
                last.saturating_sub(30),
                rng.random_range(0..=last),
            ] {
                let limit = rng.random_range(1..=256);
                let memory = bed
                    .tables
                    .since(room, reader, since, limit, reactions)
                    .await;
                let stored = bed
                    .tables
                    .since_stored(room, reader, since, limit, reactions)
                    .await;
                let user = Some(users[1].id);
                assert_eq!(
                    memory.expect("read").json(user, 2),
                    stored.expect("read").json(user, 2),
                    "since {since} of {last} for {reader:?}"
                );
            }
        }
        let recent = bed.tables.recent(room, reader, 50).await.expect("read");
        let stored = bed
            .tables
            .before(room, reader, MessageId(i64::MAX), 50)
            .await;
        assert_eq!(recent.json(None, 4), stored.expect("read").json(None, 4));
    }
    fresh.store().close().await;
}

/// Whoever reads while a commit happens does not put the older value back.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_never_see_what_was_before_an_answer() {
    for bed in Bed::each().await {
        let room = bed.room("lounge").await;
        let user = bed.user(1).await;
        let tables = bed.tables.clone();
        let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let busy: Vec<_> = (0..3)
            .map(|_| {
                let (tables, stop, user) = (tables.clone(), Arc::clone(&stop), user.id);
                tokio::spawn(async move {
                    while !stop.load(std::sync::atomic::Ordering::Acquire) {
                        tables.room_by_id(room).await.expect("read");
                        tables.user(user).await.expect("read");
                        tables
                            .recent(room, Reader::Anonymous, 5)
                            .await
                            .expect("read");
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        for n in 0..60 {
            let name = format!("n{n}");
            let change = crate::wire::rooms::RoomChange {
                name: Some(name.clone()),
                ..Default::default()
            };
            tables
                .change_room(&SYSTEM, room, change, at(5))
                .await
                .expect("changed");
            assert_eq!(bed.shown(room).await.name, name);
            let deny = format!("{{\"write\":{}}}", n % 2 == 0);
            let deny = crate::wire::permissions::PermissionChange::parse(deny.as_bytes())
                .expect("a change");
            tables
                .set_permissions(&SYSTEM, room, id15(1), deny, at(5))
                .await
                .expect("set");
            assert_eq!(bed.user(1).await.in_room(room).write, Some(n % 2 == 0));
            if n % 2 == 0 {
                let id = bed.post(&user, room, "x").await.id;
                let recent = tables
                    .recent(room, Reader::Anonymous, 1)
                    .await
                    .expect("read");
                assert_eq!(recent.messages()[0].0.id, id);
                tables
                    .delete(&actor(&user), room, id, at(6))
                    .await
                    .expect("deleted");
                let recent = tables
                    .recent(room, Reader::Anonymous, 1)
                    .await
                    .expect("read");
                assert!(recent.messages().is_empty());
            }
        }
        stop.store(true, std::sync::atomic::Ordering::Release);
        for task in busy {
            task.await.expect("reads");
        }
    }
}

/// The poll of an idle room asks the database nothing: it works while there is none.
#[tokio::test]
async fn idle_rooms_need_no_database() {
    let bed = Bed::sqlite().await;
    let (room, user) = (bed.room("lounge").await, bed.user(1).await);
    bed.post(&user, room, "x").await;
    let poll = || async {
        let user = bed.tables.admit(id15(1), at(9)).await?;
        let room = bed.tables.room("lounge").await?.expect("there");
        bed.tables.saw_in(room.id, user.id, at(9));
        let news = bed
            .tables
            .since(room.id, user.reader(&room), 1, 100, true)
            .await?;
        let recent = bed.tables.recent(room.id, user.reader(&room), 100).await?;
        let inbox = bed.tables.direct_messages(
            crate::store::inbox::Mailbox::Inbox,
            user.id,
            crate::store::DirectMessageId(0),
            100,
            at(9),
        );
        Ok::<_, StoreError>((
            news.messages().len(),
            recent.messages().len(),
            inbox.await?.len(),
        ))
    };
    assert_eq!(poll().await.expect("read"), (0, 1, 0));
    bed.tables.store().close().await;
    assert_eq!(poll().await.expect("from memory"), (0, 1, 0));
    assert!(bed.tables.room_stats(room, at(9)).await.is_err());
}

/// As many messages of a room are in memory as the operator wants, and up to half as many again.
#[tokio::test]
async fn memory_holds_as_many_messages_as_it_is_told() {
    let bed = Bed::sqlite().await;
    let (room, user) = (bed.room("lounge").await, bed.user(1).await);
    for _ in 0..10 {
        bed.post(&user, room, "x").await;
    }
    let limits = CacheLimits {
        room_messages: 4,
        ..CacheLimits::default()
    };
    let tables = process_with(&bed.url, Naming::Blinded15, limits).await;
    let recent = async |limit| tables.recent(room, Reader::Anonymous, limit).await;
    assert_eq!(recent(10).await.expect("read").messages().len(), 10);
    tables.store().close().await;
    assert_eq!(recent(3).await.expect("from memory").messages().len(), 3);
    assert!(recent(10).await.is_err());
}
