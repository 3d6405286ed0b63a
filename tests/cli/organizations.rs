//! `drover org`.

use crate::harness::program::Terminal;
use crate::harness::{Plane, unique};

#[plane_test]
async fn the_operator_makes_an_organization_through_the_running_plane() {
    let plane = Plane::shared();
    let (name, data) = (unique("acme"), plane.data_dir());
    let data = data.to_str().expect("a path");
    let terminal = Terminal::new();
    let ended = terminal.run(&["org", "create", &name, "--json", "--data-dir", data]);
    assert_eq!(ended.stdout.lines().count(), 1, "{ended:?}");
    let made = ended.json();
    assert_eq!(made["organization_id"], name);
    let org = plane.organization().await.with_key(made["api_key"].as_str().expect("a key"));
    assert_eq!(org.get("/api/v1/auth/validate").await.text("id"), name);
    assert_eq!(org.get("/api/v1/worker-queues").await.texts("id"), [&made["worker_queue_id"]]);
    let again = terminal.run(&["org", "create", &name, "--json", "--data-dir", data]);
    assert_eq!((again.code, again.stdout.as_str()), (Some(3), ""), "{again:?}");
    assert!(again.stderr.contains("already exists"), "{again:?}");
    let bad = terminal.run(&["org", "create", "No Slug", "--data-dir", data]);
    assert_eq!(bad.code, Some(3), "{bad:?}");
    assert!(bad.stderr.contains("`name`"), "{bad:?}");
}

#[plane_test]
async fn who_is_not_on_the_planes_machine_is_no_operator() {
    let org = Plane::shared().organization().await;
    let ended = Terminal::of(&org).run(&["org", "create", "acme", "--json"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{ended:?}");
    assert!(ended.stderr.contains("hint:"), "{ended:?}");
}
