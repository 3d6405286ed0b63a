//! Changing an environment.

use axum::Json;
use drover_domain::{EnvironmentId, Error, Patch, Result, micros};
use drover_store::environments::{entity, queries};
use drover_wire::environments::{EnvironmentResponse, EnvironmentUpdate};

use super::{DEFAULT, get};
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Body, Caller, Id};

/// Tries before somebody else's writes win.
const TRIES: usize = 20;

/// Changes an environment.
pub async fn handler(
    Caller(ctx): Caller,
    Id(id): Id<EnvironmentId>,
    Body(body): Body<EnvironmentUpdate>,
) -> Reply<EnvironmentResponse> {
    update(&ctx, id, &body).await?;
    Ok(Json(get::get(&ctx, id).await?))
}

/// Changes what the body mentions.
pub(crate) async fn update(ctx: &Ctx, id: EnvironmentId, body: &EnvironmentUpdate) -> Result<()> {
    for _ in 1..TRIES {
        match attempt(ctx, id, body).await {
            Err(Error::Stale) => {}
            done => return done,
        }
    }
    attempt(ctx, id, body).await
}

async fn attempt(ctx: &Ctx, id: EnvironmentId, body: &EnvironmentUpdate) -> Result<()> {
    let old = get::row(ctx, id).await?;
    let read_at = old.updated_at;
    // By its name it is found that may not be deleted, and that the plane's own worker serves.
    if old.name == DEFAULT && body.name.as_value().is_some_and(|name| name != DEFAULT) {
        return Err(Error::refused("Cannot rename the default environment"));
    }
    let mut environment = patched(old, body);
    environment.updated_at = micros(ctx.now()).max(read_at + 1);
    let taken = format!("Environment with name '{}' already exists", environment.name);
    let mut set = ctx.set();
    queries::environment_update(&mut set, ctx.org(), environment, read_at, &taken);
    ctx.audit(&mut set, "environments.update", id);
    set.changes_catalogue(ctx.org());
    ctx.write(set).await
}

fn patched(mut environment: entity::Model, body: &EnvironmentUpdate) -> entity::Model {
    if let Patch::Value(name) = &body.name {
        environment.name.clone_from(name);
    }
    if let Patch::Value(status) = &body.status {
        environment.status.clone_from(status);
    }
    // An empty one is kept: Terraform sends it for an attribute that was not set.
    body.display_name.clone().apply(&mut environment.display_name);
    body.description.clone().apply(&mut environment.description);
    match &body.tags {
        Patch::Absent => {}
        Patch::Null => environment.tags = Vec::<String>::new().into(),
        Patch::Value(tags) => environment.tags = tags.clone().into(),
    }
    match body.free_settings() {
        Patch::Absent => {}
        Patch::Null => environment.settings = serde_json::Map::new().into(),
        Patch::Value(settings) => environment.settings = settings.clone().into(),
    }
    if let Some(runs_get) = body.runs_get(&environment.execution_environment) {
        environment.execution_environment = runs_get;
    }
    environment
}
