//! What may be done with messages: post, edit, delete, pin, react to.

use super::permissions::{Need, Permissions};
use super::rate::RateLimit;
use super::whisper::{Audience, Reader};
use crate::wire::Refusal;

/// A message in a room, as far as it matters what may be done with it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Post {
    /// Who wrote it, and whom it is for.
    pub audience: Audience,
    /// Whether it is gone.
    pub deleted: bool,
    /// Whether a filter hides it.
    pub filtered: bool,
}

/// Whether a message may be posted, by somebody who has posted so often within the window. Admins
/// may as fast as they like; moderators may not.
pub fn may_post(
    caller: &Permissions,
    whisper: bool,
    limit: RateLimit,
    posted: u64,
) -> Result<(), Refusal> {
    if !caller.allow(Need::Write) || (whisper && !caller.moderates()) {
        return Err(Refusal::Denied);
    }
    if !caller.allow(Need::Administer) && !limit.allows(posted) {
        return Err(Refusal::RateLimited);
    }
    Ok(())
}

impl Post {
    /// Whether somebody reads it.
    pub fn visible(&self, reader: Reader) -> bool {
        self.exists() && self.audience.includes(reader)
    }

    /// Whether everybody who may read reads it: only such are pinned and reacted to.
    pub const fn is_regular(&self) -> bool {
        self.exists() && !self.audience.is_whisper()
    }

    /// Whether a caller may edit it: an author who may still write.
    pub fn may_edit(&self, caller: &Permissions, user: i64) -> Result<(), Refusal> {
        if !caller.allow(Need::Write) {
            return Err(Refusal::Denied);
        }
        // A filtered message is there for its author, who was told it was posted.
        match (self.deleted, self.audience.author == user) {
            (true, _) => Err(Refusal::NotFound),
            (false, true) => Ok(()),
            (false, false) => Err(Refusal::Denied),
        }
    }

    /// Whether a caller may delete it: an author who may still write, or a moderator.
    pub fn may_delete(&self, caller: &Permissions, user: i64) -> Result<(), Refusal> {
        if !caller.allow(Need::Write) {
            return Err(Refusal::Denied);
        }
        match (
            self.deleted,
            self.audience.author == user || caller.moderates(),
        ) {
            (true, _) => Err(Refusal::NotFound),
            (false, true) => Ok(()),
            (false, false) => Err(Refusal::Denied),
        }
    }

    const fn exists(&self) -> bool {
        !self.deleted && !self.filtered
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::permissions::tests::{defaults, overrides};
    use super::super::permissions::{GlobalRole, Override};
    use super::*;
    use crate::wire::rooms::Defaults;

    const ME: i64 = 1;
    const OTHER: i64 = 2;
    const OPEN: Defaults = Defaults {
        read: true,
        accessible: true,
        write: true,
        upload: true,
    };

    fn caller(room: Override) -> Permissions {
        Permissions::of(OPEN, GlobalRole::default(), room)
    }

    fn moderator(admin: bool) -> Permissions {
        caller(Override {
            moderator: true,
            admin,
            ..Override::default()
        })
    }

    fn post(author: i64, deleted: bool, filtered: bool) -> Post {
        let audience = Audience {
            author,
            to: None,
            moderators: false,
        };
        Post {
            audience,
            deleted,
            filtered,
        }
    }

    #[test]
    fn authors_edit_and_delete_and_moderators_delete() {
        let user = caller(Override::default());
        let (own, other) = (post(ME, false, false), post(OTHER, false, false));
        assert_eq!(own.may_edit(&user, ME), Ok(()));
        assert_eq!(own.may_delete(&user, ME), Ok(()));
        assert_eq!(other.may_edit(&moderator(true), ME), Err(Refusal::Denied));
        assert_eq!(other.may_delete(&user, ME), Err(Refusal::Denied));
        assert_eq!(other.may_delete(&moderator(false), ME), Ok(()));
        let gone = post(ME, true, false);
        assert_eq!(gone.may_edit(&user, ME), Err(Refusal::NotFound));
        assert_eq!(gone.may_delete(&user, ME), Err(Refusal::NotFound));
        let banned = caller(Override {
            banned: true,
            ..Override::default()
        });
        assert_eq!(own.may_edit(&banned, ME), Err(Refusal::Denied));
        assert_eq!(own.may_delete(&banned, ME), Err(Refusal::Denied));
    }

    #[test]
    fn admins_may_post_as_fast_as_they_like() {
        let post = |caller, posted| may_post(&caller, false, RateLimit::POSTS, posted);
        assert_eq!(post(caller(Override::default()), 4), Ok(()));
        assert_eq!(
            post(caller(Override::default()), 5),
            Err(Refusal::RateLimited)
        );
        assert_eq!(post(moderator(false), 5), Err(Refusal::RateLimited));
        assert_eq!(post(moderator(true), 5), Ok(()));
    }

    #[test]
    fn only_moderators_whisper() {
        let whisper = |caller| may_post(&caller, true, RateLimit::POSTS, 0);
        assert_eq!(whisper(caller(Override::default())), Err(Refusal::Denied));
        assert_eq!(whisper(moderator(false)), Ok(()));
    }

    proptest! {
        #[test]
        fn what_is_regular_is_seen_by_all(deleted: bool, filtered: bool, to: Option<i64>) {
            let mut post = post(OTHER, deleted, filtered);
            post.audience.to = to;
            prop_assert_eq!(post.is_regular(), post.visible(Reader::Anonymous));
            prop_assert!(!post.is_regular() || post.visible(Reader::User(ME)));
        }

        #[test]
        fn whoever_may_edit_may_delete(
            defaults in defaults(),
            room in overrides(),
            deleted: bool,
            author in ME..=OTHER,
        ) {
            let caller = Permissions::of(defaults, GlobalRole::default(), room);
            let post = post(author, deleted, false);
            let (edit, delete) = (post.may_edit(&caller, ME), post.may_delete(&caller, ME));
            prop_assert!(edit.is_err() || delete.is_ok());
            prop_assert!(delete.is_err() || caller.allow(Need::Write));
        }
    }
}
