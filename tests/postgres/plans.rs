//! Lists of very many runs: the database must find a page, not read the table. It is asked to log
//! the plan of every statement, which it does before it answers.

use std::path::Path;

use model_server::Reply;

use crate::harness::{Database, Model, Plane};

const RUNS: usize = 20_000;

#[tokio::test]
async fn no_list_of_runs_reads_all_of_them() {
    let database = Database::make();
    database.explain_everything();
    let plane = Plane::start_on(database);
    let org = plane.organization().await;
    let agent = org.agent(&Model::new([Reply::text("Done.")]).name).await;
    let job = org.job(&agent, "go").await;
    let run = org.trigger(&job, serde_json::json!({})).await;
    org.finished(&run).await;
    let database = plane.database();
    // Copies of the one run, each a second older than the one before.
    database.change(&format!(
        "INSERT INTO executions SELECT (jsonb_populate_record(e, jsonb_build_object( \
           'created_at', e.created_at - n * 1000000::bigint, \
           'id', lpad(to_hex(e.created_at / 1000 - n * 1000::bigint), 12, '0') || substr(replace(e.id::text, '-', ''), 13) \
         ))).* FROM executions e, generate_series(1, {RUNS}) n; ANALYZE executions"
    ));
    let log = Path::new(&database.ask("SHOW ssl_ca_file")).with_file_name("postgres.log");
    let before = std::fs::read_to_string(&log).expect("the server's log").len();

    // Among so many runs of the other queue, this one has none.
    let queue = org.queue_without_worker().await;
    let middle = "/api/v1/executions?limit=50&cursor=";
    let list = org.get("/api/v1/executions?skip=9000&limit=50").await;
    let middle = format!("{middle}{}", list.body[0]["id"].as_str().expect("an id"));
    for path in [
        "/api/v1/executions?limit=50",
        &middle,
        "/api/v1/executions?limit=50&status=completed",
        "/api/v1/executions?limit=50&status=running",
        &format!("/api/v1/executions?limit=50&entity_id={agent}"),
        &format!("/api/v1/executions?limit=50&job_id={job}"),
        &format!("/api/v1/jobs/{job}/executions?limit=50"),
        &format!("/api/v1/worker-queues/{queue}/executions?limit=50"),
        &format!("/api/v1/worker-queues/{}/executions?limit=50", org.queue_id),
        &format!("/api/v1/worker-queues/{queue}/workflows?limit=50"),
    ] {
        let reply = org.get(path).await;
        assert_eq!(reply.status, 200, "{path}: {reply}");
    }

    let text = std::fs::read_to_string(&log).expect("the server's log");
    let plans = plans(&text[before..], database.name());
    assert!(plans.len() >= 10, "{} plans were logged", plans.len());
    let of_queue = plans.iter().filter(|plan| plan.contains("executions_queue")).count();
    assert!(of_queue >= 2, "lists of a queue go by its index: {of_queue}");
    for plan in plans {
        // Counting the runs of a job has to see them all.
        let counts = plan.contains("COUNT(");
        assert!(counts || !plan.contains("Seq Scan on executions"), "{plan}");
        assert!(counts || !plan.contains("Sort Key"), "{plan}");
    }
}

/// The plans of a database in a server's log: entries of several lines, the further ones indented.
fn plans(log: &str, database: &str) -> Vec<String> {
    let mut entries: Vec<String> = Vec::new();
    for line in log.lines() {
        match entries.last_mut() {
            Some(entry) if line.starts_with('\t') => entry.push_str(&format!("\n{line}")),
            _ => entries.push(line.to_owned()),
        }
    }
    let ours = format!(" {database} ");
    entries.retain(|entry| entry.contains(&ours) && entry.contains("plan:"));
    entries.retain(|entry| entry.contains("executions"));
    entries
}
