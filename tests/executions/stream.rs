//! The stream of a run: its frames, what is stored and what comes, who may read it.

use futures_util::future::join_all;
use model_server::{Hang, Reply};
use serde_json::{Value, json};

use crate::harness::{Frame, Model, Plane, names, shell};

/// The frames of a stream as they are sent: lines of each.
async fn raw(org: &crate::harness::Organization, path: &str) -> Vec<Vec<String>> {
    let response = org.request(reqwest::Method::GET, path).send().await.expect("a stream");
    assert_eq!(response.status(), 200);
    let text = response.text().await.expect("a whole stream");
    assert!(text.ends_with("\n\n"), "the last frame is whole: {text:?}");
    let frames = text.trim_end().split("\n\n");
    frames.map(|frame| frame.lines().map(str::to_owned).collect()).collect()
}

/// The stored frames, without those that pass.
fn stored(frames: &[Frame]) -> Vec<&Frame> {
    let passing = ["connected", "history_complete", "gap_detected", "reconnect"];
    frames.iter().filter(|frame| !passing.contains(&frame.event.as_str())).collect()
}

/// The `seq` in a frame's id.
fn seq(frame: &Frame, execution: &str) -> usize {
    let rest = frame.id.strip_prefix(execution).expect("the run's id");
    let mut parts = rest.split('_');
    assert_eq!(parts.next(), Some(""));
    let seq = parts.next().expect("a seq").parse().expect("a number");
    let micros: i64 = parts.next().expect("a time").parse().expect("microseconds");
    assert!(micros > 1_700_000_000_000_000 && parts.next().is_none(), "{}", frame.id);
    seq
}

#[plane_test]
async fn frames_are_as_clients_need_them() {
    let org = Plane::shared().organization().await;
    // Line ends in what a tool or a model says must not break a frame.
    let model = Model::new([shell("printf 'a\\nb\\r\\nc'"), Reply::text("one\ntwo\r\n\nthree")]);
    let id = org.ask(&model, "first line\nsecond line").await;
    org.finished(&id).await;
    let frames = raw(&org, &format!("/api/v1/executions/{id}/stream")).await;
    for (place, lines) in frames.iter().enumerate() {
        let fields: Vec<_> = lines.iter().filter_map(|line| line.split_once(": ")).collect();
        let (names, values): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
        if place == 0 {
            assert_eq!((&names[..], values[0]), (&["event", "data"][..], "connected"));
        } else {
            assert_eq!(names, ["id", "event", "data"], "{lines:?}");
            assert!(values[0].starts_with(&format!("{id}_{place}_")), "{lines:?}");
        }
        let data: Value = serde_json::from_str(values.last().expect("data")).expect("JSON");
        assert!(data.is_object());
    }
    let last = &frames.last().expect("frames")[1];
    assert_eq!(last, "event: done");
}

#[plane_test]
async fn the_answer_says_that_it_is_a_stream_that_nobody_may_keep() {
    let org = Plane::shared().organization().await;
    let id = org.ask(&Model::new([Reply::text("ok")]), "go").await;
    let reply = org.get(&format!("/api/v1/executions/{id}/stream")).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), "text/event-stream");
    assert_eq!(reply.header("cache-control"), "no-cache");
    assert_eq!(reply.header("x-accel-buffering"), "no");
}

#[plane_test]
async fn the_first_frame_says_where_the_run_stands() {
    let org = Plane::shared().organization().await;
    let id = org.ask(&Model::new([Reply::text("ok")]), "go").await;
    org.finished(&id).await;
    let first = org.stream_until(&id, None, |_| true).await.remove(0);
    assert_eq!(first.event, "connected");
    assert_eq!(first.data["execution_id"], id.as_str());
    assert_eq!(first.data["organization_id"], org.name.as_str());
    assert_eq!(first.data["status"], "completed");
    assert!(first.data["connected_at"].is_f64(), "{first:?}");
}

#[plane_test]
async fn stored_entries_are_numbered_from_one_without_a_gap_and_end_with_the_end() {
    let org = Plane::shared().organization().await;
    let model = Model::new([shell("echo hi"), shell("echo ho"), Reply::chunks(["a", "b", "c"])]);
    let id = org.ask(&model, "go").await;
    let frames = org.stream(&id, None).await;
    let stored = stored(&frames);
    let seqs: Vec<_> = stored.iter().map(|frame| seq(frame, &id)).collect();
    assert_eq!(seqs, (1..=stored.len()).collect::<Vec<_>>());
    let ends = stored.iter().filter(|frame| ["done", "error"].contains(&frame.event.as_str()));
    assert_eq!(ends.count(), 1);
    assert_eq!(frames.last().expect("frames").event, "done");
    // The log as pages is the same log.
    let log = org.log(&id).await;
    let pages: Vec<_> = log.iter().map(|entry| (&entry["id"], &entry["data"])).collect();
    let ids: Vec<_> = stored.iter().map(|frame| json!(frame.id)).collect();
    let frames: Vec<_> = ids.iter().zip(stored.iter().map(|frame| &frame.data)).collect();
    assert_eq!(pages, frames);
}

#[plane_test]
async fn who_joins_in_the_middle_gets_everything_once() {
    let org = Plane::shared().organization().await;
    let model = Model::new([
        shell("echo hi"),
        Reply::chunks(["Half of it", " and the rest."]).hang(Hang::After(1)),
    ]);
    let id = org.ask(&model, "go").await;
    // The first piece is stored while the model says nothing more.
    org.stream_until(&id, None, |frame| frame.event == "message_chunk").await;

    let mut complete = false;
    let frames = org
        .stream_until(&id, None, |frame| {
            if frame.event == "history_complete" {
                assert_eq!(frame.data["message_count"], 1);
                complete = true;
                model.release();
            }
            frame.event == "done"
        })
        .await;
    assert!(complete);
    let seqs: Vec<_> = stored(&frames).iter().map(|frame| seq(frame, &id)).collect();
    assert_eq!(seqs, (1..=org.log(&id).await.len()).collect::<Vec<_>>());
    let chunks = frames.iter().filter(|frame| frame.event == "message_chunk");
    let text: String = chunks.filter_map(|chunk| chunk.data["data"]["content"].as_str()).collect();
    assert_eq!(text, "Half of it and the rest.");
}

#[plane_test]
async fn all_who_watch_see_the_same() {
    let org = Plane::shared().organization().await;
    let pieces: Vec<_> = (0..50).map(|n| format!("piece {n} ")).collect();
    let model = Model::new([
        shell("echo hi").hang(Hang::Start),
        Reply::chunks(pieces).hang(Hang::After(20)),
    ]);
    let id = org.ask(&model, "go").await;
    model.arrived(1).await;
    let watching = join_all((0..5).map(|_| org.stream(&id, None)));
    let (seen, ()) = tokio::join!(watching, async {
        model.release();
        model.arrived(2).await;
        model.release();
    });
    let all: Vec<_> = seen.iter().map(|frames| stored(frames)).collect();
    for one in &all {
        assert_eq!(one, &all[0]);
    }
    assert_eq!(all[0].len(), org.log(&id).await.len());
}

#[plane_test]
async fn a_failed_run_ends_with_an_error_and_a_stopped_one_with_done() {
    let org = Plane::shared().organization().await;
    let model = Model::new([Reply::status(401)]);
    let id = org.ask(&model, "go").await;
    let frames = org.stream(&id, None).await;
    assert_eq!(names(&frames[frames.len() - 2..]), ["status", "error"]);
    let end = &frames[frames.len() - 1].data;
    assert_eq!(end["status"], "failed");
    assert_eq!(end["error"], org.execution(&id).await["error_message"]);

    let model = Model::new([Reply::hang_until_released()]);
    let id = org.ask(&model, "go").await;
    model.arrived(1).await;
    org.cancel(&id).await;
    let frames = org.stream(&id, None).await;
    assert_eq!(names(&frames[frames.len() - 3..]), ["message", "status", "done"]);
    assert_eq!(frames[frames.len() - 1].data["status"], "cancelled");
}

#[plane_test]
async fn a_run_that_is_not_there_or_not_theirs_is_404_before_any_frame() {
    let plane = Plane::shared();
    let (org, other) = (plane.organization().await, plane.organization().await);
    let id = org.ask(&Model::new([Reply::text("ok")]), "go").await;
    let nobody = "0190a0a0-0000-7000-8000-000000000000";
    for id in [id.as_str(), nobody] {
        for path in ["stream", "events", "session"] {
            let reply = other.get(&format!("/api/v1/executions/{id}/{path}")).await;
            assert_eq!(reply.to_string(), r#"404 {"detail":"Execution not found"}"#, "{path}");
        }
    }
}
