//! Ephemeral queues: after how long one without a worker goes, and an index to find them by.

use sea_orm_migration::prelude::*;

use super::m0001_spine::{index, optional};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let after = optional("auto_cleanup_after_seconds").integer().to_owned();
        let table = Table::alter().table("worker_queues").add_column(after).to_owned();
        manager.alter_table(table).await?;
        // There are few of them among the queues of all organizations, and they are looked for all
        // the time.
        let ephemeral = index("worker_queues", "worker_queues_ephemeral", &["created_at"])
            .and_where(Expr::col("ephemeral"))
            .to_owned();
        manager.create_index(ephemeral).await
    }
}
