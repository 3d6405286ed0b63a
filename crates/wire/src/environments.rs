//! Environments (contract, workers §1), and the execution environment that agents and environments
//! carry (contract, catalogue §1).

use std::collections::BTreeMap;

use drover_domain::Patch;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use crate::check::{Check, Violations};
use crate::object::object_only;
use crate::skills::SkillSummary;
use crate::{NoQuery, Nothing, operations};

/// The statuses that an environment can have.
const STATUSES: [&str; 7] =
    ["pending", "provisioning", "ready", "active", "inactive", "error", "archived"];
/// The longest name or value of a variable, header or argument.
const MAX_VALUE: usize = 32 * 1024;

/// What runs get from an agent or environment: variables, names of secrets, integrations, MCP servers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, remote = "Self")]
pub struct ExecutionEnvironment {
    /// Where runs work instead of their own workspace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub working_dir: Option<String>,
    /// Environment variables.
    pub env_vars: BTreeMap<String, String>,
    /// Names of secrets.
    pub secrets: Vec<String>,
    /// Ids of integrations.
    #[serde(alias = "integrations")]
    pub integration_ids: Vec<String>,
    /// Ids of custom integrations.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub custom_integration_ids: Vec<String>,
    /// MCP servers by name.
    pub mcp_servers: BTreeMap<String, McpServer>,
}

/// An MCP server: a command to start, or a URL to call.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, remote = "Self")]
pub struct McpServer {
    /// The program of a server that speaks over standard input and output.
    pub command: Option<String>,
    /// Its arguments.
    pub args: Option<Vec<String>>,
    /// Its environment variables.
    pub env: Option<BTreeMap<String, String>>,
    /// `http` or `sse`; `type` is taken too.
    #[serde(alias = "type")]
    pub transport_type: Option<String>,
    /// Where a server that is called listens.
    pub url: Option<String>,
    /// Headers of such calls.
    pub headers: Option<BTreeMap<String, String>>,
}

object_only!(ExecutionEnvironment);
object_only!(McpServer);

impl ExecutionEnvironment {
    /// Adds what is wrong with it, below `field`.
    pub fn check(&self, field: &str, violations: &mut Violations) {
        let at = |part: &str| format!("{field}.{part}");
        violations.optional_text(&at("working_dir"), self.working_dir.as_deref(), 4096);
        variables(&at("env_vars"), &self.env_vars, violations);
        for (list, words) in [
            ("secrets", &self.secrets),
            ("integration_ids", &self.integration_ids),
            ("custom_integration_ids", &self.custom_integration_ids),
        ] {
            words_of(&at(list), words, violations);
        }
        violations.items(&at("mcp_servers"), self.mcp_servers.len());
        for (name, server) in &self.mcp_servers {
            let field = format!("{field}.mcp_servers.{name}");
            violations.text(&field, name, 1, 255);
            server.check(&field, violations);
        }
        violations.size(field, &self.stored());
    }

    /// As it is stored and shown.
    pub fn stored(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

impl McpServer {
    fn check(&self, field: &str, violations: &mut Violations) {
        if let Some(fault) = self.transport_fault() {
            violations.add(field, "value_error", fault);
        }
        let texts = [("command", &self.command), ("url", &self.url)];
        for (part, text) in texts {
            violations.optional_text(&format!("{field}.{part}"), text.as_deref(), MAX_VALUE);
        }
        if let Some(args) = &self.args {
            violations.items(&format!("{field}.args"), args.len());
            for (index, arg) in args.iter().enumerate() {
                violations.text(&format!("{field}.args.{index}"), arg, 0, MAX_VALUE);
            }
        }
        for (part, map) in [("env", &self.env), ("headers", &self.headers)] {
            if let Some(map) = map {
                variables(&format!("{field}.{part}"), map, violations);
            }
        }
    }

    /// Exactly one transport (contract, catalogue §1).
    fn transport_fault(&self) -> Option<&'static str> {
        let blank =
            |text: &Option<String>| text.as_ref().is_some_and(|text| text.trim().is_empty());
        if blank(&self.command) {
            return Some("command should not be blank");
        }
        if blank(&self.url) {
            return Some("url should not be blank");
        }
        match (&self.command, self.transport_type.as_deref(), &self.url) {
            (_, Some(kind), _) if !["http", "sse"].contains(&kind) => {
                Some("transport_type should be 'http' or 'sse'")
            }
            (None, None, None) => Some("Either command or transport_type and url should be given"),
            (Some(_), None, None) | (None, Some(_), Some(_)) => None,
            (Some(_), _, _) => Some("Only one of command and transport_type with url can be given"),
            (None, None, Some(_)) => Some("url needs transport_type"),
            (None, Some(_), None) => Some("transport_type needs url"),
        }
    }
}

fn variables(field: &str, variables: &BTreeMap<String, String>, violations: &mut Violations) {
    violations.items(field, variables.len());
    for (name, value) in variables {
        let field = format!("{field}.{name}");
        violations.text(&field, name, 1, 1024);
        if name.contains('=') {
            violations.add(&field, "string_pattern_mismatch", "Name should not contain =");
        }
        violations.text(&field, value, 0, MAX_VALUE);
    }
}

pub(crate) fn words_of(field: &str, words: &[String], violations: &mut Violations) {
    violations.items(field, words.len());
    for (index, word) in words.iter().enumerate() {
        violations.text(&format!("{field}.{index}"), word, 0, 255);
    }
}

/// A new environment. The second half are the command line's names for parts of the first.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct EnvironmentCreate {
    /// Unique in the organization, 2 to 100 characters.
    pub name: String,
    /// For people; the name if it is not given.
    pub display_name: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// Words to find it by.
    pub tags: Option<Vec<String>>,
    /// Free settings.
    #[schema(value_type = Option<Object>)]
    pub settings: Option<Value>,
    /// What its runs get.
    pub execution_environment: Option<ExecutionEnvironment>,
    /// `execution_environment.env_vars`.
    pub variables: Option<BTreeMap<String, String>>,
    /// `execution_environment.secrets`.
    pub secrets: Option<Vec<String>>,
    /// `execution_environment.integration_ids`.
    pub integrations: Option<Vec<String>>,
    /// `settings`.
    #[schema(value_type = Option<Object>)]
    pub configuration: Option<Value>,
}

impl EnvironmentCreate {
    /// What its runs get, under either name; `None` where nothing was said.
    pub fn runs_get(&self) -> Option<ExecutionEnvironment> {
        let Self { variables, secrets, integrations, .. } = self;
        let aliased = variables.is_some() || secrets.is_some() || integrations.is_some();
        if self.execution_environment.is_none() && !aliased {
            return None;
        }
        let mut given = self.execution_environment.clone().unwrap_or_default();
        if let (true, Some(variables)) = (given.env_vars.is_empty(), variables) {
            given.env_vars.clone_from(variables);
        }
        if let (true, Some(secrets)) = (given.secrets.is_empty(), secrets) {
            given.secrets.clone_from(secrets);
        }
        if let (true, Some(integrations)) = (given.integration_ids.is_empty(), integrations) {
            given.integration_ids.clone_from(integrations);
        }
        Some(given)
    }

    /// Free settings, under either name.
    pub fn free_settings(&self) -> Value {
        let given = self.settings.as_ref().or(self.configuration.as_ref());
        given.cloned().unwrap_or_else(|| Map::new().into())
    }
}

impl Check for EnvironmentCreate {
    fn check(&self, violations: &mut Violations) {
        violations.text("name", &self.name, 2, 100);
        violations.optional_text("display_name", self.display_name.as_deref(), 255);
        violations.optional_text("description", self.description.as_deref(), 10_000);
        words_of("tags", self.tags.as_deref().unwrap_or_default(), violations);
        for (field, value) in [("settings", &self.settings), ("configuration", &self.configuration)]
        {
            if let Some(value) = value {
                violations.object(field, value);
            }
        }
        if let Some(runs_get) = self.runs_get() {
            runs_get.check("execution_environment", violations);
        }
    }
}

/// Changes of an environment. A field that is absent stays; null clears it. The last four are the
/// command line's names for parts of the others.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
pub struct EnvironmentUpdate {
    /// Unique in the organization; that of `default` stays.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub name: Patch<String>,
    /// For people.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub display_name: Patch<String>,
    /// For people.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub description: Patch<String>,
    /// Words to find it by; replaced whole.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    pub tags: Patch<Vec<String>>,
    /// Free settings; replaced whole.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub settings: Patch<Map<String, Value>>,
    /// `pending`, `provisioning`, `ready`, `active`, `inactive`, `error` or `archived`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub status: Patch<String>,
    /// What its runs get; replaced whole.
    #[serde(default)]
    #[schema(value_type = Option<ExecutionEnvironment>)]
    pub execution_environment: Patch<ExecutionEnvironment>,
    /// `execution_environment.env_vars`; the rest of it stays.
    pub variables: Option<BTreeMap<String, String>>,
    /// `execution_environment.secrets`; the rest of it stays.
    pub secrets: Option<Vec<String>>,
    /// `execution_environment.integration_ids`; the rest of it stays.
    pub integrations: Option<Vec<String>>,
    /// `settings`.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub configuration: Patch<Map<String, Value>>,
}

impl EnvironmentUpdate {
    /// What its runs get from now on, given what they got; `None` where nothing was said of it.
    pub fn runs_get(&self, before: &Value) -> Option<Value> {
        let Self { variables, secrets, integrations, .. } = self;
        let aliased = variables.is_some() || secrets.is_some() || integrations.is_some();
        let mut given = match &self.execution_environment {
            Patch::Value(given) => given.clone(),
            Patch::Null if !aliased => return Some(Map::new().into()),
            Patch::Absent if !aliased => return None,
            Patch::Null => ExecutionEnvironment::default(),
            Patch::Absent => serde_json::from_value(before.clone()).unwrap_or_default(),
        };
        let replaces = !matches!(self.execution_environment, Patch::Value(_));
        if let Some(variables) =
            variables.as_ref().filter(|_| replaces || given.env_vars.is_empty())
        {
            given.env_vars.clone_from(variables);
        }
        if let Some(secrets) = secrets.as_ref().filter(|_| replaces || given.secrets.is_empty()) {
            given.secrets.clone_from(secrets);
        }
        let free = replaces || given.integration_ids.is_empty();
        if let Some(integrations) = integrations.as_ref().filter(|_| free) {
            given.integration_ids.clone_from(integrations);
        }
        Some(given.stored())
    }

    /// Free settings, under either name.
    pub fn free_settings(&self) -> &Patch<Map<String, Value>> {
        if self.settings.is_present() { &self.settings } else { &self.configuration }
    }
}

impl Check for EnvironmentUpdate {
    fn check(&self, violations: &mut Violations) {
        let text = |patch: &Patch<String>| patch.as_value().cloned();
        for (field, patch) in [("name", &self.name), ("status", &self.status)] {
            if matches!(patch, Patch::Null) {
                violations.add(field, "string_type", "Input should be a valid string");
            }
        }
        if let Some(name) = self.name.as_value() {
            violations.text("name", name, 2, 100);
        }
        if let Some(status) = self.status.as_value() {
            violations.one_of("status", status, &STATUSES);
        }
        violations.optional_text("display_name", text(&self.display_name).as_deref(), 255);
        violations.optional_text("description", text(&self.description).as_deref(), 10_000);
        words_of("tags", self.tags.as_value().map_or(&[], Vec::as_slice), violations);
        for (field, patch) in [("settings", &self.settings), ("configuration", &self.configuration)]
        {
            if let Some(settings) = patch.as_value() {
                violations.json(field, &settings.clone().into());
            }
        }
        if let Some(given) = self.execution_environment.as_value() {
            given.check("execution_environment", violations);
        }
        if let Some(given) = &self.variables {
            variables("variables", given, violations);
            violations.size("variables", &serde_json::to_value(given).unwrap_or_default());
        }
        for (field, words) in [("secrets", &self.secrets), ("integrations", &self.integrations)] {
            words_of(field, words.as_deref().unwrap_or_default(), violations);
        }
    }
}

/// Which environments are listed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
pub struct EnvironmentList {
    /// Only those in this status.
    pub status_filter: Option<String>,
}

/// An environment.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EnvironmentResponse {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub organization_id: String,
    /// Unique in the organization.
    pub name: String,
    /// For people.
    pub display_name: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Free settings.
    #[schema(value_type = Object)]
    pub settings: Value,
    /// `ready`, `active`, `inactive`, …
    pub status: String,
    /// When it was made.
    pub created_at: String,
    /// When it was last changed.
    pub updated_at: String,
    /// The id of the user who made it.
    pub created_by: Option<String>,
    /// Always null: a worker has an API key, and no token beside it.
    pub worker_token: Option<String>,
    /// Always null: nothing has to be provisioned.
    pub provisioning_workflow_id: Option<String>,
    /// Always null.
    pub provisioned_at: Option<String>,
    /// Why its status is `error`.
    pub error_message: Option<String>,
    /// Always null.
    pub temporal_namespace_id: Option<String>,
    /// Always 0: its queues count their workers.
    pub active_workers: u32,
    /// Always 0.
    pub idle_workers: u32,
    /// Always 0.
    pub busy_workers: u32,
    /// Ids of `skills`.
    pub skill_ids: Vec<String>,
    /// The enabled skills that its agents inherit.
    pub skills: Vec<SkillSummary>,
    /// What its runs get; `{}` if nothing was said.
    #[schema(value_type = Object)]
    pub execution_environment: Value,
    /// `execution_environment.env_vars`.
    pub variables: BTreeMap<String, String>,
    /// `execution_environment.secrets`.
    pub secrets: Vec<String>,
    /// `execution_environment.integration_ids`.
    pub integrations: Vec<String>,
    /// `settings`.
    #[schema(value_type = Object)]
    pub configuration: Value,
}

/// An environment, as an agent shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EnvironmentRef {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// For people.
    pub display_name: Option<String>,
    /// Its status.
    pub status: String,
}

/// How a worker of an environment is started: one that serves all of its active queues.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EnvironmentCommandResponse {
    /// Always empty: a worker has an API key, and that is shown to nobody again.
    pub worker_token: String,
    /// The environment's name.
    pub environment_name: String,
    /// To be typed, with the key in `DROVER_API_KEY`.
    pub command: String,
    /// The same in parts.
    #[schema(value_type = Object)]
    pub command_parts: Value,
    /// The environment's status: there is no namespace of its own.
    pub namespace_status: String,
    /// Whether the environment takes workers: it is active, and so is a queue of it.
    pub can_register: bool,
    /// Always null: nothing has to be provisioned.
    pub provisioning_workflow_id: Option<String>,
}

operations! { "environments";
    /// Makes an environment.
    Create = POST "/api/v1/environments", May(Write), NoQuery, EnvironmentCreate => 201 EnvironmentResponse;
    /// Lists environments, oldest first.
    List = GET "/api/v1/environments", May(Read), EnvironmentList, Nothing => 200 Vec<EnvironmentResponse>;
    /// Shows an environment.
    Get = GET "/api/v1/environments/{environment_id}", May(Read), NoQuery, Nothing => 200 EnvironmentResponse;
    /// Changes an environment.
    Update = PATCH "/api/v1/environments/{environment_id}", May(Write), NoQuery, EnvironmentUpdate => 200 EnvironmentResponse;
    /// Deletes an environment with its queues.
    Delete = DELETE "/api/v1/environments/{environment_id}", May(Write), NoQuery, Nothing => 204 Nothing;
    /// Says how a worker of an environment's queues is started.
    WorkerCommand = GET "/api/v1/environments/{environment_id}/worker-command", May(Read), NoQuery, Nothing => 200 EnvironmentCommandResponse;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(environment: Value) -> Vec<String> {
        let given: ExecutionEnvironment = serde_json::from_value(environment).unwrap();
        let mut violations = Violations::default();
        given.check("execution_environment", &mut violations);
        match violations.finish() {
            Err(drover_domain::Error::Invalid(found)) => {
                found.into_iter().map(|fault| fault.message).collect()
            }
            _ => Vec::new(),
        }
    }

    fn server(server: Value) -> Vec<String> {
        faults(serde_json::json!({ "mcp_servers": { "one": server } }))
    }

    #[test]
    fn an_mcp_server_has_exactly_one_transport() {
        use serde_json::json;
        let none: [&str; 0] = [];
        assert_eq!(server(json!({"command": "npx", "args": ["-y"]})), none);
        assert_eq!(server(json!({"type": "http", "url": "https://x"})), none);
        assert_eq!(server(json!({"transport_type": "sse", "url": "https://x"})), none);
        for bad in [
            json!({}),
            json!({"command": " "}),
            json!({"command": "npx", "type": "http", "url": "https://x"}),
            json!({"command": "npx", "url": "https://x"}),
            json!({"url": "https://x"}),
            json!({"type": "http"}),
            json!({"type": "stdio", "command": "npx"}),
        ] {
            assert_eq!(server(bad.clone()).len(), 1, "{bad}");
        }
    }

    #[test]
    fn variables_that_no_process_can_have_are_refused() {
        use serde_json::json;
        for bad in [json!({"": "x"}), json!({"A=B": "x"}), json!({"A": "x\0"}), json!({"A\0": "x"})]
        {
            assert_eq!(faults(json!({"env_vars": bad})).len(), 1, "{bad}");
        }
    }
}
