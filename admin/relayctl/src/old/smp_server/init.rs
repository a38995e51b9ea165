//! `smp-server init`: questions, keys and certificates, `smp-server.ini`, and what to do next.

use std::fs;
use std::path::{Path, PathBuf};

use data_encoding::BASE64URL;
use rand::Rng as _;
use relay_core::clock::{Clock as _, SystemClock, UnixTime};
use relay_core::data_dir::{DataDir, write_secret};
use relay_core::entropy::Entropy;
use relay_smp::identity::Folder;

use super::console::{note, say};
use super::identity::{address, tell_about_ca_key};
use super::options::Given;
use super::places::{Places, shown};
use super::template::{self, Passwords};
use super::wanted::{Password, Wanted};
use super::{End, VERSION, questions};

/// Makes a server.
pub(super) fn run(given: &Given, places: &Places) -> Result<(), End> {
    let ini = places.ini();
    if ini.exists() {
        return Err(End::Refused(format!(
            "Error: server is already initialized ({} exists).\nRun `smp-server start`.",
            shown(&ini)
        )));
    }
    let mut wanted = Wanted::of(given)?;
    if !wanted.scripted {
        wanted = questions::ask_all(wanted, places)?;
    }
    wanted.check()?;
    make(&wanted, places)
}

/// The configuration file comes last: until it is there, `init` can be run again.
fn make(wanted: &Wanted, places: &Places) -> Result<(), End> {
    for folder in [&places.configuration, &places.state] {
        fs::create_dir_all(folder).map_err(|error| cannot("make", folder, &error))?;
    }
    let _alone = claim(places)?;
    let now = SystemClock.now();
    set_aside(places, now)?;
    let entropy = Entropy::system().map_err(End::failed)?;
    let folder = Folder::at(&places.configuration);
    let name = wanted.common_name();
    let identity = folder.open(wanted.key_kind, name, now, &mut entropy.rng());
    let identity = identity.map_err(End::failed)?;
    let passwords = passwords(wanted, &entropy);
    let text = template::text(wanted, places, &passwords);
    let ini = places.ini();
    write_secret(&ini, text.as_bytes()).map_err(|error| cannot("write", &ini, &error))?;
    // As the older program's openssl said it.
    note(&format!(
        "Certificate request self-signature ok\nsubject=CN = {name}"
    ));
    say(&format!(
        "Server initialized, please provide additional server information in {}.\nRun `smp-server start` to start server.",
        shown(&ini)
    ));
    tell_about_ca_key(places);
    let fingerprint = identity.fingerprint();
    let address = address(
        &fingerprint,
        passwords.create.as_deref(),
        wanted.host(),
        None,
    );
    say(&format!("{VERSION}\n{address}"));
    say(&source_line(wanted.source_code.as_deref()));
    Ok(())
}

/// Where the source is, which users have a right to know.
pub(super) fn source_line(source: Option<&str>) -> String {
    match source {
        Some(source) => format!("Server source code: {source}"),
        None => "Warning: server source code is not specified.\nAdd 'source_code' property to [INFORMATION] section of INI file.".to_owned(),
    }
}

/// Keeps a server from being started, or made by somebody else, meanwhile.
pub(super) fn claim(places: &Places) -> Result<DataDir, End> {
    let locked = DataDir::try_lock(&places.state).map_err(End::failed)?;
    locked.map_err(|holder| {
        End::Failed(format!(
            "a server runs on {}{holder}; stop it first",
            shown(&places.state)
        ))
    })
}

fn passwords(wanted: &Wanted, entropy: &Entropy) -> Passwords {
    let random = |bytes: usize| {
        let mut secret = vec![0; bytes];
        entropy.rng().fill_bytes(&mut secret);
        BASE64URL.encode(&secret)
    };
    Passwords {
        create: match &wanted.password {
            Password::None => None,
            Password::Random => Some(random(32)),
            Password::Own(own) => Some(own.clone()),
        },
        control: wanted.control_port.map(|_| (random(18), random(18))),
    }
}

/// Files of a server that was here before and lost its configuration: the older program deleted
/// them; here they are moved into a folder beside, for an identity is worth more than its space.
fn set_aside(places: &Places, now: UnixTime) -> Result<(), End> {
    for (folder, names) in [(&places.configuration, IDENTITY), (&places.state, STATE)] {
        let found: Vec<PathBuf> = names
            .iter()
            .map(|name| folder.join(name))
            .filter(|path| path.exists())
            .collect();
        if found.is_empty() {
            continue;
        }
        let aside = folder.join(format!("before-init-{}", now.secs()));
        fs::create_dir_all(&aside).map_err(|error| cannot("make", &aside, &error))?;
        for path in found {
            let place = aside.join(path.file_name().unwrap_or_default());
            fs::rename(&path, place).map_err(|error| cannot("move", &path, &error))?;
        }
        note(&format!(
            "smp-server: files of an earlier server are now in {}",
            shown(&aside)
        ));
    }
    Ok(())
}

const IDENTITY: &[&str] = &[
    "ca.crt",
    "ca.key",
    "fingerprint",
    "openssl_ca.conf",
    "openssl_server.conf",
    "server.crt",
    "server.csr",
    "server.key",
    "server.key.next",
];

const STATE: &[&str] = &[
    "messages",
    "relayd.db",
    "relayd.db-shm",
    "relayd.db-wal",
    "relayd.toml",
    "smp-server-messages.log",
    "smp-server-messages.log.bak",
    "smp-server-metrics.txt",
    "smp-server-ntfs.log",
    "smp-server-ntfs.log.bak",
    "smp-server-stats.daily.log",
    "smp-server-stats.log",
    "smp-server-store.log",
    "smp-server-store.log.bak",
];

pub(super) fn cannot(what: &str, path: &Path, error: &std::io::Error) -> End {
    End::Failed(format!(
        "cannot {what} {}: {error}; let the user who runs this own it",
        shown(path)
    ))
}
