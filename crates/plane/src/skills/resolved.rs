//! The skills that an agent gets: those of its environments, then its own, laid over each other.

use axum::Json;
use drover_domain::activities::SkillGrant;
use drover_domain::{AgentId, OrgId, Result};
use drover_store::DatabaseConnection;
use drover_store::agents::queries::{agent_get, environments_of_agents};
use drover_store::skills::{Holder, association, entity, queries};
use drover_wire::skills::ResolvedSkill;
use serde_json::Value;
use uuid::Uuid;

use super::show::laid_over;
use crate::agents;
use crate::error::Reply;
use crate::extract::{Caller, Id};

/// A skill with all its layers laid over each other.
struct Resolved {
    skill: entity::Model,
    configuration: Value,
    /// The last layer that names it.
    source: Holder,
}

/// Shows the skills that an agent gets.
pub async fn handler(Caller(ctx): Caller, Id(id): Id<AgentId>) -> Reply<Vec<ResolvedSkill>> {
    if agent_get(ctx.read(), ctx.org(), id).await?.is_none() {
        return Err(agents::absent().into());
    }
    let resolved = of_agent(ctx.read(), ctx.org(), id).await?;
    Ok(Json(resolved.into_iter().map(shown).collect()))
}

/// The skills that an agent's run gets.
pub async fn granted(
    db: &DatabaseConnection,
    org: &OrgId,
    agent: AgentId,
) -> Result<Vec<SkillGrant>> {
    let grant = |one: Resolved| SkillGrant {
        name: one.skill.name,
        kind: one.skill.skill_type,
        configuration: one.configuration,
    };
    Ok(of_agent(db, org, agent).await?.into_iter().map(grant).collect())
}

async fn of_agent(db: &DatabaseConnection, org: &OrgId, agent: AgentId) -> Result<Vec<Resolved>> {
    let environments = environments_of_agents(db, org, &[agent.0]).await?;
    let order: Vec<Uuid> = environments.into_iter().map(|(_, found)| found.id).collect();
    let mut inherited = queries::skills_held(db, org, Holder::Environment, &order).await?;
    inherited.sort_by_key(|(given, _)| order.iter().position(|id| *id == given.entity_id));
    let own = queries::skills_held(db, org, Holder::Agent, &[agent.0]).await?;
    let inherited = inherited.into_iter().map(|held| (Holder::Environment, held));
    Ok(resolve(inherited.chain(own.into_iter().map(|held| (Holder::Agent, held)))))
}

type Layered = (Holder, (association::Model, entity::Model));

/// Lays layers over each other: a skill stands where it was named first, with the settings of
/// every layer that names it, the later over the earlier.
fn resolve(layers: impl Iterator<Item = Layered>) -> Vec<Resolved> {
    let mut resolved: Vec<Resolved> = Vec::new();
    for (source, (given, skill)) in layers.filter(|(_, (_, skill))| skill.enabled) {
        let over = &given.configuration_override;
        match resolved.iter_mut().find(|one| one.skill.id == skill.id) {
            Some(one) => {
                one.configuration = laid_over(&one.configuration, over);
                one.source = source;
            }
            None => {
                let configuration = laid_over(&skill.configuration, over);
                resolved.push(Resolved { skill, configuration, source });
            }
        }
    }
    resolved
}

fn shown(one: Resolved) -> ResolvedSkill {
    ResolvedSkill {
        id: one.skill.id.to_string(),
        name: one.skill.name,
        kind: one.skill.skill_type,
        description: one.skill.description,
        icon: one.skill.icon,
        enabled: one.skill.enabled,
        configuration: one.configuration,
        source: one.source.as_str().to_owned(),
        inherited: one.source != Holder::Agent,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn held(source: Holder, number: u128, enabled: bool, own: Value, over: Value) -> Layered {
        let skill = entity::Model {
            id: Uuid::from_u128(number),
            organization_id: "acme".into(),
            name: format!("skill-{number}"),
            skill_type: "shell".into(),
            description: None,
            icon: "Terminal".into(),
            enabled,
            configuration: own,
            created_at: 0,
            updated_at: 0,
        };
        let given = association::Model {
            id: Uuid::nil(),
            organization_id: "acme".into(),
            skill_id: skill.id,
            entity_type: source.as_str().into(),
            entity_id: Uuid::nil(),
            configuration_override: over,
            created_at: 0,
        };
        (source, (given, skill))
    }

    #[test]
    fn later_layers_override_and_first_places_stay() {
        let own = json!({"timeout": 30, "allowed_commands": ["ls"]});
        let layers = [
            held(Holder::Environment, 1, true, own.clone(), json!({"timeout": 60})),
            held(Holder::Environment, 2, true, json!({}), json!({})),
            held(Holder::Environment, 3, false, json!({}), json!({})),
            held(Holder::Agent, 4, true, json!({}), json!({})),
            held(Holder::Agent, 1, true, own, json!({"allowed_commands": ["cat"]})),
        ];
        let resolved = resolve(layers.into_iter());
        let names: Vec<_> = resolved.iter().map(|one| one.skill.name.as_str()).collect();
        assert_eq!(names, ["skill-1", "skill-2", "skill-4"]);
        let expected = json!({"timeout": 60, "allowed_commands": ["cat"]});
        assert_eq!(resolved[0].configuration, expected);
        assert_eq!(resolved[0].source, Holder::Agent);
        assert_eq!(resolved[1].source, Holder::Environment);
    }
}
