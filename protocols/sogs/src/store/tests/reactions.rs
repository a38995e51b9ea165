//! Reactions and pins.

use super::*;

#[tokio::test]
async fn kinds_are_in_order_of_their_first_use_and_go_to_the_end_when_they_come_back() {
    for bed in Bed::each().await {
        let room = bed.room("lounge").await;
        let (a, b) = (bed.user(1).await, bed.user(2).await);
        let id = bed.post(&a, room, "x").await.id;
        for emoji in ["🍍", "y/n", "❤️"] {
            bed.react(&a, room, id, emoji).await;
        }
        bed.react(&b, room, id, "🍍").await;
        let index =
            |json: &serde_json::Value, emoji: &str| json["reactions"][emoji]["index"].as_u64();
        let seen = &bed.news(room, Reader::Anonymous, 0).await[0];
        assert_eq!(
            ["🍍", "y/n", "❤️"].map(|emoji| index(seen, emoji)),
            [Some(0), Some(1), Some(2)]
        );
        assert_eq!(seen["reactions"]["🍍"]["count"], 2);
        for user in [&a, &b] {
            let done = bed
                .tables
                .unreact(&actor(user), room, id, emoji_of("🍍"))
                .await;
            assert!(done.expect("removed").removed);
        }
        let done = bed
            .tables
            .unreact(&actor(&b), room, id, emoji_of("🍍"))
            .await
            .expect("asked");
        assert_eq!((done.removed, done.seqno), (false, 7));
        bed.react(&b, room, id, "🍍").await;
        let seen = &bed.news(room, Reader::Anonymous, 0).await[0];
        assert_eq!(
            ["y/n", "❤️", "🍍"].map(|emoji| index(seen, emoji)),
            [Some(0), Some(1), Some(2)]
        );
        let only = &bed.news(room, Reader::Anonymous, 1).await[0];
        assert_eq!(only.as_object().expect("object").len(), 3);
        let page = bed
            .tables
            .since(room, Reader::Anonymous, 1, 9, false)
            .await
            .expect("read");
        assert!(page.messages().is_empty());
        let page = bed
            .tables
            .recent(room, Reader::Anonymous, 9)
            .await
            .expect("read");
        let mine: serde_json::Value =
            serde_json::from_str(&page.json(Some(b.id), 0)).expect("json");
        assert_eq!(mine[0]["reactions"]["🍍"]["you"], true);
        assert_eq!(mine[0]["reactions"]["🍍"].get("reactors"), None);
        assert_eq!(mine[0]["reactions"]["y/n"].get("you"), None);
    }
}

#[tokio::test]
async fn moderators_clear_reactions() {
    for bed in Bed::each().await {
        let room = bed.room("lounge").await;
        let moderator = bed.moderator(3, "lounge", Role::Moderator).await;
        let (a, b) = (bed.user(1).await, bed.user(2).await);
        let id = bed.post(&a, room, "x").await.id;
        for (user, emoji) in [(&a, "1"), (&b, "1"), (&a, "2"), (&b, "3")] {
            bed.react(user, room, id, emoji).await;
        }
        let reactors = bed
            .tables
            .reactors(room, id, &emoji_of("1"), None)
            .await
            .expect("read");
        assert_eq!(
            reactors.iter().map(|(id, _)| id).collect::<Vec<_>>(),
            [&a.session_id, &b.session_id]
        );
        let one = bed
            .tables
            .reactors(room, id, &emoji_of("1"), Some(1))
            .await
            .expect("read");
        assert_eq!(one.len(), 1);
        let clear = |user: &Arc<User>, emoji: Option<&str>| {
            let (tables, user, emoji) = (bed.tables.clone(), actor(user), emoji.map(emoji_of));
            async move { tables.clear_reactions(&user, room, id, emoji, at(9)).await }
        };
        assert_eq!(refusal(clear(&a, None).await), Refusal::ModeratorRequired);
        let done = clear(&moderator, Some("1")).await.expect("cleared");
        assert_eq!((done.removed, done.seqno), (2, 7));
        let done = clear(&moderator, None).await.expect("cleared");
        assert_eq!((done.removed, done.seqno), (2, 9));
        let done = clear(&moderator, None).await.expect("cleared");
        assert_eq!((done.removed, done.seqno), (0, 9));
        assert_eq!(
            bed.news(room, Reader::Anonymous, 0).await[0]["reactions"],
            serde_json::json!({})
        );
    }
}

#[tokio::test]
async fn only_regular_messages_are_pinned_and_reacted_to() {
    for bed in Bed::each().await {
        let (room, other) = (bed.room("lounge").await, bed.room("other").await);
        let admin = bed.moderator(1, "lounge", Role::Admin).await;
        let user = bed.user(2).await;
        let gone = bed.post(&user, room, "x").await.id;
        bed.tables
            .delete(&actor(&user), room, gone, at(5))
            .await
            .expect("deleted");
        let whisper = NewMessage {
            whisper_mods: true,
            ..new_message("w")
        };
        let whisper = bed
            .tables
            .post(
                &actor(&admin),
                room,
                whisper,
                Filtered::default(),
                posting(at(6)),
            )
            .await;
        let whisper = whisper.expect("a whisper").id;
        let elsewhere = bed.post(&user, other, "x").await.id;
        for id in [gone, whisper, elsewhere, MessageId(999_999)] {
            let pin = bed.tables.pin(&actor(&admin), room, id, at(7)).await;
            assert_eq!(refusal(pin), Refusal::NotFound);
            let react = bed
                .tables
                .react(&actor(&user), room, id, emoji_of("x"), at(7))
                .await;
            assert_eq!(refusal(react), Refusal::NotFound);
            let who = bed.tables.reactors(room, id, &emoji_of("x"), None).await;
            assert_eq!(refusal(who), Refusal::NotFound);
        }
        let id = bed.post(&user, room, "x").await.id;
        let pin = bed.tables.pin(&actor(&user), room, id, at(7)).await;
        assert_eq!(refusal(pin), Refusal::AdminRequired);
    }
}

#[tokio::test]
async fn pins_are_in_the_order_they_were_made() {
    for bed in Bed::each().await {
        let room = bed.room("lounge").await;
        let admin = bed.moderator(1, "lounge", Role::Admin).await;
        let mut ids = Vec::new();
        for text in ["a", "b", "c"] {
            ids.push(bed.post(&admin, room, text).await.id);
        }
        for (at_, id) in [(5, ids[2]), (6, ids[0]), (7, ids[1]), (8, ids[2])] {
            bed.tables
                .pin(&actor(&admin), room, id, at(at_))
                .await
                .expect("pinned");
        }
        let pins: Vec<_> = bed
            .shown(room)
            .await
            .pins
            .iter()
            .map(|pin| pin.id)
            .collect();
        assert_eq!(pins, [ids[0].0, ids[1].0, ids[2].0]);
        let all = bed
            .tables
            .unpin_all(&actor(&admin), room, Lifetimes::default())
            .await;
        let all = all.expect("unpinned");
        assert_eq!(all.unpinned, 3);
        assert_eq!(all.info_updates, bed.shown(room).await.info_updates);
        assert!(bed.shown(room).await.pins.is_empty());
    }
}

#[tokio::test]
async fn reactors_and_pins_keep_their_order_within_a_millisecond() {
    for bed in Bed::each().await {
        let room = bed.room("lounge").await;
        let (first, second) = (bed.user(1).await, bed.user(2).await);
        let older = bed.post(&first, room, "a").await.id;
        let newer = bed.post(&first, room, "b").await.id;
        for user in [&second, &first] {
            bed.react(user, room, older, "x").await;
        }
        let emoji = emoji_of("x");
        let reactors = bed.tables.reactors(room, older, &emoji, None).await;
        let ids: Vec<_> = reactors
            .expect("read")
            .into_iter()
            .map(|(id, _)| id)
            .collect();
        assert_eq!(ids, [id15(2).to_string(), id15(1).to_string()]);
        for id in [newer, older] {
            let system = Actor::system();
            let pinned = bed.tables.pin(&system, room, id, at(30)).await;
            pinned.expect("pinned");
        }
        let pins: Vec<_> = bed
            .shown(room)
            .await
            .pins
            .iter()
            .map(|pin| pin.id)
            .collect();
        assert_eq!(pins, [newer.0, older.0]);
    }
}
