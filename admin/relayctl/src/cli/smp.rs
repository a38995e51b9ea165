//! `relayctl smp`.

use clap::{Args, Subcommand, ValueEnum};
use relay_smp::KeyKind;

#[derive(Debug, Subcommand)]
pub(crate) enum Smp {
    /// Print the server's address, to be added in SimpleX apps
    ///
    /// With create_password the address has the password in it: who knows it may create queues. Works
    /// with the daemon up or down.
    #[command(after_help = "\
Examples:
  relayctl smp address
  relayctl smp address --qr               to be scanned by a phone
  relayctl smp address --public           without the password")]
    Address(Address),

    /// Print the server's fingerprint, by which clients recognise it
    ///
    /// Works with the daemon up or down.
    #[command(after_help = "Example: relayctl smp fingerprint")]
    Fingerprint,

    /// Show and replace the server's certificates
    #[command(subcommand, arg_required_else_help = true)]
    Cert(Cert),
}

#[derive(Args, Debug)]
pub(crate) struct Address {
    /// Also show it as a QR code
    #[arg(long, conflicts_with = "json")]
    pub(crate) qr: bool,
    /// Leave the password out
    #[arg(long)]
    pub(crate) public: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Cert {
    /// Show the certificates that clients get, and until when they are valid
    ///
    /// Works with the daemon up or down; without it, run it as root or as the user relayd runs as.
    Show,
    /// Issue a new server certificate; the address stays
    ///
    /// Needs ca.key in the identity's folder, for this moment only: it is best kept elsewhere. The
    /// running daemon shows the new certificate to whoever connects from now on, and closes no
    /// connection.
    #[command(after_help = "\
Examples:
  relayctl smp cert rotate
  relayctl smp cert rotate --key-kind ed25519 --name smp.example.org")]
    Rotate(Rotate),
}

#[derive(Args, Debug)]
pub(crate) struct Rotate {
    /// Kind of the new key; that of the old one when not said
    #[arg(long, value_name = "KIND")]
    pub(crate) key_kind: Option<Kind>,
    /// Host name in the certificate; that of the old one when not said. Clients do not look at it
    #[arg(long, value_name = "HOST")]
    pub(crate) name: Option<String>,
}

/// Kind of a key, as it is written on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Kind {
    Ed25519,
    Ed448,
}

impl From<Kind> for KeyKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Ed25519 => Self::Ed25519,
            Kind::Ed448 => Self::Ed448,
        }
    }
}
