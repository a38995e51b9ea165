//! Processes that are no children of ours: a relayd that another relayd started.

use std::fs;

use relay_testkit::{Signal, poll};
use rustix::process::{Pid, kill_process};
use serde_json::Value;

use crate::PATIENCE;

/// Killed when dropped, unless it has ended.
#[derive(Debug)]
pub struct Stranger(Pid);

impl Stranger {
    /// The process that an answer of the admin API names.
    pub fn of(answer: &Value) -> Self {
        let pid = answer["pid"]
            .as_i64()
            .and_then(|pid| i32::try_from(pid).ok());
        Self(pid.and_then(Pid::from_raw).expect("a process id"))
    }

    /// Its process id.
    pub fn pid(&self) -> i32 {
        self.0.as_raw_pid()
    }

    /// Sends a signal; nothing happens if it has ended.
    pub fn signal(&self, signal: Signal) {
        let _ = kill_process(self.0, signal);
    }

    /// Whether it has ended; its parent need not have noticed.
    pub fn has_ended(&self) -> bool {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid()));
        let Ok(stat) = stat else { return true };
        let state = stat.rsplit_once(") ").map(|(_, rest)| rest);
        state.is_some_and(|state| state.starts_with('Z'))
    }

    /// Waits until it has ended.
    ///
    /// # Panics
    ///
    /// When that takes too long.
    pub fn wait(&self) {
        poll::until(PATIENCE, "the other process ends", || {
            self.has_ended().then_some(())
        });
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        if !self.has_ended() {
            self.signal(Signal::KILL);
        }
    }
}
