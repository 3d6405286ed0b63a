//! A run with two tool calls that dies in the middle of the second one.

use model_server::{Hang, Reply};
use serde_json::json;

use crate::harness::{Model, Plane, Workspace, processes, shell};

#[plane_test(stores)]
async fn it_completes_after_the_restart_with_one_gapless_log() {
    let plane = Plane::start();
    let org = plane.organization().await;
    // The second call hangs when it is made for the first time.
    let second = "echo $DROVER_IDEMPOTENCY_KEY >> second; \
                  if [ ! -e again ]; then touch again; echo begun > begun; sleep 1000; fi; echo two";
    let calls = shell("echo $DROVER_IDEMPOTENCY_KEY >> first; echo one")
        .and_call("run_shell_command", json!({"command": second}));
    let model = Model::new([calls.hang(Hang::Start), Reply::text("One and two.")]);
    let id = org.ask(&model, "go").await;
    let workspace = Workspace::of(&plane, &id);
    let mut begun = workspace.pipe("begun");

    // A client follows from the beginning.
    let (seen, ()) = tokio::join!(
        org.stream_until(&id, None, {
            let mut started = 0;
            move |frame| {
                started += usize::from(frame.event == "tool_started");
                started == 2
            }
        }),
        async {
            model.release();
            assert_eq!(begun.hear().await, "begun");
        }
    );
    let last = seen.last().expect("frames").id.clone();
    let plane = plane.kill_and_restart();
    let org = org.at(&plane);

    let rest = org.stream(&id, Some(&last)).await;
    let run = org.execution(&id).await;
    assert_eq!((&run["status"], &run["response"]), (&json!("completed"), &json!("One and two.")));
    assert_eq!(org.tool_answers(&id).await, ["one", "two"]);

    // What the client saw before and after is the log, and the log tells each call once.
    let log = org.log(&id).await;
    let frames = seen.iter().chain(&rest).filter(|frame| !frame.id.is_empty());
    let frames: Vec<_> =
        frames.filter(|f| f.event != "history_complete" && f.event != "connected").collect();
    let of_log: Vec<_> = log.iter().map(|entry| entry["id"].clone()).collect();
    assert_eq!(frames.iter().map(|frame| json!(frame.id)).collect::<Vec<_>>(), of_log);
    let names: Vec<_> =
        log.iter().map(|entry| entry["event_type"].as_str().expect("a name")).collect();
    assert_eq!(
        names,
        [
            "message",
            "status",
            "tool_started",
            "tool_completed",
            "tool_started",
            "status",
            "status",
            "tool_completed",
            "message_chunk",
            "status",
            "done",
        ]
    );
    assert_eq!(log[5]["data"]["status"], "queued");
    assert_eq!(log[6]["data"]["status"], "running");

    // The recorded call was made once, the interrupted one twice with one key.
    assert_eq!(workspace.lines("first").len(), 1);
    let keys = workspace.lines("second");
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], keys[1]);
    assert_eq!(model.requests().len(), 2);
    assert_eq!(processes::of_execution(&id), [""; 0]);
}
