//! `sogs.ini`, of PySOGS.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::Imported;
use super::ini::{Ini, Section};

/// What becomes of a key.
enum Fate {
    /// It is ours under this name.
    Kept(&'static str, Kind),
    /// It is nothing to us.
    Dropped(&'static str),
    /// It names the key that the server is known by.
    Key,
}

/// What a value is.
#[derive(Clone, Copy)]
enum Kind {
    BaseUrl,
    Bool,
    Bytes,
    Days,
    /// Days, and nothing is for ever.
    DaysOrNever,
    File,
    Level,
    Words,
}

const OMQ: &str = "no app talks OxenMQ to a SOGS; relayd does not either";
const PAGES: &str = "the pages are relayd's own; put a style.css and more into a folder and name it in sogs.web.theme_dir";

const SECTIONS: [&str; 10] = [
    "db",
    "crypto",
    "net",
    "files",
    "rooms",
    "direct_messages",
    "users",
    "messages",
    "web",
    "log",
];

/// Every key of PySOGS.
fn fate(section: &str, key: &str) -> Option<Fate> {
    use Fate::{Dropped, Kept};
    Some(match (section, key) {
        ("db", "url") => {
            Dropped("relayd keeps a database of its own (storage.url); data is not imported here")
        }
        ("crypto", "key_file") => Fate::Key,
        ("net", "base_url") => Kept("sogs.base_url", Kind::BaseUrl),
        ("net", "omq_listen" | "omq_internal") => Dropped(OMQ),
        ("net", "http_show_index") => Kept("sogs.web.index", Kind::Bool),
        ("net", "http_show_recent") => Kept("sogs.web.recent_messages", Kind::Bool),
        ("files", "expiry") => Kept("sogs.files.expiry", Kind::DaysOrNever),
        ("files", "max_size") => Kept("sogs.files.max_size", Kind::Bytes),
        ("files", "uploads_dir") => Dropped("uploads are kept in sogs/files below data_dir"),
        ("rooms", "active_threshold") => Kept("sogs.activity.active_within", Kind::Days),
        ("rooms", "active_prune_threshold") => Kept("sogs.activity.forget_after", Kind::Days),
        ("direct_messages", "expiry") => Kept("sogs.direct_messages.expiry", Kind::Days),
        ("users", "require_blind_keys") => Kept("sogs.auth.require_blinded_ids", Kind::Bool),
        ("messages", "history_prune_threshold") => Kept("sogs.messages.history_expiry", Kind::Days),
        ("messages", "profanity_filter") => Kept("sogs.filter.profanity", Kind::Bool),
        ("messages", "profanity_silent") => Kept("sogs.filter.profanity_silent", Kind::Bool),
        ("messages", "profanity_custom") => Kept("sogs.filter.words_file", Kind::File),
        ("messages", "alphabet_filters") => Kept("sogs.filter.alphabets", Kind::Words),
        ("messages", "alphabet_silent") => Kept("sogs.filter.alphabet_silent", Kind::Bool),
        ("messages", "filter_mods") => Kept("sogs.filter.filter_moderators", Kind::Bool),
        ("web", "template_path" | "static_path") => Dropped(PAGES),
        ("log", "level") => Kept("log.level", Kind::Level),
        _ => return None,
    })
}

/// Whether this is such a file: a section of it is known, or there is none at all.
pub(super) fn is_one(ini: &Ini) -> bool {
    let known = |section: &Section| {
        SECTIONS.contains(&section.name.as_str())
            || section.name.starts_with("room:")
            || section.name.starts_with("filter:")
    };
    ini.sections().is_empty() || ini.sections().iter().any(known)
}

pub(super) fn import(ini: &Ini, path: &Path) -> Result<Imported, String> {
    let place = path.parent().unwrap_or(Path::new("")).to_owned();
    let mut file = File {
        place,
        imported: Imported::default(),
        replies: Vec::new(),
    };
    for section in ini.sections() {
        file.section(section)?;
    }
    let usual = file.located("key_x25519");
    if !file.replies.is_empty() {
        file.imported.set("sogs.filter.replies", file.replies);
    }
    let key = file.imported.sogs_key.get_or_insert(usual);
    let keep = format!(
        "to keep the server's identity, copy {} to sogs/key_x25519 in data_dir, mode 0600",
        key.display()
    );
    file.imported.next.push(keep);
    Ok(file.imported)
}

struct File {
    place: PathBuf,
    imported: Imported,
    replies: Vec<Value>,
}

impl File {
    fn section(&mut self, section: &Section) -> Result<(), String> {
        if let Some(token) = section.name.strip_prefix("room:") {
            return self.room(token, section);
        }
        if let Some(names) = section.name.strip_prefix("filter:") {
            return self.reply(names, section);
        }
        for (key, value) in &section.entries {
            self.entry(&section.name, key, value)?;
        }
        Ok(())
    }

    fn entry(&mut self, section: &str, key: &str, value: &str) -> Result<(), String> {
        match fate(section, key) {
            Some(Fate::Kept(ours, kind)) => {
                let read = self.value(section, key, value, kind)?;
                if let Some(value) = read {
                    self.imported.set(ours, value);
                }
            }
            Some(Fate::Key) => self.imported.sogs_key = Some(self.located(value)),
            Some(Fate::Dropped(reason)) => self.imported.drop(section, key, reason),
            None => self
                .imported
                .drop(section, key, "PySOGS does not know it either"),
        }
        Ok(())
    }

    /// A file that is named: beside this one if it is there, else as PySOGS finds it, which looks in
    /// the directory it runs in.
    fn located(&self, name: &str) -> PathBuf {
        let beside = self.place.join(name);
        let here = || std::path::absolute(name).unwrap_or_else(|_| name.into());
        if beside.exists() { beside } else { here() }
    }

    /// A value in our words; nothing if it says that nothing is set.
    fn value(
        &mut self,
        section: &str,
        key: &str,
        value: &str,
        kind: Kind,
    ) -> Result<Option<Value>, String> {
        let read = match kind {
            Kind::BaseUrl => base_url(value).map(Some),
            Kind::Bool => boolean(value).map(|is| Some(is.into())),
            Kind::Bytes => bytes(value).map(Some),
            Kind::DaysOrNever if value.is_empty() => Some(Some("0s".into())),
            Kind::Days | Kind::DaysOrNever => days(value).map(Some),
            Kind::File if value.is_empty() => Some(None),
            Kind::File => Some(Some(
                self.located(value).to_string_lossy().into_owned().into(),
            )),
            Kind::Level => level(value).map(Some),
            Kind::Words => Some(Some(self.alphabets(section, key, value))),
        };
        read.ok_or_else(|| format!("Invalid value [{section}].{key}={value}"))
    }

    fn alphabets(&mut self, section: &str, key: &str, value: &str) -> Value {
        let words = value
            .split([',', ' ', '\t', '\n'])
            .filter(|word| !word.is_empty());
        let mut known: Vec<Value> = Vec::new();
        for word in words {
            if ["arabic", "cyrillic", "persian"].contains(&word) {
                known.push(word.into());
            } else {
                let reason = format!("there is no alphabet `{word}`");
                self.imported.drop(section, key, reason);
            }
        }
        known.into()
    }

    fn room(&mut self, token: &str, section: &Section) -> Result<(), String> {
        let mut room = Table::new();
        for (key, value) in &section.entries {
            let (ours, kind) = match key.as_str() {
                "profanity_filter" => ("profanity", Kind::Bool),
                "profanity_silent" => ("profanity_silent", Kind::Bool),
                "alphabet_filters" => ("alphabets", Kind::Words),
                _ => {
                    let reason = "PySOGS does not know it for a room either";
                    self.imported.drop(&section.name, key, reason);
                    continue;
                }
            };
            let read = self.value(&section.name, key, value, kind)?;
            room.extend(read.map(|value| (ours.to_owned(), value)));
        }
        let rooms = Table::from_iter([(token.to_owned(), Value::Table(room))]);
        self.imported.set("sogs.rooms", rooms);
        Ok(())
    }

    fn reply(&mut self, names: &str, section: &Section) -> Result<(), String> {
        let name = &section.name;
        let (room, kind) = names
            .split_once(':')
            .filter(|(_, kind)| !kind.contains(':'))
            .ok_or_else(|| {
                format!("Invalid filter section [{name}]: [filter:ROOM:TYPE] is expected")
            })?;
        let mut reply = Table::new();
        for (ours, said) in [("room", room), ("kind", kind)] {
            if said != "*" {
                reply.insert(ours.to_owned(), said.into());
            }
        }
        for (key, value) in &section.entries {
            let read: Value = match key.as_str() {
                "reply" => replies(value),
                "profile_name" => value.as_str().into(),
                "public" => boolean(value)
                    .ok_or_else(|| format!("Invalid value [{name}].public={value}"))?
                    .into(),
                _ => {
                    self.imported
                        .drop(name, key, "PySOGS does not know it for a filter either");
                    continue;
                }
            };
            let ours = if key == "reply" { "replies" } else { key };
            reply.insert(ours.to_owned(), read);
        }
        self.replies.push(reply.into());
        Ok(())
    }
}

/// One text a line.
fn replies(value: &str) -> Value {
    let lines = value.lines().filter(|line| !line.is_empty());
    lines.map(Value::from).collect::<Vec<_>>().into()
}

fn base_url(value: &str) -> Option<Value> {
    let rest = value
        .strip_prefix("http://")
        .or_else(|| value.strip_prefix("https://"))?;
    (!rest.is_empty()).then(|| value.into())
}

fn boolean(value: &str) -> Option<bool> {
    match value {
        "y" | "yes" | "Y" | "Yes" | "true" | "True" | "on" | "On" | "1" => Some(true),
        "n" | "no" | "N" | "No" | "false" | "False" | "off" | "Off" | "0" => Some(false),
        _ => None,
    }
}

fn bytes(value: &str) -> Option<Value> {
    let bytes: i64 = value.parse().ok()?;
    (bytes > 0).then(|| bytes.into())
}

/// Days, which may be parts of one.
fn days(value: &str) -> Option<Value> {
    let days: f64 = value.parse().ok()?;
    if !(0.0..100_000.0).contains(&days) {
        return None;
    }
    let whole = days.fract() == 0.0;
    let text = match whole {
        true if days == 0.0 => "0s".to_owned(),
        true => format!("{days:.0}d"),
        false => format!("{:.0}s", days * 86_400.0),
    };
    Some(text.into())
}

fn level(value: &str) -> Option<Value> {
    let level = match value {
        "CRITICAL" | "ERROR" => "error",
        "WARNING" => "warn",
        "INFO" => "info",
        "DEBUG" => "debug",
        _ => return None,
    };
    Some(level.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imported(text: &str) -> Result<Imported, String> {
        import(&Ini::parse(text)?, Path::new("/etc/sogs/sogs.ini"))
    }

    #[test]
    fn every_key_has_a_fate() {
        let file = "[db]\nurl=sqlite:///sogs.db\n[crypto]\nkey_file=/var/lib/key\n\
            [net]\nbase_url=http://sogs.example.com\nomq_listen=tcp://*:22028\nomq_internal=ipc://./omq.sock\nhttp_show_index=no\nhttp_show_recent=Yes\n\
            [files]\nexpiry=\nmax_size=6000000\nuploads_dir=uploads\n\
            [rooms]\nactive_threshold=1.5\nactive_prune_threshold=90\n[direct_messages]\nexpiry=10\n\
            [users]\nrequire_blind_keys=off\n\
            [messages]\nhistory_prune_threshold=5\nprofanity_filter=on\nprofanity_silent=0\nprofanity_custom=/etc/words.txt\nalphabet_filters=arabic, cyrillic klingon\nalphabet_silent=1\nfilter_mods=y\n\
            [web]\ntemplate_path=/t\nstatic_path=\n[log]\nlevel=WARNING\n[odd]\nkey=1\n";
        let imported = imported(file).expect("read");
        insta::assert_snapshot!(imported.settings.to_string(), @r#"
        [log]
        level = "warn"

        [sogs]
        base_url = "http://sogs.example.com"

        [sogs.activity]
        active_within = "129600s"
        forget_after = "90d"

        [sogs.auth]
        require_blinded_ids = false

        [sogs.direct_messages]
        expiry = "10d"

        [sogs.files]
        expiry = "0s"
        max_size = 6000000

        [sogs.filter]
        alphabet_silent = true
        alphabets = ["arabic", "cyrillic"]
        filter_moderators = true
        profanity = true
        profanity_silent = false
        words_file = "/etc/words.txt"

        [sogs.messages]
        history_expiry = "5d"

        [sogs.web]
        index = false
        recent_messages = true
        "#);
        let dropped: Vec<_> = imported
            .dropped
            .iter()
            .map(|one| one.key.as_str())
            .collect();
        assert_eq!(
            dropped,
            [
                "[db] url",
                "[net] omq_listen",
                "[net] omq_internal",
                "[files] uploads_dir",
                "[messages] alphabet_filters",
                "[web] template_path",
                "[web] static_path",
                "[odd] key",
            ]
        );
        assert_eq!(imported.sogs_key, Some("/var/lib/key".into()));
    }

    #[test]
    fn rooms_and_replies_are_taken_over() {
        let file = "[room:sailors]\nprofanity_filter=no\nother=1\n\
            [filter:*:*]\nprofile_name=LanguagePolice\nreply=Hi \\@!\n\
            [filter:sudoku:profanity]\npublic=yes\nreply=\\@ got a little {too}\n Uh oh\n";
        let imported = imported(file).expect("read");
        insta::assert_snapshot!(imported.settings.to_string(), @r#"
        [[sogs.filter.replies]]
        profile_name = "LanguagePolice"
        replies = ['Hi \@!']

        [[sogs.filter.replies]]
        kind = "profanity"
        public = true
        replies = ['\@ got a little {too}', "Uh oh"]
        room = "sudoku"

        [sogs.rooms.sailors]
        profanity = false
        "#);
        assert_eq!(imported.dropped.len(), 1);
    }

    #[test]
    fn what_pysogs_refuses_is_refused() {
        for (file, said) in [
            (
                "[net]\nbase_url=example.net",
                "Invalid value [net].base_url=example.net",
            ),
            ("[files]\nexpiry=soon", "Invalid value [files].expiry=soon"),
            (
                "[users]\nrequire_blind_keys=maybe",
                "Invalid value [users].require_blind_keys=maybe",
            ),
            ("[filter:a]\npublic=1", "Invalid filter section [filter:a]"),
            (
                "[room:a]\nprofanity_filter=2",
                "Invalid value [room:a].profanity_filter=2",
            ),
        ] {
            let error = imported(file).expect_err(file);
            assert!(error.starts_with(said), "{error}");
        }
    }
}
