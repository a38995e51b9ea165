//! `relayctl smp`.

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand, ValueEnum};
use relay_config::Span;
use relay_smp::KeyKind;
use relay_smp::admin::types::BlockReason;

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

    /// Show how much there is, and what happened
    ///
    /// Counters are those of the daily statistics file, by its names: in the present period (a day) and
    /// since the relay was first started.
    #[command(after_help = "\
Examples:
  relayctl smp stats
  relayctl smp stats --json | jq .messages")]
    Stats,

    /// Look at, block, unblock and delete single queues
    ///
    /// A queue is named by its sender's id, which is in its address, or by its link's id.
    #[command(subcommand, arg_required_else_help = true)]
    Queue(Queue),

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

#[derive(Debug, Subcommand)]
pub(crate) enum Queue {
    /// Show the state of a queue
    Show(QueueId),
    /// Block a queue: nothing goes in or out, and its clients are told why
    ///
    /// At most smp.daily_block_quota a day. Exits with 1 when the queue was not active before.
    #[command(after_help = "\
Examples:
  relayctl smp queue block fJX9…2b --reason spam
  relayctl smp queue block fJX9…2b --reason content --notice
  relayctl smp queue block fJX9…2b --reason content --notice-ttl 30d")]
    Block(Block),
    /// Let a blocked queue be used again
    ///
    /// Exits with 1 when the queue was not blocked.
    Unblock(QueueId),
    /// Delete a queue and its messages
    Delete(QueueId),
}

#[derive(Args, Debug)]
pub(crate) struct QueueId {
    /// Sender or link id, base64url
    #[arg(
        value_name = "ID",
        allow_hyphen_values = true,
        value_parser = NonEmptyStringValueParser::new()
    )]
    pub(crate) id: String,
}

#[derive(Args, Debug)]
pub(crate) struct Block {
    #[command(flatten)]
    pub(crate) queue: QueueId,
    /// What clients are told
    #[arg(long)]
    pub(crate) reason: Reason,
    /// Have apps show a notice
    #[arg(long)]
    pub(crate) notice: bool,
    /// Have apps show a notice for this time, like 12h or 30d
    #[arg(long, value_name = "TIME")]
    pub(crate) notice_ttl: Option<Span>,
}

/// Why a queue is blocked.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Reason {
    Spam,
    Content,
}

impl From<Reason> for BlockReason {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Spam => Self::Spam,
            Reason::Content => Self::Content,
        }
    }
}
