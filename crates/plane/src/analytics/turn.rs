//! Recording a turn, and with it where the run stands.

use axum::Json;
use drover_domain::activities::{Cost, Usage};
use drover_domain::executions::foreign::TurnEnd;
use drover_domain::{Error, ExecutionId, Result};
use drover_engine::ForeignTurn;
use drover_store::analytics::queries;
use drover_wire::analytics::{TurnMetricsCreate, TurnRecorded};

use super::rows;
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::executions::get;
use crate::extract::{Body, Caller};

/// The table of prices behind a reported cost: the worker's own.
const PRICES: &str = "worker";

/// Answers after the turn is recorded and the run's state is decided.
pub async fn handler(
    Caller(ctx): Caller,
    Body(body): Body<TurnMetricsCreate>,
) -> Reply<TurnRecorded> {
    Ok(Json(record(&ctx, &body).await?))
}

async fn record(ctx: &Ctx, body: &TurnMetricsCreate) -> Result<TurnRecorded> {
    let id = rows::execution_id(&body.execution_id)?;
    let run = get::get(ctx, id).await?;
    let row = rows::turn(ctx, id, body, "")?;
    let taken = |status: String, turn_id: String| TurnRecorded { success: true, turn_id, status };
    if let Some(stored) = stored(ctx, id, row.turn_number).await? {
        return Ok(taken(run.status, stored));
    }
    let turn = turn(body);
    let recorded = ctx.plane().embedded.foreign_turn(ctx.org(), id, &turn, |set| {
        set.insert_unique(row.clone(), "This turn was reported already");
    });
    match recorded.await {
        // Reported twice at once: it is one turn.
        Err(Error::Conflict(text)) => {
            let stored = stored(ctx, id, row.turn_number).await?;
            let stored = stored.ok_or(Error::Conflict(text))?;
            Ok(taken(get::get(ctx, id).await?.status, stored))
        }
        recorded => Ok(taken(recorded?.as_str().to_owned(), row.id.to_string())),
    }
}

async fn stored(ctx: &Ctx, id: ExecutionId, number: i32) -> Result<Option<String>> {
    let stored = queries::turn_get(ctx.read(), ctx.org(), id, number).await?;
    Ok(stored.map(|stored| stored.id.to_string()))
}

fn turn(body: &TurnMetricsCreate) -> ForeignTurn {
    let count = |tokens: i64| u64::try_from(tokens).unwrap_or_default();
    ForeignTurn {
        end: TurnEnd::read(body.finish_reason.as_deref(), body.error_message.as_deref()),
        usage: Usage {
            input: count(body.input_tokens),
            output: count(body.output_tokens),
            cached: count(body.cache_read_tokens),
            reasoning: 0,
        },
        cost: micro_usd(body.total_cost)
            .map(|micro_usd| Cost { micro_usd, price_version: PRICES.to_owned() }),
        model: body.model.clone(),
        preview: body.response_preview.clone(),
    }
}

/// A price in dollars in millionths; `None` for nothing and for nonsense.
fn micro_usd(dollars: f64) -> Option<u64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is between the two bounds"
    )]
    let micros = (dollars * 1e6).round().clamp(0.0, 1e15) as u64;
    (micros > 0).then_some(micros)
}
