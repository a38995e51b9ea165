//! What was made, and what is to be done next.

use std::path::PathBuf;

use relay_sogs::config::BaseUrl;
use serde::Serialize;

use super::identity::Identities;
use super::owner;
use super::place::{Place, Written};
use super::wanted::Wanted;
use super::web::Certificate;
use crate::commands::smp::qr;
use crate::output::{Output, harmless};

/// What was made.
#[derive(Serialize)]
pub(super) struct Done {
    config: PathBuf,
    written: Written,
    data_dir: PathBuf,
    sogs: Option<Sogs>,
    smp: Option<Smp>,
    web: Option<Web>,
    /// One line each.
    next: Vec<String>,
}

#[derive(Serialize)]
struct Sogs {
    base_url: Option<String>,
    public_key: String,
    listen: Vec<String>,
}

#[derive(Serialize)]
struct Smp {
    address: String,
    public_address: String,
    fingerprint: String,
    has_hosts: bool,
    listen: Vec<String>,
    ca_key: PathBuf,
}

#[derive(Serialize)]
struct Web {
    listen: Vec<String>,
    tls_listen: Vec<String>,
    /// Hosts whose certificate is had by itself.
    acme_hosts: Vec<String>,
}

impl Done {
    pub(super) fn new(
        wanted: &Wanted,
        identities: &Identities,
        place: &Place,
        written: Written,
    ) -> Self {
        let sogs = wanted.sogs.as_ref().zip(identities.sogs.as_ref());
        let smp = wanted.smp.as_ref().zip(identities.smp.as_ref());
        let mut done = Self {
            config: place.file(),
            written,
            data_dir: wanted.data_dir.clone(),
            sogs: sogs.map(|(sogs, key)| Sogs {
                base_url: sogs.base_url.as_ref().map(BaseUrl::to_string),
                public_key: key.clone(),
                listen: sogs.listen.clone(),
            }),
            smp: smp.map(|(smp, (address, folder))| Smp {
                address: address.address.clone(),
                public_address: address.public_address.clone(),
                fingerprint: address.fingerprint.clone(),
                has_hosts: address.has_hosts,
                listen: smp.listen.clone(),
                ca_key: folder.path().join("ca.key"),
            }),
            web: wanted.web.as_ref().map(|web| Web {
                listen: web.listen.clone(),
                tls_listen: web.tls_listen.clone(),
                acme_hosts: match &web.certificate {
                    Certificate::Acme { hosts, .. } => hosts.clone(),
                    Certificate::Files { .. } => Vec::new(),
                },
            }),
            next: Vec::new(),
        };
        done.next = done.steps(place);
        done
    }

    fn steps(&self, place: &Place) -> Vec<String> {
        let mut steps = Vec::new();
        if self.written == Written::Beside {
            steps.push(format!(
                "compare {} with {} and move it over, or leave it",
                place.beside("new").display(),
                self.config.display()
            ));
        }
        steps.extend(self.names());
        steps.extend(self.firewall());
        match &self.web {
            None => steps.extend(self.sogs.as_ref().and_then(proxy)),
            Some(web) => steps.extend(web.names()),
        }
        steps.extend(self.ca_key());
        steps.push(self.start(place));
        if self.sogs.is_some() {
            steps.push(
                "make a room: relayctl sogs room add lounge; its link: relayctl sogs url --qr"
                    .to_owned(),
            );
        }
        steps.push("see that everything can be reached: relayctl doctor".to_owned());
        steps
    }

    fn names(&self) -> Option<String> {
        let no_url = self
            .sogs
            .as_ref()
            .is_some_and(|sogs| sogs.base_url.is_none());
        let no_hosts = self.smp.as_ref().is_some_and(|smp| !smp.has_hosts);
        let missing = match (no_url, no_hosts) {
            (false, false) => return None,
            (true, false) => "sogs.base_url",
            (false, true) => "smp.hosts",
            (true, true) => "sogs.base_url and smp.hosts",
        };
        Some(format!(
            "set {missing} in {}: until then only this machine finds the relay",
            self.config.display()
        ))
    }

    /// Ports that others have to get at.
    fn firewall(&self) -> Option<String> {
        let open = self.listens().filter(|listen| is_public(listen));
        let mut ports: Vec<&str> = open.filter_map(|listen| port(listen)).collect();
        if self.sogs.as_ref().is_some_and(Sogs::is_https) {
            ports.push("443");
        }
        ports.sort_by_key(|port| port.parse::<u16>().ok());
        ports.dedup();
        let ports: Vec<_> = ports.iter().map(|port| format!("{port}/tcp")).collect();
        (!ports.is_empty()).then(|| format!("open in the firewall: {}", ports.join(", ")))
    }

    /// The unit of systemd may not bind ports below 1024 itself.
    fn start(&self, place: &Place) -> String {
        if !place.is_of_system() {
            return format!("start: relayd --config {}", place.file().display());
        }
        if owner::user().is_none() {
            return "start: relayd".to_owned();
        }
        let ports: Vec<_> = self.listens().filter_map(|listen| port(listen)).collect();
        let sockets = [("80", "relayd-http.socket"), ("443", "relayd-https.socket")];
        let sockets = sockets.into_iter().filter(|(port, _)| ports.contains(port));
        let units: String = sockets.map(|(_, unit)| unit.to_owned() + " ").collect();
        let first = if units.is_empty() {
            ""
        } else {
            "systemctl stop relayd; "
        };
        format!("start: {first}systemctl enable --now {units}relayd")
    }

    /// Everything that is listened on.
    fn listens(&self) -> impl Iterator<Item = &String> {
        let web = self.web.iter();
        let web = web.flat_map(|web| web.listen.iter().chain(&web.tls_listen));
        let sogs = self.sogs.iter().flat_map(|sogs| &sogs.listen);
        let smp = self.smp.iter().flat_map(|smp| &smp.listen);
        web.chain(sogs).chain(smp)
    }

    fn ca_key(&self) -> Option<String> {
        let key = &self.smp.as_ref()?.ca_key;
        key.exists().then(|| {
            format!(
                "move {} to a safe place off this server: who has it can pose as your SMP relay, and it is needed only for `relayctl smp cert rotate`",
                key.display()
            )
        })
    }

    pub(super) fn text(&self, output: Output) -> String {
        let file = self.config.display();
        let mut lines = vec![match self.written {
            Written::New => format!("wrote {file}"),
            Written::Unchanged => format!("{file} says all of this already; it stays as it is"),
            Written::Replaced => format!("wrote {file}; the one before is {file}.old"),
            Written::Beside => format!("{file} differs and stays as it is; wrote {file}.new"),
        }];
        lines.push(format!("keys and data are in {}", self.data_dir.display()));
        lines.extend(self.sogs.iter().map(|sogs| sogs.text(output)));
        lines.extend(self.smp.iter().map(|smp| smp.text(output)));
        lines.push("\nNext:".to_owned());
        let steps = self.next.iter().zip(1..);
        lines.extend(steps.map(|(step, number)| format!("  {number}. {}", harmless(step))));
        lines.join("\n")
    }
}

impl Sogs {
    fn is_https(&self) -> bool {
        let url = self.base_url.as_deref();
        url.is_some_and(|url| url.starts_with("https://"))
    }

    fn text(&self, output: Output) -> String {
        let Some(url) = &self.base_url else {
            return format!("\nSession (SOGS)\n  public key {}", self.public_key);
        };
        let code = code(url, output);
        format!(
            "\nSession (SOGS): the page with your rooms\n{code}  {url}\n  links of rooms: {url}/ROOM?public_key={}",
            self.public_key
        )
    }
}

impl Web {
    fn names(&self) -> Option<String> {
        let hosts = self.acme_hosts.join(", ");
        (!hosts.is_empty()).then(|| {
            format!("see that these names lead to this server, or there is no certificate for them: {hosts}")
        })
    }
}

impl Smp {
    fn text(&self, output: Output) -> String {
        let code = if self.has_hosts {
            code(&self.address, output)
        } else {
            String::new()
        };
        format!(
            "\nSimpleX (SMP): to be added in the apps, under network and servers\n{code}  {}",
            self.address
        )
    }
}

/// With a line feed; nothing if it does not fit into a code.
fn code(text: &str, output: Output) -> String {
    qr::draw(text, output).map_or_else(|_| String::new(), |code| format!("{code}\n"))
}

fn proxy(sogs: &Sogs) -> Option<String> {
    let listen = sogs.listen.first()?;
    sogs.is_https().then(|| {
        format!(
            "have the web server that has the certificate pass {} on to http://{listen}",
            sogs.base_url.as_deref().unwrap_or_default()
        )
    })
}

fn is_public(listen: &str) -> bool {
    let is_local = ["127.", "[::1]", "localhost", "unix:"];
    !is_local.iter().any(|local| listen.starts_with(local))
}

fn port(listen: &str) -> Option<&str> {
    Some(listen.rsplit_once(':')?.1)
}
