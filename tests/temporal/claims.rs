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
    let waiting = "SELECT count(*) FROM pg_stat_activity \
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    assert_eq!(database.ask(waiting), "0");
    assert_eq!(org.execution(&held).await["status"], "pending");
    drop(by_another);
    assert_eq!(org.finished(&held).await["status"], "completed");
}

#[tokio::test]
async fn a_claim_is_of_so_many_rows_however_the_database_goes_about_it() {
    let database = Database::make();
    // Without these it may look for the rows again with each row of the table.
    for way in ["hashjoin", "mergejoin", "hashagg", "material", "sort", "memoize"] {
        database.set(&format!("enable_{way}"), "off");
    }
    let plane = Plane::start_on_temporal(database, &temporal_server());
    let org = plane.organization().await;
    org.execute(&org.agent("instant").await, json!({"prompt": "go"})).await;
    let database = plane.database();
    database.change(
        "CREATE TABLE claims (claim uuid, row uuid); \
         CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
           INSERT INTO claims VALUES (NEW.claim, NEW.id); RETURN NEW; END $$; \
         CREATE TRIGGER note AFTER UPDATE ON outbox FOR EACH ROW EXECUTE FUNCTION note()",
    );
    // Nothing has to be told of a run without a workflow, so this takes no time.
    database.change(
        "INSERT INTO outbox (id, organization_id, execution_id, queue_id, kind, payload, \
                             claimed_until, created_at) \
         SELECT gen_random_uuid(), organization_id, id, worker_queue_id, 'cancel', '', 0, 0 \
         FROM executions, generate_series(1, 100)",
    );
    while database.ask("SELECT count(*) FROM outbox WHERE kind = 'cancel'") != "0" {
        tokio::task::yield_now().await;
    }
    assert_eq!(database.ask("SELECT count(DISTINCT row) FROM claims"), "100");
    let largest = "SELECT max(rows) FROM (SELECT count(*) AS rows FROM claims GROUP BY claim) c";
    assert_eq!(database.ask(largest), "32");
}
