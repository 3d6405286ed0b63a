//! What is changed on one replica holds on the others.

use model_server::Reply;
use serde_json::json;

use super::until;
use crate::harness::{Model, Replicas};

#[tokio::test]
async fn a_key_that_is_revoked_on_one_is_refused_by_the_others() {
    let replicas = Replicas::start(3).await;
    let org = replicas.organization().await;
    let made = org.post("/api/v1/api-keys", json!({"name": "second", "role": "member"})).await;
    assert_eq!(made.status, 201, "{made}");
    let key = made.text("api_key");
    let [a, b, c] = [0, 1, 2].map(|place| org.at(&replicas.planes[place]));
    for one in [&a, &b, &c] {
        // They remember it from here on.
        assert_eq!(one.with_key(&key).get("/api/v1/agents").await.status, 200);
    }
    let revoked = a.delete(&format!("/api/v1/api-keys/{}", made.text("id"))).await;
    assert_eq!(revoked.status, 200, "{revoked}");
    assert_eq!(a.with_key(&key).get("/api/v1/agents").await.status, 401);
    for one in [&b, &c] {
        until(&one.with_key(&key), "/api/v1/agents", |reply| reply.status == 401).await;
    }
}

#[tokio::test]
async fn a_job_made_on_one_is_triggered_on_another_at_once() {
    let replicas = Replicas::start(2).await;
    let org = replicas.organization().await;
    let [a, b] = [0, 1].map(|place| org.at(&replicas.planes[place]));
    let model = Model::new([Reply::text("Done."), Reply::text("Again.")]);
    let job = a.job(&a.agent(&model.name).await, "go").await;
    let id = b.trigger(&job, json!({})).await;
    assert_eq!(b.finished(&id).await["response"], "Done.");

    // What it remembers of the job is another's to change.
    let path = format!("/api/v1/jobs/{job}");
    let disabled = a.post(&format!("{path}/disable"), json!({})).await;
    assert_eq!(disabled.status, 200, "{disabled}");
    until(&b, &path, |reply| reply.body["enabled"] == false).await;
    let enabled = a.post(&format!("{path}/enable"), json!({})).await;
    assert_eq!(enabled.status, 200, "{enabled}");
    let again = b.trigger(&job, json!({})).await;
    assert_eq!(a.finished(&again).await["response"], "Again.");
}
