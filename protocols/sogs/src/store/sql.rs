//! Fixed statements, written once for both databases: `?` marks a value.

use relay_core::clock::UnixTime;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, TryGetable, Value};

/// Values for the marks of a statement, in order.
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$(sea_orm::Value::from($value)),*] };
}

pub(crate) use values;

/// A row, read from its first column to its last.
pub(crate) struct Columns {
    row: QueryResult,
    at: usize,
}

impl Columns {
    pub(crate) fn next<T: TryGetable>(&mut self) -> Result<T, DbErr> {
        let value = self.row.try_get_by_index(self.at)?;
        self.at += 1;
        Ok(value)
    }

    pub(crate) fn time(&mut self) -> Result<UnixTime, DbErr> {
        self.next().map(UnixTime::from_millis)
    }

    pub(crate) fn maybe_time(&mut self) -> Result<Option<UnixTime>, DbErr> {
        Ok(self.next::<Option<i64>>()?.map(UnixTime::from_millis))
    }
}

impl From<QueryResult> for Columns {
    fn from(row: QueryResult) -> Self {
        Self { row, at: 0 }
    }
}

/// The first row, if there is one.
pub(crate) async fn one(
    db: &impl ConnectionTrait,
    sql: &str,
    values: Vec<Value>,
) -> Result<Option<Columns>, DbErr> {
    let row = db.query_one_raw(statement(db, sql, values)).await?;
    Ok(row.map(Columns::from))
}

/// Every row.
pub(crate) async fn all(
    db: &impl ConnectionTrait,
    sql: &str,
    values: Vec<Value>,
) -> Result<Vec<Columns>, DbErr> {
    let rows = db.query_all_raw(statement(db, sql, values)).await?;
    Ok(rows.into_iter().map(Columns::from).collect())
}

/// The one value of the one row, or what stands for none.
pub(crate) async fn scalar<T: TryGetable + Default>(
    db: &impl ConnectionTrait,
    sql: &str,
    values: Vec<Value>,
) -> Result<T, DbErr> {
    match one(db, sql, values).await? {
        Some(mut columns) => columns.next(),
        None => Ok(T::default()),
    }
}

/// How many rows it concerned.
pub(crate) async fn execute(
    db: &impl ConnectionTrait,
    sql: &str,
    values: Vec<Value>,
) -> Result<u64, DbErr> {
    let done = db.execute_raw(statement(db, sql, values)).await?;
    Ok(done.rows_affected())
}

fn statement(db: &impl ConnectionTrait, sql: &str, values: Vec<Value>) -> Statement {
    let backend = db.get_database_backend();
    let text = match backend {
        DbBackend::Postgres => numbered(sql),
        _ => sql.to_owned(),
    };
    Statement::from_sql_and_values(backend, text, values)
}

/// With `$1`, `$2`… for the marks. No statement has a question mark for anything else.
fn numbered(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len() + 16);
    for (at, part) in sql.split('?').enumerate() {
        if at > 0 {
            text.push('$');
            text.push_str(&at.to_string());
        }
        text.push_str(part);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_numbered() {
        assert_eq!(numbered("a = ? AND b = ?"), "a = $1 AND b = $2");
        assert_eq!(numbered("a"), "a");
    }
}
