//! Worker queues. Each belongs to an environment; the queue `default` of the environment `default`
//! is served by the plane itself.

mod create;
mod get;
mod list;
mod list_of_environment;
mod show;

use drover_wire::queues as wire;

use crate::routes::Routes;

/// The routes of the area.
pub fn routes(routes: Routes) -> Routes {
    routes
        .on::<wire::List, _, _>(list::handler)
        .on::<wire::Get, _, _>(get::handler)
        .on::<wire::Create, _, _>(create::handler)
        .on::<wire::ListOfEnvironment, _, _>(list_of_environment::handler)
}
