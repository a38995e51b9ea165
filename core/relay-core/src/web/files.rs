//! A certificate from files, which are read again when they change.
//!
//! New files that are broken, or of which one is not there yet, leave the old certificate in use.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::certificate::{Certificates, Source};
use crate::net::{TlsError, certified_key};
use crate::worker::JobOutcome;

/// Certificate chain and key, and how they looked when they were read last.
#[derive(Debug)]
pub(crate) struct Files {
    certificate: PathBuf,
    key: PathBuf,
    last: Mutex<Last>,
}

#[derive(Debug, Default)]
struct Last {
    stamps: [Option<Stamp>; 2],
    /// Why they are not in use.
    fault: Option<String>,
}

/// What differs when a file was written or replaced: inode, length, and time in nanoseconds.
type Stamp = (u64, u64, i64, i64);

impl Files {
    pub(crate) fn new((certificate, key): (PathBuf, PathBuf)) -> Self {
        Self {
            certificate,
            key,
            last: Mutex::default(),
        }
    }

    /// Whether they can be used, or are not there yet.
    pub(crate) fn check(&self) -> Result<(), TlsError> {
        match certified_key(&self.certificate, &self.key) {
            Err(error) if !is_missing(&error) => Err(error),
            _ => Ok(()),
        }
    }

    /// Reads them at start. Files that are not there yet are waited for; broken ones are refused.
    pub(crate) fn first(&self, certificates: &Certificates) -> Result<(), TlsError> {
        match self.reload(certificates) {
            Err(error) if is_missing(&error) => {
                tracing::warn!(
                    "{error}; until it is there HTTPS is served with a certificate that signs itself"
                );
                Ok(())
            }
            outcome => outcome,
        }
    }

    /// Reads them again, changed or not.
    pub(crate) fn reload(&self, certificates: &Certificates) -> Result<(), TlsError> {
        let stamps = self.stamps();
        let read = certified_key(&self.certificate, &self.key);
        let outcome = read.and_then(|identity| certificates.show(Source::Files, identity));
        *self.last() = Last {
            stamps,
            fault: outcome.as_ref().err().map(ToString::to_string),
        };
        outcome
    }

    /// Reads them again if they have changed. Says once what is wrong with them.
    pub(crate) fn look(&self, certificates: &Certificates) -> JobOutcome {
        if self.last().stamps == self.stamps() {
            return Ok(match &self.last().fault {
                None => "the files have not changed".to_owned(),
                Some(fault) => format!("{fault}; waiting for other files"),
            });
        }
        match self.reload(certificates) {
            Ok(()) => {
                tracing::info!("the web certificate has changed and is in use");
                Ok("the files have changed and are in use".to_owned())
            }
            Err(error) => Err(format!("{error}; the former certificate stays in use").into()),
        }
    }

    fn stamps(&self) -> [Option<Stamp>; 2] {
        [&self.certificate, &self.key].map(|path| stamp(path))
    }

    fn last(&self) -> std::sync::MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let found = fs::metadata(path).ok()?;
    Some((found.ino(), found.len(), found.mtime(), found.mtime_nsec()))
}

fn is_missing(error: &TlsError) -> bool {
    matches!(error, TlsError::Read { source, .. } if source.kind() == std::io::ErrorKind::NotFound)
}
