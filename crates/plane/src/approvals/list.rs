//! Lists requests for an approval, newest first.

use axum::Json;
use axum::http::HeaderMap;
use drover_domain::approvals::ApprovalStatus;
use drover_domain::{Error, MAX_SKIP, Page, Result, Violation};
use drover_store::approvals::queries::{Filter, approval_list};
use drover_wire::approvals::{ApprovalResponse, ListApprovals};

use super::show;
use crate::ctx::Ctx;
use crate::error::Failure;
use crate::executions::list::{bound, next};
use crate::extract::{Caller, Query};

/// The most requests in one answer.
pub(super) const MOST: u64 = 200;
/// Requests in an answer where nobody says how many.
const USUAL: i64 = 50;

/// Answers a bare array; the next page's cursor is a header.
pub async fn handler(
    Caller(ctx): Caller,
    Query(query): Query<ListApprovals>,
) -> std::result::Result<(HeaderMap, Json<Vec<ApprovalResponse>>), Failure> {
    let rows = list(&ctx, query).await?;
    Ok((next(rows.last().map(|row| row.id.as_str())), Json(rows)))
}

async fn list(ctx: &Ctx, query: ListApprovals) -> Result<Vec<ApprovalResponse>> {
    let (filter, page) = read(query)?;
    let rows = approval_list(ctx.read(), ctx.org(), &filter, &page).await?;
    rows.into_iter().map(show::response).collect()
}

fn read(query: ListApprovals) -> Result<(Filter, Page)> {
    let mut violations = Vec::new();
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let status = given(query.status).and_then(|text| {
        let status = ApprovalStatus::parse(&text);
        if status.is_none() {
            let rule = "Input should be 'pending', 'approved', 'rejected' or 'expired'";
            violations.push(Violation::query("status", "enum", rule));
        }
        status
    });
    let execution = given(query.execution_id).and_then(|text| {
        let id = text.parse();
        if id.is_err() {
            let rule = "Input should be a valid UUID";
            violations.push(Violation::query("execution_id", "uuid_parsing", rule));
        }
        id.ok()
    });
    let limit = bound("limit", query.limit.unwrap_or(USUAL), 1, MOST, &mut violations);
    let skip = bound("offset", query.offset.unwrap_or(0), 0, MAX_SKIP, &mut violations);
    if !violations.is_empty() {
        return Err(Error::Invalid(violations));
    }
    let (requester_email, after) = (given(query.requester_email), given(query.cursor));
    Ok((Filter { status, requester_email, execution }, Page { skip, limit, after }))
}
