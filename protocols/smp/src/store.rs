//! The tables of the relay and every statement on them.
//!
//! Statements have fixed texts, the same for both databases, and are prepared once per
//! connection. Reading happens through the pool ([`Reads`]), writing inside units of work only
//! ([`writes`]); [`sweep`] and [`figures`] are the background's.

pub(crate) mod figures;
mod reads;
mod row;
mod schema;
pub(crate) mod scripts;
pub(crate) mod sweep;
pub(crate) mod writes;

pub(crate) use reads::{Found, LinkRow, NOTIFICATIONS_READ, NotificationRow, Reads, Role};
pub(crate) use schema::MIGRATIONS;

use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement, Value};

/// Runs a statement; gives how many rows it changed.
async fn execute<C: ConnectionTrait>(
    db: &C,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, DbErr> {
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    Ok(db.execute_raw(statement).await?.rows_affected())
}

/// Reads the one row there may be.
async fn row<C: ConnectionTrait>(
    db: &C,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Option<QueryResult>, DbErr> {
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    db.query_one_raw(statement).await
}

/// Reads rows.
async fn rows<C: ConnectionTrait>(
    db: &C,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<QueryResult>, DbErr> {
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    db.query_all_raw(statement).await
}

fn bytes(bytes: &[u8]) -> Value {
    Value::Bytes(Some(bytes.to_vec()))
}

fn maybe(bytes: Option<&[u8]>) -> Value {
    Value::Bytes(bytes.map(<[u8]>::to_vec))
}

/// How many values a list in a statement has: few sizes, so that few texts are prepared.
const LISTS: [usize; 5] = [1, 8, 32, 140, LONGEST];
/// The longest list: a whole block of the shortest commands.
pub(crate) const LONGEST: usize = 255;

/// `before ($1, $2, …) after`, filled up with the last value again.
fn listed(before: &str, mut values: Vec<Value>, after: &str) -> (String, Vec<Value>) {
    let length = LISTS.into_iter().find(|length| *length >= values.len());
    if let Some(last) = values.last().cloned() {
        values.resize(length.unwrap_or(LONGEST), last);
    }
    let marks: Vec<String> = (1..=values.len()).map(|at| format!("${at}")).collect();
    (format!("{before} ({}) {after}", marks.join(",")), values)
}
