//! From a flow's commands to rows: one place where a step of a run becomes a `WriteSet`.

use drover_domain::activities::ActivityKind;
use drover_domain::executions::{Command, Event, EventKind, NewEvent, Settlement, Status};
use drover_domain::messages::{Body, Message};
use drover_domain::{ActivityId, Doing, Result, micros};
use drover_store::sea_orm::sea_query::Expr;
use drover_store::sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use drover_store::{Notice, WriteSet, activities, executions, messages};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::run::Run;

/// Who says a message or stops a run.
#[derive(Debug, Clone, Default)]
pub struct Speaker {
    /// Id of the user.
    pub user_id: Option<String>,
    /// E-mail address of the user.
    pub email: Option<String>,
    /// Name of the user.
    pub name: Option<String>,
}

/// What a step adds beside the flow's own commands.
#[derive(Default)]
pub(crate) struct Extra {
    /// Entries for the log, before those of the commands.
    pub events: Vec<NewEvent>,
    /// The final answer, should the run complete with this step.
    pub response: Option<String>,
    /// The calls of the turn, for `tool_started`.
    pub calls: Vec<ToolStart>,
    /// The current activity, where the step may give it to a worker again.
    pub current: Option<(ActivityId, ActivityKind)>,
}

/// What `tool_started` tells.
pub(crate) struct ToolStart {
    pub name: String,
    pub arguments: Value,
}

/// One step of a run: feeds the event to the flow and adds what follows from it to the set. Returns
/// whether the flow took the event.
pub(crate) fn step(
    run: &mut Run,
    event: Event,
    extra: Extra,
    set: &mut WriteSet,
    now: Timestamp,
) -> Result<bool> {
    let before = run.flow.clone();
    let commands = run.flow.step(event, now);
    let changed = run.flow != before;
    if !changed && commands.is_empty() {
        return Ok(false);
    }
    let mut events = extra.events;
    let mut row = executions::entity::ActiveModel::default();
    let mut timer = None;
    for command in commands {
        match command {
            Command::Enter(status) => {
                if status == Status::Running && before.status == Status::Pending {
                    row.started_at = Set(Some(micros(now)));
                }
                events.push(status_event(status));
            }
            Command::StartTurn { activity, turn } => {
                insert_activity(run, set, now, activity, ActivityKind::Turn, turn, 0);
            }
            Command::StartTool { activity, turn, call } => {
                let id = insert_activity(run, set, now, activity, ActivityKind::Tool, turn, call);
                if let Some(start) = extra.calls.get(usize::from(call)) {
                    events.push(tool_started(id, start));
                }
            }
            Command::Requeue { activity, not_before, because } => {
                requeue(run, set, activity, not_before);
                if let Some((activity, kind)) = extra.current {
                    let (queue, hint) = (run.queue, None);
                    set.notify(Notice::Ready { queue, activity, kind, not_before, hint });
                }
                if let Some(message) = because {
                    events.push(NewEvent::new(EventKind::Retry, json!({"message": message})));
                }
            }
            Command::StopActivity { activity } => stop_activity(run, set, activity, now),
            Command::SetDeadline(at) => timer = Some(at),
            Command::ClearDeadline => clear_deadline(run, set),
            Command::Settle(end) => {
                settle(run, set, &mut row, &mut events, &extra.response, end, now)
            }
        }
    }
    row.status = Set(run.flow.status.as_str().to_owned());
    row.flow = Set(serde_json::to_string(&run.flow).doing("write a run's flow")?);
    row.usage = Set(run.spent.to_stored());
    row.updated_at = Set(micros(now));
    row.version = Set(run.version + 1);
    use executions::entity::{Column, Entity};
    set.add_guarded(
        Entity::update_many()
            .set(row)
            .filter(Column::Id.eq(run.id.0))
            .filter(Column::OrganizationId.eq(run.organization.as_str()))
            .filter(Column::Version.eq(run.version)),
    );
    run.version += 1;
    if let Some(due_at) = timer {
        let (execution_id, due_at) = (run.id.0, micros(due_at));
        set.insert(activities::timer::Model { execution_id, due_at });
    }
    set.append(run.id, events, now);
    Ok(true)
}

/// Adds a message to the conversation at its ordinal, which is below zero before the prompt.
pub(crate) fn insert_message(
    run: &Run,
    set: &mut WriteSet,
    ordinal: i32,
    message: &Message,
    speaker: &Speaker,
    now: Timestamp,
) -> Result<()> {
    let row = messages::entity::Model {
        execution_id: run.id.0,
        message_id: message.message_id.clone(),
        organization_id: run.organization.to_string(),
        ordinal,
        role: message.body.role().to_owned(),
        body: serde_json::to_string(&message.body).doing("write a message")?,
        user_id: speaker.user_id.clone(),
        user_email: speaker.email.clone(),
        user_name: speaker.name.clone(),
        at: micros(now),
    };
    let taken = format!("Message {} was already added", message.message_id);
    set.insert_unique(row, taken);
    Ok(())
}

/// The log entry of a message of a person or the plane.
pub(crate) fn message_event(message: &Message, speaker: &Speaker) -> NewEvent {
    let mut data = json!({
        "role": message.body.role(),
        "content": message.body.content(),
        "message_id": message.message_id,
    });
    if speaker.user_id.is_some() {
        data["user_id"] = json!(speaker.user_id);
        data["user_email"] = json!(speaker.email);
        data["user_name"] = json!(speaker.name);
    }
    NewEvent::new(EventKind::Message, data)
}

/// The log entry of a notice by the plane itself.
pub(crate) fn notice_event(message_id: String, content: String) -> NewEvent {
    let message = Message { message_id, body: Body::System { content } };
    message_event(&message, &Speaker::default())
}

/// The id under which a call is told in events: `<tool>_<12 hex>` (contract, skills §3.2).
pub(crate) fn tool_execution_id(tool: &str, activity: ActivityId) -> String {
    let hex = activity.0.simple().to_string();
    format!("{tool}_{}", &hex[hex.len() - 12..])
}

fn status_event(status: Status) -> NewEvent {
    NewEvent::new(EventKind::Status, json!({"status": status.as_str()}))
}

fn tool_started(activity: ActivityId, start: &ToolStart) -> NewEvent {
    NewEvent::new(
        EventKind::ToolStarted,
        json!({
            "tool_name": start.name,
            "tool_execution_id": tool_execution_id(&start.name, activity),
            "tool_arguments": start.arguments,
        }),
    )
}

fn insert_activity(
    run: &Run,
    set: &mut WriteSet,
    now: Timestamp,
    ordinal: u32,
    kind: ActivityKind,
    turn: u32,
    call: u16,
) -> ActivityId {
    let id = ActivityId::of(run.id, ordinal);
    set.insert(new_activity(run, ordinal, kind, turn, call, now));
    set.notify(Notice::Ready {
        queue: run.queue,
        activity: id,
        kind,
        not_before: Timestamp::UNIX_EPOCH,
        hint: None,
    });
    id
}

/// The row of an activity that waits for a worker.
pub(crate) fn new_activity(
    run: &Run,
    ordinal: u32,
    kind: ActivityKind,
    turn: u32,
    call: u16,
    now: Timestamp,
) -> activities::entity::Model {
    activities::entity::Model {
        id: ActivityId::of(run.id, ordinal).0,
        organization_id: run.organization.to_string(),
        execution_id: run.id.0,
        queue_id: run.queue.0,
        ordinal: as_i32(ordinal),
        kind: kind.as_str().to_owned(),
        turn: as_i32(turn),
        call: call.into(),
        state: "queued".to_owned(),
        attempt: 0,
        not_before: 0,
        lease_owner: None,
        lease_until: None,
        process: None,
        model: None,
        input_tokens: None,
        output_tokens: None,
        cached_tokens: None,
        reasoning_tokens: None,
        cost_micro_usd: None,
        price_version: None,
        created_at: micros(now),
        started_at: None,
        ended_at: None,
        reports: 0,
    }
}

fn requeue(run: &Run, set: &mut WriteSet, ordinal: u32, not_before: Timestamp) {
    use activities::entity::{Column, Entity};
    set.add(
        Entity::update_many()
            .col_expr(Column::State, Expr::value("queued"))
            .col_expr(Column::NotBefore, Expr::value(micros(not_before)))
            .col_expr(Column::LeaseOwner, Expr::value(None::<String>))
            .col_expr(Column::LeaseUntil, Expr::value(None::<i64>))
            .filter(Column::Id.eq(ActivityId::of(run.id, ordinal).0))
            .filter(Column::State.eq("leased")),
    );
}

/// Ends an activity that nobody waits for any more.
pub(crate) fn stop_activity(run: &Run, set: &mut WriteSet, ordinal: u32, now: Timestamp) {
    use activities::entity::{Column, Entity};
    set.add(
        Entity::update_many()
            .col_expr(Column::State, Expr::value("stopped"))
            .col_expr(Column::EndedAt, Expr::value(micros(now)))
            .filter(Column::Id.eq(ActivityId::of(run.id, ordinal).0))
            .filter(Column::State.is_in(["queued", "leased"])),
    );
    set.notify(Notice::Stop { execution: run.id });
}

fn settle(
    run: &Run,
    set: &mut WriteSet,
    row: &mut executions::entity::ActiveModel,
    events: &mut Vec<NewEvent>,
    response: &Option<String>,
    end: Settlement,
    now: Timestamp,
) {
    row.completed_at = Set(Some(micros(now)));
    events.push(status_event(end.status));
    let usage = run.spent.to_stored();
    if end.status == Status::Completed {
        row.response = Set(response.clone());
        let data = json!({"status": end.status.as_str(), "response": response, "usage": usage});
        events.push(NewEvent::new(EventKind::Done, data));
    } else {
        row.error_message = Set(end.error_message.clone());
        let kind = if end.status == Status::Cancelled { EventKind::Done } else { EventKind::Error };
        let data = json!({
            "status": end.status.as_str(), "error": end.error_message, "usage": usage,
        });
        events.push(NewEvent::new(kind, data));
    }
    clear_deadline(run, set);
}

fn clear_deadline(run: &Run, set: &mut WriteSet) {
    use activities::timer::{Column, Entity};
    set.add(Entity::delete_many().filter(Column::ExecutionId.eq(run.id.0)));
}

/// Counters of a run never come near the limit; if they did, the last value would stand.
pub(crate) fn as_i32(n: u32) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}
