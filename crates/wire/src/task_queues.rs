//! Task queues: an older name of environments, for the same rows (contract, workers §3).

use drover_domain::Patch;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::check::{Check, Violations};
use crate::environments::{EnvironmentCreate, EnvironmentList, EnvironmentUpdate};
use crate::{NoQuery, Nothing, operations};

/// A new environment, under its older name.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct TaskQueueCreate {
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
    /// 1 to 10. Taken and passed over: queues have no order among each other.
    pub priority: Option<i64>,
    /// Policies to begin with. There are none yet, so any is one too many.
    pub policy_ids: Option<Vec<String>>,
}

impl Check for TaskQueueCreate {
    fn check(&self, violations: &mut Violations) {
        self.environment().check(violations);
        priority(self.priority, violations);
        no_policy(self.policy_ids.as_deref(), violations);
    }
}

impl TaskQueueCreate {
    /// The same under the newer name.
    pub fn environment(&self) -> EnvironmentCreate {
        EnvironmentCreate {
            name: self.name.clone(),
            display_name: self.display_name.clone(),
            description: self.description.clone(),
            tags: self.tags.clone(),
            settings: self.settings.clone(),
            ..EnvironmentCreate::default()
        }
    }
}

/// Changes of an environment, under its older name. A field that is absent stays; null clears it.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
pub struct TaskQueueUpdate {
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
    /// `ready`, `active`, `inactive`, …
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub status: Patch<String>,
    /// 1 to 10. Taken and passed over: queues have no order among each other.
    pub priority: Option<i64>,
    /// Its policies. There are none yet, so any is one too many.
    pub policy_ids: Option<Vec<String>>,
}

impl Check for TaskQueueUpdate {
    fn check(&self, violations: &mut Violations) {
        self.environment().check(violations);
        priority(self.priority, violations);
        no_policy(self.policy_ids.as_deref(), violations);
    }
}

impl TaskQueueUpdate {
    /// The same under the newer name.
    pub fn environment(&self) -> EnvironmentUpdate {
        EnvironmentUpdate {
            name: self.name.clone(),
            display_name: self.display_name.clone(),
            description: self.description.clone(),
            tags: self.tags.clone(),
            settings: self.settings.clone(),
            status: self.status.clone(),
            ..EnvironmentUpdate::default()
        }
    }
}

fn priority(priority: Option<i64>, violations: &mut Violations) {
    if let Some(priority) = priority {
        violations.range("priority", priority, 1, 10);
    }
}

fn no_policy(ids: Option<&[String]>, violations: &mut Violations) {
    if ids.is_some_and(|ids| !ids.is_empty()) {
        violations.add("policy_ids.0", "value_error", "Policy not found");
    }
}

/// An environment, under its older name.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TaskQueueResponse {
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
    /// Always null.
    pub priority: Option<i64>,
    /// Always empty: there are no policies yet.
    pub policy_ids: Vec<String>,
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
    /// Workers that serve its queues now.
    pub active_workers: u32,
    /// Those of them that say they have nothing to do.
    pub idle_workers: u32,
    /// Those of them that say they work.
    pub busy_workers: u32,
}

/// How a worker of an environment is started.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TaskQueueCommandResponse {
    /// Always empty: a worker has an API key, and no token beside it.
    pub worker_token: String,
    /// The environment's name.
    pub task_queue_name: String,
    /// To be typed. It names the queue that a run in this environment goes to; where there is none, the
    /// place of its id.
    pub command: String,
    /// The same in parts.
    #[schema(value_type = Object)]
    pub command_parts: Value,
    /// The environment's status.
    pub namespace_status: String,
    /// Whether the environment is ready and has a queue that takes workers.
    pub can_register: bool,
    /// Always null: nothing has to be provisioned.
    pub provisioning_workflow_id: Option<String>,
}

/// A worker that lives, on one of an environment's queues.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WorkerHeartbeatResponse {
    /// Its id.
    pub id: String,
    /// The same.
    pub worker_id: String,
    /// Whose it is.
    pub organization_id: String,
    /// The queue's id: the task queue that it polls.
    pub task_queue_name: String,
    /// Its machine.
    pub hostname: Option<String>,
    /// What it says of itself.
    #[schema(value_type = Object)]
    pub worker_metadata: Value,
    /// When it was last heard.
    pub last_heartbeat: String,
    /// `active`, `idle` or `busy`.
    pub status: String,
    /// Tasks it has finished.
    pub tasks_processed: i64,
    /// What it does at the moment.
    pub current_task_id: Option<String>,
    /// When it came.
    pub registered_at: String,
    /// When it was last heard.
    pub updated_at: String,
}

operations! { "task_queues";
    /// Makes an environment, under its older name.
    Create = POST "/api/v1/task-queues", May(Write), NoQuery, TaskQueueCreate => 201 TaskQueueResponse;
    /// Lists environments under their older name, oldest first.
    List = GET "/api/v1/task-queues", May(Read), EnvironmentList, Nothing => 200 Vec<TaskQueueResponse>;
    /// Shows an environment under its older name.
    Get = GET "/api/v1/task-queues/{queue_id}", May(Read), NoQuery, Nothing => 200 TaskQueueResponse;
    /// Changes an environment, under its older name.
    Update = PATCH "/api/v1/task-queues/{queue_id}", May(Write), NoQuery, TaskQueueUpdate => 200 TaskQueueResponse;
    /// Deletes an environment with its queues, under its older name.
    Delete = DELETE "/api/v1/task-queues/{queue_id}", May(Write), NoQuery, Nothing => 204 Nothing;
    /// Says how a worker of an environment is started.
    WorkerCommand = GET "/api/v1/task-queues/{queue_id}/worker-command", May(Read), NoQuery, Nothing => 200 TaskQueueCommandResponse;
    /// Lists the workers of an environment that live, by its name or id.
    Workers = GET "/api/v1/task-queues/{queue_name}/workers", May(Read), NoQuery, Nothing => 200 Vec<WorkerHeartbeatResponse>;
}
