//! What is counted of whole blocks and of refused commands.

use super::connection::Connection;
use crate::stats::Counter;
use crate::wire::{Command, Error, Refusal, Request};

/// Whether a command is of some kind.
type IsKind = fn(&Command<'_>) -> bool;

impl Connection {
    /// A command was refused before it was executed.
    pub(super) fn count_refused(&self, request: &Request<'_>, error: &Error) {
        if *error != Error::Auth {
            return;
        }
        let counter = match request.command {
            Command::Sub => Counter::QSubAuth,
            Command::Nsub => Counter::NtfSubAuth,
            Command::Send { .. } => Counter::MsgSentAuth,
            Command::Get => Counter::MsgGetAuth,
            _ => return,
        };
        self.shared.counters.count(counter);
    }

    /// Blocks with certain commands are counted apart from the commands.
    pub(super) fn count_batch(&self, requests: &[Result<Request<'_>, Refusal<'_>>]) {
        let has = |wanted: IsKind| {
            requests
                .iter()
                .flatten()
                .any(|request| wanted(&request.command))
        };
        let kinds: [(IsKind, Counter); 4] = [
            (|c| matches!(c, Command::Sub), Counter::QSubAllB),
            (|c| matches!(c, Command::Nsub), Counter::NtfSubB),
            (|c| matches!(c, Command::Del), Counter::QDeletedAllB),
            (|c| matches!(c, Command::Ndel), Counter::NtfDeletedB),
        ];
        for (wanted, counter) in kinds {
            if has(wanted) {
                self.shared.counters.count(counter);
            }
        }
    }
}
