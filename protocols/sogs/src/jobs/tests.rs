//! What the jobs do, by what is left afterwards.

use std::time::Duration;

use relay_core::clock::{Clock, TestClock};

use super::*;
use crate::bed::{Bed, NOW};
use crate::config::RoomConfig;
use crate::domain::identity::Naming;
use crate::domain::whisper::Reader;
use crate::store::change::Actor;
use crate::wire::moderation::{Ban, Scope};

const DAY: Duration = Duration::from_hours(24);

struct Server {
    bed: Bed,
    jobs: Jobs,
    clock: Arc<TestClock>,
}

impl Server {
    async fn start() -> Self {
        let bed = Bed::make(Naming::Blinded15).await;
        let clock = Arc::new(TestClock::at(NOW));
        let jobs = Jobs {
            tables: bed.tables.clone(),
            files: bed.files.clone(),
            config: bed.config.clone(),
            clock: Arc::<TestClock>::clone(&clock) as SharedClock,
        };
        Self { bed, jobs, clock }
    }

    /// Runs a worker by its name.
    async fn run(&self, name: &str) -> String {
        let workers = self.jobs.workers();
        let worker = workers.iter().find(|worker| worker.name == name);
        worker.expect("a worker").job.run().await.expect("done")
    }

    async fn messages(&self) -> usize {
        let page = self
            .bed
            .tables
            .recent(self.bed.lounge, Reader::Anonymous, 1000);
        page.await.expect("read").messages().len()
    }
}

#[tokio::test]
async fn expired_files_go_with_their_bytes() {
    let server = Server::start().await;
    let (_, user) = server.bed.user(1).await;
    let (_, short) = server.bed.upload(user, NOW.plus(DAY)).await;
    let (kept, long) = server.bed.upload(user, NOW.plus(3 * DAY)).await;
    assert_eq!(server.run("sogs.files").await, "no files deleted");
    server.clock.jump_to(NOW.plus(2 * DAY));
    assert_eq!(server.run("sogs.files").await, "1 file deleted");
    assert!(server.bed.files.read(&short).await.is_err());
    assert!(server.bed.files.read(&long).await.is_ok());
    let file = server
        .bed
        .tables
        .file(server.bed.lounge, kept, server.clock.now());
    assert!(file.await.expect("read").is_some());
}

#[tokio::test]
async fn bytes_without_a_row_go_and_others_stay() {
    let server = Server::start().await;
    let (_, user) = server.bed.user(1).await;
    let (_, kept) = server.bed.upload(user, NOW.plus(DAY)).await;
    let space = crate::files::Room {
        max_size: 100,
        keep_free: 0,
    };
    let crashed = server.bed.files.receive_bytes("lost".into(), space).await;
    let crashed = crashed.expect("received").place().await.expect("placed");
    let lost = crashed.path().clone();
    std::mem::forget(crashed);
    // Times of files are those of the real clock, whatever the tests' says.
    server
        .clock
        .jump_to(UnixTime::from_secs(i64::from(i32::MAX)));
    assert_eq!(
        server.jobs.after_start().await.expect("done"),
        "1 orphan deleted"
    );
    assert!(server.bed.files.read(&lost).await.is_err());
    assert!(server.bed.files.read(&kept).await.is_ok());
}

#[tokio::test]
async fn old_messages_go_where_they_are_not_kept() {
    let server = Server::start().await;
    let (_, user) = server.bed.user(1).await;
    for n in 0..450_u32 {
        server.bed.post(user, &n.to_le_bytes(), NOW).await;
    }
    server.bed.post(user, b"newer", NOW.plus(2 * DAY)).await;
    server.clock.jump_to(NOW.plus(3 * DAY));
    assert_eq!(server.run("sogs.retention").await, "no messages deleted");
    let mut config = SogsConfig::default();
    let room = RoomConfig {
        retention: Some((2 * DAY).into()),
        ..RoomConfig::default()
    };
    config.rooms.insert("Lounge".to_owned(), room);
    server.bed.config.reload(config);
    assert_eq!(server.run("sogs.retention").await, "450 messages deleted");
    assert_eq!(server.messages().await, 1);
}

#[tokio::test]
async fn bans_end_when_they_are_over() {
    let server = Server::start().await;
    let (id, user) = server.bed.user(1).await;
    let ban = Ban {
        scope: Scope::Rooms(vec!["lounge".to_owned()]),
        timeout: Some(DAY),
    };
    let banned = server.bed.tables.ban(&Actor::system(), id, ban, NOW).await;
    banned.expect("banned");
    let is_banned = async || {
        let user = server.bed.tables.user(user).await.expect("read");
        user.expect("known").in_room(server.bed.lounge).banned
    };
    assert_eq!(server.run("sogs.futures").await, "no users changed");
    assert!(is_banned().await);
    server.clock.jump_to(NOW.plus(2 * DAY));
    assert_eq!(server.run("sogs.futures").await, "1 user changed");
    assert!(!is_banned().await);
}

#[tokio::test]
async fn active_users_are_counted_and_forgotten() {
    let server = Server::start().await;
    let (_, user) = server.bed.user(1).await;
    let active = async || {
        let room = server.bed.tables.room("lounge").await.expect("read");
        room.expect("there").active_users
    };
    server.bed.tables.saw_in(server.bed.lounge, user, NOW);
    server.clock.jump_to(NOW.plus(DAY));
    assert!(
        server
            .run("sogs.activity")
            .await
            .starts_with("1 room with another number")
    );
    assert_eq!(active().await, 1);
    server.clock.jump_to(NOW.plus(9 * DAY));
    server.run("sogs.activity").await;
    assert_eq!(active().await, 0);
    server.clock.jump_to(NOW.plus(70 * DAY));
    assert!(
        server
            .run("sogs.activity")
            .await
            .ends_with("1 visit forgotten")
    );
}

#[tokio::test]
async fn every_job_runs_when_there_is_nothing_to_do() {
    let server = Server::start().await;
    for worker in server.jobs.workers() {
        let said = server.run(worker.name).await;
        assert!(said.starts_with("no "), "{}: {said}", worker.name);
    }
}

#[tokio::test]
async fn old_versions_are_forgotten() {
    let server = Server::start().await;
    let (_, user) = server.bed.user(1).await;
    let message = server.bed.post(user, b"regretted", NOW).await;
    let actor = Actor::trusted(user);
    let deleted = server
        .bed
        .tables
        .delete(&actor, server.bed.lounge, message, NOW);
    deleted.await.expect("deleted");
    server.clock.jump_to(NOW.plus(29 * DAY));
    assert!(
        server
            .run("sogs.history")
            .await
            .starts_with("no old versions")
    );
    server.clock.jump_to(NOW.plus(31 * DAY));
    assert!(
        server
            .run("sogs.history")
            .await
            .starts_with("1 old version forgotten")
    );
}
