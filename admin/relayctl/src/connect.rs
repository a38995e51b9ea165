//! Finding the daemon: `--socket`, `$RELAYCTL_SOCKET`, or what the configuration says.
//!
//! Of the configuration only what names the socket is read, so that a mistake elsewhere in it
//! does not keep an operator from `relayctl stop`.

use std::io;
use std::path::PathBuf;

use relay_admin::client::{Client, ClientError};
use relay_config::{SectionSpec, Sources};
use relay_core::settings::{AdminSettings, Settings};

use crate::cli::Global;
use crate::failure::Failure;

/// The variable that names the daemon's socket.
const SOCKET_VARIABLE: &str = "RELAYCTL_SOCKET";

impl Global {
    /// Where configuration comes from.
    pub(crate) fn sources(&self) -> Sources {
        Sources::of_process(self.config.clone())
    }

    /// The daemon to ask, which need not be there.
    pub(crate) fn daemon(&self) -> Result<Client, Failure> {
        daemon(self.socket.clone(), &self.sources())
    }
}

/// The daemon at this socket, or that the environment or this configuration names.
pub(crate) fn daemon(socket: Option<PathBuf>, sources: &Sources) -> Result<Client, Failure> {
    let named = socket.or_else(from_environment);
    let socket = named.map_or_else(|| from_configuration(sources), Ok)?;
    Ok(Client::new(socket))
}

/// Whether the environment names a daemon's socket: who does so wants that daemon, not the files of
/// another.
pub(crate) fn is_named() -> bool {
    from_environment().is_some()
}

/// No daemon, rather than one that does not let us in.
pub(crate) fn is_nobody_there(error: &ClientError) -> bool {
    use io::ErrorKind::{ConnectionRefused, NotADirectory, NotFound};
    matches!(error, ClientError::Unreachable { source, .. }
        if matches!(source.kind(), ConnectionRefused | NotADirectory | NotFound))
}

fn from_environment() -> Option<PathBuf> {
    let named = std::env::var_os(SOCKET_VARIABLE)?;
    (!named.is_empty()).then(|| named.into())
}

fn from_configuration(sources: &Sources) -> Result<PathBuf, Failure> {
    let specs = [
        SectionSpec::of::<Settings>(),
        SectionSpec::of::<AdminSettings>(),
    ];
    let loaded = relay_config::load_only(sources, &specs).map_err(|errors| {
        Failure::Usage(format!(
            "{errors}; or name the daemon's socket with --socket"
        ))
    })?;
    let (settings, admin): (Settings, AdminSettings) = (loaded.section()?, loaded.section()?);
    Ok(admin.socket_in(&settings.data_dir))
}
