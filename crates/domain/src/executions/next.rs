//! What drives a run at scale is told after each of its steps: what comes next.

use serde::{Deserialize, Serialize};

use super::{ExecutionFlow, Phase};
use crate::activities::ActivityKind;
use crate::{ActivityId, ExecutionId};

/// What comes next in a run. Told to whatever drives it from outside the database: ids and times, never
/// a prompt, an answer or a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "next", rename_all = "snake_case")]
pub enum Next {
    /// A worker is to execute an activity.
    Execute(Step),
    /// Nothing, until somebody says something.
    Wait,
    /// Nothing: the run is over.
    End,
}

/// An activity that is to be executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Which one.
    pub activity: ActivityId,
    /// Its ordinal in the run: a later one has a larger one.
    pub ordinal: u32,
    /// Which slot of a worker it takes.
    pub kind: ActivityKind,
    /// Milliseconds until it may begin.
    #[serde(default)]
    pub after_ms: u64,
}

impl Next {
    /// What comes next in a run by the state of its flow.
    pub fn of(execution: ExecutionId, flow: &ExecutionFlow) -> Self {
        let kind = match flow.phase {
            Phase::Turn => ActivityKind::Turn,
            Phase::Tool => ActivityKind::Tool,
            Phase::New | Phase::Waiting => return Self::Wait,
            Phase::Ended => return Self::End,
        };
        let ordinal = flow.activities;
        let activity = ActivityId::of(execution, ordinal);
        Self::Execute(Step { activity, ordinal, kind, after_ms: 0 })
    }

    /// The same, not before some time has passed.
    #[must_use]
    pub fn after(self, after_ms: u64) -> Self {
        match self {
            Self::Execute(step) => Self::Execute(Step { after_ms, ..step }),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::executions::{Event, Limits};

    #[test]
    fn it_follows_the_flow() {
        let limits = Limits { max_turns: 3, max_tokens: 100, max_seconds: 60 };
        let (id, now) = (ExecutionId(Uuid::from_u128(1)), Timestamp::UNIX_EPOCH);
        let mut flow = ExecutionFlow::new(limits, true);
        assert_eq!(Next::of(id, &flow), Next::Wait);
        flow.step(Event::Accepted, now);
        let step = |ordinal, kind| {
            Next::Execute(Step {
                activity: ActivityId::of(id, ordinal),
                ordinal,
                kind,
                after_ms: 0,
            })
        };
        assert_eq!(Next::of(id, &flow), step(1, ActivityKind::Turn));
        flow.step(Event::TurnDone { activity: 1, calls: 1, tokens: 1 }, now);
        assert_eq!(Next::of(id, &flow), step(2, ActivityKind::Tool));
        flow.step(Event::ToolDone { activity: 2 }, now);
        flow.step(Event::TurnDone { activity: 3, calls: 0, tokens: 1 }, now);
        assert_eq!(Next::of(id, &flow), Next::Wait);
        flow.step(Event::CancelRequested { reason: "stop".into() }, now);
        assert_eq!(Next::of(id, &flow), Next::End);
    }

    #[test]
    fn its_wire_form_stays() {
        let step = Step {
            activity: ActivityId(Uuid::nil()),
            ordinal: 2,
            kind: ActivityKind::Tool,
            after_ms: 500,
        };
        let text = serde_json::to_string(&Next::Execute(step)).unwrap();
        let id = Uuid::nil();
        let stored = format!(
            r#"{{"next":"execute","activity":"{id}","ordinal":2,"kind":"tool","after_ms":500}}"#
        );
        assert_eq!(text, stored, "workflows that run have it in their histories");
        assert_eq!(serde_json::to_string(&Next::Wait).unwrap(), r#"{"next":"wait"}"#);
    }
}
