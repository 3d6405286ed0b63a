//! Replicas: which keys they have.

use sea_orm_migration::prelude::*;

use super::m0001_spine::column;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let keys = Table::create()
            .table("replica_keys")
            .col(column("id").integer().primary_key())
            .col(column("fingerprint").text())
            .to_owned();
        manager.create_table(keys).await
    }
}
