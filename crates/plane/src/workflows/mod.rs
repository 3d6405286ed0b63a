//! The workflows of runs. Each run has one, by its id; what is asked of it is asked of the run, so it is
//! the same where a plane has no Temporal.

mod cancel;
mod get;
mod health;
mod list;
mod signal;
mod start;
mod stats;
mod terminate;
mod view;

use drover_wire::workflows as wire;

use crate::routes::Routes;

/// The routes of the area.
pub fn routes(routes: Routes) -> Routes {
    routes
        .on::<wire::List, _, _>(list::handler)
        .on::<wire::Start, _, _>(start::handler)
        .on::<wire::Stats, _, _>(stats::handler)
        .on::<wire::Get, _, _>(get::handler)
        .on::<wire::Signal, _, _>(signal::handler)
        .on::<wire::Cancel, _, _>(cancel::handler)
        .on::<wire::Terminate, _, _>(terminate::handler)
        .on::<wire::Health, _, _>(health::handler)
}
