//! Coming back to a stream with the last id that was seen.

use model_server::{Hang, Reply};
use serde_json::json;

use crate::harness::{Frame, Model, Organization, Plane, names, shell};

/// A finished run with its whole stream.
async fn finished(org: &Organization) -> (String, Vec<Frame>) {
    let model = Model::new([shell("echo hi"), shell("echo ho"), Reply::text("Done.")]);
    let id = org.ask(&model, "go").await;
    let mut frames = org.stream(&id, None).await;
    frames.retain(|frame| frame.event != "connected" && frame.event != "history_complete");
    (id, frames)
}

#[plane_test]
async fn from_every_entry_a_reader_gets_exactly_the_rest() {
    let org = Plane::shared().organization().await;
    let (id, all) = finished(&org).await;
    for (place, last) in all.iter().enumerate().take(all.len() - 1) {
        let frames = org.stream(&id, Some(&last.id)).await;
        assert_eq!(frames[0].event, "connected");
        assert_eq!(frames[1..], all[place + 1..], "after {}", last.id);
    }
}

#[plane_test]
async fn a_reader_at_the_end_gets_the_end_again() {
    let org = Plane::shared().organization().await;
    let (id, all) = finished(&org).await;
    let end = all.last().expect("an end");
    let frames = org.stream(&id, Some(&end.id)).await;
    assert_eq!(names(&frames), ["connected", "done"]);
    assert_eq!(&frames[1], end);
}

#[plane_test]
async fn the_id_may_be_in_the_query_and_the_header_wins() {
    let org = Plane::shared().organization().await;
    let (id, all) = finished(&org).await;
    let path = format!("/api/v1/executions/{id}/stream?last_event_id={}", all[all.len() - 3].id);
    let read = async |header: Option<&str>| {
        let mut request = org.request(reqwest::Method::GET, &path);
        if let Some(header) = header {
            request = request.header("Last-Event-ID", header);
        }
        let text = request.send().await.expect("a stream").text().await.expect("its frames");
        text.lines().filter_map(|line| line.strip_prefix("id: ")).map(str::to_owned).collect()
    };
    let ids = |from: usize| all[from..].iter().map(|frame| frame.id.clone()).collect::<Vec<_>>();
    let by_query: Vec<String> = read(None).await;
    assert_eq!(by_query, ids(all.len() - 2));
    let by_header: Vec<String> = read(Some(&all[0].id)).await;
    assert_eq!(by_header, ids(1));
}

#[plane_test]
async fn an_unknown_id_is_told_and_everything_is_sent() {
    let org = Plane::shared().organization().await;
    let (id, all) = finished(&org).await;
    let (other, others) = finished(&org).await;
    assert_ne!(id, other);
    let future = format!("{id}_{}_1700000000000000", all.len() + 1);
    for unknown in [others[2].id.as_str(), &future, "nonsense", "-1"] {
        let frames = org.stream(&id, Some(unknown)).await;
        assert_eq!(names(&frames[..2]), ["connected", "gap_detected"], "{unknown}");
        let expected = json!({"execution_id": id, "reason": "unknown_event_id"});
        assert_eq!(frames[1].data, expected);
        assert_eq!(frames[2..], all, "{unknown}");
    }
}

#[plane_test]
async fn who_comes_back_while_the_run_goes_on_misses_nothing() {
    let org = Plane::shared().organization().await;
    let model = Model::new([Reply::chunks(["Half", " and half."]).hang(Hang::After(1))]);
    let id = org.ask(&model, "go").await;
    let mut before = org.stream_until(&id, None, |frame| frame.event == "message_chunk").await;
    let last = before.last().expect("frames").id.clone();
    model.release();
    let mut after = org.stream(&id, Some(&last)).await;
    before.append(&mut after);
    before.retain(|frame| frame.event != "connected" && frame.event != "history_complete");
    let ids: Vec<_> = before.iter().map(|frame| json!(frame.id)).collect();
    let log: Vec<_> = org.log(&id).await.iter().map(|entry| entry["id"].clone()).collect();
    assert_eq!(ids, log);
}

#[plane_test]
async fn pages_of_the_log_have_bounds() {
    let org = Plane::shared().organization().await;
    let (id, all) = finished(&org).await;
    let page = org.get(&format!("/api/v1/executions/{id}/events?after=2&limit=3")).await;
    let events = page.body["events"].as_array().expect("events");
    assert_eq!(
        events.iter().map(|one| one["seq"].as_i64()).collect::<Vec<_>>(),
        [Some(3), Some(4), Some(5)]
    );
    assert_eq!(page.body["last_seq"], all.len());
    for (query, field) in [
        ("after=-1", "query.after"),
        ("after=x", "query.after"),
        ("limit=0", "query.limit"),
        ("limit=501", "query.limit"),
    ] {
        let reply = org.get(&format!("/api/v1/executions/{id}/events?{query}")).await;
        assert_eq!((reply.status, reply.fields()), (422, vec![field.to_owned()]), "{reply}");
    }
}
