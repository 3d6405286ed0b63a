//! What the reference's worker asks and reports. It polls Temporal for its work; where a run stands is
//! decided here, with the report of each turn (`analytics`), and never by the worker.

mod create_job_execution;
mod end_job_execution;
mod heartbeat;
mod register;
mod resolved;
pub mod socket;
mod start;
mod start_registered;
mod update_execution;
mod update_session;
mod words;

pub use words::Words;

use drover_wire::foreign as wire;

use crate::routes::Routes;

/// What can be said over a worker's WebSocket. The plane has nothing to tell by `control` or
/// `config_update`: a worker hears of the end of a run from its workflow.
const FEATURES: [&str; 2] = ["events", "heartbeat"];

/// The routes of the area.
pub fn routes(routes: Routes) -> Routes {
    routes
        .on::<wire::Start, _, _>(start::handler)
        .on::<wire::Register, _, _>(register::handler)
        .on::<wire::Heartbeat, _, _>(heartbeat::handler)
        .on::<wire::StartRegistered, _, _>(start_registered::handler)
        .on::<wire::UpdateExecution, _, _>(update_execution::handler)
        .on::<wire::UpdateSession, _, _>(update_session::handler)
        .on::<wire::CreateJobExecution, _, _>(create_job_execution::handler)
        .on::<wire::EndJobExecution, _, _>(end_job_execution::handler)
        .on::<wire::ResolvedVariables, _, _>(resolved::variables)
        .on::<wire::ResolvedAll, _, _>(resolved::all)
}
