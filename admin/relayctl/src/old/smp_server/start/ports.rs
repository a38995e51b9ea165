//! Ports on this machine: all addresses of it, and only those that its user may have.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use toml::{Table, Value};

use super::note;

/// The first port that everybody may listen on.
const UNPRIVILEGED: u16 = 1024;

/// Leaves out a port that this user may not listen on, if another one is left: the relay is
/// reached by that one, and guides from before port 443 run it as a user who may not have it.
/// Where there is no IPv6, all addresses are those of IPv4.
pub(super) fn adapt(config: &mut Table, ports: &[u16]) {
    let denied: Vec<u16> = ports
        .iter()
        .copied()
        .filter(|port| is_denied(*port))
        .collect();
    for port in denied.iter().filter(|_| denied.len() < ports.len()) {
        without(config, *port);
        note(&format!(
            "smp-server: warning: this user may not listen on port {port}, which is left out; run it with AmbientCapabilities=CAP_NET_BIND_SERVICE, or take it out of `port` in [TRANSPORT]"
        ));
    }
    if !has_ipv6() {
        each_listener(config, &mut |address| {
            Some(address.replace("[::]", "0.0.0.0"))
        });
    }
}

fn without(config: &mut Table, port: u16) {
    let suffix = format!("]:{port}");
    each_listener(config, &mut |address| {
        (!address.ends_with(&suffix)).then(|| address.to_owned())
    });
}

/// Changes every address that is listened on for clients, or takes it out.
fn each_listener(config: &mut Table, change: &mut dyn FnMut(&str) -> Option<String>) {
    for (section, key) in [("smp", "listen"), ("web", "listen"), ("web", "tls_listen")] {
        let Some(Value::Table(table)) = config.get_mut(section) else {
            continue;
        };
        let Some(value) = table.get_mut(key) else {
            continue;
        };
        let old: Vec<String> = match &*value {
            Value::String(one) => vec![one.clone()],
            Value::Array(all) => all
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            _ => Vec::new(),
        };
        let new: Vec<String> = old.iter().filter_map(|address| change(address)).collect();
        *value = new.into();
    }
}

fn is_denied(port: u16) -> bool {
    let bound = TcpListener::bind(any(port));
    port < UNPRIVILEGED && bound.is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
}

fn has_ipv6() -> bool {
    any(0).is_ipv6()
}

fn any(port: u16) -> SocketAddr {
    let v6 = SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0));
    if TcpListener::bind(v6).is_ok() {
        (Ipv6Addr::UNSPECIFIED, port).into()
    } else {
        (Ipv4Addr::UNSPECIFIED, port).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_can_be_left_out_everywhere() {
        let mut config: Table = toml::from_str(
            "[smp]\nlisten = ['[::]:5223', '[::]:443']\n[web]\ntls_listen = '[::]:443'\nlisten = '[::]:80'\n",
        )
        .unwrap();
        without(&mut config, 443);
        let expected: Table = toml::from_str(
            "[smp]\nlisten = ['[::]:5223']\n[web]\ntls_listen = []\nlisten = ['[::]:80']\n",
        )
        .unwrap();
        assert_eq!(config, expected);
    }

    #[test]
    fn ports_for_everybody_are_kept() {
        let mut config: Table = toml::from_str("[smp]\nlisten = ['[::]:5223']\n").unwrap();
        adapt(&mut config, &[5223]);
        assert_eq!(config["smp"]["listen"].as_array().map(Vec::len), Some(1));
    }
}
