//! Migrations, one file per change, the same for every database. A migration is never edited after
//! it has landed; old code must run on the new schema.

use sea_orm_migration::{MigrationTrait, MigratorTrait};

mod m0001_spine;
mod m0002_workers;
mod m0003_outbox;
mod m0004_foreign;
mod m0005_replicas;
mod m0006_moved_keys;
mod m0007_ephemeral;
mod m0008_approvals;
mod m0009_queue_runs;
mod m0010_outbox_claims;

/// All migrations, in order.
pub struct Migrations;

impl MigratorTrait for Migrations {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_spine::Migration),
            Box::new(m0002_workers::Migration),
            Box::new(m0003_outbox::Migration),
            Box::new(m0004_foreign::Migration),
            Box::new(m0005_replicas::Migration),
            Box::new(m0006_moved_keys::Migration),
            Box::new(m0007_ephemeral::Migration),
            Box::new(m0008_approvals::Migration),
            Box::new(m0009_queue_runs::Migration),
            Box::new(m0010_outbox_claims::Migration),
        ]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};

    use super::*;

    /// The columns of all tables with their types: `worker_queues.name text`. One of another type
    /// is another column.
    async fn columns(db: &DatabaseConnection) -> BTreeSet<String> {
        texts(db, "m.name || '.' || c.name || ' ' || c.type", "true").await
    }

    /// The columns that a row has to be given a value for: `worker_queues.name`.
    async fn required(db: &DatabaseConnection) -> BTreeSet<String> {
        let needs_value = "c.\"notnull\" AND c.dflt_value IS NULL";
        texts(db, "m.name || '.' || c.name", needs_value).await
    }

    async fn tables(db: &DatabaseConnection) -> BTreeSet<String> {
        texts(db, "m.name", "true").await
    }

    /// A text of each column of each table for which a condition holds.
    async fn texts(db: &DatabaseConnection, text: &str, condition: &str) -> BTreeSet<String> {
        let sql = format!(
            "SELECT {text} AS text FROM sqlite_master m, pragma_table_info(m.name) c \
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND {condition}"
        );
        let query = Statement::from_string(db.get_database_backend(), sql);
        let rows = db.query_all_raw(query).await.unwrap();
        rows.iter().map(|row| row.try_get("", "text").unwrap()).collect()
    }

    /// Those of the first set that the second one does not have.
    fn without(some: &BTreeSet<String>, others: &BTreeSet<String>) -> Vec<String> {
        some.difference(others).cloned().collect()
    }

    #[tokio::test]
    async fn programs_from_before_a_migration_find_all_that_they_know_and_can_write_it() {
        let db = Database::connect("sqlite::memory:").await.unwrap();
        for (number, migration) in (1_usize..).zip(Migrations::migrations()) {
            let name = migration.name();
            let (had, needed, there) = (columns(&db).await, required(&db).await, tables(&db).await);
            Migrations::up(&db, Some(1)).await.unwrap();
            let applied = Migrations::get_applied_migrations(&db).await.unwrap();
            assert_eq!(applied.len(), number, "{name} alone was applied");
            let gone = without(&had, &columns(&db).await);
            assert_eq!(gone, [""; 0], "{name} takes columns away");
            let mut needs = without(&required(&db).await, &needed);
            // They write no rows into tables that they do not know.
            needs.retain(|column| column.split('.').next().is_some_and(|of| there.contains(of)));
            assert_eq!(needs, [""; 0], "{name} wants values that older programs do not give");
        }
    }
}
