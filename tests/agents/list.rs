//! Listing agents.

use serde_json::json;

use super::AGENTS;
use crate::harness::Plane;

#[plane_test]
async fn agents_are_listed_newest_first_and_in_parts() {
    let org = Plane::shared().organization().await;
    assert_eq!(org.get(AGENTS).await.body, json!([]), "a bare list, also an empty one");
    for name in ["one", "two", "three", "four", "five"] {
        org.create(AGENTS, json!({"name": name})).await;
    }
    let all = org.get(AGENTS).await;
    assert_eq!(all.texts("name"), ["five", "four", "three", "two", "one"]);
    let get = async |query: &str| org.get(&format!("{AGENTS}?{query}")).await;
    assert_eq!(get("limit=2").await.texts("name"), ["five", "four"]);
    assert_eq!(get("skip=3").await.texts("name"), ["two", "one"]);
    assert_eq!(get("skip=1&limit=1").await.texts("name"), ["four"]);
    assert_eq!(get("skip=5").await.body, json!([]));
    let shown = org.get(&format!("{AGENTS}/{}", all.texts("id")[0])).await;
    assert_eq!(all.body[0], shown.body, "a list shows as much as a look at one");
}

#[plane_test]
async fn a_cursor_leads_through_all_pages_also_while_agents_are_made() {
    let org = Plane::shared().organization().await;
    for name in ["one", "two", "three", "four", "five"] {
        org.create(AGENTS, json!({"name": name})).await;
    }
    let first = org.get(&format!("{AGENTS}?limit=2")).await;
    assert_eq!(first.texts("name"), ["five", "four"]);
    org.create(AGENTS, json!({"name": "six"})).await;
    let cursor = first.header("x-next-cursor");
    let second = org.get(&format!("{AGENTS}?limit=2&cursor={cursor}")).await;
    assert_eq!(second.texts("name"), ["three", "two"]);
    let cursor = second.header("x-next-cursor");
    let third = org.get(&format!("{AGENTS}?limit=2&cursor={cursor}")).await;
    assert_eq!(third.texts("name"), ["one"]);
    assert_eq!(third.header("x-next-cursor"), "", "there is no further page");
}

#[plane_test]
async fn a_status_filters_exactly() {
    let org = Plane::shared().organization().await;
    org.create(AGENTS, json!({"name": "idle"})).await;
    let paused = org.create(AGENTS, json!({"name": "paused"})).await;
    org.patch(&format!("{AGENTS}/{paused}"), json!({"status": "paused"})).await;
    let get = async |query: &str| org.get(&format!("{AGENTS}?{query}")).await;
    assert_eq!(get("status_filter=paused").await.texts("name"), ["paused"]);
    assert_eq!(get("status_filter=idle").await.texts("name"), ["idle"]);
    assert_eq!(get("status_filter=pause").await.body, json!([]));
}

#[plane_test]
async fn parts_have_bounds() {
    let org = Plane::shared().organization().await;
    for query in ["limit=1", "limit=500", "skip=10000"] {
        assert_eq!(org.get(&format!("{AGENTS}?{query}")).await.status, 200, "{query}");
    }
    for (query, field) in [
        ("limit=0", "query.limit"),
        ("limit=-1", "query.limit"),
        ("limit=501", "query.limit"),
        ("skip=-1", "query.skip"),
        ("skip=10001", "query.skip"),
        ("cursor=nonsense", "query.cursor"),
    ] {
        let reply = org.get(&format!("{AGENTS}?{query}")).await;
        assert_eq!(
            (reply.status, reply.fields()),
            (422, vec![field.to_owned()]),
            "{query}: {reply}"
        );
    }
}
