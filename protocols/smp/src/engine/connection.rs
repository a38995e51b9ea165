//! One connection's part of the engine: its blocks and its subscriptions.
//!
//! A block is verified as a whole. Then its commands are executed in order, in rounds: a round
//! ends before a command that needs what an earlier one does to the same queue, so a usual block
//! is one round with at most one unit of work.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use super::block::{Block, Outcome};
use super::lookup::Located;
use super::outbox::{Mailbox, Outbox};
use super::shared::{Shared, read_error, store_error};
use super::step::Step;
use super::{Answer, Answers, Said};
use crate::crypto::{SecretKey, Verifier};
use crate::queue::{EntityId, Record};
use crate::routing::{Opened, Relaying};
use crate::stats::Counter;
use crate::wire::{Command, DhKey, Error, Refusal, Request, Version};

/// How often a command is tried again because its queue was changed by others meanwhile.
const ATTEMPTS: u32 = 5;

/// What the engine must know of a connection.
#[derive(Debug)]
pub(crate) struct SessionFacts {
    /// The negotiated version.
    pub(crate) version: Version,
    /// The server's session key; without one no authenticator is right.
    pub(crate) session_key: Option<SecretKey>,
    /// The client's session key, which a proxy's commands are encrypted with.
    pub(crate) peer_key: Option<DhKey>,
    /// The highest version of forwarded commands.
    pub(crate) max_version: Version,
}

/// A connection's subscriptions and what waits for it. Dropping it ends them.
pub(crate) struct Connection {
    pub(super) shared: Arc<Shared>,
    pub(super) outbox: Arc<Outbox>,
    version: Version,
    verifier: Verifier,
    relaying: Relaying,
    /// Queues read with GET, and what was read and not acknowledged.
    pub(super) got: HashMap<i64, Option<EntityId>>,
    /// Queues subscribed in this block that were empty when they were read.
    pub(super) empty: HashMap<i64, Arc<Record>>,
}

/// What a connection is subscribed to, now and later.
#[derive(Clone, Debug)]
pub(crate) struct Holdings(Arc<Outbox>);

impl Holdings {
    /// How many queues, and how many notifiers.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let held = self.0.held();
        (held.queues.len(), held.notifiers.len())
    }
}

/// A command on its way through a block.
#[derive(Debug)]
pub(super) struct Task<'a, 'b> {
    place: usize,
    attempts: u32,
    /// Of its connection, or of the command alone where a proxy forwarded it.
    pub(super) version: Version,
    forwarded: bool,
    pub(super) request: &'a Request<'b>,
    pub(super) located: Option<Located>,
}

/// What became of a block so far: answers with the places of their commands.
#[derive(Default)]
struct Progress {
    refused: Vec<(usize, Answer)>,
    done: Vec<(usize, Answer)>,
}

impl Connection {
    pub(super) fn new(shared: Arc<Shared>, facts: SessionFacts) -> Self {
        let outbox = Arc::new(Outbox::new(shared.settings.now().waiting, &shared.waiting));
        Self {
            shared,
            outbox,
            version: facts.version,
            relaying: Relaying::new(facts.session_key.clone(), facts.peer_key, facts.max_version),
            verifier: Verifier::new(facts.session_key),
            got: HashMap::new(),
            empty: HashMap::new(),
        }
    }

    /// Executes one block: verifies all, then executes in order, in one unit of work where the
    /// commands do not need each other. Everything is committed when this returns.
    pub(crate) async fn execute(
        &mut self,
        requests: &[Result<Request<'_>, Refusal<'_>>],
    ) -> Answers {
        let mark = self.shared.recent.mark();
        let mut progress = Progress::default();
        let opened = self.open_forwarded(requests, &mut progress);
        let inside: Vec<_> = (opened.iter())
            .map(|(place, opened)| (*place, opened.version(), opened.request()))
            .collect();
        let mut tasks = Vec::with_capacity(requests.len());
        for (place, request) in requests.iter().enumerate() {
            match request {
                Ok(request) if matches!(request.command, Command::Rfwd(_)) => {}
                Ok(request) => tasks.push(Task::new(place, request, self.version)),
                Err(refusal) => progress.refused.push((place, refuse(refusal))),
            }
        }
        for (place, version, request) in &inside {
            match request {
                Ok(request) => tasks.push(Task::new(*place, request, *version).forwarded()),
                Err(refusal) => progress.refused.push((*place, refuse(refusal))),
            }
        }
        for wave in waves(tasks) {
            let verified = self.verify(wave, false).await;
            progress.refused.extend(verified.refused);
            self.run(verified.tasks, &mut progress).await;
        }
        let empty = std::mem::take(&mut self.empty);
        self.catch_up(empty, mark).await;
        self.count_batch(requests);
        self.close_forwarded(&opened, &mut progress);
        progress.answers()
    }

    /// Opens what proxies forwarded; those that cannot be opened are answered.
    fn open_forwarded<'r>(
        &self,
        requests: &[Result<Request<'r>, Refusal<'r>>],
        progress: &mut Progress,
    ) -> BTreeMap<usize, Opened<'r>> {
        let mut opened = BTreeMap::new();
        for (place, request) in requests.iter().enumerate() {
            let Ok(request) = request else { continue };
            match self.relaying.open(request) {
                None => {}
                Some(Ok(one)) => drop(opened.insert(place, one)),
                Some(Err(error)) => {
                    let answer = Answer::to(request.corr_id, &[], Said::Err(error));
                    progress.done.push((place, answer));
                }
            }
        }
        opened
    }

    /// Answers to what was inside go back through the layers they came through.
    fn close_forwarded(&self, opened: &BTreeMap<usize, Opened<'_>>, progress: &mut Progress) {
        if opened.is_empty() {
            return;
        }
        let all = std::mem::take(&mut progress.refused).into_iter();
        let all = all.map(|answer| (true, answer));
        let done = std::mem::take(&mut progress.done).into_iter();
        for (refused, (place, answer)) in all.chain(done.map(|answer| (false, answer))) {
            match opened.get(&place) {
                Some(opened) => {
                    self.shared.counters.count(Counter::PMsgFwdsRecv);
                    progress.done.push((place, opened.answer(&answer)));
                }
                None if refused => progress.refused.push((place, answer)),
                None => progress.done.push((place, answer)),
            }
        }
    }

    /// Where answers that come later are put: they leave as events do.
    pub(crate) fn mailbox(&self) -> Mailbox {
        Mailbox(Arc::clone(&self.outbox))
    }

    /// Resolves when events wait.
    pub(crate) async fn ready(&self) {
        self.outbox.ready().await;
    }

    /// Takes waiting events, of about `room` bytes together ([`Answer::weight`]); at least one if
    /// any waits.
    pub(crate) async fn events(&mut self, room: usize) -> Vec<Answer> {
        self.take_events(room).await
    }

    /// What it is subscribed to, for others to look at.
    pub(crate) fn holdings(&self) -> Holdings {
        Holdings(Arc::clone(&self.outbox))
    }

    /// Whether it is subscribed to anything: such a connection may be idle.
    pub(crate) fn is_subscribed(&self) -> bool {
        let held = self.outbox.held();
        !(held.queues.is_empty() && held.notifiers.is_empty())
    }

    /// Verifies tasks together; those that fail are answered.
    async fn verify<'a, 'b>(&self, tasks: Vec<Task<'a, 'b>>, fresh: bool) -> Verified<'a, 'b> {
        let mut verified = Verified::default();
        let requests: Vec<_> = tasks.iter().map(|task| task.request).collect();
        match self.shared.verify(&self.verifier, &requests, fresh).await {
            Err(error) => {
                let error = read_error(&error);
                let all = tasks
                    .iter()
                    .map(|task| task.answer(Said::Err(error.clone())));
                verified.refused.extend(all);
            }
            Ok(verdicts) => {
                for (mut task, verdict) in tasks.into_iter().zip(verdicts) {
                    task.located = verdict.located;
                    match verdict.refused {
                        None => verified.tasks.push(task),
                        Some(error) => {
                            self.count_refused(task.request, &error);
                            verified.refused.push(task.answer(Said::Err(error)));
                        }
                    }
                }
            }
        }
        verified
    }

    async fn run(&mut self, mut tasks: Vec<Task<'_, '_>>, progress: &mut Progress) {
        while !tasks.is_empty() {
            let later = tasks.split_off(round_length(&tasks));
            let mut again = self.round(tasks, progress).await;
            again.extend(later);
            if again.is_empty() {
                return;
            }
            let verified = self.verify(again, true).await;
            progress.done.extend(verified.refused);
            tasks = verified.tasks;
        }
    }

    /// Executes commands that do not need each other; gives those that came too late.
    async fn round<'a, 'b>(
        &mut self,
        tasks: Vec<Task<'a, 'b>>,
        progress: &mut Progress,
    ) -> Vec<Task<'a, 'b>> {
        let (mut writing, mut promises) = (Vec::new(), Vec::new());
        let mut changes = Vec::new();
        for task in tasks {
            match self.step(&task).await {
                Step::Say(said) => progress.done.push(task.answer(said)),
                Step::Write(change, promise) => {
                    writing.push(task);
                    changes.push(change);
                    promises.push(promise);
                }
            }
        }
        if changes.is_empty() {
            return Vec::new();
        }
        let block = Block {
            shared: Arc::clone(&self.shared),
            outbox: Arc::clone(&self.outbox),
            now: self.shared.now(),
            changes,
        };
        match self.shared.store.write(block).await {
            Ok(outcomes) => {
                let results = writing.into_iter().zip(promises).zip(outcomes);
                let late = results.filter_map(|((task, promise), outcome)| match outcome {
                    Outcome::Stale => task.again(progress),
                    outcome => {
                        let said = self.keep(&task, promise, outcome);
                        progress.done.push(task.answer(said));
                        None
                    }
                });
                late.collect()
            }
            Err(error) => {
                let error = store_error(&error);
                let all = writing
                    .iter()
                    .map(|task| task.answer(Said::Err(error.clone())));
                progress.done.extend(all);
                Vec::new()
            }
        }
    }
}

/// Tasks that passed, and answers to those that did not.
#[derive(Default)]
struct Verified<'a, 'b> {
    tasks: Vec<Task<'a, 'b>>,
    refused: Vec<(usize, Answer)>,
}

impl<'a, 'b> Task<'a, 'b> {
    fn new(place: usize, request: &'a Request<'b>, version: Version) -> Self {
        Self {
            place,
            attempts: 0,
            version,
            forwarded: false,
            request,
            located: None,
        }
    }

    fn forwarded(self) -> Self {
        Self {
            forwarded: true,
            ..self
        }
    }

    fn answer(&self, said: Said) -> (usize, Answer) {
        let entity_id = self.request.entity_id.as_bytes();
        let answer = Answer::to(self.request.corr_id, entity_id, said);
        (self.place, answer)
    }

    fn again(mut self, progress: &mut Progress) -> Option<Self> {
        self.attempts += 1;
        if self.attempts < ATTEMPTS {
            return Some(self);
        }
        progress.done.push(self.answer(Said::Err(Error::Internal)));
        None
    }

    fn row(&self) -> Option<i64> {
        self.located
            .as_ref()
            .map(|located| located.found.record.row)
    }
}

impl Progress {
    fn answers(mut self) -> Answers {
        self.refused.sort_by_key(|(place, _)| *place);
        self.done.sort_by_key(|(place, _)| *place);
        let bare = |answers: Vec<(usize, Answer)>| answers.into_iter().map(|(_, a)| a).collect();
        Answers {
            refused: bare(self.refused),
            done: bare(self.done),
        }
    }
}

/// Forwarded commands that came in different blocks are done together, though the client of one
/// may have waited for another: what secures a queue is done before what follows is verified.
fn waves<'a, 'b>(mut tasks: Vec<Task<'a, 'b>>) -> Vec<Vec<Task<'a, 'b>>> {
    let secures = |task: &Task<'_, '_>| {
        task.forwarded && matches!(task.request.command, Command::Skey(_) | Command::Lkey(_))
    };
    let mut waves = Vec::with_capacity(1);
    while let Some(at) = tasks.iter().position(secures) {
        let later = tasks.split_off(at + 1);
        waves.push(std::mem::replace(&mut tasks, later));
    }
    waves.push(tasks);
    waves
}

/// How many of the first tasks touch different queues; messages to one queue may follow each
/// other.
fn round_length(tasks: &[Task<'_, '_>]) -> usize {
    let mut touched: HashMap<i64, bool> = HashMap::new();
    let conflict = tasks.iter().position(|task| {
        let sends = matches!(task.request.command, Command::Send { .. });
        let earlier = task.row().and_then(|row| touched.insert(row, sends));
        earlier.is_some_and(|earlier| !(earlier && sends))
    });
    conflict.unwrap_or(tasks.len())
}

fn refuse(refusal: &Refusal<'_>) -> Answer {
    let entity_id = refusal.entity_id.as_bytes();
    Answer::to(refusal.corr_id, entity_id, Said::Err(refusal.error.clone()))
}

impl Drop for Connection {
    fn drop(&mut self) {
        let held = {
            let mut held = self.outbox.held();
            held.closed = true;
            std::mem::take(&mut held.queues)
                .into_iter()
                .map(|row| (row, true))
                .chain(
                    std::mem::take(&mut held.notifiers)
                        .into_iter()
                        .map(|row| (row, false)),
                )
                .collect::<Vec<_>>()
        };
        for (row, queue) in held {
            if queue {
                self.shared.subscriptions.release(row, &self.outbox);
            } else {
                self.shared.notifiers.release(row, &self.outbox);
            }
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}
