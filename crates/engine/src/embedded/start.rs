//! The start of a run: few rows, one commit. This is the hot path of every trigger.

use std::sync::Arc;

use drover_domain::activities::ActivityKind;
use drover_domain::executions::{Event, ExecutionFlow};
use drover_domain::messages::{Body, Message};
use drover_domain::{ActivityId, Doing, ExecutionId, OrgId, QueueId, Result, timestamp};
use drover_store::sea_orm::{ActiveValue::Set, EntityTrait, IntoActiveModel};
use drover_store::{Notice, WriteSet, activities, executions};
use jiff::Timestamp;
use serde_json::json;

use super::Embedded;
use super::lease::{Hint, Which};
use crate::run::{NewRun, Run, Spent};
use crate::step::{as_i32, insert_message, message_event, message_id};

/// Adds the rows of a new run: itself, its log, its conversation, its first activity.
pub(super) fn start(engine: &Embedded, set: &mut WriteSet, new: NewRun) -> Result<()> {
    let NewRun { mut row, first_activity, limits, interactive, history, speaker } = new;
    let now = timestamp(row.created_at);
    let id = ExecutionId(row.id);
    let ordinal = u32::try_from(history.len()).doing("number the messages")?;
    let mut flow = ExecutionFlow::new(limits, interactive, ordinal + 1);
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
    let prompt = Message {
        message_id: message_id(id, "user", 1),
        body: Body::User { content: row.prompt.clone() },
    };
    set.add_unique(
        executions::entity::Entity::insert(row.into_active_model()),
        "Idempotency-Key is in use",
    );
    set.begin_log(id, vec![message_event(&prompt, &speaker)], now);
    let mut messages = history;
    for (ordinal, message) in (0..).zip(&messages) {
        insert_message(&run, set, ordinal, message, &Default::default(), now)?;
    }
    insert_message(&run, set, ordinal, &prompt, &speaker, now)?;
    messages.push(prompt);
    insert_first_activity(&run, set, first_activity, now);

    let served = engine.hub().serves(run.queue);
    let (queue, which) = (run.queue, Which::first(first_activity, run.flow.activities));
    let hint = served.then(|| Arc::new(Hint { run, which, messages }) as _);
    set.notify(Notice::Ready {
        queue,
        activity: first_activity,
        kind: ActivityKind::Turn,
        not_before: Timestamp::UNIX_EPOCH,
        hint,
    });
    Ok(())
}

fn insert_first_activity(run: &Run, set: &mut WriteSet, id: ActivityId, now: Timestamp) {
    set.add(activities::entity::Entity::insert(activities::entity::ActiveModel {
        id: Set(id.0),
        organization_id: Set(run.organization.to_string()),
        execution_id: Set(run.id.0),
        queue_id: Set(run.queue.0),
        ordinal: Set(as_i32(run.flow.activities)),
        kind: Set(ActivityKind::Turn.as_str().to_owned()),
        turn: Set(as_i32(run.flow.turn)),
        call: Set(0),
        state: Set("queued".to_owned()),
        attempt: Set(0),
        not_before: Set(0),
        created_at: Set(drover_domain::micros(now)),
        ..Default::default()
    }));
}
