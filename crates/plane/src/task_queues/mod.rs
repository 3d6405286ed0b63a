//! Task queues, as environments were called before they had worker queues: older paths to the same
//! rows. What they do is done in `environments`.

mod create;
mod delete;
mod get;
mod list;
mod show;
mod update;
mod worker_command;
mod workers;

use drover_wire::task_queues as wire;

use crate::routes::Routes;

/// The routes of the area.
pub fn routes(routes: Routes) -> Routes {
    routes
        .on::<wire::Create, _, _>(create::handler)
        .on::<wire::List, _, _>(list::handler)
        .on::<wire::Get, _, _>(get::handler)
        .on::<wire::Update, _, _>(update::handler)
        .on::<wire::Delete, _, _>(delete::handler)
        .on::<wire::WorkerCommand, _, _>(worker_command::handler)
        .on::<wire::Workers, _, _>(workers::handler)
}
