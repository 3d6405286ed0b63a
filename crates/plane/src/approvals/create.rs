//! Asks for an approval.

use axum::Json;
use drover_domain::approvals::{ApprovalStatus, USUAL_MINUTES, expiry};
use drover_domain::executions::Status;
use drover_domain::identity::Role;
use drover_domain::{Error, ExecutionId, Result, UserId, micros};
use drover_store::approvals::entity::Model;
use drover_store::executions::queries::{execution_get, run_stays_open};
use drover_store::identity::queries::users_among;
use drover_wire::approvals::{ApprovalCreate, ApprovalResponse};
use serde_json::Value;
use uuid::Uuid;

use super::show;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Body, Caller};

/// Answers the request, which waits from then on.
pub async fn handler(
    Caller(ctx): Caller,
    Body(body): Body<ApprovalCreate>,
) -> Reply<ApprovalResponse> {
    Ok(Json(show::response(create(&ctx, body).await?)?))
}

async fn create(ctx: &Ctx, body: ApprovalCreate) -> Result<Model> {
    let execution = ExecutionId(uuid("execution_id", &body.execution_id)?);
    waits(ctx, execution).await?;
    let approvers = approvers(ctx, &body).await?;
    let (now, identity) = (ctx.now(), ctx.identity());
    let minutes = body.timeout_minutes.unwrap_or(USUAL_MINUTES);
    let row = Model {
        id: ctx.uuid(),
        organization_id: ctx.org().to_string(),
        execution_id: execution.0,
        rule_id: body.rule_id.as_deref().map(|id| uuid("rule_id", id)).transpose()?,
        status: ApprovalStatus::Pending.as_str().to_owned(),
        requester_id: identity.user_id.0,
        requester_email: identity.email.clone(),
        by_worker: identity.role == Role::Worker,
        tool_name: body.tool().unwrap_or_default().to_owned(),
        tool_args: body.tool_args.map(Value::Object),
        risk_level: body.risk_level,
        message: body.message,
        enforcement_context: body.enforcement_context.or(body.context).map(Value::Object),
        approver_emails: (!approvers.is_empty()).then(|| approvers.into()),
        approved_by_email: None,
        approved_by_name: None,
        comment: None,
        rejection_reason: None,
        resolved_at: None,
        expires_at: micros(expiry(now, minutes)),
        created_at: micros(now),
        updated_at: micros(now),
    };
    let mut set = ctx.set();
    run_stays_open(&mut set, ctx.org(), execution, now);
    set.insert(row.clone());
    ctx.audit(&mut set, "approvals.create", row.id);
    match ctx.write(set).await {
        // The run has ended meanwhile, and tells how.
        Err(Error::Stale) => waits(ctx, execution).await.and(Err(Error::Stale)),
        written => written.map(|()| row),
    }
}

/// Whether the run may wait for something: it is the organization's, and not over.
async fn waits(ctx: &Ctx, id: ExecutionId) -> Result<()> {
    let Some(run) = execution_get(ctx.read(), ctx.org(), id).await? else {
        return Err(Error::invalid("execution_id", "value_error", "Execution not found"));
    };
    match Status::parse(&run.status).is_some_and(Status::is_terminal) {
        true => Err(Error::conflict(format!("Execution is {}", run.status))),
        false => Ok(()),
    }
}

/// The addresses of everybody who is named, each once. The contract takes any (auth §4): somebody
/// may get an account later, and what nobody decides expires.
async fn approvers(ctx: &Ctx, body: &ApprovalCreate) -> Result<Vec<String>> {
    if body.approver_group_id.as_deref().is_some_and(|id| !id.is_empty()) {
        let rule = "There are no groups here; name those who may decide by e-mail address";
        return Err(Error::invalid("approver_group_id", "value_error", rule));
    }
    let given = |emails: &Option<Vec<String>>| emails.clone().filter(|emails| !emails.is_empty());
    let named = given(&body.approver_emails).or_else(|| given(&body.approver_user_emails));
    let mut named = named.unwrap_or_default();
    named.extend(of_users(ctx, body.approver_user_ids.as_deref().unwrap_or_default()).await?);
    let mut once: Vec<String> = Vec::new();
    for email in named {
        if !once.iter().any(|one| one.eq_ignore_ascii_case(&email)) {
            once.push(email);
        }
    }
    Ok(once)
}

async fn of_users(ctx: &Ctx, ids: &[String]) -> Result<Vec<String>> {
    let field = |at: usize| format!("approver_user_ids.{at}");
    let read = |(at, id): (usize, &String)| uuid(&field(at), id).map(UserId);
    let ids = ids.iter().enumerate().map(read).collect::<Result<Vec<UserId>>>()?;
    let users = users_among(ctx.read(), ctx.org(), &ids).await?;
    let mut emails = Vec::new();
    for (at, id) in ids.iter().enumerate() {
        match users.iter().find(|user| user.id == id.0) {
            Some(user) => emails.push(user.email.clone()),
            None => return Err(Error::invalid(&field(at), "value_error", "User not found")),
        }
    }
    Ok(emails)
}

fn uuid(field: &str, text: &str) -> Result<Uuid> {
    let rule = "Input should be a valid UUID";
    text.parse().map_err(|_| Error::invalid(field, "uuid_parsing", rule))
}
