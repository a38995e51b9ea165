//! Settings of older programs, in ours: what a file of theirs comes to, and what is left of it.
//!
//! A file is known by its content. Every key is either taken over or named among what was dropped,
//! with the reason; a value that the older program would refuse is refused here too.

mod ini;
mod smp_server_ini;
mod sogs_ini;
mod uwsgi;

use std::path::{Path, PathBuf};

use serde::Serialize;
use toml::{Table, Value};

pub(crate) use self::ini::Ini;
use crate::failure::Failure;

/// What files of older programs come to.
#[derive(Debug, Default)]
pub(crate) struct Imported {
    /// Our configuration.
    pub(crate) settings: Table,
    /// What is not in it.
    pub(crate) dropped: Vec<Dropped>,
    /// What is left to do by hand.
    pub(crate) next: Vec<String>,
    /// Where the key is that clients know the SOGS by.
    pub(crate) sogs_key: Option<PathBuf>,
}

/// A setting that was not taken over.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Dropped {
    /// Where it was: `[section] key`.
    pub(crate) key: String,
    /// Why, and what there is instead.
    pub(crate) reason: String,
}

/// Reads a file of an older program.
pub(crate) fn read(path: &Path) -> Result<Imported, Failure> {
    let wrong = |reason: String| Failure::Usage(format!("{}: {reason}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    // Its rules are others than those of the files below.
    if smp_server_ini::is_one(&text) {
        return smp_server_ini::import(&text, path).map_err(wrong);
    }
    let ini = Ini::parse(&text).map_err(wrong)?;
    let imported = if ini.has("uwsgi") {
        Ok(uwsgi::import(&ini))
    } else if sogs_ini::is_one(&ini) {
        sogs_ini::import(&ini, path)
    } else {
        Err("this is none of sogs.ini, the uwsgi.ini beside it, and smp-server.ini: no section is known".to_owned())
    };
    imported.map_err(wrong)
}

impl Imported {
    /// Takes in what another file comes to.
    pub(crate) fn join(&mut self, other: Self) {
        merge(&mut self.settings, other.settings);
        self.dropped.extend(other.dropped);
        self.next.extend(other.next);
        self.sogs_key = self.sogs_key.take().or(other.sogs_key);
    }

    /// Sets one of our keys, given by its dotted name.
    pub(crate) fn set(&mut self, key: &str, value: impl Into<Value>) {
        let mut names = key.split('.').rev();
        let last = names.next().unwrap_or_default().to_owned();
        let mut table = Table::from_iter([(last, value.into())]);
        for name in names {
            table = Table::from_iter([(name.to_owned(), Value::Table(table))]);
        }
        merge(&mut self.settings, table);
    }

    /// Names a setting that is not taken over.
    pub(crate) fn drop(&mut self, section: &str, key: &str, reason: impl Into<String>) {
        let key = format!("[{section}] {key}");
        let reason = reason.into();
        self.dropped.push(Dropped { key, reason });
    }

    /// The settings as variables of the environment say them, to be laid over others.
    pub(crate) fn as_variables(&self) -> Vec<(String, String)> {
        let mut variables = Vec::new();
        flatten("RELAYD", &self.settings, &mut variables);
        variables
    }
}

fn merge(into: &mut Table, from: Table) {
    for (name, value) in from {
        match (into.get_mut(&name), value) {
            (Some(Value::Table(inner)), Value::Table(more)) => merge(inner, more),
            (_, value) => {
                into.insert(name, value);
            }
        }
    }
}

/// Names of rooms are no names of keys: they go as one value.
fn flatten(before: &str, table: &Table, variables: &mut Vec<(String, String)>) {
    for (name, value) in table {
        let variable = format!("{before}__{}", name.to_uppercase());
        match value {
            Value::Table(inner) if name != "rooms" => flatten(&variable, inner, variables),
            Value::String(text) => variables.push((variable, text.clone())),
            other => variables.push((variable, other.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_become_variables() {
        let mut imported = Imported::default();
        imported.set("sogs.base_url", "http://a.net");
        imported.set("sogs.filter.alphabets", vec!["cyrillic"]);
        imported.set("sogs.rooms.Lounge.profanity", true);
        let variables = imported.as_variables();
        let said = |name: &str| {
            let found = variables.iter().find(|(variable, _)| variable == name);
            found.map(|(_, text)| text.as_str())
        };
        assert_eq!(said("RELAYD__SOGS__BASE_URL"), Some("http://a.net"));
        assert_eq!(
            said("RELAYD__SOGS__FILTER__ALPHABETS"),
            Some("[\"cyrillic\"]")
        );
        let rooms = said("RELAYD__SOGS__ROOMS").expect("there");
        assert!(
            rooms.contains("Lounge") && rooms.contains("profanity = true"),
            "{rooms}"
        );
    }
}
