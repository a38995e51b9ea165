//! From a name to a connection: the name is found, and somebody answers at the port.

use std::net::SocketAddr;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::super::report::Section;
use super::{PATIENCE, tor};

/// Connects to `host`, saying what stands against it, as advice in the words of `key`.
pub(super) async fn dial(
    host: &str,
    port: u16,
    key: &str,
    found: &mut Section<'_>,
) -> Option<TcpStream> {
    if tor::is_onion(host) {
        return tor::dial(host, port, key, found).await;
    }
    let addresses = addresses(host, port, key, found).await?;
    let mut refusals = Vec::new();
    for address in &addresses {
        match timeout(PATIENCE, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                partly(host, &refusals, found);
                return Some(stream);
            }
            Ok(Err(error)) => refusals.push(format!("{address}: {error}")),
            Err(_) => refusals.push(format!("{address}: no answer in time")),
        }
    }
    found.problem(
        format!("{host}, port {port}, cannot be reached ({})", refusals.join("; ")),
        format!("open port {port} in the firewall and forward it to this machine, or correct {key}; where a router does not let its own network in by the public name, try from outside"),
    );
    None
}

async fn addresses(
    host: &str,
    port: u16,
    key: &str,
    found: &mut Section<'_>,
) -> Option<Vec<SocketAddr>> {
    let bare = host.trim_matches(['[', ']']);
    let looked_up = timeout(PATIENCE, lookup_host((bare, port))).await;
    let reason = match looked_up {
        Ok(Ok(addresses)) => {
            let addresses: Vec<_> = addresses.collect();
            if !addresses.is_empty() {
                return Some(addresses);
            }
            "it has no address".to_owned()
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => "the name servers give no answer in time".to_owned(),
    };
    found.problem(
        format!("{host} is not found: {reason}"),
        format!("make an A or AAAA record of {host} that leads here, or correct {key}"),
    );
    None
}

/// Clients may be given the address that does not work.
fn partly(host: &str, refusals: &[String], found: &mut Section<'_>) {
    if !refusals.is_empty() {
        found.warning(
            format!(
                "{host} has addresses that do not answer ({})",
                refusals.join("; ")
            ),
            format!("have relayd listen there too, or take them out of the records of {host}"),
        );
    }
}
