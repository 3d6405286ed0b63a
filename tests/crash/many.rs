//! Twenty runs with tool calls, killed while they are under way.

use futures_util::future::join_all;
use model_server::{Ending, Hang, Reply};

use crate::harness::{Model, Organization, Pipe, Plane, Workspace, processes, shell};

/// Where a run is when the plane dies.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    FirstTurn,
    FirstCall,
    SecondTurn,
    SecondCall,
    ThirdTurn,
}

const PLACES: [Place; 5] =
    [Place::FirstTurn, Place::FirstCall, Place::SecondTurn, Place::SecondCall, Place::ThirdTurn];

/// A run of three turns and two calls that hangs at one place, for the first time that it is there.
struct Run {
    id: String,
    model: Model,
    workspace: Workspace,
    place: Place,
    _begun: Option<Pipe>,
}

/// A call that leaves its key each time it is made, and hangs at its place.
fn call(name: &str, hangs: bool) -> Reply {
    let hang = "if [ ! -e again ]; then touch again; echo begun > begun; sleep 1000; fi; ";
    let hang = if hangs { hang } else { "" };
    shell(&format!("echo $DROVER_IDEMPOTENCY_KEY >> {name}; {hang}echo {name}"))
}

fn turns(place: Place) -> [Reply; 3] {
    [
        call("first", place == Place::FirstCall),
        call("second", place == Place::SecondCall),
        Reply::text("Both are done."),
    ]
}

/// Starts a run and returns once it is at its place.
async fn start(plane: &Plane, org: &Organization, place: Place) -> Run {
    let [first, second, third] = turns(place);
    let gated = match place {
        Place::FirstTurn => vec![first.clone().hang(Hang::Start), first, second, third],
        Place::SecondTurn => vec![first, second.clone().hang(Hang::Start), second, third],
        Place::ThirdTurn => vec![first, second, third.clone().hang(Hang::Start), third],
        Place::FirstCall | Place::SecondCall => vec![first.hang(Hang::Start), second, third],
    };
    let model = Model::new(gated);
    let id = org.ask(&model, "go").await;
    let workspace = Workspace::of(plane, &id);
    let mut begun = None;
    match place {
        Place::FirstTurn => drop(model.arrived(1).await),
        Place::SecondTurn => drop(model.arrived(2).await),
        Place::ThirdTurn => drop(model.arrived(3).await),
        Place::FirstCall | Place::SecondCall => {
            let mut pipe = workspace.pipe("begun");
            model.release();
            assert_eq!(pipe.hear().await, "begun");
            begun = Some(pipe);
        }
    }
    Run { id, model, workspace, place, _begun: begun }
}

#[plane_test(stores)]
async fn all_of_them_end_and_no_recorded_step_is_repeated() {
    let plane = Plane::start();
    let org = plane.organization().await;
    let places = PLACES.into_iter().cycle().take(20);
    let runs = join_all(places.map(|place| start(&plane, &org, place))).await;

    let plane = plane.kill_and_restart();
    let org = org.at(&plane);
    let ended = join_all(runs.iter().map(|run| org.finished(&run.id))).await;
    for (run, ended) in runs.iter().zip(&ended) {
        assert_eq!(ended["status"], "completed", "{:?}: {ended}", run.place);
        assert_eq!(ended["response"], "Both are done.");
        assert_eq!(ended["usage"]["turns"], 3, "each turn is counted once");
        assert_eq!(org.tool_answers(&run.id).await, ["first", "second"]);
        once(run);
        told(&org, run).await;
    }
    for run in &runs {
        assert_eq!(processes::of_execution(&run.id), [""; 0], "{:?}", run.place);
    }
}

/// Every step was made once, but for the one that was under way: that one was made again, under
/// the same key.
fn once(run: &Run) {
    let in_a_turn = [Place::FirstTurn, Place::SecondTurn, Place::ThirdTurn].contains(&run.place);
    let requests = run.model.requests();
    assert_eq!(requests.len(), if in_a_turn { 4 } else { 3 }, "{:?}", run.place);
    let cut = requests.iter().filter(|request| request.ending() == Some(Ending::Disconnected));
    assert_eq!(cut.count(), usize::from(in_a_turn), "{:?}", run.place);
    for (name, hangs) in
        [("first", run.place == Place::FirstCall), ("second", run.place == Place::SecondCall)]
    {
        let keys = run.workspace.lines(name);
        assert_eq!(keys.len(), if hangs { 2 } else { 1 }, "{:?} {name}: {keys:?}", run.place);
        assert!(keys.iter().all(|key| key == &keys[0]), "{keys:?}");
    }
}

/// The log has no gap (or else reading it fails), tells each call once and has one end, the last.
async fn told(org: &Organization, run: &Run) {
    let log = org.log(&run.id).await;
    let count = |names: &[&str]| {
        let named =
            |entry: &&serde_json::Value| names.contains(&entry["event_type"].as_str().unwrap());
        log.iter().filter(named).count()
    };
    assert_eq!((count(&["tool_started"]), count(&["tool_completed"])), (2, 2), "{:?}", run.place);
    assert_eq!(count(&["done", "error"]), 1);
    assert_eq!(log.last().expect("entries")["event_type"], "done");
}

#[plane_test(stores)]
async fn no_tool_outlives_its_plane() {
    let mut plane = Plane::start();
    let org = plane.organization().await;
    let model = Model::new([
        shell("exec 3> held; echo held >&3; setsid sleep 1000 & sleep 1000").hang(Hang::Start)
    ]);
    let id = org.ask(&model, "go").await;
    let mut held = Workspace::of(&plane, &id).pipe("held");
    model.release();
    assert_eq!(held.hear().await, "held");
    assert_ne!(processes::of_execution(&id), [""; 0], "it runs, and can be found");
    plane.kill();
    held.abandoned().await;
}
