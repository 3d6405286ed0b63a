//! Organizations that moved here: the public keys of the planes that signed their API keys.

use sea_orm_migration::prelude::*;

use super::m0001_spine::{belongs_to, column};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(moved_keys()).await
    }
}

fn moved_keys() -> TableCreateStatement {
    Table::create()
        .table("moved_keys")
        .col(column("kid").text())
        .col(column("organization_id").text())
        .col(column("public_key").blob())
        .col(column("moved_at").big_integer())
        .primary_key(Index::create().col("kid").col("organization_id"))
        .foreign_key(&mut belongs_to("moved_keys", "organization_id", "organizations"))
        .to_owned()
}
