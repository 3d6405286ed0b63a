//! Lists what waits for the caller's decision.

use axum::Json;
use drover_domain::identity::Action;
use drover_domain::{Result, micros};
use drover_store::approvals::queries::approvals_open;
use drover_wire::approvals::ApprovalResponse;

use super::{list, show};
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::Caller;

/// Answers a bare array.
pub async fn handler(Caller(ctx): Caller) -> Reply<Vec<ApprovalResponse>> {
    Ok(Json(pending(&ctx).await?))
}

async fn pending(ctx: &Ctx) -> Result<Vec<ApprovalResponse>> {
    let (caller, now) = (ctx.identity(), micros(ctx.now()));
    // Whose key decides nothing has nothing to decide.
    if !caller.role.may(Action::Run) {
        return Ok(Vec::new());
    }
    let mut theirs = Vec::new();
    for row in approvals_open(ctx.read(), caller, now, list::MOST).await? {
        // The rule says who may; the query only spares reading what cannot be theirs.
        if show::asked(&row)?.check(caller).is_ok() {
            theirs.push(show::response(row)?);
        }
    }
    Ok(theirs)
}
