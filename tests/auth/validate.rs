//! The identity behind a key (contract, auth §1.3).

use serde_json::json;

use crate::harness::{Plane, tokens, unique};

#[plane_test]
async fn the_identity_has_all_its_keys() {
    let plane = Plane::shared();
    let name = unique("org");
    let body = json!({"name": name, "owner_email": "grace@example.com"});
    let made = plane.operator_post("/api/v1/organizations", body).await;
    let org = plane.organization().await.with_key(&made.text("api_key"));
    let reply = org.get("/api/v1/auth/validate").await;
    assert_eq!(reply.status, 200, "{reply}");
    let user_id = reply.text("user_id");
    assert_eq!(user_id.len(), 36, "{user_id}");
    assert_eq!(
        reply.body,
        json!({
            "id": name, "name": name, "slug": name,
            "user_id": user_id, "user_email": "grace@example.com", "user_name": "grace",
            "user_avatar": null, "user_status": "active",
            "user_groups": [], "user_group_names": [], "role": "owner",
        })
    );
}

#[plane_test]
async fn a_key_is_a_signed_token_with_the_organization_and_without_secrets() {
    let org = Plane::shared().organization().await;
    let claims = tokens::claims(&org.key);
    assert_eq!(claims["organization"], org.name);
    assert_eq!(claims["email"], format!("owner@{}", org.name));
    let id = claims["jti"].as_str().expect("a jti");
    assert_eq!(org.get("/api/v1/api-keys").await.texts("id"), [id]);
    assert_eq!(tokens::header(&org.key)["alg"], "EdDSA");
    let names: Vec<_> = claims.as_object().expect("claims").keys().collect();
    assert_eq!(names, ["email", "iat", "jti", "organization"]);
}

#[plane_test]
async fn every_role_may_ask_who_it_is() {
    let owner = Plane::shared().organization().await;
    for role in ["admin", "member", "viewer", "worker"] {
        let reply = owner.with_role(role).await.get("/api/v1/auth/validate").await;
        assert_eq!((reply.status, reply.text("role").as_str()), (200, role));
    }
}
