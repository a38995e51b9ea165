//! The `[smp]` section: its doc comments are the manual, and [`SmpConfig::check`] refuses what fits
//! its type and still makes no sense.
//!
//! Keys marked `x-reload` are read through [`Settings`] whenever they are needed; all others hold
//! until the next start.

mod address;
mod check;
mod connections;
mod control;
mod identity;
mod information;
mod limits;
mod proxy;
mod queues;
mod settings;
mod statistics;
mod web;

use relay_core::config::{OneOrMany, Secret, Section};
use relay_core::net::{AcceptOptions, BindOptions, ListenAddr, Network};
use relay_core::protocol::Port;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::connections::ConnectionConfig;
pub use self::control::ControlConfig;
pub use self::identity::{IdentityConfig, KeyKind};
pub use self::information::{HostingType, InformationConfig};
pub use self::limits::LimitConfig;
pub(crate) use self::proxy::is_below;
pub use self::proxy::{HostMode, Pattern, PatternError, ProxyConfig, SocksMode, SocksProxy};
pub use self::queues::{NotificationConfig, QueueConfig};
pub use self::settings::Settings;
pub use self::statistics::{Columns, StatisticsConfig};
pub use self::web::WebConfig;

/// The SimpleX SMP relay.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SmpConfig {
    /// Whether this relay runs.
    pub enabled: bool,

    /// Addresses to listen on for TLS, `IP:PORT` or `unix:/path`. Apps try port 5223 unless the
    /// server's address says another; many networks let nothing but 443 through.
    pub listen: OneOrMany<ListenAddr>,

    /// Names under which clients reach this server, as they stand in its address: domains, IP
    /// addresses, .onion addresses; the one to show first. Without any, the address names what is
    /// listened on, which is of use on this machine only.
    #[schemars(extend("x-example" = ["smp.example.org"], "x-reload" = true))]
    pub hosts: Vec<String>,

    /// The port in the server's address, when clients reach it under another than it listens on.
    #[schemars(extend("x-example" = 443, "x-reload" = true))]
    pub port: Option<u16>,

    /// Who knows this password may create queues; without one, everybody may. It becomes part of
    /// the server's address, so it has neither spaces nor any of `@`, `:` and `/`.
    #[schemars(extend("x-example" = "correct-horse-battery-staple", "x-reload" = true))]
    pub create_password: Option<Secret>,

    /// Whether new queues are created. Without, the server serves the queues it has.
    #[schemars(extend("x-reload" = true))]
    pub new_queues: bool,

    /// How many queues an operator may block in a day (`relayctl smp queue block`): 0 for as many
    /// as needed, -1 for none.
    #[schemars(extend("x-reload" = true))]
    pub daily_block_quota: i32,

    /// Networks of load balancers that send a PROXY protocol header (v1 or v2); connections
    /// from there must begin with one, from elsewhere none is read.
    pub proxy_protocol_from: Vec<Network>,

    /// Keys and certificates.
    pub identity: IdentityConfig,

    /// Queues and their messages.
    pub queues: QueueConfig,

    /// Notifications for the servers that wake sleeping phones.
    pub notifications: NotificationConfig,

    /// Connections, and how the protocol is spoken on them.
    pub connections: ConnectionConfig,

    /// What one client, and all together, may use. `[limits]` has those on connections.
    pub limits: LimitConfig,

    /// Private routing: this server passing its clients' messages on to others.
    pub proxy: ProxyConfig,

    /// The statistics file that dashboards of smp-server read. `[metrics]` has the same and more.
    pub statistics: StatisticsConfig,

    /// What the operator says about the server; shown on its page.
    pub information: InformationConfig,

    /// Pages for people with browsers.
    pub web: WebConfig,

    /// The control port of smp-server.
    pub control: ControlConfig,
}

impl Default for SmpConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            listen: OneOrMany::one(ListenAddr::Tcp(([127, 0, 0, 1], 5223).into())),
            hosts: Vec::new(),
            port: None,
            create_password: None,
            new_queues: true,
            daily_block_quota: 20,
            proxy_protocol_from: Vec::new(),
            identity: IdentityConfig::default(),
            queues: QueueConfig::default(),
            notifications: NotificationConfig::default(),
            connections: ConnectionConfig::default(),
            limits: LimitConfig::default(),
            proxy: ProxyConfig::default(),
            statistics: StatisticsConfig::default(),
            information: InformationConfig::default(),
            web: WebConfig::default(),
            control: ControlConfig::default(),
        }
    }
}

impl Section for SmpConfig {
    const NAME: &'static str = "smp";
}

impl SmpConfig {
    pub(crate) fn port(&self) -> Port {
        Port {
            name: "smp",
            key: "smp.listen".to_owned(),
            listen: self.listen.clone(),
            accept: AcceptOptions::behind(&self.proxy_protocol_from),
            bind: BindOptions::new("smp.listen"),
        }
    }

    /// The control port, if it is on.
    pub(crate) fn control_port(&self) -> Option<Port> {
        (!self.control.listen.is_empty()).then(|| Port {
            name: "smp-control",
            key: "smp.control.listen".to_owned(),
            listen: self.control.listen.clone(),
            accept: AcceptOptions::default(),
            bind: BindOptions::new("smp.control.listen"),
        })
    }
}
