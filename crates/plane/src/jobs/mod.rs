//! Jobs: kept, previewed, started. Not here: their rules (`domain::jobs`).

mod create;
mod delete;
mod disable;
mod enable;
mod executions;
mod get;
mod list;
mod row;
mod schedule;
pub(crate) mod trigger;
mod update;
mod view;

use drover_wire::jobs as wire;

use crate::routes::Routes;

/// The routes of the area.
pub fn routes(routes: Routes) -> Routes {
    routes
        .on::<wire::Create, _, _>(create::handler)
        .on::<wire::List, _, _>(list::handler)
        .on::<wire::Get, _, _>(get::handler)
        .on::<wire::Update, _, _>(update::handler)
        .on::<wire::Delete, _, _>(delete::handler)
        .on::<wire::Trigger, _, _>(trigger::handler)
        .on::<wire::Enable, _, _>(enable::handler)
        .on::<wire::Disable, _, _>(disable::handler)
        .on::<wire::Executions, _, _>(executions::handler)
        .on::<wire::Schedule, _, _>(schedule::handler)
}
