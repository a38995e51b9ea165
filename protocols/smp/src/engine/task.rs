//! The commands of a block on their way to their answers: which go together, which wait for others,
//! and in which order answers leave.

use std::collections::HashMap;

use super::lookup::Located;
use super::{Answer, Answers, Said};
use crate::wire::{Command, Error, Refusal, Request, Version};

/// How often a command is tried again because its queue was changed by others meanwhile.
const ATTEMPTS: u32 = 5;

/// A command on its way through a block.
#[derive(Debug)]
pub(super) struct Task<'a, 'b> {
    place: usize,
    attempts: u32,
    /// Of its connection, or of the command alone where a proxy forwarded it.
    pub(super) version: Version,
    pub(super) forwarded: bool,
    pub(super) request: &'a Request<'b>,
    pub(super) located: Option<Located>,
}

/// What became of a block so far: answers with the places of their commands.
#[derive(Default)]
pub(super) struct Progress {
    pub(super) refused: Vec<(usize, Answer)>,
    pub(super) done: Vec<(usize, Answer)>,
}

impl<'a, 'b> Task<'a, 'b> {
    pub(super) fn new(place: usize, request: &'a Request<'b>, version: Version) -> Self {
        Self {
            place,
            attempts: 0,
            version,
            forwarded: false,
            request,
            located: None,
        }
    }

    /// The same, as one that a proxy forwarded.
    pub(super) fn forwarded(self) -> Self {
        Self {
            forwarded: true,
            ..self
        }
    }

    pub(super) fn answer(&self, said: Said) -> (usize, Answer) {
        let entity_id = self.request.entity_id.as_bytes();
        let answer = Answer::to(self.request.corr_id, entity_id, said);
        (self.place, answer)
    }

    /// It came too late, and is tried again if it was not tried too often.
    pub(super) fn again(mut self, progress: &mut Progress) -> Option<Self> {
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
    pub(super) fn answers(mut self) -> Answers {
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
pub(super) fn waves<'a, 'b>(mut tasks: Vec<Task<'a, 'b>>) -> Vec<Vec<Task<'a, 'b>>> {
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
/// other. What subscribes a service is about all its queues, and so a round of its own.
pub(super) fn round_length(tasks: &[Task<'_, '_>]) -> usize {
    let mut touched: HashMap<i64, bool> = HashMap::new();
    let is_all =
        |task: &Task<'_, '_>| matches!(task.request.command, Command::Subs(_) | Command::Nsubs(_));
    if tasks.first().is_some_and(is_all) {
        return 1;
    }
    let conflict = tasks.iter().position(|task| {
        if is_all(task) {
            return true;
        }
        let sends = matches!(task.request.command, Command::Send { .. });
        let earlier = task.row().and_then(|row| touched.insert(row, sends));
        earlier.is_some_and(|earlier| !(earlier && sends))
    });
    conflict.unwrap_or(tasks.len())
}

/// A refusal as an answer.
pub(super) fn refuse(refusal: &Refusal<'_>) -> Answer {
    let entity_id = refusal.entity_id.as_bytes();
    Answer::to(refusal.corr_id, entity_id, Said::Err(refusal.error.clone()))
}
