//! A new run that continues the conversation of another.

use model_server::Reply;
use serde_json::json;

use crate::harness::{Model, Plane, shell};

#[plane_test]
async fn the_model_sees_the_conversation_of_the_parent_and_of_its_parent() {
    let org = Plane::shared().organization().await;
    for model in [Model::new([]), Model::anthropic([])] {
        model.change([
            shell("echo 42"),
            Reply::text("It is 42."),
            Reply::text("I said 42."),
            Reply::text("Still 42."),
        ]);
        let agent = org.agent(&model.name).await;
        let first = org.execute(&agent, json!({"prompt": "What is it?"})).await;
        org.finished(&first).await;
        let body = json!({"prompt": "What did you say?", "parent_execution_id": first});
        let second = org.execute(&agent, body).await;
        let run = org.finished(&second).await;
        assert_eq!(run["response"], "I said 42.", "{run}");
        assert_eq!(run["parent_execution_id"], first.as_str());
        let body = json!({"prompt": "And now?", "parent_execution_id": second});
        let third = org.finished(&org.execute(&agent, body).await).await;
        assert_eq!(third["response"], "Still 42.", "{third}");

        let last = model.requests()[3].body["messages"].to_string();
        let order =
            ["What is it?", "echo 42", "It is 42.", "What did you say?", "I said 42.", "And now?"];
        let places = order.map(|text| last.find(text));
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{last}");
        // The log of the new run tells what is new.
        let log = org.log(&second).await;
        assert_eq!(log[0]["data"]["content"], "What did you say?");
    }
}

#[plane_test]
async fn a_run_that_was_stopped_in_the_middle_of_a_call_can_be_continued() {
    let plane = Plane::shared();
    let org = plane.organization().await;
    let model = Model::new([
        shell("echo begun > begun; sleep 1000").hang(model_server::Hang::Start),
        Reply::text("Where were we?"),
    ]);
    let id = org.ask(&model, "Wait.").await;
    let mut begun = crate::harness::Workspace::of(plane, &id).pipe("begun");
    model.release();
    begun.hear().await;
    org.cancel(&id).await;

    let agent = org.execution(&id).await["entity_id"].as_str().expect("an id").to_owned();
    let body = json!({"prompt": "Go on.", "parent_execution_id": id});
    let run = org.finished(&org.execute(&agent, body).await).await;
    // The stand-in refuses, as providers do, a call without an answer.
    assert_eq!(run["response"], "Where were we?", "{run}");
}

#[plane_test]
async fn a_parent_is_a_run_of_the_organization() {
    let plane = Plane::shared();
    let (org, other) = (plane.organization().await, plane.organization().await);
    let theirs = other.ask(&Model::new([Reply::text("secret")]), "go").await;
    other.finished(&theirs).await;
    let agent = org.agent(&Model::new([]).name).await;
    let path = format!("/api/v1/agents/{agent}/execute");
    for parent in [theirs.as_str(), "0190a0a0-0000-7000-8000-000000000000", "nonsense"] {
        let reply = org.post(&path, json!({"prompt": "x", "parent_execution_id": parent})).await;
        let fields = vec!["body.parent_execution_id".to_owned()];
        assert_eq!((reply.status, reply.fields()), (422, fields), "{reply}");
    }
    assert_eq!(org.get("/api/v1/executions").await.body, json!([]));
}
