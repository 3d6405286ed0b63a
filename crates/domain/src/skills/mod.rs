//! Skills: their types, what the types offer, what their settings may be (contract,
//! skills-and-runtimes §2; catalogue §7).

mod configuration;
mod definition;
mod kind;

pub use configuration::{merge, validate_configuration};
pub use definition::{Category, Definition, Variant, definition, definitions};
pub use kind::SkillType;
