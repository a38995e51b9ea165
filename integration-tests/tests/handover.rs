//! An upgrade refuses no connection: a new relayd takes the listening sockets over from the old
//! one, which finishes what it began. A new one that cannot run changes nothing.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

use std::fs;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

use integration_tests::notes::{Writers, assert_kept, newest, noted};
use integration_tests::stranger::Stranger;
use integration_tests::{Bed, Kind, PATIENCE, see};
use relay_testkit::http::{Client, Connection, request};
use relay_testkit::{Daemon, Relayd, Signal, poll};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

/// Clients that connect again and again, without a pause, and remember what went wrong.
struct Crowd {
    stop: Arc<AtomicBool>,
    members: Vec<Member>,
}

struct Member {
    name: &'static str,
    served: Arc<AtomicUsize>,
    thread: JoinHandle<Vec<String>>,
}

impl Crowd {
    /// At the metrics listener, the admin socket and the SOGS listener.
    fn around(bed: &Bed, daemon: &Daemon) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let members = [
            ("metrics", daemon.metrics(), "/livez", 200),
            ("admin", daemon.admin(), "/v1/status", 200),
            ("sogs", bed.sogs(), "/capabilities", 200),
        ];
        let members = members.map(|(name, client, path, status)| {
            Member::start(name, client, path, status, Arc::clone(&stop))
        });
        Self {
            stop,
            members: members.into(),
        }
    }

    /// Waits until each of them has been served so many times more.
    fn served(&self, times: usize) {
        for member in &self.members {
            let before = member.served.load(Ordering::Relaxed);
            poll::until(PATIENCE, member.name, || {
                (member.served.load(Ordering::Relaxed) >= before + times).then_some(())
            });
        }
    }

    /// Sends them home; nobody may have a complaint.
    fn assert_content(self) {
        self.stop.store(true, Ordering::Relaxed);
        for member in self.members {
            let complaints = member.thread.join().unwrap();
            assert!(complaints.is_empty(), "{}: {complaints:?}", member.name);
        }
    }
}

impl Member {
    fn start(
        name: &'static str,
        client: Client,
        path: &'static str,
        status: u16,
        stop: Arc<AtomicBool>,
    ) -> Self {
        let served = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&served);
        let thread = thread::spawn(move || {
            let mut complaints = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                match client.get(path) {
                    Ok(answer) if answer.status == status => {}
                    Ok(answer) => complaints.push(format!("{} {}", answer.status, answer.text())),
                    Err(error) => complaints.push(error.to_string()),
                }
                count.fetch_add(1, Ordering::Relaxed);
            }
            complaints
        });
        Self {
            name,
            served,
            thread,
        }
    }
}

/// Starts a new relayd beside the old one and waits until it has taken over.
fn upgrade(bed: &Bed, old: &Daemon) -> Daemon {
    let new = bed.relayd().arg("--upgrade").spawn();
    poll::until(PATIENCE, "one of the two ends", || {
        (!old.is_running() || !new.is_running()).then_some(())
    });
    assert!(new.is_running(), "{:?}", new.wait(PATIENCE));
    let exit = old.wait(PATIENCE);
    assert_eq!(
        (exit.code, exit.signal),
        (Some(0), None),
        "{exit:?} {}",
        new.stderr()
    );
    see::serving(&new);
    new
}

fn upgrades_refuse_no_connection(bed: Bed) {
    let bed = bed.with_sogs();
    let mut daemon = bed.start();
    let key = fs::read(bed.data().join("sogs/key_x25519")).unwrap();
    let crowd = Crowd::around(&bed, &daemon);
    let writers = Writers::start(&daemon.how().admin_socket(), 2);
    crowd.served(20);
    for _ in 0..6 {
        daemon = upgrade(&bed, &daemon);
        crowd.served(20);
    }
    crowd.assert_content();
    let acknowledged = writers.stop();
    assert!(acknowledged.len() > 20);
    assert_kept(&daemon.admin(), &acknowledged);
    let now = fs::read(bed.data().join("sogs/key_x25519")).unwrap();
    assert_eq!(now, key, "the identity stays");
    assert_eq!(see::mode(daemon.how().admin_socket()), 0o660);
    daemon.signal(Signal::TERM);
    let exit = daemon.wait(PATIENCE);
    assert_eq!(exit.code, Some(0), "{exit:?}");
    assert!(!exit.stderr.contains("wanted by no listener"), "{exit:?}");
}

#[test]
fn upgrades_refuse_no_connection_on_sqlite() {
    upgrades_refuse_no_connection(Bed::new());
}

#[test]
fn upgrades_refuse_no_connection_on_postgres() {
    if let Some(bed) = Bed::on(Kind::Postgres) {
        upgrades_refuse_no_connection(bed);
    }
}

#[test]
fn a_connection_that_has_not_spoken_yet_is_answered_after_an_upgrade_began() {
    let bed = Bed::new().with_sogs();
    let old = bed.start();
    // Connected to the old one, which has accepted, before the upgrade; the request comes later.
    let mut silent = Connection::open(&bed.listen("sogs").into()).unwrap();
    poll::until(PATIENCE, "the old one has accepted", || {
        let open = see::metric(&old, "relayd_connections_open{listener=\"sogs\"");
        (open == Some(1.0)).then_some(())
    });
    let new = bed.relayd().arg("--upgrade").spawn();
    old.wait_for_line("handing over", PATIENCE);
    silent.send(&request("GET", "/", &[], b"")).unwrap();
    assert_eq!(silent.response().unwrap().status, 200);
    assert_eq!(old.wait(PATIENCE).code, Some(0));
    see::serving(&new);
}

#[test]
fn a_request_in_flight_is_finished_by_the_old_one() {
    let bed = Bed::new();
    let old = bed.start();
    let body = json!({ "text": "begun before the upgrade" }).to_string();
    let headers = [
        ("content-type", "application/json"),
        ("expect", "100-continue"),
    ];
    let mut first = request("POST", "/v1/audit/notes", &headers, body.as_bytes());
    let rest = first.split_off(first.len() - 10);
    let mut half = Connection::open(&(&*old.how().admin_socket()).into()).unwrap();
    half.send(&first).unwrap();
    assert_eq!(half.response().unwrap().status, 100);

    let new = bed.relayd().arg("--upgrade").spawn();
    old.wait_for_line("handing over", PATIENCE);
    half.send(&rest).unwrap();
    let answer = half.response().unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let id = answer.json()["id"].as_i64().unwrap();
    assert_eq!(old.wait(PATIENCE).code, Some(0));
    see::serving(&new);
    assert_kept(
        &new.admin(),
        &[(id, "begun before the upgrade".to_owned())].into(),
    );
}

/// The upgrade is refused, the old one serves on as if nothing had been.
fn fails(bed: &Bed, old: &Daemon, crowd: &Crowd, code: i32, needle: &str) {
    let new = bed.relayd().arg("--upgrade").spawn();
    let exit = new.wait(PATIENCE);
    assert_eq!(exit.code, Some(code), "{exit:?}");
    assert!(exit.stderr.contains(needle), "{needle} in {exit:?}");
    assert!(old.is_running(), "{}", old.stderr());
    crowd.served(5);
    assert_eq!(see::status(old)["phase"], "serving");
}

fn a_new_one_that_cannot_run(bed: Bed, make_newer: impl Fn(&str)) {
    let mut bed = bed.with_sogs();
    let old = bed.start();
    let crowd = Crowd::around(&bed, &old);
    crowd.served(5);

    bed.set("log.level", "loud");
    fails(&bed, &old, &crowd, 64, "log.level");
    bed.set("log.level", "info");

    make_newer("INSERT INTO core_migrations (version, applied_at) VALUES ('core_9999_later', 1)");
    fails(&bed, &old, &crowd, 69, "core_9999_later");
    make_newer("DELETE FROM core_migrations WHERE version = 'core_9999_later'");

    // An address that the old one does not have, and somebody else has.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let own = bed.listen("metrics").to_string();
    let two = vec![own.clone(), taken.local_addr().unwrap().to_string()];
    bed.set("metrics.listen", two);
    fails(&bed, &old, &crowd, 69, "in use");
    bed.set("metrics.listen", own);

    let new = upgrade(&bed, &old);
    crowd.served(5);
    crowd.assert_content();
    drop(new);
}

#[test]
fn a_new_one_that_cannot_run_leaves_the_old_one_serving_on_sqlite() {
    let bed = Bed::new();
    let url = format!("sqlite:{}?mode=rw", bed.data().join("relayd.db").display());
    a_new_one_that_cannot_run(bed, |sql| {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let database = sea_orm::Database::connect(&url).await.unwrap();
            database.execute_unprepared(sql).await.unwrap();
            database.close().await.unwrap();
        });
    });
}

#[test]
fn a_new_one_that_cannot_run_leaves_the_old_one_serving_on_postgres() {
    let Some(postgres) = relay_testkit::Postgres::shared() else {
        return;
    };
    let url = postgres.database();
    let bed = Bed::new().with("storage.url", &*url);
    a_new_one_that_cannot_run(bed, |sql| drop(postgres.psql(&url, sql)));
}

#[test]
fn an_upgrade_works_while_signs_of_life_are_asked_for() {
    let bed = Bed::new();
    let socket = bed.dir().join("notify.sock");
    let manager = std::os::unix::net::UnixDatagram::bind(&socket).unwrap();
    // It listens, for as long as anybody speaks.
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    thread::spawn(move || while manager.recv(&mut [0; 4096]).is_ok() {});
    // Much more often than a service manager would: one is due during every handover.
    let relayd = bed
        .relayd()
        .env("NOTIFY_SOCKET", &socket)
        .env("WATCHDOG_USEC", "20000");
    let old = relayd.spawn();
    see::serving(&old);
    let new = relayd.clone().arg("--upgrade").spawn();
    poll::until(PATIENCE, "one of the two ends", || {
        (!old.is_running() || !new.is_running()).then_some(())
    });
    assert!(new.is_running(), "{}", new.stderr());
    assert_eq!(old.wait(PATIENCE).code, Some(0));
    see::serving(&new);
}

#[test]
fn an_operator_can_ask_for_it() {
    let bed = Bed::new().with_sogs();
    let old = bed.start();
    noted(&old.admin(), "written by the old one");
    let crowd = Crowd::around(&bed, &old);
    crowd.served(10);
    let answer = old.admin().post("/v1/upgrade", &json!({})).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let first = Stranger::of(&answer.json());
    assert_eq!(old.wait(PATIENCE).code, Some(0));
    crowd.served(10);
    let status = |pid: i32| {
        poll::until(PATIENCE, "the new one serves", || {
            let status: Value = old.admin().get("/v1/status").ok()?.json();
            (status["pid"] == pid && status["phase"] == "serving").then_some(())
        });
    };
    status(first.pid());

    // It has --upgrade among its arguments now, and must be able to do it once more.
    let answer = old.admin().post("/v1/upgrade", &json!({})).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let second = Stranger::of(&answer.json());
    first.wait();
    status(second.pid());
    crowd.served(10);
    crowd.assert_content();
    let actions: Vec<_> = newest(&old.admin(), 3)
        .iter()
        .map(|entry| entry["action"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(actions, ["post upgrade", "post upgrade", "note"]);
    second.signal(Signal::TERM);
    second.wait();
}

#[test]
fn a_failed_upgrade_asked_for_by_an_operator_changes_nothing() {
    let mut bed = Bed::new();
    let old = bed.start();
    bed.set("log.level", "loud");
    bed.write();
    let answer = old.admin().post("/v1/upgrade", &json!({})).unwrap();
    if answer.status == 200 {
        Stranger::of(&answer.json()).wait();
    }
    // What the new one said, the old one's stderr has: it is the same.
    old.wait_for_line("`loud`", PATIENCE);
    see::readyz(&old, 200);
    assert_eq!(see::status(&old)["pid"], old.pid());
    // It is noticed, and no dead child is left for ever.
    old.wait_for_line("did not take over", PATIENCE);
    bed.set("log.level", "info");
    bed.write();
    let answer = old.admin().post("/v1/upgrade", &json!({})).unwrap();
    let new = Stranger::of(&answer.json());
    assert_eq!(old.wait(PATIENCE).code, Some(0));
    new.signal(Signal::TERM);
    new.wait();
}

#[test]
fn with_nobody_running_it_is_a_normal_start() {
    let bed = Bed::new();
    let first = bed.relayd().arg("--upgrade").start();
    assert!(
        first.stderr().contains("starting as usual"),
        "{}",
        first.stderr()
    );
    first.kill9();
    let second = bed.relayd().arg("--upgrade").start();
    assert!(
        second.stderr().contains("starting as usual"),
        "{}",
        second.stderr()
    );
}

#[test]
fn after_a_kill_a_normal_start_works() {
    let bed = Bed::new().with_sogs();
    let daemon = bed.start();
    let id = noted(&daemon.admin(), "before the kill");
    for _ in 0..2 {
        let daemon = bed.start_after_kill(&daemon);
        assert_kept(
            &daemon.admin(),
            &[(id, "before the kill".to_owned())].into(),
        );
        let new = upgrade(&bed, &daemon);
        assert_eq!(bed.sogs().get("/capabilities").unwrap().status, 200);
        new.kill9();
    }
}

#[test]
fn a_kill_in_the_middle_of_a_handover_leaves_a_data_dir_that_starts() {
    let bed = Bed::new().with_sogs();
    let old = bed.start();
    let id = noted(&old.admin(), "before the handover");
    let _stuck = {
        let mut stuck = Connection::open(&(&*old.how().admin_socket()).into()).unwrap();
        let half = request("POST", "/v1/audit/notes", &[], b"{\"text\":");
        stuck.send(&half[..half.len() - 2]).unwrap();
        stuck
    };
    let new = bed.relayd().arg("--upgrade").spawn();
    old.wait_for_line("handing over", PATIENCE);
    old.kill9();
    let exit = new.wait(PATIENCE);
    assert_eq!(exit.code, Some(69), "{exit:?}");
    let again = bed.start();
    assert_kept(
        &again.admin(),
        &[(id, "before the handover".to_owned())].into(),
    );
    see::run_worker(&again, "store.integrity");
}

trait StartAfterKill {
    fn start_after_kill(&self, daemon: &Daemon) -> Daemon;
}

impl StartAfterKill for Bed {
    /// What the dead one left: sockets' files, a lock file, a write-ahead log.
    fn start_after_kill(&self, daemon: &Daemon) -> Daemon {
        daemon.kill9();
        assert!(self.data().join("admin.sock").exists());
        self.start()
    }
}

#[test]
fn other_programs_at_the_handover_socket_disturb_nobody() {
    let bed = Bed::new();
    let old = bed.start();
    let socket = bed.data().join("handover.sock");
    // One that says nothing, one that talks nonsense, one that goes away.
    let _silent = std::os::unix::net::UnixStream::connect(&socket).unwrap();
    let mut nonsense = std::os::unix::net::UnixStream::connect(&socket).unwrap();
    std::io::Write::write_all(&mut nonsense, b"GET / HTTP/1.1\r\n\r\n").unwrap();
    drop(std::os::unix::net::UnixStream::connect(&socket).unwrap());
    see::readyz(&old, 200);
    drop(nonsense);
    let new = upgrade(&bed, &old);
    see::readyz(&new, 200);
}

#[test]
fn a_data_dir_of_somebody_else_is_not_taken() {
    let bed = Bed::new();
    let _daemon = bed.start();
    let other = Bed::new();
    let exit = Relayd::new(other.dir())
        .config(format!(
            "data_dir = {:?}\n[metrics]\nlisten = '{}'\n",
            bed.data(),
            other.listen("metrics")
        ))
        .spawn()
        .wait(PATIENCE);
    assert_eq!(exit.code, Some(69), "without --upgrade: {exit:?}");
}

/// A busy writer must not keep a new one from looking whether it can take over.
#[test]
fn an_upgrade_waits_for_no_writer_before_it_takes_over() {
    let bed = Bed::new().with("storage.connect_timeout", "1s");
    let old = bed.start();
    let url = format!("sqlite:{}?mode=rw", bed.data().join("relayd.db").display());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let lock = runtime.block_on(async {
        let lock = sea_orm::Database::connect(url).await.unwrap();
        lock.execute_unprepared("BEGIN IMMEDIATE").await.unwrap();
        lock
    });
    let new = bed.relayd().arg("--upgrade").spawn();
    poll::until(PATIENCE, "it takes over or fails", || {
        let taken = old.stderr().contains("handing over");
        (taken || !new.is_running()).then_some(())
    });
    assert!(new.is_running(), "{:?}", new.wait(PATIENCE));
    runtime.block_on(async {
        lock.execute_unprepared("COMMIT").await.unwrap();
        lock.close().await.unwrap();
    });
    assert_eq!(old.wait(PATIENCE).code, Some(0));
    see::serving(&new);
}
