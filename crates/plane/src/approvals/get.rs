//! Reads a request for an approval.

use axum::Json;
use drover_domain::{ApprovalId, Error, Result};
use drover_store::approvals::entity::Model;
use drover_store::approvals::queries::approval_get;
use drover_wire::approvals::ApprovalResponse;

use super::show;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Caller, Id};

/// Answers the request.
pub async fn handler(Caller(ctx): Caller, Id(id): Id<ApprovalId>) -> Reply<ApprovalResponse> {
    Ok(Json(show::response(get(&ctx, id).await?)?))
}

/// The row, of the caller's organization.
pub(super) async fn get(ctx: &Ctx, id: ApprovalId) -> Result<Model> {
    let row = approval_get(ctx.read(), ctx.org(), id).await?;
    row.ok_or_else(|| Error::not_found("Approval request not found"))
}
