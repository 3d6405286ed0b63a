//! Worker queues: reading, and the statements that change them.

use drover_domain::{Doing, EnvironmentId, OrgId, QueueId, Result};
use sea_orm::sea_query::{Expr, ExprTrait, SimpleExpr};
use sea_orm::{
    ColumnTrait, Condition, DatabaseConnection, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect, Select, UpdateMany,
};

use super::entity::{Column, Entity, Model};
use super::update_lock;
use crate::WriteSet;

/// Queues of one shell session of the command line; lists leave them out.
const OF_ONE_SHELL: &str = "local-exec";

/// A queue, an ephemeral one too.
pub async fn queue_get(db: &DatabaseConnection, org: &OrgId, id: QueueId) -> Result<Option<Model>> {
    Entity::find()
        .filter(Column::OrganizationId.eq(org.as_str()))
        .filter(Column::Id.eq(id.0))
        .one(db)
        .await
        .doing("read a worker queue")
}

/// An active queue by its id or its exact name; of several with that name the oldest.
pub async fn queue_by_name(
    db: &DatabaseConnection,
    org: &OrgId,
    name: &str,
) -> Result<Option<Model>> {
    let called = match name.parse::<QueueId>() {
        Ok(id) => Condition::any().add(Column::Id.eq(id.0)).add(Column::Name.eq(name)),
        Err(_) => Condition::all().add(Column::Name.eq(name)),
    };
    oldest_first(org)
        .filter(Column::Status.eq("active"))
        .filter(called)
        .one(db)
        .await
        .doing("find a worker queue by its name")
}

/// The lasting queues of an organization, oldest first.
pub async fn queue_list(db: &DatabaseConnection, org: &OrgId) -> Result<Vec<Model>> {
    lasting(oldest_first(org)).all(db).await.doing("list worker queues")
}

/// All queues of an organization, ephemeral ones too, oldest first.
pub async fn queues_everywhere(db: &DatabaseConnection, org: &OrgId) -> Result<Vec<Model>> {
    oldest_first(org).all(db).await.doing("list all worker queues")
}

/// The lasting queues of an environment, oldest first.
pub async fn queues_of_environment(
    db: &DatabaseConnection,
    org: &OrgId,
    environment: EnvironmentId,
) -> Result<Vec<Model>> {
    lasting(oldest_first(org))
        .filter(Column::EnvironmentId.eq(environment.0))
        .all(db)
        .await
        .doing("list the worker queues of an environment")
}

/// All queues of an environment, ephemeral ones too.
pub async fn queues_all_of_environment(
    db: &DatabaseConnection,
    org: &OrgId,
    environment: EnvironmentId,
) -> Result<Vec<Model>> {
    oldest_first(org)
        .filter(Column::EnvironmentId.eq(environment.0))
        .all(db)
        .await
        .doing("list all worker queues of an environment")
}

/// The active queues that the worker inside the process serves, of all organizations: asked by the
/// process itself, at its start.
pub async fn in_process(db: &DatabaseConnection) -> Result<Vec<QueueId>> {
    let ids: Vec<uuid::Uuid> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::InProcess.eq(true))
        .filter(Column::Status.eq("active"))
        .into_tuple()
        .all(db)
        .await
        .doing("list the queues of the process")?;
    Ok(ids.into_iter().map(QueueId).collect())
}

/// Adds a queue; `taken` is the answer if its name is, in its environment.
pub fn queue_insert(set: &mut WriteSet, queue: Model, taken: &str) {
    set.add_unique(Entity::insert(queue.into_active_model()), taken);
}

/// Says that the set needs the queue to be there still, and active.
pub fn queue_stays(set: &mut WriteSet, org: &OrgId, id: QueueId) {
    set.add_guarded(unchanged(org, id).filter(Column::Status.eq("active")));
}

/// Says that the set needs fewer workers on the queue than it may have; `alive` counts them.
pub fn queue_holds(set: &mut WriteSet, org: &OrgId, id: QueueId, alive: SimpleExpr) {
    let room = Column::MaxWorkers.is_null().or(Expr::col(Column::MaxWorkers).gt(alive));
    set.add_guarded(unchanged(org, id).filter(room));
}

fn unchanged(org: &OrgId, id: QueueId) -> UpdateMany<Entity> {
    Entity::update_many()
        .col_expr(Column::UpdatedAt, Expr::col(Column::UpdatedAt))
        .filter(Column::OrganizationId.eq(org.as_str()))
        .filter(Column::Id.eq(id.0))
}

/// These queues of an organization, as far as they are there.
pub async fn queues_among(
    db: &DatabaseConnection,
    org: &OrgId,
    ids: &[QueueId],
) -> Result<Vec<Model>> {
    Entity::find()
        .filter(Column::OrganizationId.eq(org.as_str()))
        .filter(Column::Id.is_in(ids.iter().map(|id| id.0)))
        .all(db)
        .await
        .doing("find worker queues")
}

/// Whether a queue of this name lasts only as long as a shell.
pub fn is_of_one_shell(name: &str) -> bool {
    name.starts_with(OF_ONE_SHELL)
}

/// Who updates itself of the workers of a queue at the moment.
pub async fn update_lock_get(
    db: &DatabaseConnection,
    org: &OrgId,
    queue: QueueId,
    now: i64,
) -> Result<Option<update_lock::Model>> {
    update_lock::Entity::find_by_id(queue.0)
        .filter(update_lock::Column::OrganizationId.eq(org.as_str()))
        .filter(update_lock::Column::ExpiresAt.gt(now))
        .one(db)
        .await
        .doing("read an update lock")
}

/// Takes a lock away whose time is over.
pub fn update_lock_expires(set: &mut WriteSet, org: &OrgId, queue: QueueId, now: i64) {
    set.add(
        update_lock::Entity::delete_many()
            .filter(update_lock::Column::OrganizationId.eq(org.as_str()))
            .filter(update_lock::Column::QueueId.eq(queue.0))
            .filter(update_lock::Column::ExpiresAt.lte(now)),
    );
}

/// Takes this very lock away.
pub fn update_lock_delete(set: &mut WriteSet, org: &OrgId, held: &update_lock::Model) {
    set.add(
        update_lock::Entity::delete_many()
            .filter(update_lock::Column::OrganizationId.eq(org.as_str()))
            .filter(update_lock::Column::QueueId.eq(held.queue_id))
            .filter(update_lock::Column::LockId.eq(held.lock_id)),
    );
}

fn oldest_first(org: &OrgId) -> Select<Entity> {
    Entity::find()
        .filter(Column::OrganizationId.eq(org.as_str()))
        .order_by_asc(Column::CreatedAt)
        .order_by_asc(Column::Id)
}

fn lasting(query: Select<Entity>) -> Select<Entity> {
    query.filter(Column::Ephemeral.eq(false)).filter(Column::Name.starts_with(OF_ONE_SHELL).not())
}
