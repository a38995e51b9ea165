//! The `[web]` section: its doc comments are the manual.

mod check;

use std::path::PathBuf;

use relay_config::{OneOrMany, Section, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::net::{ListenAddr, Network};

/// Web pages of all relays, and one port for everything: on a shared port, usually 443, browsers
/// get the pages over HTTPS and SimpleX apps the SMP relay. Nothing of it is on by default.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebSettings {
    /// Addresses to listen on for plain HTTP, `IP:PORT` or `unix:/path`.
    #[schemars(extend("x-example" = ["0.0.0.0:80"]))]
    pub listen: OneOrMany<ListenAddr>,

    /// Addresses to listen on for TLS. Who names a host (browsers do) gets HTTPS with the
    /// certificate below; who names none (SimpleX apps) gets the SMP relay, with its own. An
    /// address that stands in `smp.listen` too is one shared port.
    #[schemars(extend("x-example" = ["0.0.0.0:443"]))]
    pub tls_listen: OneOrMany<ListenAddr>,

    /// Certificate chain (PEM) for HTTPS, the server's own certificate first. The files are read
    /// again when they change and by a reload; while new ones are broken the old ones stay.
    #[schemars(extend("x-example" = "/etc/relayd/web.crt"))]
    pub certificate: Option<PathBuf>,

    /// Private key (PEM) of `certificate`: ECDSA P-256 or P-384, Ed25519, or RSA.
    #[schemars(extend("x-example" = "/etc/relayd/web.key"))]
    pub key: Option<PathBuf>,

    /// Whether browsers that come over plain HTTP are sent to HTTPS, if there is HTTPS. Session
    /// apps never are: what they ask is encrypted already.
    #[schemars(extend("x-reload" = true))]
    pub redirect: bool,

    /// The port of HTTPS as browsers see it, when it is another than that of `tls_listen`.
    #[schemars(extend("x-example" = 443, "x-reload" = true))]
    pub https_port: Option<u16>,

    /// For how long browsers are told to use nothing but HTTPS for these hosts
    /// (Strict-Transport-Security); `0s` tells them nothing.
    #[schemars(extend("x-reload" = true))]
    pub hsts: Span,

    /// Networks of load balancers that send a PROXY protocol header (v1 or v2); connections
    /// from there must begin with one, from elsewhere none is read.
    pub proxy_protocol_from: Vec<Network>,

    /// A certificate that is had and renewed by itself, from Let's Encrypt or another authority.
    pub acme: AcmeSettings,
}

/// A certificate that is had and renewed by itself, from Let's Encrypt or another authority that
/// speaks ACME. Port 80 (`web.listen`) or port 443 (`web.tls_listen`) must be reachable from the
/// internet under every host named here.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct AcmeSettings {
    /// Whether this is on. Who switches it on agrees to the authority's terms of service.
    pub enabled: bool,

    /// The authority's directory. To try things out without its limits, use
    /// `https://acme-staging-v02.api.letsencrypt.org/directory`.
    pub directory: String,

    /// E-mail addresses the authority may write to.
    #[schemars(extend("x-example" = ["admin@example.org"]))]
    pub contact: Vec<String>,

    /// The names the certificate is for, all in one.
    #[schemars(extend("x-example" = ["smp.example.org", "sogs.example.org"]))]
    pub hosts: Vec<String>,

    /// Certificates (PEM) of the authorities that the directory's own HTTPS is believed by, for
    /// an authority of your own; those that browsers trust when not set.
    #[schemars(extend("x-example" = "/etc/relayd/acme-root.crt"))]
    pub root: Option<PathBuf>,

    /// How it is shown that the hosts are ours: `http-01` over `web.listen`, `tls-alpn-01` over
    /// `web.tls_listen`; `any` takes what is there, HTTP first.
    pub challenge: ChallengeKind,
}

/// How it is shown to an authority that a host is ours.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum ChallengeKind {
    /// What is there.
    #[default]
    #[serde(rename = "any")]
    Any,
    /// Over plain HTTP.
    #[serde(rename = "http-01")]
    Http01,
    /// Over TLS.
    #[serde(rename = "tls-alpn-01")]
    TlsAlpn01,
}

/// How it is shown, settled.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Challenge {
    /// Over plain HTTP.
    Http01,
    /// Over TLS.
    TlsAlpn01,
}

impl Default for WebSettings {
    fn default() -> Self {
        Self {
            listen: OneOrMany::default(),
            tls_listen: OneOrMany::default(),
            certificate: None,
            key: None,
            redirect: true,
            https_port: None,
            hsts: Span::secs(0),
            proxy_protocol_from: Vec::new(),
            acme: AcmeSettings::default(),
        }
    }
}

impl Default for AcmeSettings {
    fn default() -> Self {
        Self {
            enabled: false,
            directory: "https://acme-v02.api.letsencrypt.org/directory".to_owned(),
            contact: Vec::new(),
            hosts: Vec::new(),
            root: None,
            challenge: ChallengeKind::default(),
        }
    }
}

impl Section for WebSettings {
    const NAME: &'static str = "web";
}
