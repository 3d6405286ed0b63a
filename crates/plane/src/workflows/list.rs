//! Listing workflows.

use axum::Json;
use drover_domain::executions::Status;
use drover_domain::{Error, Result, Violation};
use drover_store::executions::queries::runs_in_states;
use drover_wire::workflows::{WorkflowList, WorkflowPage};

use super::view::{self, STATUSES};
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::executions::list::page;
use crate::extract::{Caller, Query};

/// Lists them, the newest first.
pub async fn handler(
    Caller(ctx): Caller,
    Query(query): Query<WorkflowList>,
) -> Reply<WorkflowPage> {
    Ok(Json(list(&ctx, query).await?))
}

async fn list(ctx: &Ctx, query: WorkflowList) -> Result<WorkflowPage> {
    let states = states(query.status.as_deref())?;
    let page = page(query.skip, query.limit, 100, query.cursor)?;
    let rows = runs_in_states(ctx.read(), ctx.org(), &states, &page).await?;
    let next_cursor = rows.last().map(|row| row.id.to_string());
    let workflows: Vec<_> = rows.into_iter().map(view::workflow).collect();
    Ok(WorkflowPage { total: workflows.len(), workflows, next_cursor })
}

/// The states of runs that a word means; empty means all.
fn states(word: Option<&str>) -> Result<Vec<Status>> {
    let Some(word) = word.filter(|word| !word.is_empty()) else {
        return Ok(Vec::new());
    };
    let word = word.to_uppercase();
    if STATUSES.contains(&word.as_str()) {
        // Also where a run has a state of that name: a workflow runs while its run waits.
        return Ok(Status::ALL.into_iter().filter(|one| view::status(*one) == word).collect());
    }
    let state = Status::parse(&word).ok_or_else(|| {
        let rule = format!("Input should be one of {}, or a state of a run", STATUSES.join(", "));
        Error::Invalid(vec![Violation::query("status", "enum", rule)])
    })?;
    Ok(vec![state])
}
