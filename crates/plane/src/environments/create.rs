//! Making an environment.

use axum::Json;
use drover_domain::{Result, micros};
use drover_store::environments::{entity, queries};
use drover_wire::environments::{EnvironmentCreate, EnvironmentResponse};
use serde_json::Map;

use super::show;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Body, Caller};

/// Makes an environment.
pub async fn handler(
    Caller(ctx): Caller,
    Body(body): Body<EnvironmentCreate>,
) -> Reply<EnvironmentResponse> {
    let environment = create(&ctx, &body).await?;
    Ok(Json(show::response(environment, Vec::new())))
}

/// Makes an environment; nothing has to be provisioned, so it is ready.
pub(crate) async fn create(ctx: &Ctx, body: &EnvironmentCreate) -> Result<entity::Model> {
    let environment = row(ctx, body);
    let mut set = ctx.set();
    let taken = format!("Environment with name '{}' already exists", body.name);
    queries::environment_insert(&mut set, environment.clone(), &taken);
    ctx.audit(&mut set, "environments.create", environment.id);
    set.changes_catalogue(ctx.org());
    ctx.write(set).await?;
    Ok(environment)
}

/// The row of a new environment.
pub(crate) fn row(ctx: &Ctx, body: &EnvironmentCreate) -> entity::Model {
    let now = micros(ctx.now());
    let runs_get = body.runs_get();
    entity::Model {
        id: ctx.uuid(),
        organization_id: ctx.org().to_string(),
        name: body.name.clone(),
        // An empty one is kept: Terraform sends it for an attribute that was not set.
        display_name: Some(body.display_name.as_ref().unwrap_or(&body.name).clone()),
        description: body.description.clone(),
        tags: body.tags.clone().unwrap_or_default().into(),
        settings: body.free_settings(),
        status: "ready".into(),
        worker_token: None,
        execution_environment: runs_get.map_or_else(|| Map::new().into(), |given| given.stored()),
        created_by: Some(ctx.identity().user_id.to_string()),
        created_at: now,
        updated_at: now,
    }
}
