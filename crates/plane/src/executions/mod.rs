//! Runs: accepted, listed, streamed, steered.

pub mod accept;
pub mod frames;
pub mod view;

pub(crate) mod cancel;
mod events;
pub(crate) mod execute;
pub mod get;
pub(crate) mod list;
pub(crate) mod mark_done;
pub(crate) mod message;
pub(crate) mod publish;
mod session;
mod stream;
pub(crate) mod terminate;

use drover_wire::executions as wire;

use crate::routes::Routes;

/// The routes of the area.
pub fn routes(routes: Routes) -> Routes {
    routes
        .on::<wire::ExecuteAgentOperation, _, _>(execute::handler)
        .on::<wire::List, _, _>(list::handler)
        .on::<wire::Get, _, _>(get::handler)
        .on::<wire::Stream, _, _>(stream::handler)
        .on::<wire::Events, _, _>(events::handler)
        .on::<wire::Publish, _, _>(publish::handler)
        .on::<wire::GetSession, _, _>(session::handler)
        .on::<wire::Message, _, _>(message::handler)
        // The name under which tools of the reference's worker ask for it.
        .at::<wire::Message, _, _>("/api/v1/executions/{execution_id}/followup", message::handler)
        .on::<wire::MarkDone, _, _>(mark_done::handler)
        .on::<wire::Cancel, _, _>(cancel::handler)
        .on::<wire::TerminateOperation, _, _>(terminate::handler)
}
