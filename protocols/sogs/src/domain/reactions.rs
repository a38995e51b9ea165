//! What may be reacted with, and in which order reactions are shown.

use relay_core::clock::UnixTime;

use crate::private::private_debug;
use crate::wire::Refusal;
use crate::wire::reactions::{Reaction, Reactions};

/// What somebody reacts with: a few code points of anything, 12 unless configured otherwise.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Emoji(String);

/// That one user reacted.
#[derive(Clone, Eq, PartialEq)]
pub struct UserReaction {
    /// With what.
    pub emoji: String,
    /// When the first of those who now react with this did: the order of kinds.
    pub kind_order: i64,
    /// Who, by row.
    pub user: i64,
    /// Who, by id.
    pub session_id: String,
    /// When.
    pub at: UnixTime,
}

impl Emoji {
    /// From the rest of a path, decoded; it may contain slashes, and so many code points.
    pub fn parse(text: &str, max: usize) -> Result<Self, Refusal> {
        let len = text.chars().take(max.saturating_add(1)).count();
        let fits = (1..=max).contains(&len);
        fits.then(|| Self(text.to_owned()))
            .ok_or(Refusal::Malformed)
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// All reactions of one message as a caller sees them, naming at most `limit` users of each.
pub fn summarize(mut all: Vec<UserReaction>, caller: Option<i64>, limit: usize) -> Reactions {
    all.sort_by_key(|reaction| (reaction.kind_order, reaction.at, reaction.user));
    let mut reactions = Reactions::new();
    for UserReaction {
        emoji,
        user,
        session_id,
        ..
    } in all
    {
        let index = reactions.len();
        let reaction = reactions.entry(emoji).or_insert_with(|| Reaction {
            index,
            count: 0,
            reactors: (limit > 0).then(Vec::new),
            you: false,
        });
        reaction.count += 1;
        reaction.you |= caller == Some(user);
        if let Some(reactors) = reaction.reactors.as_mut().filter(|list| list.len() < limit) {
            reactors.push(session_id);
        }
    }
    reactions
}

private_debug!(UserReaction);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reaction(emoji: &str, kind_order: i64, user: i64, secs: i64) -> UserReaction {
        UserReaction {
            emoji: emoji.to_owned(),
            kind_order,
            user,
            session_id: format!("15{user}"),
            at: UnixTime::from_secs(secs),
        }
    }

    #[test]
    fn emoji_are_short() {
        for good in ["👍", "y/n", "❤️", "👩‍👩‍👧‍👦", "abcdefghijkl"] {
            assert_eq!(Emoji::parse(good, 12).expect("an emoji").as_str(), good);
        }
        for bad in ["", "abcdefghijklm"] {
            assert_eq!(Emoji::parse(bad, 12), Err(Refusal::Malformed));
        }
    }

    #[test]
    fn kinds_are_ordered_by_their_first_use_and_users_by_time() {
        let all = vec![
            reaction("b", 2, 9, 1),
            reaction("a", 5, 1, 8),
            reaction("b", 2, 1, 7),
            reaction("b", 2, 3, 5),
        ];
        let seen = summarize(all, Some(1), 2);
        assert_eq!((seen["b"].index, seen["a"].index), (0, 1));
        assert_eq!((seen["b"].count, seen["b"].you), (3, true));
        let reactors = seen["b"].reactors.as_deref().expect("reactors");
        assert_eq!(reactors, ["159", "153"]);
    }

    proptest! {
        #[test]
        fn counts_add_up(all: Vec<(u8, i64, i64)>, caller: Option<i64>, limit in 0..20_usize) {
            let total = all.len() as u64;
            let all = all.iter().map(|(kind, user, at)| {
                reaction(&kind.to_string(), (*kind).into(), *user, at / 1000)
            });
            let seen = summarize(all.collect(), caller, limit);
            prop_assert_eq!(seen.values().map(|reaction| reaction.count).sum::<u64>(), total);
            let mut indices: Vec<_> = seen.values().map(|reaction| reaction.index).collect();
            indices.sort_unstable();
            prop_assert_eq!(indices, (0..seen.len()).collect::<Vec<_>>());
            for reaction in seen.values() {
                let named = reaction.reactors.as_ref().map_or(0, Vec::len);
                prop_assert!(named <= limit && named as u64 <= reaction.count);
                prop_assert_eq!(reaction.reactors.is_none(), limit == 0);
            }
        }

        #[test]
        fn any_text_is_answered(text: String) {
            let ok = (1..=12).contains(&text.chars().count());
            prop_assert_eq!(Emoji::parse(&text, 12).is_ok(), ok);
        }
    }
}
