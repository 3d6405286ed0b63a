//! Skills, who holds them, and what their types offer (contract, catalogue §7).

use drover_domain::{Page, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use crate::agents::page;
use crate::check::{Check, Violations};
use crate::{NoQuery, Nothing, operations};

/// A new skill.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct SkillCreate {
    /// Unique in the organization.
    pub name: String,
    /// `shell`, `file_system`, …; required, under this name or the next.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The command line's name of `type`.
    pub skill_type: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// Name of an icon; `Wrench` if it is not given.
    pub icon: Option<String>,
    /// Whether agents get it; true if it is not said.
    pub enabled: Option<bool>,
    /// Restrictions and switches of its type.
    #[schema(value_type = Option<Object>)]
    pub configuration: Option<Map<String, Value>>,
    /// A ready-made configuration that `configuration` is laid over.
    pub variant: Option<String>,
}

impl SkillCreate {
    /// Its type, under either name.
    pub fn type_word(&self) -> Option<&str> {
        self.kind.as_deref().or(self.skill_type.as_deref())
    }
}

impl Check for SkillCreate {
    fn check(&self, violations: &mut Violations) {
        violations.text("name", &self.name, 1, 255);
        if self.type_word().is_none() {
            violations.add("type", "missing", "Field required");
        }
        violations.optional_text("description", self.description.as_deref(), 10_000);
        violations.optional_text("icon", self.icon.as_deref(), 100);
        check_configuration("configuration", self.configuration.as_ref(), violations);
    }
}

/// Changes of a skill; null means the same as absent.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct SkillUpdate {
    /// Unique in the organization.
    pub name: Option<String>,
    /// For people; empty removes it.
    pub description: Option<String>,
    /// Name of an icon.
    pub icon: Option<String>,
    /// Whether agents get it.
    pub enabled: Option<bool>,
    /// Replaces the configuration.
    #[schema(value_type = Option<Object>)]
    pub configuration: Option<Map<String, Value>>,
}

impl Check for SkillUpdate {
    fn check(&self, violations: &mut Violations) {
        if let Some(name) = &self.name {
            violations.text("name", name, 1, 255);
        }
        violations.optional_text("description", self.description.as_deref(), 10_000);
        violations.optional_text("icon", self.icon.as_deref(), 100);
        check_configuration("configuration", self.configuration.as_ref(), violations);
    }
}

pub(crate) fn check_configuration(
    field: &str,
    configuration: Option<&Map<String, Value>>,
    violations: &mut Violations,
) {
    if let Some(configuration) = configuration {
        violations.json(field, &Value::Object(configuration.clone()));
    }
}

/// Which skills are listed; all of them if nothing is said.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
pub struct SkillList {
    /// Skills to pass over, at most 10 000.
    pub skip: Option<i64>,
    /// Skills to return, 1 to 500.
    pub limit: Option<i64>,
}

impl SkillList {
    /// The part that is wanted; `None` for all.
    ///
    /// # Errors
    /// [`drover_domain::Error::Invalid`] naming what is out of bounds.
    pub fn part(&self) -> Result<Option<Page>> {
        if self.skip.is_none() && self.limit.is_none() {
            return Ok(None);
        }
        page(self.skip, self.limit, None).map(Some)
    }
}

/// A skill.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SkillResponse {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub organization_id: String,
    /// Unique in the organization.
    pub name: String,
    /// `shell`, `file_system`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// The same, by the command line's name.
    pub skill_type: String,
    /// For people.
    pub description: Option<String>,
    /// Name of an icon.
    pub icon: String,
    /// Whether agents get it.
    pub enabled: bool,
    /// Restrictions and switches of its type.
    #[schema(value_type = Object)]
    pub configuration: Value,
    /// When it was made.
    pub created_at: String,
    /// When it was last changed.
    pub updated_at: String,
}

/// A skill as its holders show it, with the holder's settings laid over its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SkillSummary {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `shell`, `file_system`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// For people.
    pub description: Option<String>,
    /// Always true: disabled ones are left out.
    pub enabled: bool,
    /// Restrictions and switches.
    #[schema(value_type = Object)]
    pub configuration: Value,
}

/// A skill as an agent gets it: all layers laid over each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ResolvedSkill {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `shell`, `file_system`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// For people.
    pub description: Option<String>,
    /// Name of an icon.
    pub icon: String,
    /// Always true: disabled ones are left out.
    pub enabled: bool,
    /// Restrictions and switches.
    #[schema(value_type = Object)]
    pub configuration: Value,
    /// The last layer that names it: `environment` or `agent`.
    pub source: String,
    /// Whether that is another than the agent's own.
    pub inherited: bool,
}

/// Which skill a holder gets.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct AssociationCreate {
    /// The skill.
    pub skill_id: String,
    /// Settings that are laid over those of the skill, key by key.
    #[schema(value_type = Option<Object>)]
    pub configuration_override: Option<Map<String, Value>>,
}

impl Check for AssociationCreate {
    fn check(&self, violations: &mut Violations) {
        let field = "configuration_override";
        check_configuration(field, self.configuration_override.as_ref(), violations);
    }
}

/// That a holder has a skill.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AssociationResponse {
    /// `Skill associated successfully`.
    pub message: String,
    /// Its id.
    pub id: String,
    /// `agent` or `environment`.
    pub entity_type: String,
    /// The holder's id.
    pub entity_id: String,
    /// The skill's id.
    pub skill_id: String,
    /// When it was given.
    pub created_at: String,
}

/// What all skill types offer.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SkillDefinitions {
    /// A definition each.
    #[schema(value_type = Vec<Object>)]
    pub skills: Vec<Value>,
}

/// The ready-made configurations of a type.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SkillVariants {
    /// The type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its variants.
    #[schema(value_type = Vec<Object>)]
    pub variants: Vec<Value>,
}

/// The ready-made configurations of all types.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SkillTemplates {
    /// A template each.
    #[schema(value_type = Vec<Object>)]
    pub templates: Vec<Value>,
}

/// The types.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SkillTypes {
    /// An entry each.
    pub types: Vec<SkillTypeEntry>,
}

/// A type.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SkillTypeEntry {
    /// Its word.
    #[serde(rename = "type")]
    pub kind: String,
    /// For people.
    pub name: String,
    /// For people.
    pub description: String,
    /// Name of an icon.
    pub icon: String,
}

/// A configuration by itself.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[schema(value_type = Object)]
#[serde(transparent)]
pub struct SkillConfiguration(pub Map<String, Value>);

impl Check for SkillConfiguration {
    fn check(&self, violations: &mut Violations) {
        check_configuration("", Some(&self.0), violations);
    }
}

/// That a configuration is valid.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ValidConfiguration {
    /// True.
    pub valid: bool,
    /// As it would be stored.
    #[schema(value_type = Object)]
    pub configuration: Map<String, Value>,
}

operations! { "skills";
    /// Makes a skill.
    Create = POST "/api/v1/skills", May(Write), NoQuery, SkillCreate => 201 SkillResponse;
    /// Lists skills, newest first, disabled ones too.
    List = GET "/api/v1/skills", May(Read), SkillList, Nothing => 200 Vec<SkillResponse>;
    /// Shows a skill.
    Get = GET "/api/v1/skills/{skill_id}", May(Read), NoQuery, Nothing => 200 SkillResponse;
    /// Changes a skill.
    Update = PATCH "/api/v1/skills/{skill_id}", May(Write), NoQuery, SkillUpdate => 200 SkillResponse;
    /// Changes a skill: what the SDK calls for PATCH.
    Put = PUT "/api/v1/skills/{skill_id}", May(Write), NoQuery, SkillUpdate => 200 SkillResponse;
    /// Deletes a skill, and takes it from its holders.
    Delete = DELETE "/api/v1/skills/{skill_id}", May(Write), NoQuery, Nothing => 204 Nothing;
    /// Gives a skill to an agent or environment.
    Associate = POST "/api/v1/skills/associations/{entity_type}/{entity_id}/skills", May(Write), NoQuery, AssociationCreate => 201 AssociationResponse;
    /// Lists the enabled skills of an agent or environment.
    Associations = GET "/api/v1/skills/associations/{entity_type}/{entity_id}/skills", May(Read), NoQuery, Nothing => 200 Vec<SkillResponse>;
    /// Takes a skill from an agent or environment.
    Dissociate = DELETE "/api/v1/skills/associations/{entity_type}/{entity_id}/skills/{skill_id}", May(Write), NoQuery, Nothing => 204 Nothing;
    /// Shows the skills that an agent gets: its environments' and its own.
    ResolvedOfAgent = GET "/api/v1/skills/associations/agents/{agent_id}/skills/resolved", May(Read), NoQuery, Nothing => 200 Vec<ResolvedSkill>;
    /// The same under its older name.
    ResolvedToolsetsOfAgent = GET "/api/v1/skills/associations/agents/{agent_id}/toolsets/resolved", May(Read), NoQuery, Nothing => 200 Vec<ResolvedSkill>;
    /// Shows what the skill types offer.
    Definitions = GET "/api/v1/skills/definitions", Public, NoQuery, Nothing => 200 SkillDefinitions;
    /// Shows what a skill type offers.
    Definition = GET "/api/v1/skills/definitions/{skill_type}", Public, NoQuery, Nothing => 200 Value;
    /// Lists the ready-made configurations of a skill type.
    Variants = GET "/api/v1/skills/definitions/{skill_type}/variants", Public, NoQuery, Nothing => 200 SkillVariants;
    /// Checks a configuration of a skill type.
    Validate = POST "/api/v1/skills/definitions/{skill_type}/validate", Public, NoQuery, SkillConfiguration => 200 ValidConfiguration;
    /// Lists the ready-made configurations of all skill types.
    Templates = GET "/api/v1/skills/templates", Public, NoQuery, Nothing => 200 SkillTemplates;
    /// Lists the skill types.
    Types = GET "/api/v1/skills/types", Public, NoQuery, Nothing => 200 SkillTypes;
}
