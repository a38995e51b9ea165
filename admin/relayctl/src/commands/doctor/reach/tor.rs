//! Onion addresses: whether they can be any, and whether they lead here.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::super::report::Section;

/// Where Tor listens for programs that want to use it.
const TOR: &str = "127.0.0.1:9050";
/// A circuit to an onion service takes its time.
const PATIENCE: std::time::Duration = std::time::Duration::from_mins(1);
/// Letters of a version 3 address.
const LETTERS: usize = 56;

pub(super) fn is_onion(host: &str) -> bool {
    host.strip_suffix(".onion").is_some()
}

/// Connects through the Tor of this machine, if there is one.
pub(super) async fn dial(
    host: &str,
    port: u16,
    key: &str,
    found: &mut Section<'_>,
) -> Option<TcpStream> {
    if !is_version_3(host) {
        found.problem(
            format!("{host} is no onion address of version 3"),
            format!("correct {key}: it has {LETTERS} letters before .onion, as in the hostname file of Tor's HiddenServiceDir"),
        );
        return None;
    }
    let Ok(stream) = TcpStream::connect(TOR).await else {
        found.warning(
            format!("{host} was not tried: there is no Tor at {TOR}"),
            "run `relayctl doctor` where Tor runs, or try the address in an app",
        );
        return None;
    };
    let connected = timeout(PATIENCE, through(stream, host, port)).await;
    let reason = match connected {
        Ok(Ok(stream)) => return Some(stream),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "no answer in time".to_owned(),
    };
    found.problem(
        format!("{host}, port {port}, cannot be reached through Tor: {reason}"),
        "look into Tor's log, and for HiddenServicePort in its torrc",
    );
    None
}

fn is_version_3(host: &str) -> bool {
    let label = host.trim_end_matches(".onion").rsplit('.').next();
    let is_letter = |byte: u8| matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'2'..=b'7');
    label.is_some_and(|label| label.len() == LETTERS && label.bytes().all(is_letter))
}

/// SOCKS 5, without a user name.
async fn through(mut stream: TcpStream, host: &str, port: u16) -> io::Result<TcpStream> {
    let refused = |what: &str| io::Error::other(format!("Tor {what}"));
    stream.write_all(&[5, 1, 0]).await?;
    let mut method = [0; 2];
    stream.read_exact(&mut method).await?;
    if method != [5, 0] {
        return Err(refused("wants a password"));
    }
    let length = u8::try_from(host.len()).map_err(|_| refused("takes no name so long"))?;
    let request = [&[5, 1, 0, 3, length], host.as_bytes(), &port.to_be_bytes()].concat();
    stream.write_all(&request).await?;
    let mut head = [0; 4];
    stream.read_exact(&mut head).await?;
    let rest = match head[3] {
        1 => 4 + 2,
        4 => 16 + 2,
        _ => usize::from(stream.read_u8().await?) + 2,
    };
    stream.read_exact(&mut vec![0; rest]).await?;
    match head[1] {
        0 => Ok(stream),
        4 => Err(refused("does not find the service")),
        code => Err(refused(&format!("refuses (code {code})"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_version_3_have_56_letters() {
        let label = "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid";
        assert!(is_version_3(&format!("{label}.onion")));
        assert!(is_version_3(&format!("www.{label}.onion")));
        assert!(!is_version_3("expyuzz4wqqyqhjn.onion"));
        assert!(!is_version_3(&format!("{}1.onion", &label[1..])));
    }
}
