//! Who sees a message that is not for everybody.

/// Somebody who reads.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reader {
    /// Nobody knows who.
    Anonymous,
    /// A user, by row.
    User(i64),
    /// A moderator of the room, by row.
    Moderator(i64),
}

/// A message, as far as it matters who sees it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Audience {
    /// Who wrote it.
    pub author: i64,
    /// Whom it is for, if for one.
    pub to: Option<i64>,
    /// Whether it is for moderators.
    pub moderators: bool,
}

impl Audience {
    /// Whether a reader sees the message. Only moderators write whispers, so a user's own are of
    /// the time before they lost their role, and not theirs any more.
    pub fn includes(&self, reader: Reader) -> bool {
        let public = self.to.is_none() && !self.moderators;
        match reader {
            Reader::Anonymous => public,
            Reader::User(user) => public || self.to == Some(user),
            Reader::Moderator(user) => {
                self.moderators || self.to.is_none_or(|to| to == user) || self.author == user
            }
        }
    }

    /// Whether it may be pinned and reacted to.
    pub const fn is_whisper(&self) -> bool {
        self.moderators || self.to.is_some()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_matrix_of_the_reference() {
        let (author, to, other) = (1, 2, 3);
        let seen = |to, moderators| {
            let audience = Audience {
                author,
                to,
                moderators,
            };
            [
                Reader::Anonymous,
                Reader::User(author),
                Reader::User(2),
                Reader::User(other),
                Reader::Moderator(author),
                Reader::Moderator(2),
                Reader::Moderator(other),
            ]
            .map(|reader| audience.includes(reader))
        };
        assert_eq!(seen(None, false), [true; 7]);
        assert_eq!(
            seen(Some(to), false),
            [false, false, true, false, true, true, false]
        );
        assert_eq!(
            seen(None, true),
            [false, false, false, false, true, true, true]
        );
        assert_eq!(
            seen(Some(to), true),
            [false, false, true, false, true, true, true]
        );
    }

    proptest! {
        #[test]
        fn who_is_trusted_more_sees_no_less(author: i8, to: Option<i8>, moderators: bool, me: i8) {
            let audience = Audience {
                author: author.into(),
                to: to.map(i64::from),
                moderators,
            };
            let sees = |reader| audience.includes(reader);
            let me = i64::from(me);
            prop_assert!(!sees(Reader::Anonymous) || sees(Reader::User(me)));
            prop_assert!(!sees(Reader::User(me)) || sees(Reader::Moderator(me)));
            prop_assert_eq!(sees(Reader::Anonymous), !audience.is_whisper());
        }
    }
}
