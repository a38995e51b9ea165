//! How a command ends when it is not done: one line, and the exit code scripts rely on.

use std::fmt;

use relay_admin::client::ClientError;
use relay_config::{ConfigError, ConfigErrors};
use relay_storage::backup::BackupError;

/// Why a command was not done.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The server, or what was found, says no. Exit code 1.
    Refused(String),
    /// The command line or the configuration is wrong. Exit code 2.
    Usage(String),
    /// There is no daemon to ask. Exit code 3.
    Unreachable(String),
}

impl Failure {
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Refused(_) => 1,
            Self::Usage(_) => 2,
            Self::Unreachable(_) => 3,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Refused(line) | Self::Usage(line) | Self::Unreachable(line)) = self;
        f.write_str(line)
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Refused(line) => Self::Refused(line),
            error => Self::Unreachable(error.to_string()),
        }
    }
}

impl From<ConfigErrors> for Failure {
    fn from(errors: ConfigErrors) -> Self {
        Self::Usage(errors.to_string())
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        Self::Refused(error.to_string())
    }
}
