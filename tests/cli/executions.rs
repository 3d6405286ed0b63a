//! `drover execution`.

use model_server::{ModelServer, Reply as Said};
use serde_json::json;

use crate::harness::program::Terminal;
use crate::harness::{Plane, unique};

#[plane_test]
async fn executions_are_listed_and_shown() {
    let org = Plane::shared().organization().await;
    let terminal = Terminal::of(&org);
    let none = terminal.run(&["execution", "list"]);
    assert_eq!((none.code, none.stderr.as_str()), (Some(0), "no executions\n"));
    let agent = org.agent("instant").await;
    let job = org.job(&agent, "Hello").await;
    let first = org.trigger(&job, json!({})).await;
    let second = org.execute(&agent, json!({"prompt": "Good day"})).await;
    org.finished(&first).await;
    let shown = org.finished(&second).await;
    let ids = |arguments: &[&str]| {
        let list = terminal.run(arguments).json();
        let items = list.as_array().expect("a list").iter();
        items.map(|item| item["id"].as_str().expect("an id").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&["execution", "list", "--json"]), [second.as_str(), &first]);
    assert_eq!(ids(&["execution", "list", "--json", "--job", &job]), [first.as_str()]);
    assert_eq!(ids(&["execution", "list", "--json", "--limit", "1"]), [second.as_str()]);
    assert_eq!(ids(&["execution", "list", "--json", "--status", "failed"]), [""; 0]);
    assert_eq!(terminal.run(&["execution", "get", &second, "--json"]).json(), shown);
    let fields = terminal.run(&["execution", "get", &second]);
    for part in ["completed", "Good day", "All is well.", "instant"] {
        assert!(fields.stdout.contains(part), "{part}: {fields:?}");
    }
    let table = terminal.run(&["exec", "list"]);
    assert!(table.stdout.contains("Good day") && table.stdout.contains("STATUS"), "{table:?}");
}

#[plane_test]
async fn logs_show_what_happened() {
    let org = Plane::shared().organization().await;
    let run = org.execute(&org.agent("instant").await, json!({"prompt": "Good day"})).await;
    org.finished(&run).await;
    let terminal = Terminal::of(&org);
    let logs = terminal.run(&["execution", "logs", &run]);
    assert_eq!(logs.code, Some(0), "{logs:?}");
    for part in ["Good day", "All is well.", "completed"] {
        assert!(logs.stdout.contains(part), "{part}: {logs:?}");
    }
}

#[plane_test]
async fn logs_of_a_run_under_way_end_with_what_there_is() {
    let org = Plane::shared().organization().await;
    let queue = org.queue_without_worker().await;
    let agent = org.agent("instant").await;
    let run = org.execute(&agent, json!({"prompt": "Good day", "worker_queue_id": queue})).await;
    let logs = Terminal::of(&org).run(&["execution", "logs", &run]);
    assert_eq!(logs.code, Some(0), "{logs:?}");
    assert!(logs.stdout.contains("Good day"), "{logs:?}");
}

#[plane_test]
async fn a_run_is_cancelled_once() {
    let org = Plane::shared().organization().await;
    let model = unique("slow");
    ModelServer::shared().script(&model, vec![Said::hang_until_released()]);
    let run = org.execute(&org.agent(&model).await, json!({"prompt": "Hello"})).await;
    let terminal = Terminal::of(&org);
    let cancelled = terminal.run(&["execution", "cancel", &run]);
    assert_eq!(cancelled.code, Some(0), "{cancelled:?}");
    assert_eq!(org.execution(&run).await["status"], "cancelled");
    let again = terminal.run(&["execution", "cancel", &run]);
    assert_eq!(again.code, Some(3), "{again:?}");
    assert!(again.stderr.contains("cancelled"), "{again:?}");
    let followed = terminal.run(&["execution", "logs", &run, "--follow"]);
    assert_eq!(followed.code, Some(5), "{followed:?}");
    let looked = terminal.run(&["execution", "logs", &run]);
    assert_eq!(looked.code, Some(0), "who only looks is not told by the code: {looked:?}");
}

#[plane_test]
async fn a_run_that_is_not_there_is_refused() {
    let org = Plane::shared().organization().await;
    let nowhere = "00000000-0000-4000-8000-000000000000";
    for verb in ["get", "logs", "cancel"] {
        let ended = Terminal::of(&org).run(&["execution", verb, nowhere]);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(3), ""), "{ended:?}");
        assert_eq!(ended.stderr, "error: Execution not found (404)\n", "{verb}");
    }
}
