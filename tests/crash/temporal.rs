//! A lone plane on Postgres whose runs Temporal drives: it dies, its worker does not.

use futures_util::future::join_all;
use model_server::{Ending, Hang, Reply};
use serde_json::json;

use crate::harness::{
    Database, Model, Organization, Pipe, Plane, Relay, Worker, Workspace, shell, temporal_server,
};

/// Runs that a worker is at when the plane dies.
const UNDER_WAY: usize = 10;
/// Runs that the plane has accepted right before.
const ACCEPTED: usize = 10;

/// Where a run is when the plane dies.
#[derive(Clone, Copy)]
enum Place {
    Call,
    SecondTurn,
}

/// A run of one call and two turns that hangs at its place.
struct Run {
    id: String,
    model: Model,
    workspace: Workspace,
    /// By which its tool hears that it may go on, where that is what hangs.
    go: Option<Pipe>,
}

impl Run {
    /// Starts one and returns once it is at its place.
    async fn start(org: &Organization, worker: &Worker, place: Place) -> Self {
        let call = |hang: &str| shell(&format!("echo once >> made; {hang}echo over"));
        let done = Reply::text("Done.");
        let replies = match place {
            Place::Call => [call("echo begun > begun; read line < go; ").hang(Hang::Start), done],
            Place::SecondTurn => [call(""), done.hang(Hang::Start)],
        };
        let model = Model::new(replies);
        let id = org.ask(&model, "go").await;
        let (workspace, go) = match place {
            Place::Call => {
                let workspace = Workspace::at(worker, &id);
                let (mut begun, go) = (workspace.pipe("begun"), workspace.pipe("go"));
                model.release();
                assert_eq!(begun.hear().await, "begun");
                (workspace, Some(go))
            }
            Place::SecondTurn => {
                model.arrived(2).await;
                (Workspace::at(worker, &id), None)
            }
        };
        Self { id, model, workspace, go }
    }

    /// Lets it go on.
    async fn go_on(&mut self) {
        match &mut self.go {
            Some(go) => go.say("on").await,
            None => self.model.release(),
        }
    }
}

/// A plane, the one address that it keeps, and an organization that speaks to it by that.
async fn start() -> (Plane, Relay, Organization) {
    let plane = Plane::start_on_temporal(Database::make(), &temporal_server());
    let relay = Relay::to(&plane.url).await;
    let organization = plane.organization().await;
    let organization = Organization { url: relay.url.clone(), ..organization };
    (plane, relay, organization)
}

/// Kills a plane and starts it again at the same address.
fn start_again(mut plane: Plane, relay: &Relay) -> Plane {
    plane.kill();
    // Its port may be somebody else's by now.
    relay.cut();
    let plane = plane.kill_and_restart();
    relay.lead_to(&plane.url);
    plane
}

/// It completes, with a log that has no gap (or else reading it fails) and one end, the last.
async fn completes(org: &Organization, id: &str) {
    let run = org.finished(id).await;
    assert_eq!((&run["status"], &run["response"]), (&json!("completed"), &json!("Done.")), "{run}");
    let log = org.log(id).await;
    let count = |name: &str| log.iter().filter(|entry| entry["event_type"] == name).count();
    assert_eq!((count("done"), count("error")), (1, 0), "{log:?}");
    assert_eq!(count("tool_started"), count("tool_completed"), "{log:?}");
    assert_eq!(log.last().expect("entries")["event_type"], "done");
}

// The relay works while the test waits for a process.
#[tokio::test(flavor = "multi_thread")]
async fn all_runs_end_and_no_step_is_repeated() {
    let (mut plane, relay, org) = start().await;
    let worker = Worker::start(&org, &[&org.queue_id]);
    let places = [Place::Call, Place::SecondTurn].into_iter().cycle().take(UNDER_WAY);
    let mut runs = join_all(places.map(|place| Run::start(&org, &worker, place))).await;
    let model = Model::new((0..ACCEPTED).map(|_| Reply::text("Done.")));
    let agent = org.agent(&model.name).await;
    let accepting = (0..ACCEPTED).map(|_| org.execute(&agent, json!({"prompt": "go"})));
    let accepted = join_all(accepting).await;
    plane.kill();
    relay.cut();

    // What ends now has nobody to be reported to.
    for run in &mut runs {
        run.go_on().await;
    }
    for run in runs.iter().filter(|run| run.go.is_none()) {
        let request = run.model.requests().remove(1);
        assert_eq!(request.ended().await, Ending::Answered);
    }

    let _plane = start_again(plane, &relay);
    for run in &runs {
        completes(&org, &run.id).await;
        assert_eq!(org.tool_answers(&run.id).await, ["over"]);
        assert_eq!(run.model.requests().len(), 2);
        assert_eq!(run.workspace.lines("made"), ["once"]);
    }
    for id in &accepted {
        completes(&org, id).await;
    }
    assert_eq!(model.requests().len(), ACCEPTED);
    let listed = org.get("/api/v1/executions?count=true").await;
    assert_eq!(listed.header("x-total-count"), (UNDER_WAY + ACCEPTED).to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_waits_for_input_waits_on_and_answers_it() {
    let (plane, relay, org) = start().await;
    let _worker = Worker::start(&org, &[&org.queue_id]);
    let model = Model::new([Reply::text("Hello!"), Reply::text("I am well.")]);
    let agent = org.agent(&model.name).await;
    let body = json!({"prompt": "Hi.", "execution_metadata": {"interactive": true}});
    let id = org.execute(&agent, body).await;
    let last = org.waits_for_input(&id, None).await;

    let plane = start_again(plane, &relay);
    assert_eq!(org.execution(&id).await["status"], "waiting_for_input");
    assert_eq!(org.say(&id, "How are you?").await.status, 202);
    // A message that was acknowledged is not lost either.
    let _plane = start_again(plane, &relay);
    org.waits_for_input(&id, Some(&last)).await;
    let session = org.get(&format!("/api/v1/executions/{id}/session")).await;
    let messages = session.body["messages"].as_array().expect("messages").clone();
    let said: Vec<_> = messages.iter().map(|message| &message["content"]).collect();
    assert_eq!(said, ["Hi.", "Hello!", "How are you?", "I am well."]);
    assert_eq!(model.requests().len(), 2);

    let marked = org.post(&format!("/api/v1/executions/{id}/mark-done"), json!({})).await;
    assert_eq!(marked.status, 202, "{marked}");
    let run = org.finished(&id).await;
    assert_eq!((&run["status"], &run["response"]), (&json!("completed"), &json!("I am well.")));
    org.log(&id).await;
}
