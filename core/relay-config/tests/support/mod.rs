//! A small house with two sections and top-level keys, and a directory to configure it in.
#![expect(dead_code, unreachable_pub, reason = "each test file uses its part")]
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare has failed")]

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    str::FromStr,
};

use relay_config::{
    ByteSize, ConfigErrors, Loaded, OneOrMany, Secret, Section, SectionSpec, Sources, Span, load,
};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use tempfile::TempDir;

/// What belongs to all of them.
#[derive(Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Top {
    /// Where data is kept.
    pub data_dir: PathBuf,
}

impl Default for Top {
    fn default() -> Self {
        let data_dir = "./relay-data".into();
        Self { data_dir }
    }
}

impl Section for Top {
    const NAME: &'static str = "";
}

/// The store.
#[derive(Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Storage {
    /// What an acknowledged message survives.
    pub durability: Durability,
    /// The database, which may hold a password.
    #[schemars(extend("x-secret" = true, "x-example" = "postgres://relayd@localhost/relayd"))]
    pub url: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// A power cut.
    #[default]
    Power,
    /// The death of the process, at twice the speed.
    Process,
}

impl Section for Storage {
    const NAME: &'static str = "storage";
}

/// The SMP relay: it keeps messages until their recipient takes them.
///
/// It speaks TLS.
#[derive(Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Smp {
    /// Whether it runs.
    pub enabled: bool,
    /// Addresses to listen on. A line long enough to be wrapped, so that the example shows how a
    /// paragraph is filled again to a hundred columns.
    pub listen: OneOrMany<Address>,
    /// Who knows this may create queues.
    #[schemars(extend("x-example" = "correct horse battery staple"))]
    pub create_password: Option<Secret>,
    /// Share of the messages to trace.
    pub sample: Option<f64>,
    /// Names for log lines, by address.
    pub names: std::collections::BTreeMap<String, String>,
    /// What one client may use.
    #[schemars(extend("x-reload" = true))]
    pub limits: Limits,
    /// A certificate from an authority.
    pub acme: Option<Acme>,
    /// Other relays.
    pub peers: Vec<Peer>,
}

#[derive(Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// How long an idle connection stays open.
    pub idle: Span,
    /// The largest block.
    pub block: ByteSize,
    /// Connections of one address.
    pub connections: u16,
}

#[derive(Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Acme {
    /// Who is told about trouble.
    pub contact: String,
}

#[derive(Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Peer {
    pub host: String,
    #[serde(default)]
    pub port: u16,
}

impl Default for Smp {
    fn default() -> Self {
        Self {
            enabled: true,
            listen: OneOrMany::one(Address("127.0.0.1:5223".to_owned())),
            create_password: None,
            sample: None,
            names: [("::1".to_owned(), "here".to_owned())].into(),
            // Not what `Limits` says by itself: the section's own defaults must win.
            limits: Limits {
                idle: Span::secs(900),
                ..Limits::default()
            },
            acme: None,
            peers: Vec::new(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            idle: Span::secs(60),
            block: ByteSize::kib(16),
            connections: 100,
        }
    }
}

impl Section for Smp {
    const NAME: &'static str = "smp";
}

/// A newtype with a refusal of its own.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[schemars(inline)]
pub struct Address(pub String);

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.rsplit_once(':') {
            Some((_, port)) if port.parse::<u16>().is_ok() => Ok(Self(text.to_owned())),
            _ => Err(format!("`{text}` is not an address like 127.0.0.1:8080")),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

pub fn specs() -> Vec<SectionSpec> {
    vec![
        SectionSpec::of::<Top>(),
        SectionSpec::of::<Storage>(),
        SectionSpec::of::<Smp>(),
    ]
}

/// A directory that stands for the whole machine.
pub struct Machine {
    dir: TempDir,
    pub sources: Sources,
}

impl Machine {
    pub fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let sources = Sources {
            cwd: dir.path().join("home"),
            system_file: dir.path().join("etc/relayd.toml"),
            ..Sources::default()
        };
        Self { dir, sources }
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.sources.env.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn flag(mut self, path: &str) -> Self {
        self.sources.flag = Some(path.into());
        self
    }

    pub fn load(&self) -> Result<Loaded, ConfigErrors> {
        load(&self.sources, &specs())
    }

    pub fn loaded(&self) -> Loaded {
        self.load().unwrap()
    }

    pub fn smp(&self) -> Smp {
        self.loaded().section().unwrap()
    }

    /// Every problem, with the directory's name taken off.
    pub fn problems(&self) -> Vec<String> {
        let errors = self.load().unwrap_err();
        errors
            .all()
            .iter()
            .map(|error| self.local(&error.to_string()))
            .collect()
    }

    pub fn problem(&self) -> String {
        let problems = self.problems();
        assert_eq!(problems.len(), 1, "{problems:#?}");
        assert!(!problems[0].contains('\n'), "{problems:?}");
        problems[0].clone()
    }

    pub fn local(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.dir.path().display()), "")
    }
}

/// A machine whose only file is `relayd.toml` in the working directory.
pub fn with(content: &str) -> Machine {
    Machine::new().file("home/relayd.toml", content)
}
