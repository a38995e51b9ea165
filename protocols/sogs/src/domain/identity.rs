//! Who is meant by an id, and when two ids are one person.
//!
//! Operators and moderators know people by their `05` id; on a blinding server people come with a
//! `15` id. Of the two that a `05` id may come with, a server learns the right one only when its
//! owner signs something. Until then rights wait under the `05` id, filed under [`SessionId::abs`];
//! then they are merged into the owner's row. The `25` id that belongs to a `05` id is known at once.
//!
//! A `05` id means the person, under every id they may come with. A blinded id means itself alone:
//! from one the server can tell neither the real id nor the other blinded one.
//!
//! Merge only for an identity whose signature was just verified: whoever could name the wrong one
//! of the two would otherwise take the rights away.

use super::permissions::{GlobalRole, Override};
use crate::crypto::{Blinding, IdKind, SessionId};

/// Whose row something is done to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Named {
    /// This one's, which exists or is to be made.
    Row(SessionId),
    /// The `05` id's own, until its owner comes.
    Pending {
        /// Where rights are kept meanwhile.
        row: SessionId,
        /// What the wait is filed under.
        abs: SessionId,
    },
}

/// How a server knows its users.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Naming {
    /// By their `05` ids.
    Unblinded,
    /// By `15` ids.
    Blinded15,
    /// By `15` ids, or by `25` ids: the second blinding is taken too.
    BlindedEither,
}

/// Finds whose row is meant by an id. `exists` says whether there is a row.
pub fn resolve(
    id: SessionId,
    naming: Naming,
    blinding: &Blinding,
    exists: impl Fn(&SessionId) -> bool,
) -> Named {
    if id.kind() != IdKind::Unblinded {
        return Named::Row(id);
    }
    match naming {
        Naming::Unblinded => Named::Row(id),
        Naming::Blinded15 | Naming::BlindedEither => match blinding.blind15(&id) {
            None => Named::Row(id),
            Some(abs) if exists(&abs) => Named::Row(abs),
            Some(abs) if exists(&abs.neg()) => Named::Row(abs.neg()),
            Some(abs) => Named::Pending { row: id, abs },
        },
    }
}

/// The `25` id of whoever is named by a `05` id where people are known by blinded ones.
pub fn twin(id: SessionId, naming: Naming, blinding: &Blinding) -> Option<SessionId> {
    (naming != Naming::Unblinded).then(|| blinding.blind25(&id))?
}

/// What a verified caller's pending rights are filed under, if there can be any.
pub fn pending_key(verified: &SessionId) -> Option<SessionId> {
    (verified.kind() == IdKind::Blinded15).then(|| verified.abs())
}

/// The server-wide role of somebody found to be two rows.
#[must_use]
pub const fn merge_roles(pending: GlobalRole, seen: GlobalRole) -> GlobalRole {
    let banned = pending.banned || seen.banned;
    GlobalRole {
        banned,
        moderator: !banned && (pending.moderator || seen.moderator),
        admin: !banned && (pending.admin || seen.admin),
        visible: pending.visible || seen.visible,
    }
}

/// What is set in one room for somebody found to be two rows. A ban in either stays, because a
/// role can be given again and harm cannot be undone; what was set for the row that was seen goes
/// before what was set in waiting.
#[must_use]
pub fn merge_overrides(pending: Override, seen: Override) -> Override {
    let banned = pending.banned || seen.banned;
    Override {
        banned,
        moderator: !banned && (pending.moderator || seen.moderator),
        admin: !banned && (pending.admin || seen.admin),
        visible: if pending.moderator {
            pending.visible
        } else {
            seen.visible
        },
        read: seen.read.or(pending.read),
        accessible: seen.accessible.or(pending.accessible),
        write: seen.write.or(pending.write),
        upload: seen.upload.or(pending.upload),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::permissions::tests::overrides;
    use super::*;
    use crate::crypto::client::Client;

    proptest! {
        #[test]
        fn moderators_named_by_05_are_met_as_15(seed: [u8; 32], server: [u8; 32]) {
            let blinding = Blinding::new(&server);
            let client = Client::new(seed);
            let (named, comes_as) = (client.id05(), client.id15(&blinding));
            let known = |id: &SessionId| *id == comes_as;

            let before = resolve(named, Naming::Blinded15, &blinding, |_| false);
            let filed = pending_key(&comes_as).expect("a key");
            prop_assert_eq!(before, Named::Pending { row: named, abs: filed });
            let after = resolve(named, Naming::Blinded15, &blinding, known);
            prop_assert_eq!(after, Named::Row(comes_as));

            for naming in [Naming::Blinded15, Naming::BlindedEither] {
                let v2 = twin(named, naming, &blinding);
                prop_assert_eq!(v2, Some(client.id25(&blinding)));
            }
            prop_assert_eq!(twin(named, Naming::Unblinded, &blinding), None);
            prop_assert_eq!(twin(comes_as, Naming::BlindedEither, &blinding), None);
            let open = resolve(named, Naming::Unblinded, &blinding, known);
            prop_assert_eq!(open, Named::Row(named));
            let blinded = resolve(comes_as, Naming::Blinded15, &blinding, |_| false);
            prop_assert_eq!(blinded, Named::Row(comes_as));
        }

        #[test]
        fn nobody_is_banned_and_moderator_after_a_merge(a in overrides(), b in overrides()) {
            let merged = merge_overrides(a, b);
            prop_assert!(!(merged.banned && (merged.moderator || merged.admin)));
            prop_assert!(!merged.admin || merged.moderator);
            prop_assert_eq!(merge_overrides(a, Override::default()).shown(), a.shown());
            prop_assert_eq!(merge_overrides(Override::default(), b), b);
        }
    }

    #[test]
    fn global_bans_and_roles_are_merged() {
        let admin = GlobalRole {
            moderator: true,
            admin: true,
            ..GlobalRole::default()
        };
        let banned = GlobalRole {
            banned: true,
            ..GlobalRole::default()
        };
        assert_eq!(merge_roles(admin, GlobalRole::default()), admin);
        assert_eq!(merge_roles(admin, banned), banned);
        assert_eq!(merge_roles(banned, GlobalRole::default()), banned);
    }

    #[test]
    fn only_15_ids_have_rights_waiting() {
        let id = SessionId::new(IdKind::Unblinded, &[1; 32]);
        assert_eq!(pending_key(&id), None);
    }
}
