//! `relayctl init`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use relay_sogs::config::BaseUrl;

#[derive(Args, Debug)]
pub(crate) struct Init {
    /// Ask nothing: take what is said here, what a configuration there is says, and the defaults
    #[arg(long, short)]
    pub(crate) yes: bool,

    /// Where the configuration is to be
    #[arg(long, value_name = "DIR", default_value = "/etc/relayd", value_hint = clap::ValueHint::DirPath)]
    pub(crate) dir: PathBuf,

    /// Where keys, uploads and the embedded database are to be; /var/lib/relayd by default, and
    /// relay-data in DIR for another DIR than /etc/relayd
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub(crate) data_dir: Option<PathBuf>,

    /// Which relays are to run
    #[arg(long, value_name = "RELAY", value_delimiter = ',')]
    pub(crate) relays: Option<Vec<Relay>>,

    /// URL under which Session apps reach the Session Open Group Server: http://host, or https://host
    /// with --web-ports or behind a web server that has the certificate
    #[arg(long, value_name = "URL")]
    pub(crate) sogs_url: Option<BaseUrl>,

    /// Name or address under which SimpleX apps reach the SMP relay; may be said more than once
    #[arg(long = "smp-host", value_name = "HOST")]
    pub(crate) smp_hosts: Vec<String>,

    /// Who may create queues on the SMP relay: `generate` a password, `none` for everybody, or a
    /// password of your own
    #[arg(long, value_name = "WAY")]
    pub(crate) smp_password: Option<Password>,

    /// Have this server itself answer web ports 80 and 443, with a certificate from Let's Encrypt, whose
    /// terms of service you accept by that
    #[arg(long)]
    pub(crate) web_ports: bool,

    /// E-mail address that Let's Encrypt may write to; may be said more than once
    #[arg(long, value_name = "EMAIL", requires = "web_ports")]
    pub(crate) acme_contact: Vec<String>,

    /// The database: sqlite, or postgres://user:password@host/database, which is tried at once
    #[arg(long, value_name = "URL")]
    pub(crate) database: Option<String>,
}

/// A relay, as it is written on the command line.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Relay {
    Sogs,
    Smp,
}

/// Who may create queues.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Password {
    /// Who knows a password that is made now.
    Generate,
    /// Everybody.
    None,
    /// Who knows this.
    Own(String),
}

impl FromStr for Password {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "generate" => Ok(Self::Generate),
            "none" => Ok(Self::None),
            own if relay_smp::wire::Address::is_password(own) => Ok(Self::Own(own.to_owned())),
            _ => Err("a password has neither spaces nor any of @, : and /".to_owned()),
        }
    }
}
