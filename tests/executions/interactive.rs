//! Runs that stay open for messages.

use model_server::Reply;
use serde_json::{Value, json};

use crate::harness::{Model, Organization, Plane};

async fn ask(org: &Organization, model: &Model) -> String {
    let agent = org.agent(&model.name).await;
    let body = json!({"prompt": "Hello.", "execution_metadata": {"interactive": true}});
    org.execute(&agent, body).await
}

/// Reads on until the run waits for input; the id of the last entry.
async fn waits(org: &Organization, id: &str, last: Option<&str>) -> String {
    let last = org.waits_for_input(id, last).await;
    let run = org.execution(id).await;
    assert_eq!(run["status"], "waiting_for_input");
    assert_eq!(run["completed_at"], Value::Null);
    last
}

#[plane_test]
async fn it_waits_for_a_message_answers_it_and_waits_again() {
    let org = Plane::shared().organization().await;
    let model = Model::new([Reply::text("Hello!"), Reply::text("Well, and you?")]);
    let id = ask(&org, &model).await;
    let last = waits(&org, &id, None).await;
    assert_eq!(model.requests().len(), 1, "it asks nothing while it waits");

    assert_eq!(org.say(&id, "How are you?").await.status, 202);
    waits(&org, &id, Some(&last)).await;
    let messages = model.requests()[1].body["messages"].clone();
    let texts: Vec<_> =
        messages.as_array().expect("messages").iter().map(|m| &m["content"]).collect();
    assert_eq!(texts, ["Hello.", "Hello!", "How are you?"]);
    let statuses: Vec<_> = org
        .log(&id)
        .await
        .into_iter()
        .filter(|e| e["event_type"] == "status")
        .map(|entry| entry["data"]["status"].clone())
        .collect();
    assert_eq!(
        statuses,
        ["running", "waiting_for_input", "queued", "running", "waiting_for_input"]
    );
}

#[plane_test]
async fn stopping_it_ends_it() {
    let org = Plane::shared().organization().await;
    let model = Model::new([Reply::text("Hello!")]);
    let id = ask(&org, &model).await;
    waits(&org, &id, None).await;
    assert_eq!(org.cancel(&id).await.body["success"], true);
    assert_eq!(org.finished(&id).await["status"], "cancelled");
    assert_eq!(org.say(&id, "Are you there?").await.status, 409);
}

#[plane_test]
async fn a_job_completes_even_if_its_agent_is_for_talking() {
    let org = Plane::shared().organization().await;
    let model = Model::new([Reply::text("Hello!"), Reply::text("Hello!")]);
    let body = json!({
        "name": "talker", "model_id": model.name, "configuration": {"interactive": true},
    });
    let agent = org.create("/api/v1/agents", body).await;
    let talk = org.execute(&agent, json!({"prompt": "Hello."})).await;
    waits(&org, &talk, None).await;
    let job = org.job(&agent, "Hello.").await;
    let id = org.trigger(&job, json!({})).await;
    assert_eq!(org.finished(&id).await["status"], "completed");
}
