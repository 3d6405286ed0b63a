//! Environments: reading, and the statements that change them.

use drover_domain::{Doing, EnvironmentId, OrgId, Result};
use jiff::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait, SimpleExpr};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, DatabaseConnection, EntityTrait, IntoActiveModel,
    QueryFilter, QueryOrder, QueryTrait,
};

use super::entity::{ActiveModel, Column, Entity, Model};
use crate::WriteSet;
use crate::executions::on_queue::open_in;
use crate::queues::queries::queues_hold_still;
use crate::workers::queries::alive_in;

/// An environment.
pub async fn environment_get(
    db: &DatabaseConnection,
    org: &OrgId,
    id: EnvironmentId,
) -> Result<Option<Model>> {
    Entity::find().filter(the(org, id)).one(db).await.doing("read an environment")
}

/// An environment by its exact name.
pub async fn environment_by_name(
    db: &DatabaseConnection,
    org: &OrgId,
    name: &str,
) -> Result<Option<Model>> {
    Entity::find()
        .filter(Column::OrganizationId.eq(org.as_str()))
        .filter(Column::Name.eq(name))
        .one(db)
        .await
        .doing("read an environment by its name")
}

/// Environments, oldest first.
pub async fn environment_list(
    db: &DatabaseConnection,
    org: &OrgId,
    status: Option<&str>,
) -> Result<Vec<Model>> {
    Entity::find()
        .filter(Column::OrganizationId.eq(org.as_str()))
        .apply_if(status, |query, status| query.filter(Column::Status.eq(status)))
        .order_by_asc(Column::CreatedAt)
        .order_by_asc(Column::Id)
        .all(db)
        .await
        .doing("list environments")
}

/// Those of these environments that there are.
pub async fn environments_among(
    db: &DatabaseConnection,
    org: &OrgId,
    ids: &[EnvironmentId],
) -> Result<Vec<Model>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Entity::find()
        .filter(Column::OrganizationId.eq(org.as_str()))
        .filter(Column::Id.is_in(ids.iter().map(|id| id.0)))
        .all(db)
        .await
        .doing("find environments")
}

/// Adds an environment; `taken` is the answer if its name is.
pub fn environment_insert(set: &mut WriteSet, environment: Model, taken: &str) {
    set.add_unique(Entity::insert(environment.into_active_model()), taken);
}

/// Changes an environment that nobody has changed since it was read; `taken` is the answer if its name
/// is.
pub fn environment_update(
    set: &mut WriteSet,
    org: &OrgId,
    environment: Model,
    read_at: i64,
    taken: &str,
) {
    let the_environment = the(org, EnvironmentId(environment.id));
    let changes = ActiveModel {
        id: ActiveValue::NotSet,
        organization_id: ActiveValue::NotSet,
        created_by: ActiveValue::NotSet,
        created_at: ActiveValue::NotSet,
        ..environment.into_active_model().reset_all()
    };
    touch(set, the_environment.clone().and(Column::UpdatedAt.eq(read_at)));
    set.add_unique(Entity::update_many().set(changes).filter(the_environment), taken);
}

/// Deletes an environment where no worker lives and no run is left that is not over; its queues go
/// with it, and their workers.
pub fn environment_delete(set: &mut WriteSet, org: &OrgId, id: EnvironmentId, now: Timestamp) {
    // Statements of their own, as for whoever comes: who makes a queue there holds the environment,
    // who comes to a queue holds that; the second of two waits, and sees what the first has done.
    touch(set, the(org, id));
    queues_hold_still(set, org, id);
    set.add_guarded(
        Entity::delete_many()
            .filter(the(org, id))
            .filter(Expr::exists(alive_in(id, now)).not())
            .filter(Expr::exists(open_in(org, id)).not()),
    );
}

/// Says that the set needs the environment to be there still.
pub fn environment_stays(set: &mut WriteSet, org: &OrgId, id: EnvironmentId) {
    touch(set, the(org, id));
}

/// An update that changes nothing: its guard is the point.
fn touch(set: &mut WriteSet, which: SimpleExpr) {
    let unchanged = Expr::col(Column::UpdatedAt);
    let update = Entity::update_many().col_expr(Column::UpdatedAt, unchanged);
    set.add_guarded(update.filter(which));
}

fn the(org: &OrgId, id: EnvironmentId) -> SimpleExpr {
    Column::OrganizationId.eq(org.as_str()).and(Column::Id.eq(id.0))
}
