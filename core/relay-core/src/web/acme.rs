//! A certificate that is had from an authority and renewed by itself (ACME, RFC 8555).
//!
//! - Renewed when two thirds of its life are over, and when it lacks a host that is configured.
//! - The old one stays in use until there is a new one. After a failure the next try waits, longer
//!   each time; an operator who runs the worker does not wait.
//! - Account and certificate are kept in `acme` in the data dir, so they are part of backups.

mod courier;
mod folder;
mod order;
mod tokens;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use self::courier::Courier;
pub(super) use self::courier::is_this_machine;
use self::folder::Folder;
pub(crate) use self::tokens::Tokens;
use super::certificate::{CertificateFacts, Certificates, Source};
use super::settings::{AcmeSettings, Challenge, WebSettings};
use crate::clock::{SharedClock, UnixTime};
use crate::failure::Failure;
use crate::net::certified_key;
use crate::worker::JobOutcome;

/// Its folder in the data dir.
pub(crate) const FOLDER: &str = "acme";

/// After the first failure; then twice as long each time, up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_mins(2);
const LONGEST_WAIT: Duration = Duration::from_hours(6);
/// Longer than any authority takes to look at a few hosts.
const PATIENCE: Duration = Duration::from_mins(5);

/// Has and renews the certificate.
#[derive(Debug)]
pub(crate) struct Acme {
    settings: AcmeSettings,
    challenge: Challenge,
    folder: Folder,
    courier: Courier,
    certificates: Arc<Certificates>,
    tokens: Arc<Tokens>,
    clock: SharedClock,
    trouble: Mutex<Trouble>,
}

/// Failures in a row, and what follows from them.
#[derive(Clone, Debug, Default)]
struct Trouble {
    failures: u32,
    wait_until: UnixTime,
    /// When it was last looked.
    looked: Option<UnixTime>,
    last: String,
}

impl Acme {
    /// Whether what the settings name can be used.
    pub(crate) fn check(settings: &AcmeSettings) -> Result<(), Failure> {
        if settings.enabled {
            courier(settings)?;
        }
        Ok(())
    }

    /// Shows the certificate had before, if there is one.
    pub(crate) fn start(
        settings: &WebSettings,
        data_dir: &Path,
        certificates: Arc<Certificates>,
        clock: SharedClock,
    ) -> Result<Self, Failure> {
        let acme = Self {
            challenge: settings.challenge(),
            settings: settings.acme.clone(),
            folder: Folder::at(data_dir.join(FOLDER)),
            courier: courier(&settings.acme)?,
            certificates,
            tokens: Arc::default(),
            clock,
            trouble: Mutex::default(),
        };
        acme.show_former();
        Ok(acme)
    }

    /// What the authority may ask for over HTTP.
    pub(crate) fn tokens(&self) -> Arc<Tokens> {
        Arc::clone(&self.tokens)
    }

    /// Whether there is no certificate that will do for a while.
    pub(crate) fn is_due(&self) -> bool {
        is_due(
            &self.certificates.facts(),
            &self.settings.hosts,
            self.clock.now(),
        )
    }

    /// Has a certificate if one is due. `every` is how often this is called; who calls earlier is
    /// an operator.
    pub(crate) async fn tend(&self, every: Duration) -> JobOutcome {
        let now = self.clock.now();
        let scheduled = self.looks(now, every);
        if !self.is_due() {
            let until = self.certificates.facts().not_after;
            return Ok(format!("the certificate is good until {}", date(until)));
        }
        let trouble = self.trouble().clone();
        if scheduled && now < trouble.wait_until {
            let (count, next) = (trouble.failures, date(trouble.wait_until));
            let last = trouble.last;
            return Ok(format!(
                "failed {count} times, next try at {next}; the last: {last}"
            ));
        }
        let order = tokio::time::timeout(PATIENCE, self.order());
        let outcome = order
            .await
            .unwrap_or_else(|_| Err("the authority takes too long".into()));
        self.record(&outcome);
        outcome
    }

    async fn order(&self) -> JobOutcome {
        let pem = order::certificate(self).await?;
        let candidate = self.folder.write_candidate(&pem)?;
        let identity = certified_key(&candidate, &candidate)?;
        self.folder.keep_candidate()?;
        self.certificates.show(Source::Acme, identity)?;
        let until = date(self.certificates.facts().not_after);
        tracing::info!("a new web certificate is in use, good until {until}");
        Ok(format!("a new certificate, good until {until}"))
    }

    fn show_former(&self) {
        let path = self.folder.certificate();
        if !path.exists() {
            return;
        }
        let former = certified_key(&path, &path);
        if let Err(error) =
            former.and_then(|identity| self.certificates.show(Source::Acme, identity))
        {
            tracing::warn!("{error}; a new certificate will be had");
        }
    }

    /// Whether this look is one of those in turn.
    fn looks(&self, now: UnixTime, every: Duration) -> bool {
        let former = self.trouble().looked.replace(now);
        former.is_none_or(|former| now.since(former) >= every)
    }

    fn record(&self, outcome: &JobOutcome) {
        let now = self.clock.now();
        let mut trouble = self.trouble();
        trouble.looked = Some(now);
        match outcome {
            Ok(_) => {
                trouble.failures = 0;
                trouble.wait_until = now;
            }
            Err(error) => {
                let wait = wait_after(trouble.failures);
                trouble.failures = trouble.failures.saturating_add(1);
                trouble.wait_until = now.plus(wait);
                trouble.last = error.to_string();
            }
        }
    }

    fn trouble(&self) -> std::sync::MutexGuard<'_, Trouble> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn courier(settings: &AcmeSettings) -> Result<Courier, Failure> {
    let courier = Courier::new(settings.root.as_deref());
    courier.map_err(|error| Failure::Usage(format!("web.acme.root: {error}")))
}

fn is_due(facts: &CertificateFacts, hosts: &[String], now: UnixTime) -> bool {
    let life = facts.not_after.since(facts.not_before);
    facts.source == Source::SelfSigned
        || !hosts.iter().all(|host| facts.covers(host))
        || now >= facts.not_before.plus(life / 3 * 2)
}

fn wait_after(failures: u32) -> Duration {
    let factor = 2_u32.saturating_pow(failures.min(16));
    FIRST_WAIT.saturating_mul(factor).min(LONGEST_WAIT)
}

/// As people read it, in UTC.
fn date(time: UnixTime) -> String {
    let shown = jiff::Timestamp::from_second(time.secs());
    shown.map_or_else(|_| "the end of time".to_owned(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::TestClock;
    use crate::telemetry::metrics::Metrics;
    use crate::web::metrics::WebMetrics;

    const DAY: Duration = Duration::from_hours(24);

    #[test]
    fn due_after_two_thirds_of_its_life_or_without_a_host() {
        let born = UnixTime::from_secs(1_790_000_000);
        let facts = CertificateFacts {
            source: Source::Acme,
            names: vec!["a.example".to_owned(), "b.example".to_owned()],
            not_before: born,
            not_after: born.plus(DAY * 90),
        };
        let hosts = |names: &[&str]| {
            names
                .iter()
                .map(|&name| name.to_owned())
                .collect::<Vec<_>>()
        };
        let both = hosts(&["b.example", "a.example"]);
        assert!(!is_due(&facts, &both, born.plus(DAY * 59)));
        assert!(is_due(&facts, &both, born.plus(DAY * 60)));
        assert!(is_due(&facts, &both, born.plus(DAY * 200)));
        assert!(!is_due(&facts, &both[..1], born));
        assert!(is_due(&facts, &hosts(&["c.example"]), born));
        let self_signed = CertificateFacts {
            source: Source::SelfSigned,
            ..facts
        };
        assert!(is_due(&self_signed, &both, born));
    }

    #[test]
    fn waits_grow_and_end_growing() {
        let minutes = |failures| wait_after(failures).as_secs() / 60;
        assert_eq!([0, 1, 2].map(minutes), [2, 4, 8]);
        assert_eq!([8, 40, u32::MAX].map(minutes), [360, 360, 360]);
    }

    /// One whose authority is never there.
    fn lonely(clock: &TestClock, data_dir: &Path) -> Acme {
        let mut settings = WebSettings::default();
        settings.acme.enabled = true;
        // Port 0 takes no connections.
        settings.acme.directory = "http://127.0.0.1:0/directory".to_owned();
        settings.acme.hosts = vec!["a.example".to_owned()];
        let metrics = WebMetrics::new(&Metrics::new());
        let certificates = Certificates::new(&settings.acme.hosts, metrics).unwrap();
        let clock = Arc::new(clock.clone());
        Acme::start(&settings, data_dir, Arc::new(certificates), clock).unwrap()
    }

    #[tokio::test]
    async fn after_a_failure_its_turn_is_waited_for_unless_an_operator_asks() {
        let clock = TestClock::at(UnixTime::from_secs(1_790_000_000));
        let dir = tempfile::tempdir().unwrap();
        let acme = lonely(&clock, dir.path());
        let minute = Duration::from_mins(1);
        let tried = async |pass: Duration| {
            clock.advance(pass);
            acme.tend(minute).await.is_err()
        };
        assert!(tried(minute).await);
        assert!(!tried(minute).await, "it waits for two minutes");
        assert!(tried(minute).await);
        assert!(!tried(minute).await, "it waits for four minutes");
        assert!(tried(minute / 2).await, "before its turn: an operator");
        for _ in 0..7 {
            assert!(!tried(minute).await, "it waits for eight minutes");
        }
        assert!(tried(minute).await);
        let waits = acme.tend(minute).await;
        assert!(waits.is_err(), "asked for twice");
    }

    #[test]
    fn dates_are_readable() {
        assert_eq!(date(UnixTime::from_secs(0)), "1970-01-01T00:00:00Z");
        assert_eq!(date(UnixTime::from_millis(i64::MAX)), "the end of time");
    }
}
