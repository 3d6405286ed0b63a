//! The tools of an agent's skills: what a model is offered, and what its calls do. Not here: the
//! walls around a process (`crate::sandbox`), approval and policy, which come before a call.
//!
//! | folder | skill type |
//! |---|---|
//! | `shell` | `shell` |
//! | `files` | `file_system` |
//! | `python` | `python` |
//!
//! Every restriction of a skill's configuration is enforced in here, before anything runs. What a
//! tool cannot do is an answer the model can act on, never a failure of the activity.

mod answer;
mod arguments;
mod files;
mod offer;
mod python;
mod shell;
mod toolbox;

pub use answer::ToolboxError;
pub use offer::tool_specs;
pub use toolbox::{RecordProcess, Toolbox};
