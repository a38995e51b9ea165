//! Reading settings by name, and noticing which were never asked for.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::super::ini::Ini;
use super::Dropped;

/// A file that is being read.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    ini: &'a Ini,
    asked: BTreeSet<(String, String)>,
    dropped: Vec<Dropped>,
}

/// A value that makes no sense. It is not shown.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Refused {
    section: String,
    key: String,
    reason: String,
}

impl<'a> Reader<'a> {
    pub(super) fn new(ini: &'a Ini) -> Self {
        Self {
            ini,
            asked: BTreeSet::new(),
            dropped: Vec::new(),
        }
    }

    /// A value as it stands there; an empty one is none.
    pub(super) fn text(&mut self, section: &str, key: &str) -> Option<&'a str> {
        self.asked.insert((section.to_owned(), key.to_owned()));
        self.ini.get(section, key).filter(|value| !value.is_empty())
    }

    /// `on` or `off`.
    pub(super) fn switch(&mut self, section: &str, key: &str) -> Result<Option<bool>, Refused> {
        match self.text(section, key) {
            None => Ok(None),
            Some("on") => Ok(Some(true)),
            Some("off") => Ok(Some(false)),
            Some(_) => Err(Refused::new(section, key, "must be `on` or `off`")),
        }
    }

    /// A number.
    pub(super) fn number<N: FromStr>(
        &mut self,
        section: &str,
        key: &str,
    ) -> Result<Option<N>, Refused> {
        let Some(text) = self.text(section, key) else {
            return Ok(None);
        };
        let number = text.parse().map(Some);
        number.map_err(|_| Refused::new(section, key, "must be a number that fits"))
    }

    /// A setting that changes nothing here. It is worth a line unless its value asks for what is
    /// done anyway.
    pub(super) fn without_effect(&mut self, section: &str, key: &str, anyway: &[&str], why: &str) {
        if self
            .text(section, key)
            .is_some_and(|value| !anyway.contains(&value))
        {
            self.drop(section, key, why);
        }
    }

    /// Says that a setting has no effect.
    pub(super) fn drop(&mut self, section: &str, key: &str, why: &str) {
        self.dropped.push(Dropped {
            section: section.to_owned(),
            key: key.to_owned(),
            why: why.to_owned(),
        });
    }

    /// What was dropped, and what nobody asked for.
    pub(super) fn rest(self) -> Vec<Dropped> {
        let unknown = self.ini.settings().iter().filter(|setting| {
            let name = (setting.section.clone(), setting.key.clone());
            !self.asked.contains(&name)
        });
        let unknown = unknown.map(|setting| Dropped {
            section: setting.section.clone(),
            key: setting.key.clone(),
            why: "this setting is not known and has no effect".to_owned(),
        });
        let mut all = self.dropped;
        all.extend(unknown);
        all
    }
}

impl Refused {
    pub(super) fn new(section: &str, key: &str, reason: &str) -> Self {
        Self {
            section: section.to_owned(),
            key: key.to_owned(),
            reason: reason.to_owned(),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            section,
            key,
            reason,
        } = self;
        write!(f, "[{section}] {key} {reason}")
    }
}
