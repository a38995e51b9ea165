//! `[TRANSPORT]`: host names and ports.

use relay_smp::wire::Address;

use super::super::wanted::NO_HOST;
use super::Config;
use super::reader::{Reader, Refused};

const SECTION: &str = "TRANSPORT";

/// Where the server is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Transport {
    /// The hosts as they stand in the address.
    pub(crate) host: String,
    /// The ports listened on.
    pub(crate) ports: Vec<u16>,
}

impl Transport {
    /// The port in the address: none where apps try the right one by themselves.
    pub(crate) fn shown_port(&self) -> Option<u16> {
        let usual = Address::DEFAULT_PORT;
        self.ports
            .first()
            .copied()
            .filter(|_| !self.ports.contains(&usual))
    }
}

pub(super) fn translate(
    reader: &mut Reader<'_>,
    config: &mut Config,
) -> Result<Transport, Refused> {
    let host = reader.text(SECTION, "host").unwrap_or(NO_HOST).to_owned();
    let ports = ports(reader)?;
    hosts(reader, &host, config);
    let listen: Vec<String> = ports.iter().map(|port| format!("[::]:{port}")).collect();
    config.put("smp.listen", listen);
    let transport = Transport { host, ports };
    if let Some(port) = transport.shown_port() {
        config.put("smp.port", i64::from(port));
    }
    reader.switch(SECTION, "log_tls_errors")?;
    reader.without_effect(
        SECTION,
        "log_tls_errors",
        &["off"],
        "start with --log-level debug to see refused connections",
    );
    reader.without_effect(
        SECTION,
        "websockets",
        &["off"],
        "there are no websockets, which no app uses",
    );
    reader.switch(SECTION, "accept_service_credentials")?;
    reader.without_effect(
        SECTION,
        "accept_service_credentials",
        &["on"],
        "certificates of services are always accepted",
    );
    Ok(transport)
}

fn ports(reader: &mut Reader<'_>) -> Result<Vec<u16>, Refused> {
    let Some(text) = reader.text(SECTION, "port") else {
        return Err(Refused::new(
            SECTION,
            "port",
            "is missing; add `port = 5223,443`",
        ));
    };
    let mut ports = Vec::new();
    for port in text.split(',') {
        match port.trim().parse::<u16>() {
            Ok(port @ 1..) if !ports.contains(&port) => ports.push(port),
            Ok(1..) => {}
            _ => {
                let reason = "must be ports separated by commas, such as `5223,443`";
                return Err(Refused::new(SECTION, "port", reason));
            }
        }
    }
    Ok(ports)
}

fn hosts(reader: &mut Reader<'_>, host: &str, config: &mut Config) {
    if host == NO_HOST {
        return;
    }
    let all = host
        .split(',')
        .map(|host| host.trim().trim_matches(['[', ']']));
    let (hosts, others): (Vec<&str>, Vec<&str>) = all.partition(|host| Address::is_host(host));
    if !others.is_empty() {
        let why = "part of it is no host name or IP address and is left out";
        reader.drop(SECTION, "host", why);
    }
    if !hosts.is_empty() {
        let hosts: Vec<String> = hosts.into_iter().map(str::to_owned).collect();
        config.put("smp.hosts", hosts);
    }
}
