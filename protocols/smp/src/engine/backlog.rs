//! What waits for a service that has just subscribed: its queues are looked through a part at a
//! time, whenever its connection has room, so that neither a million queues nor all their
//! messages are ever in memory.

use std::collections::VecDeque;

use super::connection::Connection;
use super::events::{AFTER_FAULT, Loads};
use super::{Answer, Said};
use crate::session::Service;
use crate::store::Found;
use crate::wire::BLOCK;

/// How far the queues of a service have been looked through.
#[derive(Debug)]
pub(super) struct Backlog {
    /// The last queue that was looked at.
    after: i64,
    /// Queues with messages that have not been offered.
    waiting: VecDeque<i64>,
    seen_all: bool,
}

impl Default for Backlog {
    fn default() -> Self {
        Self {
            after: i64::MIN,
            waiting: VecDeque::new(),
            seen_all: false,
        }
    }
}

impl Connection {
    /// Goes on: offers messages of about `room` bytes together, and says when that was all.
    pub(super) async fn offer_backlog(&mut self, room: usize) -> Vec<Answer> {
        let (Some(mut backlog), Some(service)) = (self.backlog.take(), self.service) else {
            return Vec::new();
        };
        if !self.shared.services.is_live(&service.id, &self.outbox) {
            return Vec::new(); // Another connection begins anew.
        }
        let Some(offers) = self.find_offers(&mut backlog, &service, room).await else {
            self.backlog = Some(backlog);
            self.shared.clock.sleep(AFTER_FAULT).await;
            return Vec::new();
        };
        let mut answers = offers.refused;
        let loaded = self.load(offers.loads).await;
        if loaded.is_some() && backlog.seen_all && backlog.waiting.is_empty() {
            answers.extend(loaded.into_iter().flatten());
            answers.push(Answer::event(&[], Said::Alls));
            return answers;
        }
        self.backlog = Some(backlog);
        answers.extend(loaded.into_iter().flatten());
        answers
    }

    /// The next messages to offer; nothing if the database could not be read.
    async fn find_offers(
        &self,
        backlog: &mut Backlog,
        service: &Service,
        room: usize,
    ) -> Option<Offers> {
        let shared = &self.shared;
        if backlog.waiting.is_empty() && !backlog.seen_all {
            let after = backlog.after;
            let queues = shared.reads.service_queues(&service.id, after).await;
            backlog.look_at(&queues.ok()?);
        }
        let mut offers = Offers::default();
        let many = (room / BLOCK).max(1).min(backlog.waiting.len());
        let rows: Vec<i64> = backlog.waiting.iter().take(many).copied().collect();
        if rows.is_empty() {
            return Some(offers);
        }
        let found = shared.reads.find_rows(&rows).await.ok()?;
        backlog.waiting.drain(..many);
        for Found { record, head } in found {
            let Some(head) = head.filter(|_| record.service == Some(service.id)) else {
                continue;
            };
            if let Err(error) = record.unless_blocked() {
                let refused = Answer::event(&record.recipient_id, Said::Err(error));
                offers.refused.push(refused);
                continue;
            }
            let (subscriptions, first) = (&shared.subscriptions, (record.row, head));
            if (shared.services).pass_to(subscriptions, &service.id, &self.outbox, first) {
                offers.loads.insert(record.row, (record, head));
            }
        }
        Some(offers)
    }
}

/// What is to be offered next.
#[derive(Default)]
struct Offers {
    loads: Loads,
    /// Queues that cannot be read.
    refused: Vec<Answer>,
}

impl Backlog {
    fn look_at(&mut self, queues: &[(i64, bool)]) {
        match queues.last() {
            None => self.seen_all = true,
            Some((last, _)) => self.after = *last,
        }
        let waiting = queues.iter().filter(|(_, waits)| *waits);
        self.waiting.extend(waiting.map(|(row, _)| *row));
    }
}
