//! Registering a worker for an environment, as older ones do. What it gets is what `start` gives: one
//! of the environment's queues, whose id is the task queue that it polls.

use axum::Json;
use drover_domain::identity::Action;
use drover_domain::{EnvironmentId, Error, QueueId, Result, WorkerId};
use drover_store::environments::queries::{environment_by_name, environment_insert};
use drover_store::queues::queries::queue_insert;
use drover_store::workers::queries::worker_insert;
use drover_store::{WriteSet, environments as stored};
use drover_wire::check::Violations;
use drover_wire::environments::EnvironmentCreate;
use drover_wire::foreign::{
    WorkerRegistrationRequest, WorkerRegistrationResponse, WorkerStartRequest,
};
use drover_wire::queues::WorkerQueueCreate;
use drover_wire::workers::WorkerSystemInfo;
use serde_json::json;

use super::start::{revealed, row, temporal};
use crate::activities::best_queue;
use crate::ctx::Ctx;
use crate::environments;
use crate::error::Reply;
use crate::extract::{Body, Caller};
use crate::plane::TemporalPlace;
use crate::queues;
use crate::workers::no_room;

/// Registers the worker.
pub async fn handler(
    Caller(ctx): Caller,
    Body(body): Body<WorkerRegistrationRequest>,
) -> Reply<WorkerRegistrationResponse> {
    Ok(Json(register(&ctx, body).await?))
}

async fn register(
    ctx: &Ctx,
    body: WorkerRegistrationRequest,
) -> Result<WorkerRegistrationResponse> {
    match attempt(ctx, body.clone()).await {
        // Two came at once for an environment that was not there: the other has made it.
        Err(Error::Conflict(_)) => attempt(ctx, body).await,
        registered => registered,
    }
}

async fn attempt(ctx: &Ctx, body: WorkerRegistrationRequest) -> Result<WorkerRegistrationResponse> {
    let TemporalPlace { address, namespace, api_key } = temporal(ctx, "")?;
    let name = plain_name(ctx, &body.environment_name);
    let mut set = ctx.set();
    let queue = match environment_by_name(ctx.read(), ctx.org(), name).await? {
        Some(environment) => queue_of(ctx, &environment).await?,
        None => made(ctx, &mut set, name)?,
    };
    let worker = WorkerId(ctx.uuid());
    let system_info = WorkerSystemInfo { hostname: body.hostname, ..WorkerSystemInfo::default() };
    let start =
        WorkerStartRequest { system_info: Some(system_info), ..WorkerStartRequest::default() };
    let mut row = row(ctx, worker, queue, &start);
    row.metadata = body.worker_metadata.unwrap_or_else(|| json!({}));
    worker_insert(&mut set, row.clone(), ctx.now());
    ctx.audit(&mut set, "workers.register", worker);
    set.changes_catalogue(ctx.org());
    match ctx.write(set).await {
        Err(Error::Stale) => return Err(no_room(ctx, &[row]).await?),
        written => written?,
    }
    ctx.plane().hub.serve_foreign(queue, worker);
    Ok(WorkerRegistrationResponse {
        worker_id: worker.to_string(),
        worker_token: String::new(),
        environment_name: format!("{}.{name}", ctx.org()),
        task_queue_name: queue.to_string(),
        temporal_namespace: namespace.clone(),
        temporal_host: address.clone(),
        temporal_api_key: revealed(api_key.as_ref()),
        organization_id: ctx.org().to_string(),
        control_plane_url: ctx.plane().settings.public_url.clone(),
    })
}

/// The environment's own name in what such a worker calls it.
pub(super) fn plain_name<'a>(ctx: &Ctx, name: &'a str) -> &'a str {
    let of_organization = name.strip_prefix(ctx.org().as_str());
    of_organization.and_then(|rest| rest.strip_prefix('.')).unwrap_or(name)
}

/// The queue to which a run in this environment goes.
async fn queue_of(ctx: &Ctx, environment: &stored::entity::Model) -> Result<QueueId> {
    let (name, status) = (&environment.name, &environment.status);
    if !environments::is_ready(environment) {
        return Err(Error::refused(format!("Environment `{name}` is {status}, not ready")));
    }
    let queue = best_queue(ctx, EnvironmentId(environment.id)).await?;
    queue.map(|queue| QueueId(queue.id)).ok_or_else(|| {
        Error::refused(format!("Environment `{name}` has no active worker queue; create one"))
    })
}

/// An environment that was not there, with a queue.
fn made(ctx: &Ctx, set: &mut WriteSet, name: &str) -> Result<QueueId> {
    let role = ctx.identity().role;
    if !role.may(Action::Write) {
        let role = role.as_str();
        return Err(Error::Forbidden(format!(
            "Environment `{name}` does not exist, and a key with role `{role}` may not make it"
        )));
    }
    let mut violations = Violations::default();
    violations.text("environment_name", name, 2, 100);
    violations.finish()?;
    let body = EnvironmentCreate { name: name.to_owned(), ..EnvironmentCreate::default() };
    let environment = stored::entity::Model {
        status: "active".to_owned(),
        ..environments::create::row(ctx, &body)
    };
    let body = WorkerQueueCreate {
        name: environments::DEFAULT.to_owned(),
        display_name: Some("Default".to_owned()),
        ..WorkerQueueCreate::default()
    };
    let queue = queues::create::row(ctx, EnvironmentId(environment.id), body);
    let id = QueueId(queue.id);
    ctx.audit(set, "environments.create", environment.id);
    ctx.audit(set, "queues.create", queue.id);
    let taken = format!("Environment with name '{name}' already exists");
    environment_insert(set, environment, &taken);
    queue_insert(set, queue, &taken);
    Ok(id)
}
