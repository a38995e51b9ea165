//! How the daemon ends when it cannot go on: one line, and the exit code scripts rely on.

use std::fmt::{self, Write as _};

use relay_config::{ConfigError, ConfigErrors};
use relay_storage::{MigrateError, OpenError};

use crate::net::BindError;
use crate::protocol::StartError;

/// Why the daemon cannot start or go on.
#[derive(Debug)]
#[non_exhaustive]
pub enum Failure {
    /// The configuration or the command line is wrong. Exit code 64.
    Usage(String),
    /// Something needed cannot be had: a port, the database, a file. Exit code 69.
    Unavailable(String),
    /// A mistake in relayd. Exit code 70.
    Internal(String),
}

impl Failure {
    /// As in sysexits.h.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 64,
            Self::Unavailable(_) => 69,
            Self::Internal(_) => 70,
        }
    }
}

/// One line, whatever stands in the values it gives back: control characters are spelt out.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Usage(line) | Self::Unavailable(line) | Self::Internal(line)) = self;
        line.chars().try_for_each(|character| {
            if character.is_control() {
                write!(f, "{}", character.escape_default())
            } else {
                f.write_char(character)
            }
        })
    }
}

impl std::error::Error for Failure {}

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

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<MigrateError> for Failure {
    fn from(error: MigrateError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<BindError> for Failure {
    fn from(error: BindError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Config(line) => Self::Usage(line),
            StartError::Unavailable(line) => Self::Unavailable(line),
        }
    }
}
