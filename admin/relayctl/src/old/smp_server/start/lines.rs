//! What is printed at a start. Scripts look for these lines, those of 2023 and those of today.

use relay_storage::DatabaseUrl;

use super::super::VERSION;
use super::super::identity::address;
use super::super::init::source_line;
use super::super::places::{Places, shown};
use super::super::translate::Told;

/// All lines.
pub(super) fn all(told: &Told, fingerprint: &[u8; 32], places: &Places) -> String {
    let transport = &told.transport;
    let password = told.password.as_deref();
    let port = transport.shown_port();
    let mut lines = vec![
        VERSION.to_owned(),
        address(fingerprint, password, &transport.host, port),
        source_line(told.source_code.as_deref()),
        store(told, places),
    ];
    lines.extend(ports(told));
    lines.push(format!(
        "expiring messages after {} days",
        told.message_days
    ));
    lines.push(match told.inactive {
        Some((ttl, every)) => {
            format!("expiring clients inactive for {ttl} seconds every {every} seconds")
        }
        None => "not expiring inactive clients".to_owned(),
    });
    let new_queues = match (told.new_queues, password) {
        (false, _) => "NOT allowed",
        (true, Some(_)) => "requires password",
        (true, None) => "allowed",
    };
    lines.push(format!("creating new queues {new_queues}"));
    if told.daily_statistics {
        let file = shown(&places.daily_statistics());
        lines.push(format!("server stats log enabled: {file}"));
    }
    lines.join("\n")
}

/// A URL may have a password in it, which is not printed.
fn store(told: &Told, places: &Places) -> String {
    let url = told.database.as_deref().map(str::parse::<DatabaseUrl>);
    match url {
        Some(Ok(url)) => format!("PostgreSQL database: {url}"),
        Some(Err(_)) => "PostgreSQL database".to_owned(),
        None if told.store_log => format!("Store log: {}", shown(&places.store_log())),
        None => "Store log disabled.".to_owned(),
    }
}

fn ports(told: &Told) -> Vec<String> {
    let mut lines = Vec::new();
    let ports = &told.transport.ports;
    for port in ports {
        lines.push(format!("Serving SMP protocol on port {port} (TLS)..."));
        lines.push(format!("Listening on port {port} (TLS)..."));
        if told.web.https == Some(*port) {
            lines.push(format!("Serving static site on port {port} (TLS)..."));
        }
    }
    if !ports.contains(&443) {
        lines.push(
            "\nWARNING: the clients will use port 443 by default soon.\n\
             Set `port` in smp-server.ini section [TRANSPORT] to `5223,443`\n"
                .to_owned(),
        );
    }
    lines
}
