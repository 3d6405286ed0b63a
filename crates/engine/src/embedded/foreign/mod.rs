//! Runs that a foreign worker drives (`domain/src/executions/foreign`): what it reports becomes rows,
//! as what our own workers report does. It does not lease anything, so nothing here is fenced by a
//! lease; the version of the run is.

mod event;
mod lost;
mod patch;
mod session;
mod stream;
mod turn;

pub use event::ForeignEvent;
pub use lost::leave_foreign;
pub use patch::StatusPatch;
pub use session::SessionPart;
pub use turn::ForeignTurn;

use drover_domain::executions::Event;
use drover_domain::executions::foreign::{Report, memory, text};
use drover_domain::messages::{Body, Message, message_id};
use drover_domain::{Error, ExecutionId, OrgId, Result};
use drover_store::{WriteSet, executions, messages};
use jiff::Timestamp;

use super::Embedded;
use crate::run::Run;
use crate::step::{Extra, Speaker, as_i32, insert_message, step};
use stream::Streamed;

/// Locks of runs, a few for all of them: who stores a piece of text reads what was said before, and
/// would only be sent back by the guards if others did so at once. The guards hold all the same.
pub(super) type InTurn = [tokio::sync::Mutex<()>; 16];

/// A message for the workflow of a run.
#[derive(Debug, Clone)]
pub struct ForeignMessage {
    /// What is said.
    pub content: String,
    /// The same with the conversation before it, for a runtime that keeps none.
    pub with_memory: String,
    /// Its row: id, who says it, when.
    pub stored: messages::entity::Model,
}

impl Embedded {
    /// Leaves a run to the foreign workers of its queue: our own take no activity of it any more.
    /// Doing it twice is doing it once. Answers whether a foreign worker drives it now.
    ///
    /// # Errors
    /// Not found.
    pub async fn foreign_dispatched(&self, org: &OrgId, id: ExecutionId) -> Result<bool> {
        let run = self
            .decide(org, id, |run, set| {
                let event = Event::Foreign(Report::Dispatched);
                step(run, event, Extra::default(), set, self.clock.now()).map(drop)
            })
            .await?;
        Ok(run.flow.foreign.is_some())
    }

    /// The message that the workflow of a run is told next: the oldest of a person that it has not
    /// answered. `None` if there is none.
    ///
    /// # Errors
    /// Not found.
    pub async fn foreign_message(
        &self,
        org: &OrgId,
        id: ExecutionId,
    ) -> Result<Option<ForeignMessage>> {
        let row = self.row(org, id).await?;
        let unanswered = usize::try_from(Run::from_row(&row)?.flow.unanswered).unwrap_or(0);
        let said = messages::queries::message_list(self.store.reader(), &row).await?;
        let of_people = said
            .iter()
            .enumerate()
            .filter(|(_, one)| one.ordinal > messages::entity::PROMPT && one.role == "user");
        let waiting: Vec<usize> = of_people.map(|(at, _)| at).collect();
        let oldest = waiting.len().checked_sub(unanswered).and_then(|at| waiting.get(at));
        let Some(&oldest) = oldest else {
            return Ok(None);
        };
        let conversation = messages::queries::conversation(self.store.reader(), org, id).await?;
        let Some((message, before)) = conversation.get(..=oldest).and_then(<[_]>::split_last)
        else {
            return Ok(None);
        };
        Ok(Some(ForeignMessage {
            content: message.body.content().to_owned(),
            with_memory: memory::follow_up(message.body.content(), before),
            stored: said[oldest].clone(),
        }))
    }

    /// The instructions of a run's workflow: its agent's or its own, which the caller has read, and the
    /// conversation of its parent.
    ///
    /// # Errors
    /// Not found.
    pub async fn foreign_instructions(
        &self,
        org: &OrgId,
        id: ExecutionId,
        own: Option<&str>,
    ) -> Result<Option<String>> {
        let row = self.row(org, id).await?;
        let said = messages::queries::message_list(self.store.reader(), &row).await?;
        let count = said.iter().filter(|one| one.ordinal < messages::entity::PROMPT).count();
        let mut before = messages::queries::conversation(self.store.reader(), org, id).await?;
        before.truncate(count);
        Ok(memory::instructions(own, &before))
    }

    async fn row(&self, org: &OrgId, id: ExecutionId) -> Result<executions::entity::Model> {
        let row = executions::queries::execution_get(self.store.reader(), org, id).await?;
        row.ok_or_else(|| Error::not_found("Execution not found"))
    }

    /// Puts what a turn said into the conversation, unless it is there. Answers whether it did.
    async fn answer_added(
        &self,
        run: &mut Run,
        streamed: &Streamed,
        answer: &str,
        set: &mut WriteSet,
        now: Timestamp,
    ) -> Result<bool> {
        if answer.trim().is_empty() {
            return Ok(false);
        }
        let reader = self.store.reader();
        let said = messages::queries::conversation(reader, &run.organization, run.id).await?;
        let spoken = streamed.message_id().map(str::to_owned);
        let message_id = spoken.unwrap_or_else(|| message_id(run.id, "assistant", run.flow.turn));
        let of_this_turn = said.iter().rev().take_while(|one| one.body.role() != "user");
        let mut answers = of_this_turn.filter(|one| one.body.role() == "assistant");
        if said.iter().any(|one| one.message_id == message_id)
            || answers.any(|one| text::is_same(one.body.content(), answer))
        {
            return Ok(false);
        }
        let content = answer.to_owned();
        let body = Body::Assistant { content, tool_calls: Vec::new(), provider_blocks: None };
        let ordinal = as_i32(run.flow.messages);
        insert_message(run, set, ordinal, &Message { message_id, body }, &Speaker::default(), now)?;
        Ok(true)
    }
}
