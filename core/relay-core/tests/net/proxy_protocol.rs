//! The PROXY protocol: vectors, malformed input, and properties of the parser.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use proptest::prelude::*;
use relay_core::net::proxy_protocol::{Parse, ProxyError, ReadError, parse, read_header};
use tokio::io::AsyncReadExt;

const V2: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

fn header(len: usize, source: &str) -> Parse {
    let source = (!source.is_empty()).then(|| source.parse().unwrap());
    Parse::Header { len, source }
}

fn v2(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
    let len = u16::try_from(body.len()).unwrap().to_be_bytes();
    [V2, &[command, family][..], &len, body].concat()
}

fn v2_inet(source: SocketAddr, tlvs: &[u8]) -> Vec<u8> {
    let port = source.port().to_be_bytes();
    match source {
        SocketAddr::V4(v4) => {
            let body = [
                &v4.ip().octets()[..],
                &[127, 0, 0, 1],
                &port,
                &[0, 80],
                tlvs,
            ]
            .concat();
            v2(0x21, 0x11, &body)
        }
        SocketAddr::V6(v6) => {
            let destination = Ipv6Addr::LOCALHOST.octets();
            let body = [&v6.ip().octets()[..], &destination, &port, &[0, 80], tlvs].concat();
            v2(0x21, 0x21, &body)
        }
    }
}

fn v1_inet(source: SocketAddr) -> Vec<u8> {
    let (ip, port) = (source.ip(), source.port());
    match source {
        SocketAddr::V4(_) => format!("PROXY TCP4 {ip} 127.0.0.1 {port} 80\r\n").into_bytes(),
        SocketAddr::V6(_) => format!("PROXY TCP6 {ip} ::1 {port} 80\r\n").into_bytes(),
    }
}

#[test]
fn version_1_vectors() {
    let longest_v6 = "ffff:f0ff:ffff:ffff:ffff:ffff:ffff:ffff";
    for (text, expected) in [
        (
            "PROXY TCP4 192.0.2.1 10.0.0.1 56324 443\r\n",
            header(41, "192.0.2.1:56324"),
        ),
        (
            "PROXY TCP4 192.0.2.1 10.0.0.1 0 65535\r\nGET /",
            header(39, "192.0.2.1:0"),
        ),
        (
            "PROXY TCP6 2001:db8::1 ::1 1 2\r\n",
            header(32, "[2001:db8::1]:1"),
        ),
        ("PROXY UNKNOWN\r\n", header(15, "")),
        ("PROXY UNKNOWN whatever it says\r\n", header(32, "")),
        (
            &format!("PROXY TCP6 {longest_v6} {longest_v6} 65535 65535\r\n"),
            header(104, &format!("[{longest_v6}]:65535")),
        ),
    ] {
        assert_eq!(parse(text.as_bytes()), Ok(expected), "{text}");
    }
}

#[test]
fn version_1_malformed() {
    use ProxyError::{Address, Family, Malformed, NotProxy, TooLong};
    let too_long = format!("PROXY UNKNOWN {}\r\n", "x".repeat(92));
    assert_eq!(too_long.len(), 108);
    for (text, expected) in [
        ("GET / HTTP/1.1\r\n", NotProxy),
        ("proxy TCP4 192.0.2.1 10.0.0.1 1 2\r\n", NotProxy),
        ("PROXY  TCP4 192.0.2.1 10.0.0.1 1 2\r\n", Family),
        ("PROXY UDP4 192.0.2.1 10.0.0.1 1 2\r\n", Family),
        ("PROXY \r\n", Family),
        ("PROXY TCP4\r\n", Malformed),
        ("PROXY TCP4 192.0.2.1 10.0.0.1 1\r\n", Malformed),
        ("PROXY TCP4 192.0.2.1 10.0.0.1 1 2 3\r\n", Malformed),
        ("PROXY TCP4 192.0.2.1 10.0.0.1 1 2 \r\n", Malformed),
        ("PROXY TCP4 192.0.2.1 10.0.0.1 01 2\r\n", Address),
        ("PROXY TCP4 192.0.2.1 10.0.0.1 +1 2\r\n", Address),
        ("PROXY TCP4 192.0.2.1 10.0.0.1 65536 2\r\n", Address),
        ("PROXY TCP4 192.0.2.1 10.0.0.1 1 x\r\n", Address),
        ("PROXY TCP4 192.0.2.256 10.0.0.1 1 2\r\n", Address),
        ("PROXY TCP4 ::1 10.0.0.1 1 2\r\n", Address),
        ("PROXY TCP6 192.0.2.1 ::1 1 2\r\n", Address),
        (&too_long, TooLong),
        (&"PROXY ".repeat(30), TooLong),
    ] {
        assert_eq!(parse(text.as_bytes()), Err(expected), "{text}");
    }
    assert_eq!(parse(b"PROXY TCP4 \xff\r\n"), Err(Malformed));
}

#[test]
fn version_2_vectors() {
    let v4: SocketAddr = "192.0.2.1:56324".parse().unwrap();
    let v6: SocketAddr = "[2001:db8::1]:56324".parse().unwrap();
    for (bytes, expected) in [
        (v2_inet(v4, b""), header(28, "192.0.2.1:56324")),
        (v2_inet(v4, &[4, 0, 2, 0, 0]), header(33, "192.0.2.1:56324")),
        (v2_inet(v6, b""), header(52, "[2001:db8::1]:56324")),
        (
            [v2_inet(v6, b""), vec![0x16, 3, 1]].concat(),
            header(52, "[2001:db8::1]:56324"),
        ),
        (v2(0x21, 0x31, &[b'/'; 216]), header(232, "")),
        (v2(0x21, 0x12, &[0; 12]), header(28, "")),
        (v2(0x21, 0x00, b""), header(16, "")),
        (v2(0x20, 0x00, b""), header(16, "")),
        (v2(0x20, 0xee, b"ignored"), header(23, "")),
    ] {
        assert_eq!(parse(&bytes), Ok(expected), "{bytes:02x?}");
    }
}

#[test]
fn version_2_from_hex() {
    let bytes = [
        0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a, 0x21, 0x11, 0x00,
        0x0c, // fixed
        0xc0, 0x00, 0x02, 0x01, 0x7f, 0x00, 0x00, 0x01, 0xdc, 0x04, 0x01, 0xbb,
    ];
    assert_eq!(parse(&bytes), Ok(header(28, "192.0.2.1:56324")));
}

#[test]
fn version_2_malformed() {
    for (bytes, expected) in [
        (v2(0x11, 0x11, &[0; 12]), ProxyError::Version),
        (v2(0x31, 0x11, &[0; 12]), ProxyError::Version),
        (v2(0x22, 0x11, &[0; 12]), ProxyError::Command),
        (v2(0x21, 0x11, &[0; 11]), ProxyError::Address),
        (v2(0x21, 0x21, &[0; 35]), ProxyError::Address),
        (v2(0x21, 0x10, &[0; 12]), ProxyError::Family),
        (v2(0x21, 0x41, &[0; 12]), ProxyError::Family),
        (v2(0x21, 0x13, &[0; 12]), ProxyError::Family),
        (v2(0x21, 0x11, &[0; 4097]), ProxyError::TooLong),
        (b"\r\n\r\n\0\r\nQUIX".to_vec(), ProxyError::NotProxy),
    ] {
        assert_eq!(parse(&bytes), Err(expected), "{bytes:02x?}");
    }
}

#[tokio::test]
async fn reading_leaves_what_follows() {
    let source: SocketAddr = "192.0.2.1:7".parse().unwrap();
    for head in [
        v1_inet(source),
        v2_inet(source, b""),
        v2_inet(source, &[0; 300]),
    ] {
        let mut stream = &[head, b"payload".to_vec()].concat()[..];
        assert_eq!(read_header(&mut stream).await.unwrap(), Some(source));
        assert_eq!(stream, b"payload");
    }
}

#[tokio::test]
async fn reading_byte_by_byte() {
    let source: SocketAddr = "[2001:db8::5]:7".parse().unwrap();
    for head in [v1_inet(source), v2_inet(source, &[0; 40])] {
        let mut trickle = trickle_of(&head);
        assert_eq!(read_header(&mut trickle).await.unwrap(), Some(source));
        let mut rest = Vec::new();
        trickle.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest, b"rest");
    }
}

/// A stream whose every read gives one byte.
fn trickle_of(head: &[u8]) -> impl tokio::io::AsyncRead + Unpin {
    let (mut sender, receiver) = tokio::io::duplex(1);
    let bytes = [head, b"rest"].concat();
    tokio::spawn(async move { tokio::io::AsyncWriteExt::write_all(&mut sender, &bytes).await });
    receiver
}

#[tokio::test]
async fn reading_garbage_or_an_early_end() {
    let mut garbage = &b"\x16\x03\x01 hello"[..];
    let error = read_header(&mut garbage).await.unwrap_err();
    assert!(
        matches!(error, ReadError::Proxy(ProxyError::NotProxy)),
        "{error}"
    );
    let mut short = &b"PROXY TCP4 192."[..];
    let error = read_header(&mut short).await.unwrap_err();
    assert!(matches!(error, ReadError::Io(_)), "{error}");
}

fn any_source() -> impl Strategy<Value = SocketAddr> {
    let v4 = any::<(u32, u16)>().prop_map(|(ip, port)| (Ipv4Addr::from(ip), port).into());
    let v6 = any::<(u128, u16)>().prop_map(|(ip, port)| (Ipv6Addr::from(ip), port).into());
    prop_oneof![v4, v6]
}

fn any_header() -> impl Strategy<Value = (Vec<u8>, SocketAddr)> {
    let tlvs = prop::collection::vec(any::<u8>(), 0..300);
    (any_source(), tlvs, any::<bool>()).prop_map(|(source, tlvs, one)| {
        if one {
            (v1_inet(source), source)
        } else {
            (v2_inet(source, &tlvs), source)
        }
    })
}

/// Bytes that get far into the parser.
fn almost_a_header() -> impl Strategy<Value = Vec<u8>> {
    let mutated = (any_header(), any::<prop::sample::Index>(), any::<u8>()).prop_map(
        |((mut bytes, _), at, byte)| {
            let at = at.index(bytes.len());
            bytes[at] = byte;
            bytes
        },
    );
    let line = "PROXY [A-Z0-9. :]{0,110}(\r\n)?".prop_map(String::into_bytes);
    let tail =
        prop::collection::vec(any::<u8>(), 0..300).prop_map(|tail| [&V2[..], &tail].concat());
    prop_oneof![
        mutated,
        line,
        tail,
        prop::collection::vec(any::<u8>(), 0..40)
    ]
}

proptest! {
    #[test]
    fn a_header_comes_back((bytes, source) in any_header(), rest in prop::collection::vec(any::<u8>(), 0..20)) {
        let whole = [&bytes[..], &rest].concat();
        prop_assert_eq!(parse(&whole), Ok(Parse::Header { len: bytes.len(), source: Some(source) }));
    }

    #[test]
    fn every_beginning_of_a_header_is_incomplete((bytes, _) in any_header()) {
        for end in 0..bytes.len() {
            prop_assert_eq!(parse(&bytes[..end]), Ok(Parse::Incomplete));
        }
    }

    #[test]
    fn more_bytes_never_change_a_decision(bytes in almost_a_header()) {
        let whole = parse(&bytes);
        for end in 0..bytes.len() {
            let part = parse(&bytes[..end]);
            prop_assert!(part == Ok(Parse::Incomplete) || part == whole, "{part:?} at {end}, then {whole:?}");
        }
    }

    #[test]
    fn reading_agrees_with_parsing(bytes in almost_a_header()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut stream = &bytes[..];
        let read = runtime.block_on(read_header(&mut stream));
        match parse(&bytes) {
            Ok(Parse::Header { len, source }) => {
                prop_assert_eq!(read.unwrap(), source);
                prop_assert_eq!(stream.len(), bytes.len() - len);
            }
            Ok(Parse::Incomplete) => prop_assert!(matches!(read, Err(ReadError::Io(_)))),
            Err(error) => prop_assert!(matches!(read, Err(ReadError::Proxy(e)) if e == error)),
        }
    }
}
