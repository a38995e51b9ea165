//! `kill -9` under write load, again and again: whatever was acknowledged is there.

use integration_tests::notes::{Acknowledged, Writers, assert_kept};
use integration_tests::{Bed, Kind, see};

/// Acknowledged notes between a start and the kill.
const LOAD: usize = 60;
const THREADS: usize = 8;

fn killed_under_load(kind: Kind, times: usize) {
    let Some(bed) = Bed::on(kind) else {
        return;
    };
    let mut acknowledged = Acknowledged::new();
    for _ in 0..times {
        let daemon = bed.start();
        assert_kept(&daemon.admin(), &acknowledged);
        let writers = Writers::start(&daemon.how().admin_socket(), THREADS);
        writers.wait_for(LOAD);
        daemon.kill9();
        let more = writers.stop();
        assert!(more.len() >= LOAD);
        for (id, text) in more {
            let other = acknowledged.insert(id, text);
            assert!(other.is_none(), "the number {id} was given twice");
        }
    }
    let daemon = bed.start();
    assert_kept(&daemon.admin(), &acknowledged);
    see::run_worker(&daemon, "store.integrity");
    see::readyz(&daemon, 200);
}

#[test]
fn killed_under_load_on_sqlite_synced_to_disk() {
    killed_under_load(Kind::SqlitePower, 7);
}

#[test]
fn killed_under_load_on_sqlite_handed_to_the_kernel() {
    killed_under_load(Kind::SqliteProcess, 7);
}

#[test]
fn killed_under_load_on_postgres() {
    killed_under_load(Kind::Postgres, 6);
}

/// The worst moment for a WAL database is while it is being merged.
#[test]
fn killed_under_load_while_the_log_is_merged() {
    let Some(bed) = Bed::on(Kind::SqliteProcess) else {
        return;
    };
    let mut acknowledged = Acknowledged::new();
    for _ in 0..3 {
        let daemon = bed.start();
        assert_kept(&daemon.admin(), &acknowledged);
        let writers = Writers::start(&daemon.how().admin_socket(), THREADS);
        let admin = daemon.admin();
        let merging = std::thread::spawn(move || {
            // Until the daemon is gone.
            while admin
                .post("/v1/workers/store.maintenance/run", &serde_json::json!({}))
                .is_ok()
            {}
        });
        writers.wait_for(LOAD);
        daemon.kill9();
        acknowledged.extend(writers.stop());
        merging.join().expect("it ends with the daemon");
    }
    let daemon = bed.start();
    assert_kept(&daemon.admin(), &acknowledged);
    see::run_worker(&daemon, "store.integrity");
}
