//! Skills, who holds them, and what their types offer. Not here: tools (`worker`), the types
//! themselves (`domain::skills`).

mod associate;
mod associations;
mod create;
mod definition;
mod definitions;
mod delete;
mod dissociate;
mod get;
mod holder;
mod list;
mod resolved;
pub(crate) mod settings;
mod show;
mod templates;
mod types;
mod update;
mod validate;
mod variants;

use drover_wire::skills as wire;

pub use resolved::granted;
pub(crate) use show::summary;

use crate::routes::Routes;

/// The answer to a name that another skill has.
const TAKEN: &str = "Skill with this name already exists in your organization";

/// The routes of the area.
pub fn routes(routes: Routes) -> Routes {
    routes
        .on::<wire::Create, _, _>(create::handler)
        .on::<wire::List, _, _>(list::handler)
        .on::<wire::Get, _, _>(get::handler)
        .on::<wire::Update, _, _>(update::handler)
        .on::<wire::Put, _, _>(update::handler)
        .on::<wire::Delete, _, _>(delete::handler)
        .on::<wire::Associate, _, _>(associate::handler)
        .on::<wire::Associations, _, _>(associations::handler)
        .on::<wire::Dissociate, _, _>(dissociate::handler)
        .on::<wire::ResolvedOfAgent, _, _>(resolved::handler)
        .on::<wire::ResolvedToolsetsOfAgent, _, _>(resolved::handler)
        .on::<wire::Definitions, _, _>(definitions::handler)
        .on::<wire::Definition, _, _>(definition::handler)
        .on::<wire::Variants, _, _>(variants::handler)
        .on::<wire::Validate, _, _>(validate::handler)
        .on::<wire::Templates, _, _>(templates::handler)
        .on::<wire::Types, _, _>(types::handler)
}
