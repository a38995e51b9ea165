//! OpenSSL on the other side: what it calls tls-unique must be the session id.
//!
//! Needs python3 (its ssl module is OpenSSL) and the openssl command.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use relay_testkit::skip;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::spawn_blocking;
use x509_cert::der::pem::{LineEnding, encode_string};

use super::*;
use crate::identity::key_to_pem;

/// Connects with the arguments `port version`, and again with the same session. Prints tls-unique,
/// and whether the second connection resumed the session.
const CLIENT: &str = r#"
import socket, ssl, sys
version = ssl.TLSVersion["TLSv1_" + sys.argv[2]]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.minimum_version = context.maximum_version = version
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
context.set_alpn_protocols(["smp/1"])
session = None
for _ in range(2):
    tcp = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    tls = context.wrap_socket(tcp, session=session)
    tls.recv(1)
    session = tls.session
    print(tls.get_channel_binding("tls-unique").hex(), tls.session_reused, tls.selected_alpn_protocol())
"#;

/// Serves one connection, with the arguments `folder version`. Prints its port, then tls-unique.
const SERVER: &str = r#"
import socket, ssl, sys
version = ssl.TLSVersion["TLSv1_" + sys.argv[2]]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.minimum_version = context.maximum_version = version
context.num_tickets = 0
context.load_cert_chain(sys.argv[1] + "/chain", sys.argv[1] + "/key")
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
tls = context.wrap_socket(listener.accept()[0], server_side=True)
print(tls.get_channel_binding("tls-unique").hex(), flush=True)
tls.recv(1)
"#;

fn is_there(program: &str) -> bool {
    let argument = if program == "openssl" {
        "version"
    } else {
        "--version"
    };
    let mut command = Command::new(program);
    let run = command
        .arg(argument)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let is_there = run.status().is_ok_and(|status| status.success());
    if !is_there {
        skip::loudly(&format!("no {program}"), &format!("install {program}"));
    }
    is_there
}

fn hex(id: SessionId) -> String {
    data_encoding::HEXLOWER.encode(&id)
}

/// Serves `connections` one after the other, saying one byte to each; their session ids.
async fn serve(acceptor: &Acceptor, listener: TcpListener, connections: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for _ in 0..connections {
        let (tcp, _) = listener.accept().await.unwrap();
        let mut accepted = acceptor.accept(tcp, soon()).await.unwrap();
        ids.push(hex(accepted.session_id));
        accepted.stream.write_all(b"!").await.unwrap();
        accepted.stream.shutdown().await.unwrap();
    }
    ids
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

async fn run(program: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    let output = spawn_blocking(move || command.output().unwrap()).await;
    let output = output.unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{complaints}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn openssl_as_client_agrees_and_cannot_resume() {
    if !is_there("python3") {
        return;
    }
    for kind in [KeyKind::Ed25519, KeyKind::Ed448] {
        let acceptor = Acceptor::new(identity(kind)).unwrap();
        for version in ["3", "2"] {
            let (listener, address) = listen().await;
            let port = address.port().to_string();
            let arguments = ["-c", CLIENT, &port, version];
            let (ids, said) =
                tokio::join!(serve(&acceptor, listener, 2), run("python3", &arguments));
            let expected = ids.iter().map(|id| format!("{id} False smp/1\n"));
            assert_eq!(said, expected.collect::<String>(), "TLS 1.{version}");
        }
    }
}

#[tokio::test]
async fn openssl_as_server_agrees() {
    if !is_there("python3") {
        return;
    }
    for kind in [KeyKind::Ed25519, KeyKind::Ed448] {
        let identity = identity(kind);
        let files = files(&identity);
        for (version, versions) in [("3", &TLS13[..]), ("2", &TLS12[..])] {
            let folder = files.path().to_str().unwrap();
            let mut server = Command::new("python3")
                .args(["-c", SERVER, folder, version])
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
            let port: u16 = lines.next().unwrap().unwrap().parse().unwrap();
            let tcp = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            let connector = connector_of(&identity, versions);
            let connected = connector.connect(tcp, soon()).await.unwrap();
            assert_eq!(lines.next().unwrap().unwrap(), hex(connected.session_id));
            drop(connected);
            server.wait().unwrap();
        }
    }
}

fn files(identity: &Identity) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let chain = identity.chain().iter().map(|der| {
        let pem = encode_string("CERTIFICATE", LineEnding::LF, der);
        pem.unwrap()
    });
    std::fs::write(folder.path().join("chain"), chain.collect::<String>()).unwrap();
    std::fs::write(folder.path().join("key"), key_to_pem(identity.key())).unwrap();
    folder
}

/// The command shows the Finished messages themselves, and lets us choose the groups.
#[tokio::test]
async fn openssl_agrees_whatever_the_group_also_after_a_hello_retry_request() {
    if !is_there("openssl") {
        return;
    }
    let acceptor = Acceptor::new(identity(KeyKind::Ed25519)).unwrap();
    for (version, groups) in [
        ("-tls1_3", "X448"),
        ("-tls1_3", "X25519"),
        ("-tls1_3", "P-256:X25519"),
        ("-tls1_3", "P-384:X448"),
        ("-tls1_2", "X448"),
        ("-tls1_2", "X25519"),
    ] {
        let (listener, address) = listen().await;
        let address = address.to_string();
        let arguments = [
            "s_client", "-connect", &address, version, "-groups", groups, "-msg",
        ];
        let (ids, said) = tokio::join!(serve(&acceptor, listener, 1), run("openssl", &arguments));
        let retried = said.matches("ClientHello").count() > 1;
        assert_eq!(retried, groups.starts_with("P-"), "{groups}");
        assert_eq!(finished_sent(&said), ids[0], "{version} {groups}");
    }
}

/// The body of the Finished message that `openssl s_client -msg` says it sent.
fn finished_sent(said: &str) -> String {
    let mut lines = said.lines();
    lines.find(|line| line.starts_with(">>>") && line.ends_with("Finished"));
    let dump = lines.take_while(|line| line.starts_with("    "));
    let message: String = dump.flat_map(str::split_whitespace).collect();
    message[8..].to_owned()
}

#[tokio::test]
async fn openssl_finds_no_other_suite() {
    if !is_there("openssl") {
        return;
    }
    let acceptor = Acceptor::new(identity(KeyKind::Ed25519)).unwrap();
    for (option, suite) in [
        ("-ciphersuites", "TLS_AES_128_GCM_SHA256"),
        ("-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"),
    ] {
        let version = if option == "-cipher" {
            "-tls1_2"
        } else {
            "-tls1_3"
        };
        let (listener, address) = listen().await;
        let mut client = Command::new("openssl")
            .args([
                "s_client",
                "-connect",
                &address.to_string(),
                version,
                option,
                suite,
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (tcp, _) = listener.accept().await.unwrap();
        acceptor.accept(tcp, soon()).await.unwrap_err();
        assert!(!client.wait().unwrap().success());
    }
}
