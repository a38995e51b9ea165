//! `[STORE_LOG]`: what is kept and for how long, and figures.

use super::super::places::Places;
use super::reader::{Reader, Refused};
use super::{Config, Told, database, path, seconds};

const SECTION: &str = "STORE_LOG";
const KEPT: &str = "queues and messages are always kept, across restarts too";
const ONE_STORE: &str = "queues and messages are kept in one database";

pub(super) fn translate(
    reader: &mut Reader<'_>,
    places: &Places,
    config: &mut Config,
    told: &mut Told,
) -> Result<(), Refused> {
    told.store_log = reader.switch(SECTION, "enable")?.unwrap_or(false);
    reader.without_effect(SECTION, "enable", &["on"], KEPT);
    reader.switch(SECTION, "restore_messages")?;
    reader.without_effect(SECTION, "restore_messages", &["on"], KEPT);
    told.database = stores(reader, config)?;
    expiry(reader, config, told)?;
    figures(reader, places, config, told)
}

/// Memory and journals become the embedded database, a database stays one.
fn stores(reader: &mut Reader<'_>, config: &mut Config) -> Result<Option<String>, Refused> {
    let queues = reader.text(SECTION, "store_queues").unwrap_or("memory");
    let messages = reader.text(SECTION, "store_messages").unwrap_or("memory");
    match (queues, messages) {
        ("memory", "memory" | "journal") | ("database", "journal" | "database") => {}
        ("memory", "database") | ("database", "memory") => {
            let reason = "does not go with store_queues; `memory` needs `memory` or `journal`, `database` needs `journal` or `database`";
            return Err(Refused::new(SECTION, "store_messages", reason));
        }
        ("memory" | "database", _) => {
            let reason = "must be `memory`, `journal` or `database`";
            return Err(Refused::new(SECTION, "store_messages", reason));
        }
        _ => {
            let reason = "must be `memory` or `database`";
            return Err(Refused::new(SECTION, "store_queues", reason));
        }
    }
    let in_postgres = queues == "database";
    let found = reader.text(SECTION, "db_connection");
    reader.without_effect(
        SECTION,
        "db_schema",
        &["smp_server"],
        "tables are in the connection's schema, their names begin with smp_",
    );
    reader.without_effect(
        SECTION,
        "db_pool_size",
        &["10"],
        "one connection writes, storage.read_connections says how many read",
    );
    reader.without_effect(SECTION, "db_store_log", &["off"], ONE_STORE);
    reader.without_effect(
        SECTION,
        "db_deleted_ttl",
        &[],
        "what is deleted is gone at once",
    );
    if !in_postgres {
        return Ok(None);
    }
    let connection = found.unwrap_or("postgresql://smp@/smp_server_store");
    let Some(url) = database::url(connection) else {
        let reason = "must be like postgresql://user:password@host/database or `host=… dbname=…`";
        return Err(Refused::new(SECTION, "db_connection", reason));
    };
    config.put("storage.url", url.clone());
    Ok(Some(url))
}

fn expiry(reader: &mut Reader<'_>, config: &mut Config, told: &mut Told) -> Result<(), Refused> {
    told.message_days = reader
        .number(SECTION, "expire_messages_days")?
        .unwrap_or(21);
    let (hours, too_long) = (
        reader.number::<u64>(SECTION, "expire_ntfs_hours")?,
        "is too long",
    );
    let days = told.message_days.checked_mul(24 * 3600);
    let days = days.ok_or_else(|| Refused::new(SECTION, "expire_messages_days", too_long))?;
    let hours = hours.unwrap_or(24).checked_mul(3600);
    let hours = hours.ok_or_else(|| Refused::new(SECTION, "expire_ntfs_hours", too_long))?;
    config.put("smp.queues.message_lifetime", seconds(days.max(1)));
    config.put("smp.notifications.lifetime", seconds(hours.max(1)));
    let on_start = reader.switch(SECTION, "expire_messages_on_start")?;
    config.put("smp.queues.expire_on_start", on_start.unwrap_or(true));
    let on_send = reader.switch(SECTION, "expire_messages_on_send")?;
    config.put("smp.queues.expire_on_send", on_send.unwrap_or(true));
    Ok(())
}

fn figures(
    reader: &mut Reader<'_>,
    places: &Places,
    config: &mut Config,
    told: &mut Told,
) -> Result<(), Refused> {
    told.daily_statistics = reader.switch(SECTION, "log_stats")?.unwrap_or(false);
    config.put("smp.statistics.daily_log", told.daily_statistics);
    if told.daily_statistics {
        let file = path(&places.daily_statistics());
        config.put("smp.statistics.daily_log_file", file);
    }
    if reader
        .number::<u32>(SECTION, "prometheus_interval")?
        .is_some()
    {
        config.put("metrics.listen", "127.0.0.1:9464");
        let why =
            "no file is written; Prometheus finds the figures at http://127.0.0.1:9464/metrics";
        reader.drop(SECTION, "prometheus_interval", why);
    }
    Ok(())
}
