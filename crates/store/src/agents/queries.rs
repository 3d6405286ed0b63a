//! Agents and their environments: reading, and the statements that change them.

use drover_domain::{AgentId, Doing, EnvironmentId, Error, OrgId, Page, Result, Violation};
use sea_orm::sea_query::{Expr, ExprTrait, SimpleExpr};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, Condition, DatabaseConnection, EntityTrait,
    IntoActiveModel, JoinType, QueryFilter, QueryOrder, QuerySelect, QueryTrait, RelationDef,
};
use uuid::Uuid;

use super::entity::{ActiveModel, Column, Entity, Model};
use super::environment;
use crate::{WriteSet, environments};

/// An agent.
pub async fn agent_get(db: &DatabaseConnection, org: &OrgId, id: AgentId) -> Result<Option<Model>> {
    Entity::find().filter(the(org, id)).one(db).await.doing("read an agent")
}

/// Agents, newest first.
///
/// # Errors
/// [`Error::Invalid`] if the page's cursor is not one of [`cursor`].
pub async fn agent_list(
    db: &DatabaseConnection,
    org: &OrgId,
    status: Option<&str>,
    page: &Page,
) -> Result<Vec<Model>> {
    let after = page.after.as_deref().map(position).transpose()?;
    Entity::find()
        .filter(Column::OrganizationId.eq(org.as_str()))
        .apply_if(status, |query, status| query.filter(Column::Status.eq(status)))
        .apply_if(after, |query, (at, id)| {
            let same_instant = Column::CreatedAt.eq(at).and(Column::Id.lt(id));
            query.filter(Condition::any().add(Column::CreatedAt.lt(at)).add(same_instant))
        })
        .order_by_desc(Column::CreatedAt)
        .order_by_desc(Column::Id)
        .offset(page.skip)
        .limit(page.limit)
        .all(db)
        .await
        .doing("list agents")
}

/// Where in a list an agent stands, as the text that a page's `after` takes.
pub fn cursor(agent: &Model) -> String {
    format!("{:x}.{}", agent.created_at, agent.id.simple())
}

/// The environments that agents are assigned to, in the order of assignment.
pub async fn environments_of_agents(
    db: &DatabaseConnection,
    org: &OrgId,
    agents: &[Uuid],
) -> Result<Vec<(AgentId, environments::entity::Model)>> {
    if agents.is_empty() {
        return Ok(Vec::new());
    }
    let rows = environment::Entity::find()
        .join(JoinType::InnerJoin, the_environment())
        .select_also(environments::entity::Entity)
        .filter(environment::Column::OrganizationId.eq(org.as_str()))
        .filter(environment::Column::AgentId.is_in(agents.iter().copied()))
        .filter(environments::entity::Column::OrganizationId.eq(org.as_str()))
        .order_by_asc(environment::Column::AssignedAt)
        .order_by_asc(environment::Column::EnvironmentId)
        .all(db)
        .await
        .doing("read the environments of agents")?;
    let assigned =
        |(row, found): (environment::Model, Option<_>)| Some((AgentId(row.agent_id), found?));
    Ok(rows.into_iter().filter_map(assigned).collect())
}

/// Adds an agent; `taken` is the answer if its name is.
pub fn agent_insert(set: &mut WriteSet, agent: Model, taken: &str) {
    set.add_unique(Entity::insert(agent.into_active_model()), taken);
}

/// Writes what a PATCH may change; stale if it was changed after `read_at`.
pub fn agent_update(set: &mut WriteSet, org: &OrgId, agent: Model, read_at: i64, taken: &str) {
    let the_agent = the(org, AgentId(agent.id));
    let changes = ActiveModel {
        id: ActiveValue::NotSet,
        organization_id: ActiveValue::NotSet,
        error_message: ActiveValue::NotSet,
        last_active_at: ActiveValue::NotSet,
        created_at: ActiveValue::NotSet,
        ..agent.into_active_model().reset_all()
    };
    touch(set, the_agent.clone().and(Column::UpdatedAt.eq(read_at)));
    set.add_unique(Entity::update_many().set(changes).filter(the_agent), taken);
}

/// What a worker says of an agent that it runs. `None` leaves the state.
pub struct Report {
    /// `running`, `completed` or `failed`.
    pub status: String,
    /// What the agent keeps for itself.
    pub state: Option<serde_json::Value>,
    /// Why its run failed.
    pub error_message: Option<String>,
}

/// Writes what a worker says of an agent; stale if it is gone.
pub fn agent_reported(set: &mut WriteSet, org: &OrgId, id: AgentId, report: Report, now: i64) {
    let mut update = Entity::update_many()
        .col_expr(Column::Status, Expr::value(report.status))
        .col_expr(Column::ErrorMessage, Expr::value(report.error_message))
        .col_expr(Column::LastActiveAt, Expr::value(now));
    if let Some(state) = report.state {
        update = update.col_expr(Column::State, Expr::value(state));
    }
    set.add_guarded(update.filter(the(org, id)));
}

/// Says that the set needs the agent to be there still.
pub fn agent_stays(set: &mut WriteSet, org: &OrgId, id: AgentId) {
    touch(set, the(org, id));
}

/// Takes an agent away, with its assignments. Its skills: `skills::queries::associations_delete`.
pub fn agent_delete(set: &mut WriteSet, org: &OrgId, id: AgentId) {
    agent_environments_delete(set, org, id);
    set.add_guarded(Entity::delete_many().filter(the(org, id)));
}

/// Assigns an agent to an environment.
pub fn agent_environment_insert(set: &mut WriteSet, assigned: environment::Model) {
    set.add(environment::Entity::insert(assigned.into_active_model()));
}

/// Takes an agent out of all its environments.
pub fn agent_environments_delete(set: &mut WriteSet, org: &OrgId, id: AgentId) {
    let delete = environment::Entity::delete_many()
        .filter(environment::Column::OrganizationId.eq(org.as_str()))
        .filter(environment::Column::AgentId.eq(id.0));
    set.add(delete);
}

/// Takes all agents from an environment.
pub fn environment_agents_delete(set: &mut WriteSet, org: &OrgId, id: EnvironmentId) {
    let delete = environment::Entity::delete_many()
        .filter(environment::Column::OrganizationId.eq(org.as_str()))
        .filter(environment::Column::EnvironmentId.eq(id.0));
    set.add(delete);
}

fn the(org: &OrgId, id: AgentId) -> SimpleExpr {
    Column::OrganizationId.eq(org.as_str()).and(Column::Id.eq(id.0))
}

/// An update that changes nothing: its guard is the point.
fn touch(set: &mut WriteSet, which: SimpleExpr) {
    let unchanged = Expr::col(Column::UpdatedAt);
    let update = Entity::update_many().col_expr(Column::UpdatedAt, unchanged);
    set.add_guarded(update.filter(which));
}

fn the_environment() -> RelationDef {
    environment::Entity::belongs_to(environments::entity::Entity)
        .from(environment::Column::EnvironmentId)
        .to(environments::entity::Column::Id)
        .into()
}

fn position(cursor: &str) -> Result<(i64, Uuid)> {
    let read = || {
        let (at, id) = cursor.split_once('.')?;
        Some((i64::from_str_radix(at, 16).ok()?, Uuid::try_parse(id).ok()?))
    };
    read().ok_or_else(|| {
        let message = "Input should be a cursor of an earlier page";
        Error::Invalid(vec![Violation::query("cursor", "value_error", message)])
    })
}
