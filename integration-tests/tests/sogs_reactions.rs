//! Reactions: adding and removing, their order, who reacted, and what pollers see of it.

#![expect(clippy::expect_used, reason = "tests stop at what they did not expect")]

use integration_tests::sogs::{Caller, Role, Room, World, post};
use serde_json::{Value, json};

fn number(message: &Value, key: &str) -> i64 {
    message[key]
        .as_i64()
        .unwrap_or_else(|| panic!("no {key}: {message}"))
}

fn at(room: &Room, id: i64, emoji: &str) -> String {
    room.at(&format!("/reaction/{id}/{emoji}"))
}

/// Reacts as Android does; gives the sequence number.
#[track_caller]
fn reacts(caller: &Caller, room: &Room, id: i64, emoji: &str) -> i64 {
    let answer = caller.put(&at(room, id, emoji), &json!({})).ok();
    assert_eq!(answer["added"], true, "{answer}");
    assert_eq!(answer.as_object().expect("an object").len(), 2, "{answer}");
    number(&answer, "seqno")
}

#[track_caller]
fn since(caller: &Caller, room: &Room, seqno: i64, query: &str) -> Value {
    caller
        .get(&room.at(&format!("/messages/since/{seqno}{query}")))
        .ok()
}

fn keys(row: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = row
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    keys
}

fn ids(messages: &Value) -> Vec<i64> {
    let messages = messages.as_array().expect("a list");
    messages
        .iter()
        .map(|message| number(message, "id"))
        .collect()
}

#[test]
fn a_reaction_alone_is_a_row_of_exactly_three_keys() {
    World::each(|world| {
        let room = world.room("lounge");
        let (alice, bob) = (world.user(), world.user());
        for text in ["one", "two", "three"] {
            alice.says(&room, text);
        }
        for (count, emoji) in (4..).zip(["🖕", "🍆", "f", "y/n", "abcdefghijkl"]) {
            assert_eq!(reacts(&alice, &room, 2, emoji), count);
        }
        assert_eq!(
            since(&bob, &room, 3, ""),
            json!([]),
            "who does not ask for reactions gets none"
        );
        assert_eq!(since(&bob, &room, 3, "?t=R"), json!([]));
        let rows = since(&bob, &room, 3, "?t=xr");
        let keys = keys(&rows[0]);
        assert_eq!(keys, ["id", "reactions", "seqno"]);
        assert_eq!((number(&rows[0], "id"), number(&rows[0], "seqno")), (2, 8));
        assert_eq!(rows.as_array().map(Vec::len), Some(1));

        let again = alice.put(&at(&room, 2, "🖕"), &json!({})).ok();
        assert_eq!(again, json!({"added": false, "seqno": 8}));
        assert_eq!(since(&bob, &room, 8, "?t=r"), json!([]));
        // Whole rows for those who know nothing, in the order of the last change.
        for query in ["?t=r", ""] {
            let all = since(&bob, &room, 0, query);
            assert_eq!(ids(&all), [1, 3, 2]);
            assert!(all[2].get("data").is_some());
            assert_eq!(all[0]["reactions"], json!({}));
        }
    });
}

#[test]
fn an_edit_with_new_reactions_is_one_whole_row() {
    World::each(|world| {
        let room = world.room("lounge");
        let (alice, bob) = (world.user(), world.user());
        alice.says(&room, "one");
        alice
            .put(&room.at("/message/1"), &post(&alice, "edited"))
            .ok();
        reacts(&bob, &room, 1, "🍍");
        let whole = since(&bob, &room, 1, "?t=r");
        assert_eq!(whole.as_array().map(Vec::len), Some(1));
        assert_eq!(
            (number(&whole[0], "seqno"), whole[0].get("data").is_some()),
            (3, true)
        );
        let rest = since(&bob, &room, 2, "?t=r");
        assert_eq!(
            rest[0].get("data"),
            None,
            "who knows the edit gets the reactions alone"
        );
    });
}

#[test]
fn reactors_are_counted_and_the_first_of_them_named() {
    World::each(|world| {
        let room = world.room("lounge");
        let users: Vec<_> = (0..6).map(|_| world.user()).collect();
        users[0].says(&room, "one");
        for user in &users[..5] {
            reacts(user, &room, 1, "🂵");
        }
        let named = |count: usize| users[..count].iter().map(Caller::id).collect::<Vec<_>>();
        let seen = |reader: &Caller, query: &str| {
            reader.get(&room.at(&format!("/message/1{query}"))).ok()["reactions"]["🂵"].clone()
        };
        let entry = |count: usize| json!({"index": 0, "count": 5, "reactors": named(count)});
        assert_eq!(seen(&users[5], ""), entry(4));
        assert_eq!(seen(&users[5], "?reactors=3"), entry(3));
        assert_eq!(seen(&users[5], "?reactors=20"), entry(5));
        assert_eq!(
            seen(&users[5], "?reactors=0"),
            json!({"index": 0, "count": 5})
        );
        let mut mine = entry(4);
        mine["you"] = json!(true);
        assert_eq!(seen(&users[4], ""), mine, "also when not among those named");
        assert_eq!(seen(&world.nobody(), ""), entry(4));

        let reactors = users[5].get(&room.at("/reactors/1/🂵")).ok();
        let reactors = reactors.as_array().expect("a list");
        let order: Vec<_> = reactors
            .iter()
            .map(|pair| pair[0].as_str().expect("an id").to_owned())
            .collect();
        assert_eq!(order, named(5));
        assert!(
            reactors
                .iter()
                .all(|pair| pair[1].as_f64().is_some_and(|time| time > 1.7e9))
        );
        assert!(reactors.is_sorted_by_key(|pair| pair[1].as_f64().map(f64::to_bits)));
        for (limit, count) in [(2, 2), (0, 5), (-1, 5), (99, 5)] {
            let some = users[5]
                .get(&room.at(&format!("/reactors/1/🂵?limit={limit}")))
                .ok();
            assert_eq!(some.as_array().map(Vec::len), Some(count), "limit={limit}");
        }
        let none = users[5].get(&room.at("/reactors/1/f")).ok();
        assert_eq!(none, json!([]));
    });
}

#[test]
fn kinds_stand_in_the_order_of_their_first_use() {
    World::each(|world| {
        let room = world.room("lounge");
        let (alice, bob) = (world.user(), world.user());
        alice.says(&room, "one");
        for emoji in ["🖕", "f", "🍆", "y/n", "abcdefghijkl"] {
            reacts(&alice, &room, 1, emoji);
        }
        for emoji in ["abcdefghijkl", "f", "🎂"] {
            reacts(&bob, &room, 1, emoji);
        }
        let order = || {
            let message = bob.get(&room.at("/message/1")).ok();
            let mut kinds: Vec<_> = message["reactions"]
                .as_object()
                .expect("kinds")
                .iter()
                .map(|(kind, entry)| (number(entry, "index"), kind.clone()))
                .collect();
            kinds.sort();
            assert!((0..).zip(&kinds).all(|(place, (index, _))| place == *index));
            kinds.into_iter().map(|(_, kind)| kind).collect::<Vec<_>>()
        };
        assert_eq!(order(), ["🖕", "f", "🍆", "y/n", "abcdefghijkl", "🎂"]);
        assert_eq!(alice.delete(&at(&room, 1, "f")).ok()["removed"], true);
        assert_eq!(order()[1], "f", "others still react so");
        assert_eq!(bob.delete(&at(&room, 1, "f")).ok()["removed"], true);
        assert_eq!(order(), ["🖕", "🍆", "y/n", "abcdefghijkl", "🎂"]);
        reacts(&bob, &room, 1, "f");
        assert_eq!(order(), ["🖕", "🍆", "y/n", "abcdefghijkl", "🎂", "f"]);
    });
}

#[test]
fn encoded_and_raw_emoji_are_the_same() {
    World::each(|world| {
        let room = world.room("lounge");
        let (alice, bob) = (world.user(), world.user());
        alice.says(&room, "one");
        reacts(&alice, &room, 1, "🍍");
        reacts(&bob, &room, 1, "%F0%9F%8D%8D");
        reacts(&bob, &room, 1, "❤️");
        reacts(&alice, &room, 1, "%E2%9D%A4%EF%B8%8F");
        reacts(&alice, &room, 1, "y%2Fn");
        let message = alice.get(&room.at("/message/1?reactors=0")).ok();
        let expected = json!({
            "🍍": {"index": 0, "count": 2, "you": true},
            "❤️": {"index": 1, "count": 2, "you": true},
            "y/n": {"index": 2, "count": 1, "you": true},
        });
        assert_eq!(message["reactions"], expected);
    });
}

#[test]
fn a_reaction_has_one_to_twelve_code_points() {
    World::each(|world| {
        let room = world.room("lounge");
        let alice = world.user();
        alice.says(&room, "one");
        reacts(&alice, &room, 1, "🦒🦍🐍🐊🦢🦁🦎");
        reacts(&alice, &room, 1, &"é".repeat(12));
        for long in ["abcdefghijklm", &"🍍".repeat(13)] {
            alice.put(&at(&room, 1, long), &json!({})).refused(400);
        }
        let none = alice.put(&at(&room, 1, ""), &json!({})).status;
        assert!([400, 404].contains(&none), "{none}");
        for invalid in ["%FF", "%C3%28"] {
            let answer = alice
                .server
                .send(alice.over, ("PUT", &at(&room, 1, invalid)), &[], b"");
            assert!((400..500).contains(&answer.status), "{answer}");
        }
    });
}

#[test]
fn taking_back_what_is_not_there_changes_nothing() {
    World::each(|world| {
        let room = world.room("lounge");
        let (alice, bob) = (world.user(), world.user());
        alice.says(&room, "one");
        let seqno = reacts(&alice, &room, 1, "🍍");
        let target = at(&room, 1, "🍍");
        assert_eq!(
            bob.delete(&target).ok(),
            json!({"removed": false, "seqno": seqno})
        );
        assert_eq!(
            alice.delete(&target).ok(),
            json!({"removed": true, "seqno": seqno + 1})
        );
        assert_eq!(
            alice.delete(&target).ok(),
            json!({"removed": false, "seqno": seqno + 1})
        );
        let rows = since(&bob, &room, seqno, "?t=r");
        assert_eq!(
            rows,
            json!([{"id": 1, "seqno": seqno + 1, "reactions": {}}])
        );
    });
}

#[test]
fn moderators_clear_reactions_of_one_kind_or_all() {
    World::each(|world| {
        let room = world.room("lounge");
        let users: Vec<_> = (0..3).map(|_| world.user()).collect();
        users[0].says(&room, "one");
        users[0].says(&room, "two");
        for user in &users {
            reacts(user, &room, 1, "🍍");
            reacts(user, &room, 1, "f");
        }
        let other = reacts(&users[0], &room, 2, "🍍");
        for target in [room.at("/reactions/1"), room.at("/reactions/1/🍍")] {
            users[0].delete(&target).refused(403);
            world.nobody().delete(&target).refused(401);
        }
        let moderator = world.moderator(&room);
        let cleared = moderator.delete(&room.at("/reactions/1/🍍")).ok();
        assert_eq!(cleared, json!({"removed": 3, "seqno": other + 3}));
        let rows = since(&users[1], &room, other, "?t=r&reactors=0");
        let left = json!({"f": {"index": 0, "count": 3, "you": true}});
        assert_eq!(
            rows,
            json!([{"id": 1, "seqno": other + 3, "reactions": left}])
        );
        let cleared = world
            .global(Role::Admin)
            .delete(&room.at("/reactions/1"))
            .ok();
        assert_eq!(cleared, json!({"removed": 3, "seqno": other + 6}));
        let cleared = moderator.delete(&room.at("/reactions/1")).ok();
        assert_eq!(cleared, json!({"removed": 0, "seqno": other + 6}));
        let two = users[0].get(&room.at("/message/2")).ok();
        assert_eq!(two["reactions"]["🍍"]["count"], 1, "others are not touched");
    });
}

#[test]
fn a_deleted_message_has_no_reactions() {
    World::each(|world| {
        let room = world.room("lounge");
        let (alice, bob) = (world.user(), world.user());
        alice.says(&room, "one");
        reacts(&alice, &room, 1, "🍍");
        let seqno = reacts(&bob, &room, 1, "🍍");
        alice.delete(&room.at("/message/1")).ok();
        let rows = since(&bob, &room, seqno, "?t=r");
        let keys = keys(&rows[0]);
        assert_eq!(
            keys,
            [
                "data",
                "deleted",
                "edited",
                "id",
                "posted",
                "seqno",
                "session_id"
            ]
        );
        assert_eq!(rows.as_array().map(Vec::len), Some(1));
        assert_eq!(
            number(&rows[0], "seqno"),
            seqno + 3,
            "each reaction that ends is a change"
        );
        for known in [seqno, seqno + 1, seqno + 2] {
            let rows = since(&bob, &room, known, "?t=r");
            assert_eq!(rows[0]["deleted"], true, "never a row of reactions: {rows}");
        }
        bob.put(&at(&room, 1, "f"), &json!({})).refused(404);
        bob.delete(&at(&room, 1, "🍍")).refused(404);
        bob.get(&room.at("/reactors/1/🍍")).refused(404);
    });
}

#[test]
fn only_what_everybody_reads_is_reacted_to() {
    World::each(|world| {
        let (room, other) = (world.room("lounge"), world.room("other"));
        let (alice, moderator) = (world.user(), world.moderator(&room));
        let mut whisper = post(&moderator, "hush");
        whisper["whisper_mods"] = json!(true);
        moderator.post(&room.at("/message"), &whisper).created();
        alice.says(&other, "elsewhere");
        for id in [1, 2, 99] {
            moderator.put(&at(&room, id, "f"), &json!({})).refused(404);
            alice.put(&at(&room, id, "f"), &json!({})).refused(404);
        }
    });
}

#[test]
fn reacting_needs_reading_and_nothing_more() {
    World::each(|world| {
        let room = world.room("lounge");
        let (alice, admin) = (world.user(), world.admin(&room));
        admin.says(&room, "one");
        admin
            .put(&room.at(""), &json!({"default_write": false}))
            .ok();
        reacts(&alice, &room, 1, "f");
        admin
            .post(
                &format!("/user/{}/ban", alice.id()),
                &json!({"rooms": ["lounge"]}),
            )
            .ok();
        alice.put(&at(&room, 1, "g"), &json!({})).refused(403);
        alice.delete(&at(&room, 1, "f")).refused(403);
    });
}
