//! The options of 2021.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use super::super::say;

/// The key, where it was looked for if nothing was said.
const PRIVATE_KEY: &str = "x25519_private_key.pem";

/// A Session Open Group Server, by the options of 2021.
///
/// Without any of the commands it serves, until SIGINT or SIGTERM. `relayctl sogs` has more commands,
/// relayd.toml more settings.
#[derive(Debug, Parser)]
#[command(name = "session-open-group-server", version, args_override_self = true)]
pub(super) struct Args {
    /// X25519 public key (PEM); not read, as it follows from the private key
    #[arg(long, value_name = "FILE")]
    pub(super) x25519_public_key: Option<PathBuf>,
    /// X25519 private key (PEM), taken over at the first start [default: x25519_private_key.pem]
    #[arg(long, value_name = "FILE")]
    pub(super) x25519_private_key: Option<PathBuf>,
    /// Port to listen on
    #[arg(long, short = 'P', default_value_t = 80)]
    pub(super) port: u16,
    /// Address to listen on
    #[arg(long, short = 'H', default_value_t = IpAddr::V4(Ipv4Addr::UNSPECIFIED))]
    pub(super) host: IpAddr,
    /// Write the log into this file
    #[arg(long, value_name = "FILE")]
    pub(super) log_file: Option<PathBuf>,
    /// trace, debug, info, warn or error
    #[arg(long, value_name = "LEVEL")]
    pub(super) log_level: Option<String>,
    /// Serve HTTPS
    #[arg(long)]
    pub(super) tls: bool,
    /// Certificate (PEM) for it
    #[arg(long, value_name = "FILE", default_value = "tls_certificate.pem")]
    pub(super) tls_certificate: PathBuf,
    /// Private key (PEM) of the certificate
    #[arg(long, value_name = "FILE", default_value = "tls_private_key.pem")]
    pub(super) tls_private_key: PathBuf,
    /// Add a room
    #[arg(long, num_args = 2, value_names = ["ROOM_ID", "ROOM_NAME"])]
    pub(super) add_room: Option<Vec<String>>,
    /// Delete a room
    #[arg(long, value_name = "ROOM_ID")]
    pub(super) delete_room: Option<String>,
    /// Add a moderator to a room
    #[arg(long, num_args = 2, value_names = ["PUBLIC_KEY", "ROOM_ID"])]
    pub(super) add_moderator: Option<Vec<String>>,
    /// Delete a moderator from a room
    #[arg(long, num_args = 2, value_names = ["PUBLIC_KEY", "ROOM_ID"])]
    pub(super) delete_moderator: Option<Vec<String>>,
    /// Print the URL by which rooms can be joined
    #[arg(long)]
    pub(super) print_url: bool,
}

/// Understands the command line; what there is to say otherwise has been said.
pub(super) fn parse(args: &[OsString]) -> Result<Args, ExitCode> {
    Args::try_parse_from(args).map_err(|error| {
        if error.use_stderr() {
            say::err(&error.to_string());
            // As that program ended: clap of its time gave 1.
            ExitCode::from(1)
        } else {
            say::out(&error.to_string());
            ExitCode::SUCCESS
        }
    })
}

impl Args {
    /// Whether something is to be done, and not served.
    pub(super) fn is_command(&self) -> bool {
        self.add_room.is_some()
            || self.delete_room.is_some()
            || self.add_moderator.is_some()
            || self.delete_moderator.is_some()
            || self.print_url
    }

    /// Where to listen.
    pub(super) fn address(&self) -> SocketAddr {
        SocketAddr::new(self.host, self.port)
    }

    /// Where the key may be.
    pub(super) fn private_key(&self) -> PathBuf {
        self.x25519_private_key
            .clone()
            .unwrap_or_else(|| PRIVATE_KEY.into())
    }
}

/// An option with two values, as clap has counted them.
pub(super) fn pair(values: &[String]) -> (&str, &str) {
    match values {
        [first, second, ..] => (first, second),
        [first] => (first, ""),
        [] => ("", ""),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn defaults_are_those_of_2021() {
        let args = Args::try_parse_from(["session-open-group-server"]).expect("taken");
        assert_eq!(args.address().to_string(), "0.0.0.0:80");
        assert!(!args.is_command() && !args.tls);
        let args = Args::try_parse_from(["x", "-P", "9999", "-H", "127.0.0.1", "--print-url"]);
        let args = args.expect("taken");
        assert_eq!(args.address().to_string(), "127.0.0.1:9999");
        assert!(args.is_command());
        assert!(Args::try_parse_from(["x", "--add-room", "one"]).is_err());
    }
}
