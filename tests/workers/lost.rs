//! A worker that is not heard any more.

use model_server::{Hang, Reply};
use serde_json::json;

use super::{ByHand, workers_of};
use crate::harness::{Frame, Model, Plane, Worker, Workspace, shell};

#[plane_test]
async fn its_run_goes_on_with_another_worker() {
    let org = Plane::shared().organization().await;
    let queue = org.queue_without_worker().await;
    let mut first = Worker::start(&org, &[&queue]);
    let command = "echo $DROVER_IDEMPOTENCY_KEY > key; [ -p begun ] || exit; \
                   echo begun > begun; sleep 1000";
    let model = Model::new([shell(command).hang(Hang::Start), Reply::text("Done.")]);
    let agent = org.agent(&model.name).await;
    let id = org.execute(&agent, json!({"prompt": "go", "worker_queue_id": queue})).await;
    let workspace = Workspace::at(&first, &id);
    let mut begun = workspace.pipe("begun");
    model.release();
    assert_eq!(begun.hear().await, "begun");
    let second = Worker::start(&org, &[&queue]);
    first.kill();
    let run = org.finished(&id).await;
    assert_eq!((&run["status"], &run["response"]), (&json!("completed"), &json!("Done.")));
    let (before, after) = (workspace.read("key"), Workspace::at(&second, &id).read("key"));
    assert!(!before.is_empty());
    assert_eq!(before, after, "another try of the same step");
    assert_eq!(model.requests().len(), 2, "the recorded turn was not repeated");
    org.log(&id).await;
}

#[plane_test]
async fn it_is_not_listed_and_has_to_register_again() {
    let org = Plane::shared().organization().await;
    let queue = org.queue_without_worker().await;
    let agent = org.agent(&Model::new([]).name).await;
    let worker = ByHand::register(&org, &[&queue]).await;
    let id = org.execute(&agent, json!({"prompt": "go", "worker_queue_id": queue})).await;
    let task = worker.task().await;
    assert_eq!(workers_of(&org, &queue).await.len(), 1);
    // Waiting is no sign of life.
    let gone = worker.post("/poll", json!({"kind": "tool", "wait_seconds": 30})).await;
    assert_eq!(gone.status, 410, "{gone}");
    assert_eq!(worker.answer(&task, "late").await.status, 410);
    for path in ["/poll", "/renew"] {
        assert_eq!(worker.post(path, json!({"kind": "turn"})).await.status, 410, "{path}");
    }
    assert_eq!(worker.post("/heartbeat", json!({})).await.status, 410);
    // Nobody owns it any more, so it is not `running`.
    let is_queued = |frame: &Frame| frame.data["status"] == "queued";
    org.stream_until(&id, None, is_queued).await;
    assert_eq!(workers_of(&org, &queue).await, [json!(null); 0]);
    let again = ByHand::register(&org, &[&queue]).await;
    let task = again.task().await;
    assert_eq!(task["attempt"], 2);
    assert_eq!(again.answer(&task, "here").await.status, 200);
    assert_eq!(org.finished(&id).await["response"], "here");
}
