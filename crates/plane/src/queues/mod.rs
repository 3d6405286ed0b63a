//! Worker queues. Each belongs to an environment; the queue `default` of the environment `default`
//! is served by the plane itself.

mod config;
mod create;
mod executions;
mod get;
mod list;
mod list_of_environment;
mod lock;
mod lock_status;
mod named;
mod show;
mod unlock;
mod worker_command;

pub(crate) use named::named;
pub(crate) use worker_command::start_command;

use drover_wire::queues as wire;

use crate::routes::Routes;

/// The routes of the area.
pub fn routes(routes: Routes) -> Routes {
    routes
        .on::<wire::List, _, _>(list::handler)
        .on::<wire::Get, _, _>(get::handler)
        .on::<wire::Create, _, _>(create::handler)
        .on::<wire::ListOfEnvironment, _, _>(list_of_environment::handler)
        .on::<wire::Executions, _, _>(executions::handler)
        .on::<wire::WorkerCommand, _, _>(worker_command::handler)
        .on::<wire::Config, _, _>(config::handler)
        .on::<wire::Lock, _, _>(lock::handler)
        .on::<wire::Unlock, _, _>(unlock::handler)
        .on::<wire::LockStatus, _, _>(lock_status::handler)
}
