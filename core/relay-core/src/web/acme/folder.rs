//! Account and certificate on the disk, for the owner's eyes only, each file whole or not there.

use std::fs;
use std::io;
use std::path::PathBuf;

use instant_acme::AccountCredentials;
use serde_json::Value;

use crate::data_dir::write_secret;

/// `acme` in the data dir.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// Chain and key in one file, so that they are a pair always.
    pub(super) fn certificate(&self) -> PathBuf {
        self.0.join("web.pem")
    }

    fn candidate(&self) -> PathBuf {
        self.0.join("web.candidate")
    }

    fn account(&self) -> PathBuf {
        self.0.join("account.json")
    }

    /// Writes a certificate that has yet to prove that it can be used.
    pub(super) fn write_candidate(&self, pem: &str) -> io::Result<PathBuf> {
        write_secret(&self.candidate(), pem.as_bytes())?;
        Ok(self.candidate())
    }

    /// It can.
    pub(super) fn keep_candidate(&self) -> io::Result<()> {
        fs::rename(self.candidate(), self.certificate())?;
        fs::File::open(&self.0)?.sync_all()
    }

    /// The account at this authority, if there is one.
    pub(super) fn load_account(&self, directory: &str) -> Option<AccountCredentials> {
        let text = zeroize::Zeroizing::new(fs::read_to_string(self.account()).ok()?);
        let value: Value = serde_json::from_str(&text).ok()?;
        let there = value.get("directory").and_then(Value::as_str) == Some(directory);
        there.then(|| serde_json::from_value(value).ok()).flatten()
    }

    pub(super) fn save_account(&self, account: &AccountCredentials) -> io::Result<()> {
        let text = zeroize::Zeroizing::new(serde_json::to_vec(account)?);
        write_secret(&self.account(), &text)
    }
}
