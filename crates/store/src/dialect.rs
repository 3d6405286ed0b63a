//! Where the databases differ in words. The only other place that knows a database is `sqlite`.

use sea_orm_migration::prelude::TableCreateStatement;
use sea_orm_migration::sea_orm::DbBackend;

/// Keeps the rows of a table in the order of its primary key, without a second tree for it, where
/// the database can: an event log then costs half the disk, and a replay reads neighbouring pages.
pub fn cluster_by_primary_key(table: &mut TableCreateStatement, backend: DbBackend) {
    if backend == DbBackend::Sqlite {
        table.extra("WITHOUT ROWID");
    }
}
