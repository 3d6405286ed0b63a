//! Runs by their queue: an index for the lists of a queue's runs.

use sea_orm_migration::prelude::*;

use super::m0001_spine::index;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Execution ids are time-ordered, so this lists newest first without a sort.
        let of_queue = index("executions", "executions_queue", &["worker_queue_id", "id"]);
        manager.create_index(of_queue).await
    }
}
