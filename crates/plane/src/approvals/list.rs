//! Lists requests for an approval, newest first.

use axum::Json;
use drover_domain::approvals::ApprovalStatus;
use drover_domain::{Error, MAX_SKIP, Page, Result, Violation};
use drover_store::approvals::queries::{Filter, approval_list};
use drover_wire::approvals::{ApprovalResponse, ListApprovals};

use super::show;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Caller, Query};

/// The most requests in one answer.
pub(super) const MOST: u64 = 200;
/// Requests in an answer where nobody says how many.
const USUAL: i64 = 50;

/// Answers a bare array.
pub async fn handler(
    Caller(ctx): Caller,
    Query(query): Query<ListApprovals>,
) -> Reply<Vec<ApprovalResponse>> {
    Ok(Json(list(&ctx, query).await?))
}

async fn list(ctx: &Ctx, query: ListApprovals) -> Result<Vec<ApprovalResponse>> {
    let (filter, page) = read(query)?;
    let rows = approval_list(ctx.read(), ctx.org(), &filter, &page).await?;
    Ok(rows.into_iter().map(show::response).collect())
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
    let mut bound = |name: &str, value: i64, least: u64, most: u64| {
        let within = u64::try_from(value).ok().filter(|value| (least..=most).contains(value));
        if within.is_none() {
            let rule = format!("Input should be between {least} and {most}");
            violations.push(Violation::query(name, "value_error", rule));
        }
        within.unwrap_or(least)
    };
    let limit = bound("limit", query.limit.unwrap_or(USUAL), 1, MOST);
    let skip = bound("offset", query.offset.unwrap_or(0), 0, MAX_SKIP);
    if !violations.is_empty() {
        return Err(Error::Invalid(violations));
    }
    let requester_email = given(query.requester_email);
    Ok((Filter { status, requester_email, execution }, Page { skip, limit, after: None }))
}
