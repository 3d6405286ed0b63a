//! Agents (contract, catalogue §2). Not here: running one (`executions`).

use std::collections::BTreeMap;

use drover_domain::{Error, MAX_PAGE, MAX_SKIP, Page, Patch, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use crate::check::{Check, Violation, Violations};
use crate::environments::{EnvironmentRef, ExecutionEnvironment};
use crate::skills::{SkillSummary, check_configuration};
use crate::{NoQuery, Nothing, operations};

/// The runtimes an agent can name.
const RUNTIMES: [&str; 2] = ["default", "claude_code"];
/// The statuses an agent can have.
const STATUSES: [&str; 6] = ["idle", "running", "paused", "completed", "failed", "stopped"];

/// Settings for skills, by skill id.
pub type SkillConfigurations = BTreeMap<String, Map<String, Value>>;

/// A new agent.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct AgentCreate {
    /// Unique in the organization.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// Instructions; kept in `configuration.system_prompt`.
    pub system_prompt: Option<String>,
    /// What it can do, in any words.
    pub capabilities: Option<Vec<Value>>,
    /// Free settings.
    #[schema(value_type = Option<Object>)]
    pub configuration: Option<Map<String, Value>>,
    /// The model; the plane's default if it is not given.
    pub model_id: Option<String>,
    /// The same, and it wins.
    pub model: Option<String>,
    /// Settings of the model: temperature, max_tokens, …
    #[schema(value_type = Option<Object>)]
    pub llm_config: Option<Map<String, Value>>,
    /// `default` or `claude_code`; `default` is used if it is not given.
    pub runtime: Option<String>,
    /// Name of a runner.
    pub runner_name: Option<String>,
    /// The team it belongs to.
    pub team_id: Option<String>,
    /// The environments it is assigned to.
    pub environment_ids: Option<Vec<String>>,
    /// The skills it holds; a shell if none is given.
    pub skill_ids: Option<Vec<String>>,
    /// Settings that are laid over those of its skills.
    #[schema(value_type = Option<Object>)]
    pub skill_configurations: Option<SkillConfigurations>,
    /// What its runs get.
    pub execution_environment: Option<ExecutionEnvironment>,
}

impl Check for AgentCreate {
    fn check(&self, violations: &mut Violations) {
        violations.text("name", &self.name, 1, 255);
        Fields {
            description: self.description.as_deref(),
            system_prompt: self.system_prompt.as_deref(),
            capabilities: self.capabilities.as_deref(),
            configuration: self.configuration.as_ref(),
            models: [self.model_id.as_deref(), self.model.as_deref()],
            llm_config: self.llm_config.as_ref(),
            runtime: self.runtime.as_deref(),
            runner_name: self.runner_name.as_deref(),
            environment_ids: self.environment_ids.as_deref(),
            skill_ids: self.skill_ids.as_deref(),
            skill_configurations: self.skill_configurations.as_ref(),
            execution_environment: self.execution_environment.as_ref(),
        }
        .check(violations);
    }
}

/// Changes of an agent. A field that is absent stays; null and, for texts, an empty one clear it.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
pub struct AgentUpdate {
    /// Unique in the organization.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub name: Patch<String>,
    /// For people.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub description: Patch<String>,
    /// Instructions; kept in `configuration.system_prompt`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub system_prompt: Patch<String>,
    /// `idle`, `running`, `paused`, `completed`, `failed` or `stopped`; empty leaves it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub status: Patch<String>,
    /// What it can do, in any words.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Value>>)]
    pub capabilities: Patch<Vec<Value>>,
    /// Free settings; replaced whole.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub configuration: Patch<Map<String, Value>>,
    /// The model.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub model_id: Patch<String>,
    /// The same, and it wins, unless it is empty or null.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub model: Patch<String>,
    /// Settings of the model.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub llm_config: Patch<Map<String, Value>>,
    /// `default` or `claude_code`; empty leaves it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub runtime: Patch<String>,
    /// Name of a runner.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub runner_name: Patch<String>,
    /// The team it belongs to.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub team_id: Patch<String>,
    /// What it keeps for itself.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub state: Patch<Map<String, Value>>,
    /// When it last ran, as its worker says; the plane's own clock tells.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub last_active_at: Patch<String>,
    /// Why its last run failed, as its worker says.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub error_message: Patch<String>,
    /// Replaces the environments it is assigned to; null leaves them.
    pub environment_ids: Option<Vec<String>>,
    /// Replaces the skills it holds; null leaves them.
    pub skill_ids: Option<Vec<String>>,
    /// Settings that are laid over those of its skills.
    #[schema(value_type = Option<Object>)]
    pub skill_configurations: Option<SkillConfigurations>,
    /// What its runs get.
    #[serde(default)]
    #[schema(value_type = Option<ExecutionEnvironment>)]
    pub execution_environment: Patch<ExecutionEnvironment>,
}

impl AgentUpdate {
    /// Whether it is a worker's report of how the agent does, and nothing else.
    pub fn is_report(&self) -> bool {
        matches!(
            self,
            Self {
                name: Patch::Absent,
                description: Patch::Absent,
                system_prompt: Patch::Absent,
                status: Patch::Value(_),
                capabilities: Patch::Absent,
                configuration: Patch::Absent,
                model_id: Patch::Absent,
                model: Patch::Absent,
                llm_config: Patch::Absent,
                runtime: Patch::Absent,
                runner_name: Patch::Absent,
                team_id: Patch::Absent,
                state: _,
                last_active_at: Patch::Value(_),
                error_message: _,
                environment_ids: None,
                skill_ids: None,
                skill_configurations: None,
                execution_environment: Patch::Absent,
            }
        )
    }
}

impl Check for AgentUpdate {
    fn check(&self, violations: &mut Violations) {
        let error = text(&self.error_message);
        violations.optional_text("error_message", error, 64 * 1024);
        violations.optional_text("last_active_at", text(&self.last_active_at), 64);
        match &self.name {
            Patch::Value(name) => violations.text("name", name, 1, 255),
            Patch::Null => violations.add("name", "string_type", "Input should be a valid string"),
            Patch::Absent => {}
        }
        if let Some(status) = text(&self.status).filter(|status| !status.is_empty()) {
            violations.one_of("status", status, &STATUSES);
        }
        check_configuration("state", self.state.as_value(), violations);
        Fields {
            description: text(&self.description),
            system_prompt: text(&self.system_prompt),
            capabilities: self.capabilities.as_value().map(Vec::as_slice),
            configuration: self.configuration.as_value(),
            models: [text(&self.model_id), text(&self.model)],
            llm_config: self.llm_config.as_value(),
            runtime: text(&self.runtime),
            runner_name: text(&self.runner_name),
            environment_ids: self.environment_ids.as_deref(),
            skill_ids: self.skill_ids.as_deref(),
            skill_configurations: self.skill_configurations.as_ref(),
            execution_environment: self.execution_environment.as_value(),
        }
        .check(violations);
    }
}

fn text(patch: &Patch<String>) -> Option<&str> {
    patch.as_value().map(String::as_str)
}

/// What creating and changing have in common.
struct Fields<'a> {
    description: Option<&'a str>,
    system_prompt: Option<&'a str>,
    capabilities: Option<&'a [Value]>,
    configuration: Option<&'a Map<String, Value>>,
    models: [Option<&'a str>; 2],
    llm_config: Option<&'a Map<String, Value>>,
    runtime: Option<&'a str>,
    runner_name: Option<&'a str>,
    environment_ids: Option<&'a [String]>,
    skill_ids: Option<&'a [String]>,
    skill_configurations: Option<&'a SkillConfigurations>,
    execution_environment: Option<&'a ExecutionEnvironment>,
}

impl Fields<'_> {
    fn check(&self, violations: &mut Violations) {
        violations.optional_text("description", self.description, 10_000);
        violations.optional_text("model_id", self.models[0], 100);
        violations.optional_text("model", self.models[1], 100);
        violations.optional_text("runner_name", self.runner_name, 255);
        if let Some(prompt) = self.system_prompt {
            violations.prompt("system_prompt", prompt);
        }
        if let Some(runtime) = self.runtime.filter(|runtime| !runtime.is_empty()) {
            violations.one_of("runtime", runtime, &RUNTIMES);
        }
        if let Some(capabilities) = self.capabilities {
            violations.items("capabilities", capabilities.len());
            violations.json("capabilities", &capabilities.to_vec().into());
        }
        self.check_settings(violations);
        violations.items("environment_ids", self.environment_ids.map_or(0, <[_]>::len));
        violations.items("skill_ids", self.skill_ids.map_or(0, <[_]>::len));
    }

    fn check_settings(&self, violations: &mut Violations) {
        check_configuration("llm_config", self.llm_config, violations);
        if let Some(configuration) = self.configuration {
            // The prompt in it has the limits of a prompt.
            let mut rest = configuration.clone();
            match rest.remove("system_prompt") {
                Some(Value::String(prompt)) => {
                    violations.prompt("configuration.system_prompt", &prompt);
                }
                Some(Value::Null) | None => {}
                Some(_) => {
                    let message = "Input should be a valid string";
                    violations.add("configuration.system_prompt", "string_type", message);
                }
            }
            check_configuration("configuration", Some(&rest), violations);
        }
        if let Some(overrides) = self.skill_configurations {
            violations.items("skill_configurations", overrides.len());
            for (skill, configuration) in overrides {
                let field = format!("skill_configurations.{skill}");
                check_configuration(&field, Some(configuration), violations);
            }
        }
        if let Some(environment) = self.execution_environment {
            environment.check("execution_environment", violations);
        }
    }
}

/// Which agents are listed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
pub struct AgentList {
    /// Agents to pass over, at most 10 000.
    pub skip: Option<i64>,
    /// Agents to return, 1 to 500; 100 if it is not given.
    pub limit: Option<i64>,
    /// Only those in this status.
    pub status_filter: Option<String>,
    /// Only what comes after this place; from the header `X-Next-Cursor` of an earlier page.
    pub cursor: Option<String>,
}

impl AgentList {
    /// The part of the list that is wanted.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming what is out of bounds.
    pub fn page(&self) -> Result<Page> {
        page(self.skip, self.limit, self.cursor.clone())
    }
}

/// A part of a list, within bounds.
pub(crate) fn page(skip: Option<i64>, limit: Option<i64>, after: Option<String>) -> Result<Page> {
    let mut faults = Vec::new();
    let mut within = |field: &str, value: i64, least: u64, most: u64| {
        let number = u64::try_from(value).unwrap_or_default();
        if value < 0 || number < least {
            let message = format!("Input should be greater than or equal to {least}");
            faults.push(Violation::query(field, "greater_than_equal", message));
        } else if number > most {
            let message = format!("Input should be less than or equal to {most}");
            faults.push(Violation::query(field, "less_than_equal", message));
        }
        number
    };
    let skip = within("skip", skip.unwrap_or(0), 0, MAX_SKIP);
    let limit = within("limit", limit.unwrap_or(100), 1, MAX_PAGE);
    if faults.is_empty() { Ok(Page { skip, limit, after }) } else { Err(Error::Invalid(faults)) }
}

/// An agent.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AgentResponse {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub organization_id: String,
    /// Unique in the organization.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// Instructions: `configuration.system_prompt`.
    pub system_prompt: Option<String>,
    /// `idle`, `running`, …; changed by callers only.
    pub status: String,
    /// What it can do.
    pub capabilities: Vec<Value>,
    /// Free settings.
    #[schema(value_type = Object)]
    pub configuration: Value,
    /// The model; null means the plane's default.
    pub model_id: Option<String>,
    /// The same, by the command line's name.
    pub model: Option<String>,
    /// Settings of the model.
    #[schema(value_type = Object)]
    pub llm_config: Value,
    /// The runtime; null means `default`.
    pub runtime: Option<String>,
    /// Name of a runner.
    pub runner_name: Option<String>,
    /// The team it belongs to.
    pub team_id: Option<String>,
    /// When it was made.
    pub created_at: String,
    /// When it was last changed.
    pub updated_at: String,
    /// When it last ran.
    pub last_active_at: Option<String>,
    /// What it keeps for itself.
    #[schema(value_type = Object)]
    pub state: Value,
    /// Why its status is `failed`.
    pub error_message: Option<String>,
    /// The projects it is in.
    #[schema(value_type = Vec<Object>)]
    pub projects: Vec<Value>,
    /// The environments it is assigned to.
    pub environments: Vec<EnvironmentRef>,
    /// Ids of `environments`.
    pub environment_ids: Vec<String>,
    /// Ids of `skills`.
    pub skill_ids: Vec<String>,
    /// The enabled skills it holds.
    pub skills: Vec<SkillSummary>,
    /// What its runs get; null if nothing was said.
    pub execution_environment: Option<ExecutionEnvironment>,
}

operations! { "agents";
    /// Makes an agent.
    Create = POST "/api/v1/agents", May(Write), NoQuery, AgentCreate => 201 AgentResponse;
    /// Lists agents, newest first.
    List = GET "/api/v1/agents", May(Read), AgentList, Nothing => 200 Vec<AgentResponse>;
    /// Shows an agent.
    Get = GET "/api/v1/agents/{agent_id}", May(Read), NoQuery, Nothing => 200 AgentResponse;
    /// Changes an agent. A worker may only say how it does.
    Update = PATCH "/api/v1/agents/{agent_id}", May(Report), NoQuery, AgentUpdate => 200 AgentResponse;
    /// Deletes an agent.
    Delete = DELETE "/api/v1/agents/{agent_id}", May(Write), NoQuery, Nothing => 204 Nothing;
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(result: Result<impl Sized>) -> Vec<String> {
        match result {
            Err(Error::Invalid(found)) => {
                found.into_iter().map(|fault| fault.loc.join(".")).collect()
            }
            _ => Vec::new(),
        }
    }

    fn checked<T: Check + for<'a> Deserialize<'a>>(body: Value) -> Vec<String> {
        let body: T = serde_json::from_value(body).unwrap();
        let mut violations = Violations::default();
        body.check(&mut violations);
        fields(violations.finish())
    }

    #[test]
    fn a_page_out_of_bounds_is_named() {
        let list = |skip, limit| AgentList { skip, limit, ..AgentList::default() }.page();
        assert_eq!(list(None, None).unwrap(), Page::first(100));
        assert_eq!(list(Some(10_000), Some(500)).unwrap().skip, 10_000);
        assert_eq!(fields(list(Some(10_001), Some(0))), ["query.skip", "query.limit"]);
        assert_eq!(fields(list(Some(-1), Some(501))), ["query.skip", "query.limit"]);
    }

    #[test]
    fn limits_are_the_same_when_made_and_when_changed() {
        let bad = json!({
            "name": "", "runtime": "agno", "model_id": "x".repeat(101), "description": "\0",
            "configuration": {"system_prompt": 7}, "llm_config": {"a": "x".repeat(70_000)},
            "execution_environment": {"mcp_servers": {"one": {}}},
        });
        let wrong = [
            "body.name",
            "body.description",
            "body.model_id",
            "body.runtime",
            "body.llm_config",
            "body.configuration.system_prompt",
            "body.execution_environment.mcp_servers.one",
        ];
        assert_eq!(checked::<AgentCreate>(bad.clone()), wrong);
        assert_eq!(checked::<AgentUpdate>(bad), wrong);
    }

    #[test]
    fn empty_words_of_terraform_pass() {
        let sent =
            json!({"status": "", "runtime": "", "model_id": "", "team_id": "", "description": ""});
        assert_eq!(checked::<AgentUpdate>(sent), [""; 0]);
        assert_eq!(checked::<AgentUpdate>(json!({"name": null})), ["body.name"]);
        assert_eq!(checked::<AgentUpdate>(json!({"status": "asleep"})), ["body.status"]);
    }
}
