//! Making moderators and banning people: what becomes of whom, and who may do it.

use super::permissions::{GlobalRole, Override};
use crate::wire::moderation::Role;

/// Why somebody cannot be made moderator.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("banned users cannot moderate; lift the ban first")]
pub struct BannedUser;

/// Somebody in a room, as far as bans and deletions care.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Standing {
    /// Moderates the room or all rooms.
    pub moderator: bool,
    /// Is an admin of the room or of all rooms.
    pub admin: bool,
    /// Moderates all rooms.
    pub global_moderator: bool,
}

impl Standing {
    /// Of a user in a room.
    pub const fn of(user: GlobalRole, room: Override) -> Self {
        let global_moderator = user.moderator || user.admin;
        Self {
            moderator: global_moderator || room.moderator || room.admin,
            admin: user.admin || room.admin,
            global_moderator,
        }
    }

    /// Whether somebody else may be banned from the room.
    pub const fn may_ban(&self, target: Self) -> bool {
        self.moderator && !target.global_moderator && (!target.moderator || self.admin)
    }

    /// Whether somebody else may be banned from the server, or that be lifted.
    pub const fn may_ban_globally(&self, target: Self) -> bool {
        self.global_moderator && !target.global_moderator
    }

    /// Whether everything somebody else wrote in the room may be deleted.
    pub const fn may_delete_all_of(&self, target: Self) -> bool {
        self.admin || (self.moderator && !target.admin)
    }
}

/// Gives or takes a role in a room.
pub const fn change_room_role(
    current: Override,
    role: Role,
    visible: bool,
) -> Result<Override, BannedUser> {
    let (moderator, admin) = after(current.moderator, current.admin, role);
    if moderator && current.banned {
        return Err(BannedUser);
    }
    Ok(Override {
        moderator,
        admin,
        visible: visible_after(current.visible, role, visible, true),
        ..current
    })
}

/// Gives or takes a role on the server.
pub const fn change_global_role(
    current: GlobalRole,
    role: Role,
    visible: bool,
) -> Result<GlobalRole, BannedUser> {
    let (moderator, admin) = after(current.moderator, current.admin, role);
    if moderator && current.banned {
        return Err(BannedUser);
    }
    Ok(GlobalRole {
        moderator,
        admin,
        visible: visible_after(current.visible, role, visible, false),
        ..current
    })
}

/// Whether somebody is shown, after the change; `bare` says whether those without a role are.
const fn visible_after(current: bool, role: Role, wanted: bool, bare: bool) -> bool {
    match role {
        Role::Admin | Role::Moderator | Role::PlainModerator => wanted,
        Role::NotAdmin => current,
        Role::Neither => bare,
    }
}

/// Moderator and admin, after the change. Admins are moderators.
const fn after(moderator: bool, admin: bool, role: Role) -> (bool, bool) {
    match role {
        Role::Admin => (true, true),
        Role::Moderator => (true, admin),
        Role::PlainModerator => (true, false),
        Role::NotAdmin => (moderator, false),
        Role::Neither => (false, false),
    }
}

/// Bans somebody from a room, which takes their role there.
#[must_use]
pub const fn ban(current: Override) -> Override {
    Override {
        banned: true,
        moderator: false,
        admin: false,
        ..current
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::permissions::tests::overrides;
    use super::*;

    const ROLES: [Role; 5] = [
        Role::Admin,
        Role::Moderator,
        Role::PlainModerator,
        Role::NotAdmin,
        Role::Neither,
    ];

    const USER: Standing = Standing {
        moderator: false,
        admin: false,
        global_moderator: false,
    };
    const MODERATOR: Standing = Standing {
        moderator: true,
        ..USER
    };
    const ADMIN: Standing = Standing {
        admin: true,
        ..MODERATOR
    };
    const GLOBAL_MODERATOR: Standing = Standing {
        global_moderator: true,
        ..MODERATOR
    };

    #[test]
    fn who_bans_whom() {
        assert!(!USER.may_ban(USER));
        assert!(MODERATOR.may_ban(USER) && !MODERATOR.may_ban(MODERATOR));
        assert!(ADMIN.may_ban(MODERATOR) && ADMIN.may_ban(ADMIN));
        assert!(!ADMIN.may_ban(GLOBAL_MODERATOR));
        assert!(GLOBAL_MODERATOR.may_ban_globally(ADMIN));
        assert!(!ADMIN.may_ban_globally(USER));
        assert!(!GLOBAL_MODERATOR.may_ban_globally(GLOBAL_MODERATOR));
    }

    #[test]
    fn only_admins_delete_what_admins_wrote() {
        assert!(!USER.may_delete_all_of(USER));
        assert!(MODERATOR.may_delete_all_of(MODERATOR));
        assert!(!MODERATOR.may_delete_all_of(ADMIN));
        assert!(ADMIN.may_delete_all_of(ADMIN));
    }

    #[test]
    fn moderators_who_were_admins_stay_admins_unless_told() {
        let admin = Override {
            moderator: true,
            admin: true,
            ..Override::default()
        };
        let role = |role| {
            let after = change_room_role(admin, role, true).expect("not banned");
            (after.moderator, after.admin)
        };
        assert_eq!(role(Role::Moderator), (true, true));
        assert_eq!(role(Role::PlainModerator), (true, false));
        assert_eq!(role(Role::NotAdmin), (true, false));
        assert_eq!(role(Role::Neither), (false, false));
    }

    #[test]
    fn the_banned_cannot_moderate_the_server() {
        let banned = GlobalRole {
            banned: true,
            ..GlobalRole::default()
        };
        assert_eq!(
            change_global_role(banned, Role::Admin, false),
            Err(BannedUser)
        );
        assert_eq!(change_global_role(banned, Role::Neither, true), Ok(banned));
    }

    proptest! {
        #[test]
        fn no_change_breaks_what_must_hold(current in overrides(), role in 0..5_usize, visible: bool) {
            match change_room_role(current, ROLES[role], visible) {
                Ok(after) => {
                    prop_assert!(!after.admin || after.moderator);
                    prop_assert!(!(after.banned && after.moderator));
                    prop_assert_eq!(after.banned, current.banned);
                }
                Err(BannedUser) => prop_assert!(current.banned),
            }
            let banned = ban(current);
            prop_assert!(banned.banned && !banned.moderator && !banned.admin);
        }
    }
}
