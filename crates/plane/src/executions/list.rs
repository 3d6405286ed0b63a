//! Lists runs, newest first.

use axum::Json;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use drover_domain::executions::Status;
use drover_domain::{Error, MAX_PAGE, MAX_SKIP, Page, Result, Violation};
use drover_store::executions::queries::{self, Filter};
use drover_wire::executions::{ExecutionReply, ListExecutions};

use super::view;
use crate::ctx::Ctx;
use crate::error::Failure;
use crate::extract::{Caller, Query};

static TOTAL: HeaderName = HeaderName::from_static("x-total-count");
static NEXT: HeaderName = HeaderName::from_static("x-next-cursor");

/// Answers a bare array; the total and the next page's cursor are headers.
pub async fn handler(
    Caller(ctx): Caller,
    Query(query): Query<ListExecutions>,
) -> std::result::Result<(HeaderMap, Json<Vec<ExecutionReply>>), Failure> {
    let (rows, total) = list(&ctx, query).await?;
    let mut headers = next(rows.last().map(|row| row.id.as_str()));
    if let Some(total) = total {
        headers.insert(TOTAL.clone(), HeaderValue::from(total));
    }
    Ok((headers, Json(rows)))
}

/// The header that says where the next page begins: after the last row of this one.
pub(crate) fn next(last: Option<&str>) -> HeaderMap {
    let cursor = last.and_then(|id| HeaderValue::from_str(id).ok());
    cursor.map(|cursor| (NEXT.clone(), cursor)).into_iter().collect()
}

async fn list(ctx: &Ctx, query: ListExecutions) -> Result<(Vec<ExecutionReply>, Option<u64>)> {
    let page = page(query.skip, query.limit, 100, query.cursor.clone())?;
    let count = query.count == Some(true);
    let filter = filter(query)?;
    let rows = queries::execution_list(ctx.read(), ctx.org(), &filter, &page).await?;
    let total = match count {
        true => Some(queries::execution_count(ctx.read(), ctx.org(), &filter).await?),
        false => None,
    };
    Ok((rows.into_iter().map(|row| view::reply(ctx.plane(), row)).collect(), total))
}

fn filter(query: ListExecutions) -> Result<Filter> {
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let status = match given(query.status_filter).or(given(query.status)) {
        None => None,
        Some(text) => Some(Status::parse(&text).ok_or_else(|| {
            let words: Vec<_> = Status::ALL.iter().map(|status| status.as_str()).collect();
            let rule = format!("Input should be one of {}", words.join(", "));
            Error::Invalid(vec![Violation::query("status_filter", "enum", rule)])
        })?),
    };
    let job_id = match given(query.job_id) {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| {
            let rule = "Input should be a job id: job_<uuid>";
            Error::Invalid(vec![Violation::query("job_id", "value_error", rule)])
        })?),
    };
    Ok(Filter {
        status,
        execution_type: given(query.execution_type).map(|text| text.to_uppercase()),
        entity_id: given(query.agent_id).or(given(query.team_id)),
        job_id,
    })
}

/// A page within the bounds that every list has.
pub(crate) fn page(
    skip: Option<i64>,
    limit: Option<i64>,
    default: i64,
    after: Option<String>,
) -> Result<Page> {
    let mut violations = Vec::new();
    let skip = bound("skip", skip.unwrap_or(0), 0, MAX_SKIP, &mut violations);
    let limit = bound("limit", limit.unwrap_or(default), 1, MAX_PAGE, &mut violations);
    if violations.is_empty() {
        Ok(Page { skip, limit, after })
    } else {
        Err(Error::Invalid(violations))
    }
}

/// A number of the query string; one that is not within its bounds is added to what is wrong.
pub(crate) fn bound(
    name: &str,
    value: i64,
    least: u64,
    most: u64,
    violations: &mut Vec<Violation>,
) -> u64 {
    let within = u64::try_from(value).ok().filter(|value| (least..=most).contains(value));
    within.unwrap_or_else(|| {
        let rule = format!("Input should be between {least} and {most}");
        violations.push(Violation::query(name, "value_error", rule));
        least
    })
}
