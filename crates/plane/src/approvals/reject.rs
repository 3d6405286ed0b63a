//! Says no to a request.

use axum::Json;
use drover_domain::ApprovalId;
use drover_wire::approvals::{ApprovalResponse, RejectBody};

use super::resolve::{Decision, decide};
use super::show;
use crate::error::Reply;
use crate::extract::{Body, Caller, Id};

/// Answers the request as it is decided.
pub async fn handler(
    Caller(ctx): Caller,
    Id(id): Id<ApprovalId>,
    Body(body): Body<RejectBody>,
) -> Reply<ApprovalResponse> {
    let decision = Decision::Reject { reason: body.reason };
    Ok(Json(show::response(decide(&ctx, id, decision).await?)?))
}
