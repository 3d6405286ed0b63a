//! Connections that stay open: WebSockets of workers, streams of runs. They are counted for each
//! organization, in this process and since its start.

mod counts;
mod sockets;
mod streams;

pub use counts::{Connections, Kind, Open};

use drover_wire::connections as wire;

use crate::routes::Routes;

/// The routes of the area.
pub fn routes(routes: Routes) -> Routes {
    routes.on::<wire::Sockets, _, _>(sockets::handler).on::<wire::Streams, _, _>(streams::handler)
}
