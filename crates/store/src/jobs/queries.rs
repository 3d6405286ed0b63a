//! Jobs: reading, and the statements that change them.

use drover_domain::{Doing, JobId, OrgId, Result};
use sea_orm::sea_query::{ExprTrait, SimpleExpr};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, DatabaseConnection, EntityTrait, IntoActiveModel,
    QueryFilter, QueryOrder, QuerySelect,
};

use super::entity;
use crate::WriteSet;

/// Jobs shown by a list; the contract knows no pages here.
const MOST: u64 = 1000;

/// Which jobs of an organization.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Enabled or not.
    pub enabled: Option<bool>,
    /// With this trigger.
    pub trigger_type: Option<String>,
}

/// A job.
pub async fn job_get(
    db: &DatabaseConnection,
    org: &OrgId,
    id: &JobId,
) -> Result<Option<entity::Model>> {
    entity::Entity::find().filter(the(org, id)).one(db).await.doing("read a job")
}

/// Jobs, newest first.
pub async fn job_list(
    db: &DatabaseConnection,
    org: &OrgId,
    filter: &Filter,
) -> Result<Vec<entity::Model>> {
    let mut select = entity::Entity::find()
        .filter(entity::Column::OrganizationId.eq(org.as_str()))
        .order_by_desc(entity::Column::CreatedAt)
        .order_by_desc(entity::Column::Id)
        .limit(MOST);
    if let Some(enabled) = filter.enabled {
        select = select.filter(entity::Column::Enabled.eq(enabled));
    }
    if let Some(trigger) = &filter.trigger_type {
        select = select.filter(entity::Column::TriggerType.eq(trigger.as_str()));
    }
    select.all(db).await.doing("list jobs")
}

/// Adds a job.
pub fn job_insert(set: &mut WriteSet, job: entity::Model) {
    set.add(entity::Entity::insert(job.into_active_model()));
}

/// Writes what may change of a job; stale if it was changed since it said `read_at`.
pub fn job_update(set: &mut WriteSet, org: &OrgId, job: entity::Model, read_at: i64) {
    let unchanged =
        the(org, &JobId::stored(job.id.clone())).and(entity::Column::UpdatedAt.eq(read_at));
    let changes = entity::ActiveModel {
        id: ActiveValue::NotSet,
        organization_id: ActiveValue::NotSet,
        created_by: ActiveValue::NotSet,
        created_by_email: ActiveValue::NotSet,
        created_at: ActiveValue::NotSet,
        ..job.into_active_model().reset_all()
    };
    set.add_guarded(entity::Entity::update_many().set(changes).filter(unchanged));
}

/// Takes a job away; stale if it is gone. Its runs stay.
pub fn job_delete(set: &mut WriteSet, org: &OrgId, id: &JobId) {
    set.add_guarded(entity::Entity::delete_many().filter(the(org, id)));
}

fn the(org: &OrgId, id: &JobId) -> SimpleExpr {
    entity::Column::OrganizationId.eq(org.as_str()).and(entity::Column::Id.eq(id.as_str()))
}
