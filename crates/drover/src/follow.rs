//! Follows a run to its end, over as many connections as it takes.

use std::time::Duration;

use drover_wire::client::{Client, ClientError, Frame};
use drover_wire::executions::Stream;
use futures_util::{Stream as Frames, StreamExt};
use serde::Serialize;
use serde_json::Value;

use crate::exit::{CommandError, Exit};
use crate::printer::Printer;
use crate::signals::Signals;
use crate::transcript::Transcript;

/// Connections that brought nothing before it is said that the plane does not answer.
const TRIES: u32 = 30;
/// Between two of them.
const PAUSE: Duration = Duration::from_secs(1);

/// A run that waits for longer says what for.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is shown of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// Everything, to the end.
    End,
    /// What is stored now.
    Now,
}

/// How events are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For a person.
    Text,
    /// A JSON object a line.
    Json,
}

/// An event for a program.
#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    event: &'a str,
    data: &'a Value,
}

/// Shows the events of a run.
pub struct Follow<'a> {
    client: &'a Client,
    execution: &'a str,
    printer: Printer,
    form: Form,
    until: Until,
    transcript: Transcript,
    /// The id of the last stored event: where the next connection goes on.
    last: Option<String>,
    ended: Option<Exit>,
}

impl<'a> Follow<'a> {
    /// Of one run.
    pub fn new(client: &'a Client, execution: &'a str, printer: Printer, form: Form) -> Self {
        Self {
            client,
            execution,
            printer,
            form,
            until: Until::End,
            transcript: Transcript::default(),
            last: None,
            ended: None,
        }
    }

    /// How far.
    pub fn until(mut self, until: Until) -> Self {
        self.until = until;
        self
    }

    /// Shows it. Ctrl-C detaches and says how to come back: the run does not notice.
    pub async fn run(mut self, signals: &mut Signals) -> Result<Exit, CommandError> {
        let outcome = tokio::select! {
            outcome = self.follow() => Some(outcome),
            () = signals.next() => None,
        };
        if self.form == Form::Text {
            self.printer.piece(self.transcript.close())?;
        }
        match outcome {
            Some(Ok(exit)) => Ok(exit),
            Some(Err(error)) if error.exit == Exit::Unreachable => Err(error.hint(self.way_back())),
            Some(Err(error)) => Err(error),
            None => {
                self.printer.note("detached; the run goes on");
                self.printer.hint(&self.way_back());
                Ok(Exit::Interrupted)
            }
        }
    }

    fn way_back(&self) -> String {
        format!("come back with `drover execution logs {} --follow`", self.execution)
    }

    async fn follow(&mut self) -> Result<Exit, CommandError> {
        let mut tries = 0;
        loop {
            let seen = self.last.clone();
            match self.client.stream::<Stream>(&[self.execution], seen.as_deref()).await {
                Ok(frames) => self.connection(frames).await?,
                Err(error) if is_for_good(&error) => return Err(error.into()),
                Err(error) if tries >= TRIES || (self.last.is_none() && tries == 0) => {
                    return Err(error.into());
                }
                Err(_) => {}
            }
            if let Some(exit) = self.ended {
                return Ok(exit);
            }
            tries = if self.last == seen { tries + 1 } else { 1 };
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Shows what one connection brings.
    async fn connection(
        &mut self,
        frames: impl Frames<Item = Result<Frame, ClientError>>,
    ) -> Result<(), CommandError> {
        let mut frames = std::pin::pin!(frames);
        let mut waits_for = None;
        loop {
            let patience = if waits_for.is_some() { PATIENCE } else { Duration::MAX };
            let frame = match tokio::time::timeout(patience, frames.next()).await {
                Ok(Some(Ok(frame))) => frame,
                // A connection that breaks is made again.
                Ok(Some(Err(_)) | None) => return Ok(()),
                Err(_) => {
                    self.waits(waits_for.take())?;
                    continue;
                }
            };
            match (frame.event.as_str(), &frame.data["status"]) {
                ("connected", _) => {
                    waits_for = frame.data["waiting_for"].as_str().map(str::to_owned)
                }
                ("status", status) if status != "pending" && status != "queued" => waits_for = None,
                _ => {}
            }
            if !frame.id.is_empty() {
                self.last = Some(frame.id.clone());
            }
            self.show(&frame)?;
            self.ended = match frame.event.as_str() {
                "done" | "error" => Some(end(&frame)),
                "history_complete" if self.until == Until::Now => Some(Exit::Done),
                _ => continue,
            };
            return Ok(());
        }
    }

    fn waits(&mut self, what: Option<String>) -> Result<(), CommandError> {
        if let (Form::Text, Some(what)) = (self.form, what) {
            self.printer.piece(&self.transcript.waits(&what))?;
        }
        Ok(())
    }

    fn show(&mut self, frame: &Frame) -> Result<(), CommandError> {
        match self.form {
            Form::Text => self.printer.piece(&self.transcript.show(frame))?,
            Form::Json => {
                let Frame { id, event, data } = frame;
                self.printer.line(&Line { id, event, data })?;
            }
        }
        Ok(())
    }
}

/// A refusal that another try does not change.
fn is_for_good(error: &ClientError) -> bool {
    matches!(error, ClientError::Refused { status, .. } if *status < 500 && *status != 429)
}

fn end(frame: &Frame) -> Exit {
    match frame.data["status"].as_str() {
        Some("completed") => Exit::Done,
        _ => Exit::RunFailed,
    }
}
