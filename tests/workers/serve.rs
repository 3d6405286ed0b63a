//! A worker that executes what waits on its queues.

use std::time::Duration;

use futures_util::future::join_all;
use model_server::{Ending, Hang, Reply};
use reqwest::Method;
use serde_json::json;

use super::{WORKERS, registration, workers_of};
use crate::harness::{Model, Plane, Relay, Worker, Workspace, names, shell};

#[plane_test]
async fn a_run_with_a_tool_is_executed_where_the_worker_is() {
    let plane = Plane::shared();
    let org = plane.organization().await;
    let queue = org.queue_without_worker().await;
    let model = Model::new([
        shell("echo here > here; cat here")
            .and_call("run_shell_command", json!({"command": "pwd"})),
        Reply::chunks(["Do", "ne."]),
    ]);
    let agent = org.agent(&model.name).await;
    // It has waited before there was a worker.
    let id = org.execute(&agent, json!({"prompt": "go", "worker_queue_id": queue})).await;
    let worker = Worker::start(&org, &[&queue]);
    let frames = org.stream(&id, None).await;
    let run = org.execution(&id).await;
    assert_eq!((&run["status"], &run["response"]), (&json!("completed"), &json!("Done.")));
    assert_eq!(Workspace::at(&worker, &id).read("here"), "here\n");
    let answers = org.tool_answers(&id).await;
    assert_eq!(answers[0], "here");
    assert!(!plane.workspaces_dir().join(&id).exists(), "not where the plane is");
    let told = names(&frames);
    for name in ["tool_started", "tool_completed", "message_chunk", "done"] {
        assert!(told.contains(&name), "{name} in {told:?}");
    }
    org.log(&id).await;
}

#[plane_test]
async fn one_process_serves_several_queues() {
    let org = Plane::shared().organization().await;
    let queues = [org.queue_without_worker().await, org.queue_without_worker().await];
    let _worker = Worker::start(&org, &[&queues[0], &queues[1]]);
    let model = Model::new([Reply::text("one"), Reply::text("two")]);
    let agent = org.agent(&model.name).await;
    for (queue, answer) in queues.iter().zip(["one", "two"]) {
        let id = org.execute(&agent, json!({"prompt": "go", "worker_queue_id": queue})).await;
        assert_eq!(org.finished(&id).await["response"], answer);
    }
    let workers = [workers_of(&org, &queues[0]).await, workers_of(&org, &queues[1]).await];
    assert_eq!(workers[0][0]["worker_id"], workers[1][0]["worker_id"]);
}

#[plane_test(stores)]
async fn a_queue_with_a_worker_of_its_own_is_left_to_it() {
    let plane = Plane::start();
    let org = plane.organization().await;
    let worker = Worker::start(&org, &[&org.queue_id]);
    let model = Model::new([shell("echo here > here"), Reply::text("Done.")]);
    let id = org.ask(&model, "go").await;
    assert_eq!(org.finished(&id).await["response"], "Done.");
    assert_eq!(Workspace::at(&worker, &id).read("here"), "here\n");
    // The one inside takes nothing there and is not counted.
    let queue = org.get(&format!("/api/v1/worker-queues/{}", org.queue_id)).await;
    assert_eq!(queue.body["active_workers"], 1);
}

#[plane_test(stores)]
async fn workers_that_hang_up_while_they_register_do_not_keep_a_queue() {
    let plane = Plane::start();
    let org = plane.organization().await;
    let hung_up = (0..64).map(|part| {
        let request = org.request(Method::POST, WORKERS).json(&registration(&[&org.queue_id]));
        // Wherever in the middle it is when they do.
        request.timeout(Duration::from_micros(100 * part)).send()
    });
    let answered = join_all(hung_up).await.iter().filter(|reply| reply.is_ok()).count();
    assert!(answered < 64, "some have hung up");
    // They are lost after their silence, and the worker inside has the queue again.
    let run = org.execute(&org.agent("instant").await, json!({"prompt": "go"})).await;
    assert_eq!(org.finished(&run).await["status"], "completed");
}

#[plane_test]
async fn a_cancel_reaches_it_at_once() {
    let org = Plane::shared().organization().await;
    let queue = org.queue_without_worker().await;
    let worker = Worker::start(&org, &[&queue]);
    let talking = Model::new([Reply::hang_until_released()]);
    let agent = org.agent(&talking.name).await;
    let asked = org.execute(&agent, json!({"prompt": "go", "worker_queue_id": queue})).await;
    let request = talking.arrived(1).await.remove(0);
    assert_eq!(org.cancel(&asked).await.body["success"], true);
    assert_eq!(request.ended().await, Ending::Disconnected);

    let command = "exec 3> begun; echo begun >&3; sleep 1000";
    let working = Model::new([shell(command).hang(Hang::Start)]);
    let agent = org.agent(&working.name).await;
    let called = org.execute(&agent, json!({"prompt": "go", "worker_queue_id": queue})).await;
    let mut begun = Workspace::at(&worker, &called).pipe("begun");
    working.release();
    assert_eq!(begun.hear().await, "begun");
    assert_eq!(org.cancel(&called).await.body["success"], true);
    begun.abandoned().await;
}

// The relay works while the test waits for a process.
#[plane_test(stores)]
async fn what_runs_goes_on_while_the_plane_is_killed_and_started_again() {
    let plane = Plane::start();
    let org = plane.organization().await;
    let queue = org.queue_without_worker().await;
    let relay = Relay::to(&plane.url).await;
    let mut through = org.clone();
    through.url.clone_from(&relay.url);
    let _worker = Worker::start(&through, &[&queue]);
    let model = Model::new([Reply::chunks(["I am", " still here."]).hang(Hang::After(1))]);
    let agent = org.agent(&model.name).await;
    let id = org.execute(&agent, json!({"prompt": "go", "worker_queue_id": queue})).await;
    org.stream_until(&id, None, |frame| frame.event == "message_chunk").await;
    relay.cut();
    let plane = plane.kill_and_restart();
    relay.lead_to(&plane.url);
    model.release();
    let org = org.at(&plane);
    let run = org.finished(&id).await;
    assert_eq!(
        (&run["status"], &run["response"]),
        (&json!("completed"), &json!("I am still here."))
    );
    assert_eq!(model.requests().len(), 1, "the call went on");
    let log = org.log(&id).await;
    assert!(log.iter().all(|entry| entry["data"]["status"] != "queued"), "{log:?}");
}
