//! `[sogs.rooms.TOKEN]`: what is set for one room alone.

use relay_core::config::{ByteSize, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::filter::{AlphabetName, alphabets};
use super::{Rate, SogsConfig};
use crate::domain::filter::RoomFilter;

/// `[sogs.rooms.TOKEN]`. What is not set is as for the whole server.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RoomConfig {
    /// As `sogs.filter.alphabets`.
    pub alphabets: Option<Vec<AlphabetName>>,
    /// As `sogs.filter.alphabet_silent`.
    pub alphabet_silent: Option<bool>,
    /// As `sogs.filter.profanity`.
    pub profanity: Option<bool>,
    /// As `sogs.filter.profanity_silent`.
    pub profanity_silent: Option<bool>,
    /// As `sogs.limits.slow_mode`.
    pub slow_mode: Option<Span>,
    /// As `sogs.limits.posts`.
    pub posts: Option<Rate>,
    /// As `sogs.limits.room_posts`.
    pub room_posts: Option<Rate>,
    /// As `sogs.files.max_size`.
    pub max_file_size: Option<ByteSize>,
    /// As `sogs.files.expiry`.
    pub file_expiry: Option<Span>,
    /// As `sogs.messages.retention`.
    pub retention: Option<Span>,
}

impl RoomConfig {
    /// What its filter has otherwise than the server's.
    pub fn filter(&self) -> RoomFilter {
        RoomFilter {
            alphabets: self.alphabets.as_deref().map(alphabets),
            alphabet_silent: self.alphabet_silent,
            profanity: self.profanity,
            profanity_silent: self.profanity_silent,
        }
    }
}

/// What holds in a room: its own settings, else the server's.
impl SogsConfig {
    fn in_room<T: Copy>(&self, token: &str, own: impl Fn(&RoomConfig) -> Option<T>, all: T) -> T {
        self.room(token).and_then(own).unwrap_or(all)
    }

    /// Posts and edits of one user.
    pub fn posts_in(&self, token: &str) -> Rate {
        self.in_room(token, |room| room.posts, self.limits.posts)
    }

    /// Posts and edits of all.
    pub fn room_posts_in(&self, token: &str) -> Rate {
        self.in_room(token, |room| room.room_posts, self.limits.room_posts)
    }

    /// Shortest time between two posts of one user; zero is off.
    pub fn slow_mode_in(&self, token: &str) -> Span {
        self.in_room(token, |room| room.slow_mode, self.limits.slow_mode)
    }

    /// The largest file.
    pub fn max_file_size_in(&self, token: &str) -> ByteSize {
        self.in_room(token, |room| room.max_file_size, self.files.max_size)
    }

    /// How long its files stay.
    pub fn lifetimes_in(&self, token: &str) -> crate::domain::files::Lifetimes {
        let expiry = self.in_room(token, |room| room.file_expiry, self.files.expiry);
        crate::domain::files::Lifetimes {
            attached: super::check::unless_zero(expiry),
            ..self.files.lifetimes()
        }
    }

    /// How long its messages stay; for ever if `None`.
    pub fn retention_in(&self, token: &str) -> Option<std::time::Duration> {
        let retention = self.in_room(token, |room| room.retention, self.messages.retention);
        super::check::unless_zero(retention)
    }

    /// What is filtered.
    pub fn filter_in(&self, token: &str) -> crate::domain::filter::FilterSettings {
        let all = self.filter.settings();
        match self.room(token) {
            Some(room) => all.in_room(&room.filter()),
            None => all,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn rooms_replace_what_they_set_and_nothing_else() {
        let mut config = SogsConfig::default();
        let room = RoomConfig {
            slow_mode: Some(Span::secs(30)),
            file_expiry: Some(Span::secs(0)),
            retention: Some(Span::secs(60)),
            profanity: Some(true),
            ..RoomConfig::default()
        };
        config.rooms.insert("Lounge".to_owned(), room);
        assert_eq!(config.slow_mode_in("lOUNGE"), Span::secs(30));
        assert_eq!(config.slow_mode_in("other"), Span::secs(0));
        assert_eq!(config.posts_in("lounge"), Rate::secs(5, 16));
        assert_eq!(config.lifetimes_in("lounge").attached, None);
        assert_eq!(config.retention_in("lounge"), Some(Duration::from_mins(1)));
        assert_eq!(config.retention_in("other"), None);
        assert!(config.filter_in("lounge").profanity && !config.filter_in("other").profanity);
    }
}
