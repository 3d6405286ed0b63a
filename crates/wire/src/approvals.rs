//! Approvals (contract, auth §4).

use drover_domain::approvals::MAX_MINUTES;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use crate::check::{Check, Violations};
use crate::{NoQuery, Nothing, operations};

/// The most people that one request may be asked of.
const MAX_APPROVERS: usize = 100;
/// The longest text for or of a person, in characters.
const MAX_WORDS: usize = 10_000;

/// Asks for an approval. The tool of the reference's worker uses other names for some fields; both are
/// taken.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = ApprovalRequestCreate)]
pub struct ApprovalCreate {
    /// The run that waits for it.
    pub execution_id: String,
    /// What is to be approved, 1 to 255 characters. Required, unless there is a `title`.
    #[serde(default)]
    pub tool_name: Option<String>,
    /// Another name for `tool_name`.
    #[serde(default)]
    pub title: Option<String>,
    /// The rule that asks for it; it is kept and decides nothing.
    #[serde(default)]
    pub rule_id: Option<String>,
    /// With which arguments.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub tool_args: Option<Map<String, Value>>,
    /// How risky that is, at most 50 characters.
    #[serde(default)]
    pub risk_level: Option<String>,
    /// What is asked, in words.
    #[serde(default)]
    pub message: Option<String>,
    /// What else is known.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub enforcement_context: Option<Map<String, Value>>,
    /// Another name for `enforcement_context`.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub context: Option<Map<String, Value>>,
    /// E-mail addresses of those who may decide, whether or not anybody has them. If nobody is
    /// named, those may who administer the organization.
    #[serde(default)]
    pub approver_emails: Option<Vec<String>>,
    /// Another name for `approver_emails`.
    #[serde(default)]
    pub approver_user_emails: Option<Vec<String>>,
    /// Ids of users who may decide.
    #[serde(default)]
    pub approver_user_ids: Option<Vec<String>>,
    /// A group that may decide. There are none here, so naming one is refused.
    #[serde(default)]
    pub approver_group_id: Option<String>,
    /// Minutes until it expires, 1 to 43200; default 1440.
    #[serde(default)]
    pub timeout_minutes: Option<i64>,
}

impl ApprovalCreate {
    /// What is to be approved, by whichever name.
    pub fn tool(&self) -> Option<&str> {
        self.tool_name.as_deref().or(self.title.as_deref())
    }
}

impl Check for ApprovalCreate {
    fn check(&self, violations: &mut Violations) {
        match (&self.tool_name, &self.title) {
            (Some(name), _) => violations.text("tool_name", name, 1, 255),
            (None, Some(title)) => violations.text("title", title, 1, 255),
            (None, None) => violations.add("tool_name", "missing", "Field required"),
        }
        violations.optional_text("risk_level", self.risk_level.as_deref(), 50);
        violations.optional_text("message", self.message.as_deref(), MAX_WORDS);
        for (field, map) in [
            ("tool_args", &self.tool_args),
            ("enforcement_context", &self.enforcement_context),
            ("context", &self.context),
        ] {
            if let Some(map) = map {
                violations.json(field, &Value::Object(map.clone()));
            }
        }
        for (field, emails) in [
            ("approver_emails", &self.approver_emails),
            ("approver_user_emails", &self.approver_user_emails),
        ] {
            check_emails(violations, field, emails.as_deref().unwrap_or_default());
        }
        let ids = self.approver_user_ids.as_deref().unwrap_or_default();
        at_most(violations, "approver_user_ids", ids.len());
        if let Some(minutes) = self.timeout_minutes {
            violations.range("timeout_minutes", minutes, 1, MAX_MINUTES);
        }
    }
}

fn at_most(violations: &mut Violations, field: &str, count: usize) {
    if count > MAX_APPROVERS {
        let rule = format!("List should have at most {MAX_APPROVERS} items");
        violations.add(field, "too_long", rule);
    }
}

fn check_emails(violations: &mut Violations, field: &str, emails: &[String]) {
    at_most(violations, field, emails.len());
    for (at, email) in emails.iter().enumerate().take(MAX_APPROVERS) {
        let odd = |c: char| c.is_whitespace() || c.is_control() || "\"\\<>,;".contains(c);
        let has_parts = email.split_once('@').is_some_and(|(who, place)| {
            !who.is_empty() && !place.is_empty() && !place.contains('@')
        });
        if !has_parts || email.len() > 320 || email.contains(odd) {
            let rule = "Input should be an e-mail address of at most 320 bytes";
            violations.add(&format!("{field}.{at}"), "value_error", rule);
        }
    }
}

/// A request for an approval.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = ApprovalRequestResponse)]
pub struct ApprovalResponse {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub organization_id: String,
    /// The run that waits for it.
    pub execution_id: String,
    /// The rule that asks for it.
    pub rule_id: Option<String>,
    /// `pending`, `approved`, `rejected` or `expired`.
    pub status: String,
    /// Who asks.
    pub requester_email: Option<String>,
    /// Who asks.
    pub requester_id: Option<String>,
    /// What is to be approved.
    pub tool_name: String,
    /// With which arguments.
    #[schema(value_type = Option<Object>)]
    pub tool_args: Option<Value>,
    /// How risky that is.
    pub risk_level: Option<String>,
    /// What is asked, in words.
    pub message: Option<String>,
    /// What else is known.
    #[schema(value_type = Option<Object>)]
    pub enforcement_context: Option<Value>,
    /// Who may decide; null: those who may administer the organization.
    pub approver_emails: Option<Vec<String>>,
    /// Who has decided, either way.
    pub approved_by_email: Option<String>,
    /// Who has decided, either way.
    pub approved_by_name: Option<String>,
    /// What they said when they approved.
    pub comment: Option<String>,
    /// Why it was rejected.
    pub rejection_reason: Option<String>,
    /// When it was decided, or expired.
    pub resolved_at: Option<String>,
    /// Until when it can be decided.
    pub expires_at: Option<String>,
    /// When it was made.
    pub created_at: Option<String>,
    /// When it last changed.
    pub updated_at: Option<String>,
}

/// Which requests to list.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListApprovals {
    /// In this state, any case.
    #[serde(default)]
    pub status: Option<String>,
    /// Asked by whom, any case.
    #[serde(default)]
    pub requester_email: Option<String>,
    /// Of this run.
    #[serde(default)]
    pub execution_id: Option<String>,
    /// Rows to return, 1 to 200; default 50.
    #[serde(default)]
    pub limit: Option<i64>,
    /// Rows to pass over, at most 10 000; default 0. Further on use `cursor`.
    #[serde(default)]
    pub offset: Option<i64>,
    /// Where the page before ended: the answer's `X-Next-Cursor`.
    #[serde(default)]
    pub cursor: Option<String>,
}

/// A yes.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = ApproveRequestBody)]
pub struct ApproveBody {
    /// What is to be said about it.
    #[serde(default)]
    pub comment: Option<String>,
}

impl Check for ApproveBody {
    fn check(&self, violations: &mut Violations) {
        violations.optional_text("comment", self.comment.as_deref(), MAX_WORDS);
    }
}

/// A no.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = RejectRequestBody)]
pub struct RejectBody {
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
}

impl Check for RejectBody {
    fn check(&self, violations: &mut Violations) {
        violations.optional_text("reason", self.reason.as_deref(), MAX_WORDS);
    }
}

operations! { "approvals";
    /// Asks for an approval. Who asks with their own key cannot decide it, so workers need a key
    /// with the role `worker`, which speaks for nobody. Addresses that nobody has are taken; what
    /// nobody decides in time expires.
    Create = POST "/api/v1/approvals", May(Report), NoQuery, ApprovalCreate => 201 ApprovalResponse;
    /// Reads a request for an approval.
    Get = GET "/api/v1/approvals/{request_id}", May(Read), NoQuery, Nothing => 200 ApprovalResponse;
    /// Says yes to a request.
    Approve = POST "/api/v1/approvals/{request_id}/approve", May(Run), NoQuery, ApproveBody => 200 ApprovalResponse;
    /// Says no to a request.
    Reject = POST "/api/v1/approvals/{request_id}/reject", May(Run), NoQuery, RejectBody => 200 ApprovalResponse;
    /// Lists requests for an approval, newest first.
    List = GET "/api/v1/approvals", May(Read), ListApprovals, Nothing => 200 Vec<ApprovalResponse>;
    /// Lists what waits for the caller's decision in runs that are not over: the newest 200. Older
    /// ones are in the list of all requests (`status=pending`).
    Pending = GET "/api/v1/approvals/pending", May(Read), NoQuery, Nothing => 200 Vec<ApprovalResponse>;
}
