//! What is counted of services, apart for each role.

use super::Counter;
use crate::queue::Side;

/// What is counted of the services of a role.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ServiceCounter {
    /// A queue became a service's own.
    AssocNew,
    /// It was that already.
    AssocDuplicate,
    /// It was another service's.
    AssocUpdated,
    /// It ceased to be one.
    AssocRemoved,
    /// A connection began to speak for its service.
    SubCount,
    /// One subscribed again.
    SubDuplicate,
    /// Queues subscribed to.
    SubQueues,
    /// Another connection took over.
    SubEnd,
    /// A service knew what is its own.
    SubOk,
    /// It has more than it knew of.
    SubMore,
    /// It has fewer.
    SubFewer,
    /// It has as many, but others.
    SubDiff,
}

impl ServiceCounter {
    /// The counter of a role.
    pub(crate) fn of(self, side: Side) -> Counter {
        let (recipient, notifier) = match self {
            Self::AssocNew => (Counter::RcvServiceAssocNew, Counter::NtfServiceAssocNew),
            Self::AssocDuplicate => (
                Counter::RcvServiceAssocDuplicate,
                Counter::NtfServiceAssocDuplicate,
            ),
            Self::AssocUpdated => (
                Counter::RcvServiceAssocUpdated,
                Counter::NtfServiceAssocUpdated,
            ),
            Self::AssocRemoved => (
                Counter::RcvServiceAssocRemoved,
                Counter::NtfServiceAssocRemoved,
            ),
            Self::SubCount => (Counter::RcvServiceSubCount, Counter::NtfServiceSubCount),
            Self::SubDuplicate => (
                Counter::RcvServiceSubDuplicate,
                Counter::NtfServiceSubDuplicate,
            ),
            Self::SubQueues => (Counter::RcvServiceSubQueues, Counter::NtfServiceSubQueues),
            Self::SubEnd => (Counter::RcvServiceSubEnd, Counter::NtfServiceSubEnd),
            Self::SubOk => (Counter::RcvServiceSubOk, Counter::NtfServiceSubOk),
            Self::SubMore => (Counter::RcvServiceSubMore, Counter::NtfServiceSubMore),
            Self::SubFewer => (Counter::RcvServiceSubFewer, Counter::NtfServiceSubFewer),
            Self::SubDiff => (Counter::RcvServiceSubDiff, Counter::NtfServiceSubDiff),
        };
        match side {
            Side::Recipient => recipient,
            Side::Notifier => notifier,
        }
    }
}
