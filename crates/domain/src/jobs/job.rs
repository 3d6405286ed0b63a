//! What a job must be to be stored, and what it must be to run.
//!
//! All planning modes are stored: a job may be written before what it names exists (contract, jobs,
//! "Clients"). Whether it can run is asked when it is triggered, by [`runnable`].

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::check::check;
use super::cron::CronSpec;
use super::draft::JobDraft;
use super::words::{EntityType, ExecutorType, PlanningMode, TriggerType};
use crate::error::{Error, Result, Violation};

/// A job that keeps the rules.
#[derive(Debug, Clone, PartialEq)]
pub struct JobPlan {
    /// 1 to 255 characters; not unique.
    pub name: String,
    /// Free text.
    pub description: Option<String>,
    /// Whether it may be triggered.
    pub enabled: bool,
    /// What starts it.
    pub trigger: Trigger,
    /// As it was given; kept and shown also where the trigger is another.
    pub cron_schedule: Option<String>,
    /// As it was given; kept and shown also where the trigger is another.
    pub cron_timezone: String,
    /// How a run finds out who does the work.
    pub planning_mode: PlanningMode,
    /// As it was given: not derived from the mode, a client wants back what it sent.
    pub entity_type: Option<EntityType>,
    /// Present for the predefined modes.
    pub entity_id: Option<String>,
    /// The prompt with its placeholders.
    pub prompt_template: String,
    /// Instructions in place of the agent's own.
    pub system_prompt: Option<String>,
    /// How a run finds its worker queue.
    pub executor_type: ExecutorType,
    /// Present for [`ExecutorType::SpecificQueue`].
    pub worker_queue_name: Option<String>,
    /// Present for [`ExecutorType::Environment`].
    pub environment_name: Option<String>,
    /// Free-form settings.
    pub config: Map<String, Value>,
    /// The sub-keys that were sent.
    pub execution_environment: Option<Map<String, Value>>,
}

/// What starts a job.
#[derive(Debug, Clone, PartialEq)]
pub enum Trigger {
    /// A person or a program, through the API.
    Manual,
    /// A signed request to the job's own address.
    Webhook,
    /// A schedule.
    Cron(Box<CronSpec>),
}

impl Trigger {
    /// The word for it.
    pub fn kind(&self) -> TriggerType {
        match self {
            Self::Manual => TriggerType::Manual,
            Self::Webhook => TriggerType::Webhook,
            Self::Cron(_) => TriggerType::Cron,
        }
    }
}

impl JobPlan {
    /// A new job, or everything that is wrong with it.
    pub fn create(draft: JobDraft) -> Result<Self, Vec<Violation>> {
        check(draft.for_create())
    }

    /// A stored job with a change laid over it. The rules hold for the result: a change to `cron` of
    /// a job without a schedule is refused.
    pub fn update(stored: JobDraft, update: JobDraft) -> Result<Self, Vec<Violation>> {
        check(stored.with_update(update))
    }

    /// When it fires next on its own; `None` where it does not.
    pub fn next_fire(&self, after: Timestamp) -> Option<Timestamp> {
        match &self.trigger {
            Trigger::Cron(spec) if self.enabled => spec.next_after(after),
            _ => None,
        }
    }

    /// Whether a run of it can start; see [`runnable`].
    pub fn runnable(&self) -> Result<()> {
        runnable(self.planning_mode, self.entity_type)
    }
}

/// Whether a run of such a job can start. So far only an agent that the job names does the work.
pub fn runnable(mode: PlanningMode, entity_type: Option<EntityType>) -> Result<()> {
    let unsupported = |what: &str| {
        let text = format!(
            "{what}; set planning_mode to `{}` and entity_id to an agent",
            PlanningMode::PredefinedAgent.as_str()
        );
        Err(Error::refused(text))
    };
    match mode {
        PlanningMode::PredefinedAgent => match entity_type {
            Some(EntityType::Agent) | None => Ok(()),
            Some(other) => Err(Error::refused(format!(
                "Planning mode `{}` needs an agent, but entity_type is `{}`",
                mode.as_str(),
                other.as_str()
            ))),
        },
        PlanningMode::PredefinedTeam => unsupported("Jobs cannot run teams yet"),
        PlanningMode::PredefinedWorkflow => unsupported("Jobs cannot run workflows yet"),
        PlanningMode::OnTheFly => unsupported("Jobs cannot choose an agent on the fly yet"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    fn draft() -> JobDraft {
        JobDraft {
            name: text("nightly"),
            entity_id: text("agent-1"),
            prompt_template: text("Say {{word}}"),
            ..JobDraft::default()
        }
    }

    #[test]
    fn defaults_are_the_contracts() {
        let plan = JobPlan::create(draft()).unwrap();
        assert!(plan.enabled);
        assert_eq!(plan.trigger, Trigger::Manual);
        assert_eq!(plan.cron_timezone, "UTC");
        assert_eq!(plan.planning_mode, PlanningMode::PredefinedAgent);
        assert_eq!(plan.entity_type, None);
        assert_eq!(plan.executor_type, ExecutorType::Auto);
        assert_eq!(plan.config, Map::new());
        assert_eq!(plan.next_fire(Timestamp::UNIX_EPOCH), None);
    }

    #[test]
    fn an_update_is_checked_as_the_job_it_makes() {
        let update = |update| JobPlan::update(draft().for_create(), update);
        let to_cron = JobDraft { trigger_type: text("cron"), ..JobDraft::default() };
        let violations = update(to_cron.clone()).unwrap_err();
        assert_eq!(violations[0].loc, ["body", "cron_schedule"]);
        let with_schedule = JobDraft { cron_schedule: text("@daily"), ..to_cron };
        assert_eq!(update(with_schedule).unwrap().trigger.kind(), TriggerType::Cron);
        let renamed = update(JobDraft { name: text("new"), ..JobDraft::default() }).unwrap();
        assert_eq!(
            (renamed.name.as_str(), renamed.prompt_template.as_str()),
            ("new", "Say {{word}}")
        );
    }

    #[test]
    fn what_cannot_run_yet_is_stored_and_refused_when_triggered() {
        let workflow = JobDraft {
            planning_mode: text("predefined_workflow"),
            entity_type: text("workflow"),
            entity_id: text("workflow-123"),
            ..draft()
        };
        let refusal = JobPlan::create(workflow).unwrap().runnable().unwrap_err().to_string();
        assert!(refusal.starts_with("Jobs cannot run workflows yet"), "{refusal}");
        assert!(refusal.contains("`predefined_agent`"), "{refusal}");
        assert!(JobPlan::create(draft()).unwrap().runnable().is_ok());
        let mismatch = runnable(PlanningMode::PredefinedAgent, Some(EntityType::Team));
        assert!(matches!(mismatch, Err(Error::Refused(_))));
        assert!(runnable(PlanningMode::PredefinedTeam, Some(EntityType::Team)).is_err());
        assert!(runnable(PlanningMode::OnTheFly, None).is_err());
    }
}
