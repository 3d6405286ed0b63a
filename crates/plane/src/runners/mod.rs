//! Runners, as worker queues are called by older clients. There is no service above this plane that
//! could know of others.

mod health;
mod list;

use drover_wire::runners as wire;

use crate::routes::Routes;

/// The routes of the area.
pub fn routes(routes: Routes) -> Routes {
    routes.on::<wire::List, _, _>(list::handler).on::<wire::Health, _, _>(health::handler)
}
