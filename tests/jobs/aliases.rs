//! The command line's older words for a job (contract, clients K8).

use serde_json::json;

use super::JOBS;
use crate::harness::Plane;

#[plane_test]
async fn a_schedule_makes_a_cron_job_of_an_agent() {
    let org = Plane::shared().organization().await;
    let sent = json!({
        "name": "nightly", "agent_id": "some-agent", "schedule": "0 3 * * *",
        "timezone": "Europe/Berlin", "prompt": "What is new?",
    });
    let made = org.post(JOBS, sent.clone()).await;
    assert_eq!(made.status, 201, "{made}");
    for (field, value) in [
        ("trigger_type", "cron"),
        ("cron_schedule", "0 3 * * *"),
        ("cron_timezone", "Europe/Berlin"),
        ("planning_mode", "predefined_agent"),
        ("entity_type", "agent"),
        ("entity_id", "some-agent"),
        ("prompt_template", "What is new?"),
    ] {
        assert_eq!(made.text(field), value, "{field}");
    }
    for (field, value) in sent.as_object().unwrap() {
        assert_eq!(made.body[field], *value, "{field} comes back too");
    }
    assert_eq!(made.body["next_run_at"], made.body["next_execution_at"]);
}

#[plane_test]
async fn a_path_makes_a_webhook_job_of_a_team() {
    let org = Plane::shared().organization().await;
    let sent =
        json!({"name": "hook", "team_id": "some-team", "webhook_path": "/mine", "prompt": "Hi"});
    let made = org.post(JOBS, sent).await;
    assert_eq!(made.status, 201, "{made}");
    assert_eq!(
        (made.text("trigger_type"), made.text("entity_type")),
        ("webhook".into(), "team".into())
    );
    assert_eq!(
        (made.text("planning_mode"), made.text("team_id")),
        ("predefined_team".into(), "some-team".into())
    );
    assert!(made.text("webhook_path").starts_with("/api/v1/jobs/webhook/"), "the plane's own");
}

#[plane_test]
async fn neither_makes_a_manual_job_and_empty_words_are_no_words() {
    let org = Plane::shared().organization().await;
    let sent = json!({
        "name": "once", "agent_id": "some-agent", "team_id": "", "schedule": "", "timezone": "",
        "webhook_path": "", "prompt": "Hi",
    });
    let made = org.post(JOBS, sent).await;
    assert_eq!((made.status, made.text("trigger_type").as_str()), (201, "manual"), "{made}");
}

#[plane_test]
async fn the_contracts_words_win() {
    let org = Plane::shared().organization().await;
    let sent = json!({
        "name": "both", "trigger_type": "manual", "prompt_template": "New", "prompt": "Old",
        "cron_schedule": "@daily", "schedule": "@hourly", "entity_id": "new", "agent_id": "old",
    });
    let made = org.post(JOBS, sent).await;
    let got = ["trigger_type", "prompt", "schedule", "agent_id"].map(|field| made.text(field));
    assert_eq!(got, ["manual", "New", "@daily", "new"]);
}

#[plane_test]
async fn a_change_takes_them_too() {
    let org = Plane::shared().organization().await;
    let made = json!({"name": "n", "agent_id": "some-agent", "prompt": "Hi"});
    let path = format!("{JOBS}/{}", org.create(JOBS, made).await);
    let change = json!({"prompt": "Bye", "team_id": "some-team", "schedule": "@daily"});
    let changed = org.patch(&path, change).await;
    assert_eq!(changed.status, 200, "{changed}");
    assert_eq!(
        (changed.text("prompt_template"), changed.text("entity_id")),
        ("Bye".into(), "some-team".into())
    );
    assert_eq!(
        (changed.text("planning_mode"), changed.text("trigger_type")),
        ("predefined_team".into(), "cron".into())
    );
}

#[plane_test]
async fn an_agent_and_a_team_exclude_each_other() {
    let org = Plane::shared().organization().await;
    let sent = json!({"name": "n", "agent_id": "a", "team_id": "t", "prompt": "Hi"});
    let reply = org.post(JOBS, sent).await;
    assert_eq!((reply.status, reply.fields()), (422, vec!["body.team_id".to_owned()]));
}
