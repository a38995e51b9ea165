//! What is wrong between keys, where each by itself is well formed.

use std::time::Duration;

use relay_core::config::{ConfigError, Loaded, Span};

use super::SogsConfig;
use crate::domain::token::RoomToken;

/// A length of time that zero switches off.
pub(super) fn unless_zero(span: Span) -> Option<Duration> {
    (!span.get().is_zero()).then(|| span.get())
}

/// A key below `[sogs]`, and what is wrong with its value.
type Problem = (String, &'static str);

impl SogsConfig {
    /// The first thing that is wrong, as one line that says where.
    pub fn check(&self, loaded: &Loaded) -> Result<(), ConfigError> {
        match self.problem() {
            None => Ok(()),
            Some((key, reason)) => Err(loaded.error_at(&format!("sogs.{key}"), reason)),
        }
    }

    fn problem(&self) -> Option<Problem> {
        let first = |problem: Option<(&str, &'static str)>| problem.map(|(k, r)| (k.to_owned(), r));
        first(self.too_small())
            .or_else(|| first(self.contradiction()))
            .or_else(|| self.idle_job())
            .or_else(|| self.bad_reply())
            .or_else(|| self.bad_room())
    }

    fn too_small(&self) -> Option<(&'static str, &'static str)> {
        let zeros = [
            (
                "messages.default_list",
                u64::from(self.messages.default_list),
            ),
            ("messages.max_list", u64::from(self.messages.max_list)),
            ("messages.max_size", self.messages.max_size.get()),
            ("messages.max_reaction", self.messages.max_reaction as u64),
            ("limits.batch", self.limits.batch as u64),
            ("files.max_size", self.files.max_size.get()),
            (
                "direct_messages.max_size",
                self.direct_messages.max_size.get(),
            ),
        ];
        let zero = zeros.into_iter().find(|(_, value)| *value == 0);
        zero.map(|(key, _)| (key, "0 leaves nothing; give at least 1"))
    }

    fn contradiction(&self) -> Option<(&'static str, &'static str)> {
        let (auth, messages) = (&self.auth, &self.messages);
        let second = Duration::from_secs(1);
        let wrong = [
            (
                auth.nonce_expiry.get() < auth.clock_tolerance.get().saturating_mul(2),
                "auth.nonce_expiry",
                "it is less than twice auth.clock_tolerance, so requests could be repeated",
            ),
            (
                messages.default_list > messages.max_list,
                "messages.default_list",
                "it is more than messages.max_list",
            ),
            (
                messages.default_reactors > messages.max_reactors,
                "messages.default_reactors",
                "it is more than messages.max_reactors",
            ),
            (
                self.web.refresh.get() < second,
                "web.refresh",
                "every page would ask more than once a second; give at least 1s",
            ),
        ];
        let wrong = wrong.into_iter().find(|(wrong, ..)| *wrong);
        wrong.map(|(_, key, reason)| (key, reason))
    }

    fn idle_job(&self) -> Option<Problem> {
        let busy = |(_, every): &(_, Span)| every.get() < Duration::from_millis(100);
        let job = self.jobs.all().into_iter().find(busy);
        job.map(|(key, _)| {
            let reason = "it would do nothing else; give at least 100ms";
            (format!("jobs.{key}"), reason)
        })
    }

    fn bad_reply(&self) -> Option<Problem> {
        self.filter
            .replies
            .iter()
            .enumerate()
            .find_map(|(at, reply)| {
                let kinds = "profanity, alphabet, arabic, cyrillic, persian or * is";
                (!reply.has_known_kind()).then(|| (format!("filter.replies[{at}].kind"), kinds))
            })
    }

    fn bad_room(&self) -> Option<Problem> {
        let bad = |token: &&String| token.parse::<RoomToken>().is_err();
        let bad = self.rooms.keys().find(bad);
        bad.map(|token| {
            let reason = "a room token is 1 to 64 of A-Z a-z 0-9 _ -";
            (format!("rooms.{token}"), reason)
        })
    }
}

#[cfg(test)]
mod tests {
    use relay_core::config::{SectionSpec, Sources, load};

    use super::*;

    fn check(env: &[(&str, &str)]) -> Result<(), String> {
        let env = env
            .iter()
            .map(|(key, value)| (format!("RELAYD__SOGS__{key}"), (*value).to_owned()));
        let sources = Sources {
            env: env.collect(),
            ..Sources::default()
        };
        let loaded =
            load(&sources, &[SectionSpec::of::<SogsConfig>()]).map_err(|e| e.to_string())?;
        let config: SogsConfig = loaded.section().map_err(|error| error.to_string())?;
        config.check(&loaded).map_err(|error| error.to_string())
    }

    #[test]
    fn the_defaults_are_fine() {
        assert_eq!(check(&[]), Ok(()));
    }

    #[test]
    fn what_is_wrong_is_one_line_that_names_its_key() {
        for (key, value, said) in [
            ("BASE_URL", "sogs.example.org", "sogs.base_url"),
            ("LIMITS__POSTS", "5 a day", "sogs.limits.posts"),
            ("LIMITS__BATCH", "0", "sogs.limits.batch"),
            ("AUTH__NONCE_EXPIRY", "1h", "sogs.auth.nonce_expiry"),
            ("MESSAGES__MAX_LIST", "50", "sogs.messages.default_list"),
            ("JOBS__FILES", "0s", "sogs.jobs.files"),
            ("WEB__REFRESH", "10ms", "sogs.web.refresh"),
            ("FILES__MAX_SISE", "1", "SOGS__FILES__MAX_SIZE"),
        ] {
            let error = check(&[(key, value)]).expect_err(key);
            assert!(error.contains(said) && !error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn rooms_and_replies_are_looked_at() {
        let mut config = SogsConfig::default();
        config
            .rooms
            .insert("no room".to_owned(), super::super::RoomConfig::default());
        assert!(
            config
                .problem()
                .is_some_and(|(key, _)| key == "rooms.no room")
        );
        config.rooms.clear();
        config.filter.replies.push(super::super::ReplyConfig {
            kind: Some("greek".to_owned()),
            ..super::super::ReplyConfig::default()
        });
        assert!(
            config
                .problem()
                .is_some_and(|(key, _)| key == "filter.replies[0].kind")
        );
    }
}
