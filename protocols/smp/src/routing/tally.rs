//! Counting what is passed on, as the reference's statistics have it: all of it, and apart from
//! that what goes to the operator's own servers.

use super::failure::Outcome;
use crate::stats::{Counter, Counters};

/// The counters of one kind of request: requests, then outcomes.
type Row = [Counter; 5];

const RELAYS: [Row; 2] = [
    [
        Counter::PRelaysRequests,
        Counter::PRelaysSuccesses,
        Counter::PRelaysErrorsConnect,
        Counter::PRelaysErrorsCompat,
        Counter::PRelaysErrorsOther,
    ],
    [
        Counter::PRelaysOwnRequests,
        Counter::PRelaysOwnSuccesses,
        Counter::PRelaysOwnErrorsConnect,
        Counter::PRelaysOwnErrorsCompat,
        Counter::PRelaysOwnErrorsOther,
    ],
];

const MESSAGES: [Row; 2] = [
    [
        Counter::PMsgFwdsRequests,
        Counter::PMsgFwdsSuccesses,
        Counter::PMsgFwdsErrorsConnect,
        Counter::PMsgFwdsErrorsCompat,
        Counter::PMsgFwdsErrorsOther,
    ],
    [
        Counter::PMsgFwdsOwnRequests,
        Counter::PMsgFwdsOwnSuccesses,
        Counter::PMsgFwdsOwnErrorsConnect,
        Counter::PMsgFwdsOwnErrorsCompat,
        Counter::PMsgFwdsOwnErrorsOther,
    ],
];

/// A `PRXY` ended so.
pub(super) fn session(counters: &Counters, own: bool, outcome: Outcome) {
    count(counters, RELAYS, own, outcome);
}

/// A `PFWD` ended so.
pub(super) fn message(counters: &Counters, own: bool, outcome: Outcome) {
    count(counters, MESSAGES, own, outcome);
}

fn count(counters: &Counters, [all, of_own]: [Row; 2], own: bool, outcome: Outcome) {
    for [requests, successes, connect, compat, other] in
        std::iter::once(all).chain(own.then_some(of_own))
    {
        counters.count(requests);
        counters.count(match outcome {
            Outcome::Success => successes,
            Outcome::Connect => connect,
            Outcome::Compat => compat,
            Outcome::Other => other,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_servers_count_twice() {
        let counters = Counters::default();
        session(&counters, true, Outcome::Success);
        session(&counters, false, Outcome::Connect);
        message(&counters, false, Outcome::Other);
        for (counter, expected) in [
            (Counter::PRelaysRequests, 2),
            (Counter::PRelaysSuccesses, 1),
            (Counter::PRelaysErrorsConnect, 1),
            (Counter::PRelaysOwnRequests, 1),
            (Counter::PRelaysOwnSuccesses, 1),
            (Counter::PRelaysOwnErrorsConnect, 0),
            (Counter::PMsgFwdsErrorsOther, 1),
            (Counter::PMsgFwdsOwnRequests, 0),
        ] {
            assert_eq!(counters.total(counter), expected, "{counter:?}");
        }
    }
}
