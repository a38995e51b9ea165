//! Permissions and bans that are to change later.
//!
//! Changes that fall due together are applied one by one in the order of their times, so that none
//! is lost, and a permission that ends up as the room's default is not kept as an exception.

use relay_core::clock::UnixTime;

use super::permissions::{GlobalRole, Override};
use crate::wire::permissions::{Change, PermissionChange};
use crate::wire::rooms::Defaults;

/// A scheduled change of permissions in a room.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FutureChange {
    /// When it falls due.
    pub at: UnixTime,
    /// To be set, if anything.
    pub read: Option<bool>,
    /// To be set, if anything.
    pub write: Option<bool>,
    /// To be set, if anything.
    pub upload: Option<bool>,
}

/// A scheduled ban or, far more often, its end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FutureBan {
    /// When it falls due.
    pub at: UnixTime,
    /// Whether banned from then on.
    pub banned: bool,
}

impl FutureChange {
    /// What stays of it when permissions are changed at once; `None` if nothing does.
    pub fn unscheduled(self, change: &PermissionChange) -> Option<Self> {
        let keep = |future: Option<bool>, now| future.filter(|_| now == Change::Keep);
        let rest = Self {
            at: self.at,
            read: keep(self.read, change.read),
            write: keep(self.write, change.write),
            upload: keep(self.upload, change.upload),
        };
        (rest.read.or(rest.write).or(rest.upload)).map(|_| rest)
    }
}

/// Applies what is due and gives what follows. The rest of `futures` stays scheduled.
#[must_use]
pub fn apply_changes(
    mut current: Override,
    defaults: Defaults,
    futures: &mut Vec<FutureChange>,
    now: UnixTime,
) -> Override {
    futures.sort_by_key(|future| future.at);
    let due = futures.partition_point(|future| future.at <= now);
    let set = |current: Option<bool>, future: Option<bool>, default| match future {
        None => current,
        Some(value) => Some(value).filter(|value| *value != default),
    };
    for future in futures.drain(..due) {
        current.read = set(current.read, future.read, defaults.read);
        current.write = set(current.write, future.write, defaults.write);
        current.upload = set(current.upload, future.upload, defaults.upload);
    }
    current
}

/// Applies due bans of a room. One of somebody who has become moderator meanwhile is dropped.
#[must_use]
pub fn apply_room_bans(current: Override, futures: &mut Vec<FutureBan>, now: UnixTime) -> Override {
    let moderates = current.moderator || current.admin;
    Override {
        banned: ban_after(current.banned, moderates, futures, now),
        ..current
    }
}

/// Applies due bans of the server. One of somebody who has become moderator meanwhile is dropped.
#[must_use]
pub fn apply_global_bans(
    current: GlobalRole,
    futures: &mut Vec<FutureBan>,
    now: UnixTime,
) -> GlobalRole {
    let moderates = current.moderator || current.admin;
    GlobalRole {
        banned: ban_after(current.banned, moderates, futures, now),
        ..current
    }
}

fn ban_after(banned: bool, moderates: bool, futures: &mut Vec<FutureBan>, now: UnixTime) -> bool {
    futures.sort_by_key(|future| future.at);
    let due = futures.partition_point(|future| future.at <= now);
    let last = futures.drain(..due).next_back();
    last.map_or(banned, |future| future.banned && !moderates)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::permissions::tests::{defaults, overrides};
    use super::*;

    const OPEN: Defaults = Defaults {
        read: true,
        accessible: true,
        write: true,
        upload: true,
    };

    fn future(secs: i64, read: Option<bool>, write: Option<bool>) -> FutureChange {
        FutureChange {
            at: UnixTime::from_secs(secs),
            read,
            write,
            upload: None,
        }
    }

    fn ban(secs: i64, banned: bool) -> FutureBan {
        let at = UnixTime::from_secs(secs);
        FutureBan { at, banned }
    }

    #[test]
    fn changes_due_together_are_all_applied() {
        let mut futures = vec![
            future(9, Some(true), None),
            future(2, None, Some(false)),
            future(1, Some(false), None),
        ];
        let now = UnixTime::from_secs(5);
        let after = apply_changes(Override::default(), OPEN, &mut futures, now);
        assert_eq!((after.read, after.write), (Some(false), Some(false)));
        assert_eq!(futures, [future(9, Some(true), None)]);
        let later = apply_changes(after, OPEN, &mut futures, UnixTime::from_secs(9));
        assert_eq!((later.read, later.write), (None, Some(false)));
    }

    #[test]
    fn changes_at_once_drop_scheduled_ones_of_the_same_permission() {
        let change = PermissionChange {
            read: Change::Clear,
            accessible: Change::Keep,
            write: Change::Keep,
            upload: Change::Keep,
            unschedule: true,
        };
        let both = future(1, Some(true), Some(false));
        assert_eq!(
            both.unscheduled(&change),
            Some(future(1, None, Some(false)))
        );
        assert_eq!(future(1, Some(true), None).unscheduled(&change), None);
    }

    #[test]
    fn bans_end_and_moderators_are_not_banned() {
        let banned = Override {
            banned: true,
            ..Override::default()
        };
        let now = UnixTime::from_secs(5);
        assert!(!apply_room_bans(banned, &mut vec![ban(5, false)], now).banned);
        assert!(apply_room_bans(banned, &mut vec![ban(6, false)], now).banned);
        let moderator = GlobalRole {
            moderator: true,
            ..GlobalRole::default()
        };
        let mut futures = vec![ban(1, true)];
        assert!(!apply_global_bans(moderator, &mut futures, now).banned);
        assert!(futures.is_empty());
    }

    proptest! {
        #[test]
        fn one_pass_or_many_make_no_difference(
            current in overrides(),
            defaults in defaults(),
            futures: Vec<(i8, Option<bool>, Option<bool>)>,
        ) {
            let futures = futures.into_iter().map(|(at, r, w)| future(at.into(), r, w));
            let mut at_once: Vec<_> = futures.collect();
            let mut steps = at_once.clone();
            let end = UnixTime::from_secs(200);
            let once = apply_changes(current, defaults, &mut at_once, end);
            let mut stepped = current;
            for secs in -128..=127 {
                let now = UnixTime::from_secs(secs);
                stepped = apply_changes(stepped, defaults, &mut steps, now);
            }
            prop_assert_eq!(once, stepped);
            prop_assert!(at_once.is_empty() && steps.is_empty());
        }
    }
}
