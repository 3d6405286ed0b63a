//! Worker queues. Each belongs to an environment; the queue `default` of the environment `default`
//! is served by the plane itself.

mod config;
pub(crate) mod create;
pub(crate) mod delete;
mod executions;
mod get;
mod in_process;
mod install_script;
mod list;
mod list_of_environment;
mod lock;
mod lock_status;
mod metrics;
mod named;
mod show;
mod tasks;
mod unlock;
mod update;
mod worker_command;
mod workflows;

pub use in_process::serve;
pub use tasks::clean_up::clean_up;

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
        .on::<wire::Update, _, _>(update::handler)
        .on::<wire::Delete, _, _>(delete::handler)
        .on::<wire::Metrics, _, _>(metrics::handler)
        .on::<wire::Workflows, _, _>(workflows::handler)
        .on::<wire::InstallScriptOperation, _, _>(install_script::handler)
        .on::<wire::Executions, _, _>(executions::handler)
        .on::<wire::WorkerCommand, _, _>(worker_command::handler)
        .on::<wire::Config, _, _>(config::handler)
        .on::<wire::Lock, _, _>(lock::handler)
        .on::<wire::Unlock, _, _>(unlock::handler)
        .on::<wire::LockStatus, _, _>(lock_status::handler)
}
