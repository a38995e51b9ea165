//! That what is asked again and again does not take longer the more there is.

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::*;
use crate::store::posting::question;

/// How SQLite looks something up: a line a table.
async fn plan(sql: &str) -> Vec<String> {
    let bed = Bed::sqlite().await;
    let options = StorageOptions {
        url: bed.url.clone(),
        ..StorageOptions::default()
    };
    let database = Database::open(options).await;
    let sql = format!("EXPLAIN QUERY PLAN {sql}");
    let statement = Statement::from_string(DbBackend::Sqlite, sql);
    let rows = database.unwrap().read().query_all_raw(statement).await;
    let line = |row: &sea_orm::QueryResult| row.try_get_by_index::<String>(3).unwrap();
    rows.unwrap().iter().map(line).collect()
}

#[tokio::test]
async fn a_post_looks_at_what_is_new_and_not_at_all_that_its_author_wrote() {
    let plan = plan(&question(RateLimit::POSTS)).await;
    for (table, by) in [("c", "posted>?"), ("h", "replaced>?"), ("e", "rowid=?")] {
        let step = format!("SEARCH {table} ");
        let found = plan.iter().find(|line| line.starts_with(&step));
        assert!(found.is_some_and(|line| line.contains(by)), "{plan:#?}");
    }
}
