//! Workers in processes of their own: they register, take activities by long poll, renew their
//! leases, report. Whether one lives is told by when it was last heard, and by nothing else.

mod complete;
mod disconnect;
mod get;
pub(crate) mod heartbeat;
mod lease;
mod list;
mod list_of_queue;
mod poll;
mod pollers;
mod progress;
mod register;
mod registry;
mod renew;
mod stuck;
mod tasks;
mod variables;

pub(crate) use pollers::Pollers;
pub(crate) use register::no_room;
pub use registry::Registry;
pub use tasks::elsewhere::follow;
pub use tasks::lost::{LOOK, recover, watch};
pub use tasks::stuck::watch_stuck;

use drover_wire::workers as wire;

use crate::routes::Routes;

/// The routes of the area.
pub fn routes(routes: Routes) -> Routes {
    routes
        .on::<wire::Register, _, _>(register::handler)
        .on::<wire::Poll, _, _>(poll::handler)
        .on::<wire::Renew, _, _>(renew::handler)
        .on::<wire::LeaseActivity, _, _>(lease::handler)
        .on::<wire::Variables, _, _>(variables::handler)
        .on::<wire::Progressed, _, _>(progress::handler)
        .on::<wire::Complete, _, _>(complete::handler)
        .on::<wire::Heartbeat, _, _>(heartbeat::handler)
        .on::<wire::Disconnect, _, _>(disconnect::handler)
        .on::<wire::List, _, _>(list::handler)
        .on::<wire::Get, _, _>(get::handler)
        .on::<wire::ListOfQueue, _, _>(list_of_queue::handler)
}
