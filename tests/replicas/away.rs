//! Replicas that cannot hear of each other for a while, or have no database at all.

use model_server::{Hang, Reply};
use serde_json::json;

use super::until;
use crate::harness::{Model, Replicas};

#[tokio::test]
async fn what_was_not_heard_is_made_good() {
    let replicas = Replicas::start(2).await;
    let org = replicas.organization().await;
    let [a, b] = [0, 1].map(|place| org.at(&replicas.planes[place]));
    let model = Model::new([Reply::hang_until_released()]);
    let id = a.ask(&model, "go").await;
    let request = model.arrived(1).await.remove(0);
    let deaf = async {
        b.stream_until(&id, None, |frame| frame.event == "history_complete").await;
        let ended = replicas.database().ask(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
             WHERE datname = current_database() AND application_name = 'drover notices'",
        );
        assert_eq!(ended, "2");
        b.cancel(&id).await
    };
    let (frames, cancelled) = tokio::join!(a.stream(&id, None), deaf);
    assert_eq!(cancelled.body["success"], true, "{cancelled}");
    assert_eq!(frames.last().expect("an end").event, "done");
    request.ended().await;
}

#[tokio::test]
async fn they_go_on_when_the_database_is_back() {
    let replicas = Replicas::start(2).await;
    let org = replicas.organization().await;
    let [a, b] = [0, 1].map(|place| org.at(&replicas.planes[place]));
    let model = Model::new([
        Reply::chunks(["I am", " here"]).hang(Hang::After(1)),
        Reply::chunks(["I am", " here"]),
    ]);
    let id = a.ask(&model, "go").await;
    a.stream_until(&id, None, |frame| frame.event == "message_chunk").await;
    replicas.database().lock_out();
    for plane in &replicas.planes {
        assert_eq!(plane.get("/api/ready").await.status, 503);
    }
    replicas.database().let_in();
    model.release();
    for one in [&a, &b] {
        until(one, "/api/ready", |reply| reply.status == 200).await;
    }
    assert_eq!(b.finished(&id).await["response"], "I am here");
    a.log(&id).await;
    // They hear of each other again, and share what they shared.
    let model = Model::new([Reply::hang_until_released()]);
    let agent = a.agent(&model.name).await;
    let id = b.execute(&agent, json!({"prompt": "go"})).await;
    let request = model.arrived(1).await.remove(0);
    assert_eq!(a.cancel(&id).await.body["success"], true);
    request.ended().await;
    let shares = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock' \
                  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    while replicas.database().ask(shares) != "2" {
        tokio::task::yield_now().await;
    }
}
