//! What fits its type in `[web]` and still makes no sense.

use std::net::IpAddr;
use std::path::PathBuf;

use axum::http::Uri;
use relay_config::{ConfigError, Loaded};

use super::{Challenge, ChallengeKind, WebSettings};
use crate::web::acme::is_this_machine;

/// A key of the section, and why its value cannot be.
type Problem = (&'static str, String);

impl WebSettings {
    /// Refuses what makes no sense.
    pub(crate) fn check(&self, config: &Loaded) -> Result<(), ConfigError> {
        match self.problem() {
            None => Ok(()),
            Some((key, reason)) => Err(config.error_at(&format!("web.{key}"), reason)),
        }
    }

    /// Certificate chain and key, where they are files.
    pub(crate) fn files(&self) -> Option<(PathBuf, PathBuf)> {
        self.certificate.clone().zip(self.key.clone())
    }

    /// How an authority is shown that hosts are ours.
    pub(crate) fn challenge(&self) -> Challenge {
        match self.acme.challenge {
            ChallengeKind::TlsAlpn01 => Challenge::TlsAlpn01,
            ChallengeKind::Any if self.listen.is_empty() => Challenge::TlsAlpn01,
            ChallengeKind::Any | ChallengeKind::Http01 => Challenge::Http01,
        }
    }

    fn problem(&self) -> Option<Problem> {
        self.certificate_problem()
            .or_else(|| self.acme.enabled.then(|| self.acme_problem()).flatten())
    }

    fn certificate_problem(&self) -> Option<Problem> {
        let says = |key, reason: &str| Some((key, reason.to_owned()));
        match (&self.certificate, &self.key) {
            (Some(_), None) => return says("certificate", "needs web.key beside it"),
            (None, Some(_)) => return says("key", "needs web.certificate beside it"),
            (Some(_), Some(_)) if self.acme.enabled => {
                let reason = "there is a certificate already; take out web.certificate and web.key, or switch this off";
                return says("acme.enabled", reason);
            }
            (Some(_), Some(_)) => return None,
            (None, None) => {}
        }
        if self.tls_listen.is_empty() || self.acme.enabled {
            return None;
        }
        let reason = "needs a certificate: set web.certificate and web.key, or web.acme.enabled and web.acme.hosts";
        says("tls_listen", reason)
    }

    fn acme_problem(&self) -> Option<Problem> {
        let says = |key, reason: &str| Some((key, reason.to_owned()));
        if self.tls_listen.is_empty() {
            return says("acme.enabled", "is for HTTPS: set web.tls_listen too");
        }
        if self.challenge() == Challenge::Http01 && self.listen.is_empty() {
            return says("acme.challenge", "http-01 needs web.listen");
        }
        self.acme.directory_problem().or_else(|| {
            let hosts = &self.acme.hosts;
            if hosts.is_empty() {
                return says("acme.hosts", "name the hosts the certificate is for");
            }
            let wrong = hosts.iter().find(|host| !is_host(host));
            wrong.map(|host| {
                let reason = format!("`{host}` is not a host name like www.example.org, in lower case; IP addresses and wildcards cannot be had this way");
                ("acme.hosts", reason)
            })
        })
    }
}

impl super::AcmeSettings {
    fn directory_problem(&self) -> Option<Problem> {
        let uri = self.directory.parse::<Uri>().ok();
        let known = uri.is_some_and(|uri| match (uri.scheme_str(), uri.host()) {
            (Some("https"), Some(_)) => true,
            (Some("http"), Some(host)) => is_this_machine(host),
            _ => false,
        });
        if !known {
            let reason = "must be a URL like https://acme-v02.api.letsencrypt.org/directory; http:// is for this machine only";
            return Some(("acme.directory", reason.to_owned()));
        }
        let wrong = self.contact.iter().find(|address| !is_mail(address));
        wrong.map(|address| {
            let reason = format!("`{address}` is not an e-mail address");
            ("acme.contact", reason)
        })
    }
}

fn is_mail(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    plain
        && matches!(text.split_once('@'), Some((name, host)) if !name.is_empty() && host.contains('.'))
}

fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        (1..=63).contains(&label.len())
            && label.bytes().all(plain)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253
        && text.contains('.')
        && text.split('.').all(label)
        && text.parse::<IpAddr>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::ListenAddr;

    fn refused(change: impl FnOnce(&mut WebSettings)) -> Option<&'static str> {
        let mut settings = WebSettings::default();
        let at = |port: u16| vec![ListenAddr::Tcp(([127, 0, 0, 1], port).into())];
        settings.listen = at(80).into();
        settings.tls_listen = at(443).into();
        settings.acme.enabled = true;
        settings.acme.hosts = vec!["www.example.org".to_owned()];
        change(&mut settings);
        settings.problem().map(|(key, _)| key)
    }

    #[test]
    fn the_defaults_make_sense_and_so_does_what_operators_write() {
        assert_eq!(WebSettings::default().problem(), None);
        assert_eq!(refused(|_| {}), None);
        assert_eq!(refused(|web| web.listen = Vec::new().into()), None);
        assert_eq!(
            refused(|web| web.acme.directory = "http://[::1]:14000/dir".into()),
            None
        );
        assert_eq!(
            refused(|web| web.acme.contact = vec!["a@example.org".into()]),
            None
        );
    }

    #[test]
    fn what_cannot_work_is_refused() {
        type Change = fn(&mut WebSettings);
        let cases: [(Change, &str); 10] = [
            (|web| web.acme.enabled = false, "tls_listen"),
            (|web| web.key = Some("a.key".into()), "key"),
            (|web| web.certificate = Some("a.crt".into()), "certificate"),
            (
                |web| (web.certificate, web.key) = (Some("a.crt".into()), Some("a.key".into())),
                "acme.enabled",
            ),
            (|web| web.tls_listen = Vec::new().into(), "acme.enabled"),
            (|web| web.acme.hosts = Vec::new(), "acme.hosts"),
            (
                |web| web.acme.hosts = vec!["192.0.2.1".into()],
                "acme.hosts",
            ),
            (
                |web| web.acme.hosts = vec!["*.example.org".into()],
                "acme.hosts",
            ),
            (
                |web| web.acme.directory = "http://acme.example/".into(),
                "acme.directory",
            ),
            (
                |web| {
                    web.listen = Vec::new().into();
                    web.acme.challenge = ChallengeKind::Http01;
                },
                "acme.challenge",
            ),
        ];
        for (change, key) in cases {
            assert_eq!(refused(change), Some(key));
        }
        assert_eq!(
            refused(|web| web.acme.contact = vec!["nobody".into()]),
            Some("acme.contact")
        );
    }
}
