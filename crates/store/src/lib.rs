//! Storage: entities, queries and migrations, written once for every database; the
//! writers of SQLite and Postgres.
//!
//! Reading: `store.reader()` with the `queries` of an area; every query takes the organization.
//! Writing: fill a [`WriteSet`], then [`Store::write`], which answers after the commit is on disk.
//! How to add a table: a migration, an entity and queries in the area's folder.

pub mod activities;
pub mod agents;
pub mod analytics;
pub mod approvals;
pub mod audit;
pub mod environments;
pub mod executions;
pub mod identity;
pub mod jobs;
pub mod messages;
pub mod moving;
pub mod outbox;
pub mod queues;
pub mod replicas;
pub mod skills;
pub mod workers;

mod changes;
mod dialect;
mod lock;
mod migrations;
mod postgres;
mod sqlite;
mod store;
mod write;

pub use changes::{Changes, Which};
pub use lock::{DirectoryLock, LOCK_FILE};
pub use postgres::Connections;
pub use sea_orm;
pub use sea_orm::DatabaseConnection;
pub use sqlite::DATABASE_FILE;
pub use store::{AWAY, Claim, Listener, Sharing, Store, is_away};
pub use write::{Guard, Notice, WriteSet};
