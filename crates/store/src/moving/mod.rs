//! Moving house: the rows of an organization, out of one database and into another.
//!
//! What travels is the list in `tables`; what does not is in [`STAYS`], with the reason. A test walks
//! the schema and fails for a table or a column that is in neither. Not here: the file between the
//! two databases (`drover/src/moving`).

mod check;
mod database;
mod export;
mod import;
mod row;
mod set;
mod table;
mod tables;

pub use database::Exclusive;
pub use export::Export;
pub use import::Import;
pub use row::Row;
pub use tables::STAYS;

use sea_orm_migration::MigratorTrait;

use crate::migrations::Migrations;

/// The names of the migrations that this program knows, in order: what an export calls its schema.
pub fn schema() -> Vec<String> {
    Migrations::migrations().iter().map(|migration| migration.name().to_owned()).collect()
}
