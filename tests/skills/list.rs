//! Listing skills.

use serde_json::json;

use super::SKILLS;
use crate::harness::Plane;

#[plane_test]
async fn skills_are_listed_newest_first_the_disabled_ones_too() {
    let org = Plane::shared().organization().await;
    assert_eq!(org.get(SKILLS).await.body, json!([]));
    for (name, enabled) in [("one", true), ("two", false), ("three", true)] {
        org.create(SKILLS, json!({"name": name, "type": "shell", "enabled": enabled})).await;
    }
    assert_eq!(org.get(SKILLS).await.texts("name"), ["three", "two", "one"]);
    assert_eq!(org.get(&format!("{SKILLS}?skip=1&limit=1")).await.texts("name"), ["two"]);
}

#[plane_test]
async fn without_bounds_all_are_listed() {
    let org = Plane::shared().organization().await;
    for number in 0..101 {
        org.create(SKILLS, json!({"name": format!("skill-{number}"), "type": "shell"})).await;
    }
    assert_eq!(org.get(SKILLS).await.texts("id").len(), 101, "the contract has no default limit");
    assert_eq!(org.get(&format!("{SKILLS}?skip=0")).await.texts("id").len(), 100);
}

#[plane_test]
async fn parts_have_bounds() {
    let org = Plane::shared().organization().await;
    for (query, field) in [
        ("limit=0", "query.limit"),
        ("limit=501", "query.limit"),
        ("skip=-1", "query.skip"),
        ("skip=10001", "query.skip"),
    ] {
        let reply = org.get(&format!("{SKILLS}?{query}")).await;
        assert_eq!((reply.status, reply.fields()), (422, vec![field.to_owned()]), "{query}");
    }
}
