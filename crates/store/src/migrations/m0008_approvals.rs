//! Approvals: what in a run waits for a person's word.

use sea_orm_migration::prelude::*;

use super::m0001_spine::{belongs_to, column, index, optional};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

const TABLE: &str = "approval_requests";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(approval_requests()).await?;
        for (name, columns) in [
            // Ids are time-ordered, so each of these lists newest first without a sort.
            ("approval_requests_org", &["organization_id", "id"][..]),
            ("approval_requests_status", &["organization_id", "status", "id"]),
            ("approval_requests_of", &["execution_id", "id"]),
            ("approval_requests_due", &["status", "expires_at"]),
        ] {
            manager.create_index(index(TABLE, name, columns)).await?;
        }
        Ok(())
    }
}

fn approval_requests() -> TableCreateStatement {
    Table::create()
        .table(TABLE)
        .col(column("id").uuid())
        .col(column("organization_id").text())
        .col(column("execution_id").uuid())
        .col(optional("rule_id").uuid())
        .col(column("status").text())
        .col(column("requester_id").uuid())
        .col(column("requester_email").text())
        .col(column("by_worker").boolean())
        .col(column("tool_name").text())
        .col(optional("tool_args").json_binary())
        .col(optional("risk_level").text())
        .col(optional("message").text())
        .col(optional("enforcement_context").json_binary())
        .col(optional("approver_emails").json_binary())
        .col(optional("approved_by_email").text())
        .col(optional("approved_by_name").text())
        .col(optional("comment").text())
        .col(optional("rejection_reason").text())
        .col(optional("resolved_at").big_integer())
        .col(column("expires_at").big_integer())
        .col(column("created_at").big_integer())
        .col(column("updated_at").big_integer())
        .primary_key(Index::create().col("id"))
        .foreign_key(&mut belongs_to(TABLE, "execution_id", "executions"))
        .to_owned()
}
