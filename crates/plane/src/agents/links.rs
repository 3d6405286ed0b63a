//! What an agent's body refers to by id: skills, environments, a team. All must be the
//! organization's own.

use std::collections::BTreeMap;
use std::str::FromStr;

use drover_domain::{AgentId, EnvironmentId, Error, Result, SkillId, Violation, micros};
use drover_store::skills::{Holder, association};
use drover_store::{WriteSet, agents, environments, skills};
use drover_wire::agents::SkillConfigurations;
use serde_json::{Map, Value};

use crate::ctx::Ctx;
use crate::skills::settings;

/// A skill an agent is to hold, with the settings that are laid over those of the skill.
pub(super) struct Held {
    pub skill: SkillId,
    pub over: Map<String, Value>,
}

/// The skills that a body names.
pub(super) async fn held(
    ctx: &Ctx,
    given: &[String],
    overrides: Option<&SkillConfigurations>,
) -> Result<Vec<Held>> {
    let ids = ids::<SkillId>("skill_ids", given)?;
    let found = skills::queries::skills_among(ctx.read(), ctx.org(), &ids).await?;
    let kinds: BTreeMap<_, _> =
        found.iter().map(|skill| (SkillId(skill.id), &skill.skill_type)).collect();
    all_there("skill_ids", given, |id: SkillId| kinds.contains_key(&id), "Skill not found")?;
    let over = overrides.map(by_skill).unwrap_or_default();
    ids.into_iter()
        .map(|skill| {
            let over = over.get(&skill).cloned().unwrap_or_default();
            let field = format!("skill_configurations.{skill}");
            settings::check(kinds[&skill], &over, &field)?;
            Ok(Held { skill, over: settings::without_nulls(over) })
        })
        .collect()
}

/// The environments that a body names.
pub(super) async fn environments(ctx: &Ctx, given: &[String]) -> Result<Vec<EnvironmentId>> {
    const FIELD: &str = "environment_ids";
    let ids = ids::<EnvironmentId>(FIELD, given)?;
    let found = environments::queries::environments_among(ctx.read(), ctx.org(), &ids).await?;
    let is_there = |id: EnvironmentId| found.iter().any(|environment| environment.id == id.0);
    all_there(FIELD, given, is_there, "Environment not found")?;
    Ok(ids)
}

/// Refuses any team: there are none yet. An empty text is no team.
pub(super) fn no_team(team: Option<&str>) -> Result<()> {
    match team {
        None | Some("") => Ok(()),
        Some(_) => Err(Error::invalid("team_id", "not_found", "Team not found")),
    }
}

/// Gives an agent its skills.
pub(super) fn hold(ctx: &Ctx, set: &mut WriteSet, agent: AgentId, held: Vec<Held>) {
    for Held { skill, over } in held {
        let given = association::Model {
            id: ctx.uuid(),
            organization_id: ctx.org().to_string(),
            skill_id: skill.0,
            entity_type: Holder::Agent.as_str().to_owned(),
            entity_id: agent.0,
            configuration_override: over.into(),
            created_at: micros(ctx.now()),
        };
        skills::queries::skill_stays(set, ctx.org(), skill);
        skills::queries::association_insert(set, given, "Agent already has this skill");
    }
}

/// Assigns an agent to environments.
pub(super) fn assign(ctx: &Ctx, set: &mut WriteSet, agent: AgentId, to: Vec<EnvironmentId>) {
    for (place, environment) in (0..).zip(to) {
        environments::queries::environment_stays(set, ctx.org(), environment);
        let assigned = agents::environment::Model {
            agent_id: agent.0,
            environment_id: environment.0,
            organization_id: ctx.org().to_string(),
            // The order of the body, kept by the microsecond.
            assigned_at: micros(ctx.now()) + place,
            assigned_by: Some(ctx.identity().user_id.to_string()),
        };
        agents::queries::agent_environment_insert(set, assigned);
    }
}

/// Overrides by skill; what is not the id of a skill is passed over.
pub(super) fn by_skill(overrides: &SkillConfigurations) -> BTreeMap<SkillId, Map<String, Value>> {
    let parsed = overrides.iter().filter_map(|(id, over)| Some((id.parse().ok()?, over.clone())));
    parsed.collect()
}

/// Parses a list of ids; one that is named twice counts once.
fn ids<T: FromStr + PartialEq>(field: &str, given: &[String]) -> Result<Vec<T>> {
    let mut ids = Vec::with_capacity(given.len());
    let mut malformed = Vec::new();
    for (index, text) in given.iter().enumerate() {
        match text.parse() {
            Ok(id) if ids.contains(&id) => {}
            Ok(id) => ids.push(id),
            Err(_) => {
                malformed.push(item(field, index, "uuid_parsing", "Input should be a valid UUID"))
            }
        }
    }
    if malformed.is_empty() { Ok(ids) } else { Err(Error::Invalid(malformed)) }
}

fn all_there<T: FromStr>(
    field: &str,
    given: &[String],
    is_there: impl Fn(T) -> bool,
    message: &str,
) -> Result<()> {
    let absent = |text: &String| !text.parse().is_ok_and(&is_there);
    let absent = given.iter().enumerate().filter(|(_, text)| absent(text));
    let faults: Vec<_> =
        absent.map(|(index, _)| item(field, index, "not_found", message)).collect();
    if faults.is_empty() { Ok(()) } else { Err(Error::Invalid(faults)) }
}

fn item(field: &str, index: usize, kind: &'static str, message: &str) -> Violation {
    Violation::body(&format!("{field}.{index}"), kind, message)
}
