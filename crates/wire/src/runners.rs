//! Runners: an older name of worker queues, with how they are (contract, workers §5).

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{NoQuery, Nothing, operations};

/// The parts that a runner can be asked for, in all spellings.
pub const COMPONENTS: [&str; 9] = [
    "workflow_engine",
    "workflow-engine",
    "workflowEngine",
    "tool-manager",
    "tool_manager",
    "toolManager",
    "agent-manager",
    "agent_manager",
    "agentManager",
];

/// Which runners are listed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RunnerList {
    /// Only those of which this part is well: `workflow-engine`, `tool-manager` or `agent-manager`.
    pub component: Option<String>,
}

/// The runners of an organization.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Runners {
    /// One for each lasting worker queue, oldest first.
    pub runners: Vec<Runner>,
    /// How many there are.
    pub count: usize,
}

/// A worker queue, under its older name.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Runner {
    /// The queue's name.
    pub id: String,
    /// The same.
    pub name: String,
    /// The queue's id, by which queues of one name in several environments are told apart.
    pub queue_id: String,
    /// The environment it belongs to.
    pub environment_id: String,
    /// As in `health_data`.
    pub status: String,
    /// Workers that serve it now.
    pub worker_count: u32,
    /// How it is.
    pub health_data: RunnerHealth,
}

/// How a runner is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RunnerHealth {
    /// `active`, `degraded` (Temporal is away) or `unhealthy` (no worker serves it).
    pub status: String,
    /// Its parts.
    pub checks: Vec<RunnerCheck>,
}

/// How a part of a runner is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RunnerCheck {
    /// `workflow-engine` (the plane), `agent-manager` or `tool-manager` (its workers).
    pub name: String,
    /// `ok` or `unhealthy`.
    pub status: String,
    /// Why it is not well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

operations! { "runners";
    /// Lists the worker queues of the organization as runners, oldest first.
    List = GET "/api/v1/runners", May(Read), RunnerList, Nothing => 200 Runners;
    /// Says how a worker queue is, by its name or id.
    Health = GET "/api/v1/runners/{runner_name}/health", May(Read), NoQuery, Nothing => 200 RunnerHealth;
}
