//! A plane that is told to end.

use model_server::{Ending, Hang, Reply};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use crate::harness::{Model, Plane, Workspace, names, processes, shell};

#[plane_test(stores)]
async fn it_ends_well_and_its_runs_go_on_at_the_next_start() {
    let mut plane = Plane::start();
    let org = plane.organization().await;
    let talking = Model::new([Reply::hang_until_released(), Reply::text("Here I am again.")]);
    let asked = org.ask(&talking, "go").await;
    let request = talking.arrived(1).await.remove(0);
    let command =
        "if [ ! -e again ]; then touch again; echo begun > begun; sleep 1000; fi; echo over";
    let working = Model::new([shell(command).hang(Hang::Start), Reply::text("Done.")]);
    let called = org.ask(&working, "go").await;
    let mut begun = Workspace::of(&plane, &called).pipe("begun");
    working.release();
    begun.hear().await;

    // Who watches is told to come back.
    let (watches, watched) = oneshot::channel();
    let mut watches = Some(watches);
    let watching = org.stream_until(&asked, None, |frame| {
        if frame.event == "history_complete" {
            watches.take().map(|watches| watches.send(()));
        }
        false
    });
    let ending = async {
        watched.await.expect("a stream");
        spawn_blocking(move || (plane.terminate(), plane)).await.expect("an end")
    };
    let (frames, (status, plane)) = tokio::join!(watching, ending);
    assert_eq!(status.code(), Some(0), "{}", plane.log());
    assert_eq!(names(&frames).last(), Some(&"reconnect"));
    assert_eq!(request.ended().await, Ending::Disconnected);
    assert_eq!(processes::of_execution(&called), [""; 0]);

    let plane = plane.kill_and_restart();
    let org = org.at(&plane);
    let run = org.finished(&asked).await;
    assert_eq!(run["response"], "Here I am again.", "{run}");
    let run = org.finished(&called).await;
    assert_eq!(run["response"], "Done.", "{run}");
    assert_eq!(org.tool_answers(&called).await, ["over"]);
    for id in [&asked, &called] {
        let ends =
            org.log(id).await.into_iter().filter(|entry| entry["event_type"] == json!("done"));
        assert_eq!(ends.count(), 1);
    }
}

#[plane_test(stores)]
async fn who_waits_for_a_run_is_answered_without_it() {
    let mut plane = Plane::start();
    let org = plane.organization().await;
    let model = Model::new([Reply::hang_until_released(), Reply::text("later")]);
    let agent = org.agent(&model.name).await;
    let request = org.request(reqwest::Method::POST, &format!("/api/v1/agents/{agent}/execute"));
    let request = request.header("Prefer", "wait=60").json(&json!({"prompt": "go"}));
    let ending = async {
        model.arrived(1).await;
        spawn_blocking(move || (plane.terminate(), plane)).await.expect("an end")
    };
    let (reply, (status, plane)) = tokio::join!(crate::harness::Reply::read(request), ending);
    assert_eq!((reply.status, reply.body.get("execution")), (200, None), "{reply}");
    assert_eq!(status.code(), Some(0));
    let plane = plane.kill_and_restart();
    let run = org.at(&plane).finished(&reply.text("execution_id")).await;
    assert_eq!(run["response"], "later");
}

#[plane_test(stores)]
async fn a_second_signal_ends_it_at_once() {
    let mut plane = Plane::start();
    let org = plane.organization().await;
    // A request whose body does not come holds the graceful end up.
    let address = plane.url.strip_prefix("http://").expect("an address");
    let mut connection = TcpStream::connect(address).await.expect("a connection");
    let head = format!(
        "POST /api/v1/agents HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n",
        org.key
    );
    connection.write_all(head.as_bytes()).await.expect("send the head");
    let mut answer = [0; 12];
    connection.read_exact(&mut answer).await.expect("be told to go on");
    assert_eq!(&answer, b"HTTP/1.1 100");

    // Two different ones: of two equal ones the system may drop one.
    plane.signal("-INT");
    let status = spawn_blocking(move || plane.terminate()).await.expect("an end");
    assert_eq!(status.code(), Some(130));
}
