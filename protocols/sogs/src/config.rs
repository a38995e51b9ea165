//! The `[sogs]` section.

use relay_core::config::{OneOrMany, Section};
use relay_core::net::{AcceptOptions, BindOptions, ListenAddr, Network};
use relay_core::protocol::Port;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The Session Open Group Server. This build does not serve it yet: switched on, it answers
/// every request with "501 Not Implemented".
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SogsConfig {
    /// Whether this relay runs.
    pub enabled: bool,

    /// Addresses to listen on for HTTP, `IP:PORT` or `unix:/path`.
    pub listen: OneOrMany<ListenAddr>,

    /// The URL under which Session apps reach this server.
    #[schemars(extend("x-example" = "https://sogs.example.org"))]
    pub base_url: Option<String>,

    /// Networks of load balancers that send a PROXY protocol header (v1 or v2); connections
    /// from there must begin with one, from elsewhere none is read.
    pub proxy_protocol_from: Vec<Network>,
}

impl Default for SogsConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            listen: OneOrMany::one(ListenAddr::Tcp(([127, 0, 0, 1], 8080).into())),
            base_url: None,
            proxy_protocol_from: Vec::new(),
        }
    }
}

impl Section for SogsConfig {
    const NAME: &'static str = "sogs";
}

impl SogsConfig {
    pub(crate) fn port(&self) -> Port {
        Port {
            name: "sogs",
            key: "sogs.listen".to_owned(),
            listen: self.listen.clone(),
            accept: AcceptOptions::behind(&self.proxy_protocol_from),
            bind: BindOptions::new("sogs.listen"),
        }
    }
}
