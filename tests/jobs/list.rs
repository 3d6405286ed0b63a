//! Listing jobs.

use serde_json::json;

use super::{JOBS, job};
use crate::harness::Plane;

#[plane_test]
async fn jobs_are_listed_newest_first_and_filtered() {
    let org = Plane::shared().organization().await;
    assert_eq!(org.get(JOBS).await.body, json!([]), "a bare list, also an empty one");
    org.create(JOBS, job(json!({"name": "one"}))).await;
    org.create(JOBS, job(json!({"name": "two", "enabled": false}))).await;
    let three = json!({"name": "three", "trigger_type": "cron", "cron_schedule": "@daily"});
    org.create(JOBS, job(three)).await;
    let list = org.get(JOBS).await;
    assert_eq!(list.texts("name"), ["three", "two", "one"]);
    let get = async |query: &str| org.get(&format!("{JOBS}?{query}")).await;
    assert_eq!(get("enabled=true").await.texts("name"), ["three", "one"]);
    assert_eq!(get("enabled=false").await.texts("name"), ["two"]);
    assert_eq!(get("trigger_type=cron").await.texts("name"), ["three"]);
    assert_eq!(get("trigger_type=manual&enabled=true").await.texts("name"), ["one"]);
    assert_eq!(get("trigger_type=sometimes").await.body, json!([]));
    let shown = org.get(&format!("{JOBS}/{}", list.texts("id")[0])).await;
    assert_eq!(list.body[0], shown.body, "a list shows as much as a look at one");
}
