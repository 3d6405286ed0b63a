//! The types a skill can have. All can be stored; which have a definition: `definition`.

use serde::{Deserialize, Serialize};

/// The type of a skill (contract, skills-and-runtimes §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkillType {
    /// Files below a directory.
    FileSystem,
    /// Commands of the machine.
    Shell,
    /// Python code.
    Python,
    /// Containers.
    Docker,
    /// Files of common formats.
    FileGeneration,
    /// Diagrams.
    DataVisualization,
    /// Workflows as tools.
    WorkflowExecutor,
    /// Questions to a knowledge base.
    KnowledgeApi,
    /// Memory across runs.
    CognitiveMemory,
    /// Code into the knowledge graph.
    CodeIngestion,
    /// Other agents and teams.
    AgentCommunication,
    /// Files of the plane's storage.
    RemoteFilesystem,
    /// Slack.
    Slack,
    /// Chosen parts of the knowledge graph.
    ContextualAwareness,
    /// The whole knowledge graph.
    ContextGraphSearch,
    /// A pause.
    Sleep,
    /// A person's decision.
    Approval,
    /// Jira.
    Jira,
    /// A user's own skill, found by its name.
    Custom,
}

impl SkillType {
    /// Every type, in the contract's order.
    pub const ALL: [Self; 19] = [
        Self::FileSystem,
        Self::Shell,
        Self::Python,
        Self::Docker,
        Self::FileGeneration,
        Self::DataVisualization,
        Self::WorkflowExecutor,
        Self::KnowledgeApi,
        Self::CognitiveMemory,
        Self::CodeIngestion,
        Self::AgentCommunication,
        Self::RemoteFilesystem,
        Self::Slack,
        Self::ContextualAwareness,
        Self::ContextGraphSearch,
        Self::Sleep,
        Self::Approval,
        Self::Jira,
        Self::Custom,
    ];

    /// The wire and stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FileSystem => "file_system",
            Self::Shell => "shell",
            Self::Python => "python",
            Self::Docker => "docker",
            Self::FileGeneration => "file_generation",
            Self::DataVisualization => "data_visualization",
            Self::WorkflowExecutor => "workflow_executor",
            Self::KnowledgeApi => "knowledge_api",
            Self::CognitiveMemory => "cognitive_memory",
            Self::CodeIngestion => "code_ingestion",
            Self::AgentCommunication => "agent_communication",
            Self::RemoteFilesystem => "remote_filesystem",
            Self::Slack => "slack",
            Self::ContextualAwareness => "contextual_awareness",
            Self::ContextGraphSearch => "context_graph_search",
            Self::Sleep => "sleep",
            Self::Approval => "approval",
            Self::Jira => "jira",
            Self::Custom => "custom",
        }
    }

    /// Reads the word as it is written in the contract.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_as_they_are_written() {
        for kind in SkillType::ALL {
            assert_eq!(SkillType::parse(kind.as_str()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
        assert_eq!(SkillType::parse("Shell"), None);
    }
}
