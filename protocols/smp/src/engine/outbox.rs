//! What waits for one connection, and what the connection holds.
//!
//! Bodies are counted: beyond the limit a message is only noted, and read from the database
//! again when the connection has room for it. Everything else is small, and there is at most one
//! of a kind per queue.
//!
//! Locks are taken in this order: what is held, a shard of subscriptions, what waits.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::room::{self, Room, Total};
use super::{Answer, Stored};
use crate::queue::{EntityId, Record};

/// Something to be told.
#[derive(Debug)]
pub(crate) enum Event {
    /// This message, if it is still the delivered one; it is to be read from the database.
    Load(Arc<Record>, EntityId),
    /// This message, if it is still the delivered one.
    Message(Arc<Record>, Stored),
    /// This.
    Say(Answer),
}

/// One connection's events and subscriptions.
#[derive(Debug)]
pub(crate) struct Outbox {
    held: Mutex<Held>,
    waiting: Mutex<Waiting>,
    wake: Notify,
}

/// Where answers are put that come when the block of their command has long been answered.
#[derive(Clone, Debug)]
pub(crate) struct Mailbox(pub(super) Arc<Outbox>);

impl Mailbox {
    /// An answer; nobody gets it if the connection has gone.
    pub(crate) fn put(&self, answer: Answer) {
        self.0.say(answer);
    }
}

/// The rows of queues a connection is subscribed to.
#[derive(Debug, Default)]
pub(crate) struct Held {
    pub(crate) closed: bool,
    pub(crate) queues: HashSet<i64>,
    pub(crate) notifiers: HashSet<i64>,
}

#[derive(Debug)]
struct Waiting {
    events: VecDeque<Event>,
    bodies: room::Held,
}

impl Outbox {
    pub(crate) fn new(room: Room, total: &Arc<Total>) -> Self {
        let waiting = Waiting {
            events: VecDeque::new(),
            bodies: room::Held::new(room, total),
        };
        Self {
            held: Mutex::default(),
            waiting: Mutex::new(waiting),
            wake: Notify::new(),
        }
    }

    /// What it is subscribed to.
    pub(crate) fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A message for it; its body stays only if there is room.
    pub(crate) fn message(&self, record: &Arc<Record>, message: &Stored) {
        let mut waiting = self.lock();
        let event = if waiting.bodies.take(message.weight()) {
            Event::Message(Arc::clone(record), message.clone())
        } else {
            Event::Load(Arc::clone(record), message.id)
        };
        waiting.events.push_back(event);
        drop(waiting);
        self.wake.notify_one();
    }

    /// A message for it that lies in the database.
    pub(crate) fn load(&self, record: &Arc<Record>, id: EntityId) {
        self.push(Event::Load(Arc::clone(record), id));
    }

    /// Anything else.
    pub(crate) fn say(&self, answer: Answer) {
        self.push(Event::Say(answer));
    }

    /// Whether so much waits that notifications should not be added.
    pub(crate) fn is_busy(&self) -> bool {
        let waiting = self.lock();
        waiting.bodies.is_full() || waiting.events.len() > 1024
    }

    /// The next event.
    pub(crate) fn take(&self) -> Option<Event> {
        let mut waiting = self.lock();
        let event = waiting.events.pop_front();
        match &event {
            Some(Event::Message(_, message)) => waiting.bodies.give(message.weight()),
            None => waiting.events.shrink_to(0),
            _ => {}
        }
        event
    }

    /// Puts events back in front.
    pub(crate) fn put_back(&self, event: Event) {
        let mut waiting = self.lock();
        if let Event::Message(_, message) = &event {
            waiting.bodies.keep(message.weight());
        }
        waiting.events.push_front(event);
        drop(waiting);
        self.wake.notify_one();
    }

    /// Resolves when something waits.
    pub(crate) async fn ready(&self) {
        loop {
            let woken = self.wake.notified();
            if !self.lock().events.is_empty() {
                return;
            }
            woken.await;
        }
    }

    fn push(&self, event: Event) {
        self.lock().events.push_back(event);
        self.wake.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
