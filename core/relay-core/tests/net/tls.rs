//! TLS: handshakes, their deadline, and a certificate renewed while serving.

use std::{fs, path::Path, sync::Arc, time::Duration};

use relay_core::net::{AcceptOptions, Conn, ConnectionLimits, ServerTls, TlsError};
use rustls::{
    ClientConfig, RootCertStore, SupportedProtocolVersion,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
    version::{TLS12, TLS13},
};
use tempfile::TempDir;
use tokio::{io::AsyncWriteExt, net::TcpStream, sync::mpsc, time::Instant};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::support::{Echo, ServeWith, Server, is_closed, is_served, within};

const FIRST_CERT: &str = include_str!("fixtures/first.crt");
const FIRST_KEY: &str = include_str!("fixtures/first.key");
const SECOND_CERT: &str = include_str!("fixtures/second.crt");
const SECOND_KEY: &str = include_str!("fixtures/second.key");

fn write(folder: &TempDir, cert: &str, key: &str) {
    fs::write(folder.path().join("server.crt"), cert).unwrap();
    fs::write(folder.path().join("server.key"), key).unwrap();
}

fn load(folder: &TempDir) -> Result<ServerTls, TlsError> {
    let path = folder.path();
    ServerTls::load(
        path.join("server.crt"),
        path.join("server.key"),
        &[b"relay/1", b"http/1.1"],
    )
}

fn first() -> (TempDir, Arc<ServerTls>) {
    let folder = tempfile::tempdir().unwrap();
    write(&folder, FIRST_CERT, FIRST_KEY);
    let tls = Arc::new(load(&folder).unwrap());
    (folder, tls)
}

fn with_tls(tls: &Arc<ServerTls>) -> AcceptOptions {
    AcceptOptions {
        tls: Some(Arc::clone(tls)),
        ..AcceptOptions::default()
    }
}

fn der(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
}

fn client(versions: &[&'static SupportedProtocolVersion]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(der(FIRST_CERT)).unwrap();
    roots.add(der(SECOND_CERT)).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"relay/1".to_vec()];
    Arc::new(config).into()
}

async fn connect(server: &Server, connector: &TlsConnector) -> TlsStream<TcpStream> {
    let name = ServerName::try_from("localhost").unwrap();
    within(connector.connect(name, server.connect().await))
        .await
        .unwrap()
}

fn leaf(stream: &TlsStream<TcpStream>) -> CertificateDer<'static> {
    stream.get_ref().1.peer_certificates().unwrap()[0]
        .clone()
        .into_owned()
}

#[tokio::test]
async fn both_versions_are_served() {
    let (_folder, tls) = first();
    let server = Server::start(Echo, ConnectionLimits::default(), with_tls(&tls));
    for version in [&TLS12, &TLS13] {
        let mut stream = connect(&server, &client(&[version])).await;
        assert!(is_served(&mut stream).await);
        assert_eq!(leaf(&stream), der(FIRST_CERT));
    }
}

#[tokio::test]
async fn the_service_sees_the_session() {
    let (_folder, tls) = first();
    let (sender, mut protocols) = mpsc::channel(1);
    let service = ServeWith(move |conn: Conn, _| {
        let protocol = conn.tls().unwrap().alpn_protocol().unwrap().to_vec();
        let sender = sender.clone();
        async move { sender.send(protocol).await.unwrap() }
    });
    let server = Server::start(service, ConnectionLimits::default(), with_tls(&tls));
    let _stream = connect(&server, &client(&[&TLS13])).await;
    assert_eq!(within(protocols.recv()).await.unwrap(), b"relay/1");
}

#[tokio::test]
async fn new_handshakes_see_a_renewed_certificate() {
    let (folder, tls) = first();
    let server = Server::start(Echo, ConnectionLimits::default(), with_tls(&tls));
    let connector = client(&[&TLS13]);
    let mut old = connect(&server, &connector).await;
    assert!(is_served(&mut old).await);

    write(&folder, SECOND_CERT, SECOND_KEY);
    tls.reload().unwrap();
    // The same client, which could resume if it were let.
    let mut new = connect(&server, &connector).await;
    assert!(is_served(&mut new).await);
    assert_eq!(leaf(&new), der(SECOND_CERT));
    assert!(is_served(&mut old).await);

    write(&folder, FIRST_CERT, SECOND_KEY);
    assert!(matches!(tls.reload(), Err(TlsError::Mismatch { .. })));
    let still = connect(&server, &client(&[&TLS12])).await;
    assert_eq!(leaf(&still), der(SECOND_CERT));
}

#[tokio::test]
async fn what_is_not_tls_is_closed_and_counted() {
    let (_folder, tls) = first();
    let server = Server::start(Echo, ConnectionLimits::default(), with_tls(&tls));
    let mut plain = server.connect().await;
    plain
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    let _ = within(tokio::io::AsyncReadExt::read_to_end(
        &mut plain,
        &mut answer,
    ))
    .await;
    assert!(!answer.starts_with(b"HTTP"));
    assert_eq!(server.refused("tls"), 1);
    assert!(is_served(&mut connect(&server, &client(&[&TLS13])).await).await);
}

#[tokio::test(start_paused = true)]
async fn a_slow_handshake_is_cut_at_the_deadline() {
    let (_folder, tls) = first();
    let limits = ConnectionLimits {
        handshake_timeout: Duration::from_secs(3),
        ..ConnectionLimits::default()
    };
    let server = Server::start(Echo, limits, with_tls(&tls));
    let started = Instant::now();
    let mut client = server.connect().await;
    client.write_all(b"\x16\x03\x01\x02\x00").await.unwrap();
    assert!(is_closed(&mut client).await);
    let waited = started.elapsed();
    assert!((3.0..3.1).contains(&waited.as_secs_f64()), "{waited:?}");
    assert_eq!(server.refused("handshake_timeout"), 1);
}

#[tokio::test(start_paused = true)]
async fn header_and_handshake_share_the_deadline() {
    let (_folder, tls) = first();
    let limits = ConnectionLimits {
        handshake_timeout: Duration::from_secs(3),
        ..ConnectionLimits::default()
    };
    let options = AcceptOptions {
        proxy_protocol_from: vec!["127.0.0.1/32".parse().unwrap()],
        ..with_tls(&tls)
    };
    let server = Server::start(Echo, limits, options);
    let started = Instant::now();
    let mut client = server.connect().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    client
        .write_all(b"PROXY TCP4 192.0.2.1 127.0.0.1 1 2\r\n")
        .await
        .unwrap();
    assert!(is_closed(&mut client).await);
    let waited = started.elapsed();
    assert!((3.0..3.1).contains(&waited.as_secs_f64()), "{waited:?}");
}

#[test]
fn errors_name_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let shown = |path: &Path| path.display().to_string();
    let (crt, key) = (
        folder.path().join("server.crt"),
        folder.path().join("server.key"),
    );
    let error = || load(&folder).unwrap_err().to_string();
    assert!(error().starts_with(&format!("cannot read {}: No such file", shown(&crt))));
    let cut = FIRST_CERT.lines().take(3).collect::<Vec<_>>().join("\n");
    let damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (cert, secret, expected) in [
        (
            FIRST_KEY,
            FIRST_KEY,
            format!("{} holds no certificate", shown(&crt)),
        ),
        (
            "",
            FIRST_KEY,
            format!("{} holds no certificate", shown(&crt)),
        ),
        (&cut, FIRST_KEY, format!("{} is not valid PEM", shown(&crt))),
        (
            damaged,
            FIRST_KEY,
            format!("{} holds a certificate that does not parse", shown(&crt)),
        ),
        (
            FIRST_CERT,
            FIRST_CERT,
            format!("{} holds no private key in PEM", shown(&key)),
        ),
        (
            FIRST_CERT,
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            format!("{} holds a key that cannot be used", shown(&key)),
        ),
        (
            FIRST_CERT,
            SECOND_KEY,
            format!(
                "the key {} does not belong to the first certificate in {}",
                shown(&key),
                shown(&crt)
            ),
        ),
    ] {
        write(&folder, cert, secret);
        let error = error();
        assert!(error.starts_with(&expected), "{error}, not {expected}");
        assert!(!error.contains('\n'));
    }
}
