//! What a filter answers to the author of a message it does not let through.
//!
//! Rules name a room or `*` and a kind: `*`, `profanity`, `alphabet`, or one alphabet. For every
//! setting the most specific rule that has it counts; rooms go before kinds.

use rand::{Rng, RngExt};

use super::Finding;
use crate::private::private_debug;

/// The name replies are written under, if no rule gives another.
pub const DEFAULT_PROFILE_NAME: &str = "SOGS";

/// A rule. What is `None` is left to less specific ones.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ReplyRule {
    /// The token of a room; all if `None`.
    pub room: Option<String>,
    /// `profanity`, `alphabet` or an alphabet's name; all if `None`.
    pub kind: Option<String>,
    /// What to say; one of them.
    pub replies: Option<Vec<Template>>,
    /// The name to say it under.
    pub profile_name: Option<String>,
    /// Whether everybody reads it.
    pub public: Option<bool>,
}

/// What follows from all rules.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Reply<'a> {
    /// What to say.
    pub template: &'a Template,
    /// The name to say it under.
    pub profile_name: &'a str,
    /// Whether everybody reads it.
    pub public: bool,
}

/// What to say, with gaps: `\@` the author's id as a mention, `\p` their name, `\r` the room's name,
/// `\t` its token, `\n` a line break, `\\` a backslash.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Template(String);

/// What fills the gaps.
#[derive(Clone, Copy)]
pub struct Gaps<'a> {
    /// The author's id.
    pub session_id: &'a str,
    /// The author's name.
    pub profile_name: &'a str,
    /// The room's name.
    pub room_name: &'a str,
    /// The room's token.
    pub room_token: &'a str,
}

impl Template {
    /// Of one line; `None` if it says nothing.
    pub fn new(line: &str) -> Option<Self> {
        (!line.is_empty()).then(|| Self(line.to_owned()))
    }

    /// With its gaps filled.
    pub fn fill(&self, gaps: Gaps<'_>) -> String {
        let mut filled = String::with_capacity(self.0.len());
        let mut rest = self.0.as_str();
        while let Some((text, tail)) = rest.split_once('\\') {
            filled += text;
            let mut chars = tail.chars();
            let escaped = chars.next();
            rest = chars.as_str();
            match escaped {
                Some('@') => filled.extend(["@", gaps.session_id]),
                Some('p') => filled += gaps.profile_name,
                Some('r') => filled += gaps.room_name,
                Some('t') => filled += gaps.room_token,
                Some('n') => filled.push('\n'),
                Some('\\') | None => filled.push('\\'),
                Some(other) => filled.extend(['\\', other]),
            }
        }
        filled + rest
    }
}

impl ReplyRule {
    /// How specific the rule is for a finding; `None` if it is about something else.
    fn specificity(&self, token: &str, finding: Finding) -> Option<(u8, u8)> {
        let room = match self.room.as_deref() {
            None => 0,
            Some(room) if room.eq_ignore_ascii_case(token) => 1,
            Some(_) => return None,
        };
        let alphabet = match finding {
            Finding::Alphabet(alphabet) => Some(alphabet.name()),
            Finding::Profanity => None,
        };
        match self.kind.as_deref() {
            None => Some((room, 0)),
            Some(kind) if kind == finding.kind().name() => Some((room, 1)),
            Some(kind) if Some(kind) == alphabet => Some((room, 2)),
            Some(_) => None,
        }
    }
}

/// What to answer in a room, if anything.
pub fn choose<'a>(
    rules: &'a [ReplyRule],
    token: &str,
    finding: Finding,
    rng: &mut impl Rng,
) -> Option<Reply<'a>> {
    let about = |rule: &'a ReplyRule| Some((rule.specificity(token, finding)?, rule));
    let mut rules: Vec<_> = rules.iter().filter_map(about).collect();
    rules.sort_by_key(|(specificity, _)| std::cmp::Reverse(*specificity));
    let rules = || rules.iter().map(|(_, rule)| *rule);
    let replies = rules().find_map(|rule| rule.replies.as_deref())?;
    let at = rng.random_range(0..replies.len().max(1));
    Some(Reply {
        template: replies.get(at)?,
        profile_name: rules()
            .find_map(|rule| rule.profile_name.as_deref())
            .unwrap_or(DEFAULT_PROFILE_NAME),
        public: rules().find_map(|rule| rule.public).unwrap_or(false),
    })
}

private_debug!(Gaps<'_>);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::super::Alphabet;
    use super::*;

    const GAPS: Gaps<'static> = Gaps {
        session_id: "15ab",
        profile_name: "Anna",
        room_name: "Salty Sailors",
        room_token: "sailors",
    };

    fn rule(room: Option<&str>, kind: Option<&str>, reply: Option<&str>) -> ReplyRule {
        ReplyRule {
            room: room.map(str::to_owned),
            kind: kind.map(str::to_owned),
            replies: reply.map(|reply| vec![Template::new(reply).expect("text")]),
            ..ReplyRule::default()
        }
    }

    fn chosen<'a>(rules: &'a [ReplyRule], token: &str, finding: Finding) -> Option<&'a str> {
        let rng = &mut StdRng::seed_from_u64(1);
        choose(rules, token, finding, rng).map(|reply| reply.template.0.as_str())
    }

    #[test]
    fn gaps_are_filled() {
        let template = Template::new(r"\@ \p in \r (\t)\n\\ \x \").expect("text");
        let filled = "@15ab Anna in Salty Sailors (sailors)\n\\ \\x \\";
        assert_eq!(template.fill(GAPS), filled);
        assert_eq!(Template::new(""), None);
    }

    #[test]
    fn the_most_specific_rule_counts() {
        let rules = [
            rule(None, None, Some("any")),
            rule(None, Some("alphabet"), Some("alphabet")),
            rule(None, Some("arabic"), Some("arabic")),
            rule(Some("Sudoku"), None, Some("sudoku")),
            rule(Some("sudoku"), Some("profanity"), Some("sudoku profanity")),
        ];
        let arabic = Finding::Alphabet(Alphabet::Arabic);
        let cyrillic = Finding::Alphabet(Alphabet::Cyrillic);
        assert_eq!(chosen(&rules, "x", Finding::Profanity), Some("any"));
        assert_eq!(chosen(&rules, "x", cyrillic), Some("alphabet"));
        assert_eq!(chosen(&rules, "x", arabic), Some("arabic"));
        assert_eq!(chosen(&rules, "sudoku", arabic), Some("sudoku"));
        assert_eq!(
            chosen(&rules, "sudoku", Finding::Profanity),
            Some("sudoku profanity")
        );
        assert_eq!(chosen(&rules[1..], "x", Finding::Profanity), None);
    }

    #[test]
    fn settings_are_inherited_one_by_one() {
        let mut general = rule(None, None, None);
        general.public = Some(true);
        let rules = [general, rule(None, Some("profanity"), Some("no"))];
        let rng = &mut StdRng::seed_from_u64(1);
        let reply = choose(&rules, "x", Finding::Profanity, rng).expect("a reply");
        assert!(reply.public);
        assert_eq!(reply.profile_name, DEFAULT_PROFILE_NAME);
    }

    proptest! {
        #[test]
        fn any_template_is_filled(line: String) {
            let _ = Template::new(&line).map(|template| template.fill(GAPS));
        }
    }
}
