//! Many at once: what pollers see has no gap, and a request runs once.

#![expect(clippy::expect_used, reason = "tests stop at what they did not expect")]

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use integration_tests::sogs::{Caller, Over, Room, World, post};
use integration_tests::{Bed, Kind, PATIENCE};
use relay_testkit::poll;
use serde_json::{Value, json};

fn number(message: &Value, key: &str) -> i64 {
    message[key]
        .as_i64()
        .unwrap_or_else(|| panic!("no {key}: {message}"))
}

/// Polls as an app does, from the last number seen, until told to stop and nothing is new.
fn polls(reader: &Caller, room: &Room, done: &AtomicBool) -> Vec<i64> {
    let (mut known, mut seen) = (0, Vec::new());
    loop {
        let last_look = done.load(Ordering::SeqCst);
        let page = reader
            .get(&room.at(&format!("/messages/since/{known}?limit=20")))
            .ok();
        let page = page.as_array().expect("a list");
        for message in page {
            let seqno = number(message, "seqno");
            assert!(seqno > known, "{seqno} after {known}");
            known = seqno;
            seen.push(seqno);
        }
        if last_look && page.is_empty() {
            return seen;
        }
    }
}

fn writers_race(kind: Kind) {
    const EACH: usize = 120;
    let Some(bed) = Bed::on(kind) else { return };
    let limits = toml::Table::from_iter([("posts".to_owned(), "off".into())]);
    let world = World::on(bed.with_sogs().with("sogs.limits", limits), Over::Http);
    let room = world.room("lounge");
    let writers: Vec<_> = (0..4).map(|_| world.user()).collect();
    let (reader, done) = (world.user(), AtomicBool::new(false));
    let (sent, seen) = thread::scope(|scope| {
        let readers = [
            scope.spawn(|| polls(&reader, &room, &done)),
            scope.spawn(|| polls(&reader.over(Over::AesGcm), &room, &done)),
        ];
        let writers = writers.iter().map(|writer| {
            let room = &room;
            scope.spawn(move || {
                let says = |count| number(&writer.says(room, &format!("{count}")), "seqno");
                (0..EACH).map(says).collect::<Vec<_>>()
            })
        });
        let writers: Vec<_> = writers.collect();
        let sent: Vec<_> = writers
            .into_iter()
            .map(|writer| writer.join().expect("a writer"))
            .collect();
        done.store(true, Ordering::SeqCst);
        (sent, readers.map(|reader| reader.join().expect("a reader")))
    });
    for own in &sent {
        assert!(
            own.is_sorted(),
            "whoever waits for an answer gets higher numbers"
        );
    }
    let mut sent = sent.concat();
    sent.sort_unstable();
    let all: Vec<i64> = (1..=i64::try_from(4 * EACH).expect("few")).collect();
    assert_eq!(sent, all, "no number is skipped or given twice");
    for seen in seen {
        assert_eq!(seen, all, "a poller sees each message once");
    }
}

#[test]
fn pollers_miss_nothing_while_writers_race_on_sqlite() {
    writers_race(Kind::SqlitePower);
}

#[test]
fn pollers_miss_nothing_while_writers_race_on_postgres() {
    writers_race(Kind::Postgres);
}

/// A page of what is new has reactions, edits and deletions, too: none is overtaken by the cursor.
#[test]
fn pollers_end_with_the_same_picture_as_the_server() {
    let world = World::new(Over::Http);
    let room = world.room("lounge");
    let users: Vec<_> = (0..3).map(|_| world.user()).collect();
    let done = AtomicBool::new(false);
    let picture = thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut picture = std::collections::BTreeMap::new();
            let mut known = 0;
            loop {
                let last_look = done.load(Ordering::SeqCst);
                let target = room.at(&format!("/messages/since/{known}?t=r&limit=10"));
                let page = users[0].get(&target).ok();
                let page = page.as_array().expect("a list");
                for row in page {
                    known = known.max(number(row, "seqno"));
                    let id = number(row, "id");
                    if row["deleted"] == true {
                        picture.remove(&id);
                    } else if row.get("data").is_some() {
                        picture.insert(id, row.clone());
                    } else if let Some(message) = picture.get_mut(&id) {
                        message["reactions"] = row["reactions"].clone();
                        message["seqno"] = row["seqno"].clone();
                    }
                }
                if last_look && page.is_empty() {
                    return picture;
                }
            }
        });
        let writers: Vec<_> = users
            .iter()
            .map(|user| {
                let room = &room;
                scope.spawn(move || {
                    for count in 0..30 {
                        let sent = user.says(room, &format!("{count}"));
                        let id = &sent["id"];
                        user.put(&room.at(&format!("/reaction/{id}/👍")), &json!({}))
                            .ok();
                        if count % 3 == 0 {
                            user.put(&room.at(&format!("/message/{id}")), &post(user, "edited"))
                                .ok();
                        }
                        if count % 4 == 0 {
                            user.delete(&room.at(&format!("/message/{id}"))).ok();
                        }
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().expect("a writer");
        }
        done.store(true, Ordering::SeqCst);
        reader.join().expect("a reader")
    });
    let all = users[0].get(&room.at("/messages/since/0?limit=256")).ok();
    let mut all = all.as_array().expect("a list").clone();
    all.sort_by_key(|message| number(message, "id"));
    assert_eq!(picture.into_values().collect::<Vec<_>>(), all);
}

#[test]
fn of_many_equal_requests_one_runs() {
    let world = World::new(Over::Http);
    let room = world.room("lounge");
    let alice = world.user();
    let target = room.at("/message");
    for _ in 0..5 {
        let body = post(&alice, "once").to_string().into_bytes();
        let headers = alice.sign("POST", &target, &body);
        let start = Barrier::new(8);
        let statuses: Vec<u16> = thread::scope(|scope| {
            let send = || {
                start.wait();
                world
                    .server
                    .send(Over::AesGcm, ("POST", &target), &headers, &body)
                    .status
            };
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(send)).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().expect("an answer"))
                .collect()
        });
        assert_eq!(
            statuses.iter().filter(|status| **status == 201).count(),
            1,
            "{statuses:?}"
        );
        assert_eq!(
            statuses.iter().filter(|status| **status == 425).count(),
            7,
            "{statuses:?}"
        );
    }
    let all = alice.get(&room.at("/messages/since/0")).ok();
    assert_eq!(all.as_array().map(Vec::len), Some(5));
}

#[test]
fn nobody_posts_after_the_moderator_heard_of_the_ban() {
    let world = World::new(Over::Http);
    let room = world.room("lounge");
    let (alice, moderator) = (world.user(), world.moderator(&room));
    for _ in 0..8 {
        let (banned, posted) = (AtomicBool::new(false), AtomicUsize::new(0));
        thread::scope(|scope| {
            let writer = scope.spawn(|| {
                loop {
                    let too_late = banned.load(Ordering::SeqCst);
                    let answer = alice.post(&room.at("/message"), &post(&alice, "more"));
                    assert!([201, 403].contains(&answer.status), "{answer}");
                    assert!(!too_late || answer.status == 403, "after the ban: {answer}");
                    if too_late {
                        return;
                    }
                    posted.fetch_add(1, Ordering::SeqCst);
                }
            });
            poll::until(PATIENCE, "some is posted", || {
                (posted.load(Ordering::SeqCst) >= 5).then_some(())
            });
            let ban = json!({"rooms": ["lounge"]});
            moderator
                .post(&format!("/user/{}/ban", alice.id()), &ban)
                .ok();
            banned.store(true, Ordering::SeqCst);
            writer.join().expect("a writer");
        });
        let unban = json!({"rooms": ["lounge"]});
        moderator
            .post(&format!("/user/{}/unban", alice.id()), &unban)
            .ok();
    }
}
