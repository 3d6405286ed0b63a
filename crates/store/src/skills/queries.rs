//! Skills and who holds them: reading, and the statements that change them.

use drover_domain::{Doing, OrgId, Page, Result, SkillId};
use sea_orm::entity::prelude::Json;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, SimpleExpr};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, DatabaseConnection, EntityTrait, IntoActiveModel,
    JoinType, QueryFilter, QueryOrder, QuerySelect, RelationDef,
};
use uuid::Uuid;

use super::{Holder, association, entity};
use crate::WriteSet;

/// A skill.
pub async fn skill_get(
    db: &DatabaseConnection,
    org: &OrgId,
    id: SkillId,
) -> Result<Option<entity::Model>> {
    entity::Entity::find().filter(the(org, id)).one(db).await.doing("read a skill")
}

/// A skill by its exact name.
pub async fn skill_by_name(
    db: &DatabaseConnection,
    org: &OrgId,
    name: &str,
) -> Result<Option<entity::Model>> {
    entity::Entity::find()
        .filter(entity::Column::OrganizationId.eq(org.as_str()))
        .filter(entity::Column::Name.eq(name))
        .one(db)
        .await
        .doing("read a skill by its name")
}

/// The oldest enabled skill of a type.
pub async fn skill_first_enabled(
    db: &DatabaseConnection,
    org: &OrgId,
    skill_type: &str,
) -> Result<Option<entity::Model>> {
    entity::Entity::find()
        .filter(entity::Column::OrganizationId.eq(org.as_str()))
        .filter(entity::Column::SkillType.eq(skill_type))
        .filter(entity::Column::Enabled.eq(true))
        .order_by_asc(entity::Column::CreatedAt)
        .order_by_asc(entity::Column::Id)
        .one(db)
        .await
        .doing("find a skill of a type")
}

/// Skills, newest first: all of them, or a part.
pub async fn skill_list(
    db: &DatabaseConnection,
    org: &OrgId,
    part: Option<&Page>,
) -> Result<Vec<entity::Model>> {
    let mut query = entity::Entity::find()
        .filter(entity::Column::OrganizationId.eq(org.as_str()))
        .order_by_desc(entity::Column::CreatedAt)
        .order_by_desc(entity::Column::Id);
    if let Some(page) = part {
        query = query.offset(page.skip).limit(page.limit);
    }
    query.all(db).await.doing("list skills")
}

/// Those of these skills that there are.
pub async fn skills_among(
    db: &DatabaseConnection,
    org: &OrgId,
    ids: &[SkillId],
) -> Result<Vec<entity::Model>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    entity::Entity::find()
        .filter(entity::Column::OrganizationId.eq(org.as_str()))
        .filter(entity::Column::Id.is_in(ids.iter().map(|id| id.0)))
        .all(db)
        .await
        .doing("find skills")
}

/// What holders of one kind hold, disabled skills included, in the order it was given to them.
pub async fn skills_held(
    db: &DatabaseConnection,
    org: &OrgId,
    holder: Holder,
    ids: &[Uuid],
) -> Result<Vec<(association::Model, entity::Model)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = association::Entity::find()
        .join(JoinType::InnerJoin, the_skill())
        .select_also(entity::Entity)
        .filter(association::Column::OrganizationId.eq(org.as_str()))
        .filter(association::Column::EntityType.eq(holder.as_str()))
        .filter(association::Column::EntityId.is_in(ids.iter().copied()))
        .filter(entity::Column::OrganizationId.eq(org.as_str()))
        .order_by_asc(association::Column::CreatedAt)
        .order_by_asc(association::Column::Id)
        .all(db)
        .await
        .doing("read which skills are held")?;
    Ok(rows.into_iter().filter_map(|(given, skill)| Some((given, skill?))).collect())
}

/// Adds a skill; `taken` is the answer if its name is.
pub fn skill_insert(set: &mut WriteSet, skill: entity::Model, taken: &str) {
    set.add_unique(entity::Entity::insert(skill.into_active_model()), taken);
}

/// Adds a skill whose name was free; if it is no more, the set fails as stale.
pub fn skill_insert_if_free(set: &mut WriteSet, skill: entity::Model) {
    let mut taken = OnConflict::columns([entity::Column::OrganizationId, entity::Column::Name]);
    taken.do_nothing();
    set.add_guarded(entity::Entity::insert(skill.into_active_model()).on_conflict(taken));
}

/// Writes what a PATCH may change; stale if it was changed after `read_at`.
pub fn skill_update(
    set: &mut WriteSet,
    org: &OrgId,
    skill: entity::Model,
    read_at: i64,
    taken: &str,
) {
    let the_skill = the(org, SkillId(skill.id));
    let changes = entity::ActiveModel {
        id: ActiveValue::NotSet,
        organization_id: ActiveValue::NotSet,
        skill_type: ActiveValue::NotSet,
        created_at: ActiveValue::NotSet,
        ..skill.into_active_model().reset_all()
    };
    touch(set, the_skill.clone().and(entity::Column::UpdatedAt.eq(read_at)));
    set.add_unique(entity::Entity::update_many().set(changes).filter(the_skill), taken);
}

/// Says that the set needs the skill to be there still.
pub fn skill_stays(set: &mut WriteSet, org: &OrgId, id: SkillId) {
    touch(set, the(org, id));
}

/// Takes a skill away, from its holders too.
pub fn skill_delete(set: &mut WriteSet, org: &OrgId, id: SkillId) {
    set.add_guarded(entity::Entity::delete_many().filter(the(org, id)));
}

/// Gives a skill to a holder; `taken` is the answer if it holds it already.
pub fn association_insert(set: &mut WriteSet, given: association::Model, taken: &str) {
    set.add_unique(association::Entity::insert(given.into_active_model()), taken);
}

/// Changes the settings that a holder lays over those of a skill.
pub fn association_override(
    set: &mut WriteSet,
    org: &OrgId,
    holder: Holder,
    id: Uuid,
    skill: SkillId,
    configuration: Json,
) {
    let over = Expr::value(configuration);
    let update = association::Entity::update_many()
        .col_expr(association::Column::ConfigurationOverride, over)
        .filter(held_by(org, holder, id))
        .filter(association::Column::SkillId.eq(skill.0));
    set.add(update);
}

/// Takes a skill from a holder, if it holds it.
pub fn association_delete(
    set: &mut WriteSet,
    org: &OrgId,
    holder: Holder,
    id: Uuid,
    skill: SkillId,
) {
    let delete = association::Entity::delete_many()
        .filter(held_by(org, holder, id))
        .filter(association::Column::SkillId.eq(skill.0));
    set.add(delete);
}

/// Takes all skills from a holder.
pub fn associations_delete(set: &mut WriteSet, org: &OrgId, holder: Holder, id: Uuid) {
    set.add(association::Entity::delete_many().filter(held_by(org, holder, id)));
}

fn the(org: &OrgId, id: SkillId) -> SimpleExpr {
    entity::Column::OrganizationId.eq(org.as_str()).and(entity::Column::Id.eq(id.0))
}

fn held_by(org: &OrgId, holder: Holder, id: Uuid) -> SimpleExpr {
    association::Column::OrganizationId
        .eq(org.as_str())
        .and(association::Column::EntityType.eq(holder.as_str()))
        .and(association::Column::EntityId.eq(id))
}

/// An update that changes nothing: its guard is the point.
fn touch(set: &mut WriteSet, which: SimpleExpr) {
    let unchanged = Expr::col(entity::Column::UpdatedAt);
    let update = entity::Entity::update_many().col_expr(entity::Column::UpdatedAt, unchanged);
    set.add_guarded(update.filter(which));
}

fn the_skill() -> RelationDef {
    association::Entity::belongs_to(entity::Entity)
        .from(association::Column::SkillId)
        .to(entity::Column::Id)
        .into()
}
