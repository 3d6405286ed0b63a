//! What a worker reports: progress, heartbeats, the outcome. Every report is fenced by the lease:
//! a worker that lost it changes nothing.

use drover_domain::activities::{Cost, Failure, Outcome, Progress, ToolResult, TurnResult, Usage};
use drover_domain::executions::{Event, EventKind, NewEvent};
use drover_domain::messages::{Body, Message, ToolCallRequest, message_id};
use drover_domain::{ActivityId, Error, Result, micros};
use drover_store::sea_orm::sea_query::Expr;
use drover_store::sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use drover_store::{WriteSet, activities};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Embedded;
use super::lease::{Leased, lease_end};
use crate::run::Run;
use crate::step::{Extra, Speaker, ToolStart, as_i32, insert_message, step, tool_execution_id};
use crate::taker::Taker;

/// Calls of one turn that are made. The next prompt answers the rest as cut off.
const MAX_CALLS: u16 = 64;
/// Bytes of a tool's output shown in the log; the conversation has the whole.
const OUTPUT_PREVIEW: usize = 16 * 1024;

impl Embedded {
    /// Stores progress. Answers after it is on disk. A report that comes over a network has a number,
    /// from 1 in each try: a repeated one changes nothing and is answered as if it had.
    ///
    /// # Errors
    /// [`Error::Stale`] if the lease is lost, or if a report before this one is not stored.
    pub async fn append(
        &self,
        leased: &Leased,
        number: Option<i32>,
        progress: Vec<Progress>,
    ) -> Result<()> {
        let appended = self.try_append(leased, number, progress).await;
        match (number, appended) {
            (Some(number), Err(Error::Stale)) if self.reports(leased).await? >= number => Ok(()),
            (_, appended) => appended,
        }
    }

    /// How many numbered reports of this try are stored.
    async fn reports(&self, leased: &Leased) -> Result<i32> {
        let owner = &leased.taker.owner;
        let reader = self.store.reader();
        let held = activities::queries::leases_held(reader, &[leased.id], owner).await?;
        let this = held.into_iter().find(|row| row.attempt == as_i32(leased.attempt));
        let stored = this.map(|row| row.reports);
        Ok(stored.unwrap_or_default())
    }

    async fn try_append(
        &self,
        leased: &Leased,
        number: Option<i32>,
        progress: Vec<Progress>,
    ) -> Result<()> {
        let now = self.clock.now();
        let mut set = self.store.set();
        use activities::entity::{Column, Entity};
        let mut lease = Entity::update_many()
            .col_expr(Column::LeaseUntil, Expr::value(lease_end(now)))
            .filter(Column::Id.eq(leased.id.0))
            .filter(Column::State.eq("leased"))
            .filter(Column::LeaseOwner.eq(leased.taker.owner.as_str()))
            .filter(Column::Attempt.eq(as_i32(leased.attempt)));
        if let Some(number) = number {
            lease = lease
                .col_expr(Column::Reports, Expr::value(number))
                .filter(Column::Reports.eq(number - 1));
        }
        let mut events = Vec::with_capacity(progress.len());
        for one in progress {
            match one {
                Progress::Process(process) => {
                    let text = format!("{}:{}", process.group, process.started_ticks);
                    lease = lease.col_expr(Column::Process, Expr::value(text));
                }
                Progress::Chunk { message_id, content } => {
                    events.push(chunk(&leased.run, &message_id, &content));
                }
                Progress::Reset { message_id, replaced_by } => {
                    let data = json!({"message_id": message_id, "replaced_by": replaced_by});
                    events.push(NewEvent::new(EventKind::MessageReset, data));
                }
                Progress::Thinking { message_id, content } => {
                    let data = json!({"message_id": message_id, "thinking": content});
                    events.push(NewEvent::new(EventKind::ThinkingDelta, data));
                }
            }
        }
        set.add_guarded(lease);
        set.append(leased.run.id, events, now);
        self.store.write(set).await
    }

    /// Renews leases. A lost one is noticed at the next report.
    pub async fn heartbeat(&self, taker: &Taker, held: &[ActivityId]) -> Result<()> {
        use activities::entity::{Column, Entity};
        let mut held = held.to_vec();
        // In the order in which everybody locks.
        held.sort_by_key(|id| id.0);
        for held in held.chunks(200) {
            let mut set = self.store.set();
            set.add(
                Entity::update_many()
                    .col_expr(Column::LeaseUntil, Expr::value(lease_end(self.clock.now())))
                    .filter(Column::Id.is_in(held.iter().map(|id| id.0)))
                    .filter(Column::State.eq("leased"))
                    .filter(Column::LeaseOwner.eq(taker.owner.as_str())),
            );
            self.store.write(set).await?;
        }
        Ok(())
    }

    /// Records how an activity ended and goes on with the run. A repeated or late report changes
    /// nothing and is answered as if it had.
    pub async fn complete(&self, leased: &Leased, outcome: Outcome) -> Result<()> {
        let Leased { id, run, .. } = leased;
        let (org, execution) = (run.organization.clone(), run.id);
        let mut run = run.clone();
        let mut result = Err(Error::Stale);
        for _ in 0..super::CONFLICTS {
            if !run.flow.owns(leased.ordinal) {
                tracing::debug!(execution.id = %execution, activity.id = %id, "a late report");
                result = Ok(());
                break;
            }
            let mut set = self.store.set();
            self.record(leased, &mut run, &outcome, &mut set)?;
            result = self.store.write(set).await;
            if !matches!(result, Err(Error::Stale)) {
                break;
            }
            let row = activities::queries::activity_by_id(self.store.reader(), leased.id).await?;
            if row.is_none_or(|row| !leased.is_of(&row)) {
                result = Ok(());
                break;
            }
            run = self.run(&org, execution).await?;
        }
        self.hub.ended(execution, leased.id, leased.attempt);
        result
    }

    /// Forgets a lease that was lost: nothing is written.
    pub fn abandon(&self, leased: &Leased) {
        self.hub.ended(leased.run.id, leased.id, leased.attempt);
    }

    fn record(
        &self,
        leased: &Leased,
        run: &mut Run,
        outcome: &Outcome,
        set: &mut WriteSet,
    ) -> Result<()> {
        let now = self.clock.now();
        let again = || Extra { current: Some((leased.id, leased.kind)), ..Extra::default() };
        match outcome {
            Outcome::Turn(turn) => {
                end_activity(leased, "done", Some(turn), set, now);
                self.record_turn(leased, run, turn, set, now)
            }
            Outcome::Tool(tool) => {
                end_activity(leased, "done", None, set, now);
                self.record_tool(leased, run, tool, set, now)
            }
            Outcome::Failed(Failure { message, retry }) => {
                lease_stays(leased, set);
                let event = Event::ActivityFailed {
                    activity: leased.ordinal,
                    retry: *retry,
                    message: message.clone(),
                };
                step(run, event, again(), set, now)?;
                if run.status().is_terminal() {
                    end_activity(leased, "failed", None, set, now);
                }
                Ok(())
            }
            // Whoever cancelled has settled the run already; without that, the lease is given back.
            Outcome::Cancelled => {
                lease_stays(leased, set);
                let event = Event::LeaseLost { activity: leased.ordinal };
                step(run, event, again(), set, now)?;
                Ok(())
            }
        }
    }

    fn record_turn(
        &self,
        leased: &Leased,
        run: &mut Run,
        turn: &TurnResult,
        set: &mut WriteSet,
        now: Timestamp,
    ) -> Result<()> {
        run.spent.add(turn.usage, turn.cost.as_ref(), &turn.model);
        let message = Message {
            message_id: turn.message_id.clone(),
            body: Body::Assistant {
                content: turn.text.clone(),
                tool_calls: turn.tool_calls.clone(),
                provider_blocks: turn.provider_blocks.clone(),
            },
        };
        let mut events = Vec::new();
        if !turn.unsent_text.is_empty() {
            events.push(chunk(run, &turn.message_id, &turn.unsent_text));
        }
        let extra = Extra {
            events,
            response: Some(turn.text.clone()),
            calls: tool_starts(&turn.tool_calls),
            current: None,
        };
        let event = Event::TurnDone {
            activity: leased.ordinal,
            calls: u16::try_from(extra.calls.len()).unwrap_or(MAX_CALLS).min(MAX_CALLS),
            tokens: turn.usage.total(),
        };
        let ordinal = as_i32(run.flow.messages);
        step(run, event, extra, set, now)?;
        insert_message(run, set, ordinal, &message, &Speaker::default(), now)
    }

    fn record_tool(
        &self,
        leased: &Leased,
        run: &mut Run,
        tool: &ToolResult,
        set: &mut WriteSet,
        now: Timestamp,
    ) -> Result<()> {
        let Some(request) = leased.request() else {
            return Err(Error::fault("record a tool call", "its request is not at hand"));
        };
        let ordinal = as_i32(run.flow.messages);
        let message = Message {
            message_id: message_id(run.id, "tool", leased.ordinal),
            body: Body::Tool {
                tool_call_id: request.id.clone(),
                tool_name: request.name.clone(),
                content: tool.output.clone(),
                is_error: tool.is_error,
            },
        };
        let completed = tool_completed(leased, &request.name, tool);
        let calls = tool_starts(&leased.calls);
        let extra = Extra { events: vec![completed], calls, ..Extra::default() };
        let event = Event::ToolDone { activity: leased.ordinal };
        step(run, event, extra, set, now)?;
        insert_message(run, set, ordinal, &message, &Speaker::default(), now)
    }
}

impl Leased {
    /// Whether a row tells of this lease.
    fn is_of(&self, row: &activities::entity::Model) -> bool {
        row.state == "leased"
            && row.lease_owner.as_ref() == Some(&self.taker.owner)
            && row.attempt == as_i32(self.attempt)
    }

    /// The call this activity makes, for tools.
    pub fn request(&self) -> Option<&ToolCallRequest> {
        self.calls.get(usize::from(self.call))
    }

    /// The id under which the call is told in events.
    pub fn tool_execution_id(&self) -> String {
        let name = self.request().map_or("tool", |request| request.name.as_str());
        tool_execution_id(name, self.id)
    }
}

fn tool_starts(calls: &[ToolCallRequest]) -> Vec<ToolStart> {
    let start = |call: &ToolCallRequest| ToolStart {
        name: call.name.clone(),
        arguments: call.arguments.clone(),
    };
    calls.iter().map(start).collect()
}

/// Says that the set needs the lease: what gives the activity to others must not take it from one of
/// them who has it by now.
fn lease_stays(leased: &Leased, set: &mut WriteSet) {
    use activities::entity::{Column, Entity};
    set.add_guarded(
        Entity::update_many()
            .col_expr(Column::Attempt, Expr::col(Column::Attempt))
            .filter(Column::Id.eq(leased.id.0))
            .filter(Column::State.eq("leased"))
            .filter(Column::LeaseOwner.eq(leased.taker.owner.as_str()))
            .filter(Column::Attempt.eq(as_i32(leased.attempt))),
    );
}

fn end_activity(
    leased: &Leased,
    state: &str,
    turn: Option<&TurnResult>,
    set: &mut WriteSet,
    now: Timestamp,
) {
    use activities::entity::{Column, Entity};
    let mut row = Entity::update_many()
        .col_expr(Column::State, Expr::value(state))
        .col_expr(Column::EndedAt, Expr::value(micros(now)))
        .filter(Column::Id.eq(leased.id.0))
        .filter(Column::State.eq("leased"))
        .filter(Column::LeaseOwner.eq(leased.taker.owner.as_str()))
        .filter(Column::Attempt.eq(as_i32(leased.attempt)));
    if let Some(turn) = turn {
        let Usage { input, output, cached, reasoning } = turn.usage;
        let cost = turn.cost.as_ref();
        row = row
            .col_expr(Column::Model, Expr::value(turn.model.as_str()))
            .col_expr(Column::InputTokens, Expr::value(as_i64(input)))
            .col_expr(Column::OutputTokens, Expr::value(as_i64(output)))
            .col_expr(Column::CachedTokens, Expr::value(as_i64(cached)))
            .col_expr(Column::ReasoningTokens, Expr::value(as_i64(reasoning)))
            .col_expr(
                Column::CostMicroUsd,
                Expr::value(cost.map(|Cost { micro_usd, .. }| as_i64(*micro_usd))),
            )
            .col_expr(
                Column::PriceVersion,
                Expr::value(cost.map(|cost| cost.price_version.clone())),
            );
    }
    set.add_guarded(row);
}

/// The stored form of a piece of text: the message's id without what the log's key already says.
pub(super) fn chunk(run: &Run, message_id: &str, content: &str) -> NewEvent {
    let id = message_id
        .strip_prefix(&run.id.to_string())
        .and_then(|rest| rest.strip_prefix("_assistant_"))
        .unwrap_or(message_id);
    NewEvent::new(EventKind::MessageChunk, json!({"m": id, "c": content}))
}

fn tool_completed(leased: &Leased, name: &str, tool: &ToolResult) -> NewEvent {
    let mut end = tool.output.len().min(OUTPUT_PREVIEW);
    while !tool.output.is_char_boundary(end) {
        end -= 1;
    }
    let preview = &tool.output[..end];
    let mut data = json!({
        "tool_name": name,
        "tool_execution_id": leased.tool_execution_id(),
        "status": if tool.is_error { "failed" } else { "success" },
        "tool_output": if tool.is_error { Value::Null } else { json!({"output": preview}) },
        "tool_error": if tool.is_error { json!(preview) } else { Value::Null },
        "duration_ms": tool.duration_ms,
    });
    if end < tool.output.len() {
        data["truncated"] = json!(true);
        data["output_bytes"] = json!(tool.output.len());
    }
    NewEvent::new(EventKind::ToolCompleted, data)
}

fn as_i64(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
