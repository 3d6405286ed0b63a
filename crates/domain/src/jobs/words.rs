//! The words of the contract's enums (contract, jobs, "Enums").

use serde::{Deserialize, Serialize};

/// An enum whose variants are words of the wire and of the store.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every word, in the contract's order.
            pub const ALL: &[Self] = &[$(Self::$variant),+];
            /// The same as text.
            pub const WORDS: &[&str] = &[$($word),+];

            /// The wire and stored word.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
            /// Reads the word as it is written in the contract.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|word| word.as_str() == text)
            }
        }
    };
}

words! {
    /// What starts a job.
    TriggerType {
        /// A schedule.
        Cron = "cron",
        /// A signed request to the job's own address.
        Webhook = "webhook",
        /// A person or a program, through the API.
        Manual = "manual",
    }
}

words! {
    /// How a run finds out who does the work.
    PlanningMode {
        /// The plane chooses an agent or a team by the prompt.
        OnTheFly = "on_the_fly",
        /// The job names an agent.
        PredefinedAgent = "predefined_agent",
        /// The job names a team.
        PredefinedTeam = "predefined_team",
        /// The job names a workflow.
        PredefinedWorkflow = "predefined_workflow",
    }
}

words! {
    /// What `entity_id` names.
    EntityType {
        /// An agent.
        Agent = "agent",
        /// A team.
        Team = "team",
        /// A workflow.
        Workflow = "workflow",
    }
}

words! {
    /// How a run finds its worker queue.
    ExecutorType {
        /// The plane chooses.
        Auto = "auto",
        /// The job names the queue.
        SpecificQueue = "specific_queue",
        /// The job names an environment, one of whose queues is chosen.
        Environment = "environment",
    }
}

words! {
    /// Where a job stands.
    JobStatus {
        /// It can be triggered.
        Active = "active",
        /// Known to the contract; never written.
        Paused = "paused",
        /// Known to the contract; never written.
        Failed = "failed",
        /// Nothing triggers it.
        Disabled = "disabled",
        /// Known to the contract; never written, a deleted job has no row.
        Deleted = "deleted",
    }
}

impl JobStatus {
    /// The status of a job that is, or is not, enabled.
    pub fn of(enabled: bool) -> Self {
        if enabled { Self::Active } else { Self::Disabled }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_as_they_are_written() {
        for word in PlanningMode::ALL {
            assert_eq!(PlanningMode::parse(word.as_str()), Some(*word));
            assert_eq!(serde_json::to_value(word).unwrap(), word.as_str());
        }
        assert_eq!(TriggerType::WORDS, ["cron", "webhook", "manual"]);
        assert_eq!(TriggerType::parse("CRON"), None);
        assert_eq!(JobStatus::of(false).as_str(), "disabled");
    }
}
