//! What fits its type and still makes no sense: one line for the first such key.

use relay_core::config::{ConfigError, Loaded, Span};

use super::SmpConfig;
use crate::wire::{Address, VersionRange};

/// A key and what is wrong with its value.
pub(super) type Problem = (&'static str, String);

impl SmpConfig {
    /// Refuses a value that cannot work, named as `loaded` has it.
    pub fn check(&self, loaded: &Loaded) -> Result<(), ConfigError> {
        match self.problem() {
            Some((key, reason)) => Err(loaded.error_at(&format!("smp.{key}"), reason)),
            None => Ok(()),
        }
    }

    fn problem(&self) -> Option<Problem> {
        self.address_problem()
            .or_else(|| self.version_problem())
            .or_else(|| self.count_problem())
            .or_else(|| self.time_problem())
            .or_else(|| self.information.problem())
            .or_else(|| self.control.problem())
            .or_else(|| self.names.problem())
            .or_else(|| self.proxy.problem())
    }

    fn address_problem(&self) -> Option<Problem> {
        if let Some(host) = self.hosts.iter().find(|host| !Address::is_host(host)) {
            let reason =
                format!("`{host}` is not a host like smp.example.org or 192.0.2.1, without a port");
            return Some(("hosts", reason));
        }
        if self.port == Some(0) {
            return Some(("port", "0 is no port clients can connect to".to_owned()));
        }
        let password = self.create_password.as_ref()?;
        let reason =
            "must be one or more printable ASCII characters other than space, `@`, `:` and `/`";
        (!Address::is_password(password.reveal())).then(|| ("create_password", reason.to_owned()))
    }

    fn version_problem(&self) -> Option<Problem> {
        let spoken = VersionRange::SERVER;
        let (lowest, highest) = (spoken.min().0, spoken.max().0);
        let connections = &self.connections;
        if !(lowest..=highest).contains(&connections.min_version) {
            let reason = format!("this build speaks versions {lowest} to {highest}");
            return Some(("connections.min_version", reason));
        }
        let lowest = connections.min_version;
        (!(lowest..=highest).contains(&connections.max_version)).then(|| {
            let reason = format!(
                "must be from {lowest} (min_version) to {highest} (what this build speaks)"
            );
            ("connections.max_version", reason)
        })
    }

    fn count_problem(&self) -> Option<Problem> {
        if self.daily_block_quota < -1 {
            let reason = "must be a number of queues, 0 for no limit or -1 for none";
            return Some(("daily_block_quota", reason.to_owned()));
        }
        let limits = &self.limits;
        let room = (limits.out_bytes_per_connection.get() < SMALLEST_OUT_QUEUE)
            .then_some("limits.out_bytes_per_connection")
            .or((limits.out_bytes.get() < SMALLEST_OUT_QUEUE).then_some("limits.out_bytes"));
        if let Some(key) = room {
            return Some((
                key,
                "must be 64KiB or more: some blocks of 16KiB".to_owned(),
            ));
        }
        zero([
            ("queues.quota", u64::from(self.queues.quota)),
            ("limits.max_handshakes", limits.max_handshakes as u64),
        ])
    }

    fn time_problem(&self) -> Option<Problem> {
        let Self {
            queues,
            notifications,
            connections,
            statistics,
            ..
        } = self;
        no_time([
            ("queues.message_lifetime", queues.message_lifetime),
            ("queues.expiry_interval", queues.expiry_interval),
            ("notifications.lifetime", notifications.lifetime),
            (
                "notifications.expiry_interval",
                notifications.expiry_interval,
            ),
            (
                "connections.handshake_timeout",
                connections.handshake_timeout,
            ),
            (
                "connections.idle_check_interval",
                connections.idle_check_interval,
            ),
            (
                "connections.keepalive_interval",
                connections.keepalive_interval,
            ),
            ("statistics.save_interval", statistics.save_interval),
        ])
    }
}

/// The first of these counts that leaves nothing.
pub(super) fn zero<const N: usize>(counts: [(&'static str, u64); N]) -> Option<Problem> {
    let zero = counts.into_iter().find(|(_, count)| *count == 0);
    zero.map(|(key, _)| (key, "must be 1 or more".to_owned()))
}

/// The first of these times in which nothing can happen.
pub(super) fn no_time<const N: usize>(times: [(&'static str, Span); N]) -> Option<Problem> {
    let none = times.into_iter().find(|(_, time)| *time < Span::millis(1));
    none.map(|(key, _)| (key, "must be 1ms or more".to_owned()))
}

/// Four blocks: a message, its neighbours, and answers.
const SMALLEST_OUT_QUEUE: u64 = 64 * 1024;

#[cfg(test)]
mod tests {
    use relay_core::config::{SectionSpec, Sources, load};

    use super::*;

    fn refusal(variable: &str, value: &str) -> Option<String> {
        let sources = Sources {
            env: vec![(format!("RELAYD__SMP__{variable}"), value.to_owned())],
            ..Sources::default()
        };
        let loaded = load(&sources, &[SectionSpec::of::<SmpConfig>()]).unwrap();
        let section: SmpConfig = loaded.section().unwrap();
        section.check(&loaded).err().map(|error| error.to_string())
    }

    #[test]
    fn the_defaults_make_sense() {
        assert_eq!(SmpConfig::default().problem(), None);
    }

    #[test]
    fn what_cannot_work_is_refused_in_one_line_that_names_the_key() {
        for (variable, value) in [
            ("HOSTS", "[\"a b\"]"),
            ("HOSTS", "[\"a.example:5223\"]"),
            ("HOSTS", "[\"\"]"),
            ("PORT", "0"),
            ("CREATE_PASSWORD", "with space"),
            ("CREATE_PASSWORD", "pass@word"),
            ("DAILY_BLOCK_QUOTA", "-2"),
            ("QUEUES__QUOTA", "0"),
            ("QUEUES__EXPIRY_INTERVAL", "0"),
            ("CONNECTIONS__MIN_VERSION", "5"),
            ("CONNECTIONS__MAX_VERSION", "5"),
            ("CONNECTIONS__MAX_VERSION", "99"),
            ("LIMITS__OUT_BYTES", "16KiB"),
            ("LIMITS__MAX_HANDSHAKES", "0"),
            ("STATISTICS__SAVE_INTERVAL", "0"),
            ("NAMES__RESOLVER", "names.example.org"),
            ("NAMES__RESOLVER", "http://a:b@c"),
            ("NAMES__MAX_RESPONSE", "1MiB"),
            ("NAMES__TIMEOUT", "1ms"),
            ("INFORMATION__WEBSITE", "example.org"),
            ("CONTROL__LISTEN", "127.0.0.1:5224"),
            ("CONTROL__LISTEN", "0.0.0.0:5224"),
            ("PROXY__CLIENT_CONCURRENCY", "0"),
            ("PROXY__MAX_RELAYS", "0"),
            ("PROXY__CONNECT_TIMEOUT", "0"),
            ("PROXY__ANSWER_TIMEOUT", "0"),
            ("PROXY__SOCKS_MODE", "always"),
            ("PROXY__SOCKS_PROXY", "u:with space@host"),
        ] {
            let key = format!("smp.{}", variable.to_lowercase().replace("__", "."));
            let line = refusal(variable, value).unwrap_or_else(|| panic!("{variable} {value}"));
            assert!(line.contains(&key) && !line.contains('\n'), "{line}");
            assert!(!line.contains("with space"), "a secret is shown: {line}");
        }
    }

    #[test]
    fn what_operators_write_is_taken() {
        for (variable, value) in [
            (
                "HOSTS",
                "[\"smp.example.org\", \"abc.onion\", \"2001:db8::1\"]",
            ),
            ("CREATE_PASSWORD", "s3cret-._~!"),
            ("DAILY_BLOCK_QUOTA", "-1"),
            ("CONNECTIONS__END_INTERVAL", "5ms"),
            ("CONNECTIONS__IDLE_TIMEOUT", "0"),
            ("QUEUES__MESSAGE_LIFETIME", "250ms"),
            ("STATISTICS__COLUMNS", "2022"),
            ("PROXY__ALLOW", "[\"example.org\", \"192.0.2.0/24\"]"),
            ("PROXY__SOCKS_PROXY", "user:password@[::1]:9050"),
            ("PROXY__HOST_MODE", "onion"),
        ] {
            assert_eq!(refusal(variable, value), None, "{variable}");
        }
    }
}
