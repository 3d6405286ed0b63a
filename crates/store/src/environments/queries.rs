//! Environments: reading, and the statements that change them.

use drover_domain::{Doing, EnvironmentId, OrgId, Result};
use sea_orm::sea_query::{Expr, ExprTrait, SimpleExpr};
use sea_orm::{
    ColumnTrait, DatabaseConnection, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QueryTrait,
};

use super::entity::{Column, Entity, Model};
use crate::WriteSet;

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

/// Says that the set needs the environment to be there still.
pub fn environment_stays(set: &mut WriteSet, org: &OrgId, id: EnvironmentId) {
    let unchanged = Expr::col(Column::UpdatedAt);
    let update = Entity::update_many().col_expr(Column::UpdatedAt, unchanged);
    set.add_guarded(update.filter(the(org, id)));
}

fn the(org: &OrgId, id: EnvironmentId) -> SimpleExpr {
    Column::OrganizationId.eq(org.as_str()).and(Column::Id.eq(id.0))
}
