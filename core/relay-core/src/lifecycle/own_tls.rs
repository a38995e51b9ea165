//! The certificates of the daemon's own listeners: for monitoring and for the admin API.

use std::path::PathBuf;
use std::sync::Arc;

use relay_config::{ConfigError, Loaded};

use super::blueprint::Blueprint;
use crate::net::{ListenAddr, ServerTls, TlsError};
use crate::settings::AdminSettings;

/// One certificate for each of them that has one.
#[derive(Clone, Debug, Default)]
pub(super) struct OwnTls {
    pub(super) metrics: Option<Arc<ServerTls>>,
    pub(super) admin: Option<Arc<ServerTls>>,
}

impl OwnTls {
    /// Loads what is configured.
    pub(super) fn load(blueprint: &Blueprint) -> Result<Self, TlsError> {
        let (metrics, admin) = (&blueprint.metrics, &blueprint.admin);
        Ok(Self {
            metrics: load(metrics.tls_certificate.as_ref(), metrics.tls_key.as_ref())?,
            admin: load(admin.tls_certificate.as_ref(), admin.tls_key.as_ref())?,
        })
    }

    /// Reads the files again.
    pub(super) fn reload(&self) -> Result<(), TlsError> {
        let mut all = self.metrics.iter().chain(&self.admin);
        all.try_for_each(|tls| tls.reload())
    }
}

fn load(
    certificate: Option<&PathBuf>,
    key: Option<&PathBuf>,
) -> Result<Option<Arc<ServerTls>>, TlsError> {
    let pair = certificate.zip(key);
    pair.map(|(certificate, key)| ServerTls::load(certificate, key, &[b"http/1.1"]).map(Arc::new))
        .transpose()
}

/// Refuses one half of a certificate and its key.
pub(super) fn check_pair(
    loaded: &Loaded,
    section: &str,
    certificate: Option<&PathBuf>,
    key: Option<&PathBuf>,
) -> Result<(), ConfigError> {
    let (certificate_key, key_key) = (
        format!("{section}.tls_certificate"),
        format!("{section}.tls_key"),
    );
    match (certificate, key) {
        (Some(_), None) => {
            Err(loaded.error_at(&certificate_key, format!("needs {key_key} beside it")))
        }
        (None, Some(_)) => {
            Err(loaded.error_at(&key_key, format!("needs {certificate_key} beside it")))
        }
        _ => Ok(()),
    }
}

/// A token that crosses a network in clear is nobody's secret any more.
pub(super) fn check_admin(loaded: &Loaded, admin: &AdminSettings) -> Result<(), ConfigError> {
    check_pair(
        loaded,
        "admin",
        admin.tls_certificate.as_ref(),
        admin.tls_key.as_ref(),
    )?;
    let wrong = |reason: String| Err(loaded.error_at("admin.listen", reason));
    for address in &admin.listen {
        match address {
            ListenAddr::Unix(_) => {
                return wrong(format!(
                    "{address} is a unix socket; name that one in admin.socket"
                ));
            }
            ListenAddr::Tcp(tcp) if !tcp.ip().is_loopback() && admin.tls_certificate.is_none() => {
                return wrong(format!(
                    "{address} can be reached from elsewhere and needs admin.tls_certificate and admin.tls_key; or listen on 127.0.0.1 only"
                ));
            }
            ListenAddr::Tcp(_) => {}
        }
    }
    Ok(())
}
