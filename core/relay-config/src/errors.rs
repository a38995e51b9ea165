//! [`ConfigError`]: one problem, in one line that says where, what and what to do.
//! [`ConfigErrors`]: all problems of a configuration, found in one go.

use std::{fmt, path::PathBuf};

use crate::Origin;

/// One problem of the configuration. Its text is one line and never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A value that its key cannot take.
    #[error("{}{key}: {reason}{}", place(.at), clause(.hint))]
    BadValue {
        /// Where the value is said.
        at: Origin,
        /// The dotted name.
        key: String,
        /// What is wrong with it.
        reason: String,
        /// What to do, or empty.
        hint: String,
    },
    /// A file named explicitly is not there.
    #[error("{}: this file does not exist, but {named_by} names it; create it or name another", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// Who asked for it.
        named_by: &'static str,
    },
    /// A file that is not TOML.
    #[error("{}:{line}:{column}: {reason}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The column, counted from 1 in characters.
        column: usize,
        /// What the parser says.
        reason: String,
    },
    /// A key, section or variable that does not exist.
    #[error("{}unknown {what} `{key}`{}", place(.at), clause(.hint))]
    UnknownKey {
        /// Where it is written.
        at: Origin,
        /// `key`, `section` or `variable`.
        what: &'static str,
        /// The dotted name.
        key: String,
        /// The nearest name that exists.
        hint: String,
    },
    /// A file or directory that cannot be read.
    #[error("{}: cannot read this: {reason}", path.display())]
    Unreadable {
        /// The file or directory.
        path: PathBuf,
        /// Why, and what to do.
        reason: String,
    },
}

impl ConfigError {
    /// The dotted name of the key, when the problem is about one.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::BadValue { key, .. } | Self::UnknownKey { key, .. } => Some(key),
            Self::Missing { .. } | Self::Syntax { .. } | Self::Unreadable { .. } => None,
        }
    }
}

fn place(at: &Origin) -> String {
    match at {
        Origin::Default => String::new(),
        at => format!("{at}: "),
    }
}

fn clause(hint: &str) -> String {
    if hint.is_empty() {
        String::new()
    } else {
        format!("; {hint}")
    }
}

/// All problems of a configuration; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors(Vec<ConfigError>);

impl ConfigErrors {
    /// `Ok` when there are none.
    pub(crate) fn check(errors: Vec<ConfigError>) -> Result<(), Self> {
        if errors.is_empty() {
            Ok(())
        } else {
            Err(Self(errors))
        }
    }

    /// Every problem, files first, then sections in the order they were listed.
    pub fn all(&self) -> &[ConfigError] {
        &self.0
    }
}

impl From<ConfigError> for ConfigErrors {
    fn from(error: ConfigError) -> Self {
        Self(vec![error])
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, rest @ ..] = self.0.as_slice() else {
            return Ok(());
        };
        write!(f, "{first}")?;
        match rest.len() {
            0 => Ok(()),
            1 => f.write_str(" (and 1 more problem)"),
            more => write!(f, " (and {more} more problems)"),
        }
    }
}

impl std::error::Error for ConfigErrors {}
