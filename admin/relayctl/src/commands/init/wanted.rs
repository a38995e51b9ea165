//! What is wanted: from flags, else from a configuration that is there, else from answers, for
//! which the same and the defaults are proposed.

use std::path::{Path, PathBuf};

use relay_core::entropy::Entropy;
use relay_core::lifecycle::owners;
use relay_smp::wire::{Address, to_base64url};
use relay_sogs::config::BaseUrl;
use relay_storage::{Database, DatabaseUrl, StorageOptions};

use super::ask::Asker;
use super::place::{Existing, Place};
use super::web::{self, Web};
use crate::cli::{Init, Password, Relay};
use crate::failure::Failure;

/// Everything that goes into the configuration.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) data_dir: PathBuf,
    /// As `storage.url` has it.
    pub(super) database: String,
    pub(super) sogs: Option<Sogs>,
    pub(super) smp: Option<Smp>,
    pub(super) web: Option<Web>,
}

#[derive(Debug)]
pub(super) struct Sogs {
    /// `None` leaves it to be guessed at start.
    pub(super) base_url: Option<BaseUrl>,
    pub(super) listen: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Smp {
    pub(super) hosts: Vec<String>,
    pub(super) listen: Vec<String>,
    pub(super) password: Option<String>,
}

/// Bytes of a password that is made.
const PASSWORD: usize = 24;

impl Wanted {
    pub(super) async fn find(
        init: Init,
        place: &Place,
        asker: &mut Asker,
    ) -> Result<Self, Failure> {
        let existing = Existing::read(place)?;
        asker.explain("relayctl init makes a configuration and the keys of your relays. Enter takes what stands in [ ].");
        let relays = relays(&init, &existing, asker)?;
        let has = |relay| relays.contains(&relay);
        let name = host_name();
        let mut sogs = if has(Relay::Sogs) {
            Some(sogs(&init, &existing, name.as_deref(), asker)?)
        } else {
            None
        };
        let smp = if has(Relay::Smp) {
            Some(smp(&init, &existing, name.as_deref(), asker)?)
        } else {
            None
        };
        let web = web::find(&init, &existing, (sogs.as_ref(), smp.as_ref()), asker)?;
        if let (Some(web), Some(sogs)) = (&web, &mut sogs) {
            web.takes_ports_of(sogs);
        }
        let data_dir = data_dir(&init, &existing, place, asker)?;
        Ok(Self {
            database: database(&init, &existing, &data_dir, asker).await?,
            data_dir,
            sogs,
            smp,
            web,
        })
    }
}

fn relays(init: &Init, existing: &Existing, asker: &mut Asker) -> Result<Vec<Relay>, Failure> {
    if let Some(relays) = &init.relays {
        return Ok(relays.clone());
    }
    let proposed = match (existing.runs_sogs(), existing.runs_smp()) {
        (true, false) => "sogs",
        (false, true) => "smp",
        _ => "both",
    };
    asker.explain("Which relays: sogs (communities of Session), smp (queues of SimpleX), or both?");
    asker.ask("Relays", proposed, |answer| match answer {
        "both" | "sogs,smp" | "smp,sogs" => Ok(vec![Relay::Sogs, Relay::Smp]),
        "sogs" => Ok(vec![Relay::Sogs]),
        "smp" => Ok(vec![Relay::Smp]),
        _ => Err("answer sogs, smp or both".to_owned()),
    })
}

fn sogs(
    init: &Init,
    existing: &Existing,
    name: Option<&str>,
    asker: &mut Asker,
) -> Result<Sogs, Failure> {
    let known = existing.base_url();
    let base_url = match &init.sogs_url {
        Some(url) => Some(url.clone()),
        None => {
            let guess = || name.map(|name| format!("http://{name}"));
            let proposed = known.clone().map(|url| url.to_string());
            let proposed = proposed.or_else(guess).unwrap_or_default();
            asker.explain(
                "The URL under which Session apps reach the Session Open Group Server. http:// is enough: what\n\
                 they send is encrypted already. For https:// relayd has a certificate, or a web server passes it on.",
            );
            asker.ask("URL of SOGS", &proposed, |answer| match answer {
                "" => Ok(None),
                url => url
                    .parse::<BaseUrl>()
                    .map(Some)
                    .map_err(|error| error.to_string()),
            })?
        }
    };
    let is_as_before = base_url == known && existing.is_there();
    let listen = if is_as_before {
        existing.sogs_listen()
    } else {
        vec![sogs_listen(base_url.as_ref())]
    };
    Ok(Sogs { base_url, listen })
}

/// Plain HTTP is served to everybody, HTTPS by a web server on this machine.
fn sogs_listen(base_url: Option<&BaseUrl>) -> String {
    let host_and_port = base_url.and_then(|url| url.as_str().strip_prefix("http://"));
    let Some(host_and_port) = host_and_port else {
        return "127.0.0.1:8080".to_owned();
    };
    let port = match host_and_port.rsplit_once(':') {
        Some((_, port)) if !port.ends_with(']') => port,
        _ => "80",
    };
    format!("{}:{port}", everywhere())
}

/// Both families, unless this machine has no IPv6.
pub(super) fn everywhere() -> &'static str {
    match std::net::TcpListener::bind("[::]:0") {
        Ok(_) => "[::]",
        Err(_) => "0.0.0.0",
    }
}

fn smp(
    init: &Init,
    existing: &Existing,
    name: Option<&str>,
    asker: &mut Asker,
) -> Result<Smp, Failure> {
    let hosts = if init.smp_hosts.is_empty() {
        let known = existing.smp_hosts().join(", ");
        let proposed = match (known.as_str(), name) {
            ("", Some(name)) => name,
            (known, _) => known,
        };
        asker.explain(
            "The names (or addresses) under which SimpleX apps reach the SMP relay, the one to show first.",
        );
        asker.ask("Hosts of SMP", proposed, hosts)?
    } else {
        hosts(&init.smp_hosts.join(",")).map_err(Failure::Usage)?
    };
    let listen = if existing.is_there() && existing.runs_smp() {
        existing.smp_listen()
    } else {
        vec![format!("{}:5223", everywhere())]
    };
    Ok(Smp {
        hosts,
        listen,
        password: password(init, existing, asker)?,
    })
}

fn hosts(answer: &str) -> Result<Vec<String>, String> {
    let hosts = answer.split([',', ' ']).filter(|host| !host.is_empty());
    let checked = hosts.map(|host| {
        if Address::is_host(host) {
            Ok(host.to_owned())
        } else {
            Err(format!(
                "`{host}` is no host like smp.example.org, without a port"
            ))
        }
    });
    checked.collect()
}

fn password(
    init: &Init,
    existing: &Existing,
    asker: &mut Asker,
) -> Result<Option<String>, Failure> {
    let known = existing.smp_password();
    let way = match &init.smp_password {
        Some(way) => way.clone(),
        None => {
            let proposed = match (existing.runs_smp() && existing.is_there(), &known) {
                (false, _) => "generate",
                (true, None) => "none",
                (true, Some(_)) => "keep",
            };
            asker.explain(
                "Who may create queues on the SMP relay: whoever has its address with a password (generate one, or\n\
                 type your own), or everybody (none).",
            );
            let keep = known.clone();
            asker.ask("Password of SMP", proposed, |answer| match &keep {
                Some(known) if answer == "keep" => Ok(Password::Own(known.clone())),
                _ => answer.parse::<Password>(),
            })?
        }
    };
    match way {
        Password::None => Ok(None),
        Password::Own(text) => Ok(Some(text)),
        Password::Generate => {
            let entropy = Entropy::system().map_err(|e| Failure::Refused(e.to_string()))?;
            Ok(Some(to_base64url(&entropy.bytes::<PASSWORD>())))
        }
    }
}

fn data_dir(
    init: &Init,
    existing: &Existing,
    place: &Place,
    asker: &mut Asker,
) -> Result<PathBuf, Failure> {
    if let Some(dir) = &init.data_dir {
        return absolute(dir);
    }
    let known = existing.data_dir();
    let proposed = known.clone().unwrap_or_else(|| place.data_dir());
    asker.explain("Where keys, uploaded files and the embedded database are to be kept.");
    let proposed = proposed.display().to_string();
    let dir = asker.ask("Data folder", &proposed, |answer| Ok(PathBuf::from(answer)))?;
    // What is there stays as it is written, and means what it means to relayd.
    if known.as_ref() == Some(&dir) {
        return Ok(dir);
    }
    absolute(&dir)
}

fn absolute(dir: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(dir).map_err(|error| Failure::Usage(format!("{}: {error}", dir.display())))
}

/// A database that does not answer is asked for again; without questions it is refused.
async fn database(
    init: &Init,
    existing: &Existing,
    data_dir: &Path,
    asker: &mut Asker,
) -> Result<String, Failure> {
    if let Some(url) = &init.database {
        let url = written(url);
        tried(&url, data_dir).await.map_err(Failure::Refused)?;
        return Ok(url);
    }
    let proposed = existing.database().unwrap_or_else(|| "sqlite".to_owned());
    asker.explain(
        "The database: sqlite (embedded, nothing to look after), or postgres://user:password@host/database.",
    );
    loop {
        let url = asker.ask("Database", &proposed, |answer| Ok(written(answer)))?;
        match tried(&url, data_dir).await {
            Ok(()) => return Ok(url),
            Err(reason) if asker.is_silent() => return Err(Failure::Refused(reason)),
            Err(reason) => asker.explain(&format!("  {reason}")),
        }
    }
}

fn written(answer: &str) -> String {
    match answer {
        "sqlite" => "sqlite:relayd.db".to_owned(),
        url => url.to_owned(),
    }
}

/// PostgreSQL has to answer, and may not be of a newer relayd. An embedded database is made by the
/// first start.
async fn tried(url: &str, data_dir: &Path) -> Result<(), String> {
    let url: DatabaseUrl = url.parse().map_err(|error| format!("{error}"))?;
    if matches!(url, DatabaseUrl::Sqlite(_)) {
        return Ok(());
    }
    let options = StorageOptions {
        url: url.below(data_dir),
        ..StorageOptions::default()
    };
    let database = Database::look(options).await;
    let database = database.map_err(|error| error.to_string())?;
    let refused = database.refuse_newer(&owners(&relayd::protocols())).await;
    database.close().await;
    refused.map_err(|error| error.to_string())
}

/// The full name of this machine, if it has one that others may know it by.
fn host_name() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    let name = name.trim().to_ascii_lowercase();
    let is_full = name.contains('.')
        && ![".local", ".localdomain"]
            .iter()
            .any(|end| name.ends_with(end));
    (is_full && Address::is_host(&name)).then_some(name)
}
