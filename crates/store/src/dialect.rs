//! Where the databases differ in words. The only other place that knows a database is `sqlite`.

use sea_orm_migration::prelude::TableCreateStatement;
use sea_orm_migration::sea_orm::{DbBackend, Value};

/// Keeps the rows of a table in the order of its primary key, without a second tree for it, where
/// the database can: an event log then costs half the disk, and a replay reads neighbouring pages.
pub fn cluster_by_primary_key(table: &mut TableCreateStatement, backend: DbBackend) {
    if backend == DbBackend::Sqlite {
        table.extra("WITHOUT ROWID");
    }
}

/// A value as the writer takes it. SQLite stores JSON as text; it is written down here, by whoever
/// makes the write, because the one writer's time is what everybody waits for.
pub fn written(backend: DbBackend, value: Value) -> Value {
    match (backend, value) {
        (DbBackend::Sqlite, Value::Json(json)) => Value::String(json.map(|json| json.to_string())),
        (_, value) => value,
    }
}
