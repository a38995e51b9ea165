//! Which process holds a listening address, as /proc tells those who may see it.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use relay_core::net::ListenAddr;

/// The kernel's number for a socket that listens.
const LISTEN: &str = "0A";

/// A process that listens.
pub(super) struct Holder {
    pub(super) pid: u32,
    pub(super) name: String,
}

impl Holder {
    /// Who keeps `address` from being bound; `first`, if it is one of several.
    pub(super) fn of(address: &ListenAddr, first: Option<u32>) -> Option<Self> {
        let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
        let tables = tables.map(|table| fs::read_to_string(table).unwrap_or_default());
        let lines = tables.iter().flat_map(|table| table.lines().skip(1));
        let listening = lines.filter_map(parse);
        let sockets: Vec<String> = listening
            .filter(|(bound, _)| ListenAddr::Tcp(*bound).overlaps(address))
            .map(|(_, inode)| format!("socket:[{inode}]"))
            .collect();
        let mut pids = first.into_iter().chain(processes());
        let pid = pids.find(|pid| has_one_of(*pid, &sockets))?;
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        Some(Self {
            pid,
            name: name.trim().to_owned(),
        })
    }
}

/// A line of /proc/net/tcp: where a listening socket is bound, and its inode.
fn parse(line: &str) -> Option<(SocketAddr, &str)> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (local, state, inode) = (fields.get(1)?, fields.get(3)?, fields.get(9)?);
    let (ip, port) = local.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    (*state == LISTEN).then_some((SocketAddr::new(parse_ip(ip)?, port), *inode))
}

/// Words of 32 bits, each as this machine keeps it.
fn parse_ip(hex: &str) -> Option<IpAddr> {
    let words: Option<Vec<[u8; 4]>> = (0..hex.len() / 8)
        .map(|at| {
            let word = u32::from_str_radix(hex.get(at * 8..at * 8 + 8)?, 16).ok()?;
            Some(word.to_ne_bytes())
        })
        .collect();
    let bytes = words?.concat();
    if let Ok(v4) = <[u8; 4]>::try_from(bytes.as_slice()) {
        return Some(Ipv4Addr::from(v4).into());
    }
    let v6 = <[u8; 16]>::try_from(bytes.as_slice()).ok()?;
    Some(Ipv6Addr::from(v6).into())
}

fn processes() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn has_one_of(pid: u32, sockets: &[String]) -> bool {
    let files = fs::read_dir(format!("/proc/{pid}/fd"))
        .into_iter()
        .flatten();
    let mut links = files
        .flatten()
        .filter_map(|file| fs::read_link(file.path()).ok());
    links.any(|link| {
        sockets
            .iter()
            .any(|socket| link.as_os_str() == socket.as_str())
    })
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_line_of_proc_is_understood() {
        let line = "   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 26158 1";
        let bound = (([127, 0, 0, 1], 8080).into(), "26158");
        assert_eq!(parse(line), Some(bound));
        let any = "   0: 00000000000000000000000000000000:01BB 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 7 1";
        assert_eq!(
            parse(any),
            Some((SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), 443), "7"))
        );
        assert_eq!(parse(&line.replace(" 0A ", " 01 ")), None);
        assert_eq!(parse("nonsense"), None);
    }

    #[test]
    fn we_are_found_to_hold_what_we_bound() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = ListenAddr::Tcp(listener.local_addr().expect("bound"));
        let holder = Holder::of(&address, None).expect("we hold it");
        assert_eq!(holder.pid, std::process::id());
    }
}
