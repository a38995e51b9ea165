//! PostgreSQL's tables, out and in by COPY.
//!
//! Needs no pg_dump: the schema is made again by the same migrations, so a dump is rows,
//! in an order in which every row finds what it refers to, and where the sequences stood.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use futures_util::TryStreamExt;
use sea_orm::sqlx::{AssertSqlSafe, Executor, PgConnection, Row, query};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};
use tokio::fs::File;
use tokio::io::{AsyncWriteExt, BufWriter};

use super::manifest::{Manifest, Sequence, Table};
use super::{BackupError, archive};
use crate::database::postgres_pool;
use crate::error::connect_error;
use crate::{Database, Migrations};

/// What was copied out.
#[derive(Debug, Default)]
pub(super) struct Dump {
    pub(super) tables: Vec<Table>,
    pub(super) sequences: Vec<Sequence>,
}

/// Copies the owners' tables, as of one moment, into a file each.
pub(super) async fn dump(
    database: &Database,
    owners: &[Migrations],
    to: &Path,
) -> Result<Dump, BackupError> {
    archive::create_dirs(to).map_err(BackupError::at(to))?;
    let aside = database.aside().await?;
    let dumped = dump_snapshot(&aside, owners, to).await;
    aside.close().await?;
    dumped
}

async fn dump_snapshot(
    db: &DatabaseConnection,
    owners: &[Migrations],
    to: &Path,
) -> Result<Dump, BackupError> {
    let mut connection = postgres_pool(db).acquire().await.map_err(failed)?;
    connection
        .execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .await
        .map_err(failed)?;
    let mut dump = Dump {
        tables: tables_in_order(&mut connection, owners).await?,
        sequences: Vec::new(),
    };
    for table in &mut dump.tables {
        let path = to.join(format!("{}.copy", table.name));
        table.rows = copy_out(&mut connection, table, &path).await?;
    }
    dump.sequences = sequences(&mut connection, owners).await?;
    connection.execute("COMMIT").await.map_err(failed)?;
    Ok(dump)
}

async fn copy_out(
    connection: &mut PgConnection,
    table: &Table,
    path: &Path,
) -> Result<u64, BackupError> {
    let sql = format!(
        "COPY {} ({}) TO STDOUT",
        quoted(&table.name),
        column_list(table)
    );
    let file = archive::create_file(path).map_err(BackupError::at(path))?;
    let mut file = BufWriter::with_capacity(1 << 20, File::from_std(file));
    let mut rows = 0;
    {
        let mut stream = connection.copy_out_raw(&sql).await.map_err(failed)?;
        while let Some(chunk) = stream.try_next().await.map_err(failed)? {
            rows += archive::lines_in(&chunk);
            file.write_all(&chunk)
                .await
                .map_err(BackupError::at(path))?;
        }
    }
    finish(file).await.map_err(BackupError::at(path))?;
    Ok(rows)
}

async fn finish(mut file: BufWriter<File>) -> io::Result<()> {
    file.flush().await?;
    file.get_ref().sync_all().await
}

/// Fills the empty tables of a fresh schema, all or nothing.
pub(super) async fn fill(
    database: &Database,
    manifest: &Manifest,
    from: &Path,
) -> Result<(), BackupError> {
    let mut connection = postgres_pool(&database.writer)
        .acquire()
        .await
        .map_err(failed)?;
    connection.execute("BEGIN").await.map_err(failed)?;
    for table in &manifest.tables {
        copy_in(
            &mut connection,
            table,
            &from.join(format!("{}.copy", table.name)),
        )
        .await?;
    }
    for sequence in &manifest.sequences {
        let set = query("SELECT setval($1::regclass, $2)")
            .bind(quoted(&sequence.name))
            .bind(sequence.last_value);
        set.execute(&mut *connection).await.map_err(failed)?;
    }
    connection.execute("COMMIT").await.map_err(failed)?;
    Ok(())
}

async fn copy_in(
    connection: &mut PgConnection,
    table: &Table,
    path: &Path,
) -> Result<(), BackupError> {
    let sql = format!(
        "COPY {} ({}) FROM STDIN",
        quoted(&table.name),
        column_list(table)
    );
    let file = File::open(path).await.map_err(BackupError::at(path))?;
    let mut copy = connection.copy_in_raw(&sql).await.map_err(failed)?;
    copy.read_from(file).await.map_err(failed)?;
    let rows = copy.finish().await.map_err(failed)?;
    if rows != table.rows {
        return Err(BackupError::Database(format!(
            "table {}: {rows} rows instead of {}",
            table.name, table.rows
        )));
    }
    Ok(())
}

/// The owners' tables, those referred to before those referring. Bookkeeping of migrations is
/// left out: making the schema writes it anew.
async fn tables_in_order(
    connection: &mut PgConnection,
    owners: &[Migrations],
) -> Result<Vec<Table>, BackupError> {
    let sql = "SELECT table_name::text, column_name::text FROM information_schema.columns \
               JOIN information_schema.tables USING (table_schema, table_name) \
               WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' \
               AND is_generated = 'NEVER' ORDER BY table_name, ordinal_position";
    let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in query(sql)
        .fetch_all(&mut *connection)
        .await
        .map_err(failed)?
    {
        let name: String = row.try_get(0).map_err(failed)?;
        if is_data_of(&name, owners) {
            columns
                .entry(name)
                .or_default()
                .push(row.try_get(1).map_err(failed)?);
        }
    }
    let references = references(connection).await?;
    let order = order(columns.keys().cloned().collect(), &references);
    Ok(order
        .into_iter()
        .map(|name| Table {
            columns: columns.remove(&name).unwrap_or_default(),
            name,
            rows: 0,
        })
        .collect())
}

/// Whether an object belongs to an owner's data, rather than to somebody else in the database.
fn is_data_of(name: &str, owners: &[Migrations]) -> bool {
    let mut rests = owners
        .iter()
        .filter_map(|owner| name.strip_prefix(owner.prefix)?.strip_prefix('_'));
    rests.any(|rest| rest != "migrations")
}

/// Pairs (referring, referred to).
async fn references(
    connection: &mut PgConnection,
) -> Result<BTreeSet<(String, String)>, BackupError> {
    let sql = "SELECT a.relname::text, b.relname::text FROM pg_constraint \
               JOIN pg_class a ON a.oid = conrelid JOIN pg_class b ON b.oid = confrelid \
               WHERE contype = 'f' AND conrelid <> confrelid";
    let rows = query(sql).fetch_all(connection).await.map_err(failed)?;
    rows.iter()
        .map(|row| {
            Ok((
                row.try_get(0).map_err(failed)?,
                row.try_get(1).map_err(failed)?,
            ))
        })
        .collect()
}

fn order(mut left: BTreeSet<String>, references: &BTreeSet<(String, String)>) -> Vec<String> {
    let mut order = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let waits = |name: &String| {
            references
                .iter()
                .any(|(from, to)| from == name && left.contains(to))
        };
        // A circle of references has no right order; it is filled as it comes.
        let next = left
            .iter()
            .find(|name| !waits(name))
            .or(left.first())
            .cloned();
        if let Some(next) = next {
            left.remove(&next);
            order.push(next);
        }
    }
    order
}

async fn sequences(
    connection: &mut PgConnection,
    owners: &[Migrations],
) -> Result<Vec<Sequence>, BackupError> {
    let sql = "SELECT sequencename::text, last_value FROM pg_sequences \
               WHERE schemaname = current_schema() AND last_value IS NOT NULL ORDER BY 1";
    let mut found = Vec::new();
    for row in query(sql).fetch_all(connection).await.map_err(failed)? {
        let name: String = row.try_get(0).map_err(failed)?;
        if is_data_of(&name, owners) {
            found.push(Sequence {
                name,
                last_value: row.try_get(1).map_err(failed)?,
            });
        }
    }
    Ok(found)
}

/// Reads every row of every table, so that a damaged page is found; gives what failed.
pub(crate) async fn read_every_table(db: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
    let sql = "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()";
    let mut findings = Vec::new();
    for row in db
        .query_all_raw(Statement::from_string(DbBackend::Postgres, sql))
        .await?
    {
        let name: String = row.try_get_by_index(0)?;
        let sql = AssertSqlSafe(format!("SELECT count(t.*) FROM {} t", quoted(&name)));
        if let Err(error) = query(sql).fetch_one(postgres_pool(db)).await {
            findings.push(format!(
                "table {name}: {}",
                crate::error::brief(&connect_error(error))
            ));
        }
    }
    Ok(findings)
}

fn column_list(table: &Table) -> String {
    table
        .columns
        .iter()
        .map(|column| quoted(column))
        .collect::<Vec<_>>()
        .join(", ")
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn failed(error: sea_orm::sqlx::Error) -> BackupError {
    connect_error(error).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_come_after_what_they_refer_to() {
        let names = ["a", "b", "c"].map(str::to_owned).into();
        let refer = |pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .map(|(a, b)| ((*a).into(), (*b).into()))
                .collect()
        };
        assert_eq!(
            order(names, &refer(&[("a", "c"), ("c", "b")])),
            ["b", "c", "a"]
        );
        let circle = ["a", "b"].map(str::to_owned).into();
        assert_eq!(order(circle, &refer(&[("a", "b"), ("b", "a")])).len(), 2);
    }

    #[test]
    fn strangers_tables_are_left_alone() {
        let owners = [crate::MIGRATIONS];
        assert!(is_data_of("store_probe", &owners));
        assert!(!is_data_of("store_migrations", &owners));
        assert!(!is_data_of("storehouse", &owners));
        assert!(!is_data_of("wordpress", &owners));
    }
}
