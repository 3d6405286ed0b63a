//! A run that a foreign worker drives: the reference's Python worker hosts the run's workflow and
//! reports what it does. It never decides where the run stands, it asks; so the rules here decide,
//! with the report of each turn, before that report is answered (contract, worker-protocol §4).
//! Not here: what a worker's text says twice (`text`), what it is told of a conversation (`memory`).

pub mod memory;
pub mod text;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Command, ExecutionFlow, Phase, Status, Tell};
use crate::WorkerId;

/// What the flow remembers of a run that a foreign worker drives.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ForeignRun {
    /// The worker that reported last, as far as it said who it is and is not gone since.
    #[serde(rename = "w", default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<WorkerId>,
    /// Whether its workflow was told of a message that it has not answered yet. There is never a
    /// second one: of two messages that wait, such a worker answers none.
    #[serde(rename = "t", default, skip_serializing_if = "std::ops::Not::not")]
    pub told: bool,
}

/// What a foreign worker reports of a run, or what is found out about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// Its workflow is about to be started.
    Dispatched,
    /// It says where the run stands.
    Status {
        /// Where.
        status: Status,
        /// Who says it, if it said.
        worker: Option<WorkerId>,
        /// Why, if it went badly.
        error_message: Option<String>,
    },
    /// It was heard doing something.
    Active {
        /// Whether that belongs to a turn that was not heard of before.
        is_new_turn: bool,
    },
    /// A turn ended.
    Turn {
        /// How.
        end: TurnEnd,
        /// Tokens it took.
        tokens: u64,
        /// Whether it said something.
        said: bool,
    },
    /// The worker is gone. Its workflow goes on with another one, if there is another one.
    WorkerLost,
    /// The worker that had it has left: its workflow may go on with another one of the queue.
    WorkerLeft,
}

/// What the run of a worker says that is not heard any more.
const LOST: &str = "Its worker is lost: it was not heard for 150 seconds";

/// How a turn of a foreign worker ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TurnEnd {
    /// With an answer.
    Answered,
    /// With an error.
    Failed(String),
    /// The model call was cut off.
    CutOff,
}

impl TurnEnd {
    /// Reads what a turn's report says (contract, worker-protocol §6: `finish_reason`).
    pub fn read(finish_reason: Option<&str>, error_message: Option<&str>) -> Self {
        let reason = finish_reason.unwrap_or_default().to_ascii_lowercase();
        let message = error_message.filter(|message| !message.trim().is_empty());
        match message {
            _ if reason == "cancelled" => Self::CutOff,
            Some(message) => Self::Failed(message.to_owned()),
            None if reason.starts_with("error") => {
                Self::Failed(format!("The worker's turn ended with `{reason}`"))
            }
            None => Self::Answered,
        }
    }
}

impl ExecutionFlow {
    /// Takes a report. What is reported of a run that we drive ourselves changes nothing.
    pub(super) fn reported(&mut self, report: Report, now: Timestamp) -> Vec<Command> {
        let runs = matches!(report, Report::Status { status: Status::Running, .. });
        let mut commands = Vec::new();
        // Nobody need have dispatched it: that a worker runs it says the same.
        if report == Report::Dispatched || runs {
            commands = self.hand_over();
        }
        if self.foreign.is_none() {
            return commands;
        }
        match report {
            Report::Dispatched => {}
            Report::Status { status, worker, error_message } => {
                if let (Some(foreign), Some(worker)) = (&mut self.foreign, worker) {
                    foreign.worker = Some(worker);
                }
                commands.extend(self.status_reported(status, error_message, now));
            }
            Report::Active { is_new_turn } => {
                let goes_on = match self.status {
                    Status::Pending | Status::Queued => true,
                    Status::WaitingForInput => self.was_told() && is_new_turn,
                    _ => false,
                };
                if goes_on {
                    commands.extend(self.begin(now));
                }
            }
            Report::Turn { end, tokens, said } => {
                commands.extend(self.turn_reported(end, tokens, said));
            }
            Report::WorkerLost if self.status == Status::Running => {
                return self.stop(Status::Failed, LOST.to_owned());
            }
            Report::WorkerLost | Report::WorkerLeft => {
                // It is nobody's until somebody says whose.
                if let Some(foreign) = &mut self.foreign {
                    foreign.worker = None;
                }
                let waits = self.status == Status::WaitingForInput && self.was_told();
                if self.status == Status::Running || waits {
                    commands.push(self.enter(Status::Queued));
                }
            }
        }
        commands
    }

    /// A message for a run that a foreign worker drives: told at once if it waits for one, kept until
    /// the turn under way has ended otherwise.
    pub(super) fn message_for_foreign(&mut self, now: Timestamp) -> Vec<Command> {
        self.messages += 1;
        self.unanswered += 1;
        if self.status != Status::WaitingForInput || self.was_told() {
            return Vec::new();
        }
        let commands = vec![self.deadline(now)];
        self.tell_next(commands)
    }

    /// Whether the run is told of a message that it has not answered.
    pub(super) fn was_told(&self) -> bool {
        self.foreign.as_ref().is_some_and(|foreign| foreign.told)
    }

    /// Takes the run from our own workers, unless one of them has it.
    fn hand_over(&mut self) -> Vec<Command> {
        let waits = matches!(self.status, Status::Pending | Status::Queued);
        if self.foreign.is_some() || self.phase != Phase::Turn || !waits {
            return Vec::new();
        }
        self.foreign = Some(ForeignRun::default());
        self.phase = Phase::Foreign;
        vec![Command::StopActivity { activity: self.activities }]
    }

    fn status_reported(
        &mut self,
        status: Status,
        error_message: Option<String>,
        now: Timestamp,
    ) -> Vec<Command> {
        match status {
            Status::Running if self.status == Status::Running => Vec::new(),
            Status::Running => self.begin(now),
            // Said by an older workflow after each turn.
            Status::WaitingForInput if self.status == Status::Running => {
                vec![self.enter(status), Command::ClearDeadline]
            }
            ended if ended.is_terminal() => {
                let mut commands = self.through_running(ended);
                let message = match ended {
                    Status::Completed => None,
                    _ => error_message.or_else(|| Some("The worker gave no reason".into())),
                };
                commands.extend(self.settle(ended, message));
                commands
            }
            // Where it waits is ours to say.
            _ => Vec::new(),
        }
    }

    fn turn_reported(&mut self, end: TurnEnd, tokens: u64, said: bool) -> Vec<Command> {
        self.tokens = self.tokens.saturating_add(tokens);
        self.messages += u32::from(said);
        if let Some(foreign) = &mut self.foreign
            && std::mem::take(&mut foreign.told)
        {
            self.unanswered = self.unanswered.saturating_sub(1);
        }
        let mut commands = match self.status {
            Status::Running => Vec::new(),
            // It ran all the same, though nobody heard of it.
            _ => vec![self.enter(Status::Running)],
        };
        match end {
            TurnEnd::CutOff => {
                let message = "The worker's model call was cut off".to_owned();
                commands.extend(self.settle(Status::Interrupted, Some(message)));
            }
            TurnEnd::Failed(message) => {
                commands.extend(self.settle(Status::Failed, Some(message)));
            }
            TurnEnd::Answered if self.done => commands.extend(self.settle(Status::Completed, None)),
            TurnEnd::Answered if self.unanswered > 0 => return self.tell_next(commands),
            TurnEnd::Answered if self.interactive => {
                commands.push(self.enter(Status::WaitingForInput));
                commands.push(Command::ClearDeadline);
            }
            TurnEnd::Answered => commands.extend(self.settle(Status::Completed, None)),
        }
        commands
    }

    /// Has the workflow told of the oldest message without an answer. Until it is heard working on it
    /// the run says that it waits: a worker that reads `running` or `queued` after a turn repeats the
    /// turn.
    fn tell_next(&mut self, mut commands: Vec<Command>) -> Vec<Command> {
        if let Some(reason) = self.used_up() {
            commands.push(Command::Tell(Tell::Cancel));
            commands.extend(self.settle(Status::Failed, Some(reason)));
            return commands;
        }
        self.turn += 1;
        if let Some(foreign) = &mut self.foreign {
            foreign.told = true;
        }
        if self.status != Status::WaitingForInput {
            commands.push(self.enter(Status::WaitingForInput));
        }
        commands.push(Command::Tell(Tell::Message));
        commands
    }

    /// Running, with a deadline where there is none.
    fn begin(&mut self, now: Timestamp) -> Vec<Command> {
        let has_none = match self.status {
            Status::Pending => true,
            Status::WaitingForInput => !self.was_told(),
            _ => false,
        };
        let mut commands = vec![self.enter(Status::Running)];
        commands.extend(has_none.then(|| self.deadline(now)));
        commands
    }

    fn through_running(&mut self, next: Status) -> Vec<Command> {
        match self.status.may_become(next) {
            true => Vec::new(),
            false => vec![self.enter(Status::Running)],
        }
    }
}

#[cfg(test)]
mod tests;
