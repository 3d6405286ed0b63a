//! How a request ends: by a person's decision, or because its time is over. Its row and the event of
//! it in the run's log are one commit.

use drover_domain::approvals::ApprovalStatus;
use drover_domain::executions::{EventKind, NewEvent, Status};
use drover_domain::{ApprovalId, Error, ExecutionId, OrgId, Result, micros, timestamp};
use drover_store::approvals::entity::Model;
use drover_store::approvals::queries::{approval_get, approval_resolve};
use drover_store::executions::queries::execution_get;
use drover_store::{WriteSet, audit};
use jiff::Timestamp;
use serde_json::json;

use super::{get, show};
use crate::ctx::Ctx;
use crate::executions::publish::append_open;
use crate::plane::Plane;

/// What a person says.
#[derive(Debug, Clone)]
pub(super) enum Decision {
    /// Yes.
    Approve { comment: Option<String> },
    /// No.
    Reject { reason: Option<String> },
}

/// Decides a request, once and in time, for someone who may.
pub(super) async fn decide(ctx: &Ctx, id: ApprovalId, decision: Decision) -> Result<Model> {
    let row = get::get(ctx, id).await?;
    show::asked(&row)?.check(ctx.identity())?;
    if row.status != ApprovalStatus::Pending.as_str() {
        return Err(resolved_already(&row));
    }
    let now = ctx.now();
    if row.expires_at <= micros(now) {
        expire(ctx.plane(), row).await?;
        return Err(resolved_already(&get::get(ctx, id).await?));
    }
    let (status, action, comment, rejection_reason) = match decision {
        Decision::Approve { comment } => {
            (ApprovalStatus::Approved, "approvals.approve", comment, None)
        }
        Decision::Reject { reason } => (ApprovalStatus::Rejected, "approvals.reject", None, reason),
    };
    let identity = ctx.identity();
    let decided = Model {
        status: status.as_str().to_owned(),
        approved_by_email: Some(identity.email.clone()),
        approved_by_name: Some(identity.name.clone()),
        comment,
        rejection_reason,
        ..at(row, now)
    };
    let written = resolve(ctx.plane(), &decided, now, |set| ctx.audit(set, action, id)).await;
    match written {
        Err(Error::Stale) => Err(resolved_already(&get::get(ctx, id).await?)),
        written => written.map(|()| decided),
    }
}

/// Ends a request whose time is over; nothing if somebody else has ended it.
pub(super) async fn expire(plane: &Plane, row: Model) -> Result<()> {
    let now = plane.clock.now();
    let organization = OrgId::new(row.organization_id.clone());
    let expired = Model { status: ApprovalStatus::Expired.as_str().to_owned(), ..at(row, now) };
    let audited = |set: &mut WriteSet| {
        let entry = audit::Entry {
            id: plane.ids.next(),
            organization: &organization,
            user_id: None,
            key_id: None,
            action: "approvals.expire",
            target_id: expired.id.to_string(),
            at: now,
        };
        audit::entry_insert(set, entry);
    };
    match resolve(plane, &expired, now, audited).await {
        Err(Error::Stale) => Ok(()),
        written => written,
    }
}

fn at(row: Model, now: Timestamp) -> Model {
    Model { resolved_at: Some(micros(now)), updated_at: micros(now), ..row }
}

/// Writes it. Stale if somebody else has resolved it, or its time has come or gone meanwhile.
async fn resolve(
    plane: &Plane,
    resolved: &Model,
    now: Timestamp,
    audited: impl Fn(&mut WriteSet),
) -> Result<()> {
    let organization = OrgId::new(resolved.organization_id.clone());
    let execution = ExecutionId(resolved.execution_id);
    let run = execution_get(plane.store.reader(), &organization, execution).await?;
    let is_open =
        run.is_some_and(|run| !Status::parse(&run.status).is_some_and(Status::is_terminal));
    let set = |tells: bool| {
        let mut set = plane.store.set();
        approval_resolve(&mut set, resolved.clone(), micros(now));
        audited(&mut set);
        if tells {
            append_open(&mut set, &organization, execution, event(resolved), now);
        }
        set
    };
    if is_open {
        match plane.store.write(set(true)).await {
            // The run may have ended meanwhile: then its log takes nothing more.
            Err(Error::Stale) => {}
            written => return written,
        }
        // Or somebody else has resolved it, such as another replica that saw it overdue too.
        let id = ApprovalId(resolved.id);
        let row = approval_get(plane.store.reader(), &organization, id).await?;
        if row.is_none_or(|row| row.status != ApprovalStatus::Pending.as_str()) {
            return Err(Error::Stale);
        }
    }
    plane.store.write(set(false)).await
}

/// The contract's event; in the log it looks like one that a worker has published.
fn event(resolved: &Model) -> NewEvent {
    let data = json!({
        "approval_id": resolved.id, "execution_id": resolved.execution_id,
        "status": resolved.status, "tool_name": resolved.tool_name,
        "approved_by_email": resolved.approved_by_email,
        "rejection_reason": resolved.rejection_reason,
    });
    let data = json!({"event_type": "approval_resolved", "data": data, "timestamp": null});
    NewEvent::new(EventKind::Published, data)
}

fn resolved_already(row: &Model) -> Error {
    if row.status == ApprovalStatus::Expired.as_str() {
        let when = timestamp(row.expires_at);
        return Error::conflict(format!("Approval request has expired at {when:.0}"));
    }
    Error::conflict(format!("Approval request is {} already", row.status))
}
