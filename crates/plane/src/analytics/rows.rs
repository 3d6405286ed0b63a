//! From reports to rows.

use drover_domain::{Error, ExecutionId, Result, micros};
use drover_store::analytics::{task, tool_call, turn};
use drover_wire::analytics::{TaskCreate, ToolCallCreate, TurnMetricsCreate};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::ctx::Ctx;

/// Characters of an answer that are kept.
const PREVIEW: usize = 500;
/// Characters of a tool's output that are kept.
const OUTPUT: usize = 10_000;

/// The id of a run in a body.
pub fn execution_id(text: &str) -> Result<ExecutionId> {
    let rule = "Input should be a valid UUID";
    text.parse().map_err(|_| Error::invalid("execution_id", "uuid_parsing", rule))
}

/// An instant as a worker writes it: with an offset, or without one in UTC.
pub fn instant(field: &str, text: &str) -> Result<i64> {
    let with_offset = text.parse::<Timestamp>();
    let read = with_offset.or_else(|_| {
        let naive: DateTime = text.parse()?;
        naive.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp())
    });
    let rule = "Input should be a valid datetime";
    read.map(micros).map_err(|_| Error::invalid(field, "datetime_parsing", rule))
}

/// The same of a field that may be absent.
pub fn optional_instant(field: &str, text: Option<&str>) -> Result<Option<i64>> {
    text.map(|text| instant(field, text)).transpose()
}

/// The row of a turn; `at` is where it stands in the body.
pub fn turn(
    ctx: &Ctx,
    execution: ExecutionId,
    body: &TurnMetricsCreate,
    at: &str,
) -> Result<turn::Model> {
    Ok(turn::Model {
        id: ctx.uuid(),
        organization_id: ctx.org().to_string(),
        execution_id: execution.0,
        turn_number: i32::try_from(body.turn_number).unwrap_or(i32::MAX),
        turn_id: body.turn_id.clone(),
        model: body.model.clone(),
        model_provider: body.model_provider.clone(),
        started_at: instant(&format!("{at}started_at"), &body.started_at)?,
        completed_at: optional_instant(&format!("{at}completed_at"), body.completed_at.as_deref())?,
        duration_ms: body.duration_ms,
        input_tokens: body.input_tokens,
        output_tokens: body.output_tokens,
        cache_read_tokens: body.cache_read_tokens,
        cache_creation_tokens: body.cache_creation_tokens,
        total_tokens: body.total_tokens,
        input_cost: body.input_cost,
        output_cost: body.output_cost,
        cache_read_cost: body.cache_read_cost,
        cache_creation_cost: body.cache_creation_cost,
        total_cost: body.total_cost,
        runtime_minutes: body.runtime_minutes,
        model_weight: body.model_weight,
        tool_calls_weight: body.tool_calls_weight,
        aem_value: body.aem_value,
        aem_cost: body.aem_cost,
        finish_reason: body.finish_reason.clone(),
        response_preview: body.response_preview.as_deref().map(|text| cut(text, PREVIEW)),
        tools_called_count: body.tools_called_count,
        tools_called_names: json!(body.tools_called_names),
        error_message: body.error_message.clone(),
        metrics: object(&body.metrics),
        created_at: micros(ctx.now()),
    })
}

/// The row of a tool call. Whose turn it belongs to is checked by the caller.
pub fn tool_call(
    ctx: &Ctx,
    execution: ExecutionId,
    turn_id: Option<Uuid>,
    body: &ToolCallCreate,
    at: &str,
) -> Result<tool_call::Model> {
    let output = body.tool_output.as_deref();
    let size = output.map(|output| output.chars().count());
    let shown = output.zip(size).map(|(output, size)| match size > OUTPUT {
        true => cut(output, OUTPUT) + "... [truncated]",
        false => output.to_owned(),
    });
    Ok(tool_call::Model {
        id: ctx.uuid(),
        organization_id: ctx.org().to_string(),
        execution_id: execution.0,
        turn_id,
        tool_name: body.tool_name.clone(),
        tool_use_id: body.tool_use_id.clone(),
        started_at: instant(&format!("{at}started_at"), &body.started_at)?,
        completed_at: optional_instant(&format!("{at}completed_at"), body.completed_at.as_deref())?,
        duration_ms: body.duration_ms,
        tool_input: body.tool_input.clone().filter(|input| !input.is_null()),
        tool_output: shown,
        tool_output_size: size.and_then(|size| i64::try_from(size).ok()),
        success: body.success,
        error_message: body.error_message.clone(),
        error_type: body.error_type.clone(),
        metadata: object(&body.metadata),
        created_at: micros(ctx.now()),
    })
}

/// The row of a task.
pub fn task(ctx: &Ctx, execution: ExecutionId, body: &TaskCreate, at: &str) -> Result<task::Model> {
    let now = micros(ctx.now());
    let time = |name: &str, text: &Option<String>| {
        optional_instant(&format!("{at}{name}"), text.as_deref())
    };
    Ok(task::Model {
        id: ctx.uuid(),
        organization_id: ctx.org().to_string(),
        execution_id: execution.0,
        task_number: body.task_number.and_then(|number| i32::try_from(number).ok()),
        task_id: body.task_id.clone(),
        task_description: body.task_description.clone(),
        task_type: body.task_type.clone(),
        status: body.status.clone().unwrap_or_else(|| "pending".to_owned()),
        started_at: time("started_at", &body.started_at)?,
        completed_at: time("completed_at", &body.completed_at)?,
        duration_ms: body.duration_ms,
        result: body.result.clone(),
        error_message: body.error_message.clone(),
        metadata: object(&body.metadata),
        created_at: now,
        updated_at: now,
    })
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

fn object(value: &Value) -> Value {
    if value.is_object() { value.clone() } else { json!({}) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_with_an_offset_and_without() {
        let at = |text: &str| instant("started_at", text).expect("an instant");
        assert_eq!(at("2025-01-31T12:00:00.5Z"), at("2025-01-31T13:00:00.500+01:00"));
        assert_eq!(at("2025-01-31T12:00:00.123456"), at("2025-01-31T12:00:00.123456Z"));
        assert!(instant("started_at", "yesterday").is_err());
    }
}
