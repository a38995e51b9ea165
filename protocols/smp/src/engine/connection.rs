//! One connection's part of the engine: its blocks and its subscriptions.
//!
//! A block is verified as a whole. Then its commands are executed in order, in rounds: a round
//! ends before a command that needs what an earlier one does to the same queue, so a usual block
//! is one round with at most one unit of work.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::backlog::Backlog;
use super::block::Block;
use super::change::Outcome;
use super::forwarded::is_forwarded;
use super::outbox::{Mailbox, Outbox};
use super::shared::{Shared, read_error, store_error};
use super::step::Step;
use super::task::{Progress, Task, refuse, round_length, waves};
use super::{Answer, Answers, Said};
use crate::crypto::{SecretKey, Verifier};
use crate::queue::{EntityId, Record};
use crate::routing::Relaying;
use crate::session::Service;
use crate::wire::{Command, DhKey, Refusal, Request, ServiceRole, Version};

/// What the engine must know of a connection.
#[derive(Debug)]
pub(crate) struct SessionFacts {
    /// The negotiated version.
    pub(crate) version: Version,
    /// The server's session key; without one no authenticator is right.
    pub(crate) session_key: Option<SecretKey>,
    /// The service that the client is, if it is one.
    pub(crate) service: Option<Service>,
    /// The client's session key, which a proxy's commands are encrypted with.
    pub(crate) peer_key: Option<DhKey>,
    /// The highest version of forwarded commands.
    pub(crate) max_version: Version,
}

/// A connection's subscriptions and what waits for it. Dropping it ends them.
pub(crate) struct Connection {
    pub(super) shared: Arc<Shared>,
    pub(super) outbox: Arc<Outbox>,
    pub(super) version: Version,
    pub(super) service: Option<Service>,
    verifier: Verifier,
    pub(super) relaying: Relaying,
    /// Queues read with GET, and what was read and not acknowledged.
    pub(super) got: HashMap<i64, Option<EntityId>>,
    /// Queues subscribed in this block that were empty when they were read.
    pub(super) empty: HashMap<i64, Arc<Record>>,
    /// What waits for a service that has subscribed.
    pub(super) backlog: Option<Backlog>,
    /// Names that are being resolved.
    pub(super) resolving: Arc<Semaphore>,
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

impl Connection {
    pub(super) fn new(shared: Arc<Shared>, facts: SessionFacts) -> Self {
        let outbox = Arc::new(Outbox::new(shared.settings.now().waiting, &shared.waiting));
        Self {
            resolving: Arc::new(Semaphore::new(shared.names.concurrency())),
            shared,
            outbox,
            version: facts.version,
            service: facts.service,
            relaying: Relaying::new(facts.session_key.clone(), facts.peer_key, facts.max_version),
            verifier: Verifier::new(facts.session_key),
            got: HashMap::new(),
            empty: HashMap::new(),
            backlog: None,
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
        let (mut tasks, mut forwarded) = (Vec::with_capacity(requests.len()), Vec::new());
        for (place, request) in requests.iter().enumerate() {
            match request {
                Ok(request) if is_forwarded(&request.command) => {}
                Ok(request) => tasks.push(Task::new(place, request, self.version)),
                Err(refusal) => progress.refused.push((place, refuse(refusal))),
            }
        }
        for (place, version, request) in &inside {
            match (request, opened.get(place)) {
                (Ok(request), Some(opened)) if matches!(request.command, Command::Rslv(_)) => {
                    self.resolve_forwarded(request, opened).await;
                }
                (Ok(request), _) => {
                    forwarded.push(Task::new(*place, request, *version).forwarded());
                }
                (Err(refusal), _) => progress.refused.push((*place, refuse(refusal))),
            }
        }
        for wave in waves(tasks).into_iter().chain(waves(forwarded)) {
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

    /// Whether services of this role may do what is done here, or the client is no service.
    pub(super) fn may(&self, role: ServiceRole) -> bool {
        self.service.is_none_or(|service| service.role == role)
    }

    /// Whether the client may have something passed on.
    pub(crate) fn may_route(&self) -> bool {
        self.may(ServiceRole::Messaging)
    }

    /// Where answers that come later are put: they leave as events do.
    pub(crate) fn mailbox(&self) -> Mailbox {
        Mailbox(Arc::clone(&self.outbox))
    }

    /// Resolves when events wait.
    pub(crate) async fn ready(&self) {
        if self.backlog.is_none() {
            self.outbox.ready().await;
        }
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
        let serves = |service: Service| (self.shared.services).is_live(&service.id, &self.outbox);
        if self.service.is_some_and(serves) {
            return true;
        }
        let held = self.outbox.held();
        !(held.queues.is_empty() && held.notifiers.is_empty())
    }

    /// Verifies tasks together; those that fail are answered.
    async fn verify<'a, 'b>(&self, tasks: Vec<Task<'a, 'b>>, fresh: bool) -> Verified<'a, 'b> {
        let mut verified = Verified::default();
        let requests: Vec<_> = tasks.iter().map(|task| task.request).collect();
        // What is forwarded is as from an ordinary connection, and never in one wave with other.
        let forwarded = tasks.iter().any(|task| task.forwarded);
        let service = self.service.as_ref().filter(|_| !forwarded);
        let verdicts = self
            .shared
            .verify(&self.verifier, service, &requests, fresh);
        match verdicts.await {
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
                Step::Later => {}
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

impl Drop for Connection {
    fn drop(&mut self) {
        let held = {
            let mut held = self.outbox.held();
            held.closed = true;
            let passing = std::mem::take(&mut held.passing).into_iter();
            std::mem::take(&mut held.queues)
                .into_iter()
                .chain(passing)
                .map(|row| (row, true))
                .chain(
                    std::mem::take(&mut held.notifiers)
                        .into_iter()
                        .map(|row| (row, false)),
                )
                .collect::<Vec<_>>()
        };
        if let Some(service) = &self.service {
            self.shared.services.release(&service.id, &self.outbox);
        }
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
