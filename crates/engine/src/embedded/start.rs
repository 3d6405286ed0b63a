//! The start of a run: few rows, one commit. This is the hot path of every trigger.

use std::sync::Arc;

use drover_domain::activities::ActivityKind;
use drover_domain::executions::{Event, ExecutionFlow};
use drover_domain::messages::Message;
use drover_domain::{ActivityId, Doing, ExecutionId, OrgId, QueueId, Result, timestamp};
use drover_store::{Notice, WriteSet};
use jiff::Timestamp;
use serde_json::json;

use super::Embedded;
use super::lease::{Hint, Which};
use crate::run::{NewRun, Run, Spent};
use crate::step::{insert_message, message_event, new_activity};

/// Adds the rows of a new run: itself, its log, its conversation, its first activity.
pub(super) fn start(engine: &Embedded, set: &mut WriteSet, new: NewRun) -> Result<()> {
    let NewRun { mut row, limits, interactive, history, speaker } = new;
    let now = timestamp(row.created_at);
    let id = ExecutionId(row.id);
    let taken_over = i32::try_from(history.len()).doing("number the messages")?;
    let mut flow = ExecutionFlow::new(limits, interactive);
    flow.step(Event::Accepted, now);

    row.status = flow.status.as_str().to_owned();
    row.flow = serde_json::to_string(&flow).doing("write a run's flow")?;
    row.version = 1;
    row.usage = json!({});
    let run = Run {
        id,
        organization: OrgId::new(row.organization_id.clone()),
        queue: QueueId(row.worker_queue_id),
        entity_id: row.entity_id.clone(),
        system_prompt: row.system_prompt.clone(),
        config: row.config.clone(),
        version: 1,
        flow,
        spent: Spent::default(),
    };
    let prompt = Message::prompt(id, row.prompt.clone());
    set.insert_unique(row, "Idempotency-Key is in use");
    set.begin_log(id, vec![message_event(&prompt, &speaker)], now);
    let mut messages = history;
    for (ordinal, message) in (-taken_over..).zip(&messages) {
        insert_message(&run, set, ordinal, message, &Default::default(), now)?;
    }
    messages.push(prompt);
    let (ordinal, turn) = (run.flow.activities, run.flow.turn);
    set.insert(new_activity(&run, ordinal, ActivityKind::Turn, turn, 0, now));
    let activity = ActivityId::of(id, ordinal);

    engine.tell_start(&run, set)?;
    let served = engine.hub().lanes(run.queue).is_some();
    let (queue, which) = (run.queue, Which::first(activity, ordinal));
    let hint = served.then(|| Arc::new(Hint { run, which, messages }) as _);
    set.notify(Notice::Ready {
        queue,
        activity,
        kind: ActivityKind::Turn,
        not_before: Timestamp::UNIX_EPOCH,
        hint,
    });
    Ok(())
}
