//! Messages for a run that is under way, and for one that is over.

use model_server::{Hang, Reply};
use serde_json::json;

use crate::harness::{Model, Plane, shell};

#[plane_test]
async fn a_message_during_a_turn_is_answered_in_the_next_one() {
    let org = Plane::shared().organization().await;
    let model = Model::new([Reply::text("Four.").hang(Hang::Start), Reply::text("Six, then.")]);
    let id = org.ask(&model, "What is two and two?").await;
    model.arrived(1).await;
    let reply = org.say(&id, "I meant two and four.").await;
    assert_eq!(reply.status, 202, "{reply}");
    assert_eq!(reply.body["success"], true);
    let message_id = reply.text("message_id");
    assert!(message_id.starts_with(&format!("{id}_")), "{message_id}");
    model.release();

    let run = org.finished(&id).await;
    assert_eq!(run["response"], "Six, then.");
    let said = model.requests()[1].body["messages"].to_string();
    assert!(said.contains("I meant two and four."), "{said}");
    let log = org.log(&id).await;
    let told: Vec<_> =
        log.iter().filter(|entry| entry["data"]["message_id"] == message_id).collect();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["event_type"], "message");
    assert_eq!(told[0]["data"]["content"], "I meant two and four.");
}

#[plane_test]
async fn a_message_between_a_call_and_its_answer_does_not_tear_them_apart() {
    let plane = Plane::shared();
    let org = plane.organization().await;
    for model in [Model::new([]), Model::anthropic([])] {
        model.change([
            shell("echo begun > begun; read line < go; echo $line").hang(Hang::Start),
            Reply::text("Thank you."),
        ]);
        let id = org.ask(&model, "go").await;
        let workspace = crate::harness::Workspace::of(plane, &id);
        let (mut begun, mut go) = (workspace.pipe("begun"), workspace.pipe("go"));
        model.release();
        assert_eq!(begun.hear().await, "begun");
        assert_eq!(org.say(&id, "Hurry!").await.status, 202);
        go.say("gone").await;
        // The stand-in refuses, as providers do, what tears a call and its answer apart.
        let run = org.finished(&id).await;
        assert_eq!(run["response"], "Thank you.", "{run}");
        let last = model.requests()[1].body["messages"].to_string();
        assert!(last.find("gone") < last.find("Hurry!"), "{last}");
    }
}

#[plane_test]
async fn many_messages_at_once_all_arrive() {
    let org = Plane::shared().organization().await;
    let model = Model::new([Reply::hang_until_released(), Reply::text("All of them.")]);
    let id = org.ask(&model, "go").await;
    model.arrived(1).await;
    let texts: Vec<_> = (0..8).map(|n| format!("message {n}.")).collect();
    let sent = texts.iter().map(|text| org.say(&id, text));
    for reply in futures_util::future::join_all(sent).await {
        assert_eq!(reply.status, 202, "{reply}");
    }
    model.release();
    assert_eq!(org.finished(&id).await["response"], "All of them.");
    let last = model.requests()[1].body["messages"].to_string();
    for text in texts {
        assert_eq!(last.matches(text.as_str()).count(), 1, "{text}: {last}");
    }
}

#[plane_test]
async fn a_run_that_is_over_refuses_and_names_the_way_on() {
    let org = Plane::shared().organization().await;
    let id = org.ask(&Model::new([Reply::text("ok")]), "go").await;
    org.finished(&id).await;
    let log = org.log(&id).await;
    let reply = org.say(&id, "And now?").await;
    let text = format!(
        "Execution is completed; start a new one with `parent_execution_id` {id} to continue its \
         conversation"
    );
    assert_eq!((reply.status, reply.body), (409, json!({"detail": text})));
    assert_eq!(org.log(&id).await, log);
}

#[plane_test]
async fn a_message_says_something_and_comes_from_a_person() {
    let org = Plane::shared().organization().await;
    let agent = org.agent(&Model::new([]).name).await;
    let queue = org.queue_without_worker().await;
    let id = org.execute(&agent, json!({"prompt": "go", "worker_queue_id": queue})).await;
    let path = format!("/api/v1/executions/{id}/message");
    for (body, field) in [
        (json!({}), "body.message"),
        (json!({"message": ""}), "body.message"),
        (json!({"message": " \n"}), "body.message"),
        (json!({"message": ["x"]}), "body.message"),
        (json!({"message": "nul \u{0}"}), "body.message"),
        (json!({"message": "x".repeat(256 * 1024 + 1)}), "body.message"),
        (json!({"message": "x", "role": "assistant"}), "body.role"),
    ] {
        let reply = org.post(&path, body).await;
        assert_eq!((reply.status, reply.fields()), (422, vec![field.to_owned()]), "{reply}");
    }
    assert_eq!(org.log(&id).await.len(), 1);
}
