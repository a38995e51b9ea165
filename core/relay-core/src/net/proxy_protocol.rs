//! The PROXY protocol, versions 1 and 2: who a reverse proxy speaks for.
//!
//! [`parse`] is pure: given the beginning of a stream it says the header, that more bytes are needed, or that this
//! is no header, and once it has decided, more bytes never change its mind. [`read_header`] takes exactly the
//! header off a stream and leaves the next byte to whoever comes next.
//!
//! Only the client's address is taken. Destination addresses and TLVs are skipped, their checksums unread: the
//! sender is a proxy the operator trusts. Specification: HAProxy's `doc/proxy-protocol.txt`.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
};

use tokio::io::{AsyncRead, AsyncReadExt};

const V1_START: &[u8] = b"PROXY ";
/// From the specification: the longest line, `\r\n` included.
const V1_MAX: usize = 107;
/// `PROXY UNKNOWN\r\n`, the shortest line.
const V1_MIN: usize = 15;

const V2_START: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
const V2_FIXED: usize = 16;
/// What may follow the fixed part. Addresses take at most 216 bytes; the rest leaves room for the TLVs of a
/// client certificate. The format's own bound of 65535 would be memory given to strangers.
const V2_MAX_LEN: usize = 4096;

/// What the beginning of a stream is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Parse {
    /// The whole header is there.
    Header {
        /// Bytes the header takes.
        len: usize,
        /// The client, unless the proxy speaks for itself or does not know.
        source: Option<SocketAddr>,
    },
    /// A header has begun; more bytes are needed.
    Incomplete,
}

/// Why a stream does not begin with a PROXY header.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ProxyError {
    /// An address, or the two addresses together, do not fit the family.
    #[error("the PROXY header has a bad address")]
    Address,
    /// Neither LOCAL nor PROXY.
    #[error("the PROXY header has an unknown command")]
    Command,
    /// A family and transport the specification does not assign.
    #[error("the PROXY header has an unknown address family")]
    Family,
    /// A version 1 line with missing or extra fields.
    #[error("the PROXY header is malformed")]
    Malformed,
    /// Something else.
    #[error("no PROXY header")]
    NotProxy,
    /// Longer than allowed.
    #[error("the PROXY header is too long")]
    TooLong,
    /// A version other than 1 and 2.
    #[error("the PROXY header has an unknown version")]
    Version,
}

/// Parses the header at the beginning of `bytes`.
pub fn parse(bytes: &[u8]) -> Result<Parse, ProxyError> {
    if starts_alike(bytes, V1_START) {
        parse_v1(bytes)
    } else if starts_alike(bytes, &V2_START) {
        parse_v2(bytes)
    } else {
        Err(ProxyError::NotProxy)
    }
}

fn starts_alike(bytes: &[u8], start: &[u8]) -> bool {
    bytes.iter().zip(start).all(|(a, b)| a == b)
}

fn parse_v1(bytes: &[u8]) -> Result<Parse, ProxyError> {
    let window = &bytes[..bytes.len().min(V1_MAX)];
    let Some(end) = window.windows(2).position(|pair| pair == b"\r\n") else {
        return match window.len() {
            V1_MAX => Err(ProxyError::TooLong),
            _ => Ok(Parse::Incomplete),
        };
    };
    let line = str::from_utf8(&window[..end]).map_err(|_| ProxyError::Malformed)?;
    Ok(Parse::Header {
        len: end + 2,
        source: v1_source(line)?,
    })
}

fn v1_source(line: &str) -> Result<Option<SocketAddr>, ProxyError> {
    let mut fields = line.split(' ').skip(1);
    match fields.next() {
        Some("TCP4") => v1_addresses::<Ipv4Addr>(fields).map(Some),
        Some("TCP6") => v1_addresses::<Ipv6Addr>(fields).map(Some),
        // Whatever else the line says is to be ignored.
        Some("UNKNOWN") => Ok(None),
        _ => Err(ProxyError::Family),
    }
}

fn v1_addresses<'a, A: FromStr + Into<IpAddr>>(
    mut fields: impl Iterator<Item = &'a str>,
) -> Result<SocketAddr, ProxyError> {
    let mut next = || fields.next().ok_or(ProxyError::Malformed);
    let (source, destination, source_port, destination_port) = (next()?, next()?, next()?, next()?);
    if fields.next().is_some() {
        return Err(ProxyError::Malformed);
    }
    let ip: A = source.parse().map_err(|_| ProxyError::Address)?;
    destination.parse::<A>().map_err(|_| ProxyError::Address)?;
    v1_port(destination_port)?;
    Ok(SocketAddr::new(ip.into(), v1_port(source_port)?))
}

/// Decimal without leading zeros; `u16::from_str` alone would take `+1` and `01`.
fn v1_port(text: &str) -> Result<u16, ProxyError> {
    let port: u16 = text.parse().map_err(|_| ProxyError::Address)?;
    if text.starts_with('+') || (text.starts_with('0') && text != "0") {
        return Err(ProxyError::Address);
    }
    Ok(port)
}

fn parse_v2(bytes: &[u8]) -> Result<Parse, ProxyError> {
    let local = match bytes.get(12) {
        None => return Ok(Parse::Incomplete),
        Some(0x20) => true,
        Some(0x21) => false,
        Some(byte) if byte >> 4 == 2 => return Err(ProxyError::Command),
        Some(_) => return Err(ProxyError::Version),
    };
    let Some(&[family, len_high, len_low]) = bytes.get(13..V2_FIXED) else {
        return Ok(Parse::Incomplete);
    };
    let len = usize::from(u16::from_be_bytes([len_high, len_low]));
    if len > V2_MAX_LEN {
        return Err(ProxyError::TooLong);
    }
    match bytes.get(V2_FIXED..V2_FIXED + len) {
        None => Ok(Parse::Incomplete),
        Some(body) => Ok(Parse::Header {
            len: V2_FIXED + len,
            // The proxy's own health checks: whatever the address part says is to be ignored.
            source: if local {
                None
            } else {
                v2_source(family, body)?
            },
        }),
    }
}

/// Reads source and skips destination: both addresses come first, then both ports.
fn v2_source(family: u8, body: &[u8]) -> Result<Option<SocketAddr>, ProxyError> {
    match family {
        0x11 => {
            let (ip, port) = v2_addresses::<4>(body, 8)?;
            Ok(Some((ip, port).into()))
        }
        0x21 => {
            let (ip, port) = v2_addresses::<16>(body, 32)?;
            Ok(Some((ip, port).into()))
        }
        // Unspecified, unix sockets and datagrams: well-formed, and nothing to count by.
        0x00 | 0x12 | 0x22 | 0x31 | 0x32 => Ok(None),
        _ => Err(ProxyError::Family),
    }
}

fn v2_addresses<const N: usize>(body: &[u8], ports: usize) -> Result<([u8; N], u16), ProxyError> {
    match (body.first_chunk::<N>(), body.get(ports..ports + 4)) {
        (Some(ip), Some(&[high, low, ..])) => Ok((*ip, u16::from_be_bytes([high, low]))),
        _ => Err(ProxyError::Address),
    }
}

/// Why [`read_header`] failed.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The stream ended or broke.
    #[error("cannot read the PROXY header")]
    Io(#[from] io::Error),
    /// The stream begins with something else.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
}

/// Reads the header off `stream`, and not one byte more. Sets no deadline of its own.
pub async fn read_header(
    stream: &mut (impl AsyncRead + Unpin),
) -> Result<Option<SocketAddr>, ReadError> {
    let mut seen = Vec::with_capacity(V1_MAX);
    loop {
        if let Parse::Header { source, .. } = parse(&seen)? {
            return Ok(source);
        }
        let missing = at_least(&seen).saturating_sub(seen.len()).max(1) as u64;
        if stream.take(missing).read_buf(&mut seen).await? == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
    }
}

/// A lower bound of the length of a header that begins with `seen`, as high as can be known: each read may ask
/// for that much and cannot take a byte of what follows.
fn at_least(seen: &[u8]) -> usize {
    match seen {
        // Both versions are longer than what tells them apart.
        _ if seen.len() < V2_START.len() => V2_START.len(),
        [b'\r', ..] => match seen.get(14..V2_FIXED) {
            Some(&[high, low]) => V2_FIXED + usize::from(u16::from_be_bytes([high, low])),
            _ => V2_FIXED,
        },
        [.., b'\r'] => seen.len() + 1,
        _ => V1_MIN.max(seen.len() + 2),
    }
}
