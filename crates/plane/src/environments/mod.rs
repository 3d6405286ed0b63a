//! Environments. An organization is made with one, named `default`.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
mod list;
mod named;
mod show;
pub(crate) mod update;
mod worker_command;

use drover_wire::environments as wire;

pub(crate) use get::absent;
pub(crate) use named::{is_ready, named};
pub(crate) use show::reference;

use crate::routes::Routes;

/// The environment that an organization is made with.
pub(crate) const DEFAULT: &str = "default";

/// The routes of the area.
pub fn routes(routes: Routes) -> Routes {
    routes
        .on::<wire::Create, _, _>(create::handler)
        .on::<wire::List, _, _>(list::handler)
        .on::<wire::Get, _, _>(get::handler)
        .on::<wire::Update, _, _>(update::handler)
        .on::<wire::Delete, _, _>(delete::handler)
        .on::<wire::WorkerCommand, _, _>(worker_command::handler)
}
