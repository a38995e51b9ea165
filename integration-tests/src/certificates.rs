//! Certificates made and looked at with the `openssl` command: only relay-core speaks TLS.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use relay_testkit::skip;

/// Whether the `openssl` command is here; if not, that is said loudly.
pub fn can_be_made() -> bool {
    let version = Command::new("openssl").arg("version").output();
    let there = version.is_ok_and(|output| output.status.success());
    if !there {
        skip::loudly(
            "there is no openssl command, tests of TLS do not run",
            "apt-get install openssl",
        );
    }
    there
}

/// Makes a key and a certificate for `name` in `dir`; gives the paths of certificate and key.
pub fn make(dir: &Path, file: &str, name: &str) -> (PathBuf, PathBuf) {
    let (certificate, key) = (
        dir.join(format!("{file}.crt")),
        dir.join(format!("{file}.key")),
    );
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-nodes", "-days", "30", "-newkey", "ec"]);
    openssl.args(["-pkeyopt", "ec_paramgen_curve:prime256v1"]);
    openssl.args(["-subj", &format!("/CN={name}")]);
    openssl.args(["-addext", &format!("subjectAltName=DNS:{name}")]);
    openssl.arg("-out").arg(&certificate);
    openssl.arg("-keyout").arg(&key);
    let output = openssl.output().expect("openssl starts");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl: {complaint}");
    (certificate, key)
}

/// What a TLS client is told by the server at `address`: its own certificate's subject is in it.
pub fn shown_by(address: SocketAddr) -> String {
    let mut openssl = Command::new("openssl");
    openssl.args(["s_client", "-connect", &address.to_string()]);
    openssl.stdin(Stdio::null());
    let output = openssl.output().expect("openssl starts");
    let text = String::from_utf8_lossy(&output.stdout);
    let subject = text.lines().find(|line| line.starts_with("subject="));
    subject.unwrap_or(&text).to_owned()
}

/// Sends an HTTPS request and gives all of the answer.
pub fn get(address: SocketAddr, path: &str) -> String {
    let script = format!(
        "printf 'GET {path} HTTP/1.1\\r\\nhost: localhost\\r\\nconnection: close\\r\\n\\r\\n' | \
         openssl s_client -quiet -ign_eof -connect {address} 2>/dev/null"
    );
    let output = Command::new("sh").args(["-c", &script]).output();
    let output = output.expect("sh starts");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
