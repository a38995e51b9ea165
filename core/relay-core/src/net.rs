//! Every socket the daemon listens on, and every connection until a service has it.
//!
//! - A [`ListenAddr`] comes from config; [`Listener::bind`] binds it, or [`Inherited`] has it already from systemd
//!   or from the process this one replaces.
//! - An [`Acceptor`] accepts: a [`Gate`] limits, a PROXY header may name the client, [`ServerTls`] shakes hands,
//!   all within one deadline. A [`Service`] gets a [`Conn`].
//! - A [`Hello`] tells from the first message of TLS who should go on with it.
//! - [`Http`] is the service that answers with an axum router.
//! - A [`Drainer`] asks for the end in two steps; every connection's task is awaited by [`Acceptor::run`].
//! - [`NetMetrics`] counts by listener. No log, metric or `Debug` shows a client's address: see [`Peer`].

mod accept;
mod addr;
mod bind;
mod conn;
mod hello;
mod http;
mod inherited;
mod keepalive;
mod limits;
mod metrics;
mod network;
mod peer;
pub mod proxy_protocol;
mod service;
mod tls;
mod wire;

pub(crate) use self::tls::{certified_key, read_chain, server_config};
pub use self::{
    accept::{AcceptOptions, Acceptor, Listen},
    addr::{AddrError, ListenAddr},
    bind::{BindError, BindOptions, Listener},
    conn::{Conn, Socket, Stream},
    hello::Hello,
    http::Http,
    inherited::Inherited,
    keepalive::KeepAlive,
    limits::{ConnectionLimits, Gate, Permit},
    metrics::{ListenerMetrics, NetMetrics, Refusal},
    network::{Network, NetworkError},
    peer::{LimitKey, Peer},
    service::{Drain, Drainer, Service},
    tls::{ServerTls, TlsError},
};
