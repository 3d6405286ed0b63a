//! Where the databases differ in words. The only other places that know a database are
//! `sqlite` and `postgres`.

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
        // Postgres has no NUL in a text. What people send is checked before; a model or a tool may
        // still say one.
        (DbBackend::Postgres, Value::String(Some(text))) if text.contains('\0') => {
            Value::String(Some(text.replace('\0', "\u{fffd}")))
        }
        (DbBackend::Postgres, Value::Json(Some(mut json))) => {
            without_nul(&mut json);
            Value::Json(Some(json))
        }
        (_, value) => value,
    }
}

fn without_nul(json: &mut serde_json::Value) {
    match json {
        serde_json::Value::String(text) if text.contains('\0') => {
            *text = text.replace('\0', "\u{fffd}");
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(without_nul),
        serde_json::Value::Object(fields) => {
            fields.values_mut().for_each(without_nul);
            let with_nul: Vec<String> =
                fields.keys().filter(|key| key.contains('\0')).cloned().collect();
            for key in with_nul {
                if let Some(value) = fields.remove(&key) {
                    fields.insert(key.replace('\0', "\u{fffd}"), value);
                }
            }
        }
        _ => {}
    }
}
