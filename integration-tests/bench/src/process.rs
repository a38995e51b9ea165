//! What a local process used: processor time, memory, bytes written, its children's included.
//!
//! Read from `/proc`. Some servers are several processes (a master and its workers): the whole
//! tree counts as one.

use std::collections::HashMap;
use std::fs;
use std::ops::Add;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};

/// One look at a tree of processes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Usage {
    pub(crate) cpu: Duration,
    /// Of it the threads that do nothing but SQLite; `None` if there are none.
    pub(crate) database: Option<Duration>,
    /// Resident memory.
    pub(crate) rss: u64,
    /// Of it what belongs to nobody else: pages of files not counted.
    pub(crate) anonymous: u64,
    /// The highest resident memory of the single processes, added up.
    pub(crate) peak: u64,
    /// Bytes caused to be written to disk.
    pub(crate) written: u64,
}

/// What changed between two looks.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Used {
    pub(crate) cpu_seconds: f64,
    /// What SQLite's own threads took of that; none in reports older than it, and for servers that
    /// have no such threads.
    #[serde(default)]
    pub(crate) database_seconds: Option<f64>,
    pub(crate) rss_before: u64,
    pub(crate) rss_after: u64,
    pub(crate) anonymous_before: u64,
    pub(crate) anonymous_after: u64,
    pub(crate) rss_peak: u64,
    pub(crate) written: u64,
}

impl Usage {
    /// Of a process and all that descend from it; `None` if it is not there.
    pub(crate) fn of_tree(root: u32) -> Option<Self> {
        let parents = parents();
        let tree = parents
            .keys()
            .copied()
            .filter(|pid| descends(*pid, root, &parents));
        let tree = tree.filter_map(Self::of);
        let own = Self::of(root)?;
        Some(tree.fold(own, Self::plus))
    }

    /// Of this process alone.
    pub(crate) fn own() -> Self {
        Self::of(std::process::id()).unwrap_or_default()
    }

    fn of(pid: u32) -> Option<Self> {
        let stat = read(pid, "stat")?;
        let status = read(pid, "status")?;
        let io = read(pid, "io").unwrap_or_default();
        Some(Self {
            cpu: cpu(&stat)?,
            database: database(pid),
            rss: kilobytes(&status, "VmRSS:"),
            anonymous: kilobytes(&status, "RssAnon:"),
            peak: kilobytes(&status, "VmHWM:"),
            written: field(&io, "write_bytes:").unwrap_or(0),
        })
    }

    fn plus(self, other: Self) -> Self {
        Self {
            cpu: self.cpu + other.cpu,
            database: self
                .database
                .into_iter()
                .chain(other.database)
                .reduce(Add::add),
            rss: self.rss + other.rss,
            anonymous: self.anonymous + other.anonymous,
            peak: self.peak + other.peak,
            written: self.written + other.written,
        }
    }

    /// What was used since an earlier look.
    pub(crate) fn since(self, before: Self) -> Used {
        Used {
            cpu_seconds: self.cpu.saturating_sub(before.cpu).as_secs_f64(),
            database_seconds: self.database.map(|after| {
                let before = before.database.unwrap_or_default();
                after.saturating_sub(before).as_secs_f64()
            }),
            rss_before: before.rss,
            rss_after: self.rss,
            anonymous_before: before.anonymous,
            anonymous_after: self.anonymous,
            rss_peak: self.peak,
            written: self.written.saturating_sub(before.written),
        }
    }
}

/// Raises our own limit of open files as far as the system lets us: every connection is one.
pub(crate) fn allow_many_files() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    // Where that is not allowed, connections fail and are counted as failures.
    let _ = setrlimit(Resource::Nofile, raised);
}

/// Who listens on a local TCP port: the eldest of them.
pub(crate) fn listening_on(port: u16) -> Option<u32> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"]
        .map(|path| fs::read_to_string(path).unwrap_or_default());
    let sockets: Vec<String> = tables
        .iter()
        .flat_map(|table| listeners(table, port))
        .collect();
    let mut holders: Vec<u32> = pids().filter(|pid| holds(*pid, &sockets)).collect();
    holders.sort_unstable();
    holders.first().copied()
}

/// The inodes of the sockets that listen on a port, as links in `/proc/…/fd` name them.
fn listeners(table: &str, port: u16) -> Vec<String> {
    let local = format!(":{port:04X}");
    let rows = table
        .lines()
        .skip(1)
        .map(|row| row.split_whitespace().collect::<Vec<_>>());
    let rows = rows.filter(|row| {
        row.get(1).is_some_and(|address| address.ends_with(&local)) && row.get(3) == Some(&"0A")
    });
    rows.filter_map(|row| row.get(9).map(|inode| format!("socket:[{inode}]")))
        .collect()
}

fn holds(pid: u32, sockets: &[String]) -> bool {
    let Ok(open) = fs::read_dir(format!("/proc/{pid}/fd")) else {
        return false;
    };
    open.flatten()
        .filter_map(|entry| fs::read_link(entry.path()).ok())
        .any(|link| sockets.iter().any(|socket| link == Path::new(socket)))
}

fn pids() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn parents() -> HashMap<u32, u32> {
    let parent = |pid| Some((pid, field(&read(pid, "status")?, "PPid:")?));
    let parents = pids().filter_map(parent);
    parents
        .filter_map(|(pid, parent)| Some((pid, u32::try_from(parent).ok()?)))
        .collect()
}

fn descends(pid: u32, root: u32, parents: &HashMap<u32, u32>) -> bool {
    let mut line = std::iter::successors(parents.get(&pid), |parent| parents.get(parent));
    line.any(|ancestor| *ancestor == root)
}

fn read(pid: u32, file: &str) -> Option<String> {
    fs::read_to_string(format!("/proc/{pid}/{file}")).ok()
}

/// Threads by the name sqlx gives SQLite's, as far as the kernel keeps names.
fn database(pid: u32) -> Option<Duration> {
    let threads = fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten();
    let stats = threads
        .flatten()
        .filter_map(|thread| fs::read_to_string(thread.path().join("stat")).ok());
    stats
        .filter(|stat| stat.contains("(sqlx-sqlite"))
        .filter_map(|stat| cpu(&stat))
        .reduce(Add::add)
}

/// User and system time are the 14th and 15th field; the second, a name, may hold anything.
fn cpu(stat: &str) -> Option<Duration> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    let millis = (ticks()? + ticks()?) * 1000 / rustix::param::clock_ticks_per_second();
    Some(Duration::from_millis(millis))
}

fn kilobytes(status: &str, name: &str) -> u64 {
    field(status, name).unwrap_or(0) * 1024
}

fn field(text: &str, name: &str) -> Option<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix(name))?;
    value.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn processor_time_is_found_behind_any_name() {
        let stat = "42 (a) b (c)) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 1 0 5 6 7";
        assert_eq!(cpu(stat), Some(Duration::from_secs(3)));
    }

    #[test]
    fn fields_are_found_by_name() {
        let status = "VmPeak:\t 10 kB\nVmRSS:\t  1234 kB\n";
        assert_eq!(kilobytes(status, "VmRSS:"), 1234 * 1024);
        assert_eq!(kilobytes(status, "VmHWM:"), 0);
    }

    #[test]
    fn we_find_ourselves_by_the_port_we_listen_on() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(listening_on(port), Some(std::process::id()));
        let usage = Usage::of_tree(std::process::id()).unwrap();
        assert!(usage.rss > 0 && usage.peak >= usage.rss);
        drop(listener);
        assert_eq!(listening_on(port), None);
    }

    #[test]
    fn children_count() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let tree = Usage::of_tree(std::process::id()).unwrap();
        let alone = Usage::own();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(tree.rss > alone.rss);
    }

    #[test]
    fn nobody_has_no_usage() {
        assert_eq!(Usage::of_tree(u32::MAX), None);
    }
}
