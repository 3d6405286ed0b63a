//! Worker queues (contract, workers §2).

use drover_domain::Patch;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::check::{Check, Violations};
use crate::environments::words_of;
use crate::{NoQuery, Nothing, operations};

/// The longest that an ephemeral queue waits for its first worker: a week.
const MAX_CLEANUP: i64 = 7 * 86_400;

/// A new queue of an environment.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct WorkerQueueCreate {
    /// Unique in its environment, 2 to 50 characters.
    pub name: String,
    /// For people.
    pub display_name: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// Workers that may serve it at once.
    pub max_workers: Option<i64>,
    /// Seconds between the signs of life of its workers: 10 to 300, 60 if not given.
    pub heartbeat_interval: Option<i64>,
    /// Words to find it by.
    pub tags: Option<Vec<String>>,
    /// Free settings; those of the model proxy are checked.
    #[schema(value_type = Option<Object>)]
    pub settings: Option<Value>,
    /// Whether it is left out of lists and goes with its last worker.
    pub ephemeral: Option<bool>,
    /// Whether its worker leaves after one run.
    pub single_execution_mode: Option<bool>,
    /// Seconds after which an ephemeral one goes that never had a worker: 1 to 604800, 3600 if not
    /// given.
    pub auto_cleanup_after_seconds: Option<i64>,
}

impl Check for WorkerQueueCreate {
    fn check(&self, violations: &mut Violations) {
        violations.text("name", &self.name, 2, 50);
        violations.optional_text("display_name", self.display_name.as_deref(), 255);
        violations.optional_text("description", self.description.as_deref(), 10_000);
        if let Some(workers) = self.max_workers {
            violations.range("max_workers", workers, 1, i32::MAX.into());
        }
        if let Some(seconds) = self.heartbeat_interval {
            violations.range("heartbeat_interval", seconds, 10, 300);
        }
        if let Some(seconds) = self.auto_cleanup_after_seconds {
            violations.range("auto_cleanup_after_seconds", seconds, 1, MAX_CLEANUP);
        }
        words_of("tags", self.tags.as_deref().unwrap_or_default(), violations);
        if let Some(settings) = &self.settings {
            violations.object("settings", settings);
            check_proxy(settings, violations);
        }
    }
}

/// What a queue's status may be.
const STATUSES: [&str; 4] = ["active", "inactive", "paused", "maintenance"];

/// Changes of a queue. A field that is absent stays; null clears it, where it can be cleared.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
pub struct WorkerQueueUpdate {
    /// Unique in its environment, 2 to 50 characters.
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
    /// `active`, `inactive`, `paused` or `maintenance`. Only an active one takes new workers and new
    /// runs; workers that it has go on, but for the one inside the plane.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub status: Patch<String>,
    /// Workers that may serve it at once; null lifts the limit. Those that it has stay.
    #[serde(default)]
    #[schema(value_type = Option<i64>)]
    pub max_workers: Patch<i64>,
    /// Seconds between the signs of life of its workers: 10 to 300.
    #[serde(default)]
    #[schema(value_type = Option<i64>)]
    pub heartbeat_interval: Patch<i64>,
    /// Words to find it by; replaced whole.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    pub tags: Patch<Vec<String>>,
    /// Free settings; replaced whole. Those of the model proxy are checked.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub settings: Patch<Value>,
}

impl Check for WorkerQueueUpdate {
    fn check(&self, violations: &mut Violations) {
        let text = |patch: &Patch<String>| patch.as_value().cloned();
        for (field, patch) in [("name", &self.name), ("status", &self.status)] {
            if *patch == Patch::Null {
                violations.add(field, "string_type", "Input should be a valid string");
            }
        }
        if let Some(name) = self.name.as_value() {
            violations.text("name", name, 2, 50);
        }
        violations.optional_text("display_name", text(&self.display_name).as_deref(), 255);
        violations.optional_text("description", text(&self.description).as_deref(), 10_000);
        if let Some(status) = self.status.as_value() {
            violations.one_of("status", status, &STATUSES);
        }
        if let Some(workers) = self.max_workers.as_value() {
            violations.range("max_workers", *workers, 1, i32::MAX.into());
        }
        if let Some(seconds) = self.heartbeat_interval.as_value() {
            violations.range("heartbeat_interval", *seconds, 10, 300);
        }
        words_of("tags", self.tags.as_value().map_or(&[], Vec::as_slice), violations);
        if let Some(settings) = self.settings.as_value() {
            violations.object("settings", settings);
            check_proxy(settings, violations);
        }
    }
}

/// The settings of the model proxy. Terraform knows settings as texts only: `"true"`, `"10"`.
fn check_proxy(settings: &Value, violations: &mut Violations) {
    let present = |key: &str| settings.get(key).filter(|value| !value.is_null());
    let enabled = present("enable_local_litellm_proxy").map(flag);
    if enabled == Some(None) {
        let message = "Input should be a valid boolean";
        violations.add("settings.enable_local_litellm_proxy", "bool_type", message);
    }
    for (key, least, most) in
        [("local_proxy_timeout_seconds", 5, 60), ("local_proxy_max_retries", 1, 10)]
    {
        let field = format!("settings.{key}");
        match present(key).map(whole) {
            Some(Some(number)) => violations.range(&field, number, least, most),
            Some(None) => violations.add(&field, "int_type", "Input should be a valid integer"),
            None => {}
        }
    }
    match present("litellm_config") {
        Some(config) => check_proxy_config(config, violations),
        None if enabled == Some(Some(true)) => {
            let message = "Field required when enable_local_litellm_proxy is true";
            violations.add("settings.litellm_config", "missing", message);
        }
        None => {}
    }
}

fn check_proxy_config(config: &Value, violations: &mut Violations) {
    const FIELD: &str = "settings.litellm_config";
    if !config.is_object() {
        return violations.add(FIELD, "dict_type", "Input should be an object");
    }
    let is_model =
        |model: &Value| model["model_name"].is_string() && model["litellm_params"].is_object();
    if !config["model_list"].as_array().is_some_and(|models| models.iter().all(is_model)) {
        let message = "Input should be a list of objects with model_name and litellm_params";
        violations.add(&format!("{FIELD}.model_list"), "list_type", message);
    }
    for key in ["litellm_settings", "environment_variables"] {
        if !config[key].is_null() && !config[key].is_object() {
            violations.add(&format!("{FIELD}.{key}"), "dict_type", "Input should be an object");
        }
    }
}

fn flag(value: &Value) -> Option<bool> {
    value.as_bool().or_else(|| value.as_str()?.to_ascii_lowercase().parse().ok())
}

fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// A queue.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WorkerQueueResponse {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub organization_id: String,
    /// The environment it belongs to.
    pub environment_id: String,
    /// Unique in its environment.
    pub name: String,
    /// For people; empty if it was not given.
    pub display_name: String,
    /// For people; empty if it was not given.
    pub description: String,
    /// `active`, `inactive`, …
    pub status: String,
    /// Workers that may serve it at once.
    pub max_workers: Option<i32>,
    /// Seconds between the signs of life of its workers.
    pub heartbeat_interval: i32,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Free settings.
    #[schema(value_type = Object)]
    pub settings: Value,
    /// When it was made.
    pub created_at: String,
    /// When it was last changed.
    pub updated_at: String,
    /// The id of the user who made it.
    pub created_by: Option<String>,
    /// Workers that serve it now.
    pub active_workers: u32,
    /// The queue's id: what workers poll.
    pub task_queue_name: String,
}

/// Which runs of a queue.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct QueueExecutionList {
    /// Runs to return, 1 to 500; default 10.
    #[serde(default)]
    pub limit: Option<i64>,
    /// In this state, any case; `all` if it is not given.
    #[serde(default)]
    pub status: Option<String>,
}

/// A run of a queue.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct QueueExecution {
    /// Its id.
    pub id: String,
    /// Where it stands.
    pub status: String,
    /// The agent.
    pub entity_id: String,
    /// The agent's name.
    pub entity_name: Option<String>,
    /// `AGENT` or `TEAM`.
    pub execution_type: String,
    /// What was asked, at most 200 characters.
    pub prompt: String,
    /// When it was accepted.
    pub created_at: String,
    /// When a worker first took it.
    pub started_at: Option<String>,
    /// When it ended.
    pub completed_at: Option<String>,
    /// `agent-execution-<id>`.
    pub temporal_workflow_id: String,
}

/// How a worker of a queue is started.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WorkerQueueCommandResponse {
    /// The queue.
    pub queue_id: String,
    /// To be typed.
    pub command: String,
    /// The same in parts.
    #[schema(value_type = Object)]
    pub command_parts: Value,
    /// Whether the queue takes workers.
    pub can_register: bool,
    /// The queue's status.
    pub queue_status: String,
    /// Workers that serve it now.
    pub active_workers: u32,
    /// Workers that may serve it at once.
    pub max_workers: Option<i32>,
}

/// How a queue did in the last 24 hours, and what it does now.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WorkerQueueMetricsResponse {
    /// The queue.
    pub queue_id: String,
    /// Workers that serve it now, the one inside the plane among them.
    pub active_workers: u32,
    /// Those of them that do nothing on it.
    pub idle_workers: u32,
    /// Those of them that do something on it.
    pub busy_workers: u32,
    /// Workers that have registered and not left, though some may not be heard at the moment.
    pub total_workers: u32,
    /// Runs that were accepted in the last 24 hours and have completed or failed.
    pub tasks_processed_24h: u64,
    /// Those of them that have failed.
    pub tasks_failed_24h: u64,
    /// Runs that wait for a worker.
    pub tasks_pending: u64,
    /// Milliseconds from the first worker to the end, of those that have completed.
    pub avg_task_duration_ms: f64,
    /// Those that have failed among those that are processed.
    pub error_rate_percent: f64,
    /// When the last of them failed.
    pub last_error_at: Option<String>,
    /// Model turns and tool calls that wait for a worker.
    pub task_queue_backlog: u64,
    /// Workers that take what waits.
    pub task_queue_pollers: u32,
    /// When something last changed about a run of the last 24 hours, or one that is not over.
    pub last_activity_at: Option<String>,
    /// When this was counted.
    pub updated_at: String,
}

/// Which workflows of a queue.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct QueueWorkflowList {
    /// Of runs in this state, any case.
    #[serde(default)]
    pub status_filter: Option<String>,
    /// Workflows to return, 1 to 500; default 100.
    #[serde(default)]
    pub limit: Option<i64>,
}

/// The workflows of a queue: each drives a run.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WorkflowsListResponse {
    /// The newest first.
    pub workflows: Vec<WorkflowListItem>,
    /// How many these are.
    pub total: usize,
    /// Those of these that wait for a worker.
    pub pending_count: usize,
    /// Those of these that run.
    pub running_count: usize,
    /// Those of these that have completed.
    pub completed_count: usize,
    /// Those of these that have failed.
    pub failed_count: usize,
}

/// A workflow that drives a run.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WorkflowListItem {
    /// `agent-execution-<id>`.
    pub workflow_id: String,
    /// The run's id: it has one workflow.
    pub run_id: String,
    /// The queue's id.
    pub task_queue: String,
    /// Always null: steps of a run go to any worker of the queue.
    pub worker_id: Option<String>,
    /// Where the run stands.
    pub status: String,
    /// The run's id.
    pub execution_id: String,
    /// When a worker first took it.
    pub started_at: Option<String>,
    /// When it ended.
    pub close_time: Option<String>,
    /// `agent-execution-workflow`.
    pub workflow_type: String,
    /// Always 1: a workflow begins once.
    pub attempt: u32,
    /// Always 0: the run's own log is its history.
    pub history_length: u32,
}

/// For what a script is.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct InstallScriptQuery {
    /// `local` (a shell script, unless another one is named), `docker` (the same), `kubernetes` or
    /// `openshift` (manifests).
    #[serde(default)]
    pub deployment_type: Option<String>,
    /// `text` (unless the other is named) or `json`, for `{"script": …}`.
    #[serde(default)]
    pub format: Option<String>,
}

/// What starts a worker of a queue somewhere.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct InstallScript {
    /// A shell script, or manifests. It names the secret that it needs, and holds none.
    pub script: String,
}

/// A queue as its workers are configured by it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WorkerQueueConfigResponse {
    /// The queue.
    pub queue_id: String,
    /// Its name.
    pub name: String,
    /// For people.
    pub display_name: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// `active`, `inactive`, …
    pub status: String,
    /// Workers that may serve it at once.
    pub max_workers: Option<i32>,
    /// Seconds between the signs of life of its workers.
    pub heartbeat_interval: i32,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Free settings.
    #[schema(value_type = Object)]
    pub settings: Value,
    /// Changes with what a worker is configured by.
    pub config_version: String,
    /// When the queue was last changed.
    pub config_updated_at: String,
    /// None is recommended.
    pub recommended_package_version: Option<String>,
    /// The environment it belongs to.
    pub environment_id: String,
    /// The environment's name.
    pub environment_name: String,
}

/// A worker wants to update itself, alone of its queue.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct UpdateLockRequest {
    /// What it calls itself; the path's name wins.
    pub worker_id: String,
    /// Seconds after which others may, 60 to 600; 300 if it is not given.
    #[serde(default = "five_minutes")]
    pub lock_duration_seconds: i64,
}

fn five_minutes() -> i64 {
    300
}

impl Check for UpdateLockRequest {
    fn check(&self, violations: &mut Violations) {
        violations.text("worker_id", &self.worker_id, 1, 255);
        violations.range("lock_duration_seconds", self.lock_duration_seconds, 60, 600);
    }
}

/// It may.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct UpdateLockResponse {
    /// Names the lock.
    pub lock_id: String,
    /// Who holds it.
    pub worker_id: String,
    /// The queue.
    pub queue_id: String,
    /// Since when.
    pub acquired_at: String,
    /// Until when.
    pub expires_at: String,
    /// Yes.
    pub locked: bool,
}

/// Whether a worker of a queue updates itself.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct UpdateLockStatus {
    /// Whether one does.
    pub locked: bool,
    /// The queue.
    pub queue_id: String,
    /// Whether locks are kept: yes.
    pub lock_coordination_available: bool,
    /// Who holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker_id: Option<String>,
    /// Names the lock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock_id: Option<String>,
    /// Since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acquired_at: Option<String>,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// Seconds until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_seconds: Option<i64>,
}

operations! { "queues";
    /// Lists the lasting worker queues of the organization, oldest first.
    List = GET "/api/v1/worker-queues", May(Read), NoQuery, Nothing => 200 Vec<WorkerQueueResponse>;
    /// Shows a worker queue.
    Get = GET "/api/v1/worker-queues/{queue_id}", May(Read), NoQuery, Nothing => 200 WorkerQueueResponse;
    /// Makes a worker queue in an environment.
    Create = POST "/api/v1/environments/{environment_id}/worker-queues", May(Write), NoQuery, WorkerQueueCreate => 201 WorkerQueueResponse;
    /// Lists the lasting worker queues of an environment, oldest first.
    ListOfEnvironment = GET "/api/v1/environments/{environment_id}/worker-queues", May(Read), NoQuery, Nothing => 200 Vec<WorkerQueueResponse>;
    /// Lists the runs of a queue, newest first.
    Executions = GET "/api/v1/worker-queues/{queue_id}/executions", May(Read), QueueExecutionList, Nothing => 200 Vec<QueueExecution>;
    /// Changes a worker queue.
    Update = PATCH "/api/v1/worker-queues/{queue_id}", May(Write), NoQuery, WorkerQueueUpdate => 200 WorkerQueueResponse;
    /// Deletes a worker queue without workers. Runs that are not over are in its way, unless it is
    /// ephemeral: then they are cancelled.
    Delete = DELETE "/api/v1/worker-queues/{queue_id}", May(Write), NoQuery, Nothing => 204 Nothing;
    /// Counts what a queue did in the last 24 hours and what it does now.
    Metrics = GET "/api/v1/worker-queues/{queue_id}/metrics", May(Read), NoQuery, Nothing => 200 WorkerQueueMetricsResponse;
    /// Lists the workflows of a queue's runs, newest first.
    Workflows = GET "/api/v1/worker-queues/{queue_id}/workflows", May(Read), QueueWorkflowList, Nothing => 200 WorkflowsListResponse;
    /// Writes what starts a worker of a queue somewhere: as text, or with `format=json` as
    /// `{"script": …}`.
    InstallScriptOperation = GET "/api/v1/worker-queues/{queue_id}/install-script", May(Read), InstallScriptQuery, Nothing => 200 InstallScript;
    /// Says how a worker of a queue is started.
    WorkerCommand = GET "/api/v1/worker-queues/{queue_id}/worker-command", May(Read), NoQuery, Nothing => 200 WorkerQueueCommandResponse;
    /// Shows a queue as its workers are configured by it.
    Config = GET "/api/v1/worker-queues/{queue_id}/config", May(Read), NoQuery, Nothing => 200 WorkerQueueConfigResponse;
    /// Lets a worker update itself, alone of its queue.
    Lock = POST "/api/v1/worker-queues/{queue_id}/workers/{worker_id}/update-lock", May(Report), NoQuery, UpdateLockRequest => 200 UpdateLockResponse;
    /// Lets others update themselves.
    Unlock = DELETE "/api/v1/worker-queues/{queue_id}/workers/{worker_id}/update-lock", May(Report), NoQuery, Nothing => 204 Nothing;
    /// Says whether a worker of a queue updates itself.
    LockStatus = GET "/api/v1/worker-queues/{queue_id}/update-lock-status", May(Read), NoQuery, Nothing => 200 UpdateLockStatus;
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn faults(settings: Value) -> usize {
        let mut violations = Violations::default();
        check_proxy(&settings, &mut violations);
        match violations.finish() {
            Err(drover_domain::Error::Invalid(found)) => found.len(),
            _ => 0,
        }
    }

    #[test]
    fn the_proxys_settings_are_checked() {
        let config = json!({"model_list": [{"model_name": "m", "litellm_params": {}}]});
        for good in [
            json!({}),
            json!({"region": "eu", "enable_local_litellm_proxy": null}),
            json!({"enable_local_litellm_proxy": "false", "local_proxy_timeout_seconds": "10"}),
            json!({"enable_local_litellm_proxy": true, "litellm_config": config}),
        ] {
            assert_eq!(faults(good.clone()), 0, "{good}");
        }
        for bad in [
            json!({"enable_local_litellm_proxy": true}),
            json!({"enable_local_litellm_proxy": 7}),
            json!({"local_proxy_timeout_seconds": 61}),
            json!({"local_proxy_max_retries": "many"}),
            json!({"litellm_config": []}),
            json!({"litellm_config": {"model_list": [{}]}}),
            json!({"litellm_config": {"model_list": [], "litellm_settings": 1}}),
        ] {
            assert_eq!(faults(bad.clone()), 1, "{bad}");
        }
    }
}
