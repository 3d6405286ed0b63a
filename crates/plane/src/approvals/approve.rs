//! Says yes to a request.

use axum::Json;
use drover_domain::ApprovalId;
use drover_wire::approvals::{ApprovalResponse, ApproveBody};

use super::resolve::{Decision, decide};
use super::show;
use crate::error::Reply;
use crate::extract::{Body, Caller, Id};

/// Answers the request as it is decided.
pub async fn handler(
    Caller(ctx): Caller,
    Id(id): Id<ApprovalId>,
    Body(body): Body<ApproveBody>,
) -> Reply<ApprovalResponse> {
    let decision = Decision::Approve { comment: body.comment };
    Ok(Json(show::response(decide(&ctx, id, decision).await?)?))
}
