//! [`Origin`]: where a value was said, so that an operator knows where to change it.

use std::{fmt, path::PathBuf};

use serde::{Serialize, Serializer};

/// Where a value comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// Nobody set it.
    #[default]
    Default,
    /// An environment variable of the process.
    Environment {
        /// The whole name, such as `RELAYD__SMP__LISTEN`.
        variable: String,
    },
    /// A line of a configuration file.
    File {
        /// The file as it was opened.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Environment { variable } => write!(f, "environment {variable}"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
        }
    }
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_like_a_place() {
        let file = Origin::File {
            path: "/etc/relayd/relayd.toml".into(),
            line: 12,
        };
        let environment = Origin::Environment {
            variable: "RELAYD__SMP__LISTEN".to_owned(),
        };
        assert_eq!(file.to_string(), "/etc/relayd/relayd.toml:12");
        assert_eq!(environment.to_string(), "environment RELAYD__SMP__LISTEN");
        assert_eq!(Origin::default().to_string(), "default");
    }
}
