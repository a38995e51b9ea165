//! Background jobs: what becomes due, expires, or was left behind.
//!
//! Every job works in small steps, so that nobody who posts waits behind it, and goes on until
//! nothing is left to do. What one run does not finish, because the daemon ends or the database goes
//! away, the next one does. All run by themselves and with `relayctl worker run`.

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::error::Error;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use relay_core::clock::{SharedClock, UnixTime};
use relay_core::config::Span;
use relay_core::worker::{Job, JobOutcome, Worker};

use crate::config::{Current, SogsConfig};
use crate::files::{FilePath, FileStore};
use crate::store::{FileId, StoreError, Tables};

/// Rows in one step.
const STEP: u32 = 200;

/// Rows read at once where nothing is changed.
const PAGE: u32 = 5_000;

/// What the jobs work on.
#[derive(Clone, Debug)]
pub struct Jobs {
    /// The tables.
    pub tables: Tables,
    /// The bytes of files.
    pub files: FileStore,
    /// The settings.
    pub config: Current,
    /// The time.
    pub clock: SharedClock,
}

/// What there is to do regularly.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Task {
    Futures,
    Activity,
    Files,
    Inbox,
    Nonces,
    History,
    Retention,
    Orphans,
}

type Failed = Box<dyn Error + Send + Sync>;

impl Jobs {
    /// All of them, to be run by core.
    pub fn workers(&self) -> Vec<Worker> {
        let every = &self.config.get().jobs;
        let worker = |name, every: Span, task| Worker {
            name,
            every: every.get(),
            job: Arc::new(Chore {
                jobs: self.clone(),
                task,
            }),
        };
        vec![
            worker("sogs.futures", every.futures, Task::Futures),
            worker("sogs.activity", every.activity, Task::Activity),
            worker("sogs.files", every.files, Task::Files),
            worker("sogs.inbox", every.inbox, Task::Inbox),
            worker("sogs.nonces", every.nonces, Task::Nonces),
            worker("sogs.history", every.history, Task::History),
            worker("sogs.retention", every.retention, Task::Retention),
            worker("sogs.orphans", every.orphans, Task::Orphans),
        ]
    }

    /// What a crash may have left to do: to be run once after a start.
    pub async fn after_start(&self) -> JobOutcome {
        self.run(Task::Orphans).await
    }

    async fn run(&self, task: Task) -> JobOutcome {
        let (now, config) = (self.clock.now(), self.config.get());
        match task {
            Task::Futures => self.futures(now).await,
            Task::Activity => self.activity(now, &config).await,
            Task::Files => self.expired_files(now).await,
            Task::Inbox => {
                let inbox = in_steps(|| self.tables.prune_inbox(now, STEP)).await?;
                Ok(told(inbox, "direct message", "deleted"))
            }
            Task::Nonces => {
                let nonces = in_steps(|| self.tables.prune_nonces(now, STEP)).await?;
                Ok(told(nonces, "nonce", "forgotten"))
            }
            Task::History => self.history(now, &config).await,
            Task::Retention => self.retention(now, &config).await,
            Task::Orphans => self.orphans(now).await,
        }
    }

    async fn futures(&self, now: UnixTime) -> JobOutcome {
        let mut users = 0;
        loop {
            match self.tables.apply_due(now).await? {
                0 => return Ok(told(users, "user", "changed")),
                more => users += more,
            }
        }
    }

    async fn activity(&self, now: UnixTime, config: &SogsConfig) -> JobOutcome {
        let settings = &config.activity;
        self.tables
            .write_activity(now, settings.write_every.get())
            .await?;
        let mut forgotten = 0;
        if !settings.forget_after.get().is_zero() {
            let before = now.minus(settings.forget_after.get());
            forgotten = in_steps(|| self.tables.prune_activity(before, STEP)).await?;
        }
        let since = now.minus(settings.active_within.get());
        let recounted = self.tables.recount_active(since).await?;
        let recounted = told(recounted, "room", "with another number");
        Ok(format!(
            "{recounted}, {}",
            told(forgotten, "visit", "forgotten")
        ))
    }

    /// Rows go first: a row never names bytes that are gone.
    async fn expired_files(&self, now: UnixTime) -> JobOutcome {
        let mut deleted = 0;
        loop {
            let paths = self.tables.take_expired_files(now, STEP).await?;
            for path in &paths {
                self.delete(path).await?;
                deleted += 1;
            }
            if paths.is_empty() {
                return Ok(told(deleted, "file", "deleted"));
            }
        }
    }

    async fn delete(&self, path: &str) -> Result<(), Failed> {
        match path.parse::<FilePath>() {
            Ok(path) => Ok(self.files.delete(&path).await?),
            // Not where this server keeps files: not its to delete.
            Err(_) => Ok(()),
        }
    }

    async fn history(&self, now: UnixTime, config: &SogsConfig) -> JobOutcome {
        let mut versions = 0;
        if let Some(lifetime) = config.messages.history_lifetime() {
            let before = now.minus(lifetime);
            versions = in_steps(|| self.tables.prune_history(before, STEP)).await?;
        }
        let mut notes = 0;
        if let Some(lifetime) = config.moderation_log_lifetime() {
            let before = now.minus(lifetime);
            notes = in_steps(|| self.tables.prune_moderation(before, STEP)).await?;
        }
        let versions = told(versions, "old version", "forgotten");
        Ok(format!("{versions}, {}", told(notes, "note", "forgotten")))
    }

    /// What is set for a room with relayctl goes before the configuration.
    async fn retention(&self, now: UnixTime, config: &SogsConfig) -> JobOutcome {
        let mut forgotten = 0;
        for room in self.tables.rooms().await? {
            let configured = || config.retention_in(&room.token);
            if let Some(lifetime) = room.retention.or_else(configured) {
                let before = Some(now.minus(lifetime));
                let step = || self.tables.forget_before(room.id, before, STEP);
                forgotten += in_steps(step).await?;
            }
        }
        Ok(told(forgotten, "message", "deleted"))
    }

    async fn orphans(&self, now: UnixTime) -> JobOutcome {
        // Bytes are old when they are judged: their rows, if they got any, are among these.
        let known = Arc::new(self.known_paths().await?);
        let among = |paths: Vec<FilePath>| {
            let known = Arc::clone(&known);
            async move {
                let found = paths.into_iter().filter(|path| known.contains(path));
                Ok::<HashSet<_>, StoreError>(found.collect())
            }
        };
        let swept = self.files.sweep(now, among).await?;
        Ok(told(swept.removed, "orphan", "deleted"))
    }

    async fn known_paths(&self) -> Result<HashSet<FilePath>, StoreError> {
        let (mut known, mut after) = (HashSet::new(), FileId(0));
        loop {
            let page = self.tables.file_paths(after, PAGE).await?;
            let Some((last, _)) = page.last() else {
                return Ok(known);
            };
            after = *last;
            known.extend(page.iter().filter_map(|(_, path)| path.parse().ok()));
        }
    }
}

/// Again and again, until a step finds less than a step's worth.
async fn in_steps<F>(step: impl Fn() -> F) -> Result<u64, StoreError>
where
    F: Future<Output = Result<u64, StoreError>>,
{
    let mut total = 0;
    loop {
        let done = step().await?;
        total += done;
        if done < u64::from(STEP) {
            return Ok(total);
        }
    }
}

/// `no files deleted`, `1 file deleted`, `2 files deleted`.
fn told(number: u64, what: &str, done: &str) -> String {
    match number {
        0 => format!("no {what}s {done}"),
        1 => format!("1 {what} {done}"),
        number => format!("{number} {what}s {done}"),
    }
}

/// A task as core runs it.
struct Chore {
    jobs: Jobs,
    task: Task,
}

impl Job for Chore {
    fn run(&self) -> BoxFuture<'_, JobOutcome> {
        self.jobs.run(self.task).boxed()
    }
}
