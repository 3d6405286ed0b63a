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
        ]
    }
}
