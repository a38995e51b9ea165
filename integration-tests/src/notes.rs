//! Notes in the audit log: the smallest thing that a daemon acknowledges and must keep.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use relay_testkit::http::{Client, Response};
use relay_testkit::poll;
use serde_json::{Value, json};

use crate::PATIENCE;

/// Notes that a daemon acknowledged: their texts by their numbers.
pub type Acknowledged = BTreeMap<i64, String>;

/// As many entries as one answer holds.
const ALL: u32 = 10_000;

/// Writes a note.
pub fn note(admin: &Client, text: &str) -> io::Result<Response> {
    admin.post("/v1/audit/notes", &json!({ "text": text }))
}

/// Writes a note that must be acknowledged; gives its number.
///
/// # Panics
///
/// When it is not.
pub fn noted(admin: &Client, text: &str) -> i64 {
    let answer = note(admin, text).expect("the admin socket answers");
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["id"].as_i64().expect("a number")
}

/// The newest entries of the audit log, newest first.
///
/// # Panics
///
/// When they cannot be read.
pub fn newest(admin: &Client, limit: u32) -> Vec<Value> {
    let answer = admin.get(&format!("/v1/audit/{limit}"));
    let answer = answer.expect("the admin socket answers");
    assert_eq!(answer.status, 200, "{}", answer.text());
    serde_json::from_slice(&answer.body).expect("a list")
}

/// A text that no other note has, between 200 bytes and 16 kB long.
pub fn text() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let size = 200 + (number * 7919) % 16_184;
    let mut text = format!("note {number} of process {} ", std::process::id());
    text.extend((0..size).map(|at| char::from(b'a' + ((at * number) % 26) as u8)));
    text
}

/// Asserts that every acknowledged note is there, as it was written.
///
/// # Panics
///
/// When one is missing or differs.
pub fn assert_kept(admin: &Client, acknowledged: &Acknowledged) {
    assert!(
        acknowledged.len() < ALL as usize,
        "one answer cannot show that many"
    );
    let entries = newest(admin, ALL);
    let kept: BTreeMap<i64, &str> = entries
        .iter()
        .filter(|entry| entry["action"] == "note")
        .filter_map(|entry| Some((entry["id"].as_i64()?, entry["detail"].as_str()?)))
        .collect();
    let lost: Vec<_> = acknowledged
        .iter()
        .filter(|(id, text)| kept.get(id) != Some(&text.as_str()))
        .map(|(id, text)| (id, text.get(..40)))
        .collect();
    let all = acknowledged.len();
    assert!(
        lost.is_empty(),
        "{} of {all} acknowledged notes are lost or changed: {lost:?}",
        lost.len()
    );
}

/// Threads that write notes until told to stop, and remember what was acknowledged.
#[derive(Debug)]
pub struct Writers {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    socket: PathBuf,
    acknowledged: Mutex<Acknowledged>,
    stop: AtomicBool,
}

impl Writers {
    /// Starts writing.
    pub fn start(socket: &Path, threads: usize) -> Self {
        let shared = Arc::new(Shared {
            socket: socket.to_owned(),
            acknowledged: Mutex::default(),
            stop: AtomicBool::new(false),
        });
        let threads = (0..threads)
            .map(|_| {
                let shared = Arc::clone(&shared);
                thread::spawn(move || shared.write())
            })
            .collect();
        Self { shared, threads }
    }

    /// Waits until that many notes were acknowledged.
    ///
    /// # Panics
    ///
    /// When that takes too long.
    pub fn wait_for(&self, count: usize) {
        poll::until(PATIENCE, "enough notes are acknowledged", || {
            (self.shared.acknowledged().len() >= count).then_some(())
        });
    }

    /// A copy of what was acknowledged so far.
    pub fn so_far(&self) -> Acknowledged {
        self.shared.acknowledged().clone()
    }

    /// Stops writing; gives everything that was acknowledged.
    ///
    /// # Panics
    ///
    /// When two notes were given one number.
    pub fn stop(self) -> Acknowledged {
        self.shared.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().expect("no two notes have one number");
        }
        std::mem::take(&mut self.shared.acknowledged())
    }
}

impl Shared {
    fn write(&self) {
        let admin = Client::new(&*self.socket);
        while !self.stop.load(Ordering::Relaxed) {
            let text = text();
            match note(&admin, &text) {
                Ok(answer) if answer.status == 200 => {
                    let id = answer.json()["id"].as_i64().expect("a number");
                    let other = self.acknowledged().insert(id, text);
                    assert!(other.is_none(), "two notes have the number {id}");
                }
                // Refused, cut or nobody there: not acknowledged. Not at full speed, though.
                _ => thread::sleep(Duration::from_millis(2)),
            }
        }
    }

    fn acknowledged(&self) -> std::sync::MutexGuard<'_, Acknowledged> {
        self.acknowledged
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
