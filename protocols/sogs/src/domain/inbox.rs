//! Who may write direct messages to whom.
//!
//! The reference lets every authenticated user write to every known one, those banned from all
//! rooms included, as fast as they like. That is the default here too, but for the speed.

use std::time::Duration;

use super::permissions::GlobalRole;
use super::rate::RateLimit;
use crate::crypto::SessionId;
use crate::wire::Refusal;

/// What the operator allows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct InboxPolicy {
    /// Whether there are direct messages at all.
    pub enabled: bool,
    /// Who is not let write for being banned from rooms.
    pub bans: BansConsidered,
    /// To how many different users one may write.
    pub recipients: RateLimit,
    /// How many messages one user may get.
    pub received: RateLimit,
}

/// Which bans from rooms matter.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum BansConsidered {
    /// None; a ban from the server always does.
    #[default]
    None,
    /// A ban from every room there is.
    AllRooms,
    /// A ban from some room.
    AnyRoom,
}

/// Who writes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Sender {
    /// Rooms they are banned from.
    pub banned_from: u64,
    /// Rooms there are.
    pub rooms: u64,
    /// Others they wrote to within the window.
    pub recipients: u64,
}

/// Whom they write to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Recipient {
    /// As named in the path.
    pub id: SessionId,
    /// If there is such a user.
    pub user: Option<GlobalRole>,
    /// Messages they got within the window.
    pub received: u64,
}

impl Default for InboxPolicy {
    fn default() -> Self {
        Self {
            enabled: true,
            bans: BansConsidered::default(),
            recipients: RateLimit {
                count: 20,
                window: Duration::from_hours(1),
            },
            received: RateLimit {
                count: 0,
                window: Duration::from_hours(1),
            },
        }
    }
}

impl InboxPolicy {
    /// Whether a message may be sent.
    pub fn allow(&self, sender: Sender, recipient: Recipient) -> Result<(), Refusal> {
        let known = recipient.user.filter(|user| !user.banned);
        if known.is_none() || !recipient.id.is_blinded() {
            return Err(Refusal::NotFound);
        }
        if !self.enabled || self.bans.exclude(sender) {
            return Err(Refusal::Denied);
        }
        let fast = !self.recipients.allows(sender.recipients);
        if fast || !self.received.allows(recipient.received) {
            return Err(Refusal::RateLimited);
        }
        Ok(())
    }
}

impl BansConsidered {
    const fn exclude(self, sender: Sender) -> bool {
        match self {
            Self::None => false,
            Self::AnyRoom => sender.banned_from > 0,
            Self::AllRooms => sender.banned_from > 0 && sender.banned_from >= sender.rooms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::IdKind;

    const SENDER: Sender = Sender {
        banned_from: 0,
        rooms: 3,
        recipients: 0,
    };

    fn recipient(kind: IdKind, user: Option<GlobalRole>) -> Recipient {
        let id = SessionId::new(kind, &[1; 32]);
        Recipient {
            id,
            user,
            received: 0,
        }
    }

    fn known() -> Recipient {
        recipient(IdKind::Blinded15, Some(GlobalRole::default()))
    }

    #[test]
    fn recipients_are_known_blinded_and_not_banned() {
        let send = |recipient| InboxPolicy::default().allow(SENDER, recipient);
        let banned = GlobalRole {
            banned: true,
            ..GlobalRole::default()
        };
        assert_eq!(send(known()), Ok(()));
        let unblinded = recipient(IdKind::Unblinded, Some(GlobalRole::default()));
        assert_eq!(send(unblinded), Err(Refusal::NotFound));
        assert_eq!(
            send(recipient(IdKind::Blinded15, None)),
            Err(Refusal::NotFound)
        );
        assert_eq!(
            send(recipient(IdKind::Blinded25, Some(banned))),
            Err(Refusal::NotFound)
        );
    }

    #[test]
    fn bans_from_rooms_matter_if_the_operator_says_so() {
        let send = |bans, banned_from| {
            let policy = InboxPolicy {
                bans,
                ..InboxPolicy::default()
            };
            let sender = Sender {
                banned_from,
                ..SENDER
            };
            policy.allow(sender, known()).is_ok()
        };
        assert_eq!(
            [0, 1, 3].map(|from| send(BansConsidered::None, from)),
            [true; 3]
        );
        let any = [0, 1, 3].map(|from| send(BansConsidered::AnyRoom, from));
        assert_eq!(any, [true, false, false]);
        let all = [0, 1, 3].map(|from| send(BansConsidered::AllRooms, from));
        assert_eq!(all, [true, true, false]);
    }

    #[test]
    fn floods_are_stopped_at_both_ends() {
        let limited = Err(Refusal::RateLimited);
        let sender = Sender {
            recipients: 20,
            ..SENDER
        };
        assert_eq!(InboxPolicy::default().allow(sender, known()), limited);
        let mut policy = InboxPolicy::default();
        policy.received.count = 5;
        let flooded = Recipient {
            received: 5,
            ..known()
        };
        assert_eq!(policy.allow(SENDER, flooded), limited);
        policy.enabled = false;
        assert_eq!(policy.allow(SENDER, known()), Err(Refusal::Denied));
    }
}
