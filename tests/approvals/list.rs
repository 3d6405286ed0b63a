//! Listing requests.

use serde_json::{Value, json};

use super::{Asking, email, path};
use crate::harness::{Plane, tokens};

#[plane_test]
async fn the_newest_come_first_page_by_page_and_by_what_is_asked_for() {
    let asking = Asking::settle(Plane::shared().organization().await).await;
    let other = Asking::settle(asking.org.clone()).await;
    let mut ids = Vec::new();
    for asking in [&asking, &asking, &other] {
        ids.push(asking.ask(json!({})).await);
    }
    assert_eq!(asking.org.post(&(path(&ids[1]) + "/approve"), json!({})).await.status, 200);
    let address = email(&asking.org).await;
    let of_other = format!("execution_id={}", other.run);
    let by_email = format!("requester_email={}", address.to_uppercase().replace('@', "%40"));
    for (query, expected) in [
        ("", vec![2, 1, 0]),
        ("limit=2", vec![2, 1]),
        ("limit=2&offset=2", vec![0]),
        ("status=PENDING", vec![2, 0]),
        ("status=approved", vec![1]),
        ("status=expired", vec![]),
        (&of_other, vec![2]),
        (&by_email, vec![2, 1, 0]),
        ("requester_email=ann%40acme.example", vec![]),
    ] {
        let reply = asking.org.get(&format!("/api/v1/approvals?{query}")).await;
        assert_eq!(reply.status, 200, "{reply}");
        let expected: Vec<_> = expected.into_iter().map(|at: usize| ids[at].as_str()).collect();
        assert_eq!(reply.texts("id"), expected, "{query}");
    }
    let first = asking.org.get("/api/v1/approvals?limit=1").await.body[0].clone();
    assert_eq!(first, asking.org.get(&path(&ids[2])).await.body, "a list tells as much");
}

#[plane_test]
async fn older_ones_are_reached_by_the_cursor_while_new_ones_come() {
    let asking = Asking::settle(Plane::shared().organization().await).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(asking.ask(json!({})).await);
    }
    let page = asking.org.get("/api/v1/approvals?status=pending&limit=2").await;
    assert_eq!(page.texts("id"), [ids[2].as_str(), &ids[1]]);
    asking.ask(json!({})).await;
    let after = format!("/api/v1/approvals?status=pending&cursor={}", page.header("x-next-cursor"));
    let page = asking.org.get(&after).await;
    assert_eq!(page.texts("id"), [ids[0].as_str()]);
    let after = format!("/api/v1/approvals?cursor={}", page.header("x-next-cursor"));
    let page = asking.org.get(&after).await;
    assert_eq!((&page.body, page.header("x-next-cursor")), (&json!([]), ""));
}

#[plane_test]
async fn who_asks_is_found_by_an_address_in_letters_beyond_ascii() {
    let plane = Plane::shared();
    let asking = Asking::settle(plane.organization().await).await;
    let odd = asking.org.with_role("member").await;
    tokens::give_to(plane, &odd.key, "Änn@acme.example");
    let id = odd.create("/api/v1/approvals", asking.body(json!({}))).await;
    asking.ask(json!({})).await;
    let found = asking.org.get("/api/v1/approvals?requester_email=%C3%84nn%40ACME.example").await;
    assert_eq!(found.texts("id"), [id.as_str()]);
}

#[plane_test]
async fn a_query_that_is_wrong_is_told_by_its_field() {
    let org = Plane::shared().organization().await;
    for (query, field) in [
        ("status=done", "query.status"),
        ("execution_id=x", "query.execution_id"),
        ("limit=0", "query.limit"),
        ("limit=201", "query.limit"),
        ("limit=many", "query.limit"),
        ("offset=-1", "query.offset"),
        ("offset=10001", "query.offset"),
        ("cursor=x", "query.cursor"),
    ] {
        let reply = org.get(&format!("/api/v1/approvals?{query}")).await;
        assert_eq!((reply.status, reply.fields()), (422, vec![field.to_owned()]), "{reply}");
    }
}

#[plane_test]
async fn filters_by_anothers_run_find_nothing() {
    let plane = Plane::shared();
    let theirs = Asking::settle(plane.organization().await).await;
    theirs.ask(json!({})).await;
    let org = plane.organization().await;
    let reply = org.get(&format!("/api/v1/approvals?execution_id={}", theirs.run)).await;
    assert_eq!((reply.status, reply.body), (200, Value::Array(Vec::new())));
}
