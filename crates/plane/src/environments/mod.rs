//! Environments. An organization is made with one, named `default`.

mod create;
mod get;
mod list;
mod show;
mod worker_command;

use drover_wire::environments as wire;

pub(crate) use get::absent;
pub(crate) use show::reference;

use crate::routes::Routes;

/// The routes of the area.
pub fn routes(routes: Routes) -> Routes {
    routes
        .on::<wire::Create, _, _>(create::handler)
        .on::<wire::List, _, _>(list::handler)
        .on::<wire::Get, _, _>(get::handler)
        .on::<wire::WorkerCommand, _, _>(worker_command::handler)
}
