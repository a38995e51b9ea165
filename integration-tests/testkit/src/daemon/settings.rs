//! The few settings of a config text that tests need to find the daemon.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::net::{self, AddressFamily, SocketFlags, SocketType};
use toml::{Table, Value};

use crate::poll;

const RELEASE: Duration = Duration::from_secs(10);

/// A parsed config, or nothing of one: tests give daemons broken configs on purpose.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings(Table);

impl Settings {
    pub(super) fn parse(text: &str) -> Self {
        Self(text.parse().unwrap_or_default())
    }

    /// Where `section` listens: its `listen`, or the first of several.
    pub(super) fn listen(&self, section: &str) -> Option<SocketAddr> {
        let listen = match self.in_section(section, "listen")? {
            Value::Array(several) => several.first()?,
            one => one,
        };
        listen.as_str()?.parse().ok()
    }

    pub(super) fn data_dir(&self, cwd: &Path) -> PathBuf {
        let set = self.0.get("data_dir").and_then(Value::as_str);
        cwd.join(set.unwrap_or("relay-data"))
    }

    pub(super) fn admin_socket(&self, cwd: &Path) -> PathBuf {
        let set = self.in_section("admin", "socket").and_then(Value::as_str);
        self.data_dir(cwd).join(set.unwrap_or("admin.sock"))
    }

    fn in_section(&self, section: &str, key: &str) -> Option<&Value> {
        self.0.get(section)?.get(key)
    }
}

/// A config for a daemon that disturbs nobody: data below `dir`, every listener on a free port.
pub(super) fn free(dir: &Path) -> String {
    let data_dir = Value::from(&*dir.join("relay-data").to_string_lossy());
    let sections = ["metrics", "sogs", "smp"];
    let listeners = sections.map(|name| format!("\n[{name}]\nlisten = \"{}\"\n", free_address()));
    format!("data_dir = {data_dir}\n{}", listeners.concat())
}

/// A loopback address that nobody else will be given.
///
/// A connection closed by the accepting side first leaves the port in TIME_WAIT for a minute.
/// So long the kernel neither hands it out nor connects from it, yet a server, which sets
/// `SO_REUSEADDR`, may bind it.
pub(super) fn free_address() -> SocketAddr {
    let address = reserve().expect("a loopback port can be reserved");
    // A child that another thread is just forking has our listener until it runs its program.
    poll::until(RELEASE, "a port closed by us is free", || {
        can_bind(&address).ok()
    });
    address
}

fn reserve() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let client = TcpStream::connect(address)?;
    let (accepted, _) = listener.accept()?;
    drop(accepted);
    drop(client);
    Ok(address)
}

/// Binds as a server does, but does not listen, which would bring the same trouble again.
fn can_bind(address: &SocketAddr) -> rustix::io::Result<()> {
    let flags = SocketFlags::CLOEXEC;
    let socket = net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
    net::sockopt::set_socket_reuseaddr(&socket, true)?;
    net::bind(&socket, address)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn free_addresses_differ_and_can_be_bound() {
        let addresses: HashSet<_> = (0..50).map(|_| free_address()).collect();
        assert_eq!(addresses.len(), 50);
        for address in addresses {
            TcpListener::bind(address).unwrap();
        }
    }

    #[test]
    fn the_free_config_says_where_everything_is() {
        let settings = Settings::parse(&free(Path::new("/srv")));
        let [metrics, sogs] = ["metrics", "sogs"].map(|name| settings.listen(name).unwrap());
        assert_ne!(metrics, sogs);
        let socket = settings.admin_socket(Path::new("/elsewhere"));
        assert_eq!(socket, Path::new("/srv/relay-data/admin.sock"));
    }

    #[test]
    fn without_config_the_data_is_below_the_working_directory() {
        let settings = Settings::parse("data_dir = {{ broken");
        assert_eq!(
            settings.data_dir(Path::new("/srv")),
            Path::new("/srv/relay-data")
        );
        assert_eq!(settings.listen("metrics"), None);
    }

    #[test]
    fn the_first_of_several_listeners_counts() {
        let settings = Settings::parse("[smp]\nlisten = ['127.0.0.1:7', '[::1]:7']");
        assert_eq!(settings.listen("smp"), "127.0.0.1:7".parse().ok());
    }
}
