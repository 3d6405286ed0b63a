//! Agents. Invariants: one holds at least one skill of its own; what it refers to is its
//! organization's; each change is one commit.

mod create;
mod delete;
mod get;
mod links;
mod list;
mod runtime;
mod show;
mod update;

use drover_wire::agents as wire;
pub(crate) use get::absent;

use crate::routes::Routes;

/// The answer to a name that another agent has.
const TAKEN: &str = "Agent with this name already exists in your organization";

/// The routes of the area.
pub fn routes(routes: Routes) -> Routes {
    routes
        .on::<wire::Create, _, _>(create::handler)
        .on::<wire::List, _, _>(list::handler)
        .on::<wire::Get, _, _>(get::handler)
        .on::<wire::Update, _, _>(update::handler)
        .on::<wire::Delete, _, _>(delete::handler)
}
