//! The `[smp]` section.

use relay_core::config::{OneOrMany, Secret, Section};
use relay_core::net::{AcceptOptions, BindOptions, ListenAddr, Network};
use relay_core::protocol::Port;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The SimpleX SMP relay. This build does not serve it yet: switched on, it closes every
/// connection at once.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SmpConfig {
    /// Whether this relay runs.
    pub enabled: bool,

    /// Addresses to listen on for TLS, `IP:PORT` or `unix:/path`.
    pub listen: OneOrMany<ListenAddr>,

    /// Host names (and .onion addresses) of this server, as they stand in its address.
    #[schemars(extend("x-example" = ["smp.example.org"]))]
    pub hosts: Vec<String>,

    /// Who knows this password may create queues; without one, everybody may.
    #[schemars(extend("x-example" = "correct-horse-battery-staple"))]
    pub create_password: Option<Secret>,

    /// Networks of load balancers that send a PROXY protocol header (v1 or v2); connections
    /// from there must begin with one, from elsewhere none is read.
    pub proxy_protocol_from: Vec<Network>,
}

impl Default for SmpConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            listen: OneOrMany::one(ListenAddr::Tcp(([127, 0, 0, 1], 5223).into())),
            hosts: Vec::new(),
            create_password: None,
            proxy_protocol_from: Vec::new(),
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
}
