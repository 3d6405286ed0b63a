//! Events that workers publish into a run's log.

use model_server::Reply;
use serde_json::json;

use crate::harness::{Model, Plane};

#[plane_test]
async fn an_event_is_stored_shown_and_numbered_like_any_other() {
    let org = Plane::shared().organization().await;
    let model = Model::new([Reply::hang_until_released()]);
    let id = org.ask(&model, "go").await;
    model.arrived(1).await;
    let path = format!("/api/v1/executions/{id}/events");
    let body = json!({"event_type": "progress", "data": {"percent": 40}, "timestamp": "2025-01-31T12:00:00Z"});
    let reply = org.post(&path, body).await;
    let expected = json!({"success": true, "execution_id": id, "event_type": "progress"});
    assert_eq!((reply.status, reply.body), (202, expected));

    let frames = org.stream_until(&id, None, |frame| frame.event == "progress").await;
    let frame = frames.last().expect("frames");
    let expected = json!({"data": {"percent": 40}, "timestamp": "2025-01-31T12:00:00Z"});
    assert_eq!(frame.data, expected);
    model.release();
    org.finished(&id).await;
    let log = org.log(&id).await;
    assert_eq!(log.iter().filter(|entry| entry["event_type"] == "progress").count(), 1);
}

#[plane_test]
async fn nobody_can_publish_an_end_a_status_or_a_message() {
    let org = Plane::shared().organization().await;
    let agent = org.agent(&Model::new([]).name).await;
    let queue = org.queue_without_worker().await;
    let id = org.execute(&agent, json!({"prompt": "go", "worker_queue_id": queue})).await;
    let path = format!("/api/v1/executions/{id}/events");
    for name in ["done", "error", "status", "message", "connected", "complete", "published", ""] {
        let reply = org.post(&path, json!({"event_type": name, "data": {}})).await;
        let fields = vec!["body.event_type".to_owned()];
        assert_eq!((reply.status, reply.fields()), (422, fields), "{name}");
    }
    assert_eq!(org.log(&id).await.len(), 1);
}

#[plane_test]
async fn an_event_has_an_object_of_bounded_size_and_depth() {
    let org = Plane::shared().organization().await;
    let agent = org.agent(&Model::new([]).name).await;
    let queue = org.queue_without_worker().await;
    let id = org.execute(&agent, json!({"prompt": "go", "worker_queue_id": queue})).await;
    let path = format!("/api/v1/executions/{id}/events");
    let mut deep = json!({});
    for _ in 0..40 {
        deep = json!({"deeper": deep});
    }
    for data in
        [json!("text"), json!([1]), json!(null), json!({"text": "x".repeat(65 * 1024)}), deep]
    {
        let reply = org.post(&path, json!({"event_type": "progress", "data": data})).await;
        assert_eq!((reply.status, reply.fields()), (422, vec!["body.data".to_owned()]), "{reply}");
    }
    assert_eq!(org.log(&id).await.len(), 1);
}

#[plane_test]
async fn a_log_that_has_ended_takes_nothing_more() {
    let org = Plane::shared().organization().await;
    let id = org.ask(&Model::new([Reply::text("ok")]), "go").await;
    org.finished(&id).await;
    let log = org.log(&id).await;
    let path = format!("/api/v1/executions/{id}/events");
    let reply = org.post(&path, json!({"event_type": "progress", "data": {}})).await;
    let expected = r#"409 {"detail":"Execution is over; its log takes no more events"}"#;
    assert_eq!(reply.to_string(), expected);
    assert_eq!(org.log(&id).await, log);
}

#[plane_test]
async fn nobody_publishes_into_a_run_that_is_not_theirs() {
    let plane = Plane::shared();
    let (org, other) = (plane.organization().await, plane.organization().await);
    let agent = org.agent(&Model::new([]).name).await;
    let queue = org.queue_without_worker().await;
    let id = org.execute(&agent, json!({"prompt": "go", "worker_queue_id": queue})).await;
    let path = format!("/api/v1/executions/{id}/events");
    let reply = other.post(&path, json!({"event_type": "progress", "data": {}})).await;
    assert_eq!(reply.to_string(), r#"404 {"detail":"Execution not found"}"#);
    assert_eq!(org.log(&id).await.len(), 1);
}

#[plane_test]
async fn events_and_the_run_itself_write_one_log_together() {
    let org = Plane::shared().organization().await;
    let pieces: Vec<_> = (0..200).map(|n| format!("{n} ")).collect();
    let model = Model::new([Reply::chunks(pieces).hang(model_server::Hang::After(100))]);
    let id = org.ask(&model, "go").await;
    model.arrived(1).await;
    let path = format!("/api/v1/executions/{id}/events");
    let sent = (0..30).map(|n| org.post(&path, json!({"event_type": "log", "data": {"n": n}})));
    let replies = futures_util::future::join_all(sent).await;
    assert!(replies.iter().all(|reply| reply.status == 202), "{replies:?}");
    model.release();
    let run = org.finished(&id).await;
    assert_eq!(run["status"], "completed", "{run}");
    let log = org.log(&id).await;
    assert_eq!(log.iter().filter(|entry| entry["event_type"] == "log").count(), 30);
}
