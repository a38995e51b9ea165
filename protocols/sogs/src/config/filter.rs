//! `[sogs.filter]`: messages that are not wanted.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::filter::reply::{ReplyRule, Template};
use crate::domain::filter::words::WordList;
use crate::domain::filter::{Alphabet, FilterSettings};

/// `[sogs.filter]`.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct FilterConfig {
    /// Scripts that are not wanted in messages: `arabic`, `cyrillic`, `persian`.
    #[schemars(extend("x-example" = ["cyrillic"]))]
    pub alphabets: Vec<AlphabetName>,

    /// Whether the author of such a message is left to believe that it was posted; else it is
    /// refused.
    pub alphabet_silent: bool,

    /// Whether messages and names with bad words are not wanted. Usual disguises (`d4rn`, `D@RN`)
    /// are seen through.
    pub profanity: bool,

    /// Whether the author of such a message is left to believe that it was posted; else it is
    /// refused.
    pub profanity_silent: bool,

    /// The bad words and phrases, one a line, UTF-8; a short list of English ones when not set.
    /// Read at start and on a reload.
    #[schemars(extend("x-example" = "/etc/relayd/words.txt"))]
    pub words_file: Option<PathBuf>,

    /// Whether moderators are filtered, too.
    pub filter_moderators: bool,

    /// What happens where something is filtered with a message that cannot be read.
    pub unreadable: Unreadable,

    /// What to answer to authors of messages that were filtered. Each entry is a table with any
    /// of `room` (a token; all rooms if left out), `kind` (`profanity`, `alphabet`, or one
    /// alphabet; all if left out), `replies` (a list of texts, one of which is chosen by chance),
    /// `profile_name` (the name to answer under; `SOGS` if no entry says one) and `public`
    /// (whether everybody reads it). Of entries that fit, the most specific counts for each of
    /// them. In texts, `\@` mentions the author, `\p` is the author's name, `\r` the room's name,
    /// `\t` its token, `\n` a new line. Write them in TOML's 'single quotes'.
    pub replies: Vec<ReplyConfig>,
}

/// An entry of `sogs.filter.replies`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReplyConfig {
    /// The token of a room; `*` or nothing is all.
    pub room: Option<String>,
    /// What was found; `*` or nothing is anything.
    pub kind: Option<String>,
    /// What to say: one of these, by chance.
    pub replies: Option<Vec<String>>,
    /// The name to say it under.
    pub profile_name: Option<String>,
    /// Whether everybody reads it, not the author alone.
    pub public: Option<bool>,
}

/// A script.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AlphabetName {
    /// All Arabic letters.
    Arabic,
    /// Cyrillic letters.
    Cyrillic,
    /// The letters of Persian.
    Persian,
}

/// What happens with a message that a filter cannot read.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unreadable {
    /// It is posted; clients cannot read it either.
    #[default]
    Pass,
    /// It is refused.
    Reject,
}

impl Default for FilterConfig {
    fn default() -> Self {
        Self {
            alphabets: Vec::new(),
            alphabet_silent: true,
            profanity: false,
            profanity_silent: true,
            words_file: None,
            filter_moderators: false,
            unreadable: Unreadable::Pass,
            replies: Vec::new(),
        }
    }
}

impl From<AlphabetName> for Alphabet {
    fn from(name: AlphabetName) -> Self {
        match name {
            AlphabetName::Arabic => Self::Arabic,
            AlphabetName::Cyrillic => Self::Cyrillic,
            AlphabetName::Persian => Self::Persian,
        }
    }
}

pub(super) fn alphabets(names: &[AlphabetName]) -> Vec<Alphabet> {
    names.iter().copied().map(Alphabet::from).collect()
}

impl FilterConfig {
    /// As the domain judges by them.
    pub fn settings(&self) -> FilterSettings {
        FilterSettings {
            alphabets: alphabets(&self.alphabets),
            alphabet_silent: self.alphabet_silent,
            profanity: self.profanity,
            profanity_silent: self.profanity_silent,
            filter_moderators: self.filter_moderators,
        }
    }

    /// What is looked for; an error is one line that names the file.
    pub fn words(&self) -> Result<WordList, String> {
        let Some(path) = &self.words_file else {
            return Ok(WordList::built_in());
        };
        std::fs::read_to_string(path)
            .map(|lines| WordList::parse(&lines))
            .map_err(|error| format!("cannot read {}: {error}", path.display()))
    }

    /// What to answer, as the domain chooses from it.
    pub fn reply_rules(&self) -> Vec<ReplyRule> {
        self.replies.iter().map(ReplyConfig::rule).collect()
    }
}

impl ReplyConfig {
    fn rule(&self) -> ReplyRule {
        let unless_all = |text: &Option<String>| text.clone().filter(|text| text != "*");
        let templates = |texts: &Vec<String>| {
            texts
                .iter()
                .filter_map(|text| Template::new(text))
                .collect()
        };
        ReplyRule {
            room: unless_all(&self.room),
            kind: unless_all(&self.kind),
            replies: self.replies.as_ref().map(templates),
            profile_name: self.profile_name.clone(),
            public: self.public,
        }
    }

    /// Whether there is such a kind.
    pub(super) fn has_known_kind(&self) -> bool {
        self.kind.as_deref().is_none_or(|kind| {
            ["*", "profanity", "alphabet"].contains(&kind) || Alphabet::named(kind).is_some()
        })
    }
}
