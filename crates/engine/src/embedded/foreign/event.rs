//! Events that a foreign worker publishes (contract, worker-protocol §8), as the entries of a log
//! that ours would have been.

use drover_domain::executions::foreign::{Report, text};
use drover_domain::executions::{Event, EventKind, NewEvent, Status};
use drover_domain::{Error, ExecutionId, OrgId, Result};
use drover_store::executions::{foreign_stream, log, queries};
use serde_json::{Value, json};

use super::Embedded;
use super::stream::{self, Streamed};
use crate::embedded::CONFLICTS;
use crate::embedded::report::chunk;
use crate::run::Run;
use crate::step::{Extra, step};

/// An event as it was published.
#[derive(Debug, Clone)]
pub struct ForeignEvent {
    /// Its name.
    pub name: String,
    /// An object.
    pub data: Value,
    /// When it happened, if that was said.
    pub timestamp: Option<String>,
}

/// What an event is to the log.
enum Entry {
    /// A piece of the assistant's text, or all of it.
    Text { message_id: String, content: String, is_whole: bool },
    /// Anything else.
    Other(NewEvent),
    /// Something that the plane has told the worker.
    Known,
}

impl Embedded {
    /// Stores an event of a run that a foreign worker drives.
    ///
    /// # Errors
    /// Not found; conflict if the run is over.
    pub async fn foreign_event(
        &self,
        org: &OrgId,
        id: ExecutionId,
        event: ForeignEvent,
    ) -> Result<()> {
        let message_id = event.data["message_id"].as_str().map(str::to_owned);
        let begins = event.name == "run_started";
        match entry(event) {
            Entry::Known => Ok(()),
            Entry::Text { message_id, content, is_whole } => {
                self.foreign_text(org, id, &message_id, &content, is_whole).await
            }
            Entry::Other(event) => {
                self.foreign_entry(org, id, message_id.as_deref(), begins, event).await
            }
        }
    }

    /// Stores an entry that is no text of the assistant.
    async fn foreign_entry(
        &self,
        org: &OrgId,
        id: ExecutionId,
        message_id: Option<&str>,
        begins: bool,
        event: NewEvent,
    ) -> Result<()> {
        for _ in 0..CONFLICTS {
            let mut run = self.open_run(org, id).await?;
            let before = log::foreign_stream_get(self.store.reader(), id).await?;
            let is_new = message_id.is_some_and(|id| before.is_none_or(|row| row.message_id != id));
            let (now, mut set) = (self.clock.now(), self.store.set());
            queries::run_stays_open(&mut set, org, id, now);
            self.is_active(&mut run, begins || is_new, &mut set)?;
            set.append(id, vec![event.clone()], now);
            match self.store.write(set).await {
                Err(Error::Stale) => {}
                written => return written,
            }
        }
        Err(Error::fault("store an event", "its run changed on every try"))
    }

    /// Stores a piece of the assistant's text. One that says all before it once more is held back: if
    /// the turn ends with it, it was a repetition.
    async fn foreign_text(
        &self,
        org: &OrgId,
        id: ExecutionId,
        message_id: &str,
        content: &str,
        is_whole: bool,
    ) -> Result<()> {
        if content.is_empty() {
            return Ok(());
        }
        // The last bytes of an id are random.
        let _in_turn =
            self.in_turn[usize::from(id.0.as_bytes()[15]) % self.in_turn.len()].lock().await;
        for _ in 0..CONFLICTS {
            let mut run = self.open_run(org, id).await?;
            let stored = log::foreign_stream_get(self.store.reader(), id).await?;
            let too_late = |row: &foreign_stream::Model| row.ended && row.message_id == message_id;
            if stored.as_ref().is_some_and(too_late) {
                return Ok(());
            }
            let read = stored.as_ref().map(|row| row.pieces);
            let is_new = stored.as_ref().is_none_or(|row| row.message_id != message_id);
            let row = match stored.filter(|row| !row.ended) {
                Some(row) => row,
                None => self.begun(&run, message_id).await?,
            };
            let (now, mut set) = (self.clock.now(), self.store.set());
            let Some((row, pieces)) = self.next_pieces(row, message_id, content, is_whole).await?
            else {
                return Ok(());
            };
            queries::run_stays_open(&mut set, org, id, now);
            self.is_active(&mut run, is_new, &mut set)?;
            stream::write(&mut set, row, read);
            let events = pieces.iter().map(|piece| chunk(&run, message_id, piece)).collect();
            set.append(id, events, now);
            match self.store.write(set).await {
                Err(Error::Stale | Error::Conflict(_)) => {}
                written => return written,
            }
        }
        Err(Error::fault("store a piece of text", "its run changed on every try"))
    }

    /// The row after a piece, and what of it joins the log; `None` if nothing changes.
    async fn next_pieces(
        &self,
        mut row: foreign_stream::Model,
        message_id: &str,
        content: &str,
        is_whole: bool,
    ) -> Result<Option<(foreign_stream::Model, Vec<String>)>> {
        let mut pieces = Vec::new();
        let is_same_message = row.message_id == message_id;
        let letters = count(content);
        if is_whole && row.held.as_deref().is_some_and(|held| text::is_same(held, content)) {
            return Ok(None);
        }
        // What follows it says that it was no repetition, but text like any other.
        if let Some(held) = row.held.take().filter(|_| is_same_message) {
            row.letters += count(&held);
            row.message_letters += count(&held);
            pieces.push(held);
        }
        if !is_same_message {
            row.message_id = message_id.to_owned();
        }
        let as_much = letters == row.letters || letters == row.message_letters;
        if letters > 0 && as_much && pieces.is_empty() {
            let id = ExecutionId(row.execution_id);
            let streamed = Streamed::read(self.store.reader(), id).await?;
            if streamed.is_said(content) {
                row.held = Some(content.to_owned());
                return Ok(Some((row, pieces)));
            }
        }
        row.message_letters = letters + if is_same_message { row.message_letters } else { 0 };
        row.letters += letters;
        pieces.push(content.to_owned());
        Ok(Some((row, pieces)))
    }

    /// The row of a turn of which nothing was streamed yet.
    async fn begun(&self, run: &Run, message_id: &str) -> Result<foreign_stream::Model> {
        Ok(foreign_stream::Model {
            execution_id: run.id.0,
            organization_id: run.organization.to_string(),
            message_id: message_id.to_owned(),
            after_seq: log::head_get(self.store.reader(), run.id).await?,
            letters: 0,
            message_letters: 0,
            held: None,
            ended: false,
            pieces: 0,
        })
    }

    async fn open_run(&self, org: &OrgId, id: ExecutionId) -> Result<Run> {
        let run = self.run(org, id).await?;
        match run.status().is_terminal() {
            true => Err(Error::conflict("Execution is over; its log takes no more events")),
            false => Ok(run),
        }
    }

    /// That it was heard: a run that was not known to run does.
    fn is_active(
        &self,
        run: &mut Run,
        is_new_turn: bool,
        set: &mut drover_store::WriteSet,
    ) -> Result<()> {
        if run.status() != Status::Running {
            let event = Event::Foreign(Report::Active { is_new_turn });
            step(run, event, Extra::default(), set, self.clock.now())?;
        }
        Ok(())
    }
}

fn count(content: &str) -> i64 {
    i64::try_from(text::letters(content)).unwrap_or(i64::MAX)
}

fn entry(event: ForeignEvent) -> Entry {
    let ForeignEvent { name, mut data, timestamp } = event;
    let word = |key: &str| data[key].as_str().unwrap_or_default().to_owned();
    let (role, content, message_id) = (word("role"), word("content"), word("message_id"));
    match name.as_str() {
        // A worker hears every message of a person from the plane, which has it already.
        "message" if role == "user" => Entry::Known,
        "message_chunk" => Entry::Text { message_id, content, is_whole: false },
        "message" if role == "assistant" => Entry::Text { message_id, content, is_whole: true },
        "message" => Entry::Other(NewEvent::new(EventKind::Message, data)),
        "tool_started" => Entry::Other(NewEvent::new(EventKind::ToolStarted, data)),
        "tool_completed" => {
            // The form in which ours say it: clients read an object.
            if let Value::String(output) = &data["tool_output"] {
                data["tool_output"] = json!({"output": output});
            }
            let error = data["error"].take();
            if data["tool_error"].is_null() && !error.is_null() {
                data["tool_error"] = error;
            }
            Entry::Other(NewEvent::new(EventKind::ToolCompleted, data))
        }
        _ => {
            // Under its own name it would end every stream of the run.
            let name = if name == "error" { "worker_error" } else { name.as_str() };
            let data = json!({"event_type": name, "data": data, "timestamp": timestamp});
            Entry::Other(NewEvent::new(EventKind::Published, data))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(name: &str, data: Value) -> Option<(EventKind, Value)> {
        match entry(ForeignEvent { name: name.into(), data, timestamp: None }) {
            Entry::Other(event) => Some((event.kind, event.data)),
            Entry::Text { .. } | Entry::Known => None,
        }
    }

    #[test]
    fn a_workers_error_does_not_end_the_log() {
        let (kind, data) = stored("error", json!({"severity": "warning"})).unwrap();
        assert_eq!((kind, &data["event_type"]), (EventKind::Published, &json!("worker_error")));
    }

    #[test]
    fn a_tools_output_is_an_object_and_its_error_has_one_name() {
        let told =
            json!({"tool_name": "shell", "status": "failed", "tool_output": "a", "error": "b"});
        let (kind, data) = stored("tool_completed", told).unwrap();
        assert_eq!(kind, EventKind::ToolCompleted);
        assert_eq!(data["tool_output"], json!({"output": "a"}));
        assert_eq!((&data["tool_error"], &data["error"]), (&json!("b"), &Value::Null));
    }

    #[test]
    fn a_persons_message_is_known() {
        let said = json!({"role": "user", "content": "Hi", "message_id": "x_user_1"});
        assert_eq!(stored("message", said), None);
    }
}
