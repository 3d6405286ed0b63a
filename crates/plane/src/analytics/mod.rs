//! What foreign workers report of their turns, tool calls and tasks. A turn's report decides where its
//! run stands before it is answered; nothing else here decides anything.

mod batch;
mod rows;
mod task;
mod task_progress;
mod tool_call;
mod turn;

use drover_wire::analytics as wire;

use crate::routes::Routes;

/// The routes of the area.
pub fn routes(routes: Routes) -> Routes {
    routes
        .on::<wire::Turn, _, _>(turn::handler)
        .on::<wire::ToolCall, _, _>(tool_call::handler)
        .on::<wire::Task, _, _>(task::handler)
        .on::<wire::TaskProgress, _, _>(task_progress::handler)
        .on::<wire::Batch, _, _>(batch::handler)
}
