//! Makes an organization: with an owner and a key, an environment and a queue, in one write.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use drover_domain::identity::{Identity, Role};
use drover_domain::{EnvironmentId, KeyId, OrgId, QueueId, Result, UserId, micros};
use drover_store::identity::{organization, user};
use drover_store::sea_orm::{EntityTrait, IntoActiveModel};
use drover_store::{environments, queues};
use drover_wire::organizations::{OrganizationCreate, OrganizationCreated};
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use crate::auth::{NewKey, insert_key};
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::Body;
use crate::plane::Plane;

/// Answers ids and the owner's key, which is shown this once.
pub async fn handler(
    State(plane): State<Arc<Plane>>,
    Body(body): Body<OrganizationCreate>,
) -> Reply<OrganizationCreated> {
    Ok(Json(create(&plane, body).await?))
}

async fn create(plane: &Arc<Plane>, body: OrganizationCreate) -> Result<OrganizationCreated> {
    let now = plane.clock.now();
    let organization = OrgId::new(body.name.clone());
    let email = body.owner_email.unwrap_or_else(|| format!("owner@{}", body.name));
    let identity = Identity {
        organization: organization.clone(),
        user_id: UserId(plane.ids.next()),
        name: email.split('@').next().unwrap_or("owner").to_owned(),
        email,
        role: Role::Owner,
        key_id: KeyId(plane.ids.next()),
    };
    let (environment_id, queue_id) = (plane.ids.next(), plane.ids.next());
    let mut set = plane.store.set();
    set.add_unique(
        organization::Entity::insert(
            organization::Model {
                id: body.name.clone(),
                name: body.name.clone(),
                created_at: micros(now),
            }
            .into_active_model(),
        ),
        format!("Organization `{}` already exists", body.name),
    );
    set.add(user::Entity::insert(owner(&identity, now).into_active_model()));
    set.add(environments::entity::Entity::insert(
        environment(environment_id, &identity, plane.ids.next(), now).into_active_model(),
    ));
    set.add(queues::entity::Entity::insert(
        queue(queue_id, environment_id, &identity, now).into_active_model(),
    ));
    let name = "first key".to_owned();
    let new = NewKey { identity: &identity, name, now, expires_at: None };
    let (_, token) = insert_key(plane, &mut set, new)?;
    Ctx::new(plane.clone(), Arc::new(identity)).audit(&mut set, "organizations.create", &body.name);
    set.changes_catalogue(&organization);
    plane.store.write(set).await?;
    plane.hub.serve(QueueId(queue_id));
    Ok(OrganizationCreated {
        organization_id: body.name,
        api_key: token.reveal().clone(),
        environment_id: EnvironmentId(environment_id).to_string(),
        worker_queue_id: QueueId(queue_id).to_string(),
    })
}

fn owner(identity: &Identity, now: Timestamp) -> user::Model {
    user::Model {
        id: identity.user_id.0,
        organization_id: identity.organization.to_string(),
        email: identity.email.clone(),
        name: identity.name.clone(),
        role: identity.role.as_str().to_owned(),
        created_at: micros(now),
    }
}

fn environment(
    id: Uuid,
    identity: &Identity,
    worker_token: Uuid,
    now: Timestamp,
) -> environments::entity::Model {
    environments::entity::Model {
        id,
        organization_id: identity.organization.to_string(),
        name: "default".to_owned(),
        display_name: Some("Default Environment".to_owned()),
        description: None,
        tags: json!([]),
        settings: json!({}),
        status: "active".to_owned(),
        worker_token: Some(worker_token.to_string()),
        execution_environment: json!({}),
        created_by: Some(identity.user_id.to_string()),
        created_at: micros(now),
        updated_at: micros(now),
    }
}

/// The queue that the worker inside the process serves.
fn queue(
    id: Uuid,
    environment_id: Uuid,
    identity: &Identity,
    now: Timestamp,
) -> queues::entity::Model {
    queues::entity::Model {
        id,
        organization_id: identity.organization.to_string(),
        environment_id,
        name: "default".to_owned(),
        display_name: Some("Default".to_owned()),
        description: Some("Served by the plane itself".to_owned()),
        status: "active".to_owned(),
        max_workers: None,
        heartbeat_interval: 60,
        tags: json!([]),
        settings: json!({}),
        ephemeral: false,
        auto_cleanup_after_seconds: None,
        single_execution: false,
        in_process: true,
        created_by: Some(identity.user_id.to_string()),
        created_at: micros(now),
        updated_at: micros(now),
    }
}
