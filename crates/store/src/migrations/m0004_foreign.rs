//! What workers of the reference's kind report: turns, tool calls, tasks; what they stream at the
//! moment; who of them may update itself.

use sea_orm_migration::prelude::*;

use super::m0001_spine::{belongs_to, column, index, optional};
use crate::dialect;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut streams = foreign_streams();
        dialect::cluster_by_primary_key(&mut streams, manager.get_database_backend());
        for table in [streams, turns(), tool_calls(), tasks(), update_locks()] {
            manager.create_table(table).await?;
        }
        let once =
            index("execution_turns", "execution_turns_once", &["execution_id", "turn_number"])
                .unique()
                .to_owned();
        manager.create_index(once).await?;
        for table in ["execution_turns", "execution_tool_calls", "execution_tasks"] {
            let name = match table {
                "execution_turns" => "execution_turns_org",
                "execution_tool_calls" => "execution_tool_calls_org",
                _ => "execution_tasks_org",
            };
            manager.create_index(index(table, name, &["organization_id", "created_at"])).await?;
        }
        for (table, name) in [
            ("execution_tool_calls", "execution_tool_calls_of"),
            ("execution_tasks", "execution_tasks_of"),
        ] {
            manager.create_index(index(table, name, &["execution_id"])).await?;
        }
        Ok(())
    }
}

fn foreign_streams() -> TableCreateStatement {
    Table::create()
        .table("foreign_streams")
        .col(column("execution_id").uuid())
        .col(column("organization_id").text())
        .col(column("message_id").text())
        .col(column("after_seq").big_integer())
        .col(column("letters").big_integer())
        .col(column("message_letters").big_integer())
        .col(optional("held").text())
        .col(column("ended").boolean())
        .col(column("pieces").big_integer())
        .primary_key(Index::create().col("execution_id"))
        .foreign_key(&mut belongs_to("foreign_streams", "execution_id", "executions"))
        .to_owned()
}

fn turns() -> TableCreateStatement {
    Table::create()
        .table("execution_turns")
        .col(column("id").uuid())
        .col(column("organization_id").text())
        .col(column("execution_id").uuid())
        .col(column("turn_number").integer())
        .col(optional("turn_id").text())
        .col(column("model").text())
        .col(optional("model_provider").text())
        .col(column("started_at").big_integer())
        .col(optional("completed_at").big_integer())
        .col(optional("duration_ms").big_integer())
        .col(column("input_tokens").big_integer())
        .col(column("output_tokens").big_integer())
        .col(column("cache_read_tokens").big_integer())
        .col(column("cache_creation_tokens").big_integer())
        .col(column("total_tokens").big_integer())
        .col(column("input_cost").double())
        .col(column("output_cost").double())
        .col(column("cache_read_cost").double())
        .col(column("cache_creation_cost").double())
        .col(column("total_cost").double())
        .col(column("runtime_minutes").double())
        .col(column("model_weight").double())
        .col(column("tool_calls_weight").double())
        .col(column("aem_value").double())
        .col(column("aem_cost").double())
        .col(optional("finish_reason").text())
        .col(optional("response_preview").text())
        .col(column("tools_called_count").big_integer())
        .col(column("tools_called_names").json_binary())
        .col(optional("error_message").text())
        .col(column("metrics").json_binary())
        .col(column("created_at").big_integer())
        .primary_key(Index::create().col("id"))
        .foreign_key(&mut belongs_to("execution_turns", "execution_id", "executions"))
        .to_owned()
}

fn tool_calls() -> TableCreateStatement {
    Table::create()
        .table("execution_tool_calls")
        .col(column("id").uuid())
        .col(column("organization_id").text())
        .col(column("execution_id").uuid())
        .col(optional("turn_id").uuid())
        .col(column("tool_name").text())
        .col(optional("tool_use_id").text())
        .col(column("started_at").big_integer())
        .col(optional("completed_at").big_integer())
        .col(optional("duration_ms").big_integer())
        .col(optional("tool_input").json_binary())
        .col(optional("tool_output").text())
        .col(optional("tool_output_size").big_integer())
        .col(column("success").boolean())
        .col(optional("error_message").text())
        .col(optional("error_type").text())
        .col(column("metadata").json_binary())
        .col(column("created_at").big_integer())
        .primary_key(Index::create().col("id"))
        .foreign_key(&mut belongs_to("execution_tool_calls", "execution_id", "executions"))
        .to_owned()
}

fn tasks() -> TableCreateStatement {
    Table::create()
        .table("execution_tasks")
        .col(column("id").uuid())
        .col(column("organization_id").text())
        .col(column("execution_id").uuid())
        .col(optional("task_number").integer())
        .col(optional("task_id").text())
        .col(column("task_description").text())
        .col(optional("task_type").text())
        .col(column("status").text())
        .col(optional("started_at").big_integer())
        .col(optional("completed_at").big_integer())
        .col(optional("duration_ms").big_integer())
        .col(optional("result").text())
        .col(optional("error_message").text())
        .col(column("metadata").json_binary())
        .col(column("created_at").big_integer())
        .col(column("updated_at").big_integer())
        .primary_key(Index::create().col("id"))
        .foreign_key(&mut belongs_to("execution_tasks", "execution_id", "executions"))
        .to_owned()
}

fn update_locks() -> TableCreateStatement {
    Table::create()
        .table("queue_update_locks")
        .col(column("queue_id").uuid())
        .col(column("organization_id").text())
        .col(column("lock_id").uuid())
        .col(column("worker_id").text())
        .col(column("acquired_at").big_integer())
        .col(column("expires_at").big_integer())
        .primary_key(Index::create().col("queue_id"))
        .foreign_key(&mut belongs_to("queue_update_locks", "queue_id", "worker_queues"))
        .to_owned()
}
