//! Posting, editing, deleting, reading.

use serde_json::Value;

use super::*;
use crate::wire::encode_base64;

fn ids(page: &crate::store::messages::Page) -> Vec<i64> {
    page.messages().iter().map(|(m, _)| m.id.0).collect()
}

#[tokio::test]
async fn messages_come_back_to_the_byte() {
    for bed in Bed::each().await {
        let (room, user) = (bed.room("lounge").await, bed.user(1).await);
        let posted = bed.post(&user, room, "hello").await;
        let said = posted.said().expect("words");
        assert_eq!(said.data, b"hello\x80\0\0");
        assert_eq!(said.signature, [9; 64]);
        assert_eq!(said.session_id, user.session_id);
        let stored = bed.tables.message(room, Reader::Anonymous, posted.id);
        let stored = stored.await.expect("read").expect("there");
        assert!(stored.said() == Some(said));
        let json = &bed.news(room, Reader::Anonymous, 0).await[0];
        assert_eq!(json["data"], encode_base64(b"hello\x80\0\0"));
        assert_eq!(
            (json["seqno"].as_i64(), &json["reactions"]),
            (Some(1), &serde_json::json!({}))
        );
    }
}

#[tokio::test]
async fn edits_keep_what_was_and_the_same_words_are_no_edit() {
    for bed in Bed::each().await {
        let (room, user) = (bed.room("lounge").await, bed.user(1).await);
        let id = bed.post(&user, room, "a").await.id;
        let me = actor(&user);
        let edit = |text: &str| {
            bed.tables
                .edit(&me, room, id, content(text), posting(at(30)))
        };
        edit("a").await.expect("no edit");
        assert_eq!(bed.shown(room).await.message_sequence(), 1);
        edit("b").await.expect("an edit");
        let news = bed.news(room, Reader::Anonymous, 1).await;
        assert_eq!(news[0]["seqno"], 2);
        assert_eq!(news[0]["edited"], 1_000_030.0);
        let history = bed.tables.prune_history(at(31), 10).await;
        assert_eq!(history.expect("pruned"), 1);
        let other = bed.user(2).await;
        let theirs = bed
            .tables
            .edit(&actor(&other), room, id, content("c"), posting(at(31)))
            .await;
        assert_eq!(refusal(theirs), Refusal::Denied);
    }
}

#[tokio::test]
async fn deletions_are_told_to_those_who_can_know() {
    for bed in Bed::each().await {
        let (room, user) = (bed.room("lounge").await, bed.user(1).await);
        let first = bed.post(&user, room, "a").await.id;
        let second = bed.post(&user, room, "b").await.id;
        bed.react(&user, room, second, "x").await;
        bed.tables
            .delete(&actor(&user), room, second, at(30))
            .await
            .expect("deleted");
        // The reaction that went with it is a change of its own, before the deletion.
        assert_eq!(bed.shown(room).await.message_sequence(), 5);
        let between = bed.news(room, Reader::Anonymous, 4).await;
        assert_eq!(between[0]["deleted"], true);
        let fresh = bed.news(room, Reader::Anonymous, 0).await;
        assert_eq!(fresh.len(), 1);
        let known = bed.news(room, Reader::Anonymous, 3).await;
        assert_eq!(
            (known[0]["id"].as_i64(), &known[0]["data"]),
            (Some(second.0), &Value::Null)
        );
        assert_eq!(
            (&known[0]["deleted"], known[0].get("signature")),
            (&Value::Bool(true), None)
        );
        assert!(bed.news(room, Reader::Anonymous, 1).await.is_empty());
        let again = bed.tables.delete(&actor(&user), room, second, at(31)).await;
        assert_eq!(refusal(again), Refusal::NotFound);
        let other = bed.user(2).await;
        let theirs = bed.tables.delete(&actor(&other), room, first, at(31)).await;
        assert_eq!(refusal(theirs), Refusal::Denied);
        let gone = bed
            .tables
            .deletions(room, Reader::Anonymous, Some(0), 10)
            .await;
        assert_eq!(gone.expect("read"), [(5, second)]);
    }
}

#[tokio::test]
async fn everything_of_one_author_goes_in_one_room_or_all() {
    for bed in Bed::each().await {
        let (a, b) = (bed.room("a").await, bed.room("b").await);
        let (user, other) = (bed.user(1).await, bed.user(2).await);
        let moderator = bed.moderator(3, "a", Role::Moderator).await;
        for room in [a, b] {
            for text in ["1", "2", "3"] {
                bed.post(&user, room, text).await;
            }
            bed.post(&other, room, "stays").await;
        }
        let by_other = bed
            .tables
            .delete_all(&actor(&other), a, id15(1), at(30))
            .await;
        assert_eq!(refusal(by_other), Refusal::Denied);
        let done = bed
            .tables
            .delete_everywhere(&actor(&moderator), id15(1), at(30))
            .await;
        let done = done.expect("deleted");
        assert_eq!(
            (done.total, done.rooms.get("a"), done.rooms.get("b")),
            (3, Some(&3), None)
        );
        let news = bed.news(a, Reader::Anonymous, 4).await;
        let seqnos: Vec<_> = news.iter().map(|m| m["seqno"].as_i64()).collect();
        assert_eq!(seqnos, [Some(5), Some(6), Some(7)]);
        let nothing = bed
            .tables
            .delete_all(&actor(&moderator), a, id15(1), at(31))
            .await;
        assert_eq!(refusal(nothing), Refusal::NotFound);
        let own = bed
            .tables
            .delete_all(&actor(&user), b, id15(1), at(31))
            .await;
        assert_eq!(own.expect("own"), 3);
        let unknown = bed
            .tables
            .delete_all(&actor(&moderator), a, id15(99), at(31))
            .await;
        assert_eq!(refusal(unknown), Refusal::NotFound);
    }
}

#[tokio::test]
async fn whispers_are_seen_as_the_matrix_says() {
    for bed in Bed::each().await {
        let room = bed.room("lounge").await;
        let moderator = bed.moderator(1, "lounge", Role::Moderator).await;
        let (to, other) = (bed.user(2).await, bed.user(3).await);
        let whisper = |whisper_to, whisper_mods| NewMessage {
            whisper_to,
            whisper_mods,
            ..new_message("psst")
        };
        let post = |user: Arc<User>, new| {
            let (tables, hidden) = (bed.tables.clone(), Filtered::default());
            async move {
                tables
                    .post(&actor(&user), room, new, hidden, posting(at(10)))
                    .await
            }
        };
        post(moderator.clone(), whisper(Some(id15(2)), false))
            .await
            .expect("a whisper");
        post(moderator.clone(), whisper(None, true))
            .await
            .expect("a whisper");
        let user = post(other.clone(), whisper(None, true)).await;
        assert_eq!(refusal(user), Refusal::Denied);
        let nobody = post(moderator.clone(), whisper(Some(id15(77)), false)).await;
        assert_eq!(refusal(nobody), Refusal::NotFound);
        let shown = bed.shown(room).await;
        for (reader, seen) in [
            (Reader::Anonymous, 0),
            (other.reader(&shown), 0),
            (to.reader(&shown), 1),
            (moderator.reader(&shown), 2),
        ] {
            assert_eq!(bed.news(room, reader, 0).await.len(), seen, "{reader:?}");
            let before = bed
                .tables
                .before(room, reader, MessageId(i64::MAX), 10)
                .await;
            assert_eq!(before.expect("read").messages().len(), seen, "{reader:?}");
        }
        let mine = bed.news(room, to.reader(&shown), 0).await;
        assert_eq!(mine[0]["whisper_to"], to.session_id.as_str());
    }
}

#[tokio::test]
async fn filtered_posts_are_numbered_and_seen_by_nobody() {
    for bed in Bed::each().await {
        let (room, user) = (bed.room("lounge").await, bed.user(1).await);
        let filtered = Filtered {
            hidden: true,
            reply: Some(crate::store::posting::Reply {
                author: id15(50),
                data: b"mind your words\x80".to_vec(),
                signature: [1; 64],
                public: false,
            }),
        };
        let posted = bed
            .tables
            .post(
                &actor(&user),
                room,
                new_message("x"),
                filtered,
                posting(at(9)),
            )
            .await;
        let mut json = String::new();
        let posted = posted.expect("posted");
        posted.write(crate::domain::counters::Shown::Full, None, 4, &mut json);
        assert!(json.contains("\"filtered\":true"));
        assert_eq!(bed.shown(room).await.message_sequence(), 2);
        assert!(bed.news(room, Reader::Anonymous, 0).await.is_empty());
        let told = bed.news(room, reader(user.id), 0).await;
        assert_eq!((told.len(), &told[0]["whisper"]), (1, &Value::Bool(true)));
    }
}

#[tokio::test]
async fn who_posts_too_fast_is_stopped_unless_admin() {
    for bed in Bed::each().await {
        let (room, user) = (bed.room("lounge").await, bed.user(1).await);
        let admin = bed.moderator(2, "lounge", Role::Admin).await;
        let post = |user: Arc<User>, secs| {
            let tables = bed.tables.clone();
            let posting = Posting {
                limit: RateLimit::POSTS,
                ..posting(at(secs))
            };
            async move {
                tables
                    .post(
                        &actor(&user),
                        room,
                        new_message("x"),
                        Filtered::default(),
                        posting,
                    )
                    .await
            }
        };
        for secs in 0..4 {
            post(user.clone(), secs).await.expect("posted");
        }
        let id = post(user.clone(), 4).await.expect("posted").id;
        assert_eq!(refusal(post(user.clone(), 16).await), Refusal::RateLimited);
        let limited = Posting {
            limit: RateLimit::POSTS,
            ..posting(at(16))
        };
        let edit = bed
            .tables
            .edit(&actor(&user), room, id, content("y"), limited)
            .await;
        assert_eq!(refusal(edit), Refusal::RateLimited);
        post(user.clone(), 17).await.expect("posted");
        for _ in 0..9 {
            post(admin.clone(), 5).await.expect("posted");
        }
        let slow = crate::store::room_edit::RoomPolicy {
            slow_mode: Some(Some(Duration::from_mins(1))),
            ..Default::default()
        };
        bed.tables.set_policy(room, slow).await.expect("set");
        assert_eq!(refusal(post(user.clone(), 70).await), Refusal::RateLimited);
        post(user.clone(), 77).await.expect("posted");
    }
}

#[tokio::test]
async fn pages_are_in_order_and_limited() {
    for bed in Bed::each().await {
        let (room, user) = (bed.room("lounge").await, bed.user(1).await);
        let mut all = Vec::new();
        for n in 0..300 {
            all.push(bed.post(&user, room, &n.to_string()).await.id.0);
        }
        let recent = bed
            .tables
            .recent(room, Reader::Anonymous, 100)
            .await
            .expect("read");
        let newest: Vec<_> = all.iter().rev().take(100).copied().collect();
        assert_eq!(ids(&recent), newest);
        let many = bed
            .tables
            .recent(room, Reader::Anonymous, 256)
            .await
            .expect("read");
        assert_eq!(many.messages().len(), 256);
        let before = bed
            .tables
            .before(room, Reader::Anonymous, MessageId(all[5]), 3)
            .await;
        assert_eq!(ids(&before.expect("read")), [all[4], all[3], all[2]]);
        let after = bed
            .tables
            .after(room, Reader::Anonymous, MessageId(all[5]), 2)
            .await;
        assert_eq!(ids(&after.expect("read")), [all[6], all[7]]);
        let since = bed
            .tables
            .since(room, Reader::Anonymous, 0, 2, true)
            .await
            .expect("read");
        assert_eq!(ids(&since), [all[0], all[1]]);
        let since = bed
            .tables
            .since(room, Reader::Anonymous, 298, 256, true)
            .await;
        assert_eq!(ids(&since.expect("read")), [all[298], all[299]]);
    }
}

#[tokio::test]
async fn numbers_are_never_used_again() {
    for bed in Bed::each().await {
        let (room, user) = (bed.room("a").await, bed.user(1).await);
        let last = bed.post(&user, room, "x").await.id;
        assert_eq!(bed.tables.clear_room(room).await.expect("cleared"), 1);
        assert!(bed.news(room, Reader::Anonymous, 0).await.is_empty());
        let next = bed.post(&user, room, "y").await;
        assert!(next.id > last);
        assert_eq!(next.sequence.seqno(), 2);
        bed.tables.delete_room(room).await.expect("deleted");
        assert!(bed.tables.room("a").await.expect("read").is_none());
        assert_eq!(
            refusal(bed.try_post(&user, room, "z").await),
            Refusal::NotFound
        );
        let again = bed.room("a").await;
        assert!(again > room);
        assert!(bed.post(&user, again, "z").await.id > next.id);
    }
}
