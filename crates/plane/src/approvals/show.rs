//! Requests as they are shown, and what their rows say of who may decide.

use drover_domain::approvals::Asked;
use drover_domain::{Doing, Result, UserId, rfc3339, timestamp};
use drover_store::approvals::entity::Model;
use drover_wire::approvals::ApprovalResponse;
use serde_json::Value;

/// A request as it is shown.
pub(super) fn response(row: Model) -> Result<ApprovalResponse> {
    let time = |at: i64| rfc3339(timestamp(at));
    Ok(ApprovalResponse {
        id: row.id.to_string(),
        organization_id: row.organization_id,
        execution_id: row.execution_id.to_string(),
        rule_id: row.rule_id.map(|id| id.to_string()),
        status: row.status,
        requester_email: Some(row.requester_email),
        requester_id: Some(row.requester_id.to_string()),
        tool_name: row.tool_name,
        tool_args: row.tool_args,
        risk_level: row.risk_level,
        message: row.message,
        enforcement_context: row.enforcement_context,
        approver_emails: row.approver_emails.map(emails).transpose()?,
        approved_by_email: row.approved_by_email,
        approved_by_name: row.approved_by_name,
        comment: row.comment,
        rejection_reason: row.rejection_reason,
        resolved_at: row.resolved_at.map(time),
        expires_at: Some(time(row.expires_at)),
        created_at: Some(time(row.created_at)),
        updated_at: Some(time(row.updated_at)),
    })
}

/// Who asks, and whom.
pub(super) fn asked(row: &Model) -> Result<Asked> {
    Ok(Asked {
        by: (!row.by_worker).then_some(UserId(row.requester_id)),
        approvers: row.approver_emails.clone().map(emails).transpose()?.unwrap_or_default(),
    })
}

/// A list that cannot be read is a fault: without one, others would decide.
fn emails(stored: Value) -> Result<Vec<String>> {
    serde_json::from_value(stored).doing("read who may decide an approval request")
}
