//! The SMP relay: TLS, the handshake, and the life of a queue, as apps test a server.

use std::sync::Arc;

use relay_admin::client::Client;
use relay_core::clock::SystemClock;
use relay_core::entropy::Entropy;
use relay_smp::admin::paths;
use relay_smp::admin::types;
use relay_smp::client::{CallError, Client as App, Dialer, Events, NewQueue, QueueKey};
use relay_smp::wire::{Address, Error, SubscriptionMode};
use tokio::net::TcpStream;

use super::super::report::Section;
use super::{PATIENCE, dial};

pub(super) async fn check(daemon: &Client, found: &mut Section<'_>) {
    let asked: Result<types::Address, _> = daemon.get(paths::ADDRESS).await;
    let known = asked
        .ok()
        .and_then(|known| Some((known.address.parse().ok()?, known.has_hosts)));
    let Some((address, has_hosts)): Option<(Address, bool)> = known else {
        return found.warning(
            "smp does not say its address",
            "look into the log of relayd",
        );
    };
    if !has_hosts {
        found.warning(
            "smp.hosts is not set: no other machine finds the SMP relay",
            "set it to the names under which SimpleX apps reach this server",
        );
    }
    for host in &address.hosts {
        try_host(&address, host, found).await;
    }
}

async fn try_host(address: &Address, host: &str, found: &mut Section<'_>) {
    let port = address.port.unwrap_or(Address::DEFAULT_PORT);
    let Some(stream) = dial::dial(host, port, "smp.hosts and smp.port", found).await else {
        return;
    };
    match connect(address, stream).await {
        Err(reason) => found.problem(
            format!("{host}, port {port}, is not this SMP relay: {reason}"),
            "see who answers there; TLS must come through to relayd untouched",
        ),
        Ok((app, _events)) => match use_a_queue(&app, address.password.as_deref()).await {
            Ok(()) => found.ok(format!(
                "smp works at {host}, port {port}: a queue was made, secured and deleted"
            )),
            Err((step, CallError::Refused(Error::Auth))) if step == CREATE => found.ok(format!(
                "smp answers at {host}, port {port}; it takes no new queues, as smp.new_queues says"
            )),
            Err((step, error)) => found.problem(
                format!("smp at {host}, port {port}, fails when {step}: {error}"),
                "look into the log of relayd",
            ),
        },
    }
}

async fn connect(address: &Address, stream: TcpStream) -> Result<(App, Events), String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let dialer = Dialer::new(address.fingerprint, Arc::new(SystemClock));
    let dialer = dialer.map_err(|error| text(&error))?;
    let entropy = Entropy::system().map_err(|error| text(&error))?;
    let client = dialer.limits(PATIENCE, PATIENCE);
    let client = client.client_over(stream, &mut entropy.rng()).await;
    client.map_err(|error| text(&error))
}

const CREATE: &str = "a queue is made";

/// What is not deleted, because something fails, nobody will ever use.
async fn use_a_queue(app: &App, password: Option<&str>) -> Result<(), (&'static str, CallError)> {
    let at = |step| move |error| (step, error);
    let entropy = Entropy::system().map_err(|_| (CREATE, CallError::Closed))?;
    let mut rng = entropy.rng();
    let new = NewQueue {
        password,
        mode: SubscriptionMode::OnlyCreate,
        ..NewQueue::with(QueueKey::ed25519(&mut rng))
    };
    let queue = app.create(new, &mut rng).await.map_err(at(CREATE))?;
    let sender = QueueKey::x25519(&mut rng).public();
    app.secure(&queue, sender)
        .await
        .map_err(at("a queue is secured"))?;
    app.delete(&queue).await.map_err(at("a queue is deleted"))
}
