//! Whose claim a row of the outbox is: several are claimed with one statement, and read back by it.

use sea_orm_migration::prelude::*;

use super::m0001_spine::optional;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let claim = optional("claim").uuid().to_owned();
        manager.alter_table(Table::alter().table("outbox").add_column(claim).to_owned()).await
    }
}
