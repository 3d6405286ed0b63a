//! What the skill types offer to a person who makes a skill: descriptions, defaults, ready-made
//! variants. Not here: the tools themselves (`worker`).

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::kind::SkillType;

/// A skill type as the catalogue shows it (contract, catalogue §7, "Definition").
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Definition {
    /// Which type.
    #[serde(rename = "type")]
    pub kind: SkillType,
    /// For people.
    pub name: &'static str,
    /// For people.
    pub description: &'static str,
    /// Name of an icon.
    pub icon: &'static str,
    /// In which set the icon is: `lucide` or `react-icon`.
    pub icon_type: &'static str,
    /// The contract's name of what implements it.
    pub framework_class: &'static str,
    /// The settings of a skill made without any.
    pub default_configuration: Map<String, Value>,
    /// Ready-made settings.
    pub variants: Vec<Variant>,
}

/// Ready-made settings of a skill type.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Variant {
    /// Unique among all variants.
    pub id: &'static str,
    /// For people.
    pub name: &'static str,
    /// For people.
    pub description: &'static str,
    /// How much care it needs.
    pub category: Category,
    /// The settings.
    pub configuration: Map<String, Value>,
    /// A word beside the name.
    pub badge: Option<&'static str>,
    /// Name of an icon.
    pub icon: Option<&'static str>,
    /// Whether it is the one to start with.
    pub is_default: bool,
}

/// How much care a variant needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// For most.
    Common,
    /// For who knows what it opens.
    Advanced,
    /// Narrow on purpose.
    Security,
    /// The user's own.
    Custom,
}

impl Definition {
    /// The variant to start with.
    pub fn default_variant(&self) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.is_default)
    }
}

/// What a type offers; `None` for types that can be stored but are not described yet.
pub fn definition(kind: SkillType) -> Option<Definition> {
    match kind {
        SkillType::FileSystem => Some(file_system()),
        SkillType::Shell => Some(shell()),
        SkillType::Python => Some(python()),
        _ => None,
    }
}

/// All types that are described, in the contract's order.
pub fn definitions() -> Vec<Definition> {
    SkillType::ALL.into_iter().filter_map(definition).collect()
}

fn file_system() -> Definition {
    let everything = json!({
        "enable_save_file": true,
        "enable_read_file": true,
        "enable_list_files": true,
        "enable_search_files": true,
    });
    Definition {
        kind: SkillType::FileSystem,
        name: "File System",
        description: "Reads, writes, lists and searches files below one directory.",
        icon: "FolderOpen",
        icon_type: "lucide",
        framework_class: "FileTools",
        default_configuration: object(everything.clone()),
        variants: vec![
            Variant {
                id: "file_system_read_only",
                name: "File System - Read Only",
                description: "Looks at files and finds them; changes none.",
                category: Category::Common,
                configuration: object(json!({
                    "enable_save_file": false,
                    "enable_read_file": true,
                    "enable_list_files": true,
                    "enable_search_files": true,
                })),
                badge: Some("Safe"),
                icon: Some("FolderOpen"),
                is_default: false,
            },
            Variant {
                id: "file_system_full_access",
                name: "File System - Full Access",
                description: "Everything with the files of the workspace.",
                category: Category::Common,
                configuration: object(everything),
                badge: Some("Recommended"),
                icon: Some("HardDrive"),
                is_default: true,
            },
            Variant {
                id: "file_system_sandboxed",
                name: "File System - Sandboxed",
                description: "Reads and writes in one set-aside directory, without search.",
                category: Category::Security,
                configuration: object(json!({
                    "base_dir": "/sandbox",
                    "enable_save_file": true,
                    "enable_read_file": true,
                    "enable_list_files": true,
                    "enable_search_files": false,
                })),
                badge: Some("Secure"),
                icon: Some("Shield"),
                is_default: false,
            },
        ],
    }
}

fn shell() -> Definition {
    let allowed = json!(["ls", "cat", "grep", "find", "ps", "top", "pwd", "echo", "head", "tail"]);
    Definition {
        kind: SkillType::Shell,
        name: "Shell",
        description: "Runs commands on the worker's machine, those that its settings allow.",
        icon: "Terminal",
        icon_type: "lucide",
        framework_class: "ShellTools",
        default_configuration: object(
            json!({ "allowed_commands": allowed.clone(), "timeout": 30 }),
        ),
        variants: vec![
            Variant {
                id: "shell_safe_commands",
                name: "Shell - Safe Commands",
                description: "A short list of commands that look and do not touch.",
                category: Category::Common,
                configuration: object(json!({
                    "allowed_commands": allowed,
                    "timeout": 30,
                    "usage_guidelines": "Only the listed commands run. Prefer narrow questions, \
                        such as a few lines of a file, over dumping all of it.",
                })),
                badge: Some("Safe"),
                icon: Some("Terminal"),
                is_default: true,
            },
            Variant {
                id: "shell_full_access",
                name: "Shell - Full Access",
                description: "Any command, with time for long ones.",
                category: Category::Advanced,
                configuration: object(json!({
                    "timeout": 300,
                    "usage_guidelines": "Any command runs. Look before you change anything, and \
                        say what you are about to delete or overwrite.",
                })),
                badge: Some("Advanced"),
                icon: Some("Terminal"),
                is_default: false,
            },
            Variant {
                id: "shell_read_only",
                name: "Shell - Read Only",
                description: "Commands that read files and directories, and no others.",
                category: Category::Security,
                configuration: object(json!({
                    "allowed_commands": ["ls", "cat", "head", "tail", "grep", "find", "pwd"],
                    "blocked_commands": ["rm", "mv", "cp", "chmod", "chown", "kill"],
                    "timeout": 15,
                    "usage_guidelines": "Nothing here changes a file. If a change is needed, \
                        describe it instead.",
                })),
                badge: Some("Secure"),
                icon: Some("ShieldCheck"),
                is_default: false,
            },
            Variant {
                id: "shell_debug_mode",
                name: "Shell - Debug Mode",
                description: "Bash that prints each command and stops at the first failure.",
                category: Category::Advanced,
                configuration: object(json!({
                    "timeout": 60,
                    "shell_binary": "/bin/bash",
                    "shell_args": ["-x", "-e"],
                    "usage_guidelines": "Every command is printed before it runs. Read the trace \
                        to find which step failed.",
                    "environment_context": "A bash with tracing on (-x) that ends at the first \
                        error (-e).",
                })),
                badge: Some("Debug"),
                icon: Some("Bug"),
                is_default: false,
            },
        ],
    }
}

fn python() -> Definition {
    let restricted = json!({
        "enable_code_execution": true,
        "blocked_imports": ["os", "subprocess", "sys", "socket", "shutil"],
    });
    Definition {
        kind: SkillType::Python,
        name: "Python",
        description: "Runs Python code in the workspace.",
        icon: "FaPython",
        icon_type: "react-icon",
        framework_class: "PythonTools",
        default_configuration: object(restricted.clone()),
        variants: vec![
            Variant {
                id: "python_runtime",
                name: "Python Runtime",
                description: "Code without modules that reach the machine or the network.",
                category: Category::Common,
                configuration: object(restricted),
                badge: Some("Safe"),
                icon: Some("FaPython"),
                is_default: true,
            },
            Variant {
                id: "python_unrestricted",
                name: "Python - Unrestricted",
                description: "Code with any module that is installed.",
                category: Category::Advanced,
                configuration: object(json!({ "enable_code_execution": true })),
                badge: Some("Advanced"),
                icon: Some("FaPython"),
                is_default: false,
            },
        ],
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::configuration::validate_configuration;
    use super::*;

    #[test]
    fn everything_offered_is_valid() {
        for definition in definitions() {
            let kind = definition.kind.as_str();
            let defaults = &definition.default_configuration;
            assert!(!defaults.is_empty(), "{kind}");
            assert_eq!(validate_configuration(kind, defaults), Ok(()), "{kind}");
            for variant in &definition.variants {
                assert!(!variant.configuration.is_empty(), "{}", variant.id);
                let valid = validate_configuration(kind, &variant.configuration);
                assert_eq!(valid, Ok(()), "{}", variant.id);
            }
        }
    }

    #[test]
    fn each_type_has_one_variant_to_start_with() {
        let kinds: Vec<_> = definitions()
            .iter()
            .map(|definition| {
                assert_eq!(definition.variants.iter().filter(|v| v.is_default).count(), 1);
                (definition.kind.as_str(), definition.default_variant().unwrap().id)
            })
            .collect();
        assert_eq!(
            kinds,
            [
                ("file_system", "file_system_full_access"),
                ("shell", "shell_safe_commands"),
                ("python", "python_runtime"),
            ]
        );
        assert_eq!(definition(SkillType::Slack), None);
    }

    #[test]
    fn it_serializes_as_the_contract_shows_it() {
        let shown = serde_json::to_value(definition(SkillType::Python)).unwrap();
        assert_eq!(shown["type"], "python");
        assert_eq!(shown["variants"][1]["category"], "advanced");
        assert_eq!(shown["default_configuration"]["blocked_imports"][1], "subprocess");
    }
}
