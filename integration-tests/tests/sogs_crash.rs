//! `kill -9` under load: every acknowledged post, reaction, ban and file is there afterwards.

#![expect(clippy::expect_used, reason = "tests stop at what they did not expect")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use integration_tests::sogs::{Answer, Caller, Over, Role, Room, Server, World, post};
use integration_tests::{Bed, Kind, PATIENCE, see};
use relay_testkit::poll;
use serde_json::{Value, json};

/// What was acknowledged.
#[derive(Debug, Default)]
struct Acknowledged {
    posts: Vec<Value>,
    reactions: Vec<i64>,
    bans: Vec<String>,
    files: Vec<(i64, Vec<u8>)>,
}

impl Acknowledged {
    fn len(&self) -> usize {
        self.posts.len() + self.reactions.len() + self.bans.len() + self.files.len()
    }

    fn add(&mut self, other: Self) {
        self.posts.extend(other.posts);
        self.reactions.extend(other.reactions);
        self.bans.extend(other.bans);
        self.files.extend(other.files);
    }
}

/// Does things until told to stop, or until nobody answers.
struct Load<'a> {
    room: &'a Room,
    boss: &'a Caller,
    so_far: Mutex<Acknowledged>,
    stop: AtomicBool,
}

impl Load<'_> {
    fn runs(&self, user: &Caller, number: usize) {
        let mut count = number;
        while !self.stop.load(Ordering::Relaxed) {
            count += 7;
            if self.once(user, count).is_none() {
                return;
            }
        }
    }

    /// `None` when there was no answer.
    fn once(&self, user: &Caller, count: usize) -> Option<()> {
        let room = self.room;
        let body = post(user, &format!("{count}")).to_string();
        let sent = ask(user, "POST", &room.at("/message"), body.as_bytes())?.created();
        let id = sent["id"].as_i64().expect("a number");
        self.acknowledged(|all| all.posts.push(sent.clone()));
        ask(user, "PUT", &room.at(&format!("/reaction/{id}/👍")), b"")?.ok();
        self.acknowledged(|all| all.reactions.push(id));
        let bytes = vec![count.to_le_bytes()[0]; count % 40_000];
        let uploaded = ask(user, "POST", &room.at("/file"), &bytes)?.created();
        let file = uploaded["id"].as_i64().expect("a number");
        self.acknowledged(|all| all.files.push((file, bytes)));
        let nuisance = Caller::new(
            user.server,
            user.over,
            integration_tests::sogs::As::Blinded15,
        );
        ask(&nuisance, "GET", "/capabilities", b"")?.ok();
        let target = format!("/user/{}/ban", nuisance.id());
        let here = json!({"rooms": [room.token]}).to_string();
        ask(self.boss, "POST", &target, here.as_bytes())?.ok();
        self.acknowledged(|all| all.bans.push(nuisance.id()));
        Some(())
    }

    fn acknowledged<T>(&self, add: impl FnOnce(&mut Acknowledged) -> T) -> T {
        add(&mut self.so_far.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn ask(caller: &Caller, method: &str, target: &str, body: &[u8]) -> Option<Answer> {
    caller.try_ask(method, target, body)
}

/// The same person at the daemon that runs now.
fn at(caller: &Caller, server: Server) -> Caller {
    let mut caller = caller.clone();
    caller.server = server;
    caller
}

fn killed_under_load(kind: Kind, times: usize) {
    const LOAD: usize = 150;
    let Some(bed) = Bed::on(kind) else { return };
    let off = ["posts", "reactions"].map(|limit| (limit.to_owned(), "off".into()));
    let mut bed = bed
        .with_sogs()
        .with("sogs.limits", toml::Table::from_iter(off));
    let mut acknowledged = Acknowledged::default();
    let mut people: Option<(Room, Caller, Vec<Caller>)> = None;
    for _ in 0..times {
        let world = World::on(bed, Over::Http);
        let (room, boss, users) = people.take().unwrap_or_else(|| {
            let users = (0..6).map(|_| world.user()).collect();
            (world.room("lounge"), world.global(Role::Admin), users)
        });
        let boss = at(&boss, world.server);
        let users: Vec<_> = users.iter().map(|user| at(user, world.server)).collect();
        assert_kept(&boss, &room, &acknowledged);
        let load = Load {
            room: &room,
            boss: &boss,
            so_far: Mutex::default(),
            stop: AtomicBool::new(false),
        };
        thread::scope(|scope| {
            for (number, user) in users.iter().enumerate() {
                let load = &load;
                scope.spawn(move || load.runs(user, number * 1000));
            }
            poll::until(PATIENCE * 2, "enough is acknowledged", || {
                (load.acknowledged(|all| all.len()) >= LOAD).then_some(())
            });
            world.daemon.kill9();
            load.stop.store(true, Ordering::Relaxed);
        });
        acknowledged.add(
            load.so_far
                .into_inner()
                .unwrap_or_else(PoisonError::into_inner),
        );
        people = Some((room, boss, users));
        bed = world.bed;
    }
    let world = World::on(bed, Over::AesGcm);
    let (room, boss, _) = people.expect("it ran");
    assert_kept(
        &at(&boss, world.server).over(Over::AesGcm),
        &room,
        &acknowledged,
    );
    world.runs("sogs.orphans");
    world.runs("sogs.files");
    assert_kept(&at(&boss, world.server), &room, &acknowledged);
    see::run_worker(&world.daemon, "store.integrity");
}

fn assert_kept(boss: &Caller, room: &Room, acknowledged: &Acknowledged) {
    let kept = everything(boss, room);
    let find = |id: &Value| kept.iter().find(|message| message["id"] == *id);
    for sent in &acknowledged.posts {
        let message = find(&sent["id"]).unwrap_or_else(|| panic!("lost: {sent}"));
        for key in ["data", "signature", "session_id", "posted"] {
            assert_eq!(message[key], sent[key], "{key} of {sent}");
        }
    }
    for id in &acknowledged.reactions {
        let message = find(&json!(id)).unwrap_or_else(|| panic!("lost: {id}"));
        assert_eq!(
            message["reactions"]["👍"]["count"], 1,
            "a reaction is lost: {message}"
        );
    }
    let permissions = boss.get(&room.at("/permissions")).ok();
    for id in &acknowledged.bans {
        assert_eq!(permissions[id]["banned"], true, "a ban is lost");
    }
    for (id, bytes) in &acknowledged.files {
        let file = boss.get(&room.at(&format!("/file/{id}")));
        assert_eq!(file.status, 200, "a file is lost: {file}");
        assert!(file.body == *bytes, "a file has changed: {id}");
    }
    let mut seqnos: Vec<_> = kept
        .iter()
        .map(|message| message["seqno"].as_i64())
        .collect();
    seqnos.dedup();
    assert_eq!(seqnos.len(), kept.len(), "no two have one number");
}

fn everything(caller: &Caller, room: &Room) -> Vec<Value> {
    let (mut all, mut known) = (Vec::new(), 0);
    loop {
        let target = room.at(&format!("/messages/since/{known}?t=r&limit=256"));
        let page = caller.get(&target).ok();
        // From the second page on, a reaction to what is known would be a row of its own.
        let page: Vec<_> = page.as_array().expect("a list").clone();
        let Some(last) = page.last() else { return all };
        known = last["seqno"].as_i64().expect("a number");
        for row in page {
            if row.get("data").is_some() {
                all.push(row);
            } else {
                all.push(
                    caller
                        .get(&room.at(&format!("/message/{}", row["id"])))
                        .ok(),
                );
            }
        }
    }
}

#[test]
fn nothing_acknowledged_is_lost_on_sqlite_synced_to_disk() {
    killed_under_load(Kind::SqlitePower, 4);
}

#[test]
fn nothing_acknowledged_is_lost_on_sqlite_handed_to_the_kernel() {
    killed_under_load(Kind::SqliteProcess, 4);
}

#[test]
fn nothing_acknowledged_is_lost_on_postgres() {
    killed_under_load(Kind::Postgres, 4);
}
