//! Who may do what in a room: the room's defaults, what is set for one user, what holds on the
//! whole server.
//!
//! | | decides |
//! |---|---|
//! | anonymous | the room's defaults; never a moderator |
//! | admin | everything is allowed |
//! | moderator | everything but what needs an admin |
//! | banned | nothing is allowed |
//! | anybody else | what is set for them, or the room's defaults |

use crate::wire::permissions::{Change, PermissionChange, UserPermissions};
use crate::wire::rooms::{CallerRights, Defaults};

/// What is set for one user in one room. Without a row, the default.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Override {
    /// May do nothing. Excludes the two below.
    pub banned: bool,
    /// Moderates the room.
    pub moderator: bool,
    /// Is an admin of the room, and so moderates it.
    pub admin: bool,
    /// Whether everybody is shown that.
    pub visible: bool,
    /// `None` leaves it to the room.
    pub read: Option<bool>,
    /// `None` leaves it to the room.
    pub accessible: Option<bool>,
    /// `None` leaves it to the room.
    pub write: Option<bool>,
    /// `None` leaves it to the room.
    pub upload: Option<bool>,
}

/// What holds for one user on the whole server.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct GlobalRole {
    /// Is not let in at all.
    pub banned: bool,
    /// Moderates every room.
    pub moderator: bool,
    /// Is an admin of every room.
    pub admin: bool,
    /// Whether everybody is shown that.
    pub visible: bool,
}

/// What somebody wants to do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Need {
    /// Know that the room exists.
    Access,
    /// Read messages and files.
    Read,
    /// Post and react.
    Write,
    /// Post files.
    Upload,
    /// Moderate.
    Moderate,
    /// Change the room and its moderators.
    Administer,
}

/// What follows for one caller in one room.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Permissions {
    banned: bool,
    moderator: bool,
    admin: bool,
    global_moderator: bool,
    global_admin: bool,
    flags: Defaults,
    defaults: Defaults,
}

impl Default for Override {
    fn default() -> Self {
        Self {
            banned: false,
            moderator: false,
            admin: false,
            visible: true,
            read: None,
            accessible: None,
            write: None,
            upload: None,
        }
    }
}

impl Override {
    /// Whether it says nothing, so that its row can go.
    pub fn is_empty(&self) -> bool {
        Self {
            visible: true,
            ..*self
        } == Self::default()
    }

    /// With some permissions changed.
    #[must_use]
    pub fn changed(self, change: &PermissionChange) -> Self {
        Self {
            read: apply(self.read, change.read),
            accessible: apply(self.accessible, change.accessible),
            write: apply(self.write, change.write),
            upload: apply(self.upload, change.upload),
            ..self
        }
    }

    /// As moderators are shown it.
    pub const fn shown(&self) -> UserPermissions {
        UserPermissions {
            read: self.read,
            accessible: self.accessible,
            write: self.write,
            upload: self.upload,
            moderator: self.moderator && !self.admin,
            admin: self.admin,
            hidden: (self.moderator || self.admin) && !self.visible,
            banned: self.banned,
        }
    }
}

const fn apply(current: Option<bool>, change: Change) -> Option<bool> {
    match change {
        Change::Keep => current,
        Change::Clear => None,
        Change::Set(value) => Some(value),
    }
}

impl Permissions {
    /// Of a caller nobody knows.
    pub const fn anonymous(defaults: Defaults) -> Self {
        Self {
            banned: false,
            moderator: false,
            admin: false,
            global_moderator: false,
            global_admin: false,
            flags: defaults,
            defaults,
        }
    }

    /// Of a known caller.
    pub fn of(defaults: Defaults, user: GlobalRole, room: Override) -> Self {
        let flag = |set: Option<bool>, default| user.moderator || set.unwrap_or(default);
        Self {
            banned: user.banned || room.banned,
            moderator: user.moderator || user.admin || room.moderator || room.admin,
            admin: user.admin || room.admin,
            global_moderator: user.moderator || user.admin,
            global_admin: user.admin,
            flags: Defaults {
                read: flag(room.read, defaults.read),
                accessible: flag(room.accessible, defaults.accessible),
                write: flag(room.write, defaults.write),
                upload: flag(room.upload, defaults.upload),
            },
            defaults,
        }
    }

    /// Whether the caller may.
    pub const fn allow(&self, need: Need) -> bool {
        if self.admin {
            return true;
        }
        match need {
            Need::Administer => false,
            Need::Moderate => self.moderator,
            _ if self.moderator => true,
            _ if self.banned => false,
            Need::Access => self.flags.accessible || self.flags.read,
            Need::Read => self.flags.read,
            Need::Write => self.flags.write,
            Need::Upload => self.flags.write && self.flags.upload,
        }
    }

    /// Whether the caller moderates the room.
    pub const fn moderates(&self) -> bool {
        self.allow(Need::Moderate)
    }

    /// As the caller is told.
    pub fn shown(&self) -> CallerRights {
        CallerRights {
            read: self.allow(Need::Read),
            write: self.allow(Need::Write),
            upload: self.allow(Need::Upload),
            moderator: self.moderator,
            admin: self.admin,
            global_moderator: self.global_moderator,
            global_admin: self.global_admin,
            defaults: self.moderates().then_some(self.defaults),
        }
    }
}

/// Whether everybody is shown that a user moderates a room; `None` if they do not. What the room
/// says goes before what the server says.
pub const fn visible_moderator(user: GlobalRole, room: Override) -> Option<bool> {
    if room.moderator || room.admin {
        Some(room.visible)
    } else if user.moderator || user.admin {
        Some(user.visible)
    } else {
        None
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Need; 6] = [
        Need::Access,
        Need::Read,
        Need::Write,
        Need::Upload,
        Need::Moderate,
        Need::Administer,
    ];

    pub(crate) fn defaults() -> impl Strategy<Value = Defaults> {
        any::<[bool; 4]>().prop_map(|[read, accessible, write, upload]| Defaults {
            read,
            accessible,
            write,
            upload,
        })
    }

    pub(crate) fn overrides() -> impl Strategy<Value = Override> {
        let flags = any::<[Option<bool>; 4]>();
        let roles = any::<(bool, bool, bool, bool)>();
        (flags, roles).prop_map(|([read, accessible, write, upload], roles)| {
            let (banned, moderator, admin, visible) = roles;
            Override {
                banned: banned && !moderator && !admin,
                moderator: moderator || admin,
                admin,
                visible,
                read,
                accessible,
                write,
                upload,
            }
        })
    }

    fn room(read: bool, accessible: bool) -> Defaults {
        Defaults {
            read,
            accessible,
            write: true,
            upload: false,
        }
    }

    #[test]
    fn the_table_of_default_combinations() {
        for (defaults, access, read) in [
            (room(true, true), true, true),
            (room(true, false), true, true),
            (room(false, true), true, false),
            (room(false, false), false, false),
        ] {
            let anonymous = Permissions::anonymous(defaults);
            assert_eq!(anonymous.allow(Need::Access), access);
            assert_eq!(anonymous.allow(Need::Read), read);
            assert!(!anonymous.allow(Need::Upload) && !anonymous.moderates());
        }
    }

    #[test]
    fn rooms_decide_who_is_shown_before_the_server_does() {
        let hidden = Override {
            moderator: true,
            visible: false,
            ..Override::default()
        };
        let global = GlobalRole {
            moderator: true,
            visible: true,
            ..GlobalRole::default()
        };
        assert_eq!(visible_moderator(global, hidden), Some(false));
        assert_eq!(visible_moderator(global, Override::default()), Some(true));
        assert_eq!(
            visible_moderator(GlobalRole::default(), Override::default()),
            None
        );
    }

    #[test]
    fn empty_rows_can_go() {
        assert!(Override::default().is_empty());
        let muted = Override {
            write: Some(false),
            ..Override::default()
        };
        assert!(!muted.is_empty());
    }

    proptest! {
        #[test]
        fn nothing_set_is_like_anonymous(defaults in defaults()) {
            let user = Permissions::of(defaults, GlobalRole::default(), Override::default());
            prop_assert_eq!(user, Permissions::anonymous(defaults));
        }

        #[test]
        fn admins_may_everything_and_the_banned_nothing(
            defaults in defaults(),
            room in overrides(),
            banned: bool,
        ) {
            let user = GlobalRole { banned, ..GlobalRole::default() };
            let permissions = Permissions::of(defaults, user, room);
            let allowed = ALL.map(|need| permissions.allow(need));
            if room.admin {
                prop_assert_eq!(allowed, [true; 6]);
            } else if room.moderator {
                prop_assert_eq!(allowed, [true, true, true, true, true, false]);
            } else if banned || room.banned {
                prop_assert_eq!(allowed, [false; 6]);
            } else {
                prop_assert!(!permissions.moderates() && !permissions.allow(Need::Administer));
                prop_assert_eq!(permissions.allow(Need::Read), room.read.unwrap_or(defaults.read));
            }
        }

        #[test]
        fn reading_implies_access_and_uploading_implies_writing(
            defaults in defaults(),
            room in overrides(),
        ) {
            let permissions = Permissions::of(defaults, GlobalRole::default(), room);
            prop_assert!(!permissions.allow(Need::Read) || permissions.allow(Need::Access));
            prop_assert!(!permissions.allow(Need::Upload) || permissions.allow(Need::Write));
            prop_assert_eq!(permissions.shown().defaults.is_some(), permissions.moderates());
        }
    }
}
