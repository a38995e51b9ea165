//! Core's own sections of the configuration.

use std::path::{Path, PathBuf};

use ipnet::IpNet;
use relay_config::{OneOrMany, Section, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::admin::TOKEN_FILE;
use crate::net::{ListenAddr, Network};
use crate::telemetry::logs::LogFormat;

/// Keys at the top of the file.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where keys, certificates, uploaded files and the embedded database are kept.
    pub data_dir: PathBuf,

    /// How long work in progress may take to finish after SIGTERM, before it is cut off.
    #[schemars(extend("x-reload" = true))]
    pub drain_timeout: Span,
}

/// What is logged, and how.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettings {
    /// `error`, `warn`, `info`, `debug` or `trace`; or a filter such as `info,relay_smp=debug`.
    /// At `info` and above nothing about clients is logged.
    #[schemars(extend("x-reload" = true))]
    pub level: String,

    /// How log lines look, and where they go.
    pub format: LogFormat,
}

/// The socket that relayctl talks to, and addresses for a relayctl elsewhere.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdminSettings {
    /// Path of the unix socket; `admin.sock` in the data dir when not set.
    #[schemars(extend("x-example" = "/run/relayd/admin.sock"))]
    pub socket: Option<PathBuf>,

    /// Mode of the socket, in octal. Who may write to it may do everything relayctl can.
    pub mode: FileMode,

    /// User who owns the socket; the user relayd runs as when not set.
    #[schemars(extend("x-example" = "root"))]
    pub owner: Option<String>,

    /// Group of the socket; the group relayd runs as when not set.
    #[schemars(extend("x-example" = "relayd-admin"))]
    pub group: Option<String>,

    /// Addresses, `IP:PORT`, where a relayctl on another machine is answered as well, when it shows the
    /// token in `token_file`. Nowhere by default. Other addresses than loopback need TLS.
    #[schemars(extend("x-example" = "127.0.0.1:9465"))]
    pub listen: OneOrMany<ListenAddr>,

    /// File with the token that is asked for at `listen`; `admin.token` in the data dir when not
    /// set. Made, readable by its owner only, when it is missing. Who has it may do everything relayctl can.
    #[schemars(extend("x-example" = "/etc/relayd/admin.token"))]
    pub token_file: Option<PathBuf>,

    /// Certificate chain (PEM) to serve HTTPS at `listen` with, together with `tls_key`. A reload
    /// reads the files again; another path needs a restart.
    #[schemars(extend("x-example" = "/etc/relayd/admin.crt"))]
    pub tls_certificate: Option<PathBuf>,

    /// Private key (PEM) of `tls_certificate`.
    #[schemars(extend("x-example" = "/etc/relayd/admin.key"))]
    pub tls_key: Option<PathBuf>,
}

/// Figures and health for monitoring: `/metrics`, `/livez`, `/readyz`.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetricsSettings {
    /// Addresses to listen on, `IP:PORT` or `unix:/path`. An empty list switches this off.
    pub listen: OneOrMany<ListenAddr>,

    /// Certificate chain (PEM) to serve HTTPS with, together with `tls_key`. A reload reads the
    /// files again; another path needs a restart.
    #[schemars(extend("x-example" = "/etc/relayd/metrics.crt"))]
    pub tls_certificate: Option<PathBuf>,

    /// Private key (PEM) of `tls_certificate`.
    #[schemars(extend("x-example" = "/etc/relayd/metrics.key"))]
    pub tls_key: Option<PathBuf>,

    /// Networks of load balancers that send a PROXY protocol header (v1 or v2); connections
    /// from there must begin with one, from elsewhere none is read.
    pub proxy_protocol_from: Vec<Network>,
}

/// Limits on connections, for all relays together.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitSettings {
    /// Open connections in all.
    #[schemars(extend("x-reload" = true))]
    pub max_connections: usize,

    /// Open connections from one address (from one /64 network, with IPv6).
    #[schemars(extend("x-reload" = true))]
    pub max_connections_per_address: usize,

    /// Time for everything before the first request: PROXY header, TLS handshake.
    #[schemars(extend("x-reload" = true))]
    pub handshake_timeout: Span,

    /// Networks the limit per address does not count: reverse proxies and Tor come from here.
    #[schemars(extend("x-reload" = true))]
    pub unlimited_from: Vec<Network>,
}

/// Permission bits, written in octal as in `chmod`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FileMode(pub u32);

impl Default for Settings {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("relay-data"),
            drain_timeout: Span::secs(30),
        }
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            level: "info".to_owned(),
            format: LogFormat::Text,
        }
    }
}

impl Default for AdminSettings {
    fn default() -> Self {
        Self {
            socket: None,
            mode: FileMode(0o660),
            owner: None,
            group: None,
            listen: OneOrMany::default(),
            token_file: None,
            tls_certificate: None,
            tls_key: None,
        }
    }
}

impl AdminSettings {
    /// Where the socket is.
    pub fn socket_in(&self, data_dir: &Path) -> PathBuf {
        self.socket
            .clone()
            .unwrap_or_else(|| data_dir.join("admin.sock"))
    }

    /// Where the token is.
    pub fn token_in(&self, data_dir: &Path) -> PathBuf {
        self.token_file
            .clone()
            .unwrap_or_else(|| data_dir.join(TOKEN_FILE))
    }
}

impl Default for MetricsSettings {
    fn default() -> Self {
        let local = ListenAddr::Tcp(([127, 0, 0, 1], 9464).into());
        Self {
            listen: OneOrMany::from(vec![local]),
            tls_certificate: None,
            tls_key: None,
            proxy_protocol_from: Vec::new(),
        }
    }
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            max_connections: 16_384,
            max_connections_per_address: 500,
            handshake_timeout: Span::secs(20),
            unlimited_from: loopback(),
        }
    }
}

fn loopback() -> Vec<Network> {
    let v4 = IpNet::new([127, 0, 0, 0].into(), 8);
    let v6 = IpNet::new(std::net::Ipv6Addr::LOCALHOST.into(), 128);
    v4.into_iter().chain(v6).map(Network::from).collect()
}

impl Section for Settings {
    const NAME: &'static str = "";
}

impl Section for LogSettings {
    const NAME: &'static str = "log";
}

impl Section for AdminSettings {
    const NAME: &'static str = "admin";
}

impl Section for MetricsSettings {
    const NAME: &'static str = "metrics";
}

impl Section for LimitSettings {
    const NAME: &'static str = "limits";
}

impl Serialize for FileMode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:04o}", self.0))
    }
}

impl<'de> Deserialize<'de> for FileMode {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match u32::from_str_radix(&text, 8) {
            Ok(mode) if mode <= 0o777 => Ok(Self(mode)),
            _ => Err(serde::de::Error::custom(format!(
                "`{text}` is not a mode like \"0660\""
            ))),
        }
    }
}

impl JsonSchema for FileMode {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "FileMode".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^0?[0-7]{3}$" })
    }
}
