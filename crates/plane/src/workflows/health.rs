//! Saying what drives runs, and whether it can be reached.

use axum::Json;
use drover_domain::rfc3339;
use drover_wire::workflows::WorkflowHealth;

use crate::error::Reply;
use crate::extract::Caller;

/// Answers how it is; that Temporal is away is an answer too, since runs are accepted all the same.
pub async fn handler(Caller(ctx): Caller) -> Reply<WorkflowHealth> {
    let (status, engine, temporal) = match ctx.plane().workflows.as_ref() {
        None => ("healthy", "embedded", "not configured".to_owned()),
        Some(workflows) => match workflows.trouble() {
            None => ("healthy", "temporal", "connected".to_owned()),
            Some(trouble) => ("degraded", "temporal", trouble),
        },
    };
    Ok(Json(WorkflowHealth {
        status: status.to_owned(),
        engine: engine.to_owned(),
        temporal,
        timestamp: rfc3339(ctx.now()),
    }))
}
