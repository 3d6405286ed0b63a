//! Changing a queue.

use serde_json::{Value, json};

use super::{QUEUES, of_environment};
use crate::harness::{Model, Plane};
use crate::workers::ByHand;

#[plane_test]
async fn what_is_sent_changes_and_the_rest_stays() {
    let org = Plane::shared().organization().await;
    let body = json!({
        "name": "gpu", "display_name": "GPUs", "description": "Fast", "max_workers": 3,
        "heartbeat_interval": 10, "tags": ["gpu"], "settings": {"region": "eu"},
    });
    let path = format!("{QUEUES}/{}", org.create(&of_environment(&org.environment_id), body).await);
    let mut queue = org.get(&path).await.body;
    for (fields, shown) in [
        (json!({}), json!({})),
        (json!({"name": "tpu"}), json!({"name": "tpu"})),
        (json!({"status": "paused"}), json!({"status": "paused"})),
        (json!({"status": "inactive"}), json!({"status": "inactive"})),
        (json!({"status": "maintenance"}), json!({"status": "maintenance"})),
        (json!({"status": "active"}), json!({"status": "active"})),
        (json!({"max_workers": 5}), json!({"max_workers": 5})),
        (json!({"max_workers": null}), json!({"max_workers": null})),
        (json!({"heartbeat_interval": 300}), json!({"heartbeat_interval": 300})),
        (json!({"heartbeat_interval": null}), json!({"heartbeat_interval": 60})),
        (json!({"description": ""}), json!({"description": ""})),
        (json!({"display_name": null}), json!({"display_name": ""})),
        (json!({"tags": ["a", "b"]}), json!({"tags": ["a", "b"]})),
        (json!({"tags": null}), json!({"tags": []})),
        (json!({"settings": {"zone": "1"}}), json!({"settings": {"zone": "1"}})),
        (json!({"settings": null}), json!({"settings": {}})),
    ] {
        let changed = org.patch(&path, fields.clone()).await;
        assert_eq!(changed.status, 200, "{fields}: {changed}");
        for (field, value) in shown.as_object().expect("an object") {
            queue[field] = value.clone();
        }
        queue["updated_at"] = changed.body["updated_at"].clone();
        assert_eq!(changed.body, queue, "{fields}");
        assert_eq!(org.get(&path).await.body, queue, "{fields}");
    }
}

#[plane_test]
async fn a_bad_field_is_refused_by_name_and_nothing_changes() {
    let org = Plane::shared().organization().await;
    let path = format!("{QUEUES}/{}", org.queue_without_worker().await);
    let before = org.get(&path).await.body;
    for (fields, at) in [
        (json!({"name": null}), "body.name"),
        (json!({"name": "x"}), "body.name"),
        (json!({"name": 7}), "body.name"),
        (json!({"status": null}), "body.status"),
        (json!({"status": "Active"}), "body.status"),
        (json!({"status": "gone"}), "body.status"),
        (json!({"max_workers": 0}), "body.max_workers"),
        (json!({"max_workers": 4_000_000_000_u64}), "body.max_workers"),
        (json!({"heartbeat_interval": 9}), "body.heartbeat_interval"),
        (json!({"tags": "gpu"}), "body.tags"),
        (json!({"settings": 7}), "body.settings"),
        (json!({"settings": {"enable_local_litellm_proxy": true}}), "body.settings.litellm_config"),
        (json!({"description": "ok", "display_name": "x".repeat(256)}), "body.display_name"),
    ] {
        let reply = org.patch(&path, fields.clone()).await;
        assert_eq!((reply.status, reply.fields()), (422, vec![at.to_owned()]), "{fields}: {reply}");
    }
    assert_eq!(org.get(&path).await.body, before);
    let nowhere = format!("{QUEUES}/00000000-0000-4000-8000-000000000000");
    assert_eq!(org.patch(&nowhere, json!({"name": "gpu"})).await.status, 404);
}

#[plane_test]
async fn a_name_is_taken_once_in_an_environment() {
    let org = Plane::shared().organization().await;
    let here = of_environment(&org.environment_id);
    org.create(&here, json!({"name": "gpu"})).await;
    let path = format!("{QUEUES}/{}", org.create(&here, json!({"name": "cpu"})).await);
    let taken = org.patch(&path, json!({"name": "gpu", "tags": ["x"]})).await;
    let detail = "Worker queue with name 'gpu' already exists in this environment";
    assert_eq!((taken.status, taken.text("detail").as_str()), (409, detail));
    assert_eq!(org.get(&path).await.body["tags"], json!([]), "all or nothing");
    assert_eq!(org.patch(&path, json!({"name": "cpu"})).await.status, 200, "its own");
    let other = org.create("/api/v1/environments", json!({"name": "staging"})).await;
    let other = org.create(&of_environment(&other), json!({"name": "tpu"})).await;
    let renamed = org.patch(&format!("{QUEUES}/{other}"), json!({"name": "gpu"})).await;
    assert_eq!(renamed.status, 200, "{renamed}");
}

#[plane_test]
async fn of_changes_that_come_at_once_none_is_lost() {
    let org = Plane::shared().organization().await;
    let path = format!("{QUEUES}/{}", org.queue_without_worker().await);
    let changes = [
        json!({"display_name": "A"}),
        json!({"description": "B"}),
        json!({"max_workers": 7}),
        json!({"tags": ["c"]}),
    ];
    let replies = futures_util::future::join_all(
        changes.iter().map(|change| org.patch(&path, change.clone())),
    );
    assert!(replies.await.iter().all(|reply| reply.status == 200));
    let queue = org.get(&path).await.body;
    for change in changes {
        for (field, value) in change.as_object().expect("an object") {
            assert_eq!(queue[field], *value, "{field}");
        }
    }
}

#[plane_test]
async fn only_an_active_queue_takes_workers_and_runs() {
    let org = Plane::shared().organization().await;
    let queue = org.queue_without_worker().await;
    let path = format!("{QUEUES}/{queue}");
    let agent = org.agent("instant").await;
    let execute = format!("/api/v1/agents/{agent}/execute");
    let ask = json!({"prompt": "Hello", "worker_queue_id": queue});
    assert_eq!(org.post(&execute, ask.clone()).await.status, 200);
    org.patch(&path, json!({"status": "maintenance"})).await;
    let worker = json!({"queues": [queue], "protocol": 1, "version": "0.0.0"});
    let refused = org.post("/api/v1/workers", worker).await;
    assert_eq!(refused.status, 400, "{refused}");
    assert!(refused.text("detail").contains("is maintenance, not active"), "{refused}");
    let refused = org.post(&execute, ask.clone()).await;
    assert!((400..500).contains(&refused.status), "{refused}");
    org.patch(&path, json!({"status": "active"})).await;
    ByHand::register(&org, &[&queue]).await;
    assert_eq!(org.post(&execute, ask).await.status, 200);
}

#[plane_test(stores)]
async fn the_worker_inside_the_plane_follows_the_status_of_its_queue() {
    let plane = Plane::start();
    let org = plane.organization().await;
    let path = format!("{QUEUES}/{}", org.queue_id);
    // The second turn waits, so that it is the queue and not a run that is asked.
    let model = Model::new([
        crate::harness::shell("true"),
        model_server::Reply::text("one"),
        model_server::Reply::text("two"),
    ]);
    let run = org.ask_with(&model, json!({"interactive": true})).await;
    let last = org.waits_for_input(&run, None).await;
    let paused = org.patch(&path, json!({"status": "paused"})).await;
    assert_eq!((paused.status, &paused.body["active_workers"]), (200, &json!(0)), "{paused}");
    assert_eq!(org.say(&run, "And?").await.status, 202);
    let held = org.execution(&run).await;
    assert_eq!(held["status"], "queued");
    assert!(held["waiting_for"].as_str().unwrap().contains("none is connected"), "{held}");
    assert_eq!(model.requests().len(), 2, "nobody asks the model");
    // A restart does not make it active.
    let plane = plane.kill_and_restart();
    let org = org.at(&plane);
    assert_eq!(org.get(&path).await.body["active_workers"], 0);
    assert_eq!(org.execution(&run).await["status"], "queued");
    let active = org.patch(&path, json!({"status": "active"})).await;
    assert_eq!(active.body["active_workers"], 1, "{active}");
    org.waits_for_input(&run, Some(&last)).await;
    assert_eq!(org.execution(&run).await["status"], "waiting_for_input");
    let session = org.get(&format!("/api/v1/executions/{run}/session")).await;
    let last = session.body["messages"].as_array().expect("messages").last().cloned();
    assert_eq!(last.expect("an answer")["content"], Value::from("two"));
}
