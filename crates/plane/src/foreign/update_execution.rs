//! Taking what a worker says of a run.

use axum::Json;
use drover_domain::activities::Usage;
use drover_domain::executions::Status;
use drover_domain::{ExecutionId, QueueId, Result};
use drover_engine::StatusPatch;
use drover_store::executions::entity;
use drover_wire::executions::ExecutionReply;
use drover_wire::foreign::ExecutionUpdate;
use serde_json::{Map, Value};

use crate::ctx::Ctx;
use crate::error::Reply;
use crate::executions::{get, view};
use crate::extract::{Caller, Id, Report};

/// Answers the run after what was said is stored.
pub async fn handler(
    Caller(ctx): Caller,
    Id(id): Id<ExecutionId>,
    Report(body): Report<ExecutionUpdate>,
) -> Reply<ExecutionReply> {
    let row = update(&ctx, id, body).await?;
    Ok(Json(view::reply(ctx.plane(), row)))
}

async fn update(ctx: &Ctx, id: ExecutionId, body: ExecutionUpdate) -> Result<entity::Model> {
    let row = get::get(ctx, id).await?;
    let metadata = body.execution_metadata.as_ref();
    let worker = metadata.and_then(|metadata| metadata.get("worker_info"));
    let worker = worker.and_then(|info| info["worker_id"].as_str()?.parse().ok());
    let model = metadata.and_then(|metadata| metadata.get("model")?.as_str());
    let patch = StatusPatch {
        status: body.status.as_deref().and_then(Status::parse),
        worker,
        model: model.map(str::to_owned),
        response: body.response,
        error_message: body.error_message,
        usage: body.usage.as_ref().and_then(usage),
        metadata: body.execution_metadata,
    };
    // Nobody need have dispatched it: on a queue of foreign workers it is theirs.
    let may_begin = ctx.plane().hub.is_foreign(QueueId(row.worker_queue_id));
    ctx.plane().embedded.foreign_patch(ctx.org(), id, &patch, may_begin).await
}

/// Tokens in either spelling; `None` if there are none.
fn usage(given: &Map<String, Value>) -> Option<Usage> {
    let of = |names: [&str; 2]| {
        let counts = names.iter().filter_map(|name| given.get(*name)?.as_u64());
        counts.max().unwrap_or_default()
    };
    let (input, output) =
        (of(["prompt_tokens", "input_tokens"]), of(["completion_tokens", "output_tokens"]));
    let total = of(["total_tokens", "total_tokens"]);
    let cached = of(["cache_read_tokens", "cached_tokens"]);
    let usage =
        Usage { input, output: output.max(total.saturating_sub(input)), cached, reasoning: 0 };
    (usage.total() > 0).then_some(usage)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tokens_are_read_in_either_spelling() {
        let read = |value: Value| usage(value.as_object().expect("an object"));
        let both = json!({"prompt_tokens": 3, "input_tokens": 3, "completion_tokens": 4});
        assert_eq!(read(both).map(|usage| (usage.input, usage.output)), Some((3, 4)));
        // The reference's workflow sums the spelling that its runtime does not use.
        let zeros = json!({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 9});
        assert_eq!(read(zeros).map(|usage| usage.total()), Some(9));
        assert_eq!(read(json!({"prompt_tokens": 0, "model": "m"})), None);
    }
}
