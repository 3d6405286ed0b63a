//! Workers in processes of their own: their registrations, and the number of a report, by which a
//! repeated one is known.

use sea_orm_migration::prelude::*;

use super::m0001_spine::{belongs_to, column, index, optional};
use crate::dialect;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut workers = workers();
        dialect::cluster_by_primary_key(&mut workers, manager.get_database_backend());
        manager.create_table(workers).await?;
        manager.create_index(index("workers", "workers_queue", &["queue_id"])).await?;
        let here = index("workers", "workers_here", &["last_heartbeat"])
            .and_where(Expr::col("disconnected_at").is_null())
            .to_owned();
        manager.create_index(here).await?;
        manager
            .alter_table(
                Table::alter()
                    .table("activities")
                    .add_column(column("reports").integer().default(0))
                    .to_owned(),
            )
            .await
    }
}

fn workers() -> TableCreateStatement {
    Table::create()
        .table("workers")
        .col(column("id").uuid())
        .col(column("queue_id").uuid())
        .col(column("organization_id").text())
        .col(column("kind").text())
        .col(column("version").text())
        .col(column("metadata").json_binary())
        .col(column("system_info").json_binary())
        .col(column("logs").json_binary())
        .col(column("status").text())
        .col(column("tasks_processed").big_integer())
        .col(optional("current_task_id").text())
        .col(column("registered_at").big_integer())
        .col(column("last_heartbeat").big_integer())
        .col(optional("disconnected_at").big_integer())
        .col(optional("disconnect_reason").text())
        .primary_key(Index::create().col("id").col("queue_id"))
        .foreign_key(&mut belongs_to("workers", "queue_id", "worker_queues"))
        .to_owned()
}
