//! Webhook jobs: their address and secret. Receiving comes with a later issue.

use serde_json::{Value, json};

use super::{JOBS, job};
use crate::harness::Plane;

#[plane_test]
async fn a_webhook_job_has_an_address_and_a_secret() {
    let plane = Plane::shared();
    let org = plane.organization().await;
    let made = org.post(JOBS, job(json!({"trigger_type": "webhook"}))).await;
    assert_eq!(made.status, 201, "{made}");
    let token = made.text("webhook_path");
    let token = token.strip_prefix("/api/v1/jobs/webhook/").expect("a path").to_owned();
    assert_eq!(made.text("webhook_url"), format!("{}/api/v1/jobs/webhook/{token}", plane.url));
    let url_safe = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    assert!(token.len() == 22 && token.chars().all(url_safe), "{token}");
    let secret = made.text("webhook_secret");
    assert!(secret.len() == 43 && secret.chars().all(url_safe), "{secret}");
    // Terraform compares it on every read.
    let path = format!("{JOBS}/{}", made.text("id"));
    assert_eq!(org.get(&path).await.text("webhook_secret"), secret);
    assert_eq!(org.patch(&path, json!({"name": "renamed"})).await.text("webhook_secret"), secret);
    let other = org.post(JOBS, job(json!({"trigger_type": "webhook"}))).await;
    assert_ne!(other.text("webhook_secret"), secret);
    assert_ne!(other.text("webhook_path"), made.text("webhook_path"));
}

#[plane_test]
async fn who_may_not_change_the_job_does_not_see_its_secret() {
    let org = Plane::shared().organization().await;
    let made = org.post(JOBS, job(json!({"trigger_type": "webhook"}))).await;
    let path = format!("{JOBS}/{}", made.text("id"));
    for role in ["viewer", "worker"] {
        let reader = org.with_role(role).await;
        assert_eq!(reader.get(&path).await.body["webhook_secret"], Value::Null, "{role}");
        assert_eq!(reader.get(JOBS).await.body[0]["webhook_secret"], Value::Null, "{role}");
    }
    let member = org.with_role("member").await;
    assert_eq!(member.get(&path).await.text("webhook_secret"), made.text("webhook_secret"));
}

#[plane_test]
async fn an_address_that_was_given_up_does_not_come_back() {
    let org = Plane::shared().organization().await;
    let made = org.post(JOBS, job(json!({"trigger_type": "webhook"}))).await;
    let path = format!("{JOBS}/{}", made.text("id"));
    let manual = org.patch(&path, json!({"trigger_type": "manual"})).await;
    assert_eq!(
        (&manual.body["webhook_url"], &manual.body["webhook_secret"]),
        (&Value::Null, &Value::Null)
    );
    let again = org.patch(&path, json!({"trigger_type": "webhook"})).await;
    assert_ne!(again.text("webhook_url"), made.text("webhook_url"));
    assert_ne!(again.text("webhook_secret"), made.text("webhook_secret"));
}
