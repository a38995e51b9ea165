//! The files of an identity, named as smp-server names them.
//!
//! | file | |
//! |---|---|
//! | `ca.crt` | the identity certificate first, and who issued it, if anybody did |
//! | `ca.key` | to issue leaves with; may be kept elsewhere |
//! | `server.crt`, `server.key` | the leaf |
//! | `fingerprint` | of the identity certificate, base64url |
//!
//! A new leaf replaces two files, and a crash may come between them: the new key lies in
//! `server.key.next` until the certificate is in place, and is found there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rand::CryptoRng;
use relay_core::clock::UnixTime;
use relay_core::data_dir::write_secret;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_cert::der::pem::{LineEnding, encode_string};
use zeroize::Zeroizing;

use super::chain::ChainError;
use super::{Certificate, Identity, issue, key_from_pem, key_to_pem, public_key};
use crate::config::KeyKind;
use crate::crypto::{SigningKey, fingerprint};
use crate::wire::{PublicKey, from_base64url, to_base64url};

/// Where an identity is kept.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

/// Why the files cannot be used. One line that names the file and says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", path.display())]
pub struct IdentityError {
    /// Which file.
    pub path: PathBuf,
    /// What is wrong, and what to do.
    pub reason: String,
    expired: bool,
}

type Result<T> = std::result::Result<T, IdentityError>;

/// How a new leaf differs from the one before.
#[derive(Clone, Debug, Default)]
pub struct NewLeaf {
    /// The kind of its key; that of the old one when not said.
    pub key_kind: Option<KeyKind>,
    /// Its name; that of the old one when not said.
    pub name: Option<String>,
}

impl Folder {
    /// Looks at nothing yet.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Whether there is nothing of an identity.
    pub fn is_empty(&self) -> bool {
        !FILES.iter().any(|name| self.has(name))
    }

    /// Whether there is no leaf at all.
    pub fn lacks_leaf(&self) -> bool {
        ![SERVER_CRT, SERVER_KEY].iter().any(|name| self.has(name))
    }

    /// Whether new leaves can be issued here.
    pub fn has_ca_key(&self) -> bool {
        self.has(CA_KEY)
    }

    /// What cannot be looked at may be there: who reads it is told why not.
    fn has(&self, name: &str) -> bool {
        self.path.join(name).try_exists().unwrap_or(true)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Loads the identity; makes what is missing: all of it at the first start, the leaf when
    /// there is none or it has expired.
    pub fn open(
        &self,
        kind: KeyKind,
        host: &str,
        now: UnixTime,
        rng: &mut impl CryptoRng,
    ) -> Result<Identity> {
        if self.is_empty() {
            self.create_ca(kind, now, rng)?;
        }
        if self.lacks_leaf() {
            let new = NewLeaf {
                key_kind: Some(kind),
                name: Some(host.to_owned()),
            };
            return self.rotate(&new, now, rng);
        }
        match self.load(now) {
            Err(error) if error.expired && self.has_ca_key() => {
                self.rotate(&NewLeaf::default(), now, rng)
            }
            loaded => loaded,
        }
    }

    /// Loads the identity as it is.
    pub fn load(&self, now: UnixTime) -> Result<Identity> {
        let (ca, fingerprint) = self.ca()?;
        self.check_stored(&fingerprint)?;
        let mut chain = self.certificates(SERVER_CRT)?;
        let leaf = self.parse(SERVER_CRT, &chain)?;
        let key = self.leaf_key(leaf.key())?;
        if !chain.contains(&ca[0]) {
            chain.extend(ca);
        }
        let identity = Identity::new(chain, key, now);
        let identity = identity.map_err(|error| self.chain_error(error))?;
        if identity.fingerprint() != fingerprint {
            return Err(self.wrong(
                SERVER_CRT,
                "its second certificate must be the first of ca.crt; let it hold the server's own certificate only",
            ));
        }
        Ok(identity)
    }

    /// Whether new leaves could be issued with `ca.crt` and `ca.key`.
    pub fn check_ca(&self) -> Result<()> {
        let (chain, _) = self.ca()?;
        self.ca_key(&self.parse(CA_CRT, &chain)?).map(drop)
    }

    /// The fingerprint of `ca.crt`, without looking at anything else.
    pub fn fingerprint(&self) -> Result<[u8; 32]> {
        self.ca().map(|(_, fingerprint)| fingerprint)
    }

    /// Issues a new leaf; the fingerprint stays. The old files are good until the new ones are.
    pub fn rotate(
        &self,
        new: &NewLeaf,
        now: UnixTime,
        rng: &mut impl CryptoRng,
    ) -> Result<Identity> {
        let (chain, _) = self.ca()?;
        let ca = self.parse(CA_CRT, &chain)?;
        let ca_key = self.ca_key(&ca)?;
        let old = self.certificates(SERVER_CRT).unwrap_or_default();
        let old = old.first().and_then(|der| Certificate::parse(der).ok());
        let key = issue::generate(new.kind(old.as_ref()), rng);
        let name = new.name(old.as_ref());
        let leaf = issue::leaf(name, &key, (&ca, &ca_key), now, rng);
        let leaf = leaf.map_err(|error| self.wrong(SERVER_CRT, error))?;
        let pem = certificate_to_pem(&leaf);
        let chain = [vec![leaf.into()], chain].concat();
        let identity = Identity::new(chain, key, now);
        let identity = identity.map_err(|error| self.chain_error(error))?;
        self.write(NEXT_KEY, key_to_pem(identity.key()).as_bytes())?;
        self.write(SERVER_CRT, pem.as_bytes())?;
        self.adopt_next_key()?;
        Ok(identity)
    }

    fn create_ca(&self, kind: KeyKind, now: UnixTime, rng: &mut impl CryptoRng) -> Result<()> {
        let key = issue::generate(kind, rng);
        let ca = issue::ca(&key, now, rng).map_err(|error| self.wrong(CA_CRT, error))?;
        self.write(CA_KEY, key_to_pem(&key).as_bytes())?;
        self.write(CA_CRT, certificate_to_pem(&ca).as_bytes())?;
        let line = to_base64url(&fingerprint(&ca)) + "\n";
        self.write(FINGERPRINT, line.as_bytes())
    }

    /// `ca.crt`, and the fingerprint of its first certificate.
    fn ca(&self) -> Result<(Vec<CertificateDer<'static>>, [u8; 32])> {
        let chain = self.certificates(CA_CRT)?;
        let fingerprint = fingerprint(&chain[0]);
        Ok((chain, fingerprint))
    }

    fn check_stored(&self, expected: &[u8; 32]) -> Result<()> {
        let stored = match fs::read_to_string(self.path.join(FINGERPRINT)) {
            Ok(stored) => stored,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(self.unreadable(FINGERPRINT, &error)),
        };
        match from_base64url(stored.trim()) {
            Ok(stored) if stored == expected => Ok(()),
            _ => Err(self.wrong(
                FINGERPRINT,
                "this is not the fingerprint of ca.crt, so clients would not know this server again; restore ca.crt from a backup, or remove this file if the new identity is meant",
            )),
        }
    }

    fn ca_key(&self, ca: &Certificate<'_>) -> Result<SigningKey> {
        let key = self.key(CA_KEY)?.ok_or_else(|| {
            let reason = "a new server certificate needs this file, and it is not here; put it back for as long as that takes";
            self.wrong(CA_KEY, reason)
        })?;
        if public_key(&key) == *ca.key() {
            Ok(key)
        } else {
            Err(self.wrong(
                CA_KEY,
                "this key does not belong to the first certificate in ca.crt",
            ))
        }
    }

    fn leaf_key(&self, public: &PublicKey) -> Result<SigningKey> {
        let current = self.key(SERVER_KEY)?;
        let is_there = current.is_some();
        if let Some(key) = current.filter(|key| public_key(key) == *public) {
            return Ok(key);
        }
        let next = self.key(NEXT_KEY)?;
        match next.filter(|key| public_key(key) == *public) {
            Some(key) => {
                self.adopt_next_key()?;
                Ok(key)
            }
            None if is_there => Err(self.wrong(
                SERVER_KEY,
                "this key does not belong to the certificate in server.crt; restore both from one backup, or remove both to have them made again (needs ca.key)",
            )),
            None => Err(self.wrong(
                SERVER_KEY,
                "this file is missing; restore it, or remove server.crt too to have both made again (needs ca.key)",
            )),
        }
    }

    fn adopt_next_key(&self) -> Result<()> {
        let renamed = fs::rename(self.path.join(NEXT_KEY), self.path.join(SERVER_KEY));
        let synced = renamed.and_then(|()| fs::File::open(&self.path)?.sync_all());
        synced.map_err(|error| self.unwritable(SERVER_KEY, &error))
    }

    fn key(&self, name: &str) -> Result<Option<SigningKey>> {
        let pem = match fs::read(self.path.join(name)) {
            Ok(pem) => Zeroizing::new(pem),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.unreadable(name, &error)),
        };
        let key = key_from_pem(&pem);
        key.map(Some).map_err(|error| {
            let reason = format!("{error}; restore it from a backup");
            self.wrong(name, reason)
        })
    }

    /// One or more certificates.
    fn certificates(&self, name: &str) -> Result<Vec<CertificateDer<'static>>> {
        let pem = fs::read(self.path.join(name)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => self.wrong(
                name,
                "this file is missing while others of this server's identity are here; restore it from a backup, or remove them all to get a new identity under a new address",
            ),
            _ => self.unreadable(name, &error),
        })?;
        let chain: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        match chain {
            Ok(chain) if !chain.is_empty() => Ok(chain),
            _ => Err(self.wrong(
                name,
                "it holds no certificate in PEM; restore it from a backup",
            )),
        }
    }

    fn parse<'a>(&self, name: &str, chain: &'a [CertificateDer<'_>]) -> Result<Certificate<'a>> {
        Certificate::parse(&chain[0]).map_err(|error| self.wrong(name, error))
    }

    fn write(&self, name: &str, content: &[u8]) -> Result<()> {
        let written = write_secret(&self.path.join(name), content);
        written.map_err(|error| self.unwritable(name, &error))
    }

    fn chain_error(&self, error: ChainError) -> IdentityError {
        let reason = match error {
            ChainError::Expired => {
                format!(
                    "{error}; put ca.key here and start relayd, or run `relayctl smp cert rotate`, which makes a new one"
                )
            }
            _ => format!("{error} (the chain is server.crt, then ca.crt)"),
        };
        IdentityError {
            expired: error == ChainError::Expired,
            ..self.wrong(SERVER_CRT, reason)
        }
    }

    fn unreadable(&self, name: &str, error: &io::Error) -> IdentityError {
        self.wrong(
            name,
            format!("cannot be read: {error}; give it to the user relayd runs as"),
        )
    }

    fn unwritable(&self, name: &str, error: &io::Error) -> IdentityError {
        self.wrong(name, format!("cannot be written: {error}"))
    }

    pub(super) fn wrong(&self, name: &str, reason: impl ToString) -> IdentityError {
        IdentityError {
            path: self.path.join(name),
            reason: reason.to_string(),
            expired: false,
        }
    }
}

impl NewLeaf {
    fn kind(&self, old: Option<&Certificate<'_>>) -> KeyKind {
        self.key_kind.unwrap_or(match old.map(Certificate::key) {
            Some(PublicKey::Ed448(_)) => KeyKind::Ed448,
            _ => KeyKind::Ed25519,
        })
    }

    fn name(&self, old: Option<&Certificate<'_>>) -> issue::LeafName {
        match (&self.name, old) {
            (Some(name), _) => issue::LeafName::Host(name.clone()),
            (None, Some(old)) => issue::LeafName::Same(old.subject().clone()),
            (None, None) => issue::LeafName::Host(LOCALHOST.to_owned()),
        }
    }
}

fn certificate_to_pem(der: &[u8]) -> String {
    // Encoding bytes in memory under a fixed label cannot fail.
    encode_string("CERTIFICATE", LineEnding::LF, der).unwrap_or_default()
}

const LOCALHOST: &str = "localhost";
const CA_CRT: &str = "ca.crt";
const CA_KEY: &str = "ca.key";
const SERVER_CRT: &str = "server.crt";
const SERVER_KEY: &str = "server.key";
const NEXT_KEY: &str = "server.key.next";
const FINGERPRINT: &str = "fingerprint";
/// Any of these means that there is an identity.
const FILES: [&str; 5] = [CA_CRT, CA_KEY, SERVER_CRT, SERVER_KEY, FINGERPRINT];
