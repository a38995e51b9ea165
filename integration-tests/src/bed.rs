//! A folder with a configuration, from which daemons are started.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use relay_testkit::http::Client;
use relay_testkit::{Daemon, Postgres, Relayd};
use tempfile::TempDir;
use toml::{Table, Value};

/// Which database, and how durable.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// SQLite, synced to the disk.
    SqlitePower,
    /// SQLite, handed to the kernel.
    SqliteProcess,
    /// PostgreSQL, the server shared by the tests of a process.
    Postgres,
}

/// A folder, a configuration, and where everything will be.
#[derive(Debug)]
pub struct Bed {
    dir: TempDir,
    config: Table,
}

impl Default for Bed {
    fn default() -> Self {
        Self::new()
    }
}

impl Bed {
    /// The defaults, but every listener on a free port, and no relay.
    pub fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory can be made");
        let config = Table::new();
        let listeners = ["metrics.listen", "sogs.listen", "smp.listen"];
        let bed = listeners
            .into_iter()
            .fold(Self { dir, config }, |bed, listener| {
                bed.with(listener, Relayd::free_address().to_string())
            });
        bed.with("sogs.enabled", false).with("smp.enabled", false)
    }

    /// The same with this database; `None` when it is not installed, which is said loudly.
    pub fn on(kind: Kind) -> Option<Self> {
        let bed = Self::new();
        match kind {
            Kind::SqlitePower => Some(bed.with("storage.durability", "power")),
            Kind::SqliteProcess => Some(bed.with("storage.durability", "process")),
            Kind::Postgres => Some(bed.with("storage.url", Postgres::shared()?.database())),
        }
    }

    /// Sets a key, given by its dotted name.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.set(key, value);
        self
    }

    /// Switches SOGS on.
    #[must_use]
    pub fn with_sogs(self) -> Self {
        self.with("sogs.enabled", true)
    }

    /// Switches SMP on.
    #[must_use]
    pub fn with_smp(self) -> Self {
        self.with("smp.enabled", true)
    }

    /// Sets a key, given by its dotted name. A running daemon sees it after [`Self::write`].
    pub fn set(&mut self, key: &str, value: impl Into<Value>) {
        let (sections, name) = key.rsplit_once('.').unwrap_or(("", key));
        let mut table = &mut self.config;
        for section in sections.split('.').filter(|section| !section.is_empty()) {
            let entry = table.entry(section);
            let section = entry.or_insert_with(|| Table::new().into());
            table = section.as_table_mut().expect("a section");
        }
        table.insert(name.to_owned(), value.into());
    }

    /// Writes the configuration file and gives its path.
    pub fn write(&self) -> PathBuf {
        let path = self.dir().join("relayd.toml");
        fs::write(&path, self.text()).expect("the folder can be written");
        path
    }

    /// A daemon that can be started in this folder.
    pub fn relayd(&self) -> Relayd {
        Relayd::new(self.dir()).config(self.text())
    }

    /// Starts a daemon and waits until it serves, ready or not.
    pub fn start(&self) -> Daemon {
        let daemon = self.relayd().spawn();
        crate::see::serving(&daemon);
        daemon
    }

    /// The same, with the folder beside it, which lives as long as it is held.
    pub fn start_kept(self) -> (Self, Daemon) {
        let daemon = self.start();
        (self, daemon)
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The data dir.
    pub fn data(&self) -> PathBuf {
        let set = self.config.get("data_dir").and_then(Value::as_str);
        self.dir().join(set.unwrap_or("relay-data"))
    }

    /// Where a section listens.
    pub fn listen(&self, section: &str) -> SocketAddr {
        let relayd = Relayd::new(self.dir()).config(self.text());
        relayd.listen(section).expect("an address was set")
    }

    /// A client of the SOGS listener.
    pub fn sogs(&self) -> Client {
        Client::new(self.listen("sogs"))
    }

    fn text(&self) -> String {
        self.config.to_string()
    }
}
