//! The list of runs: newest first, filtered, page by page.

use model_server::Reply;
use serde_json::json;

use crate::harness::{Model, Organization, Plane};

/// An organization with this many runs that wait for a worker; their ids, newest first.
async fn waiting(count: usize) -> (Organization, Vec<String>) {
    let org = Plane::shared().organization().await;
    let agent = org.agent(&Model::new([]).name).await;
    let queue = org.queue_without_worker().await;
    let mut ids = Vec::new();
    for n in 0..count {
        let body = json!({"prompt": format!("run {n}"), "worker_queue_id": queue});
        ids.insert(0, org.execute(&agent, body).await);
    }
    (org, ids)
}

#[plane_test]
async fn runs_are_listed_newest_first_and_only_to_their_organization() {
    let (org, ids) = waiting(3).await;
    let page = org.get("/api/v1/executions").await;
    assert_eq!(page.texts("id"), ids);
    assert_eq!(page.body[0]["status"], "pending");
    assert_eq!(page.body[0]["participants"], json!([]));
    let other = Plane::shared().organization().await;
    assert_eq!(other.get("/api/v1/executions").await.body, json!([]));
}

#[plane_test]
async fn cursors_lead_through_all_of_them_even_while_new_ones_come() {
    let (org, ids) = waiting(7).await;
    let agent = org.execution(&ids[0]).await["entity_id"].as_str().expect("an id").to_owned();
    let queue = org.execution(&ids[0]).await["worker_queue_id"].clone();
    let mut seen = Vec::new();
    let mut path = "/api/v1/executions?limit=3".to_owned();
    loop {
        let page = org.get(&path).await;
        assert_eq!(page.status, 200, "{page}");
        let found: Vec<_> = page.texts("id").into_iter().map(str::to_owned).collect();
        if found.is_empty() {
            break;
        }
        seen.extend(found);
        path = format!("/api/v1/executions?limit=3&cursor={}", page.header("x-next-cursor"));
        org.execute(&agent, json!({"prompt": "a new one", "worker_queue_id": queue})).await;
    }
    assert_eq!(seen, ids);
}

#[plane_test]
async fn the_list_is_counted_where_that_is_asked_for() {
    let (org, ids) = waiting(5).await;
    let page = org.get("/api/v1/executions?skip=1&limit=2&count=true").await;
    assert_eq!(page.texts("id"), ids[1..3]);
    assert_eq!(page.header("x-total-count"), "5");
    assert_eq!(org.get("/api/v1/executions").await.header("x-total-count"), "");
}

#[plane_test]
async fn filters_find_what_they_say_in_the_words_of_every_client() {
    let (org, ids) = waiting(2).await;
    let model = Model::new([Reply::text("ok"), Reply::status(401)]);
    let done = org.ask(&model, "go").await;
    let agent = org.finished(&done).await["entity_id"].as_str().expect("an id").to_owned();
    let job = org.job(&agent, "go").await;
    let failed = org.trigger(&job, json!({})).await;
    org.finished(&failed).await;

    let found = async |query: &str| {
        let page = org.get(&format!("/api/v1/executions?{query}")).await;
        assert_eq!(page.status, 200, "{query}: {page}");
        page.texts("id").into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(found("status_filter=completed").await, [done.as_str()]);
    assert_eq!(found("status=COMPLETED").await, [done.as_str()]);
    assert_eq!(found("status_filter=PENDING").await, ids);
    assert_eq!(found(&format!("job_id={job}")).await, [failed.as_str()]);
    assert_eq!(found(&format!("agent_id={agent}")).await, [failed.as_str(), &done]);
    assert_eq!(found(&format!("agent_id={agent}&status=completed")).await, [done.as_str()]);
    assert_eq!(found("execution_type=agent").await.len(), 4);
    assert_eq!(found("execution_type=TEAM").await.len(), 0);
    assert_eq!(found("status=").await.len(), 4, "an empty filter is none");
}

#[plane_test]
async fn what_is_out_of_bounds_is_named() {
    let org = Plane::shared().organization().await;
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=-1", "limit"),
        ("limit=many", "limit"),
        ("skip=-1", "skip"),
        ("skip=10001", "skip"),
        ("skip=99999999999999999999", "skip"),
        ("status_filter=finished", "status_filter"),
        ("job_id=nonsense", "job_id"),
        ("cursor=nonsense", "cursor"),
        ("count=maybe", "count"),
    ] {
        let reply = org.get(&format!("/api/v1/executions?{query}")).await;
        assert_eq!(
            (reply.status, reply.fields()),
            (422, vec![format!("query.{field}")]),
            "{query}"
        );
    }
    let both = org.get("/api/v1/executions?limit=0&skip=-1").await;
    assert_eq!(both.fields(), ["query.skip", "query.limit"]);
    assert_eq!(org.get("/api/v1/executions?limit=500&skip=10000").await.status, 200);
}

#[plane_test]
async fn a_malformed_id_is_named_and_a_foreign_one_is_absent() {
    let plane = Plane::shared();
    let (org, other) = (plane.organization().await, plane.organization().await);
    let reply = org.get("/api/v1/executions/nonsense").await;
    assert_eq!((reply.status, reply.fields()), (422, vec!["path.execution_id".to_owned()]));
    let id = org.ask(&Model::new([Reply::text("ok")]), "go").await;
    let reply = other.get(&format!("/api/v1/executions/{id}")).await;
    assert_eq!(reply.to_string(), r#"404 {"detail":"Execution not found"}"#);
}
