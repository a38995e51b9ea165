//! `[smp.proxy]`: private routing, this server passing messages on to others.

mod pattern;
mod socks;

use relay_core::config::{Secret, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use self::pattern::is_below;
pub use self::pattern::{Pattern, PatternError};
pub use self::socks::SocksProxy;
use super::check::{Problem, no_time, zero};

/// Private routing: this server passing its clients' messages on to other servers, so that those
/// do not see the clients' addresses.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProxyConfig {
    /// Whether messages are passed on. Who may ask for it is who may create queues: with
    /// `smp.create_password` set, those who know it. What other proxies pass on to this server is
    /// taken either way.
    #[schemars(extend("x-reload" = true))]
    pub enabled: bool,

    /// Whether messages go to servers in private networks too: on this machine, in the local
    /// network, at a cloud's metadata address. Anybody who may use this proxy can then reach them.
    #[schemars(extend("x-reload" = true))]
    pub allow_private_addresses: bool,

    /// Only to these: domains, which stand for all names below them too, and networks. Empty for
    /// all. With a network in this list only addresses that are known here are allowed: none that
    /// a SOCKS proxy looks up.
    #[schemars(extend("x-example" = ["simplex.im", "192.0.2.0/24"], "x-reload" = true))]
    pub allow: Vec<Pattern>,

    /// Never to these, whatever is allowed.
    #[schemars(extend("x-example" = ["smp.example.net", "203.0.113.7"], "x-reload" = true))]
    pub deny: Vec<Pattern>,

    /// Domains of this operator's servers; what goes there is counted apart, too.
    #[schemars(extend("x-example" = ["example.org"], "x-reload" = true))]
    pub own_server_domains: Vec<String>,

    /// Messages of one client on their way at the same time; more than that wait.
    pub client_concurrency: u32,

    /// Servers connected to at the same time; one without traffic makes room for a new one.
    #[schemars(extend("x-reload" = true))]
    pub max_relays: u32,

    /// How long a server that could not be reached is not tried again.
    #[schemars(extend("x-reload" = true))]
    pub failed_relay_memory: Span,

    /// Time to connect to a server.
    #[schemars(extend("x-reload" = true))]
    pub connect_timeout: Span,

    /// Time for a server to answer.
    #[schemars(extend("x-reload" = true))]
    pub answer_timeout: Span,

    /// How long a connection to a server without traffic is kept. 0 keeps it until that server
    /// closes it.
    #[schemars(extend("x-reload" = true))]
    pub idle_timeout: Span,

    /// Silence after which a server is asked whether it is still there. 0 never asks.
    #[schemars(extend("x-reload" = true))]
    pub ping_interval: Span,

    /// A SOCKS5 proxy, such as Tor's: `[USER:PASSWORD@]HOST:PORT`. Without one no .onion address is
    /// ever connected to, or looked up.
    #[schemars(extend("x-example" = "127.0.0.1:9050", "x-reload" = true))]
    pub socks_proxy: Option<Secret>,

    /// What goes through it.
    #[schemars(extend("x-reload" = true))]
    pub socks_mode: SocksMode,

    /// Whether each server is given its own user name towards the SOCKS proxy, so that Tor uses
    /// another circuit for each. Without effect where `socks_proxy` has a user name.
    #[schemars(extend("x-reload" = true))]
    pub socks_isolation: bool,

    /// Which host of a server that has several is connected to.
    #[schemars(extend("x-reload" = true))]
    pub host_mode: HostMode,

    /// Whether a server without a host of that kind is refused.
    #[schemars(extend("x-reload" = true))]
    pub required_host_mode: bool,
}

/// What goes through the SOCKS proxy.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SocksMode {
    /// Connections to .onion addresses.
    #[default]
    Onion,
    /// All connections; names are looked up by the proxy.
    Always,
}

/// Which host of several is preferred.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HostMode {
    /// One that is no .onion address.
    #[default]
    Public,
    /// The .onion address where there is a SOCKS proxy, else one that is none.
    Onion,
}

impl Default for ProxyConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            allow_private_addresses: false,
            allow: Vec::new(),
            deny: Vec::new(),
            own_server_domains: Vec::new(),
            client_concurrency: 32,
            max_relays: 4096,
            failed_relay_memory: Span::secs(30),
            connect_timeout: Span::secs(45),
            answer_timeout: Span::secs(30),
            idle_timeout: Span::secs(3600),
            ping_interval: Span::secs(0),
            socks_proxy: None,
            socks_mode: SocksMode::default(),
            socks_isolation: true,
            host_mode: HostMode::default(),
            required_host_mode: false,
        }
    }
}

impl ProxyConfig {
    /// The SOCKS proxy, if one is set.
    pub fn socks(&self) -> Option<SocksProxy> {
        SocksProxy::parse(self.socks_proxy.as_ref()?.reveal())
    }

    /// What is wrong, by key.
    pub(super) fn problem(&self) -> Option<Problem> {
        let counts = [
            (
                "proxy.client_concurrency",
                u64::from(self.client_concurrency),
            ),
            ("proxy.max_relays", u64::from(self.max_relays)),
        ];
        let times = [
            ("proxy.connect_timeout", self.connect_timeout),
            ("proxy.answer_timeout", self.answer_timeout),
        ];
        zero(counts)
            .or_else(|| self.socks_problem())
            .or_else(|| no_time(times))
    }

    fn socks_problem(&self) -> Option<Problem> {
        if self.socks_proxy.is_some() && self.socks().is_none() {
            let reason = "must be HOST:PORT or USER:PASSWORD@HOST:PORT, like 127.0.0.1:9050";
            return Some(("proxy.socks_proxy", reason.to_owned()));
        }
        if self.socks_mode == SocksMode::Always && self.socks_proxy.is_none() {
            let reason = "`always` needs smp.proxy.socks_proxy";
            return Some(("proxy.socks_mode", reason.to_owned()));
        }
        None
    }
}
