//! Schemas are brought up to date whole or not at all, and never touched when too new.

mod common;

use common::{Bed, NOTES, OWNERS, count};
use relay_storage::{MigrateError, Migrations};
use sea_orm::{ConnectionTrait, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait};

struct Step(&'static str, &'static str);

impl MigrationName for Step {
    fn name(&self) -> &'static str {
        self.0
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .get_connection()
            .execute_unprepared(self.1)
            .await
            .map(drop)
    }
}

#[tokio::test]
async fn steps_run_once_and_in_order() {
    const OWNER: Migrations = Migrations {
        prefix: "owner",
        steps: || {
            vec![
                Box::new(Step("owner_0001", "CREATE TABLE owner_a (id BIGINT)")),
                Box::new(Step("owner_0002", "INSERT INTO owner_a VALUES (1)")),
            ]
        },
    };
    for bed in Bed::each().await {
        assert_eq!(
            bed.database.migrate(&[OWNER]).await.expect("migrates"),
            ["owner_0001", "owner_0002"]
        );
        assert!(
            bed.database
                .migrate(&[OWNER])
                .await
                .expect("migrates")
                .is_empty()
        );
        assert_eq!(count(bed.database.read(), "owner_a").await, 1);
    }
}

#[tokio::test]
async fn a_failing_step_leaves_nothing_of_its_owner_behind() {
    const OWNER: Migrations = Migrations {
        prefix: "owner",
        steps: || {
            vec![
                Box::new(Step("owner_0001", "CREATE TABLE owner_a (id BIGINT)")),
                Box::new(Step("owner_0002", "INSERT INTO no_such_table VALUES (1)")),
            ]
        },
    };
    for bed in Bed::each().await {
        let error = bed.database.migrate(&[OWNER]).await.expect_err("fails");
        assert!(
            error
                .to_string()
                .starts_with("migrating the owner tables failed: "),
            "{error}"
        );
        let status = bed
            .database
            .migration_status(&[OWNER])
            .await
            .expect("status");
        assert_eq!(status[0].pending, ["owner_0001", "owner_0002"]);
        let table = "SELECT 1 FROM owner_a";
        assert!(
            bed.database.read().execute_unprepared(table).await.is_err(),
            "the table is not there"
        );
    }
}

#[tokio::test]
async fn a_database_newer_than_the_binary_is_refused_untouched() {
    const NEWER: Migrations = Migrations {
        prefix: "notes",
        steps: || {
            let mut steps = (NOTES.steps)();
            steps.push(Box::new(Step(
                "notes_0002_from_the_future",
                "CREATE TABLE notes_new (id BIGINT)",
            )));
            steps
        },
    };
    const OTHER: Migrations = Migrations {
        prefix: "other",
        steps: || {
            vec![Box::new(Step(
                "other_0001",
                "CREATE TABLE other_a (id BIGINT)",
            ))]
        },
    };
    for bed in Bed::each().await {
        bed.database
            .migrate(&[NEWER])
            .await
            .expect("the newer binary was here");
        let error = bed
            .database
            .migrate(&[OTHER, OWNERS[1]])
            .await
            .expect_err("refused");
        assert!(
            matches!(&error, MigrateError::Newer { prefix: "notes", step } if step == "notes_0002_from_the_future")
        );
        let status = bed
            .database
            .migration_status(&[OTHER])
            .await
            .expect("status");
        assert_eq!(
            status[0].pending,
            ["other_0001"],
            "nothing of the others was applied either"
        );
    }
}
