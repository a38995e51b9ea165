//! SOCKS5 (RFC 1928, 1929), as much as a client of Tor needs: `CONNECT` by name, with or without
//! user name and password.

use std::io;
use std::net::IpAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::failure::Failure;

const VERSION: u8 = 5;
const NO_AUTHENTICATION: u8 = 0;
const USER_AND_PASSWORD: u8 = 2;
const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

/// Has a SOCKS proxy connect to a host; the stream then leads there.
pub(super) async fn connect<S>(
    stream: &mut S,
    credentials: Option<(&str, &str)>,
    host: &str,
    port: u16,
) -> Result<(), Failure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let connected = negotiate(stream, credentials, host, port).await;
    connected.map_err(|_| Failure::Network)
}

async fn negotiate<S>(
    stream: &mut S,
    credentials: Option<(&str, &str)>,
    host: &str,
    port: u16,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let method = credentials.map_or(NO_AUTHENTICATION, |_| USER_AND_PASSWORD);
    stream.write_all(&[VERSION, 1, method]).await?;
    if read::<2>(stream).await? != [VERSION, method] {
        return Err(refused());
    }
    if let Some((user, password)) = credentials {
        stream.write_all(&login(user, password)?).await?;
        if read::<2>(stream).await?[1] != 0 {
            return Err(refused());
        }
    }
    stream.write_all(&request(host, port)?).await?;
    let [version, reply, _, kind] = read::<4>(stream).await?;
    if version != VERSION || reply != 0 {
        return Err(refused());
    }
    skip_address(stream, kind).await
}

fn login(user: &str, password: &str) -> io::Result<Vec<u8>> {
    let mut bytes = vec![1];
    for part in [user, password] {
        bytes.push(length(part)?);
        bytes.extend_from_slice(part.as_bytes());
    }
    Ok(bytes)
}

fn request(host: &str, port: u16) -> io::Result<Vec<u8>> {
    let mut bytes = vec![VERSION, CONNECT, 0];
    match host.parse() {
        Ok(IpAddr::V4(address)) => {
            bytes.push(IPV4);
            bytes.extend_from_slice(&address.octets());
        }
        Ok(IpAddr::V6(address)) => {
            bytes.push(IPV6);
            bytes.extend_from_slice(&address.octets());
        }
        Err(_) => {
            bytes.extend_from_slice(&[NAME, length(host)?]);
            bytes.extend_from_slice(host.as_bytes());
        }
    }
    bytes.extend_from_slice(&port.to_be_bytes());
    Ok(bytes)
}

/// Where the proxy connected from, which is of no use.
async fn skip_address(stream: &mut (impl AsyncRead + Unpin), kind: u8) -> io::Result<()> {
    let length = match kind {
        IPV4 => 4,
        IPV6 => 16,
        NAME => usize::from(read::<1>(stream).await?[0]),
        _ => return Err(refused()),
    };
    let mut address = vec![0; length + 2];
    stream.read_exact(&mut address).await.map(drop)
}

async fn read<const N: usize>(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

fn length(text: &str) -> io::Result<u8> {
    u8::try_from(text.len()).map_err(|_| io::ErrorKind::InvalidInput.into())
}

fn refused() -> io::Error {
    io::ErrorKind::ConnectionRefused.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::io::duplex;

    use super::*;

    /// What we say to a proxy that answers so, and how it ends.
    async fn talk(
        answers: &[u8],
        credentials: Option<(&str, &str)>,
        host: &str,
    ) -> (Vec<u8>, Result<(), Failure>) {
        let (mut near, mut far) = duplex(4096);
        far.write_all(answers).await.unwrap();
        let (mut reader, writer) = tokio::io::split(far);
        drop(writer);
        let connected = connect(&mut near, credentials, host, 5223).await;
        drop(near);
        let mut said = Vec::new();
        reader.read_to_end(&mut said).await.unwrap();
        (said, connected)
    }

    const OPEN: [u8; 10] = [5, 0, 0, IPV4, 0, 0, 0, 0, 0, 0];

    #[tokio::test]
    async fn names_are_left_to_the_proxy() {
        let answers = [&[5, 0][..], &OPEN].concat();
        let (said, connected) = talk(&answers, None, "abc.onion").await;
        assert_eq!(connected, Ok(()));
        assert_eq!(said, b"\x05\x01\x00\x05\x01\x00\x03\x09abc.onion\x14\x67");
    }

    #[tokio::test]
    async fn who_has_a_password_says_it() {
        let answers = [&[5, 2, 1, 0][..], &OPEN].concat();
        let (said, connected) = talk(&answers, Some(("me", "pw")), "192.0.2.1").await;
        assert_eq!(connected, Ok(()));
        let expected = b"\x05\x01\x02\x01\x02me\x02pw\x05\x01\x00\x01\xc0\x00\x02\x01\x14\x67";
        assert_eq!(said, expected);
    }

    #[tokio::test]
    async fn refusals_are_network_errors() {
        for answers in [
            &[5, 0xff][..],
            &[4, 0],
            &[5, 2],
            &[5, 0, 5, 1, 0, 1],
            &[5, 0, 5, 0, 0, 9],
        ] {
            // Where less is said than is read, the proxy has gone.
            let talked = tokio::time::timeout(
                std::time::Duration::from_millis(200),
                talk(answers, None, "a.example"),
            );
            let failed = talked.await.map(|(_, connected)| connected);
            assert!(matches!(failed, Ok(Err(Failure::Network))), "{answers:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_a_proxy_says(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                let (mut near, mut far) = duplex(4096);
                far.write_all(&bytes).await.unwrap();
                far.shutdown().await.unwrap();
                let _ = connect(&mut near, Some(("u", "p")), "a.example", 1).await;
            });
        }
    }
}
