//! A request that waits for a person's word, or had it (contract, auth §4).

use sea_orm::entity::prelude::*;

/// A request that waits for a person's word, or had it.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "approval_requests")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: String,
    pub execution_id: Uuid,
    pub rule_id: Option<Uuid>,
    pub status: String,
    /// Whose key has asked.
    pub requester_id: Uuid,
    pub requester_email: String,
    /// Whether that was a worker's key: then the person behind it has not asked.
    pub by_worker: bool,
    pub tool_name: String,
    pub tool_args: Option<Json>,
    pub risk_level: Option<String>,
    /// What is asked, in words.
    pub message: Option<String>,
    pub enforcement_context: Option<Json>,
    /// Who may decide; null: whoever may administer the organization.
    pub approver_emails: Option<Json>,
    /// Who has decided, either way.
    pub approved_by_email: Option<String>,
    pub approved_by_name: Option<String>,
    pub comment: Option<String>,
    pub rejection_reason: Option<String>,
    pub resolved_at: Option<i64>,
    pub expires_at: i64,
    pub created_at: i64,
    pub updated_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
