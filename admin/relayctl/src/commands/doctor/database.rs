//! The database: whether it opens, fits this program, keeps what it promises, and is sound.

use std::path::Path;

use relay_core::lifecycle::owners;
use relay_storage::{Database, DatabaseUrl, Durability, StorageOptions};
use rustix::fs::statfs;

use super::ground::Ground;
use super::report::Section;
use crate::time::size;

/// Magic numbers of file systems whose locks and syncs SQLite cannot rely on.
const NETWORK: [(&str, &str); 7] = [
    ("6969", "NFS"),
    ("517b", "SMB"),
    ("ff534d42", "CIFS"),
    ("fe534d42", "SMB"),
    ("1021997", "9P"),
    ("c36400", "Ceph"),
    ("5346414f", "AFS"),
];

const RESTORE: &str = "stop relayd, move the database away and run `relayctl backup restore`";

pub(super) async fn check(ground: &Ground, deep: bool, found: &mut Section<'_>) {
    let Some(options) = &ground.storage else {
        return found.unknown("storage");
    };
    if let DatabaseUrl::Sqlite(file) = &options.url {
        let shown = file.display();
        match file.try_exists() {
            Ok(true) => network(file, found),
            Ok(false) => {
                return found.ok(format!(
                    "{shown} does not exist yet; relayd makes it when it starts"
                ));
            }
            Err(error) => {
                return found.warning(
                    format!("{shown} cannot be looked at: {error}"),
                    "run relayctl as root or as the user relayd runs as",
                );
            }
        }
    }
    match Database::open(options.clone()).await {
        Ok(database) => {
            found.ok(format!("{} opens", database.url()));
            inside(&database, deep, found).await;
            database.close().await;
        }
        Err(error) => found.problem(error.to_string(), advice(options)),
    }
}

fn advice(options: &StorageOptions) -> &'static str {
    match options.url {
        DatabaseUrl::Sqlite(_) => {
            "run relayctl as root or as the user relayd runs as; if it is that already, restore a backup"
        }
        DatabaseUrl::Postgres(_) => "start PostgreSQL, or correct storage.url",
    }
}

fn network(file: &Path, found: &mut Section<'_>) {
    let Ok(system) = statfs(file) else { return };
    // Its type differs between machines, its hex does not.
    let magic = format!("{:x}", system.f_type);
    if let Some((_, name)) = NETWORK.iter().find(|(known, _)| *known == magic) {
        found.warning(
            format!("{} is on a network file system ({name})", file.display()),
            "move it to a local disk, or use PostgreSQL: SQLite's locks are not reliable there",
        );
    }
}

async fn inside(database: &Database, deep: bool, found: &mut Section<'_>) {
    migrations(database, found).await;
    match database.settings().await {
        Ok(settings) => judge(&settings, database.options(), found),
        Err(error) => found.problem(format!("its settings cannot be read: {error}"), RESTORE),
    }
    if deep {
        integrity(database, found).await;
    }
}

async fn migrations(database: &Database, found: &mut Section<'_>) {
    let owners = owners(&relayd::protocols());
    if let Err(error) = database.refuse_newer(&owners).await {
        return found.problem_line(&error.to_string());
    }
    let pending: Vec<String> = match database.migration_status(&owners).await {
        Ok(all) => all.into_iter().flat_map(|owner| owner.pending).collect(),
        Err(error) => return found.problem(error.to_string(), RESTORE),
    };
    if pending.is_empty() {
        found.ok("its tables are those of this version");
    } else {
        found.warning(
            format!(
                "it is older than this version; missing: {}",
                pending.join(", ")
            ),
            "make a backup, then restart relayd, which brings it up to date",
        );
    }
}

/// What a setting has to be, and what to do when it is not.
struct Expected {
    name: &'static str,
    value: &'static str,
    advice: &'static str,
}

const RECREATE: &str =
    "it was not made by relayd; make a backup and restore it into an empty data dir";
const ASK: &str = "set it in postgresql.conf; what was acknowledged may be lost otherwise";

fn expected(options: &StorageOptions) -> Vec<Expected> {
    let power = options.durability == Durability::Power;
    let expect = |name, value, advice| Expected {
        name,
        value,
        advice,
    };
    match options.url {
        DatabaseUrl::Sqlite(_) => vec![
            expect("journal_mode", "wal", RECREATE),
            expect("page_size", "16384", RECREATE),
            expect("auto_vacuum", "2", RECREATE),
            expect("secure_delete", "1", RECREATE),
            expect("synchronous", if power { "2" } else { "1" }, RECREATE),
        ],
        DatabaseUrl::Postgres(_) => vec![
            expect("fsync", "on", ASK),
            expect("full_page_writes", "on", ASK),
            expect("synchronous_commit", if power { "on" } else { "off" }, ASK),
        ],
    }
}

fn judge(settings: &[(&'static str, String)], options: &StorageOptions, found: &mut Section<'_>) {
    let value = |name: &str| {
        let setting = settings.iter().find(|(known, _)| *known == name);
        setting.map_or("", |(_, value)| value.as_str())
    };
    let expected = expected(options);
    let mut all_well = true;
    for Expected {
        name,
        value: right,
        advice,
    } in &expected
    {
        let is = value(name);
        if is != *right {
            all_well = false;
            found.warning(format!("{name} is {is} instead of {right}"), *advice);
        }
    }
    if all_well {
        let names: Vec<_> = expected.iter().map(|expected| expected.name).collect();
        found.ok(format!("its settings are right ({})", names.join(", ")));
    }
    let number = |name| value(name).parse::<u64>().ok();
    if let (Some(pages), Some(page)) = (number("page_count"), number("page_size")) {
        let free = number("freelist_count").unwrap_or(0) * page;
        let size_of_all = size(pages * page);
        found.ok(format!(
            "it has {size_of_all}, of which {} are free",
            size(free)
        ));
    }
}

async fn integrity(database: &Database, found: &mut Section<'_>) {
    match database.check_integrity().await {
        Ok(damages) if damages.is_empty() => found.ok("all of it was read and is sound"),
        Ok(damages) => {
            for damage in damages {
                found.problem(damage, RESTORE);
            }
        }
        Err(error) => found.problem(format!("it cannot be read through: {error}"), RESTORE),
    }
}
