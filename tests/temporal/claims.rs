//! Who tells Temporal of what.

use model_server::Reply;
use serde_json::json;

use crate::harness::{Database, Model, Plane, Relay, Worker, temporal_server};

// The relay works while the test waits for a process.
#[tokio::test(flavor = "multi_thread")]
async fn what_another_replica_holds_is_passed_over_not_waited_for() {
    let relay = Relay::to(&temporal_server()).await;
    let plane = Plane::start_on_temporal(Database::make(), &relay.url);
    let org = plane.organization().await;
    let model = Model::new([Reply::text("one"), Reply::text("two"), Reply::text("three")]);
    let agent = org.agent(&model.name).await;
    let _worker = Worker::start(&org, &[&org.queue_id]);
    let first = org.execute(&agent, json!({"prompt": "go"})).await;
    assert_eq!(org.finished(&first).await["status"], "completed");

    // Two starts that could not be told. Nobody claims one while there is no Temporal.
    relay.cut();
    while plane.get("/api/ready").await.text("temporal") == "connected" {
        tokio::task::yield_now().await;
    }
    let held = org.execute(&agent, json!({"prompt": "go"})).await;
    let free = org.execute(&agent, json!({"prompt": "go"})).await;
    let database = plane.database();
    database.change("UPDATE outbox SET claimed_until = 0");
    let row = format!("SELECT id FROM outbox WHERE execution_id = '{held}' FOR UPDATE");
    let by_another = database.hold_by(&row);
    relay.lead_to(&temporal_server());
    assert_eq!(org.finished(&free).await["status"], "completed");
    assert_eq!(org.execution(&held).await["status"], "pending");
    drop(by_another);
    assert_eq!(org.finished(&held).await["status"], "completed");
}
