//! Approvals: something in a run waits for a person's word.

mod approve;
mod create;
mod get;
mod list;
mod pending;
mod reject;
mod resolve;
mod show;
mod tasks;

pub use tasks::expire::watch;

use drover_wire::approvals as wire;

use crate::routes::Routes;

/// The routes of the area.
pub fn routes(routes: Routes) -> Routes {
    routes
        .on::<wire::Create, _, _>(create::handler)
        .on::<wire::Get, _, _>(get::handler)
        .on::<wire::Approve, _, _>(approve::handler)
        .on::<wire::Reject, _, _>(reject::handler)
        .on::<wire::List, _, _>(list::handler)
        .on::<wire::Pending, _, _>(pending::handler)
}
