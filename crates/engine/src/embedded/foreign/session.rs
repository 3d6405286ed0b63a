//! A conversation as a foreign worker keeps it. Ours is the truth: what is new in the worker's is
//! added, nothing is replaced, and a turn that was not reported is decided here.

use drover_domain::executions::Status;
use drover_domain::executions::foreign::{TurnEnd, text};
use drover_domain::messages::{Body, Message};
use drover_domain::{Doing, Error, ExecutionId, OrgId, Result, micros};
use drover_store::WriteSet;
use drover_store::executions::entity;
use drover_store::messages::queries;
use drover_store::sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};

use super::Embedded;
use super::turn::ForeignTurn;
use crate::embedded::CONFLICTS;
use crate::run::Run;
use crate::step::{Speaker, as_i32, insert_message};

/// A message as a worker keeps it.
#[derive(Debug, Clone)]
pub struct SessionPart {
    /// Its id there.
    pub message_id: String,
    /// Who says what.
    pub body: Body,
}

impl Embedded {
    /// Adds what is new in a worker's conversation. Answers how many messages that were.
    ///
    /// # Errors
    /// Not found; conflict if the run is driven by workers of our own.
    pub async fn foreign_session(
        &self,
        org: &OrgId,
        id: ExecutionId,
        parts: &[SessionPart],
    ) -> Result<usize> {
        self.turn_not_reported(org, id, parts).await?;
        let mut result = Err(Error::Stale);
        for _ in 0..CONFLICTS {
            let row = self.row(org, id).await?;
            result = self.try_session(&row, parts).await;
            if !matches!(result, Err(Error::Stale | Error::Conflict(_))) {
                break;
            }
        }
        result.map_err(|error| match error {
            Error::Stale => Error::fault("store a conversation", "its run changed on every try"),
            error => error,
        })
    }

    async fn try_session(&self, row: &entity::Model, parts: &[SessionPart]) -> Result<usize> {
        let mut run = Run::from_row(row)?;
        if run.flow.foreign.is_none() && !parts.is_empty() {
            let text = "The conversation of this execution is kept by the plane itself";
            return Err(Error::Refused(text.into()));
        }
        let org = run.organization.clone();
        let stored = queries::conversation(self.store.reader(), &org, run.id).await?;
        let new = new_parts(&stored, parts);
        if new.is_empty() {
            return Ok(0);
        }
        let now = self.clock.now();
        let mut set = self.store.set();
        for part in &new {
            let ordinal = as_i32(run.flow.messages);
            let message = Message { message_id: part.message_id.clone(), body: part.body.clone() };
            insert_message(&run, &mut set, ordinal, &message, &Speaker::default(), now)?;
            run.flow.messages += 1;
        }
        count(&run, &mut set, micros(now))?;
        self.store.write(set).await?;
        Ok(new.len())
    }

    /// The worker stores its conversation after it has asked where the run stands. If that is still
    /// `running`, no report of the turn came, and the worker repeats it: what it says next time ends
    /// that.
    async fn turn_not_reported(
        &self,
        org: &OrgId,
        id: ExecutionId,
        parts: &[SessionPart],
    ) -> Result<()> {
        let run = self.run(org, id).await?;
        let last = parts.last().filter(|last| last.body.role() == "assistant");
        let Some(last) = last.filter(|_| run.status() == Status::Running) else {
            return Ok(());
        };
        let turn = ForeignTurn {
            end: TurnEnd::Answered,
            usage: Default::default(),
            cost: None,
            model: String::new(),
            preview: Some(last.body.content().to_owned()),
        };
        self.foreign_turn(org, id, &turn, |_| {}).await.map(drop)
    }
}

/// Those that are not stored yet. What a person said is: the worker has it from us.
fn new_parts<'a>(stored: &[Message], parts: &'a [SessionPart]) -> Vec<&'a SessionPart> {
    let mut answers: Vec<&Message> =
        stored.iter().filter(|one| one.body.role() == "assistant").collect();
    let mut new: Vec<&SessionPart> = Vec::new();
    for part in parts {
        let is_new = match &part.body {
            Body::User { .. } => false,
            Body::Assistant { content, .. } => {
                let said = text::said_once(content, "");
                let is_it = |one: &&Message| {
                    let kept = one.body.content();
                    let more = !kept.is_empty() && text::says_more(kept, said);
                    one.message_id == part.message_id
                        || more
                        || text::is_same(kept, said)
                        || text::is_same(kept, content)
                };
                // Each stands for one: an answer may be given twice.
                answers.iter().position(is_it).map(|at| answers.remove(at)).is_none()
            }
            _ => stored.iter().all(|one| one.message_id != part.message_id),
        };
        // A worker may say one id twice.
        if is_new && new.iter().all(|one| one.message_id != part.message_id) {
            new.push(part);
        }
    }
    new
}

/// The messages that a run counts.
fn count(run: &Run, set: &mut WriteSet, now: i64) -> Result<()> {
    use entity::{Column, Entity};
    let row = entity::ActiveModel {
        flow: Set(serde_json::to_string(&run.flow).doing("write a run's flow")?),
        version: Set(run.version + 1),
        updated_at: Set(now),
        ..Default::default()
    };
    set.add_guarded(
        Entity::update_many()
            .set(row)
            .filter(Column::Id.eq(run.id.0))
            .filter(Column::OrganizationId.eq(run.organization.as_str()))
            .filter(Column::Version.eq(run.version)),
    );
    Ok(())
}
