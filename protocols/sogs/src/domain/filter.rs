//! Filters: messages a room does not want, by their script or their words.
//!
//! Scripts are looked for in what a message says, words in its author's name too. A silent filter
//! lets the author believe; any may answer ([`reply`]).

pub mod reply;
pub mod words;

use self::words::WordList;
use crate::wire::content::MessageText;
use crate::wire::refusal::FilterKind;

/// A script.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Alphabet {
    /// Looked for before Arabic, whose letters these are.
    Persian,
    /// All Arabic blocks.
    Arabic,
    /// The basic block.
    Cyrillic,
}

/// What is filtered on the server, or in a room.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FilterSettings {
    /// Scripts that are not wanted.
    pub alphabets: Vec<Alphabet>,
    /// Whether their authors are left in the dark.
    pub alphabet_silent: bool,
    /// Whether words are looked for.
    pub profanity: bool,
    /// Whether their authors are left in the dark.
    pub profanity_silent: bool,
    /// Whether moderators are filtered, too.
    pub filter_moderators: bool,
}

/// What a room has otherwise than the server.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RoomFilter {
    /// Replaces the server's.
    pub alphabets: Option<Vec<Alphabet>>,
    /// Replaces the server's.
    pub alphabet_silent: Option<bool>,
    /// Replaces the server's.
    pub profanity: Option<bool>,
    /// Replaces the server's.
    pub profanity_silent: Option<bool>,
}

/// What was found in a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Finding {
    /// A letter of a script.
    Alphabet(Alphabet),
    /// A word.
    Profanity,
}

/// What is to happen with a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// It is posted.
    Pass,
    /// It is stored and never shown; its author is told that it was posted.
    Hide(Finding),
    /// It is refused.
    Reject(Finding),
}

impl Alphabet {
    /// All, in the order they are looked for.
    pub const ALL: [Self; 3] = [Self::Persian, Self::Arabic, Self::Cyrillic];

    /// As configuration names it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Persian => "persian",
            Self::Arabic => "arabic",
            Self::Cyrillic => "cyrillic",
        }
    }

    /// By that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|alphabet| alphabet.name() == name)
    }

    const fn has(self, letter: char) -> bool {
        match self {
            Self::Persian => matches!(letter,
                '\u{621}'..='\u{628}' | '\u{62a}'..='\u{63a}' | '\u{641}'..='\u{642}'
                | '\u{644}'..='\u{648}' | '\u{64e}'..='\u{651}' | '\u{655}' | '\u{67e}'
                | '\u{686}' | '\u{698}' | '\u{6a9}' | '\u{6af}' | '\u{6be}' | '\u{6cc}'),
            Self::Arabic => matches!(letter,
                '\u{600}'..='\u{6ff}' | '\u{750}'..='\u{77f}' | '\u{8a0}'..='\u{8ff}'
                | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}'),
            Self::Cyrillic => matches!(letter, '\u{400}'..='\u{4ff}'),
        }
    }
}

impl Default for FilterSettings {
    fn default() -> Self {
        Self {
            alphabets: Vec::new(),
            alphabet_silent: true,
            profanity: false,
            profanity_silent: true,
            filter_moderators: false,
        }
    }
}

impl FilterSettings {
    /// As they are in a room.
    #[must_use]
    pub fn in_room(&self, room: &RoomFilter) -> Self {
        let alphabets = room.alphabets.as_ref().unwrap_or(&self.alphabets);
        Self {
            alphabets: alphabets.clone(),
            alphabet_silent: room.alphabet_silent.unwrap_or(self.alphabet_silent),
            profanity: room.profanity.unwrap_or(self.profanity),
            profanity_silent: room.profanity_silent.unwrap_or(self.profanity_silent),
            filter_moderators: self.filter_moderators,
        }
    }

    /// Whether somebody's messages need to be looked into at all.
    pub fn concerns(&self, moderator: bool) -> bool {
        let active = self.profanity || !self.alphabets.is_empty();
        active && (self.filter_moderators || !moderator)
    }

    /// What is to happen with a message of somebody the filters concern.
    pub fn judge(&self, text: &MessageText, words: &WordList) -> Verdict {
        let Some(finding) = self.find(text, words) else {
            return Verdict::Pass;
        };
        let silent = match finding {
            Finding::Alphabet(_) => self.alphabet_silent,
            Finding::Profanity => self.profanity_silent,
        };
        if silent {
            Verdict::Hide(finding)
        } else {
            Verdict::Reject(finding)
        }
    }

    fn find(&self, text: &MessageText, words: &WordList) -> Option<Finding> {
        let body = text.body.as_deref().unwrap_or_default();
        let name = text.display_name.as_deref().unwrap_or_default();
        let wanted = |alphabet: &Alphabet| self.alphabets.contains(alphabet);
        let alphabets = Alphabet::ALL.into_iter().filter(wanted);
        let found = alphabets
            .into_iter()
            .find(|a| body.chars().any(|letter| a.has(letter)));
        let profane = || self.profanity && [body, name].into_iter().any(|text| words.in_text(text));
        found
            .map(Finding::Alphabet)
            .or_else(|| profane().then_some(Finding::Profanity))
    }
}

impl Finding {
    /// As the author is told.
    pub const fn kind(self) -> FilterKind {
        match self {
            Self::Alphabet(_) => FilterKind::Alphabet,
            Self::Profanity => FilterKind::Profanity,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn judge(settings: &FilterSettings, body: &str, name: &str) -> Verdict {
        let text = MessageText {
            body: Some(body.to_owned()),
            display_name: Some(name.to_owned()),
        };
        settings.judge(&text, &WordList::parse("darn"))
    }

    fn all() -> FilterSettings {
        FilterSettings {
            alphabets: Alphabet::ALL.to_vec(),
            alphabet_silent: false,
            profanity: true,
            ..FilterSettings::default()
        }
    }

    #[test]
    fn scripts_are_told_apart() {
        let rejected = |alphabet| Verdict::Reject(Finding::Alphabet(alphabet));
        assert_eq!(judge(&all(), "hello, wörld ☺", ""), Verdict::Pass);
        assert_eq!(judge(&all(), "привет", ""), rejected(Alphabet::Cyrillic));
        assert_eq!(judge(&all(), "گ", ""), rejected(Alphabet::Persian));
        assert_eq!(judge(&all(), "\u{643}", ""), rejected(Alphabet::Arabic));
        let mut arabic = all();
        arabic.alphabets = vec![Alphabet::Arabic];
        assert_eq!(judge(&arabic, "گ", ""), rejected(Alphabet::Arabic));
        assert_eq!(judge(&arabic, "привет", ""), Verdict::Pass);
    }

    #[test]
    fn names_are_searched_for_words_only() {
        let hidden = Verdict::Hide(Finding::Profanity);
        assert_eq!(judge(&all(), "hello", "D4RN"), hidden);
        assert_eq!(judge(&all(), "darn it", ""), hidden);
        assert_eq!(judge(&all(), "hello", "привет"), Verdict::Pass);
    }

    #[test]
    fn rooms_replace_single_settings() {
        let room = RoomFilter {
            profanity: Some(false),
            ..RoomFilter::default()
        };
        let settings = all().in_room(&room);
        assert!(!settings.profanity && !settings.alphabet_silent);
        assert_eq!(settings.alphabets, all().alphabets);
        assert!(settings.concerns(false) && !settings.concerns(true));
        assert!(!FilterSettings::default().concerns(false));
    }

    proptest! {
        #[test]
        fn any_text_is_judged_and_nothing_is_no_filter(body: String, name: String) {
            let _ = judge(&all(), &body, &name);
            prop_assert_eq!(judge(&FilterSettings::default(), &body, &name), Verdict::Pass);
        }

        #[test]
        fn alphabets_have_names(index in 0..3_usize) {
            let alphabet = Alphabet::ALL[index];
            prop_assert_eq!(Alphabet::named(alphabet.name()), Some(alphabet));
        }
    }
}
