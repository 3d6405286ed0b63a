//! The flow of one run: a pure state machine. Events in, commands out; no I/O, no clock.
//! Its state is cursors and counters; the conversation lives in `session_messages`, names and
//! arguments of tool calls with it. Not here: turning commands into rows (`engine`).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::foreign::{ForeignRun, Report};
use super::{Limits, Status};
use crate::activities::Retry;

/// The version new runs begin with. An older run keeps the `step` it began with.
pub const FLOW_VERSION: u16 = 1;

/// Tries of one activity before the run fails.
const MAX_TRIES: u16 = 5;
/// Workers that may be lost in one activity before the run fails. More than tries, since a restart is
/// mostly not the activity's fault; bounded, since it may be.
const MAX_LOST: u16 = 10;

/// The state of a run's flow: what is stored between events, at most 4 KiB. Stored under short
/// names, since it is written with every step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutionFlow {
    /// Which `step` this run follows.
    #[serde(rename = "v")]
    pub flow_version: u16,
    /// Where the run stands for the outside.
    #[serde(rename = "s")]
    pub status: Status,
    /// What it does or waits for.
    #[serde(rename = "p")]
    pub phase: Phase,
    /// The model turn it is in; 1 is the first.
    #[serde(rename = "t")]
    pub turn: u32,
    /// Tool calls the current turn asked for.
    #[serde(rename = "cs")]
    pub calls: u16,
    /// The one of them that is next or under way, from 0.
    #[serde(rename = "c")]
    pub call: u16,
    /// Failed tries of the current activity.
    #[serde(rename = "f")]
    pub failures: u16,
    /// Workers lost during the current activity.
    #[serde(rename = "x", default, skip_serializing_if = "is_zero")]
    pub lost: u16,
    /// Activities begun so far; the current one's ordinal.
    #[serde(rename = "a")]
    pub activities: u32,
    /// Messages in the conversation from the prompt on; the next one's ordinal.
    #[serde(rename = "m")]
    pub messages: u32,
    /// Messages that arrived after the current turn began: they need a turn of their own.
    #[serde(rename = "u")]
    pub unanswered: u32,
    /// Tokens of all turns.
    #[serde(rename = "k")]
    pub tokens: u64,
    /// Stay open for messages after a turn without tool calls.
    #[serde(rename = "i")]
    pub interactive: bool,
    /// What the run may use.
    #[serde(rename = "l")]
    pub limits: Limits,
    /// Whether somebody has said that it is done: it completes after its current turn.
    #[serde(rename = "e", default, skip_serializing_if = "std::ops::Not::not")]
    pub done: bool,
    /// Set if a foreign worker drives the run, and not we ourselves.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub foreign: Option<ForeignRun>,
}

/// What a run does or waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Nothing has happened yet.
    New,
    /// A model turn is to be executed.
    Turn,
    /// A tool call is to be executed.
    Tool,
    /// It waits for a message.
    Waiting,
    /// A foreign worker does what is to be done, and reports.
    Foreign,
    /// It is over.
    Ended,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The run was accepted.
    Accepted,
    /// A worker took the activity with this ordinal.
    Leased {
        /// Which one.
        activity: u32,
    },
    /// A model turn was recorded.
    TurnDone {
        /// Which activity.
        activity: u32,
        /// Tool calls it asks for.
        calls: u16,
        /// Tokens it took.
        tokens: u64,
    },
    /// A tool call was recorded.
    ToolDone {
        /// Which activity.
        activity: u32,
    },
    /// An activity failed.
    ActivityFailed {
        /// Which one.
        activity: u32,
        /// Whether another try may help.
        retry: Retry,
        /// For a person.
        message: String,
    },
    /// The worker that owned the activity is gone.
    LeaseLost {
        /// Which one.
        activity: u32,
    },
    /// A foreign worker reports, or something was found out about it.
    Foreign(Report),
    /// A message was added to the conversation.
    MessageAdded,
    /// The run's time is up.
    DeadlinePassed {
        /// How long its worker has reported nothing, if that is longer than is usual.
        silence: Option<SignedDuration>,
    },
    /// Somebody says that the run is done.
    DoneRequested,
    /// Somebody stops the run.
    CancelRequested {
        /// What the row will say.
        reason: String,
    },
    /// What drove the run was ended from outside.
    Abandoned {
        /// What the row will say.
        reason: String,
    },
}

/// What to do about it, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Make this status the run's, and tell everyone.
    Enter(Status),
    /// Begin a model turn.
    StartTurn {
        /// The activity's ordinal.
        activity: u32,
        /// The turn's number.
        turn: u32,
    },
    /// Begin a tool call.
    StartTool {
        /// The activity's ordinal.
        activity: u32,
        /// The turn that asked for it.
        turn: u32,
        /// Which of the turn's calls, from 0.
        call: u16,
    },
    /// Give the current activity to a worker again.
    Requeue {
        /// Its ordinal.
        activity: u32,
        /// Not before this instant.
        not_before: Timestamp,
        /// Why the try before failed; `None` when its worker was lost.
        because: Option<String>,
    },
    /// Stop the current activity, wherever it is.
    StopActivity {
        /// Its ordinal.
        activity: u32,
    },
    /// Tell the workflow of a foreign worker.
    Tell(Tell),
    /// Wake the run at this instant with [`Event::DeadlinePassed`].
    SetDeadline(Timestamp),
    /// Forget that instant: the time a person takes to answer does not count.
    ClearDeadline,
    /// End the run.
    Settle(Settlement),
}

/// What the workflow of a foreign worker is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tell {
    /// The oldest message of a person that it has not answered.
    Message,
    /// That the run is done.
    Done,
    /// To stop.
    Cancel,
}

/// How a run ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// A terminal status.
    pub status: Status,
    /// For a person, unless it went well.
    pub error_message: Option<String>,
}

impl ExecutionFlow {
    /// The flow of a new run.
    pub fn new(limits: Limits, interactive: bool) -> Self {
        Self {
            flow_version: FLOW_VERSION,
            status: Status::Pending,
            phase: Phase::New,
            turn: 0,
            calls: 0,
            call: 0,
            failures: 0,
            lost: 0,
            activities: 0,
            messages: 1,
            unanswered: 0,
            tokens: 0,
            interactive,
            limits,
            done: false,
            foreign: None,
        }
    }

    /// Takes one event and says what to do. An event that no longer fits (a late report, a repeated
    /// delivery, anything after the end) changes nothing and returns no command.
    pub fn step(&mut self, event: Event, now: Timestamp) -> Vec<Command> {
        if self.phase == Phase::Ended {
            return Vec::new();
        }
        match event {
            Event::Accepted if self.phase == Phase::New => self.next_turn(Vec::new()),
            Event::Leased { activity } if self.owns(activity) => self.leased(now),
            Event::TurnDone { activity, calls, tokens }
                if self.owns(activity) && self.phase == Phase::Turn =>
            {
                self.turn_done(calls, tokens)
            }
            Event::ToolDone { activity } if self.owns(activity) && self.phase == Phase::Tool => {
                self.tool_done()
            }
            Event::ActivityFailed { activity, retry, message } if self.owns(activity) => {
                self.activity_failed(retry, message, now)
            }
            Event::LeaseLost { activity }
                if self.owns(activity) && self.status == Status::Running =>
            {
                self.lost += 1;
                if self.lost >= MAX_LOST {
                    let text = format!("Given up: {MAX_LOST} workers were lost in the same step");
                    return self.stop(Status::Failed, text);
                }
                let requeue = Command::Requeue { activity, not_before: now, because: None };
                vec![self.enter(Status::Queued), requeue]
            }
            Event::Foreign(report) => self.reported(report, now),
            Event::MessageAdded if self.foreign.is_some() => self.message_for_foreign(now),
            Event::MessageAdded => self.message_added(now),
            Event::DeadlinePassed { silence }
                if self.status != Status::WaitingForInput || self.was_told() =>
            {
                self.out_of_time(silence)
            }
            Event::DoneRequested => self.done_requested(),
            Event::CancelRequested { reason } => self.stop(Status::Cancelled, reason),
            Event::Abandoned { reason } => self.stop(Status::Failed, reason),
            Event::Accepted
            | Event::Leased { .. }
            | Event::TurnDone { .. }
            | Event::ToolDone { .. }
            | Event::ActivityFailed { .. }
            | Event::LeaseLost { .. }
            | Event::DeadlinePassed { .. } => Vec::new(),
        }
    }

    fn out_of_time(&mut self, silence: Option<SignedDuration>) -> Vec<Command> {
        let seconds = self.limits.max_seconds;
        let mut reason = format!("Limit reached: max_seconds ({seconds} s)");
        if let Some(silence) = silence.filter(|_| self.status == Status::Running) {
            let silence = silence.as_secs();
            reason.push_str(&format!("; its worker reported nothing for the last {silence} s"));
        }
        self.stop(Status::Failed, reason)
    }

    /// Whether this activity is the one the run waits for.
    pub fn owns(&self, activity: u32) -> bool {
        matches!(self.phase, Phase::Turn | Phase::Tool) && activity == self.activities
    }

    fn leased(&mut self, now: Timestamp) -> Vec<Command> {
        let mut commands = Vec::new();
        let first = self.status == Status::Pending;
        if self.status != Status::Running {
            commands.push(self.enter(Status::Running));
        }
        if first {
            commands.push(self.deadline(now));
        }
        commands
    }

    pub(super) fn deadline(&self, now: Timestamp) -> Command {
        let seconds = SignedDuration::from_secs(self.limits.max_seconds.into());
        Command::SetDeadline(now.checked_add(seconds).unwrap_or(Timestamp::MAX))
    }

    fn turn_done(&mut self, calls: u16, tokens: u64) -> Vec<Command> {
        self.failures = 0;
        self.lost = 0;
        self.messages += 1;
        self.tokens = self.tokens.saturating_add(tokens);
        if calls > 0 {
            if self.tokens >= self.limits.max_tokens {
                let limit = self.limits.max_tokens;
                return self
                    .settle(Status::Failed, Some(format!("Limit reached: max_tokens ({limit})")));
            }
            self.calls = calls;
            self.call = 0;
            return self.start_tool();
        }
        if self.done {
            return self.settle(Status::Completed, None);
        }
        if self.unanswered > 0 {
            return self.next_turn(Vec::new());
        }
        if self.interactive {
            self.phase = Phase::Waiting;
            return vec![self.enter(Status::WaitingForInput), Command::ClearDeadline];
        }
        self.settle(Status::Completed, None)
    }

    fn tool_done(&mut self) -> Vec<Command> {
        self.failures = 0;
        self.lost = 0;
        self.messages += 1;
        self.call += 1;
        if self.call < self.calls { self.start_tool() } else { self.next_turn(Vec::new()) }
    }

    fn activity_failed(&mut self, retry: Retry, message: String, now: Timestamp) -> Vec<Command> {
        // Counted before the next try: a crash in it must not buy a free one.
        self.failures += 1;
        let wait = match retry {
            Retry::Never => return self.settle(Status::Failed, Some(message)),
            _ if self.failures >= MAX_TRIES => {
                let text = format!("{message} (given up after {MAX_TRIES} tries)");
                return self.settle(Status::Failed, Some(text));
            }
            Retry::Backoff => backoff(self.failures),
            Retry::AfterMs(ms) => SignedDuration::from_millis(i64::try_from(ms).unwrap_or(0)),
        };
        let requeue = Command::Requeue {
            activity: self.activities,
            not_before: now.checked_add(wait).unwrap_or(now),
            because: Some(message),
        };
        // While it waits nobody owns it, so it is not `running`.
        if self.status == Status::Running {
            vec![self.enter(Status::Queued), requeue]
        } else {
            vec![requeue]
        }
    }

    fn message_added(&mut self, now: Timestamp) -> Vec<Command> {
        self.messages += 1;
        if self.phase == Phase::Waiting {
            let commands = vec![self.enter(Status::Queued), self.deadline(now)];
            return self.next_turn(commands);
        }
        self.unanswered += 1;
        Vec::new()
    }

    /// One that waits for a message completes at once, any other after its current turn: what was said
    /// in that turn is not answered in another one.
    fn done_requested(&mut self) -> Vec<Command> {
        if self.done {
            return Vec::new();
        }
        self.done = true;
        let mut commands = Vec::new();
        commands.extend(self.foreign.is_some().then_some(Command::Tell(Tell::Done)));
        if self.status == Status::WaitingForInput && !self.was_told() {
            commands.extend(self.settle(Status::Completed, None));
        }
        commands
    }

    fn next_turn(&mut self, mut commands: Vec<Command>) -> Vec<Command> {
        if let Some(reason) = self.used_up() {
            return self.settle(Status::Failed, Some(reason));
        }
        self.turn += 1;
        self.unanswered = 0;
        self.phase = Phase::Turn;
        self.activities += 1;
        commands.push(Command::StartTurn { activity: self.activities, turn: self.turn });
        commands
    }

    /// Which limit forbids a further turn.
    pub(super) fn used_up(&self) -> Option<String> {
        let Limits { max_turns, max_tokens, .. } = self.limits;
        if self.tokens >= max_tokens {
            return Some(format!("Limit reached: max_tokens ({max_tokens})"));
        }
        (self.turn >= max_turns).then(|| format!("Limit reached: max_turns ({max_turns})"))
    }

    fn start_tool(&mut self) -> Vec<Command> {
        self.phase = Phase::Tool;
        self.activities += 1;
        let (activity, turn, call) = (self.activities, self.turn, self.call);
        vec![Command::StartTool { activity, turn, call }]
    }

    pub(super) fn stop(&mut self, status: Status, reason: String) -> Vec<Command> {
        let mut commands = Vec::new();
        if matches!(self.phase, Phase::Turn | Phase::Tool) {
            commands.push(Command::StopActivity { activity: self.activities });
        }
        commands.extend(self.foreign.is_some().then_some(Command::Tell(Tell::Cancel)));
        commands.extend(self.settle(status, Some(reason)));
        commands
    }

    pub(super) fn settle(&mut self, status: Status, error_message: Option<String>) -> Vec<Command> {
        self.phase = Phase::Ended;
        self.status = status;
        vec![Command::Settle(Settlement { status, error_message })]
    }

    pub(super) fn enter(&mut self, status: Status) -> Command {
        self.status = status;
        Command::Enter(status)
    }
}

fn is_zero(count: &u16) -> bool {
    *count == 0
}

/// The wait before try `failures + 1`: 0.5 s, 1 s, 2 s, 4 s … at most 30 s.
pub fn backoff(failures: u16) -> SignedDuration {
    let exponent = u32::from(failures.saturating_sub(1)).min(6);
    SignedDuration::from_millis((500_i64 << exponent).min(30_000))
}

/// A key that is the same for every try of one step of one run.
pub fn idempotency_key(execution: &crate::ExecutionId, activity: u32) -> String {
    format!("{execution}-{activity}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    fn limits() -> Limits {
        Limits { max_turns: 3, max_tokens: 1000, max_seconds: 60 }
    }

    #[test]
    fn one_turn_without_tools_completes() {
        let mut flow = ExecutionFlow::new(limits(), false);
        assert_eq!(
            flow.step(Event::Accepted, at(0)),
            [Command::StartTurn { activity: 1, turn: 1 }]
        );
        assert_eq!(
            flow.step(Event::Leased { activity: 1 }, at(1)),
            [Command::Enter(Status::Running), Command::SetDeadline(at(61))]
        );
        let done = Event::TurnDone { activity: 1, calls: 0, tokens: 10 };
        let end = Settlement { status: Status::Completed, error_message: None };
        assert_eq!(flow.step(done.clone(), at(2)), [Command::Settle(end)]);
        assert_eq!(flow.step(done, at(3)), [], "a second delivery changes nothing");
    }

    #[test]
    fn a_message_during_the_last_turn_gets_an_answer() {
        let mut flow = ExecutionFlow::new(limits(), false);
        flow.step(Event::Accepted, at(0));
        flow.step(Event::Leased { activity: 1 }, at(0));
        assert_eq!(flow.step(Event::MessageAdded, at(0)), []);
        let commands = flow.step(Event::TurnDone { activity: 1, calls: 0, tokens: 1 }, at(0));
        assert_eq!(commands, [Command::StartTurn { activity: 2, turn: 2 }]);
    }

    #[test]
    fn one_that_is_done_completes_after_its_turn_whatever_was_said_meanwhile() {
        let mut flow = ExecutionFlow::new(limits(), true);
        flow.step(Event::Accepted, at(0));
        flow.step(Event::Leased { activity: 1 }, at(0));
        flow.step(Event::MessageAdded, at(0));
        assert_eq!(flow.step(Event::DoneRequested, at(1)), []);
        assert!(flow.done);
        assert_eq!(flow.step(Event::DoneRequested, at(1)), [], "it is said twice");
        // Its tools belong to the turn.
        let commands = flow.step(Event::TurnDone { activity: 1, calls: 1, tokens: 1 }, at(2));
        assert!(matches!(commands[..], [Command::StartTool { .. }]), "{commands:?}");
        flow.step(Event::ToolDone { activity: 2 }, at(3));
        let commands = flow.step(Event::TurnDone { activity: 3, calls: 0, tokens: 1 }, at(4));
        let end = Settlement { status: Status::Completed, error_message: None };
        assert_eq!(commands, [Command::Settle(end)]);
    }

    #[test]
    fn one_that_waits_completes_when_it_is_done() {
        let mut flow = ExecutionFlow::new(limits(), true);
        flow.step(Event::Accepted, at(0));
        flow.step(Event::TurnDone { activity: 1, calls: 0, tokens: 1 }, at(0));
        assert_eq!(flow.status, Status::WaitingForInput);
        let end = Settlement { status: Status::Completed, error_message: None };
        assert_eq!(flow.step(Event::DoneRequested, at(1)), [Command::Settle(end)]);
        assert_eq!(flow.step(Event::DoneRequested, at(2)), []);
    }

    #[test]
    fn limits_end_the_run_by_name() {
        let mut flow = ExecutionFlow::new(limits(), false);
        flow.step(Event::Accepted, at(0));
        let commands = flow.step(Event::TurnDone { activity: 1, calls: 1, tokens: 1000 }, at(0));
        let Some(Command::Settle(end)) = commands.first() else { panic!("{commands:?}") };
        assert!(end.error_message.as_deref().unwrap().contains("max_tokens"));
    }

    #[test]
    fn a_run_whose_worker_was_silent_says_so_at_its_end() {
        for (silence, more) in [
            (None, ""),
            (
                Some(SignedDuration::from_secs(40)),
                "; its worker reported nothing for the last 40 s",
            ),
        ] {
            let mut flow = ExecutionFlow::new(limits(), false);
            flow.step(Event::Accepted, at(0));
            flow.step(Event::Leased { activity: 1 }, at(0));
            let commands = flow.step(Event::DeadlinePassed { silence }, at(60));
            let [Command::StopActivity { activity: 1 }, Command::Settle(end)] = &commands[..]
            else {
                panic!("{commands:?}")
            };
            let reason = format!("Limit reached: max_seconds (60 s){more}");
            assert_eq!(end.error_message, Some(reason));
        }
    }

    #[test]
    fn a_useless_retry_is_not_made_and_a_useful_one_ends() {
        let mut flow = ExecutionFlow::new(limits(), false);
        flow.step(Event::Accepted, at(0));
        let failed = |retry| Event::ActivityFailed { activity: 1, retry, message: "down".into() };
        for _ in 1..MAX_TRIES {
            let commands = flow.step(failed(Retry::Backoff), at(0));
            assert!(matches!(commands[..], [Command::Requeue { .. }]), "{commands:?}");
        }
        assert!(matches!(flow.step(failed(Retry::Backoff), at(0))[..], [Command::Settle(_)]));
        let mut other = ExecutionFlow::new(limits(), false);
        other.step(Event::Accepted, at(0));
        assert!(matches!(other.step(failed(Retry::Never), at(0))[..], [Command::Settle(_)]));
    }

    #[test]
    fn a_step_that_takes_its_workers_down_is_given_up() {
        let mut flow = ExecutionFlow::new(limits(), false);
        flow.step(Event::Accepted, at(0));
        for _ in 1..MAX_LOST {
            flow.step(Event::Leased { activity: 1 }, at(0));
            let commands = flow.step(Event::LeaseLost { activity: 1 }, at(0));
            assert!(matches!(commands[..], [Command::Enter(_), Command::Requeue { .. }]));
        }
        flow.step(Event::Leased { activity: 1 }, at(0));
        let commands = flow.step(Event::LeaseLost { activity: 1 }, at(0));
        let [Command::StopActivity { activity: 1 }, Command::Settle(end)] = &commands[..] else {
            panic!("{commands:?}")
        };
        assert_eq!(end.status, Status::Failed);
    }

    fn any_event() -> impl Strategy<Value = Event> {
        let activity = 0..6_u32;
        prop_oneof![
            Just(Event::Accepted),
            activity.clone().prop_map(|activity| Event::Leased { activity }),
            (activity.clone(), 0..3_u16, 0..400_u64)
                .prop_map(|(activity, calls, tokens)| Event::TurnDone { activity, calls, tokens }),
            activity.clone().prop_map(|activity| Event::ToolDone { activity }),
            (activity.clone(), prop_oneof![Just(Retry::Never), Just(Retry::Backoff)]).prop_map(
                |(activity, retry)| Event::ActivityFailed { activity, retry, message: "x".into() }
            ),
            activity.prop_map(|activity| Event::LeaseLost { activity }),
            Just(Event::MessageAdded),
            Just(Event::DeadlinePassed { silence: None }),
            Just(Event::DoneRequested),
            Just(Event::CancelRequested { reason: "stop".into() }),
            Just(Event::Abandoned { reason: "gone".into() }),
        ]
    }

    proptest! {
        /// Whatever comes in whatever order: states follow the contract's machine, the end is told
        /// once and is the end, ordinals only grow, a turn never passes its limit, and the stored
        /// state stays small and readable.
        #[test]
        fn any_interleaving_keeps_the_invariants(
            events in prop::collection::vec(any_event(), 0..60),
            interactive: bool,
        ) {
            let mut flow = ExecutionFlow::new(limits(), interactive);
            let mut settled = 0;
            let mut begun = 0;
            for (second, event) in events.into_iter().enumerate() {
                let before = flow.clone();
                let commands = flow.step(event, at(second as i64));
                if before.phase == Phase::Ended {
                    prop_assert!(commands.is_empty());
                    prop_assert_eq!(&before, &flow);
                }
                for command in commands {
                    match command {
                        Command::Settle(end) => {
                            settled += 1;
                            prop_assert!(end.status.is_terminal());
                            prop_assert_eq!(end.status, flow.status);
                        }
                        Command::StartTurn { activity, .. } | Command::StartTool { activity, .. } => {
                            prop_assert_eq!(activity, begun + 1);
                            begun = activity;
                        }
                        Command::Requeue { activity, .. } | Command::StopActivity { activity } => {
                            prop_assert_eq!(activity, begun);
                        }
                        Command::Enter(_)
                        | Command::Tell(_)
                        | Command::SetDeadline(_)
                        | Command::ClearDeadline => {}
                    }
                }
                if before.status != flow.status {
                    // A turn can end before its lease was seen; the engine enters `running` first.
                    let through_running = before.status.may_become(Status::Running)
                        && Status::Running.may_become(flow.status);
                    prop_assert!(before.status.may_become(flow.status) || through_running);
                }
                prop_assert!(flow.turn <= limits().max_turns);
                prop_assert!(settled <= 1);
                prop_assert_eq!(settled == 1, flow.phase == Phase::Ended);
                let stored = serde_json::to_string(&flow).unwrap();
                prop_assert!(stored.len() <= 4096);
                prop_assert_eq!(&serde_json::from_str::<ExecutionFlow>(&stored).unwrap(), &flow);
            }
        }
    }
}
