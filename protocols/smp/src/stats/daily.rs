//! The daily line of statistics, as operators' dashboards read it: comma-separated, no header,
//! in the reference's order. What this relay does not do counts as nothing.

use super::counters::Snapshot;
use super::{Active, Counter, Counters, Period};
use crate::engine::Totals;

/// Which columns are written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Columns {
    /// The 96 of today.
    #[default]
    All,
    /// The 9 of 2022's documentation.
    Nine,
}

/// One column.
#[derive(Clone, Copy)]
enum Cell {
    Counted(Counter),
    Active(Period),
    Date,
    Messages,
    Notifications,
    Notifiers,
    Queues,
    /// So many columns of what is not done here.
    Zeros(usize),
}

use Cell::{Counted as C, Zeros};
use Counter as K;

const ACTIVE: [Cell; 3] = [
    Cell::Active(Period::Day),
    Cell::Active(Period::Week),
    Cell::Active(Period::Month),
];

#[rustfmt::skip]
const NINE: &[Cell] = &[
    Cell::Date, C(K::QCreated), C(K::QSecured), C(K::QDeletedAll), C(K::MsgSent), C(K::MsgRecv),
    ACTIVE[0], ACTIVE[1], ACTIVE[2],
];

#[rustfmt::skip]
const ALL: &[Cell] = &[
    Cell::Date, C(K::QCreated), C(K::QSecured), C(K::QDeletedAll), C(K::MsgSent), C(K::MsgRecv),
    ACTIVE[0], ACTIVE[1], ACTIVE[2], C(K::MsgSentNtf), C(K::MsgRecvNtf),
    Cell::Active(Period::NtfDay), Cell::Active(Period::NtfWeek), Cell::Active(Period::NtfMonth),
    Cell::Queues, Cell::Messages, C(K::MsgExpired), C(K::QDeletedNew), C(K::QDeletedSecured),
    // 20 to 40: private routing
    C(K::PRelaysRequests), C(K::PRelaysSuccesses), C(K::PRelaysErrorsConnect), C(K::PRelaysErrorsCompat),
    C(K::PRelaysErrorsOther),
    C(K::PRelaysOwnRequests), C(K::PRelaysOwnSuccesses), C(K::PRelaysOwnErrorsConnect), C(K::PRelaysOwnErrorsCompat),
    C(K::PRelaysOwnErrorsOther),
    C(K::PMsgFwdsRequests), C(K::PMsgFwdsSuccesses), C(K::PMsgFwdsErrorsConnect), C(K::PMsgFwdsErrorsCompat),
    C(K::PMsgFwdsErrorsOther),
    C(K::PMsgFwdsOwnRequests), C(K::PMsgFwdsOwnSuccesses), C(K::PMsgFwdsOwnErrorsConnect), C(K::PMsgFwdsOwnErrorsCompat),
    C(K::PMsgFwdsOwnErrorsOther),
    C(K::PMsgFwdsRecv),
    C(K::QSub), C(K::QSubAuth), C(K::QSubDuplicate), C(K::QSubProhibited),
    C(K::MsgSentAuth), C(K::MsgSentQuota), C(K::MsgSentLarge),
    C(K::MsgNtfs), C(K::MsgNtfNoSub), C(K::MsgNtfLost), Zeros(1),
    C(K::MsgRecvGet), C(K::MsgGet), C(K::MsgGetNoMsg), C(K::MsgGetAuth), C(K::MsgGetDuplicate),
    C(K::MsgGetProhibited), Zeros(3),
    Cell::Queues, C(K::NtfCreated), C(K::NtfDeleted), C(K::NtfSub), C(K::NtfSubAuth),
    C(K::NtfSubDuplicate), Cell::Notifiers, C(K::QDeletedAllB), C(K::QSubAllB), C(K::QSubEnd),
    C(K::QSubEndB), C(K::NtfDeletedB), C(K::NtfSubB), C(K::MsgNtfsB), C(K::MsgNtfExpired),
    Cell::Notifications,
    // 77 to 96: services
    Zeros(20),
];

/// A day that ends.
pub(crate) struct Ended<'a> {
    /// When the period began, Unix seconds.
    pub(crate) began: i64,
    /// The day that begins.
    pub(crate) today: jiff::civil::Date,
    pub(crate) counters: &'a Counters,
    pub(crate) until: &'a Snapshot,
    pub(crate) active: &'a Active,
    pub(crate) totals: Totals,
}

impl Ended<'_> {
    /// Its line.
    pub(crate) fn line(&self, columns: Columns) -> String {
        let cells = match columns {
            Columns::All => ALL,
            Columns::Nine => NINE,
        };
        let each: Vec<_> = cells.iter().map(|cell| self.cell(*cell)).collect();
        each.join(",") + "\n"
    }

    fn cell(&self, cell: Cell) -> String {
        match cell {
            Cell::Counted(counter) => self.counters.period(self.until, counter).to_string(),
            Cell::Active(period) if self.ends(period) => self.active.count(period).to_string(),
            Cell::Active(_) => String::new(),
            Cell::Date => date(self.began).to_string(),
            Cell::Messages => self.totals.messages.to_string(),
            Cell::Notifications => self.totals.notifications.to_string(),
            Cell::Notifiers => self.totals.notifiers.to_string(),
            Cell::Queues => self.totals.queues.to_string(),
            Zeros(many) => vec!["0"; many].join(","),
        }
    }

    /// Weeks end on Mondays, months on the first.
    pub(crate) fn ends(&self, period: Period) -> bool {
        match period {
            Period::Day | Period::NtfDay => true,
            Period::Week | Period::NtfWeek => self.today.weekday() == jiff::civil::Weekday::Monday,
            Period::Month | Period::NtfMonth => self.today.day() == 1,
        }
    }
}

/// The day of a moment, UTC.
pub(crate) fn date(secs: i64) -> jiff::civil::Date {
    let moment = jiff::Timestamp::from_second(secs).unwrap_or_default();
    moment.to_zoned(jiff::tz::TimeZone::UTC).date()
}
