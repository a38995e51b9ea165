//! The two folders of an smp-server, and the names in them.

use std::path::{Path, PathBuf};

const CONFIGURATION: &str = "/etc/opt/simplex";
const STATE: &str = "/var/opt/simplex";

/// Where an smp-server keeps everything.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// Keys, certificates and smp-server.ini.
    pub(crate) configuration: PathBuf,
    /// The database, statistics, and what an smp-server left behind.
    pub(crate) state: PathBuf,
}

impl Places {
    /// The usual folders, or what `SMP_SERVER_CFG_PATH` and `SMP_SERVER_LOG_PATH` say.
    pub(crate) fn of_environment() -> Self {
        Self {
            configuration: folder("SMP_SERVER_CFG_PATH", CONFIGURATION),
            state: folder("SMP_SERVER_LOG_PATH", STATE),
        }
    }

    /// The configuration file.
    pub(crate) fn ini(&self) -> PathBuf {
        self.configuration.join("smp-server.ini")
    }

    /// The configuration in the daemon's form, made anew at every start.
    pub(crate) fn toml(&self) -> PathBuf {
        self.state.join("relayd.toml")
    }

    /// The log of queues.
    pub(crate) fn store_log(&self) -> PathBuf {
        self.state.join("smp-server-store.log")
    }

    /// The messages that were undelivered at a stop.
    pub(crate) fn messages(&self) -> PathBuf {
        self.state.join("smp-server-messages.log")
    }

    /// The messages, where they were stored as journals.
    pub(crate) fn journal(&self) -> PathBuf {
        self.state.join("messages")
    }

    /// The daily figures.
    pub(crate) fn daily_statistics(&self) -> PathBuf {
        self.state.join("smp-server-stats.daily.log")
    }
}

fn folder(variable: &str, usual: &str) -> PathBuf {
    let said = std::env::var_os(variable).filter(|path| !path.is_empty());
    let path = said.map_or_else(|| PathBuf::from(usual), PathBuf::from);
    // As the daemon will see it, wherever it is started from.
    std::path::absolute(&path).unwrap_or(path)
}

/// A path as it is shown.
pub(super) fn shown(path: &Path) -> String {
    path.display().to_string()
}
