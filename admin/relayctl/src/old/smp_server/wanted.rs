//! What `init` is asked to make, from its options.

use relay_smp::KeyKind;
use relay_smp::wire::Address;

use super::End;
use super::options::Given;

/// Where smp-server's own source is, which an operator who changed nothing names.
pub(super) const SOURCE: &str = "https://github.com/simplex-chat/simplexmq";

/// Everything that `init` can be told.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) store_log: bool,
    pub(super) database: Option<String>,
    pub(super) schema: Option<String>,
    pub(super) pool_size: Option<u32>,
    pub(super) daily_stats: bool,
    pub(super) key_kind: KeyKind,
    pub(super) ip: String,
    pub(super) fqdn: Option<String>,
    pub(super) password: Password,
    pub(super) control_port: Option<u16>,
    pub(super) socks_proxy: Option<String>,
    pub(super) own_domains: Option<String>,
    pub(super) source_code: Option<String>,
    pub(super) operator: Option<String>,
    pub(super) operator_country: Option<String>,
    pub(super) website: Option<String>,
    pub(super) hosting: Option<String>,
    pub(super) hosting_country: Option<String>,
    pub(super) hosting_type: Option<String>,
    pub(super) server_country: Option<String>,
    pub(super) web_path: Option<String>,
    pub(super) disable_web: bool,
    pub(super) scripted: bool,
}

/// Who may create queues.
#[derive(Clone, Eq, PartialEq)]
pub(super) enum Password {
    None,
    Random,
    Own(String),
}

impl Wanted {
    /// Reads the options.
    pub(super) fn of(given: &Given) -> Result<Self, End> {
        let text = |long| given.value(long).map(str::to_owned);
        let one_line = |long| {
            let value = text(long);
            match value {
                Some(value) if value.chars().any(char::is_control) => {
                    Err(cannot(long, "one line of text"))
                }
                value => Ok(value),
            }
        };
        Ok(Self {
            store_log: !given.has("disable-store-log"),
            database: one_line("database")?,
            schema: one_line("schema")?,
            pool_size: number(given, "pool-size", None)?,
            daily_stats: given.has("daily-stats"),
            key_kind: key_kind(given)?.unwrap_or_default(),
            ip: host(given, "ip")?.unwrap_or_else(|| LOCAL.to_owned()),
            fqdn: host(given, "fqdn")?,
            password: password(given)?,
            control_port: number(given, "control-port", Some(5224))?,
            socks_proxy: or_usual(
                given,
                "socks-proxy",
                one_line("socks-proxy")?,
                "localhost:9050",
            ),
            own_domains: one_line("own-domains")?.map(|list| list.replace(',', " ")),
            source_code: or_usual(given, "source-code", one_line("source-code")?, SOURCE),
            operator: one_line("operator")?,
            operator_country: country(given, "operator-country")?,
            website: one_line("operator-website")?,
            hosting: one_line("hosting")?,
            hosting_country: country(given, "hosting-country")?,
            hosting_type: hosting_type(given)?,
            server_country: country(given, "server-country")?,
            web_path: one_line("web-path")?,
            disable_web: given.has("disable-web"),
            scripted: given.has("yes"),
        })
    }

    /// What cannot be wanted together.
    pub(super) fn check(&self) -> Result<(), End> {
        let informs = [
            &self.operator,
            &self.website,
            &self.hosting,
            &self.hosting_type,
            &self.server_country,
        ];
        let mistake = if self.source_code.is_none() && informs.iter().any(|field| field.is_some()) {
            "Error: passing any server information requires passing --source-code"
        } else if self.operator.is_none() && self.operator_country.is_some() {
            "Error: passing --operator-country requires passing --operator"
        } else if self.hosting.is_none() && self.hosting_country.is_some() {
            "Error: passing --hosting-country requires passing --hosting"
        } else {
            return Ok(());
        };
        Err(End::Refused(mistake.to_owned()))
    }

    /// The name in the certificate.
    pub(super) fn common_name(&self) -> &str {
        self.fqdn.as_deref().unwrap_or(&self.ip)
    }

    /// The host in the address.
    pub(super) fn host(&self) -> &str {
        match &self.fqdn {
            Some(fqdn) => fqdn,
            None if self.ip == LOCAL => NO_HOST,
            None => &self.ip,
        }
    }
}

const LOCAL: &str = "127.0.0.1";
/// What stands in an address until somebody says the host.
pub(super) const NO_HOST: &str = "<hostnames>";

/// What a key's kind is called on command lines.
pub(super) fn key_kind(given: &Given) -> Result<Option<KeyKind>, End> {
    match given.value("sign-algorithm") {
        None => Ok(None),
        Some("ED25519") => Ok(Some(KeyKind::Ed25519)),
        Some("ED448") => Ok(Some(KeyKind::Ed448)),
        Some(_) => Err(cannot("sign-algorithm", "ED25519 or ED448")),
    }
}

fn host(given: &Given, long: &str) -> Result<Option<String>, End> {
    match given.value(long) {
        Some(host) if !Address::is_host(host) => {
            Err(cannot(long, "a host name or an IP address, without a port"))
        }
        host => Ok(host.map(str::to_owned)),
    }
}

fn password(given: &Given) -> Result<Password, End> {
    match given.value("password") {
        _ if given.has("no-password") => Ok(Password::None),
        None => Ok(Password::Random),
        Some(password) if Address::is_password(password) => Ok(Password::Own(password.to_owned())),
        Some(_) => Err(cannot(
            "password",
            "printable ASCII characters other than space, `@`, `:` and `/`",
        )),
    }
}

fn or_usual(given: &Given, long: &str, value: Option<String>, usual: &str) -> Option<String> {
    value.or_else(|| given.has(long).then(|| usual.to_owned()))
}

fn number<N: std::str::FromStr>(
    given: &Given,
    long: &str,
    usual: Option<N>,
) -> Result<Option<N>, End> {
    match given.value(long) {
        Some(text) => text.parse().map(Some).map_err(|_| cannot(long, "a number")),
        None if given.has(long) => Ok(usual),
        None => Ok(None),
    }
}

fn country(given: &Given, long: &str) -> Result<Option<String>, End> {
    match given.value(long) {
        Some(code) if code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
            Ok(Some(code.to_ascii_uppercase()))
        }
        Some(_) => Err(cannot(long, "an ISO 3166 code of two letters")),
        None => Ok(None),
    }
}

fn hosting_type(given: &Given) -> Result<Option<String>, End> {
    match given.value("hosting-type") {
        Some(kind) if ["virtual", "dedicated", "colocation", "owned"].contains(&kind) => {
            Ok(Some(kind.to_owned()))
        }
        Some(_) => Err(cannot(
            "hosting-type",
            "virtual, dedicated, colocation or owned",
        )),
        None => Ok(None),
    }
}

fn cannot(long: &str, expected: &str) -> End {
    End::Usage(format!("option --{long}: expected {expected}"))
}

/// Not shown: it is a secret.
impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Random => "Random",
            Self::Own(_) => "Own",
        })
    }
}
