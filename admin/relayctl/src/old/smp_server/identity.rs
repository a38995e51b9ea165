//! What is told about who a server is.

use relay_smp::wire::to_base64url;

use super::console::say;
use super::places::{Places, shown};

/// The lines that scripts look for: fingerprint and address.
///
/// The host is shown as it was said, which may be `<hostnames>`.
pub(super) fn address(
    fingerprint: &[u8; 32],
    password: Option<&str>,
    host: &str,
    port: Option<u16>,
) -> String {
    let fingerprint = to_base64url(fingerprint);
    let password = password.map_or_else(String::new, |password| format!(":{password}"));
    let host = if host.contains(':') && !host.contains([',', '[']) {
        format!("[{host}]")
    } else {
        host.to_owned()
    };
    let port = port.map_or_else(String::new, |port| format!(":{port}"));
    format!(
        "Fingerprint: {fingerprint}\nServer address: smp://{fingerprint}{password}@{host}{port}"
    )
}

/// The CA's key is the server's name for ever: it belongs elsewhere.
pub(super) fn tell_about_ca_key(places: &Places) {
    say(&format!(
        "----------\n\
         You should store CA private key securely and delete it from the server.\n\
         If server TLS credential is compromised this key can be used to sign a new one, keeping the same server identity and established connections.\n\
         CA private key location: {}\n\
         ----------",
        shown(&places.configuration.join("ca.key"))
    ));
}
