//! Whether this server itself answers the web ports 80 and 443, and with which certificate.

use std::net::IpAddr;

use relay_core::web::settings::WebSettings;
use relay_sogs::config::BaseUrl;

use super::ask::Asker;
use super::place::Existing;
use super::wanted::{Smp, Sogs, everywhere};
use crate::cli::Init;
use crate::failure::Failure;

/// Where SOGS listens when all come to it over the web ports.
const BEHIND: &str = "127.0.0.1:8080";

const EXPLANATION: &str = "\
Whether this server itself answers web ports 80 and 443: pages of the relays, HTTPS with a certificate it has\n\
and renews by itself (from Let's Encrypt, whose terms of service you then accept), and SMP on port 443. Say no\n\
where a web server has these ports, or will.";

/// The `[web]` section.
#[derive(Clone, Debug)]
pub(super) struct Web {
    pub(super) listen: Vec<String>,
    pub(super) tls_listen: Vec<String>,
    pub(super) certificate: Certificate,
}

/// Where the certificate comes from.
#[derive(Clone, Debug)]
pub(super) enum Certificate {
    /// From an authority, by itself.
    Acme {
        hosts: Vec<String>,
        contact: Vec<String>,
    },
    /// From files of the operator.
    Files { certificate: String, key: String },
}

/// What there is stays; else it is as flags and answers say.
pub(super) fn find(
    init: &Init,
    existing: &Existing,
    (sogs, smp): (Option<&Sogs>, Option<&Smp>),
    asker: &mut Asker,
) -> Result<Option<Web>, Failure> {
    if let Some(web) = existing.web().and_then(Web::of) {
        return Ok(Some(web));
    }
    let hosts = hosts(sogs, smp);
    if hosts.is_empty() {
        let reason = "--web-ports needs a certificate, and that a host name like chat.example.org: say one with --sogs-url or --smp-host";
        return if init.web_ports {
            Err(Failure::Usage(reason.to_owned()))
        } else {
            Ok(None)
        };
    }
    if !init.web_ports {
        asker.explain(EXPLANATION);
        if !asker.confirm("Web ports", false)? {
            return Ok(None);
        }
    }
    let contact = match &*init.acme_contact {
        [] => asker.ask("E-mail for the authority, which may be empty", "", mails)?,
        said => mails(&said.join(",")).map_err(Failure::Usage)?,
    };
    let at = |port| vec![format!("{}:{port}", everywhere())];
    Ok(Some(Web {
        listen: at(80),
        tls_listen: at(443),
        certificate: Certificate::Acme { hosts, contact },
    }))
}

/// Hosts that an authority can give a certificate for.
fn hosts(sogs: Option<&Sogs>, smp: Option<&Smp>) -> Vec<String> {
    let url = sogs.and_then(|sogs| sogs.base_url.as_ref());
    let smp = smp.into_iter().flat_map(|smp| smp.hosts.iter());
    let smp = smp.map(|host| host.to_ascii_lowercase());
    let all = url.map(BaseUrl::host).into_iter().chain(smp);
    let mut hosts: Vec<String> = Vec::new();
    for host in all.filter(|host| is_public_name(host)) {
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    hosts
}

fn is_public_name(host: &str) -> bool {
    let is_address = host.starts_with('[') || host.parse::<IpAddr>().is_ok();
    let is_private = [".onion", ".local", ".localdomain", ".internal"]
        .iter()
        .any(|end| host.ends_with(end));
    host.contains('.') && !is_address && !is_private
}

fn mails(answer: &str) -> Result<Vec<String>, String> {
    let all = answer.split([',', ' ']).filter(|mail| !mail.is_empty());
    let checked = all.map(|mail| match mail.split_once('@') {
        Some((name, host)) if !name.is_empty() && host.contains('.') => Ok(mail.to_owned()),
        _ => Err(format!("`{mail}` is not an e-mail address")),
    });
    checked.collect()
}

impl Web {
    /// What is configured, if it is HTTPS.
    fn of(settings: &WebSettings) -> Option<Self> {
        let certificate = if settings.acme.enabled {
            Certificate::Acme {
                hosts: settings.acme.hosts.clone(),
                contact: settings.acme.contact.clone(),
            }
        } else {
            Certificate::Files {
                certificate: settings.certificate.as_ref()?.display().to_string(),
                key: settings.key.as_ref()?.display().to_string(),
            }
        };
        let tls_listen: Vec<_> = settings
            .tls_listen
            .iter()
            .map(ToString::to_string)
            .collect();
        (!tls_listen.is_empty()).then(|| Self {
            listen: settings.listen.iter().map(ToString::to_string).collect(),
            tls_listen,
            certificate,
        })
    }

    /// Leaves it the ports it takes: apps come to SOGS over these.
    pub(super) fn takes_ports_of(&self, sogs: &mut Sogs) {
        let port = |listen: &str| listen.rsplit_once(':').map(|(_, port)| port.to_owned());
        let own = self.listen.iter().chain(&self.tls_listen);
        let own: Vec<_> = own.filter_map(|listen| port(listen)).collect();
        sogs.listen
            .retain(|listen| port(listen).is_none_or(|port| !own.contains(&port)));
        if sogs.listen.is_empty() {
            sogs.listen.push(BEHIND.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_for_names_only() {
        let smp = Smp {
            hosts: [
                "SMP.example.org",
                "192.0.2.1",
                "a.onion",
                "localhost",
                "chat.example.org",
            ]
            .map(str::to_owned)
            .to_vec(),
            listen: Vec::new(),
            password: None,
        };
        let sogs = Sogs {
            base_url: Some("http://chat.example.org:8080".parse().expect("a URL")),
            listen: Vec::new(),
        };
        assert_eq!(
            hosts(Some(&sogs), Some(&smp)),
            ["chat.example.org", "smp.example.org"]
        );
    }

    #[test]
    fn ports_are_taken_once() {
        let web = Web {
            listen: vec!["[::]:80".to_owned()],
            tls_listen: vec!["[::]:443".to_owned()],
            certificate: Certificate::Acme {
                hosts: Vec::new(),
                contact: Vec::new(),
            },
        };
        for (listen, left) in [("[::]:80", BEHIND), ("[::]:8000", "[::]:8000")] {
            let mut sogs = Sogs {
                base_url: None,
                listen: vec![listen.to_owned()],
            };
            web.takes_ports_of(&mut sogs);
            assert_eq!(sogs.listen, [left]);
        }
    }
}
