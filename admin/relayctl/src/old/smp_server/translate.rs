//! `smp-server.ini` in relayd's terms.
//!
//! Every setting is accounted for: it becomes a key of relayd.toml, or it asks for nothing (the
//! value is what relayd does anyway), or it is dropped and a line says so. Values of settings are
//! never repeated, for some are passwords.

mod accepted;
mod control;
mod database;
mod information;
mod names;
mod proxy;
mod reader;
mod store_log;
mod transport;
mod web;

use std::fmt;
use std::path::Path;

use toml::{Table, Value};

use self::reader::Reader;
use super::ini::Ini;
use super::places::Places;

pub(crate) use self::reader::Refused;
pub(crate) use self::transport::Transport;
pub(crate) use self::web::Web;

/// What became of a configuration file.
#[derive(Debug)]
pub(crate) struct Translation {
    /// What relayd.toml has to say.
    pub(crate) config: Table,
    /// What it cannot say, a line each.
    pub(crate) dropped: Vec<Dropped>,
    /// What is told about the server when it starts.
    pub(crate) told: Told,
}

/// A setting without effect.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Dropped {
    section: String,
    key: String,
    why: String,
}

/// What is told about a server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    pub(crate) store_log: bool,
    /// The database as it is said, where it is PostgreSQL.
    pub(crate) database: Option<String>,
    pub(crate) message_days: u64,
    pub(crate) daily_statistics: bool,
    /// Seconds a client may be silent, and between two looks.
    pub(crate) inactive: Option<(u64, u64)>,
    pub(crate) new_queues: bool,
    pub(crate) password: Option<String>,
    pub(crate) source_code: Option<String>,
    pub(crate) transport: Transport,
    pub(crate) web: Web,
}

/// Translates the file of a server whose folders these are.
pub(crate) fn translate(ini: &Ini, places: &Places) -> Result<Translation, Refused> {
    let mut reader = Reader::new(ini);
    let mut config = Config::default();
    let mut told = Told::default();
    config.put("smp.identity.folder", path(&places.configuration));
    store_log::translate(&mut reader, places, &mut config, &mut told)?;
    auth(&mut reader, &mut config, &mut told)?;
    told.transport = transport::translate(&mut reader, &mut config)?;
    control::translate(&mut reader, &mut config)?;
    proxy::translate(&mut reader, &mut config)?;
    names::translate(&mut reader, &mut config)?;
    inactive_clients(&mut reader, &mut config, &mut told)?;
    told.web = web::translate(&mut reader, &told.transport, &mut config)?;
    told.source_code = information::translate(&mut reader, &mut config);
    Ok(Translation {
        config: config.0,
        dropped: reader.rest(),
        told,
    })
}

fn auth(reader: &mut Reader<'_>, config: &mut Config, told: &mut Told) -> Result<(), Refused> {
    let section = "AUTH";
    told.new_queues = reader.switch(section, "new_queues")?.unwrap_or(true);
    config.put("smp.new_queues", told.new_queues);
    if let Some(password) = reader.text(section, "create_password") {
        if !relay_smp::wire::Address::is_password(password) {
            let reason = "must be printable ASCII characters other than space, `@`, `:` and `/`";
            return Err(Refused::new(section, "create_password", reason));
        }
        config.put("smp.create_password", password);
        told.password = Some(password.to_owned());
    }
    if let Some(quota) = reader.number::<i32>(section, "daily_block_queue_quota")? {
        config.put("smp.daily_block_quota", i64::from(quota));
    }
    Ok(())
}

fn inactive_clients(
    reader: &mut Reader<'_>,
    config: &mut Config,
    told: &mut Told,
) -> Result<(), Refused> {
    let section = "INACTIVE_CLIENTS";
    let disconnect = reader.switch(section, "disconnect")?.unwrap_or(false);
    let ttl = reader.number::<u64>(section, "ttl")?;
    let interval = reader.number::<u64>(section, "check_interval")?;
    if !disconnect {
        config.put("smp.connections.idle_timeout", "0s");
        return Ok(());
    }
    let missing = |key| Refused::new(section, key, "is needed for `disconnect = on`; add it");
    let ttl = ttl.ok_or_else(|| missing("ttl"))?;
    let interval = interval.ok_or_else(|| missing("check_interval"))?;
    config.put("smp.connections.idle_timeout", seconds(ttl));
    config.put(
        "smp.connections.idle_check_interval",
        seconds(interval.max(1)),
    );
    told.inactive = Some((ttl, interval));
    Ok(())
}

/// relayd.toml while it is made.
#[derive(Debug, Default)]
pub(crate) struct Config(Table);

impl Config {
    /// Sets a key, given by its dotted name.
    pub(crate) fn put(&mut self, key: &str, value: impl Into<Value>) {
        put(&mut self.0, key, value.into());
    }
}

/// Sets a key, given by its dotted name.
pub(crate) fn put(table: &mut Table, key: &str, value: Value) {
    match key.split_once('.') {
        None => {
            table.insert(key.to_owned(), value);
        }
        Some((section, rest)) => {
            let entry = table.entry(section).or_insert_with(|| Table::new().into());
            if let Value::Table(table) = entry {
                put(table, rest, value);
            }
        }
    }
}

fn seconds(count: u64) -> String {
    format!("{count}s")
}

fn path(path: &Path) -> String {
    path.display().to_string()
}

impl Dropped {
    /// Which setting.
    pub(crate) fn key(&self) -> String {
        format!("[{}] {}", self.section, self.key)
    }

    /// Why, and what there is instead.
    pub(crate) fn why(&self) -> &str {
        &self.why
    }
}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key(), self.why)
    }
}

#[cfg(test)]
mod tests;
