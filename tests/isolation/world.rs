//! An organization in which there is one of everything, and a request of every operation.

use drover_domain::workers::PROTOCOL;
use drover_wire::Described;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::harness::{Organization, unique};

/// An instant, as workers write it.
const NOON: &str = "2026-01-31T12:00:00Z";

/// An organization with one of everything.
pub struct World {
    /// Its owner.
    pub owner: Organization,
    agent: String,
    environment: String,
    queue: String,
    /// A queue that nothing waits on.
    spare_queue: String,
    skill: String,
    /// A skill that nothing holds.
    spare_skill: String,
    job: String,
    execution: String,
    /// The id of its workflow.
    workflow: String,
    key: String,
    worker: String,
    /// A worker of the reference's kind, of a queue that no list shows.
    foreign: String,
    /// An activity that the worker has leased.
    activity: String,
    /// A task that the run has set itself.
    task: String,
    /// What a worker asks of its owner.
    approval: String,
}

impl World {
    /// Makes one of everything. The run waits for a worker, and so is under way.
    pub async fn create(owner: &Organization) -> Self {
        let skill = json!({"name": unique("skill"), "type": "shell"});
        let spare_skill = json!({"name": unique("spare"), "type": "python"});
        let (skill, spare_skill, environment, queue, spare_queue, key) = tokio::join!(
            owner.create("/api/v1/skills", skill),
            owner.create("/api/v1/skills", spare_skill),
            owner.create("/api/v1/environments", json!({"name": unique("env")})),
            owner.queue_without_worker(),
            owner.queue_without_worker(),
            owner.create("/api/v1/api-keys", json!({"name": "spare"})),
        );
        let agent = json!({
            "name": unique("agent"), "skill_ids": [skill], "environment_ids": [environment],
        });
        let agent = owner.create("/api/v1/agents", agent).await;
        let job = json!({
            "name": unique("job"), "schedule": "@yearly", "agent_id": agent, "prompt": "What is new?",
        });
        let prompt = json!({"prompt": "Wait", "worker_queue_id": queue});
        let (job, execution) =
            tokio::join!(owner.create("/api/v1/jobs", job), owner.execute(&agent, prompt));
        let (worker, activity) = leased(owner, &agent).await;
        let foreign = foreign(owner).await.unwrap_or_else(|| worker.clone());
        let task = json!({"execution_id": execution, "task_description": "wait"});
        let task = owner.post("/api/v1/analytics/tasks", task).await.text("task_id");
        let email = owner.get("/api/v1/auth/validate").await.text("user_email");
        let approval =
            json!({"execution_id": execution, "tool_name": "shell", "approver_emails": [email]});
        let of_worker = owner.with_role("worker").await;
        let approval = of_worker.create("/api/v1/approvals", approval).await;
        let owner = owner.clone();
        let workflow = format!("agent-execution-{execution}");
        Self {
            owner,
            agent,
            environment,
            queue,
            spare_queue,
            skill,
            spare_skill,
            job,
            execution,
            workflow,
            key,
            worker,
            foreign,
            activity,
            task,
            approval,
        }
    }

    /// Everything by which it could be known in an answer.
    pub fn marks(&self) -> Vec<&str> {
        let Self { owner, agent, environment, queue, skill, spare_skill, job, execution, .. } =
            self;
        let own = [
            &owner.name,
            &owner.environment_id,
            &owner.queue_id,
            &self.key,
            &self.worker,
            &self.foreign,
            &self.approval,
        ];
        let made = [agent, environment, queue, skill, spare_skill, job, execution, &self.activity];
        let spare = [&self.spare_queue];
        own.into_iter().chain(made).chain(spare).map(String::as_str).collect()
    }

    /// A valid request of an operation about what is here, without a key.
    pub fn request(&self, operation: &Described) -> RequestBuilder {
        let request = self.bodiless(operation);
        match operation.method {
            Method::GET | Method::DELETE => request,
            _ => request.json(&self.body(operation.id)),
        }
    }

    /// The same without its body.
    pub fn bodiless(&self, operation: &Described) -> RequestBuilder {
        let url = format!("{}{}", self.owner.url, self.path(operation));
        self.owner.http.request(operation.method.clone(), url)
    }

    fn path(&self, operation: &Described) -> String {
        let (mut path, mut rest) = (String::new(), operation.path);
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').expect("a closed brace");
            path.push_str(before);
            path.push_str(self.parameter(name, operation.id));
            rest = after;
        }
        path + rest
    }

    fn parameter(&self, name: &str, operation: &str) -> &str {
        match name {
            "activity_id" => &self.activity,
            "task_id" => &self.task,
            "agent_id" | "entity_id" => &self.agent,
            "entity_type" => "agent",
            "environment_id" => &self.environment,
            "execution_id" => &self.execution,
            "job_id" => &self.job,
            "key_id" => &self.key,
            // Environments, under their older name.
            "queue_id" if operation.starts_with("task_queues.") => &self.environment,
            "queue_name" => &self.environment,
            // Runs that are not over are in the way.
            "queue_id" if operation == "queues.Delete" => &self.spare_queue,
            "queue_id" => &self.queue,
            "request_id" => &self.approval,
            "skill_id" => &self.skill,
            "workflow_id" => &self.workflow,
            "skill_type" => "shell",
            "worker_id" if operation == "foreign.StartRegistered" => &self.foreign,
            "worker_id" => &self.worker,
            "runner_name" => &self.queue,
            _ => panic!("`{operation}` has a parameter `{name}`: say here what its value is"),
        }
    }

    fn body(&self, operation: &str) -> Value {
        match operation {
            "agents.Create"
            | "auth.CreateKey"
            | "environments.Create"
            | "organizations.Create"
            | "task_queues.Create"
            | "queues.Create" => json!({"name": unique("new")}),
            "skills.Create" => json!({"name": unique("new"), "type": "shell"}),
            "jobs.Create" => {
                json!({"name": "new", "agent_id": self.agent, "prompt": "What is new?"})
            }
            // What a worker may say too.
            "agents.Update" => json!({"status": "running", "last_active_at": NOON}),
            "analytics.Turn" => json!({
                "execution_id": self.execution, "turn_number": 1, "model": "m", "started_at": NOON,
            }),
            "analytics.ToolCall" => json!({
                "execution_id": self.execution, "tool_name": "shell", "started_at": NOON,
            }),
            "analytics.Task" => {
                json!({"execution_id": self.execution, "task_description": "look"})
            }
            "analytics.Batch" => json!({"execution_id": self.execution}),
            "approvals.Create" => json!({"execution_id": self.execution, "tool_name": "shell"}),
            "foreign.CreateJobExecution" => json!({
                "execution_id": self.execution, "entity_type": "agent", "prompt": "What is new?",
                "trigger_type": "cron",
            }),
            "foreign.Register" => json!({"environment_name": "default"}),
            "foreign.Heartbeat" => {
                json!({"worker_id": self.worker, "environment_name": "default"})
            }
            "foreign.EndJobExecution" => json!({"status": "completed"}),
            "queues.Lock" => json!({"worker_id": "me"}),
            "foreign.UpdateExecution" => json!({"execution_metadata": {"seen": true}}),
            "jobs.Update" | "queues.Update" | "skills.Put" | "skills.Update" => {
                json!({"description": "changed"})
            }
            "skills.Associate" => json!({"skill_id": self.spare_skill}),
            "executions.ExecuteAgentOperation" => json!({"prompt": "What is new?"}),
            "executions.Message" => json!({"message": "And?"}),
            "executions.Publish" => json!({"event_type": "progress", "data": {"percent": 50}}),
            "workers.Register" => json!({
                "queues": [self.queue], "protocol": PROTOCOL, "version": "0.0.0",
            }),
            "workflows.Start" => json!({
                "workflow_type": "AgentExecutionWorkflow",
                "input": {"agent_id": self.agent, "prompt": "What is new?"},
            }),
            "workflows.Signal" => json!({"signal_name": "add_message", "args": ["And?"]}),
            "workers.Poll" => json!({"kind": "turn"}),
            "workers.Progressed" => json!({"attempt": 1, "number": 1, "progress": []}),
            "workers.Complete" => json!({"attempt": 1, "outcome": {"result": "cancelled"}}),
            "executions.TerminateOperation" => json!({"reason": "a test"}),
            _ => json!({}),
        }
    }

    /// All that its owner sees of it.
    pub async fn snapshot(&self) -> Vec<Value> {
        let Self { agent, environment, queue, execution, job, approval, .. } = self;
        let mut all = Vec::new();
        for path in [
            format!("/api/v1/agents/{agent}"),
            format!("/api/v1/environments/{environment}"),
            format!("/api/v1/worker-queues/{queue}"),
            format!("/api/v1/worker-queues/{queue}/workers"),
            format!("/api/v1/jobs/{job}"),
            format!("/api/v1/jobs/{job}/executions"),
            format!("/api/v1/executions/{execution}"),
            format!("/api/v1/executions/{execution}/events"),
            format!("/api/v1/executions/{execution}/session"),
            format!("/api/v1/approvals/{approval}"),
            "/api/v1/approvals".to_owned(),
            "/api/v1/agents".to_owned(),
            "/api/v1/skills".to_owned(),
            "/api/v1/environments".to_owned(),
            "/api/v1/worker-queues".to_owned(),
            "/api/v1/jobs".to_owned(),
            "/api/v1/executions".to_owned(),
            "/api/v1/api-keys".to_owned(),
        ] {
            let reply = self.owner.get(&path).await;
            assert_eq!(reply.status, 200, "{path}: {reply}");
            all.push(reply.body);
        }
        all
    }
}

/// A worker of the reference's kind; none where the plane has no Temporal for it.
async fn foreign(owner: &Organization) -> Option<String> {
    let path = format!("/api/v1/environments/{}/worker-queues", owner.environment_id);
    let queue = owner.create(&path, json!({"name": unique("local-exec")})).await;
    let started = owner.post(&format!("/api/v1/worker-queues/{queue}/start"), json!({})).await;
    started.body["worker_id"].as_str().map(str::to_owned)
}

/// A worker of a queue of its own, and an activity that it has leased.
async fn leased(owner: &Organization, agent: &str) -> (String, String) {
    let queue = owner.queue_without_worker().await;
    let body = json!({
        "queues": [queue], "protocol": PROTOCOL, "version": "0.0.0", "takes_from": "http",
    });
    let registered = owner.post("/api/v1/workers", body).await;
    let worker = registered.text("worker_id");
    owner.execute(agent, json!({"prompt": "Wait", "worker_queue_id": queue})).await;
    let poll = json!({"kind": "turn", "wait_seconds": 30});
    let polled = owner.post(&format!("/api/v1/workers/{worker}/poll"), poll).await;
    let activity = polled.body["tasks"][0]["id"].as_str().expect("a task").to_owned();
    (worker, activity)
}
