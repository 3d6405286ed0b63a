//! Listing worker queues as runners.

use axum::Json;
use axum::response::{IntoResponse, Response};
use drover_domain::Result;
use drover_store::queues::entity;
use drover_store::queues::queries::queue_list;
use drover_wire::runners::{COMPONENTS, Runner, RunnerList, Runners};

use super::health;
use crate::ctx::Ctx;
use crate::error::{Failure, unknown_component};
use crate::extract::{Caller, Query};
use crate::workers::Pollers;

/// Lists them, the oldest first.
pub async fn handler(
    Caller(ctx): Caller,
    Query(query): Query<RunnerList>,
) -> std::result::Result<Json<Runners>, Response> {
    if let Some(component) = &query.component
        && !COMPONENTS.contains(&component.as_str())
    {
        return Err(unknown_component(component, &COMPONENTS));
    }
    let listed = list(&ctx, query.component.as_deref()).await;
    listed.map(Json).map_err(|error| Failure(error).into_response())
}

async fn list(ctx: &Ctx, component: Option<&str>) -> Result<Runners> {
    let mut pollers = Pollers::read(ctx).await?;
    let show = |queue: entity::Model| {
        let workers = pollers.of(ctx, &queue).len();
        let health_data = health::of(ctx, &queue, workers);
        Runner {
            id: queue.name.clone(),
            name: queue.name,
            queue_id: queue.id.to_string(),
            environment_id: queue.environment_id.to_string(),
            status: health_data.status.clone(),
            worker_count: u32::try_from(workers).unwrap_or(u32::MAX),
            health_data,
        }
    };
    let queues = queue_list(ctx.read(), ctx.org()).await?;
    let mut runners: Vec<Runner> = queues.into_iter().map(show).collect();
    if let Some(component) = component.map(letters) {
        runners.retain(|runner| {
            let mut checks = runner.health_data.checks.iter();
            checks.any(|check| letters(&check.name) == component && check.status == "ok")
        });
    }
    Ok(Runners { count: runners.len(), runners })
}

/// What all spellings of a name have in common.
fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()).collect()
}
