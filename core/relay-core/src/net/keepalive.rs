//! Finding out that a silent peer is gone: TCP asks.

use std::{io, os::fd::AsFd, time::Duration};

use rustix::net::sockopt;

/// When TCP asks a silent peer whether it is still there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KeepAlive {
    /// Silence before the first question.
    pub idle: Duration,
    /// Time between two questions.
    pub interval: Duration,
    /// Questions without an answer that end the connection.
    pub probes: u32,
}

/// What Linux takes.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(32_767);
const MOST_PROBES: u32 = 127;

impl KeepAlive {
    /// Has a TCP socket ask.
    pub fn set(&self, socket: &impl AsFd) -> io::Result<()> {
        let seconds = |span: Duration| span.clamp(SHORTEST, LONGEST);
        sockopt::set_tcp_keepidle(socket, seconds(self.idle))?;
        sockopt::set_tcp_keepintvl(socket, seconds(self.interval))?;
        sockopt::set_tcp_keepcnt(socket, self.probes.clamp(1, MOST_PROBES))?;
        sockopt::set_socket_keepalive(socket, true)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn the_socket_has_it_within_what_the_system_takes() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let socket = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        for (idle, interval, probes, expected) in [
            (30_000, 15_000, 4, (30, 15, 4)),
            (1, 0, 0, (1, 1, 1)),
            (u64::MAX, 100_000_000, 1000, (32_767, 32_767, 127)),
        ] {
            let keep_alive = KeepAlive {
                idle: Duration::from_millis(idle),
                interval: Duration::from_millis(interval),
                probes,
            };
            keep_alive.set(&socket).unwrap();
            assert!(sockopt::socket_keepalive(&socket).unwrap());
            let found = (
                sockopt::tcp_keepidle(&socket).unwrap().as_secs(),
                sockopt::tcp_keepintvl(&socket).unwrap().as_secs(),
                sockopt::tcp_keepcnt(&socket).unwrap(),
            );
            assert_eq!(found, expected);
        }
    }
}
