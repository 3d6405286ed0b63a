//! A job as a caller words it: nothing checked yet. Not here: the rules (`job`).

use serde_json::Value;

use super::words::{EntityType, ExecutorType, PlanningMode, TriggerType};

/// The fields of JobCreate and JobUpdate (contract, jobs, "Schemas"), and of a stored row. `None` is
/// absent or null: the contract drops explicit nulls, a field cannot be cleared.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JobDraft {
    /// 1 to 255 characters; not unique.
    pub name: Option<String>,
    /// Free text.
    pub description: Option<String>,
    /// Whether it may be triggered.
    pub enabled: Option<bool>,
    /// A word of [`TriggerType`].
    pub trigger_type: Option<String>,
    /// A cron expression.
    pub cron_schedule: Option<String>,
    /// An IANA name.
    pub cron_timezone: Option<String>,
    /// A word of [`PlanningMode`].
    pub planning_mode: Option<String>,
    /// A word of [`EntityType`].
    pub entity_type: Option<String>,
    /// Whom the predefined modes name; free text, the thing need not exist yet.
    pub entity_id: Option<String>,
    /// The prompt with its placeholders; may be empty.
    pub prompt_template: Option<String>,
    /// Instructions in place of the agent's own.
    pub system_prompt: Option<String>,
    /// A word of [`ExecutorType`].
    pub executor_type: Option<String>,
    /// Name or id of a queue.
    pub worker_queue_name: Option<String>,
    /// Name of an environment.
    pub environment_name: Option<String>,
    /// Free-form settings.
    pub config: Option<Value>,
    /// `env_vars`, `secrets`, `integration_ids`, `mcp_servers`.
    pub execution_environment: Option<Value>,
    /// The command line's older words for some of the above.
    pub aliases: Aliases,
}

/// The vocabulary of the command line (contract, clients, K8). Empty texts count as absent: its
/// flags are texts that default to empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Aliases {
    /// `entity_id` of an agent.
    pub agent_id: Option<String>,
    /// `entity_id` of a team.
    pub team_id: Option<String>,
    /// `cron_schedule`, and that the trigger is cron.
    pub schedule: Option<String>,
    /// `cron_timezone`.
    pub timezone: Option<String>,
    /// `prompt_template`.
    pub prompt: Option<String>,
    /// That the trigger is a webhook; the path itself is ours to make.
    pub webhook_path: Option<String>,
}

impl JobDraft {
    /// Whether it says nothing at all: `No fields to update`.
    pub fn is_empty(&self) -> bool {
        self.clone().translated() == Self::default()
    }

    /// The draft of a new job: aliases translated, the contract's defaults filled in.
    pub fn for_create(self) -> Self {
        let mut draft = self.translated();
        let trigger = match &draft.cron_schedule {
            Some(_) => TriggerType::Cron,
            None => TriggerType::Manual,
        };
        default_word(&mut draft.trigger_type, trigger.as_str());
        default_word(&mut draft.cron_timezone, "UTC");
        default_word(&mut draft.planning_mode, PlanningMode::PredefinedAgent.as_str());
        default_word(&mut draft.executor_type, ExecutorType::Auto.as_str());
        draft.enabled.get_or_insert(true);
        draft.config.get_or_insert_with(|| Value::Object(Default::default()));
        draft
    }

    /// The stored job with a change laid over it: what is not mentioned stays, `config` and
    /// `execution_environment` are replaced whole.
    pub fn with_update(self, update: Self) -> Self {
        let update = update.translated();
        Self {
            name: update.name.or(self.name),
            description: update.description.or(self.description),
            enabled: update.enabled.or(self.enabled),
            trigger_type: update.trigger_type.or(self.trigger_type),
            cron_schedule: update.cron_schedule.or(self.cron_schedule),
            cron_timezone: update.cron_timezone.or(self.cron_timezone),
            planning_mode: update.planning_mode.or(self.planning_mode),
            entity_type: update.entity_type.or(self.entity_type),
            entity_id: update.entity_id.or(self.entity_id),
            prompt_template: update.prompt_template.or(self.prompt_template),
            system_prompt: update.system_prompt.or(self.system_prompt),
            executor_type: update.executor_type.or(self.executor_type),
            worker_queue_name: update.worker_queue_name.or(self.worker_queue_name),
            environment_name: update.environment_name.or(self.environment_name),
            config: update.config.or(self.config),
            execution_environment: update.execution_environment.or(self.execution_environment),
            aliases: update.aliases,
        }
    }

    /// The same in the contract's words, which win where both are given. An agent *and* a team stay
    /// where they are: which was meant cannot be told, the check refuses it.
    pub fn translated(mut self) -> Self {
        let aliases = std::mem::take(&mut self.aliases).without_empty();
        let Aliases { agent_id, team_id, schedule, timezone, prompt, webhook_path } = aliases;
        if schedule.is_some() {
            default_word(&mut self.trigger_type, TriggerType::Cron.as_str());
        } else if webhook_path.is_some() {
            default_word(&mut self.trigger_type, TriggerType::Webhook.as_str());
        }
        self.cron_schedule = self.cron_schedule.or(schedule);
        self.cron_timezone = self.cron_timezone.or(timezone);
        self.prompt_template = self.prompt_template.or(prompt);
        match (agent_id, team_id) {
            (Some(id), None) => {
                self.name_entity(PlanningMode::PredefinedAgent, EntityType::Agent, id);
            }
            (None, Some(id)) => {
                self.name_entity(PlanningMode::PredefinedTeam, EntityType::Team, id);
            }
            (agent_id, team_id) => {
                self.aliases = Aliases { agent_id, team_id, ..Aliases::default() };
            }
        }
        self
    }

    fn name_entity(&mut self, mode: PlanningMode, kind: EntityType, id: String) {
        default_word(&mut self.planning_mode, mode.as_str());
        default_word(&mut self.entity_type, kind.as_str());
        self.entity_id.get_or_insert(id);
    }
}

impl Aliases {
    fn without_empty(self) -> Self {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        Self {
            agent_id: given(self.agent_id),
            team_id: given(self.team_id),
            schedule: given(self.schedule),
            timezone: given(self.timezone),
            prompt: given(self.prompt),
            webhook_path: given(self.webhook_path),
        }
    }
}

fn default_word(field: &mut Option<String>, word: &str) {
    field.get_or_insert_with(|| word.to_owned());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn the_command_lines_words_become_the_contracts() {
        let draft = JobDraft {
            name: text("nightly"),
            aliases: Aliases {
                agent_id: text("a1"),
                team_id: text(""),
                schedule: text("0 3 * * *"),
                timezone: text("Europe/Berlin"),
                prompt: text("hi"),
                webhook_path: text("ignored beside a schedule"),
            },
            ..JobDraft::default()
        };
        let expected = JobDraft {
            name: text("nightly"),
            enabled: Some(true),
            trigger_type: text("cron"),
            cron_schedule: text("0 3 * * *"),
            cron_timezone: text("Europe/Berlin"),
            planning_mode: text("predefined_agent"),
            entity_type: text("agent"),
            entity_id: text("a1"),
            prompt_template: text("hi"),
            executor_type: text("auto"),
            config: Some(serde_json::json!({})),
            ..JobDraft::default()
        };
        assert_eq!(draft.for_create(), expected);
    }

    #[test]
    fn the_trigger_follows_from_what_is_there() {
        let of = |aliases| JobDraft { aliases, ..JobDraft::default() }.for_create();
        assert_eq!(of(Aliases::default()).trigger_type, text("manual"));
        let webhook = Aliases { webhook_path: text("/x"), ..Aliases::default() };
        assert_eq!(of(webhook).trigger_type, text("webhook"));
        let canonical = JobDraft { cron_schedule: text("@daily"), ..JobDraft::default() };
        assert_eq!(canonical.for_create().trigger_type, text("cron"));
    }

    #[test]
    fn the_contracts_words_win() {
        let draft = JobDraft {
            trigger_type: text("manual"),
            prompt_template: text("mine"),
            entity_id: text("e"),
            aliases: Aliases {
                team_id: text("t"),
                schedule: text("@daily"),
                prompt: text("other"),
                ..Aliases::default()
            },
            ..JobDraft::default()
        };
        let draft = draft.translated();
        assert_eq!(draft.trigger_type, text("manual"));
        assert_eq!(draft.cron_schedule, text("@daily"));
        assert_eq!(draft.prompt_template, text("mine"));
        assert_eq!((draft.entity_id, draft.planning_mode), (text("e"), text("predefined_team")));
        assert_eq!(draft.aliases, Aliases::default());
    }

    #[test]
    fn an_update_changes_only_what_it_mentions() {
        let stored = JobDraft {
            name: text("old"),
            trigger_type: text("webhook"),
            config: Some(serde_json::json!({"a": 1, "b": 2})),
            ..JobDraft::default()
        };
        let update = JobDraft {
            config: Some(serde_json::json!({"a": 3})),
            aliases: Aliases { schedule: text("@daily"), ..Aliases::default() },
            ..JobDraft::default()
        };
        let merged = stored.with_update(update);
        assert_eq!(merged.name, text("old"));
        assert_eq!(merged.trigger_type, text("cron"));
        assert_eq!(merged.config, Some(serde_json::json!({"a": 3})));
        assert!(JobDraft::default().is_empty());
    }
}
