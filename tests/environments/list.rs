//! Listing environments.

use serde_json::json;

use super::ENVIRONMENTS;
use crate::harness::Plane;

#[plane_test]
async fn environments_are_listed_oldest_first() {
    let org = Plane::shared().organization().await;
    for name in ["staging", "production"] {
        org.create(ENVIRONMENTS, json!({"name": name})).await;
    }
    let list = org.get(ENVIRONMENTS).await;
    assert_eq!(list.texts("name"), ["default", "staging", "production"]);
    let shown = org.get(&format!("{ENVIRONMENTS}/{}", list.texts("id")[1])).await;
    assert_eq!(list.body[1], shown.body, "a list shows as much as a look at one");
}

#[plane_test]
async fn a_status_filters_exactly() {
    let org = Plane::shared().organization().await;
    org.create(ENVIRONMENTS, json!({"name": "staging"})).await;
    let get = async |status: &str| org.get(&format!("{ENVIRONMENTS}?status_filter={status}")).await;
    assert_eq!(get("ready").await.texts("name"), ["staging"]);
    assert_eq!(get("active").await.texts("name"), ["default"]);
    assert_eq!(get("act").await.body, json!([]));
}
