//! What a connection is told without asking: messages, and what happened to its subscriptions.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::connection::Connection;
use super::outbox::Event;
use super::recent::{Mark, Note};
use super::subscriptions::Delivered;
use super::{Answer, Said, Stored};
use crate::queue::{EntityId, Record};

/// How long a connection waits after a failed read before it tries again.
pub(super) const AFTER_FAULT: Duration = Duration::from_millis(250);

/// Messages to be read from the database, by queue: which one was delivered.
pub(super) type Loads = HashMap<i64, (Arc<Record>, EntityId)>;

impl Connection {
    pub(super) async fn take_events(&mut self, room: usize) -> Vec<Answer> {
        let (mut answers, mut loads) = (Vec::new(), Loads::new());
        let mut taken = 0;
        while taken < room.max(1) {
            let Some(event) = self.outbox.take() else {
                break;
            };
            taken += match event {
                Event::Say(answer) => {
                    let weight = answer.weight();
                    answers.push(answer);
                    weight
                }
                Event::Message(record, message) => self.deliver(record, message, &mut answers),
                Event::Load(record, id) => {
                    loads.insert(record.row, (record, id));
                    crate::wire::BLOCK
                }
            };
        }
        if let Some(loaded) = self.load(loads).await {
            answers.extend(loaded);
            let left = room.saturating_sub(taken).max(room / 2);
            answers.extend(self.offer_backlog(left).await);
        }
        answers
    }

    /// Says a message, unless it has been acknowledged or the subscription lost.
    fn deliver(&self, record: Arc<Record>, message: Stored, answers: &mut Vec<Answer>) -> usize {
        let delivered = self
            .shared
            .subscriptions
            .delivered(record.row, &self.outbox);
        if delivered != Some(Delivered(Some(message.id))) {
            return 0;
        }
        let id = record.recipient_id;
        let answer = Answer::event(&id, Said::Msg(record, message));
        let weight = answer.weight();
        answers.push(answer);
        weight
    }

    /// Reads messages that were left in the database. What is first in a queue now is delivered,
    /// should the delivered one be gone. Nothing if the database could not be read: they wait on.
    pub(super) async fn load(&mut self, loads: Loads) -> Option<Vec<Answer>> {
        if loads.is_empty() {
            return Some(Vec::new());
        }
        let mark = self.shared.recent.mark();
        let rows: Vec<i64> = loads.keys().copied().collect();
        let Ok(heads) = self.shared.reads.heads(&rows).await else {
            self.shared.clock.sleep(AFTER_FAULT).await;
            for (record, id) in loads.into_values() {
                self.outbox.put_back(Event::Load(record, id));
            }
            return None;
        };
        let mut heads: HashMap<i64, Stored> = heads.into_iter().collect();
        let (mut answers, mut empty) = (Vec::new(), HashMap::new());
        for (row, (record, id)) in loads {
            let head = heads.remove(&row);
            let next = head.as_ref().map(|message| message.id);
            if !(self.shared.subscriptions).settle(row, &self.outbox, Some(id), next) {
                continue;
            }
            match head {
                Some(message) => {
                    let id = record.recipient_id;
                    answers.push(Answer::event(&id, Said::Msg(record, message)));
                }
                None => {
                    empty.insert(row, record);
                }
            }
        }
        let rows: Vec<i64> = empty.keys().copied().collect();
        self.catch_up(empty, mark).await;
        for row in rows {
            self.shared.subscriptions.rest(row, &self.outbox);
        }
        Some(answers)
    }

    /// These queues were empty when they were read after `mark`; they may have got messages
    /// before memory knew that somebody waits for them.
    pub(super) async fn catch_up(&self, queues: HashMap<i64, Arc<Record>>, mut mark: Mark) {
        let shared = &self.shared;
        while !queues.is_empty() {
            let notes = shared.recent.since(mark, |row| queues.contains_key(&row));
            let all = || queues.keys().map(|row| (*row, Note::Sent)).collect();
            let notes = notes.unwrap_or_else(all);
            if notes.is_empty() {
                return;
            }
            mark = shared.recent.mark();
            let mut sent = Vec::with_capacity(notes.len());
            for (row, note) in notes {
                match (note, queues.get(&row)) {
                    (Note::Sent, _) => sent.push(row),
                    (Note::Gone, Some(record)) => self.lost(record),
                    (Note::Gone, None) => {}
                }
            }
            sent.sort_unstable();
            sent.dedup();
            match shared.reads.heads(&sent).await {
                Ok(heads) => self.found(&queues, heads),
                Err(_) => {
                    sent.iter()
                        .filter_map(|row| queues.get(row))
                        .for_each(|r| self.unsure(r));
                    return;
                }
            }
        }
    }

    fn found(&self, queues: &HashMap<i64, Arc<Record>>, heads: Vec<(i64, Stored)>) {
        for (row, message) in heads {
            let id = Some(message.id);
            let waits = (self.shared.subscriptions).settle(row, &self.outbox, None, id);
            if let Some(record) = queues.get(&row).filter(|_| waits) {
                self.outbox.message(record, &message);
            }
        }
    }

    /// The database did not say what is in a queue: ask again with the next events.
    fn unsure(&self, record: &Arc<Record>) {
        const UNKNOWN: EntityId = [0; 24];
        if (self.shared.subscriptions).settle(record.row, &self.outbox, None, Some(UNKNOWN)) {
            self.outbox.load(record, UNKNOWN);
        }
    }

    /// The queue was deleted while it was being subscribed to.
    fn lost(&self, record: &Record) {
        let subscription = self
            .shared
            .subscriptions
            .delivered(record.row, &self.outbox);
        if subscription.is_some() {
            self.shared.subscriptions.release(record.row, &self.outbox);
            self.outbox
                .say(Answer::event(&record.recipient_id, Said::Deld));
        }
    }
}
