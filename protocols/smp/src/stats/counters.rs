//! Counters, by the names the reference gives them.

use std::sync::atomic::{AtomicI64, Ordering};

/// Declares the counters, with their names in the database.
macro_rules! counters {
    ($($name:ident = $text:literal,)*) => {
        /// What is counted.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub(crate) enum Counter { $($name,)* }

        /// Every counter and its name.
        pub(crate) const ALL: &[(Counter, &str)] = &[$((Counter::$name, $text),)*];
    };
}

counters! {
    QCreated = "qCreated",
    QSecured = "qSecured",
    QDeletedAll = "qDeletedAll",
    QDeletedAllB = "qDeletedAllB",
    QDeletedNew = "qDeletedNew",
    QDeletedSecured = "qDeletedSecured",
    QBlocked = "qBlocked",
    QSub = "qSub",
    QSubAllB = "qSubAllB",
    QSubAuth = "qSubAuth",
    QSubDuplicate = "qSubDuplicate",
    QSubProhibited = "qSubProhibited",
    QSubEnd = "qSubEnd",
    QSubEndB = "qSubEndB",
    NtfCreated = "ntfCreated",
    NtfNewCreated = "ntfNewCreated",
    NtfDeleted = "ntfDeleted",
    NtfDeletedB = "ntfDeletedB",
    NtfSub = "ntfSub",
    NtfSubB = "ntfSubB",
    NtfSubAuth = "ntfSubAuth",
    NtfSubDuplicate = "ntfSubDuplicate",
    MsgSent = "msgSent",
    MsgSentAuth = "msgSentAuth",
    MsgSentQuota = "msgSentQuota",
    MsgSentLarge = "msgSentLarge",
    MsgSentBlock = "msgSentBlock",
    MsgRecv = "msgRecv",
    MsgRecvGet = "msgRecvGet",
    MsgGet = "msgGet",
    MsgGetNoMsg = "msgGetNoMsg",
    MsgGetAuth = "msgGetAuth",
    MsgGetDuplicate = "msgGetDuplicate",
    MsgGetProhibited = "msgGetProhibited",
    MsgExpired = "msgExpired",
    MsgSentNtf = "msgSentNtf",
    MsgRecvNtf = "msgRecvNtf",
    MsgNtfs = "msgNtfs",
    MsgNtfsB = "msgNtfsB",
    MsgNtfNoSub = "msgNtfNoSub",
    MsgNtfLost = "msgNtfLost",
    MsgNtfExpired = "msgNtfExpired",
    PRelaysRequests = "pRelays.requests",
    PRelaysSuccesses = "pRelays.successes",
    PRelaysErrorsConnect = "pRelays.errorsConnect",
    PRelaysErrorsCompat = "pRelays.errorsCompat",
    PRelaysErrorsOther = "pRelays.errorsOther",
    PRelaysOwnRequests = "pRelaysOwn.requests",
    PRelaysOwnSuccesses = "pRelaysOwn.successes",
    PRelaysOwnErrorsConnect = "pRelaysOwn.errorsConnect",
    PRelaysOwnErrorsCompat = "pRelaysOwn.errorsCompat",
    PRelaysOwnErrorsOther = "pRelaysOwn.errorsOther",
    PMsgFwdsRequests = "pMsgFwds.requests",
    PMsgFwdsSuccesses = "pMsgFwds.successes",
    PMsgFwdsErrorsConnect = "pMsgFwds.errorsConnect",
    PMsgFwdsErrorsCompat = "pMsgFwds.errorsCompat",
    PMsgFwdsErrorsOther = "pMsgFwds.errorsOther",
    PMsgFwdsOwnRequests = "pMsgFwdsOwn.requests",
    PMsgFwdsOwnSuccesses = "pMsgFwdsOwn.successes",
    PMsgFwdsOwnErrorsConnect = "pMsgFwdsOwn.errorsConnect",
    PMsgFwdsOwnErrorsCompat = "pMsgFwdsOwn.errorsCompat",
    PMsgFwdsOwnErrorsOther = "pMsgFwdsOwn.errorsOther",
    PMsgFwdsRecv = "pMsgFwdsRecv",
}

/// The counters: since the start of the day's statistics, and since the relay was first started.
#[derive(Debug)]
pub(crate) struct Counters {
    total: [AtomicI64; ALL.len()],
    /// The totals when the period began.
    base: [AtomicI64; ALL.len()],
}

impl Default for Counters {
    fn default() -> Self {
        let zeros = || std::array::from_fn(|_| AtomicI64::new(0));
        Self {
            total: zeros(),
            base: zeros(),
        }
    }
}

impl Counters {
    /// One more.
    pub(crate) fn count(&self, counter: Counter) {
        self.add(counter, 1);
    }

    /// So many more.
    pub(crate) fn add(&self, counter: Counter, many: u64) {
        let many = i64::try_from(many).unwrap_or(i64::MAX);
        if let Some(total) = self.total.get(counter as usize) {
            total.fetch_add(many, Ordering::Relaxed);
        }
    }

    /// Since the relay was first started.
    pub(crate) fn total(&self, counter: Counter) -> i64 {
        load(self.total.get(counter as usize))
    }

    /// Begins a new period; what is counted meanwhile belongs to one of the two.
    pub(crate) fn begin_period(&self, ended: &Snapshot) {
        for (base, total) in self.base.iter().zip(ended.0) {
            base.store(total, Ordering::Relaxed);
        }
    }

    /// All totals at this moment.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let mut values = [0; ALL.len()];
        for (value, total) in values.iter_mut().zip(&self.total) {
            *value = total.load(Ordering::Relaxed);
        }
        Snapshot(values)
    }

    /// In the period that ends with `until`.
    pub(crate) fn period(&self, until: &Snapshot, counter: Counter) -> i64 {
        let total = until.0.get(counter as usize).copied().unwrap_or(0);
        total - load(self.base.get(counter as usize))
    }

    /// Everything, by name, to be written down.
    pub(crate) fn rows(&self) -> Vec<(&'static str, i64, i64)> {
        let each = ALL.iter().zip(self.total.iter().zip(&self.base));
        each.map(|((_, name), (total, base))| (*name, load(Some(total)), load(Some(base))))
            .collect()
    }

    /// Takes up what was written down.
    pub(crate) fn restore(&self, name: &str, value: i64) {
        let (name, values) = match name.strip_prefix(BASE) {
            Some(name) => (name, &self.base),
            None => (name, &self.total),
        };
        if let Some((counter, _)) = ALL.iter().find(|(_, known)| *known == name)
            && let Some(slot) = values.get(*counter as usize)
        {
            slot.store(value, Ordering::Relaxed);
        }
    }
}

/// Before the names of values at the beginning of the period.
pub(crate) const BASE: &str = "base.";

/// All totals at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Snapshot([i64; ALL.len()]);

fn load(value: Option<&AtomicI64>) -> i64 {
    value.map_or(0, |value| value.load(Ordering::Relaxed))
}
