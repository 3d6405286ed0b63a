//! A model turn that dies in the middle of its answer.

use model_server::{Hang, Reply};
use serde_json::Value;

use crate::harness::{Model, Organization, Plane};

/// A run that died after the first piece of its answer, and went on with this one.
async fn died_and_went_on(second: Reply) -> (Plane, Organization, String, Model) {
    let plane = Plane::start();
    let org = plane.organization().await;
    let model = Model::new([Reply::chunks(["The sky ", "is blue."]).hang(Hang::After(1)), second]);
    let id = org.ask(&model, "go").await;
    org.stream_until(&id, None, |frame| frame.event == "message_chunk").await;
    let plane = plane.kill_and_restart();
    let org = org.at(&plane);
    let run = org.finished(&id).await;
    assert_eq!(run["status"], "completed", "{run}");
    (plane, org, id, model)
}

/// Pieces with the message they belong to, and resets with the message that goes on.
fn pieces(log: &[Value]) -> Vec<(&str, &str)> {
    let of_message = |entry: &&Value| {
        entry["event_type"] == "message_chunk" || entry["event_type"] == "message_reset"
    };
    let data = log.iter().filter(of_message).map(|entry| &entry["data"]["data"]);
    data.map(|data| {
        let second = data.get("content").unwrap_or(&data["replaced_by"]);
        (data["message_id"].as_str().expect("an id"), second.as_str().expect("a text"))
    })
    .collect()
}

#[plane_test(stores)]
async fn the_same_answer_goes_on_where_it_was() {
    let (_plane, org, id, model) = died_and_went_on(Reply::chunks(["The sky ", "is blue."])).await;
    let log = org.log(&id).await;
    let message = format!("{id}_assistant_1");
    assert_eq!(pieces(&log), [(message.as_str(), "The sky "), (message.as_str(), "is blue.")]);
    assert_eq!(org.execution(&id).await["response"], "The sky is blue.");
    assert_eq!(model.requests().len(), 2);
}

#[plane_test(stores)]
async fn another_answer_voids_what_was_said() {
    let (_plane, org, id, _) = died_and_went_on(Reply::chunks(["The sea ", "is blue."])).await;
    let log = org.log(&id).await;
    let before = format!("{id}_assistant_1");
    let pieces = pieces(&log);
    let after = pieces[1].1;
    assert_ne!(after, before);
    assert_eq!(pieces[..2], [(before.as_str(), "The sky "), (before.as_str(), after)]);
    assert!(pieces[2..].iter().all(|(message, _)| *message == after), "{pieces:?}");
    let text: String = pieces[2..].iter().map(|(_, text)| *text).collect();
    assert_eq!(text, "The sea is blue.");
    let run = org.execution(&id).await;
    assert_eq!(run["response"], "The sea is blue.");
    // The conversation has the answer that counts, under its own id.
    let session = org.get(&format!("/api/v1/executions/{id}/session")).await;
    assert_eq!(session.body["messages"][1]["message_id"], after);
    assert_eq!(session.body["message_count"], 2);
}
