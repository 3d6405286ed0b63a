//! What has to be told to Temporal.

use sea_orm_migration::prelude::*;

use super::m0001_spine::{belongs_to, column, index};
use crate::dialect;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut outbox = outbox();
        dialect::cluster_by_primary_key(&mut outbox, manager.get_database_backend());
        manager.create_table(outbox).await?;
        let due = index("outbox", "outbox_due", &["claimed_until", "queue_id"]);
        manager.create_index(due).await
    }
}

fn outbox() -> TableCreateStatement {
    Table::create()
        .table("outbox")
        .col(column("id").uuid().primary_key())
        .col(column("organization_id").text())
        .col(column("execution_id").uuid())
        .col(column("queue_id").uuid())
        .col(column("kind").text())
        .col(column("payload").text())
        .col(column("claimed_until").big_integer())
        .col(column("created_at").big_integer())
        .foreign_key(&mut belongs_to("outbox", "execution_id", "executions"))
        .to_owned()
}
