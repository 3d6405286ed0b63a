//! The rules of a job's fields, each and across. Everything wrong is said at once.

use serde_json::{Map, Value};

use super::cron::{CronSpec, check_time_zone};
use super::document;
use super::draft::JobDraft;
use super::job::{JobPlan, Trigger};
use super::template::MAX_PROMPT_BYTES;
use super::words::{EntityType, ExecutorType, PlanningMode, TriggerType};
use crate::error::Violation;

/// How long names and ids of other things may be, in characters.
const MAX_NAME: usize = 255;

/// Checks a draft in the contract's words, defaults filled in.
pub(super) fn check(draft: JobDraft) -> Result<JobPlan, Vec<Violation>> {
    let mut checks = Checks::default();
    checks.one_entity(&draft);
    // A failed check leaves a stand-in, and the plan is dropped at the end.
    let plan = JobPlan {
        name: checks.name(draft.name),
        description: checks.text("description", draft.description),
        enabled: draft.enabled.unwrap_or(true),
        trigger: checks.trigger(
            draft.trigger_type,
            draft.cron_schedule.as_deref(),
            draft.cron_timezone.as_deref().unwrap_or("UTC"),
        ),
        cron_schedule: draft.cron_schedule,
        cron_timezone: draft.cron_timezone.unwrap_or_else(|| "UTC".to_owned()),
        planning_mode: checks
            .word("planning_mode", draft.planning_mode, PlanningMode::WORDS, PlanningMode::parse)
            .unwrap_or(PlanningMode::PredefinedAgent),
        entity_type: checks.word(
            "entity_type",
            draft.entity_type,
            EntityType::WORDS,
            EntityType::parse,
        ),
        entity_id: checks.short_text("entity_id", draft.entity_id),
        prompt_template: checks.prompt_template(draft.prompt_template),
        system_prompt: checks.prompt("system_prompt", draft.system_prompt),
        executor_type: checks
            .word("executor_type", draft.executor_type, ExecutorType::WORDS, ExecutorType::parse)
            .unwrap_or(ExecutorType::Auto),
        worker_queue_name: checks.short_text("worker_queue_name", draft.worker_queue_name),
        environment_name: checks.short_text("environment_name", draft.environment_name),
        config: checks.object("config", draft.config).unwrap_or_default(),
        execution_environment: checks.execution_environment(draft.execution_environment),
    };
    checks.across(&plan);
    if checks.violations.is_empty() { Ok(plan) } else { Err(checks.violations) }
}

/// Collects what is wrong, so that a caller learns all of it at once.
#[derive(Default)]
struct Checks {
    violations: Vec<Violation>,
}

impl Checks {
    fn add(&mut self, field: &str, kind: &'static str, message: impl Into<String>) {
        self.violations.push(Violation::body(field, kind, message));
    }

    fn take<T>(&mut self, result: Result<T, Violation>) -> Option<T> {
        result.map_err(|violation| self.violations.push(violation)).ok()
    }

    fn has(&self, field: &str) -> bool {
        self.violations.iter().any(|violation| violation.loc.get(1).is_some_and(|f| f == field))
    }

    fn name(&mut self, name: Option<String>) -> String {
        match &name {
            None => self.add("name", "missing", "name is required"),
            Some(name) if name.is_empty() => {
                self.add("name", "string_too_short", "name should have at least 1 character");
            }
            Some(_) => {}
        }
        self.short_text("name", name).unwrap_or_default()
    }

    fn text(&mut self, field: &str, text: Option<String>) -> Option<String> {
        // Postgres takes no NUL in text.
        if text.as_deref().is_some_and(|text| text.contains('\0')) {
            self.add(field, "value_error", format!("{field} should not contain NUL characters"));
        }
        text
    }

    fn short_text(&mut self, field: &str, text: Option<String>) -> Option<String> {
        if text.as_deref().is_some_and(|text| text.chars().nth(MAX_NAME).is_some()) {
            let message = format!("{field} should have at most {MAX_NAME} characters");
            self.add(field, "string_too_long", message);
        }
        self.text(field, text)
    }

    fn prompt(&mut self, field: &str, text: Option<String>) -> Option<String> {
        if text.as_deref().is_some_and(|text| text.len() > MAX_PROMPT_BYTES) {
            let message = format!("{field} should have at most {MAX_PROMPT_BYTES} bytes");
            self.add(field, "string_too_long", message);
        }
        self.text(field, text)
    }

    fn prompt_template(&mut self, template: Option<String>) -> String {
        if template.is_none() {
            self.add("prompt_template", "missing", "prompt_template is required");
        }
        self.prompt("prompt_template", template).unwrap_or_default()
    }

    fn word<T>(
        &mut self,
        field: &str,
        text: Option<String>,
        words: &[&str],
        parse: fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = text?;
        let word = parse(&text);
        if word.is_none() {
            self.add(field, "enum", format!("{field} should be one of `{}`", words.join("`, `")));
        }
        word
    }

    /// The expression and the time zone are checked whatever the trigger: they are stored, and may
    /// come into force by a later change.
    fn trigger(
        &mut self,
        trigger_type: Option<String>,
        schedule: Option<&str>,
        time_zone: &str,
    ) -> Trigger {
        let kind = self.word("trigger_type", trigger_type, TriggerType::WORDS, TriggerType::parse);
        let spec = match schedule {
            Some(schedule) => CronSpec::parse(schedule, time_zone)
                .map_err(|violations| self.violations.extend(violations))
                .ok(),
            None => {
                self.take(check_time_zone(time_zone));
                if kind == Some(TriggerType::Cron) {
                    self.required("cron_schedule", "trigger_type", TriggerType::Cron.as_str());
                }
                None
            }
        };
        match (kind, spec) {
            (Some(TriggerType::Cron), Some(spec)) => Trigger::Cron(Box::new(spec)),
            (Some(TriggerType::Webhook), _) => Trigger::Webhook,
            _ => Trigger::Manual,
        }
    }

    fn object(&mut self, field: &str, value: Option<Value>) -> Option<Map<String, Value>> {
        self.take(document::object(field, value?))
    }

    fn execution_environment(&mut self, value: Option<Value>) -> Option<Map<String, Value>> {
        const FIELD: &str = "execution_environment";
        let environment = self.object(FIELD, value)?;
        let values = |of: &Value, each: fn(&Value) -> bool| {
            of.as_object().is_some_and(|object| object.values().all(each))
        };
        let texts =
            |of: &Value| of.as_array().is_some_and(|list| list.iter().all(Value::is_string));
        for (key, value) in &environment {
            // Null is absent, as everywhere in a job.
            let (fits, wanted) = match key.as_str() {
                _ if value.is_null() => continue,
                "env_vars" => (values(value, Value::is_string), "an object of strings"),
                "secrets" | "integration_ids" => (texts(value), "a list of strings"),
                "mcp_servers" => (values(value, Value::is_object), "an object of objects"),
                _ => continue,
            };
            if !fits {
                let field = format!("{FIELD}.{key}");
                self.add(&field, "value_error", format!("{field} should be {wanted}"));
            }
        }
        Some(environment)
    }

    fn one_entity(&mut self, draft: &JobDraft) {
        if draft.aliases.agent_id.is_some() && draft.aliases.team_id.is_some() {
            self.add("team_id", "value_error", "agent_id and team_id exclude each other");
        }
    }

    /// What one field demands of another.
    fn across(&mut self, plan: &JobPlan) {
        let named = |text: &Option<String>| text.as_deref().is_some_and(|t| !t.trim().is_empty());
        if plan.planning_mode != PlanningMode::OnTheFly
            && !named(&plan.entity_id)
            // The stand-in of an unreadable mode demands nothing; nor is an id missing where two came.
            && !self.has("planning_mode")
            && !self.has("team_id")
        {
            self.required("entity_id", "planning_mode", plan.planning_mode.as_str());
        }
        let executor = plan.executor_type.as_str();
        match plan.executor_type {
            ExecutorType::SpecificQueue if !named(&plan.worker_queue_name) => {
                self.required("worker_queue_name", "executor_type", executor);
            }
            ExecutorType::Environment if !named(&plan.environment_name) => {
                self.required("environment_name", "executor_type", executor);
            }
            _ => {}
        }
    }

    fn required(&mut self, field: &str, by: &str, value: &str) {
        self.add(field, "missing", format!("{field} is required when {by} is `{value}`"));
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::super::draft::Aliases;
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

    /// The fields of what is wrong, with their kinds.
    fn refused(draft: JobDraft) -> Vec<String> {
        let violations = JobPlan::create(draft).expect_err("accepted");
        violations.iter().map(|v| format!("{} {}", v.loc[1..].join("."), v.kind)).collect()
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let bad = JobDraft {
            name: text(""),
            trigger_type: text("cron"),
            cron_timezone: text("Mars/Base"),
            planning_mode: text("predefined_team"),
            entity_type: text("robot"),
            executor_type: text("specific_queue"),
            config: Some(json!([])),
            execution_environment: Some(json!({"env_vars": {"A": 1}, "secrets": "x", "own": 1})),
            ..JobDraft::default()
        };
        assert_eq!(
            refused(bad),
            [
                "name string_too_short",
                "cron_timezone value_error",
                "cron_schedule missing",
                "entity_type enum",
                "prompt_template missing",
                "config dict_type",
                "execution_environment.env_vars value_error",
                "execution_environment.secrets value_error",
                "entity_id missing",
                "worker_queue_name missing",
            ]
        );
    }

    #[test]
    fn enum_messages_list_the_words() {
        let bad = JobDraft {
            trigger_type: text("hourly"),
            planning_mode: text("x"),
            executor_type: text("Auto"),
            entity_id: None,
            ..draft()
        };
        let violations = JobPlan::create(bad).unwrap_err();
        assert_eq!(violations.len(), 3);
        assert_eq!(
            violations[0].message,
            "trigger_type should be one of `cron`, `webhook`, `manual`"
        );
    }

    #[test]
    fn lengths_are_counted_as_the_contract_does() {
        assert!(JobPlan::create(JobDraft { name: text(&"é".repeat(255)), ..draft() }).is_ok());
        assert_eq!(
            refused(JobDraft { name: text(&"é".repeat(256)), ..draft() }),
            ["name string_too_long"]
        );
        let prompt = |n| JobDraft { prompt_template: text(&"x".repeat(n)), ..draft() };
        assert!(JobPlan::create(prompt(MAX_PROMPT_BYTES)).is_ok());
        assert_eq!(refused(prompt(MAX_PROMPT_BYTES + 1)), ["prompt_template string_too_long"]);
        assert!(JobPlan::create(prompt(0)).is_ok());
        assert_eq!(refused(JobDraft { name: text("a\0b"), ..draft() }), ["name value_error"]);
    }

    #[test]
    fn a_cron_job_needs_a_schedule_that_can_be_read() {
        let cron = |schedule: &str| JobDraft {
            trigger_type: text("cron"),
            cron_schedule: text(schedule),
            cron_timezone: text("Europe/Berlin"),
            ..draft()
        };
        let plan = JobPlan::create(cron("0 3 * * *")).unwrap();
        assert_eq!(plan.trigger.kind(), TriggerType::Cron);
        let next = plan.next_fire("2026-01-01T00:00:00Z".parse().unwrap());
        assert_eq!(next, Some("2026-01-01T02:00:00Z".parse().unwrap()));
        let off = JobPlan { enabled: false, ..plan };
        assert_eq!(off.next_fire(Timestamp::UNIX_EPOCH), None);
        assert_eq!(refused(cron("0 0 31 2 *")), ["cron_schedule value_error"]);
        // Stored for later, and so checked, also where the trigger is another.
        let webhook = JobDraft { trigger_type: text("webhook"), ..cron("nonsense") };
        assert_eq!(refused(webhook), ["cron_schedule value_error"]);
    }

    #[test]
    fn names_are_required_where_they_are_used() {
        let no_entity = JobDraft { entity_id: text(" "), ..draft() };
        assert_eq!(refused(no_entity.clone()), ["entity_id missing"]);
        let on_the_fly = JobDraft { planning_mode: text("on_the_fly"), ..no_entity };
        assert!(JobPlan::create(on_the_fly).is_ok());
        let environment = JobDraft { executor_type: text("environment"), ..draft() };
        assert_eq!(refused(environment), ["environment_name missing"]);
    }

    #[test]
    fn an_agent_and_a_team_exclude_each_other() {
        let aliases = Aliases { agent_id: text("a"), team_id: text("t"), ..Aliases::default() };
        assert_eq!(
            refused(JobDraft { entity_id: None, aliases, ..draft() }),
            ["team_id value_error"]
        );
    }
}
