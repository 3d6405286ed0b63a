//! The workflows of runs (contract, analytics-traces-graph §5; executions, "Workflow ids"). Each run has
//! one, `agent-execution-<id>`, whoever drives it.

use std::collections::BTreeMap;

use drover_domain::AgentId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use crate::check::{Check, Violations};
use crate::executions::{Cancelled, Executed, Terminated};
use crate::{NoQuery, Nothing, operations};

/// The types of workflow that can be started, in both spellings.
const STARTABLE: [&str; 2] = ["AgentExecutionWorkflow", "agent-execution-workflow"];
/// The signal that says that the run is done.
const MARK_AS_DONE: &str = "mark_as_done";
/// The signals that a workflow takes.
const SIGNALS: [&str; 2] = ["add_message", MARK_AS_DONE];

/// Which workflows are listed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WorkflowList {
    /// `RUNNING`, `COMPLETED`, `FAILED` or `CANCELED`, or a state of a run; any case.
    pub status: Option<String>,
    /// Rows to pass over, at most 10 000; further on use `cursor`.
    pub skip: Option<i64>,
    /// Rows to return, 1 to 500; default 100.
    pub limit: Option<i64>,
    /// Where the page before ended: its `next_cursor`.
    pub cursor: Option<String>,
}

/// A page of workflows.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WorkflowPage {
    /// Newest first.
    pub workflows: Vec<Workflow>,
    /// How many are on this page.
    pub total: usize,
    /// Where the next page begins; null where this one is empty.
    pub next_cursor: Option<String>,
}

/// The workflow of a run.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Workflow {
    /// `agent-execution-<id>`.
    pub workflow_id: String,
    /// Always empty: the plane does not keep Temporal's own id of it.
    pub run_id: String,
    /// `AgentExecutionWorkflow`.
    pub workflow_type: String,
    /// The id of the queue that its activities go to.
    pub task_queue: String,
    /// `RUNNING`, `COMPLETED`, `FAILED` or `CANCELED`.
    pub status: String,
    /// The run.
    pub execution_id: String,
    /// Where the run stands, in its own words.
    pub execution_status: String,
    /// Who runs it.
    pub entity_id: String,
    /// Its name when the run was accepted.
    pub entity_name: Option<String>,
    /// When a worker first took it.
    pub start_time: Option<String>,
    /// When it ended.
    pub close_time: Option<String>,
}

/// What of a workflow is asked for.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WorkflowGet {
    /// Taken and passed over: a run has one workflow.
    pub run_id: Option<String>,
    /// Whether the answer of the run is shown, too.
    pub include_result: Option<bool>,
}

/// A workflow, with how it went.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WorkflowDetails {
    /// The workflow.
    #[serde(flatten)]
    pub workflow: Workflow,
    /// Milliseconds since a worker first took it, to its end or to now; 0 if none has.
    pub execution_duration_ms: f64,
    /// Always 1: what is tried again are the steps of a run.
    pub attempt: u32,
    /// Entries of the run's log.
    pub history_length: i64,
    /// Why it did not go well.
    pub error: Option<String>,
    /// The answer, if it was asked for and there is one.
    pub result: Option<String>,
}

/// How many workflows there are.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WorkflowStats {
    /// All of them.
    pub total: u64,
    /// By their status, those without any too.
    pub by_status: BTreeMap<String, u64>,
    /// By the state of their run.
    pub by_execution_status: BTreeMap<String, u64>,
}

/// What is to be started.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WorkflowStart {
    /// `AgentExecutionWorkflow`.
    pub workflow_type: String,
    /// The queue, by id or name; chosen by the plane where absent.
    #[serde(default)]
    pub task_queue: Option<String>,
    /// What the run is about.
    pub input: WorkflowInput,
}

/// What a run is about.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WorkflowInput {
    /// Who is asked.
    #[schema(value_type = String)]
    pub agent_id: AgentId,
    /// What is asked.
    pub prompt: String,
    /// Instructions of this run instead of the agent's.
    #[serde(default)]
    pub system_prompt: Option<String>,
    /// Free-form, shown on the run.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub execution_metadata: Option<Map<String, Value>>,
}

impl Check for WorkflowStart {
    fn check(&self, violations: &mut Violations) {
        violations.one_of("workflow_type", &self.workflow_type, &STARTABLE);
        violations.optional_text("task_queue", self.task_queue.as_deref(), 255);
        violations.prompt("input.prompt", &self.input.prompt);
        if let Some(prompt) = &self.input.system_prompt {
            violations.prompt("input.system_prompt", prompt);
        }
        if let Some(metadata) = &self.input.execution_metadata {
            violations.json("input.execution_metadata", &Value::Object(metadata.clone()));
        }
    }
}

/// Which workflow is meant; there is only one.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WorkflowRun {
    /// Taken and passed over: a run has one workflow.
    pub run_id: Option<String>,
}

/// A signal for a workflow.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WorkflowSignal {
    /// `add_message`, or `mark_as_done`: the run completes, at once if it waits for input, after
    /// its current turn otherwise.
    pub signal_name: String,
    /// The message: a text, an object with `content`, or a list with one of both. Its `role`, if it
    /// has one, is `user`. Passed over by `mark_as_done`.
    #[serde(default)]
    pub args: Value,
}

impl WorkflowSignal {
    /// Whether it says that the run is done, rather than a message.
    pub fn marks_done(&self) -> bool {
        self.signal_name == MARK_AS_DONE
    }

    /// The text of the message.
    pub fn message(&self) -> Option<&str> {
        let (_, one) = self.argument();
        let text = one.as_str().or_else(|| one["content"].as_str());
        text.or_else(|| one["message"].as_str())
    }

    /// Its argument, in a list or not, and where that is.
    fn argument(&self) -> (&'static str, &Value) {
        match &self.args {
            Value::Array(items) if items.len() == 1 => ("args.0", &items[0]),
            other => ("args", other),
        }
    }
}

impl Check for WorkflowSignal {
    fn check(&self, violations: &mut Violations) {
        violations.one_of("signal_name", &self.signal_name, &SIGNALS);
        if self.marks_done() {
            return;
        }
        let (place, argument) = self.argument();
        if let Some(role) = argument.get("role").filter(|role| !role.is_null()) {
            let role = role.as_str().unwrap_or_default();
            violations.one_of(&format!("{place}.role"), role, &["user"]);
        }
        match self.message() {
            None => {
                let rule = "Input should be a text, or an object with `content`";
                violations.add("args", "value_error", rule);
            }
            Some(message) if message.trim().is_empty() => {
                violations.add("args", "string_too_short", "Message should not be empty");
            }
            Some(message) => violations.prompt("args", message),
        }
    }
}

/// A workflow has its signal.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WorkflowSignalled {
    /// Whether it has.
    pub success: bool,
    /// The workflow.
    pub workflow_id: String,
    /// The run.
    pub execution_id: String,
    /// Which signal.
    pub signal_name: String,
    /// The id of the message that it was; null if it was none.
    pub message_id: Option<String>,
}

/// Ends a workflow at once.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct WorkflowTerminate {
    /// Why, at most 500 characters.
    pub reason: Option<String>,
}

impl Check for WorkflowTerminate {
    fn check(&self, violations: &mut Violations) {
        violations.optional_text("reason", self.reason.as_deref(), 500);
    }
}

/// How what drives runs is.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WorkflowHealth {
    /// `healthy`, or `degraded` where Temporal is away.
    pub status: String,
    /// What drives runs: `embedded` or `temporal`.
    pub engine: String,
    /// `connected`, `not configured`, or why it cannot be reached.
    pub temporal: String,
    /// Now.
    pub timestamp: String,
}

operations! { "workflows";
    /// Lists the workflows of the organization's runs, newest first.
    List = GET "/api/v1/temporal-workflows/workflows", May(Read), WorkflowList, Nothing => 200 WorkflowPage;
    /// Starts the workflow of a new run.
    Start = POST "/api/v1/temporal-workflows/workflows", May(Run), NoQuery, WorkflowStart => 200 Executed;
    /// Counts the workflows of the organization's runs by their status.
    Stats = GET "/api/v1/temporal-workflows/workflows/stats", May(Read), NoQuery, Nothing => 200 WorkflowStats;
    /// Shows a workflow, by its id or that of its run.
    Get = GET "/api/v1/temporal-workflows/workflows/{workflow_id}", May(Read), WorkflowGet, Nothing => 200 WorkflowDetails;
    /// Says something to a workflow, or that its run is done.
    Signal = POST "/api/v1/temporal-workflows/workflows/{workflow_id}/signal", May(Run), WorkflowRun, WorkflowSignal => 200 WorkflowSignalled;
    /// Cancels a workflow and its run.
    Cancel = POST "/api/v1/temporal-workflows/workflows/{workflow_id}/cancel", May(Run), WorkflowRun, Nothing => 200 Cancelled;
    /// Ends a workflow and its run with a reason.
    Terminate = POST "/api/v1/temporal-workflows/workflows/{workflow_id}/terminate", May(Run), WorkflowRun, WorkflowTerminate => 200 Terminated;
    /// Says what drives runs, and whether it can be reached.
    Health = GET "/api/v1/temporal-workflows/health", May(Read), NoQuery, Nothing => 200 WorkflowHealth;
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_is_a_text_or_has_one() {
        let message = |args: Value| {
            let signal = WorkflowSignal { signal_name: "add_message".into(), args };
            signal.message().map(str::to_owned)
        };
        for good in [
            json!("hi"),
            json!(["hi"]),
            json!({"content": "hi", "role": "user"}),
            json!([{"message": "hi"}]),
        ] {
            assert_eq!(message(good.clone()).as_deref(), Some("hi"), "{good}");
        }
        for bad in [json!(null), json!([]), json!(["a", "b"]), json!({"text": "hi"}), json!(7)] {
            assert_eq!(message(bad.clone()), None, "{bad}");
        }
    }
}
