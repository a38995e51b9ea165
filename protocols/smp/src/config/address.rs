//! The server's address as it is told to people.

use relay_core::net::ListenAddr;

use super::SmpConfig;
use crate::wire::Address;

impl SmpConfig {
    /// The address to give away, with the password where one is needed to create queues. `bound`
    /// is what is really listened on.
    pub fn address(&self, fingerprint: [u8; 32], bound: &[ListenAddr]) -> Address {
        Address {
            fingerprint,
            password: self
                .create_password
                .as_ref()
                .map(|password| password.reveal().to_owned()),
            hosts: self.shown_hosts(bound),
            port: self
                .shown_port(bound)
                .filter(|port| *port != Address::DEFAULT_PORT),
        }
    }

    fn shown_hosts(&self, bound: &[ListenAddr]) -> Vec<String> {
        if !self.hosts.is_empty() {
            return self.hosts.clone();
        }
        let first = bound.iter().find_map(|address| match address {
            ListenAddr::Tcp(tcp) if !tcp.ip().is_unspecified() => Some(tcp.ip().to_string()),
            _ => None,
        });
        vec![first.unwrap_or_else(|| "localhost".to_owned())]
    }

    /// The usual port where it is served, for it need not be said; else the first.
    fn shown_port(&self, bound: &[ListenAddr]) -> Option<u16> {
        let ports = || {
            bound.iter().filter_map(|address| match address {
                ListenAddr::Tcp(tcp) => Some(tcp.port()),
                ListenAddr::Unix(_) => None,
            })
        };
        let usual = ports().find(|port| *port == Address::DEFAULT_PORT);
        self.port.or(usual).or_else(|| ports().next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FP: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

    fn address(config: &SmpConfig, bound: &[&str]) -> String {
        let bound: Vec<_> = bound.iter().map(|text| text.parse().unwrap()).collect();
        config.address([7; 32], &bound).to_string()
    }

    #[test]
    fn hosts_and_password_as_configured() {
        let config = SmpConfig {
            hosts: vec!["smp.example.org".into(), "abc.onion".into()],
            create_password: Some("pw".into()),
            ..SmpConfig::default()
        };
        let both = ["0.0.0.0:443", "0.0.0.0:5223"];
        let expected = format!("smp://{FP}:pw@smp.example.org,abc.onion");
        assert_eq!(address(&config, &both), expected);
        assert_eq!(
            address(&config, &["0.0.0.0:443"]),
            expected.clone() + ":443"
        );
        let mapped = SmpConfig {
            port: Some(4443),
            ..config
        };
        assert_eq!(address(&mapped, &both), expected + ":4443");
    }

    #[test]
    fn without_hosts_what_is_listened_on() {
        let config = SmpConfig::default();
        let shown = |bound| address(&config, bound);
        assert_eq!(shown(&["127.0.0.1:5223"]), format!("smp://{FP}@127.0.0.1"));
        assert_eq!(shown(&["[::1]:4000"]), format!("smp://{FP}@[::1]:4000"));
        assert_eq!(shown(&["0.0.0.0:5223"]), format!("smp://{FP}@localhost"));
        assert_eq!(shown(&["unix:/run/smp"]), format!("smp://{FP}@localhost"));
    }
}
