//! Runs of a foreign worker, report by report and in any order.

use proptest::prelude::*;

use super::*;
use crate::executions::{Event, Limits, Settlement};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

fn limits() -> Limits {
    Limits { max_turns: 4, max_tokens: 1000, max_seconds: 60 }
}

fn accepted(interactive: bool) -> ExecutionFlow {
    let mut flow = ExecutionFlow::new(limits(), interactive);
    flow.step(Event::Accepted, at(0));
    flow
}

fn says(status: Status) -> Event {
    let worker = Some(WorkerId(uuid::Uuid::from_u128(1)));
    Event::Foreign(Report::Status { status, worker, error_message: None })
}

fn turn(end: TurnEnd) -> Event {
    Event::Foreign(Report::Turn { end, tokens: 10, said: true })
}

fn running(interactive: bool) -> ExecutionFlow {
    let mut flow = accepted(interactive);
    flow.step(says(Status::Running), at(1));
    flow
}

fn settled(status: Status) -> Command {
    Command::Settle(Settlement { status, error_message: None })
}

#[test]
fn that_a_worker_runs_it_takes_it_from_ours() {
    let mut flow = accepted(false);
    let commands = flow.step(says(Status::Running), at(1));
    let expected = [
        Command::StopActivity { activity: 1 },
        Command::Enter(Status::Running),
        Command::SetDeadline(at(61)),
    ];
    assert_eq!(commands, expected);
    assert!(!flow.owns(1));
    assert_eq!(flow.step(says(Status::Running), at(2)), [], "a repeated report");
    assert_eq!(flow.step(Event::Leased { activity: 1 }, at(2)), []);
}

#[test]
fn a_run_that_is_dispatched_waits_for_its_worker() {
    let mut flow = accepted(false);
    let dispatched = Event::Foreign(Report::Dispatched);
    assert_eq!(flow.step(dispatched.clone(), at(1)), [Command::StopActivity { activity: 1 }]);
    assert_eq!(flow.status, Status::Pending);
    assert_eq!(flow.step(dispatched, at(1)), []);
    let commands = flow.step(says(Status::Running), at(2));
    assert_eq!(commands, [Command::Enter(Status::Running), Command::SetDeadline(at(62))]);
}

#[test]
fn what_is_reported_of_a_run_of_ours_changes_nothing() {
    let mut flow = accepted(false);
    flow.step(Event::Leased { activity: 1 }, at(0));
    let before = flow.clone();
    for event in [says(Status::Running), says(Status::Failed), turn(TurnEnd::Answered)] {
        assert_eq!(flow.step(event, at(1)), []);
    }
    assert_eq!(flow, before);
}

#[test]
fn the_end_of_a_turn_decides() {
    let failed = || TurnEnd::Failed("no model".into());
    for (interactive, end, expected) in [
        (false, TurnEnd::Answered, Status::Completed),
        (true, TurnEnd::Answered, Status::WaitingForInput),
        (false, failed(), Status::Failed),
        (true, failed(), Status::Failed),
        (false, TurnEnd::CutOff, Status::Interrupted),
    ] {
        let mut flow = running(interactive);
        flow.step(turn(end), at(2));
        assert_eq!(flow.status, expected);
    }
}

#[test]
fn a_message_during_a_turn_is_told_after_it_and_one_at_a_time() {
    let mut flow = running(false);
    assert_eq!(flow.step(Event::MessageAdded, at(2)), []);
    assert_eq!(flow.step(Event::MessageAdded, at(2)), []);
    let told = [Command::Enter(Status::WaitingForInput), Command::Tell(Tell::Message)];
    assert_eq!(flow.step(turn(TurnEnd::Answered), at(3)), told);
    let late = Event::Foreign(Report::Active { is_new_turn: false });
    assert_eq!(flow.step(late, at(3)), [], "it tells of the turn before");
    let begun = Event::Foreign(Report::Active { is_new_turn: true });
    assert_eq!(flow.step(begun, at(4)), [Command::Enter(Status::Running)]);
    assert_eq!(flow.step(turn(TurnEnd::Answered), at(5)), told);
    // This turn was not heard of before its end.
    let end = [Command::Enter(Status::Running), settled(Status::Completed)];
    assert_eq!(flow.step(turn(TurnEnd::Answered), at(6)), end);
}

#[test]
fn a_lost_worker_leaves_a_queued_run_that_goes_on_when_it_is_heard_again() {
    let mut flow = running(false);
    let lost = Event::Foreign(Report::WorkerLeft);
    assert_eq!(flow.step(lost.clone(), at(2)), [Command::Enter(Status::Queued)]);
    assert_eq!(flow.step(lost, at(2)), []);
    let heard = Event::Foreign(Report::Active { is_new_turn: false });
    assert_eq!(flow.step(heard, at(3)), [Command::Enter(Status::Running)]);
}

#[test]
fn what_a_worker_leaves_is_nobodys_until_somebody_says_whose() {
    let whose = |flow: &ExecutionFlow| flow.foreign.as_ref().and_then(|foreign| foreign.worker);
    let left = Event::Foreign(Report::WorkerLeft);
    let mut waits = running(true);
    waits.step(turn(TurnEnd::Answered), at(2));
    for mut flow in [running(false), waits] {
        assert!(whose(&flow).is_some());
        flow.step(left.clone(), at(3));
        assert_eq!(whose(&flow), None);
        let heard = Event::Foreign(Report::Active { is_new_turn: false });
        flow.step(heard, at(4));
        assert_eq!(whose(&flow), None, "what is heard of it does not say who says it");
        flow.step(says(Status::Running), at(5));
        assert!(whose(&flow).is_some());
    }
}

#[test]
fn a_worker_that_is_not_heard_any_more_fails_its_run() {
    let mut flow = running(false);
    let lost = Event::Foreign(Report::WorkerLost);
    let commands = flow.step(lost.clone(), at(2));
    let Some(Command::Settle(end)) = commands.last() else { panic!("{commands:?}") };
    assert_eq!((end.status, end.error_message.as_deref()), (Status::Failed, Some(LOST)));
    assert_eq!(flow.step(lost, at(3)), []);
}

#[test]
fn who_stops_it_has_its_workflow_told() {
    let mut flow = running(false);
    let commands = flow.step(Event::CancelRequested { reason: "stop".into() }, at(2));
    assert_eq!(commands[0], Command::Tell(Tell::Cancel));
    assert_eq!(flow.status, Status::Cancelled);
    assert_eq!(flow.step(says(Status::Failed), at(3)), [], "the end stays");
}

#[test]
fn that_it_is_done_is_told_once_and_ends_it_after_its_turn() {
    let mut flow = running(true);
    flow.step(Event::MessageAdded, at(2));
    assert_eq!(flow.step(Event::DoneRequested, at(2)), [Command::Tell(Tell::Done)]);
    assert_eq!(flow.step(Event::DoneRequested, at(2)), []);
    assert_eq!(flow.step(turn(TurnEnd::Answered), at(3)), [settled(Status::Completed)]);
}

#[test]
fn one_that_waits_is_done_at_once_unless_it_was_told_a_message() {
    let mut flow = running(true);
    flow.step(turn(TurnEnd::Answered), at(2));
    let mut told = flow.clone();
    let commands = flow.step(Event::DoneRequested, at(3));
    assert_eq!(commands, [Command::Tell(Tell::Done), settled(Status::Completed)]);
    told.step(Event::MessageAdded, at(3));
    assert_eq!(told.step(Event::DoneRequested, at(3)), [Command::Tell(Tell::Done)]);
    // Whether its workflow answers the message first is the workflow's.
    let mut answers = told.clone();
    answers.step(turn(TurnEnd::Answered), at(4));
    assert_eq!(answers.status, Status::Completed);
    told.step(says(Status::Completed), at(4));
    assert_eq!(told.status, Status::Completed);
}

#[test]
fn one_that_was_done_before_a_foreign_worker_took_it_ends_after_its_first_turn() {
    let mut flow = accepted(true);
    assert_eq!(flow.step(Event::DoneRequested, at(1)), []);
    flow.step(says(Status::Running), at(2));
    flow.step(turn(TurnEnd::Answered), at(3));
    assert_eq!(flow.status, Status::Completed);
}

#[test]
fn words_of_a_turns_end() {
    let read = |reason, message| TurnEnd::read(Some(reason), message);
    assert_eq!(read("stop", None), TurnEnd::Answered);
    assert_eq!(read("success", Some(" ")), TurnEnd::Answered);
    assert_eq!(read("cancelled", Some("gone")), TurnEnd::CutOff);
    assert_eq!(read("stop", Some("no key")), TurnEnd::Failed("no key".into()));
    assert!(matches!(read("error_max_turns", None), TurnEnd::Failed(_)));
    assert_eq!(TurnEnd::read(None, None), TurnEnd::Answered);
}

fn any_report() -> impl Strategy<Value = Event> {
    let statuses = prop::sample::select(Status::ALL.to_vec());
    let ends = prop_oneof![
        Just(TurnEnd::Answered),
        Just(TurnEnd::CutOff),
        Just(TurnEnd::Failed("x".into()))
    ];
    prop_oneof![
        Just(Event::Foreign(Report::Dispatched)),
        statuses.prop_map(says),
        any::<bool>().prop_map(|is_new_turn| Event::Foreign(Report::Active { is_new_turn })),
        (ends, 0..400_u64, any::<bool>())
            .prop_map(|(end, tokens, said)| Event::Foreign(Report::Turn { end, tokens, said })),
        Just(Event::Foreign(Report::WorkerLost)),
        Just(Event::Foreign(Report::WorkerLeft)),
        Just(Event::MessageAdded),
        Just(Event::DeadlinePassed { silence: None }),
        Just(Event::DoneRequested),
        Just(Event::CancelRequested { reason: "stop".into() }),
        Just(Event::Leased { activity: 1 }),
        Just(Event::TurnDone { activity: 1, calls: 0, tokens: 1 }),
    ]
}

proptest! {
    /// Whatever is reported in whatever order: the end is told once and is the end, no turn's report
    /// leaves the run `running` or `queued`, a deadline is set only where there is none, one message
    /// at a time is told, states follow the contract's machine, and the state is read back.
    #[test]
    fn any_reports_keep_the_invariants(
        events in prop::collection::vec(any_report(), 0..60),
        interactive: bool,
    ) {
        let mut flow = accepted(interactive);
        let (mut settled, mut deadline) = (0, false);
        for (second, event) in events.into_iter().enumerate() {
            let before = flow.clone();
            let commands = flow.step(event.clone(), at(second as i64));
            if before.phase == Phase::Ended {
                prop_assert!(commands.is_empty());
                prop_assert_eq!(&before, &flow);
            }
            let is_turn = matches!(event, Event::Foreign(Report::Turn { .. }));
            if is_turn && before.foreign.is_some() {
                prop_assert!(!matches!(flow.status, Status::Running | Status::Queued));
            }
            let mut status = before.status;
            for command in commands {
                match command {
                    Command::Enter(next) => {
                        // Our own flow's turn can end before its lease was seen.
                        prop_assert!(status.may_become(next) || flow.foreign.is_none()
                            || (is_turn && next == Status::Running));
                        status = next;
                    }
                    Command::Settle(end) => {
                        settled += 1;
                        prop_assert!(end.status.is_terminal());
                        deadline = false;
                    }
                    Command::SetDeadline(_) => {
                        prop_assert!(!deadline, "{event:?} sets a second deadline");
                        deadline = true;
                    }
                    Command::ClearDeadline => deadline = false,
                    Command::Tell(Tell::Message) => {
                        prop_assert!(!before.was_told() || is_turn);
                        prop_assert!(flow.was_told() && flow.unanswered > 0);
                    }
                    _ => {}
                }
            }
            prop_assert!(settled <= 1);
            prop_assert!(flow.turn <= limits().max_turns);
            prop_assert_eq!(settled == 1, flow.phase == Phase::Ended);
            let stored = serde_json::to_string(&flow).unwrap();
            prop_assert!(stored.len() <= 4096);
            prop_assert_eq!(&serde_json::from_str::<ExecutionFlow>(&stored).unwrap(), &flow);
        }
    }
}
