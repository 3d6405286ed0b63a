//! Jobs (contract, jobs). Not here: their rules (`domain::jobs`).
//!
//! Two vocabularies go in and out: the contract's, and the command line's older one (contract,
//! clients, K8).

use std::collections::BTreeMap;

use drover_domain::jobs::{Aliases, JobDraft};
use drover_domain::{Error, MAX_PAGE, MAX_SKIP, Page, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use crate::check::{Check, Violation, Violations};
use crate::executions::ExecutionReply;
use crate::{NoQuery, Nothing, operations};

/// Fires shown by a preview, unless it is said.
const FIRES: i64 = 5;
/// The most fires a preview shows.
const MOST_FIRES: i64 = 50;

/// A body with the fields of a job, and the draft it makes. The two there are differ in the name.
macro_rules! job_body {
    ($(#[$doc:meta])* $body:ident { name: $($name:tt)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
        pub struct $body {
            /// 1 to 255 characters; not unique.
            pub name: $($name)+,
            /// For people.
            pub description: Option<String>,
            /// Whether it can be triggered; a new job can unless this says no.
            pub enabled: Option<bool>,
            /// `cron`, `webhook` or `manual`; a new job with a schedule is `cron`, else `manual`.
            pub trigger_type: Option<String>,
            /// A cron expression of five columns, or of six with seconds first; required for `cron`.
            pub cron_schedule: Option<String>,
            /// IANA name of the time zone of the schedule; `UTC` unless it is given.
            pub cron_timezone: Option<String>,
            /// `on_the_fly`, `predefined_agent` (of a new job, unless it is given),
            /// `predefined_team` or `predefined_workflow`.
            pub planning_mode: Option<String>,
            /// `agent`, `team` or `workflow`.
            pub entity_type: Option<String>,
            /// Who does the work; required for the predefined modes.
            pub entity_id: Option<String>,
            /// What is asked; `{{word}}` is replaced by a parameter. Required for a new job.
            pub prompt_template: Option<String>,
            /// Instructions in place of the agent's own.
            pub system_prompt: Option<String>,
            /// `auto` (of a new job, unless it is given), `specific_queue` or `environment`.
            pub executor_type: Option<String>,
            /// Name or id of a worker queue; required for `specific_queue`.
            pub worker_queue_name: Option<String>,
            /// Name of an environment; required for `environment`.
            pub environment_name: Option<String>,
            /// Settings laid over the agent's; replaced whole.
            #[schema(value_type = Option<Object>)]
            pub config: Option<Value>,
            /// What its runs get; replaced whole.
            #[schema(value_type = Option<JobEnvironment>)]
            pub execution_environment: Option<Value>,
            /// `entity_id` of an agent.
            pub agent_id: Option<String>,
            /// `entity_id` of a team.
            pub team_id: Option<String>,
            /// `cron_schedule`, and `trigger_type` is `cron`.
            pub schedule: Option<String>,
            /// `cron_timezone`.
            pub timezone: Option<String>,
            /// `prompt_template`.
            pub prompt: Option<String>,
            /// `trigger_type` is `webhook`; the path itself is made by the plane.
            pub webhook_path: Option<String>,
        }

        impl From<$body> for JobDraft {
            fn from(body: $body) -> Self {
                Self {
                    name: body.name.into(),
                    description: body.description,
                    enabled: body.enabled,
                    trigger_type: body.trigger_type,
                    cron_schedule: body.cron_schedule,
                    cron_timezone: body.cron_timezone,
                    planning_mode: body.planning_mode,
                    entity_type: body.entity_type,
                    entity_id: body.entity_id,
                    prompt_template: body.prompt_template,
                    system_prompt: body.system_prompt,
                    executor_type: body.executor_type,
                    worker_queue_name: body.worker_queue_name,
                    environment_name: body.environment_name,
                    config: body.config,
                    execution_environment: body.execution_environment,
                    aliases: Aliases {
                        agent_id: body.agent_id,
                        team_id: body.team_id,
                        schedule: body.schedule,
                        timezone: body.timezone,
                        prompt: body.prompt,
                        webhook_path: body.webhook_path,
                    },
                }
            }
        }

        impl Check for $body {
            // `JobPlan` checks: what is right depends on several fields, and on the stored job.
            fn check(&self, _: &mut Violations) {}
        }
    };
}

job_body! {
    /// A new job. Null is the same as absent.
    JobCreate { name: String }
}
job_body! {
    /// Changes of a job. Absent and null leave a field as it is.
    JobUpdate { name: Option<String> }
}

/// What the runs of a job get.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct JobEnvironment {
    /// Environment variables.
    pub env_vars: BTreeMap<String, String>,
    /// Names of secrets.
    pub secrets: Vec<String>,
    /// Ids of integrations.
    pub integration_ids: Vec<String>,
    /// MCP servers by name.
    #[schema(value_type = Object)]
    pub mcp_servers: Map<String, Value>,
}

impl JobEnvironment {
    /// What is stored, the four parts that were not sent filled in.
    pub fn of_stored(mut stored: Value) -> Self {
        if let Value::Object(parts) = &mut stored {
            parts.retain(|_, part| !part.is_null());
        }
        serde_json::from_value(stored).unwrap_or_default()
    }
}

/// Which jobs are listed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct JobList {
    /// Only those that are enabled, or are not.
    pub enabled: Option<bool>,
    /// Only those with this trigger.
    pub trigger_type: Option<String>,
}

/// A job.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct JobResponse {
    /// `job_<uuid>`.
    pub id: String,
    /// Whose it is.
    pub organization_id: String,
    /// Not unique.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// Whether it can be triggered.
    pub enabled: bool,
    /// `active` or `disabled`.
    pub status: String,
    /// `cron`, `webhook` or `manual`.
    pub trigger_type: String,
    /// The cron expression as it was given.
    pub cron_schedule: Option<String>,
    /// IANA name of its time zone.
    pub cron_timezone: Option<String>,
    /// Where the signed requests of a webhook job go.
    pub webhook_url: Option<String>,
    /// What they are signed with; null for who may not change the job.
    pub webhook_secret: Option<String>,
    /// `job-<id>` for a cron job.
    pub temporal_schedule_id: Option<String>,
    /// `on_the_fly`, `predefined_agent`, `predefined_team` or `predefined_workflow`.
    pub planning_mode: String,
    /// `agent`, `team` or `workflow`.
    pub entity_type: Option<String>,
    /// Who does the work.
    pub entity_id: Option<String>,
    /// Its name, if it is known.
    pub entity_name: Option<String>,
    /// What is asked, with its placeholders.
    pub prompt_template: String,
    /// Instructions in place of the agent's own.
    pub system_prompt: Option<String>,
    /// `auto`, `specific_queue` or `environment`.
    pub executor_type: String,
    /// Name or id of a worker queue.
    pub worker_queue_name: Option<String>,
    /// Name of an environment.
    pub environment_name: Option<String>,
    /// Settings laid over the agent's.
    #[schema(value_type = Object)]
    pub config: Value,
    /// What its runs get; null if nothing was said.
    pub execution_environment: Option<JobEnvironment>,
    /// Its newest run.
    pub last_execution_id: Option<String>,
    /// When that was accepted.
    pub last_execution_at: Option<String>,
    /// When it fires next on its own.
    pub next_execution_at: Option<String>,
    /// Its runs.
    pub total_executions: u64,
    /// Those that completed.
    pub successful_executions: u64,
    /// Those that failed.
    pub failed_executions: u64,
    /// Always empty: its runs are a list of their own.
    #[schema(value_type = Vec<Object>)]
    pub execution_history: Vec<Value>,
    /// The id of the user who made it.
    pub created_by: Option<String>,
    /// The address of that user.
    pub created_by_email: Option<String>,
    /// The id of the user who last changed it.
    pub updated_by: Option<String>,
    /// The address of that user.
    pub updated_by_email: Option<String>,
    /// When it was made.
    pub created_at: String,
    /// When it was last changed.
    pub updated_at: String,
    /// `last_execution_at`: every trigger is a run.
    pub last_triggered_at: Option<String>,
    /// `entity_id` of an agent.
    pub agent_id: Option<String>,
    /// `entity_id` of a team.
    pub team_id: Option<String>,
    /// `cron_schedule`.
    pub schedule: Option<String>,
    /// `cron_timezone`.
    pub timezone: Option<String>,
    /// `prompt_template`.
    pub prompt: String,
    /// The path of `webhook_url`.
    pub webhook_path: Option<String>,
    /// `last_execution_at`.
    pub last_run_at: Option<String>,
    /// `next_execution_at`.
    pub next_run_at: Option<String>,
}

/// What a run of a job is given.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = JobTriggerRequest)]
pub struct TriggerJob {
    /// The values of the prompt's placeholders.
    #[schema(value_type = Object)]
    pub parameters: Map<String, Value>,
    /// Settings of this run, laid over the job's.
    #[schema(value_type = Option<Object>)]
    pub config_override: Option<Map<String, Value>>,
}

impl Check for TriggerJob {
    fn check(&self, violations: &mut Violations) {
        violations.json("parameters", &self.parameters.clone().into());
        if let Some(config) = &self.config_override {
            violations.json("config_override", &config.clone().into());
        }
    }
}

/// A run of a job was accepted.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = JobTriggerResponse)]
pub struct JobTriggerReply {
    /// The job.
    pub job_id: String,
    /// The run.
    pub execution_id: String,
    /// `agent-execution-<execution id>`.
    pub workflow_id: String,
    /// `started`.
    pub status: String,
    /// In words.
    pub message: String,
    /// The finished run, where the caller waited for it (`Prefer: wait=N`) and it is finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<Box<ExecutionReply>>,
}

/// Which runs of a job are listed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct JobExecutionList {
    /// Runs to return, 1 to 500; 50 if it is not given.
    pub limit: Option<i64>,
    /// Runs to pass over, at most 10 000.
    pub offset: Option<i64>,
}

impl JobExecutionList {
    /// The part of the list that is wanted.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming what is out of bounds.
    pub fn page(&self) -> Result<Page> {
        let (limit, offset) = (self.limit.unwrap_or(50), self.offset.unwrap_or(0));
        let faults: Vec<_> = [
            out_of_bounds("limit", limit, 1, MAX_PAGE.cast_signed()),
            out_of_bounds("offset", offset, 0, MAX_SKIP.cast_signed()),
        ]
        .into_iter()
        .flatten()
        .collect();
        if !faults.is_empty() {
            return Err(Error::Invalid(faults));
        }
        Ok(Page { skip: offset.unsigned_abs(), limit: limit.unsigned_abs(), after: None })
    }
}

fn out_of_bounds(field: &str, value: i64, least: i64, most: i64) -> Option<Violation> {
    let (kind, rule) = if value < least {
        ("greater_than_equal", format!("Input should be greater than or equal to {least}"))
    } else if value > most {
        ("less_than_equal", format!("Input should be less than or equal to {most}"))
    } else {
        return None;
    };
    Some(Violation::query(field, kind, rule))
}

/// Runs of a job, newest first.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = JobExecutionHistoryResponse)]
pub struct JobExecutions {
    /// The job.
    pub job_id: String,
    /// All its runs.
    pub total_count: u64,
    /// The same, by the command line's name.
    pub total: u64,
    /// This part of them.
    pub executions: Vec<JobExecution>,
}

/// A run in the list of a job's runs.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = JobExecutionHistoryItem)]
pub struct JobExecution {
    /// The run.
    pub execution_id: String,
    /// The same, by the command line's name.
    pub id: String,
    /// `cron`, `webhook` or `manual`: what started this run.
    pub trigger_type: String,
    /// Where it stands.
    pub status: String,
    /// Name of the agent when it was accepted.
    pub entity_name: Option<String>,
    /// When it was accepted.
    pub created_at: String,
    /// When a worker first took it.
    pub started_at: Option<String>,
    /// When it ended.
    pub completed_at: Option<String>,
    /// From `started_at` to `completed_at`.
    pub duration_ms: Option<i64>,
    /// Why it did not go well.
    pub error_message: Option<String>,
    /// What its trigger said.
    #[schema(value_type = Option<Object>)]
    pub trigger_metadata: Option<Value>,
}

/// How much of a schedule is shown.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SchedulePreview {
    /// Fires to show, 1 to 50; 5 if it is not given.
    pub count: Option<i64>,
}

impl SchedulePreview {
    /// How many fires are wanted.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it is out of bounds.
    pub fn fires(&self) -> Result<usize> {
        let count = self.count.unwrap_or(FIRES);
        match out_of_bounds("count", count, 1, MOST_FIRES) {
            Some(fault) => Err(Error::Invalid(vec![fault])),
            None => Ok(usize::try_from(count).unwrap_or_default()),
        }
    }
}

/// When a job fires, or would if it were enabled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobSchedule {
    /// The job.
    pub job_id: String,
    /// Whether it fires at all.
    pub enabled: bool,
    /// The cron expression.
    pub cron_schedule: String,
    /// IANA name of its time zone.
    pub cron_timezone: String,
    /// The next fires, in UTC.
    pub upcoming: Vec<String>,
    /// The same on the wall clock of the time zone.
    pub upcoming_local: Vec<String>,
}

operations! { "jobs";
    /// Makes a job.
    Create = POST "/api/v1/jobs", May(Write), NoQuery, JobCreate => 201 JobResponse;
    /// Lists jobs, newest first.
    List = GET "/api/v1/jobs", May(Read), JobList, Nothing => 200 Vec<JobResponse>;
    /// Shows a job.
    Get = GET "/api/v1/jobs/{job_id}", May(Read), NoQuery, Nothing => 200 JobResponse;
    /// Changes a job.
    Update = PATCH "/api/v1/jobs/{job_id}", May(Write), NoQuery, JobUpdate => 200 JobResponse;
    /// Deletes a job; its runs stay.
    Delete = DELETE "/api/v1/jobs/{job_id}", May(Write), NoQuery, Nothing => 204 Nothing;
    /// Starts a run of a job now.
    Trigger = POST "/api/v1/jobs/{job_id}/trigger", May(Run), NoQuery, TriggerJob => 200 JobTriggerReply;
    /// Lets a job be triggered.
    Enable = POST "/api/v1/jobs/{job_id}/enable", May(Write), NoQuery, Nothing => 200 JobResponse;
    /// Keeps a job from being triggered; what runs goes on.
    Disable = POST "/api/v1/jobs/{job_id}/disable", May(Write), NoQuery, Nothing => 200 JobResponse;
    /// Lists the runs of a job, newest first.
    Executions = GET "/api/v1/jobs/{job_id}/executions", May(Read), JobExecutionList, Nothing => 200 JobExecutions;
    /// Shows when a cron job fires next.
    Schedule = GET "/api/v1/jobs/{job_id}/schedule", May(Read), SchedulePreview, Nothing => 200 JobSchedule;
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields<T>(result: Result<T>) -> Vec<String> {
        match result {
            Err(Error::Invalid(found)) => {
                found.into_iter().map(|fault| fault.loc.join(".")).collect()
            }
            _ => Vec::new(),
        }
    }

    #[test]
    fn the_command_lines_words_reach_the_draft() {
        let sent = json!({"name": "nightly", "agent_id": "a", "schedule": "0 3 * * *", "prompt": "hi",
            "enabled": null, "unknown": 1});
        let body: JobCreate = serde_json::from_value(sent).unwrap();
        let draft = JobDraft::from(body).for_create();
        assert_eq!(draft.trigger_type.as_deref(), Some("cron"));
        assert_eq!(draft.entity_id.as_deref(), Some("a"));
        assert_eq!(draft.enabled, Some(true));
        let nothing: JobUpdate = serde_json::from_value(json!({"name": null})).unwrap();
        assert!(JobDraft::from(nothing).is_empty());
    }

    #[test]
    fn a_stored_environment_shows_its_four_parts() {
        let whole = |stored| serde_json::to_value(JobEnvironment::of_stored(stored)).unwrap();
        let empty =
            json!({"env_vars": {}, "secrets": [], "integration_ids": [], "mcp_servers": {}});
        assert_eq!(whole(json!({})), empty);
        let shown = whole(json!({"env_vars": {"A": "b"}, "secrets": null, "own": 1}));
        assert_eq!(shown["env_vars"], json!({"A": "b"}));
        assert_eq!(shown["secrets"], json!([]));
    }

    #[test]
    fn parts_out_of_bounds_are_named() {
        let list = |limit, offset| JobExecutionList { limit, offset }.page();
        assert_eq!(list(None, None).unwrap(), Page::first(50));
        assert_eq!(list(Some(500), Some(10_000)).unwrap().skip, 10_000);
        assert_eq!(fields(list(Some(0), Some(-1))), ["query.limit", "query.offset"]);
        assert_eq!(fields(list(Some(501), Some(10_001))), ["query.limit", "query.offset"]);
        let fires = |count| SchedulePreview { count }.fires();
        assert_eq!(fires(None).unwrap(), 5);
        assert_eq!(fields(fires(Some(51))), ["query.count"]);
    }
}
