//! Keys: made, listed, revoked.

use serde_json::json;

use crate::harness::{Organization, Plane, tokens};

const KEYS: &str = "/api/v1/api-keys";

async fn works(org: &Organization, key: &str) -> bool {
    let status = org.with_key(key).get("/api/v1/auth/validate").await.status;
    assert!(status == 200 || status == 401, "{status}");
    status == 200
}

#[plane_test]
async fn a_key_is_a_members_and_lasts_unless_it_is_said_otherwise() {
    let org = Plane::shared().organization().await;
    let made = org.post(KEYS, json!({"name": "ci"})).await;
    assert_eq!(made.status, 201, "{made}");
    assert_eq!((made.text("name"), made.text("role")), ("ci".to_owned(), "member".to_owned()));
    assert_eq!(made.body["expires_at"], json!(null));
    assert_eq!(made.body["revoked_at"], json!(null));
    let key = made.text("api_key");
    assert_eq!(org.with_key(&key).get("/api/v1/auth/validate").await.text("role"), "member");
    assert!(tokens::claims(&key).get("exp").is_none());
    let nulls = json!({"name": "ci", "role": null, "expires_in_days": null});
    assert_eq!(org.post(KEYS, nulls).await.text("role"), "member");
}

#[plane_test]
async fn a_key_with_an_end_says_when_to_the_second() {
    let org = Plane::shared().organization().await;
    let made = org.post(KEYS, json!({"name": "ci", "expires_in_days": 30})).await;
    let at = |field: &str| made.text(field).parse::<jiff::Timestamp>().expect("RFC 3339");
    let lasts = at("expires_at").duration_since(at("created_at"));
    assert_eq!(lasts, jiff::SignedDuration::from_hours(30 * 24));
    let claims = tokens::claims(&made.text("api_key"));
    assert_eq!(claims["exp"], json!(at("expires_at").as_second()));
    assert!(works(&org, &made.text("api_key")).await);
}

#[plane_test]
async fn a_list_of_keys_shows_all_but_their_tokens() {
    let org = Plane::shared().organization().await;
    let made = org.post(KEYS, json!({"name": "ci", "role": "worker"})).await;
    let key = made.text("api_key");
    let list = org.get(KEYS).await;
    assert_eq!(list.texts("name"), ["ci", "first key"], "newest first");
    let mut expected = made.body.clone();
    expected.as_object_mut().expect("an object").remove("api_key");
    assert_eq!(list.body[0], expected);
    for part in key.split('.').skip(1).chain(org.key.split('.').skip(1)) {
        assert!(!list.to_string().contains(part), "a token is shown");
    }
}

#[plane_test]
async fn a_revoked_key_is_dead_at_once_and_stays_in_the_list() {
    let org = Plane::shared().organization().await;
    let made = org.post(KEYS, json!({"name": "lost"})).await;
    let (id, key) = (made.text("id"), made.text("api_key"));
    assert!(works(&org, &key).await);
    let revoked = org.delete(&format!("{KEYS}/{id}")).await;
    assert_eq!(revoked.status, 200, "{revoked}");
    assert!(!works(&org, &key).await, "the next request is refused");
    assert!(works(&org, &org.key).await, "other keys go on");
    let again = org.delete(&format!("{KEYS}/{id}")).await;
    assert_eq!(again.to_string(), revoked.to_string(), "a second time changes nothing");
    let list = org.get(KEYS).await;
    assert_eq!(list.body[0]["id"], id);
    assert!(list.body[0]["revoked_at"].is_string());
}

#[plane_test]
async fn keys_that_cannot_be_are_refused_by_field() {
    let org = Plane::shared().organization().await;
    for (body, field) in [
        (json!({}), "body.name"),
        (json!({"name": ""}), "body.name"),
        (json!({"name": "x".repeat(256)}), "body.name"),
        (json!({"name": "a\0b"}), "body.name"),
        (json!({"name": 7}), "body.name"),
        (json!({"name": "ci", "role": "king"}), "body.role"),
        (json!({"name": "ci", "role": "Owner"}), "body.role"),
        (json!({"name": "ci", "expires_in_days": 0}), "body.expires_in_days"),
        (json!({"name": "ci", "expires_in_days": 3651}), "body.expires_in_days"),
        (json!({"name": "ci", "expires_in_days": "soon"}), "body.expires_in_days"),
    ] {
        let reply = org.post(KEYS, body.clone()).await;
        assert_eq!((reply.status, reply.fields()), (422, vec![field.to_owned()]), "{body}");
    }
    assert_eq!(org.get(KEYS).await.texts("name"), ["first key"], "nothing is written");
}

#[plane_test]
async fn nobody_makes_a_key_above_their_own() {
    let owner = Plane::shared().organization().await;
    let admin = owner.with_role("admin").await;
    let reply = admin.post(KEYS, json!({"name": "coup", "role": "owner"})).await;
    assert_eq!((reply.status, reply.fields()), (422, vec!["body.role".to_owned()]));
    assert_eq!(admin.post(KEYS, json!({"name": "deputy", "role": "admin"})).await.status, 201);
    assert_eq!(owner.post(KEYS, json!({"name": "heir", "role": "owner"})).await.status, 201);
}

#[plane_test]
async fn a_key_that_is_not_there_is_not_revoked() {
    let org = Plane::shared().organization().await;
    let nowhere = format!("{KEYS}/00000000-0000-4000-8000-000000000000");
    assert_eq!(org.delete(&nowhere).await.to_string(), r#"404 {"detail":"API key not found"}"#);
    let malformed = org.delete(&format!("{KEYS}/first")).await;
    assert_eq!((malformed.status, malformed.fields()), (422, vec!["path.key_id".to_owned()]));
}
