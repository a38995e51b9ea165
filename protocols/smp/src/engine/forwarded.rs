//! What proxies forward: opened before it is done as any other command, and answered through the
//! layers it came through.

use std::collections::BTreeMap;

use super::connection::Connection;
use super::task::Progress;
use super::{Answer, Said};
use crate::routing::Opened;
use crate::stats::Counter;
use crate::wire::{Command, CommandError, Error, Refusal, Request, ServiceRole};

const PROHIBITED: Error = Error::Cmd(CommandError::Prohibited);

impl Connection {
    /// Opens what proxies forwarded; those that cannot be opened are answered.
    pub(super) fn open_forwarded<'r>(
        &self,
        requests: &[Result<Request<'r>, Refusal<'r>>],
        progress: &mut Progress,
    ) -> BTreeMap<usize, Opened<'r>> {
        let mut opened = BTreeMap::new();
        for (place, request) in requests.iter().enumerate() {
            let Ok(request) = request else { continue };
            let opened_one = if self.may(ServiceRole::Proxy) {
                self.relaying.open(request)
            } else {
                is_forwarded(&request.command).then_some(Err(PROHIBITED))
            };
            match opened_one {
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
    pub(super) fn close_forwarded(
        &self,
        opened: &BTreeMap<usize, Opened<'_>>,
        progress: &mut Progress,
    ) {
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
}

/// Whether it was forwarded.
pub(super) fn is_forwarded(command: &Command<'_>) -> bool {
    matches!(command, Command::Rfwd(_))
}
