//! Reactions as clients see them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::json::{Seconds, is_false};
use crate::private::private_debug;

/// All reactions of a message, by what was reacted with.
pub type Reactions = BTreeMap<String, Reaction>;

/// One of them.
#[derive(Clone, Eq, PartialEq, Serialize)]
pub struct Reaction {
    /// Its place among the message's reactions: that of its first use.
    pub index: usize,
    /// How many users.
    pub count: u64,
    /// The first of them; absent if none were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reactors: Option<Vec<String>>,
    /// Whether the caller is one of them.
    #[serde(skip_serializing_if = "is_false")]
    pub you: bool,
}

/// The answer of a `PUT`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Added {
    /// Whether it was not there before.
    pub added: bool,
    /// Of the message, now.
    pub seqno: i64,
}

/// The answer of a `DELETE`, of one's own (`bool`) or of everybody's (a count).
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Removed<T> {
    /// Whether, or how many.
    pub removed: T,
    /// Of the message, now.
    pub seqno: i64,
}

/// Who reacted, and when; the oldest first.
pub type Reactors = Vec<(String, Seconds)>;

private_debug!(Reaction);

#[cfg(test)]
mod tests {
    use relay_core::clock::UnixTime;
    use serde_json::json;

    use super::*;

    #[test]
    fn you_are_named_only_if_you_reacted() {
        let mut reaction = Reaction {
            index: 0,
            count: 2,
            reactors: Some(vec!["15ab".to_owned()]),
            you: true,
        };
        let json = serde_json::to_value(&reaction).expect("json");
        let expected = json!({"index": 0, "count": 2, "reactors": ["15ab"], "you": true});
        assert_eq!(json, expected);
        (reaction.you, reaction.reactors) = (false, None);
        let json = serde_json::to_value(&reaction).expect("json");
        assert_eq!(json, json!({"index": 0, "count": 2}));
    }

    #[test]
    fn reactors_are_pairs() {
        let reactors: Reactors = vec![("15ab".to_owned(), Seconds(UnixTime::from_millis(1_500)))];
        assert_eq!(
            serde_json::to_string(&reactors).expect("json"),
            r#"[["15ab",1.5]]"#
        );
    }
}
