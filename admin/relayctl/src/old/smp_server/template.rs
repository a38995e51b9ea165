//! The `smp-server.ini` that `init` writes: every key there is, in the usual order, those without
//! a value of their own commented out.

use super::places::{Places, shown};
use super::wanted::Wanted;

/// The passwords of a new server.
#[derive(Clone, Debug, Default)]
pub(super) struct Passwords {
    /// To create queues.
    pub(super) create: Option<String>,
    /// Of the control port: the administrator's, and the one that shows figures only.
    pub(super) control: Option<(String, String)>,
}

/// The whole file.
pub(super) fn text(wanted: &Wanted, places: &Places, passwords: &Passwords) -> String {
    let mut file = File::default();
    information(&mut file, wanted);
    store_log(&mut file, wanted);
    auth(&mut file, passwords);
    transport(&mut file, wanted);
    proxy(&mut file, wanted);
    file.section("INACTIVE_CLIENTS");
    file.note(
        "Clients that have no subscriptions and say nothing for `ttl` seconds are disconnected.",
    );
    file.set("disconnect", "on");
    file.set("ttl", "21600");
    file.set("check_interval", "3600");
    web(&mut file, wanted, places);
    file.text
}

fn information(file: &mut File, wanted: &Wanted) {
    file.section("INFORMATION");
    file.note(
        "Shown on the server's page. Where any of it is said, source_code has to be said too.",
    );
    file.either("source_code", wanted.source_code.as_deref(), "URI");
    file.note("Conditions of use, and amendments to them.");
    file.off("usage_conditions", "URI");
    file.off("condition_amendments", "URI");
    file.note("Where the server is, and who runs it.");
    let country = "ISO-3166 2-letter code";
    let entity = "entity (organization or person name)";
    file.either("server_country", wanted.server_country.as_deref(), country);
    file.either("operator", wanted.operator.as_deref(), entity);
    file.either(
        "operator_country",
        wanted.operator_country.as_deref(),
        country,
    );
    file.either("website", wanted.website.as_deref(), "");
    for (note, whose) in [
        ("How to reach the administrators.", "admin"),
        ("Where to send complaints and feedback.", "complaints"),
    ] {
        file.note(note);
        file.off(&format!("{whose}_simplex"), "SimpleX address");
        file.off(&format!("{whose}_email"), "");
        file.off(&format!("{whose}_pgp"), "");
        file.off(&format!("{whose}_pgp_fingerprint"), "");
    }
    file.note("Whose machine it is: `virtual`, `dedicated`, `colocation` or `owned`.");
    file.either("hosting", wanted.hosting.as_deref(), entity);
    file.either(
        "hosting_country",
        wanted.hosting_country.as_deref(),
        country,
    );
    let kind = wanted.hosting_type.as_deref().unwrap_or("virtual");
    file.set("hosting_type", kind);
}

fn store_log(file: &mut File, wanted: &Wanted) {
    let enable = on_off(wanted.store_log);
    file.section("STORE_LOG");
    file.note(
        "Whether queues outlive a restart. Here they always do: they are kept in a database.",
    );
    file.set("enable", enable);
    file.note(
        "`memory` (the database is a file beside the statistics) or `database` (PostgreSQL).",
    );
    file.set("store_queues", "memory");
    file.note("Where PostgreSQL is, for `store_queues = database`.");
    let usual = "postgresql://smp@/smp_server_store";
    file.either("db_connection", wanted.database.as_deref(), usual);
    file.either("db_schema", wanted.schema.as_deref(), "smp_server");
    let pool_size = wanted.pool_size.map(|size| size.to_string());
    file.either("db_pool_size", pool_size.as_deref(), "10");
    file.off("db_store_log", "off");
    file.off("db_deleted_ttl", "21");
    file.note(
        "`memory`, `journal` or `database`; they are kept with the queues whatever stands here.",
    );
    file.set("store_messages", "memory");
    file.set("restore_messages", enable);
    file.note("How long messages and notifications wait for who is to get them.");
    file.set("expire_messages_days", "21");
    file.set("expire_messages_on_start", "on");
    file.set("expire_messages_on_send", "off");
    file.set("expire_ntfs_hours", "24");
    file.note("Whether a line of figures is added to a CSV file each day.");
    file.set("log_stats", on_off(wanted.daily_stats));
    file.note("Figures for Prometheus, and how many seconds apart they are written.");
    file.off("prometheus_interval", "60");
}

fn auth(file: &mut File, passwords: &Passwords) {
    file.section("AUTH");
    file.note(
        "`off` creates no new queues and serves those there are, until the server is given up.",
    );
    file.set("new_queues", "on");
    file.note("Who knows this password may create queues. It is part of the server's address:");
    file.note("smp://fingerprint:password@host1,host2 and never given to contacts.");
    let hint = "printable ASCII characters other than space, '@', ':' and '/'";
    file.either("create_password", passwords.create.as_deref(), hint);
    let control = passwords.control.as_ref();
    let control =
        |which: fn(&(String, String)) -> &String| control.map(|both| which(both).as_str());
    file.note("Passwords of the control port: for everything, and for looking only.");
    file.either("control_port_admin_password", control(|both| &both.0), "");
    file.either("control_port_user_password", control(|both| &both.1), "");
    file.note("How many queues may be blocked in a day: 0 for no limit, -1 for none.");
    file.off("daily_block_queue_quota", "20");
}

fn transport(file: &mut File, wanted: &Wanted) {
    file.section("TRANSPORT");
    file.note(
        "Host names in the server's address, separated by commas; an onion address may follow.",
    );
    file.set("host", wanted.host());
    file.note("Ports to listen on, separated by commas.");
    file.set("port", "5223,443");
    file.set("log_tls_errors", "off");
    file.note("Not supported; no app uses them.");
    file.set("websockets", "off");
    let port = wanted.control_port.map(|port| port.to_string());
    file.either("control_port", port.as_deref(), "5224");
}

fn proxy(file: &mut File, wanted: &Wanted) {
    file.section("PROXY");
    file.note(
        "How messages of clients are passed on to other servers: which of a server's host names",
    );
    file.note("is taken, `public` or `onion`, and whether one of that kind is required.");
    file.off("host_mode", "public");
    file.off("required_host_mode", "off");
    file.note("Domains of your own servers, separated by spaces, for separate figures.");
    file.either("own_server_domains", wanted.own_domains.as_deref(), "");
    file.note("A SOCKS proxy for .onion hosts, or with `socks_mode = always` for all.");
    file.either(
        "socks_proxy",
        wanted.socks_proxy.as_deref(),
        "localhost:9050",
    );
    file.off("socks_mode", "onion");
    file.note("Messages of one client on their way at the same time.");
    file.off("client_concurrency", "32");
}

fn web(file: &mut File, wanted: &Wanted, places: &Places) {
    file.section("WEB");
    file.note("Folder of the server's pages.");
    let usual = shown(&places.state.join("www"));
    file.set("static_path", wanted.web_path.as_deref().unwrap_or(&usual));
    file.note("Port for pages over plain HTTP, for example behind an onion service.");
    file.off("http", "8000");
    file.note("Port for pages over HTTPS, which may be one of the ports above; needs both files.");
    let certificate = shown(&places.configuration.join("web.crt"));
    let key = shown(&places.configuration.join("web.key"));
    for (name, value) in [("https", "443"), ("cert", &certificate), ("key", &key)] {
        let said = (!wanted.disable_web).then_some(value);
        file.either(name, said, value);
    }
}

fn on_off(is_on: bool) -> &'static str {
    if is_on { "on" } else { "off" }
}

/// The file as far as it is written.
#[derive(Default)]
struct File {
    text: String,
    /// Whether the last line sets something: a note that follows stands apart.
    after_setting: bool,
}

impl File {
    fn section(&mut self, name: &str) {
        let gap = if self.text.is_empty() { "" } else { "\n" };
        self.text.extend([gap, "[", name, "]\n"]);
        self.after_setting = false;
    }

    fn note(&mut self, note: &str) {
        let gap = if self.after_setting { "\n" } else { "" };
        self.text.extend([gap, "# ", note, "\n"]);
        self.after_setting = false;
    }

    fn set(&mut self, key: &str, value: &str) {
        self.text.extend([key, " = ", value, "\n"]);
        self.after_setting = true;
    }

    fn off(&mut self, key: &str, value: &str) {
        let line = format!("# {key} = {value}");
        self.text.extend([line.trim_end(), "\n"]);
        self.after_setting = true;
    }

    fn either(&mut self, key: &str, value: Option<&str>, hint: &str) {
        match value {
            Some(value) => self.set(key, value),
            None => self.off(key, hint),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ini::Ini;
    use super::super::options;
    use super::*;

    fn places() -> Places {
        Places {
            configuration: "/etc/opt/simplex".into(),
            state: "/var/opt/simplex".into(),
        }
    }

    fn written(wanted: &Wanted, passwords: &Passwords) -> (String, Ini) {
        let text = text(wanted, &places(), passwords);
        let ini = Ini::parse(&text).expect("it reads what it writes");
        (text, ini)
    }

    #[test]
    fn what_is_not_said_is_what_an_smp_server_has() {
        let wanted = Wanted::of(&options::Given::default()).unwrap();
        let (text, ini) = written(&wanted, &Passwords::default());
        for (section, key, value) in [
            ("STORE_LOG", "enable", Some("on")),
            ("STORE_LOG", "log_stats", Some("off")),
            ("AUTH", "new_queues", Some("on")),
            ("AUTH", "create_password", None),
            ("TRANSPORT", "host", Some("<hostnames>")),
            ("TRANSPORT", "port", Some("5223,443")),
            ("TRANSPORT", "websockets", Some("off")),
            ("TRANSPORT", "control_port", None),
            ("INACTIVE_CLIENTS", "disconnect", Some("on")),
            ("WEB", "static_path", Some("/var/opt/simplex/www")),
            ("WEB", "cert", Some("/etc/opt/simplex/web.crt")),
        ] {
            assert_eq!(ini.get(section, key), value, "[{section}] {key}");
        }
        // What deployment scripts look for with sed.
        for line in [
            "port = 5223,443",
            "https = 443",
            "key = /etc/opt/simplex/web.key",
            "# source_code = URI",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        assert!(!text.contains('\0') && !text.contains("\n\n\n"), "{text}");
    }

    #[test]
    fn what_is_said_is_written() {
        let mut wanted = Wanted::of(&options::Given::default()).unwrap();
        wanted.fqdn = Some("smp.example.org".into());
        wanted.control_port = Some(5224);
        wanted.disable_web = true;
        wanted.store_log = false;
        let passwords = Passwords {
            create: Some("test".into()),
            control: Some(("a".into(), "u".into())),
        };
        let (_, ini) = written(&wanted, &passwords);
        for (section, key, value) in [
            ("STORE_LOG", "enable", Some("off")),
            ("STORE_LOG", "restore_messages", Some("off")),
            ("AUTH", "create_password", Some("test")),
            ("AUTH", "control_port_admin_password", Some("a")),
            ("AUTH", "control_port_user_password", Some("u")),
            ("TRANSPORT", "host", Some("smp.example.org")),
            ("TRANSPORT", "control_port", Some("5224")),
            ("WEB", "https", None),
        ] {
            assert_eq!(ini.get(section, key), value, "[{section}] {key}");
        }
    }
}
