//! Workers in processes of their own.
//!
//! Registering, polling, renewing and reporting are the protocol of `drover worker`, over HTTP(S)
//! alone; signs of life and lists are the contract's (workers §2, §4).

use std::collections::BTreeMap;

use drover_domain::activities::{ActivityKind, ActivityTask, Outcome, Progress};
use drover_domain::executions::Next;
use drover_domain::workers::MAX_QUEUES;
use drover_domain::{ActivityId, QueueId, WorkerId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::check::{Check, MAX_ITEMS, Violations};
use crate::environments::words_of;
use crate::object::object_only;
use crate::{NoQuery, Nothing, operations};

/// The longest wait of a poll, in seconds.
pub const MAX_POLL: u32 = 30;
/// The longest wait of a renewal for something to stop, in seconds.
pub const MAX_RENEWAL: u32 = 10;
/// Activities that one poll takes.
pub const MAX_TASKS: usize = 64;
/// Labels of a worker.
const MAX_LABELS: usize = 64;

/// A worker that is about to take work.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WorkerRegister {
    /// The queues that it serves: all of them or none.
    #[schema(value_type = Vec<String>)]
    pub queues: Vec<QueueId>,
    /// The protocol it speaks.
    pub protocol: u32,
    /// Its version, for people.
    pub version: String,
    /// Where it takes its work from: `http` (from the plane) or `temporal`. Unless it says so, from Temporal where the
    /// plane has one.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub takes_from: Option<TakesFrom>,
    /// Free labels, for people.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub labels: BTreeMap<String, String>,
    /// Its machine (contract, workers §2: `WorkerSystemInfo`).
    #[serde(default)]
    pub system_info: WorkerSystemInfo,
}

impl Check for WorkerRegister {
    fn check(&self, violations: &mut Violations) {
        if self.queues.is_empty() || self.queues.len() > MAX_QUEUES {
            let rule = format!("List should have 1 to {MAX_QUEUES} items");
            violations.add("queues", "too_long", rule);
        }
        violations.text("version", &self.version, 1, 64);
        if self.labels.len() > MAX_LABELS {
            violations.add("labels", "too_long", format!("At most {MAX_LABELS} labels"));
        }
        for (name, value) in self.labels.iter().take(MAX_LABELS) {
            violations.text("labels", name, 1, 63);
            violations.text(&format!("labels.{name}"), value, 0, 255);
        }
        self.system_info.check(violations);
    }
}

/// What a worker says of its machine (contract, workers §2).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, remote = "Self")]
pub struct WorkerSystemInfo {
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// The platform, as its language calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// `Linux`, `Darwin` …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub os_name: Option<String>,
    /// The system's version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub os_version: Option<String>,
    /// The version of Python, of a worker in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub python_version: Option<String>,
    /// The version of the command line that started it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cli_version: Option<String>,
    /// The worker's version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sdk_version: Option<String>,
    /// Its process id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<i64>,
    /// Where it was started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// The runtimes of agents that it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supported_runtimes: Option<Vec<String>>,
    /// Where it asks models.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub llm_gateway_url: Option<String>,
    /// Whether it can start containers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub docker_available: Option<bool>,
    /// With which version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub docker_version: Option<String>,
    /// Processors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_count: Option<i64>,
    /// Their load in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_percent: Option<f64>,
    /// Bytes of memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_total: Option<i64>,
    /// Bytes of it in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_used: Option<i64>,
    /// The same in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_percent: Option<f64>,
    /// Bytes of disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_total: Option<i64>,
    /// Bytes of it in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_used: Option<i64>,
    /// The same in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_percent: Option<f64>,
    /// Seconds since the machine started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uptime_seconds: Option<f64>,
}

object_only!(WorkerSystemInfo);

impl Check for WorkerSystemInfo {
    fn check(&self, violations: &mut Violations) {
        for (field, text) in [
            ("hostname", &self.hostname),
            ("platform", &self.platform),
            ("os_name", &self.os_name),
            ("os_version", &self.os_version),
            ("python_version", &self.python_version),
            ("cli_version", &self.cli_version),
            ("sdk_version", &self.sdk_version),
            ("cwd", &self.cwd),
            ("llm_gateway_url", &self.llm_gateway_url),
            ("docker_version", &self.docker_version),
        ] {
            violations.optional_text(&format!("system_info.{field}"), text.as_deref(), 4096);
        }
        let runtimes = self.supported_runtimes.as_deref().unwrap_or_default();
        words_of("system_info.supported_runtimes", runtimes, violations);
    }
}

/// Where a worker takes its work from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TakesFrom {
    /// From the plane, by long poll.
    Http,
    /// From Temporal's task queues.
    Temporal,
}

/// Where Temporal is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TemporalPlace {
    /// `http://host:7233`, or `https://…` with TLS.
    pub address: String,
    /// The namespace.
    pub namespace: String,
}

/// A registered worker.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WorkerRegistered {
    /// Names the worker from now on; another registration is another worker.
    #[schema(value_type = String)]
    pub worker_id: WorkerId,
    /// Whose it is.
    pub organization_id: String,
    /// Seconds that a lease, and the worker, last without a renewal.
    pub lease_seconds: u32,
    /// The names of its queues, in the order in which they were asked for.
    pub queue_names: Vec<String>,
    /// Where it takes its work from, unless that is the plane: a task queue has the id of its queue.
    pub temporal: Option<TemporalPlace>,
}

/// A worker asks for work.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WorkerPoll {
    /// `turn` or `tool`: each has slots of its own.
    #[schema(value_type = String)]
    pub kind: ActivityKind,
    /// How many it can take, 1 to 64.
    #[serde(default = "one")]
    pub at_most: usize,
    /// Seconds it waits if there is nothing, 0 to 30.
    #[serde(default)]
    pub wait_seconds: u32,
}

fn one() -> usize {
    1
}

impl Check for WorkerPoll {
    fn check(&self, violations: &mut Violations) {
        violations.range("at_most", as_i64(self.at_most), 1, as_i64(MAX_TASKS));
        violations.range("wait_seconds", self.wait_seconds.into(), 0, MAX_POLL.into());
    }
}

/// What a worker is to do; empty if there was nothing.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WorkerTasks {
    /// Leased activities.
    #[schema(value_type = Vec<Object>)]
    pub tasks: Vec<WorkerTask>,
}

/// A leased activity with all that is needed to execute it, but for the variables of a tool: those may
/// be secrets.
#[derive(Clone, Serialize, Deserialize)]
pub struct WorkerTask {
    /// The activity, its tool's variables left out.
    #[serde(flatten)]
    pub task: ActivityTask,
    /// The token by which the variables of its tool are had, if there are any
    /// (`workers.Variables`): good for this lease alone, and to be used within a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variables_token: Option<String>,
}

// Not derived: the token is a secret.
impl std::fmt::Debug for WorkerTask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.task.fmt(f)
    }
}

/// The variables of a tool's process.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct ActivityVariables {
    /// By name.
    pub env_vars: BTreeMap<String, String>,
}

/// A worker's sign of life, with what it still executes.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct WorkerRenew {
    /// The activities whose leases it keeps.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub activities: Vec<ActivityId>,
    /// Activities it has finished since it registered.
    #[serde(default)]
    pub tasks_processed: i64,
    /// Seconds it waits for something to stop, 0 to 10.
    #[serde(default)]
    pub wait_seconds: u32,
}

impl Check for WorkerRenew {
    fn check(&self, violations: &mut Violations) {
        if self.activities.len() > 16 * MAX_ITEMS {
            let rule = format!("List should have at most {} items", 16 * MAX_ITEMS);
            violations.add("activities", "too_long", rule);
        }
        violations.range("tasks_processed", self.tasks_processed, 0, i64::MAX);
        violations.range("wait_seconds", self.wait_seconds.into(), 0, MAX_RENEWAL.into());
    }
}

/// What a worker must stop.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WorkerRenewed {
    /// Activities whose run was stopped, or whose lease is lost.
    #[schema(value_type = Vec<String>)]
    pub stop: Vec<ActivityId>,
}

/// What happened in an activity.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ActivityProgress {
    /// The try, as the task said.
    pub attempt: u32,
    /// Counts the reports of this try from 1: a repeated one is stored once.
    pub number: i32,
    /// In order.
    #[schema(value_type = Vec<Object>)]
    pub progress: Vec<Progress>,
}

impl Check for ActivityProgress {
    fn check(&self, violations: &mut Violations) {
        violations.range("number", self.number.into(), 1, i32::MAX.into());
        violations.items("progress", self.progress.len());
    }
}

/// An activity that a worker was given by Temporal.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ActivityLease {
    /// The activity, leased; nothing if it is not to be had.
    #[schema(value_type = Option<Object>)]
    pub task: Option<WorkerTask>,
    /// What comes next in the run if there is nothing to execute: for its workflow.
    #[schema(value_type = Object)]
    pub next: Next,
}

/// An activity's end was recorded.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ActivityEnded {
    /// What comes next in the run, for its workflow; nothing where the plane drives it.
    #[schema(value_type = Option<Object>)]
    pub next: Option<Next>,
}

/// How an activity ended.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ActivityEnd {
    /// The try, as the task said.
    pub attempt: u32,
    /// How.
    #[schema(value_type = Object)]
    pub outcome: Outcome,
}

impl Check for ActivityEnd {
    fn check(&self, _: &mut Violations) {}
}

/// A sign of life (contract, workers §4).
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct WorkerHeartbeatSimple {
    /// `active`, `idle` or `busy`.
    pub status: Option<String>,
    /// Tasks it has finished.
    pub tasks_processed: Option<i64>,
    /// What it does at the moment.
    pub current_task_id: Option<String>,
    /// What it says of itself.
    #[schema(value_type = Option<Object>)]
    pub worker_metadata: Option<Value>,
    /// Its machine; left as it was if it is not given.
    pub system_info: Option<WorkerSystemInfo>,
    /// Lines of its log; added to those before, of which the last hundred stay, each up to 4096
    /// bytes.
    pub logs: Option<Vec<String>>,
}

impl Check for WorkerHeartbeatSimple {
    fn check(&self, violations: &mut Violations) {
        if let Some(status) = &self.status {
            violations.one_of("status", status, &["active", "idle", "busy"]);
        }
        if let Some(tasks) = self.tasks_processed {
            violations.range("tasks_processed", tasks, 0, i64::MAX);
        }
        violations.optional_text("current_task_id", self.current_task_id.as_deref(), 255);
        if let Some(metadata) = &self.worker_metadata {
            violations.object("worker_metadata", metadata);
        }
        if let Some(system_info) = &self.system_info {
            system_info.check(violations);
        }
        violations.items("logs", self.logs.as_ref().map_or(0, Vec::len));
    }
}

/// A worker leaves (contract, workers §4).
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct WorkerDisconnectRequest {
    /// `shutdown`, `error`, `crash` …; `shutdown` if it is not given.
    pub reason: Option<String>,
    /// How its process ends.
    pub exit_code: Option<i64>,
    /// What went wrong.
    pub error_message: Option<String>,
}

impl Check for WorkerDisconnectRequest {
    fn check(&self, violations: &mut Violations) {
        violations.optional_text("reason", self.reason.as_deref(), 64);
        violations.optional_text("error_message", self.error_message.as_deref(), 10_000);
    }
}

/// A worker that lives (contract, workers §2).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WorkerDetail {
    /// Its id.
    pub id: String,
    /// The same id.
    pub worker_id: String,
    /// The queue it serves here.
    pub queue_id: String,
    /// `drover`, `temporal` (a `drover worker` that takes its work from Temporal) or `foreign`.
    pub kind: String,
    /// The version it says it has.
    pub version: String,
    /// `active`, `idle` or `busy`, as it says; or `stuck`: it says nothing of a run that it has.
    pub status: String,
    /// Tasks it has finished.
    pub tasks_processed: i64,
    /// What it does at the moment.
    pub current_task_id: Option<String>,
    /// When it was last heard.
    pub last_heartbeat: String,
    /// The same instant, under the name that the command line reads.
    pub last_seen: String,
    /// When it registered.
    pub registered_at: String,
    /// The same instant, under the name that the command line reads.
    pub created_at: String,
    /// Its machine.
    pub system_info: Option<WorkerSystemInfo>,
    /// The last lines of its log.
    pub logs: Option<Vec<String>>,
    /// Its labels, or what it says of itself.
    #[schema(value_type = Object)]
    pub worker_metadata: Value,
}

/// A task queue, which is a worker queue, with those that poll it (contract, workers §4).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TaskQueueInfo {
    /// The queue's id: the name of the task queue.
    pub task_queue: String,
    /// Whose it is.
    pub organization_id: String,
    /// The queue's name.
    pub runner_name: String,
    /// The workers that live.
    pub workers: Vec<WorkerInfo>,
    /// How many there are.
    pub worker_count: u32,
    /// Runs on the queue that wait for a worker.
    pub approximate_backlog_count: Option<u64>,
}

/// One that polls a task queue.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WorkerInfo {
    /// The worker's id; `in-process` for that of the plane itself.
    pub identity: String,
    /// When it was last heard; null for that of the plane itself.
    pub last_access_time: Option<String>,
    /// Always null: workers are not held to a rate.
    pub rate_per_second: Option<f64>,
}

fn as_i64(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

operations! { "workers";
    /// Registers a worker of one or more queues.
    Register = POST "/api/v1/workers", May(Report), NoQuery, WorkerRegister => 201 WorkerRegistered;
    /// Leases activities to a worker; waits for them if it says so.
    Poll = POST "/api/v1/workers/{worker_id}/poll", May(Report), NoQuery, WorkerPoll => 200 WorkerTasks;
    /// Renews a worker's leases, and tells it what to stop.
    Renew = POST "/api/v1/workers/{worker_id}/renew", May(Report), NoQuery, WorkerRenew => 200 WorkerRenewed;
    /// Leases the activity that a worker was given by Temporal.
    LeaseActivity = POST "/api/v1/workers/{worker_id}/activities/{activity_id}/lease", May(Report), NoQuery, Nothing => 200 ActivityLease;
    /// Shows the variables of a tool to the holder of its lease.
    Variables = GET "/api/v1/activities/{activity_id}/variables", Lease, NoQuery, Nothing => 200 ActivityVariables;
    /// Stores what happened in an activity so far.
    Progressed = POST "/api/v1/workers/{worker_id}/activities/{activity_id}/progress", May(Report), NoQuery, ActivityProgress => 200 Nothing;
    /// Records how an activity ended.
    Complete = POST "/api/v1/workers/{worker_id}/activities/{activity_id}/complete", May(Report), NoQuery, ActivityEnd => 200 ActivityEnded;
    /// Takes a worker's sign of life.
    Heartbeat = POST "/api/v1/workers/{worker_id}/heartbeat", May(Report), NoQuery, WorkerHeartbeatSimple => 204 Nothing;
    /// Lets a worker leave; what it had leased goes on elsewhere.
    Disconnect = POST "/api/v1/workers/{worker_id}/disconnect", May(Report), NoQuery, WorkerDisconnectRequest => 204 Nothing;
    /// Lists task queues with the workers that poll them: one for each lasting worker queue.
    List = GET "/api/v1/workers", May(Read), NoQuery, Nothing => 200 Vec<TaskQueueInfo>;
    /// Shows a task queue with the workers that poll it, by the queue's name or id. One that is not there has none.
    Get = GET "/api/v1/workers/{runner_name}", May(Read), NoQuery, Nothing => 200 TaskQueueInfo;
    /// Lists the workers of a queue that live, the one heard last first.
    ListOfQueue = GET "/api/v1/worker-queues/{queue_id}/workers", May(Read), NoQuery, Nothing => 200 Vec<WorkerDetail>;
}
