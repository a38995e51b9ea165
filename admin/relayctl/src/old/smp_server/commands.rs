//! The commands, their options and their help, laid out as the older program does it.

use super::options::{Opt, Takes};
use super::places::{Places, shown};

/// A command.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) name: &'static str,
    pub(super) does: fn(&Places) -> String,
    pub(super) options: &'static [Opt],
    /// What it can be told to do, in a word.
    pub(super) words: &'static [(&'static str, &'static str)],
}

const fn flag(short: Option<char>, long: &'static str, help: &'static str) -> Opt {
    Opt {
        short,
        long,
        takes: Takes::Nothing,
        help,
    }
}

const fn value(
    short: Option<char>,
    long: &'static str,
    name: &'static str,
    help: &'static str,
) -> Opt {
    Opt {
        short,
        long,
        takes: Takes::Value(name),
        help,
    }
}

const fn maybe(long: &'static str, name: &'static str, help: &'static str) -> Opt {
    Opt {
        short: None,
        long,
        takes: Takes::Maybe(name),
        help,
    }
}

const DATABASE: Opt = value(
    Some('d'),
    "database",
    "DB_CONN",
    "Database connection string (default: \"postgresql://smp@/smp_server_store\")",
);
const SCHEMA: Opt = value(
    None,
    "schema",
    "DB_SCHEMA",
    "Database schema (default: \"smp_server\")",
);
const POOL_SIZE: Opt = value(
    None,
    "pool-size",
    "POOL_SIZE",
    "Database pool size (default: 10)",
);

/// All of them, in the order of the help.
pub(super) const COMMANDS: &[Command] = &[
    Command {
        name: "init",
        does: |places| {
            format!(
                "Initialize server - creates {} and {} directories and configuration files",
                shown(&places.configuration),
                shown(&places.state)
            )
        },
        options: INIT,
        words: &[],
    },
    Command {
        name: "cert",
        does: |places| {
            format!(
                "Generate new online TLS server credentials (configuration: {})",
                shown(&places.ini())
            )
        },
        options: &[
            value(
                Some('a'),
                "sign-algorithm",
                "ALG",
                "Set new signature algorithm used for TLS certificates: ED25519, ED448",
            ),
            value(
                None,
                "cn",
                "FQDN",
                "Set new Common Name for TLS online certificate",
            ),
        ],
        words: &[],
    },
    Command {
        name: "start",
        does: |places| format!("Start server (configuration: {})", shown(&places.ini())),
        options: START,
        words: &[],
    },
    Command {
        name: "delete",
        does: |_| "Delete configuration and log files".to_owned(),
        options: &[],
        words: &[],
    },
    Command {
        name: "journal",
        does: |_| "Import/export messages to/from journal storage".to_owned(),
        options: &[],
        words: &[
            (
                "import",
                "Import message log file into a new journal storage",
            ),
            ("export", "Export journal storage to message log file"),
            ("delete", "Delete journal storage"),
        ],
    },
    Command {
        name: "database",
        does: |_| "Import/export queues to/from PostgreSQL database storage".to_owned(),
        options: &[
            value(None, "table", "TABLE", "Database tables: queues/messages"),
            DATABASE,
            SCHEMA,
            POOL_SIZE,
        ],
        words: &[
            (
                "import",
                "Import queue store log file into a new PostgreSQL database schema",
            ),
            (
                "export",
                "Export PostgreSQL database schema to queue store log file",
            ),
            ("delete", "Delete PostgreSQL database schema"),
        ],
    },
];

const INIT: &[Opt] = &[
    flag(
        None,
        "disable-store-log",
        "Disable store log for persistence (enabled by default)",
    ),
    flag(Some('l'), "store-log", "Enable store log for persistence"),
    DATABASE,
    SCHEMA,
    POOL_SIZE,
    flag(
        Some('s'),
        "daily-stats",
        "Enable logging daily server statistics",
    ),
    value(
        Some('a'),
        "sign-algorithm",
        "ALG",
        "Signature algorithm used for TLS certificates: ED25519, ED448 (default: ED25519)",
    ),
    value(
        None,
        "ip",
        "IP",
        "Server IP address, used as Common Name for TLS online certificate if FQDN is not supplied (default: \"127.0.0.1\")",
    ),
    value(
        Some('n'),
        "fqdn",
        "FQDN",
        "Server FQDN used as Common Name for TLS online certificate",
    ),
    flag(
        None,
        "no-password",
        "Allow creating new queues without password",
    ),
    value(
        None,
        "password",
        "PASSWORD",
        "Set password to create new messaging queues",
    ),
    maybe(
        "control-port",
        "PORT",
        "Enable control port (5224 without PORT)",
    ),
    maybe(
        "socks-proxy",
        "PROXY",
        "Outgoing SOCKS proxy to forward messages to onion-only servers (localhost:9050 without PROXY)",
    ),
    value(
        None,
        "own-domains",
        "DOMAINS",
        "Own server domain names (comma-separated)",
    ),
    maybe(
        "source-code",
        "URI",
        "Server source code (that of simplexmq without URI)",
    ),
    value(None, "operator", "OPERATOR_NAME", "Server operator name"),
    value(
        None,
        "operator-country",
        "OPERATOR_COUNTRY",
        "Server operator country",
    ),
    value(None, "hosting", "HOSTING_NAME", "Hosting provider name"),
    value(
        None,
        "hosting-country",
        "HOSTING_COUNTRY",
        "Hosting provider country",
    ),
    value(
        None,
        "hosting-type",
        "HOSTING_TYPE",
        "Hosting type: virtual, dedicated, colocation, owned",
    ),
    value(
        None,
        "server-country",
        "SERVER_COUNTRY",
        "Server datacenter country",
    ),
    value(
        None,
        "operator-website",
        "WEBSITE",
        "Operator public website",
    ),
    value(
        None,
        "web-path",
        "PATH",
        "Directory to store generated static site with server information",
    ),
    flag(
        None,
        "disable-web",
        "Disable starting static web server with server information",
    ),
    flag(
        Some('y'),
        "yes",
        "Non-interactive initialization using command-line options",
    ),
];

const START: &[Opt] = &[
    flag(
        Some('m'),
        "maintenance",
        "Do not start the server, only perform start and stop tasks",
    ),
    flag(
        None,
        "compact-log",
        "Compact store log (the database does it by itself)",
    ),
    value(None, "log-level", "LOG_LEVEL", "Logging level"),
    flag(
        None,
        "skip-warnings",
        "Start the server with non-critical start warnings",
    ),
    value(
        None,
        "confirm-migrations",
        "CONFIRM_MIGRATIONS",
        "Confirm database migration: up, down (they need no confirmation here)",
    ),
    flag(
        None,
        "upgrade",
        "Take over from the running server, refusing no connection",
    ),
];

const HELP: Opt = flag(Some('h'), "help", "Show this help text");
const VERSION: Opt = flag(Some('v'), "version", "Show version");

/// The help of the whole program.
pub(super) fn overview(places: &Places, version: &str) -> String {
    let commands = COMMANDS
        .iter()
        .map(|command| row(command.name, &(command.does)(places)));
    format!(
        "{version}\n\nUsage: smp-server COMMAND\n\nAvailable options:\n{}{}\nAvailable commands:\n{}",
        line(&HELP),
        line(&VERSION),
        commands.collect::<String>()
    )
}

impl Command {
    /// How it is called.
    pub(super) fn usage(&self) -> String {
        let start = format!("Usage: smp-server {}", self.name);
        let options = self.options.iter().map(bracketed);
        let word = (!self.words.is_empty()).then(|| "COMMAND".to_owned());
        let parts: Vec<String> = word.into_iter().chain(options).collect();
        let indent = " ".repeat("Usage: smp-server ".len());
        wrapped(&start, &parts, WIDTH, &indent)
    }

    /// Its help.
    pub(super) fn help(&self, places: &Places) -> String {
        let options: String = self.options.iter().chain([&HELP]).map(line).collect();
        let words: String = self
            .words
            .iter()
            .map(|(word, does)| row(word, does))
            .collect();
        let words = if words.is_empty() {
            words
        } else {
            format!("\nAvailable commands:\n{words}")
        };
        let does = (self.does)(places);
        let does = wrapped("", &to_words(&does), WIDTH - 2, "");
        let does = does.replace('\n', "\n  ");
        format!(
            "{}\n\n  {}\n\nAvailable options:\n{options}{words}",
            self.usage(),
            does.trim_start()
        )
    }
}

const WIDTH: usize = 80;
/// Where the right column begins.
const COLUMN: usize = 27;

fn bracketed(option: &Opt) -> String {
    let long = option.long;
    let name = match option.short {
        Some(short) => format!("-{short}|--{long}"),
        None => format!("--{long}"),
    };
    match option.takes {
        Takes::Nothing => format!("[{name}]"),
        Takes::Value(value) => format!("[{name} {value}]"),
        Takes::Maybe(value) => format!("[{name}[={value}]]"),
    }
}

fn line(option: &Opt) -> String {
    let long = option.long;
    let name = match option.short {
        Some(short) => format!("-{short},--{long}"),
        None => format!("--{long}"),
    };
    let left = match option.takes {
        Takes::Nothing => name,
        Takes::Value(value) => format!("{name} {value}"),
        Takes::Maybe(value) => format!("{name}[={value}]"),
    };
    row(&left, option.help)
}

/// Two columns; the right one begins on a line of its own where the left one is too long.
fn row(left: &str, right: &str) -> String {
    let indent = " ".repeat(COLUMN);
    let start = format!("  {left}");
    let start = if start.len() < COLUMN {
        format!("{start:<width$}", width = COLUMN - 1)
    } else {
        format!("{start}\n{}", " ".repeat(COLUMN - 1))
    };
    wrapped(&start, &to_words(right), WIDTH, &indent) + "\n"
}

/// What a default is stays on one line.
fn to_words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match words.last_mut() {
            Some(last) if last == "(default:" => last.extend([" ", word]),
            _ => words.push(word.to_owned()),
        }
    }
    words
}

/// Appends the parts to a text that has begun, each after a space, none beyond `width`.
fn wrapped(start: &str, parts: &[String], width: usize, indent: &str) -> String {
    let mut text = start.to_owned();
    let mut column = start.rsplit('\n').next().unwrap_or(start).chars().count();
    for part in parts {
        let length = part.chars().count();
        if column + 1 + length > width && column > indent.len() {
            text.extend(["\n", indent, part]);
            column = indent.len() + length;
        } else {
            text.extend([" ", part]);
            column += 1 + length;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        Places {
            configuration: "/etc/opt/simplex".into(),
            state: "/var/opt/simplex".into(),
        }
    }

    #[test]
    fn the_overview_is_as_documented() {
        let text = overview(&places(), "SMP server v1");
        let documented = "  init                     Initialize server - creates /etc/opt/simplex and\n                           /var/opt/simplex directories and configuration files\n";
        assert!(text.contains(documented), "{text}");
        let documented = "  start                    Start server (configuration:\n                           /etc/opt/simplex/smp-server.ini)\n";
        assert!(text.contains(documented), "{text}");
        assert!(
            text.contains("  delete                   Delete configuration and log files\n"),
            "{text}"
        );
    }

    #[test]
    fn the_options_of_init_are_as_documented() {
        let text = COMMANDS[0].help(&places());
        for documented in [
            "  -l,--store-log           Enable store log for persistence\n",
            "  -s,--daily-stats         Enable logging daily server statistics\n",
            "  -a,--sign-algorithm ALG  Signature algorithm used for TLS certificates:\n                           ED25519, ED448 (default: ED25519)\n",
            "  --ip IP                  Server IP address, used as Common Name for TLS online\n                           certificate if FQDN is not supplied\n                           (default: \"127.0.0.1\")\n",
            "  -n,--fqdn FQDN           Server FQDN used as Common Name for TLS online\n                           certificate\n",
            "  --no-password            Allow creating new queues without password\n",
            "  --password PASSWORD      Set password to create new messaging queues\n",
            "  -y,--yes                 Non-interactive initialization using command-line\n                           options\n",
            "  -h,--help                Show this help text\n",
        ] {
            assert!(text.contains(documented), "{documented}\n---\n{text}");
        }
        assert!(text.lines().all(|line| line.len() <= 80), "{text}");
    }
}
