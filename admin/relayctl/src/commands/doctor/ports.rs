//! The addresses relayd listens on: held by our daemon, free, or taken by somebody else.
//!
//! A free address is found by binding it for a moment, as the daemon would, whose words for what
//! stands against it are used. With a daemon running, that happens only where it does not listen.

use std::net::SocketAddr;

use relay_core::net::{BindError, ListenAddr, Listener};
use relay_core::protocol::Port;

use super::ground::Ground;
use super::holder::Holder;
use super::report::Section;

pub(super) fn check(ground: &Ground, found: &mut Section<'_>) {
    let Some(blueprint) = &ground.configuration.blueprint else {
        return found.unknown("ports");
    };
    for port in blueprint.ports() {
        for address in &port.listen {
            match address {
                ListenAddr::Tcp(tcp) if tcp.port() == 0 => {
                    found.ok(format!("{}: any free port", port.key));
                }
                ListenAddr::Tcp(tcp) => examine(ground, &port, *tcp, found),
                ListenAddr::Unix(_) => {}
            }
        }
    }
}

fn examine(ground: &Ground, port: &Port, tcp: SocketAddr, found: &mut Section<'_>) {
    let address = ListenAddr::Tcp(tcp);
    let key = &port.key;
    match Listener::bind(port.name, &address, &port.bind) {
        Ok(_) if ground.daemon.is_ok() => found.warning(
            format!("{address} ({key}) is free: the running daemon does not listen there"),
            "restart relayd to bring the configuration into force",
        ),
        Ok(_) => found.ok(format!("{address} ({key}) is free")),
        Err(error @ BindError::InUse { .. }) => taken(ground, key, &address, &error, found),
        Err(error @ BindError::Privileged { .. }) => {
            let line = error.to_string();
            let (what, advice) = line.split_once(": ").unwrap_or((&line, "run as root"));
            found.warning(format!("{what} ({key}) as this user"), advice);
        }
        Err(error) => found.problem_line(&error.to_string()),
    }
}

fn taken(
    ground: &Ground,
    key: &str,
    address: &ListenAddr,
    error: &BindError,
    found: &mut Section<'_>,
) {
    let daemon = ground.daemon_pid();
    match Holder::of(address, daemon) {
        Some(holder) if Some(holder.pid) == daemon => {
            found.ok(format!("{address} ({key}) is held by the running daemon"));
        }
        // Socket activation.
        Some(holder) if holder.pid == 1 => {
            found.ok(format!(
                "{address} ({key}) is held by {} for relayd",
                holder.name
            ));
        }
        Some(holder) => found.problem(
            format!(
                "{address} ({key}) is taken by {} (process {})",
                holder.name, holder.pid
            ),
            format!("stop {}, or change {key}", holder.name),
        ),
        None if is_listed(ground, key, address) => {
            found.ok(format!(
                "{address} ({key}) is in use, and the running daemon listens there"
            ));
        }
        None => found.problem_line(&error.to_string()),
    }
}

/// Whether the running daemon was told to listen there, for users who cannot see whose a socket is.
fn is_listed(ground: &Ground, key: &str, address: &ListenAddr) -> bool {
    let listed = ground.running_value(key);
    listed.is_some_and(|listed| listed.to_string().contains(&format!("\"{address}\"")))
}
