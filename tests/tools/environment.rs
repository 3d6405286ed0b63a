//! The environment of a tool.

use model_server::Reply;
use serde_json::json;

use crate::harness::{Model, Plane, shell, unique};

#[plane_test]
async fn every_call_has_a_key_of_its_own_and_the_runs_id() {
    let org = Plane::shared().organization().await;
    let show = "echo $DROVER_EXECUTION_ID $DROVER_IDEMPOTENCY_KEY";
    let both = shell(show).and_call("run_shell_command", json!({"command": show}));
    let model = Model::new([both, shell(show), Reply::text("ok")]);
    let id = org.ask(&model, "go").await;
    org.finished(&id).await;
    let answers = org.tool_answers(&id).await;
    let keys: Vec<_> =
        answers.iter().filter_map(|text| text.strip_prefix(&format!("{id} "))).collect();
    assert_eq!(keys.len(), 3, "{answers:?}");
    assert!(keys.iter().all(|key| key.starts_with(&format!("{id}-"))), "{keys:?}");
    assert!(keys[0] != keys[1] && keys[1] != keys[2] && keys[0] != keys[2], "{keys:?}");
}

#[plane_test]
async fn variables_of_environments_of_the_agent_and_of_the_run_reach_the_tool_in_layers() {
    let org = Plane::shared().organization().await;
    let show = || shell("echo $FLAVOUR $SIZE $REGION $DROVER_EXECUTION_ID");
    let model = Model::new([show(), Reply::text("ok"), show(), Reply::text("ok")]);
    let environment = json!({
        "name": unique("north"),
        "execution_environment": {"env_vars": {"REGION": "north", "SIZE": "huge"}},
    });
    let environment = org.create("/api/v1/environments", environment).await;
    let body = json!({
        "name": unique("agent"), "model_id": model.name, "environment_ids": [environment],
        "execution_environment": {"env_vars": {"FLAVOUR": "vanilla", "SIZE": "small"}},
    });
    let agent = org.create("/api/v1/agents", body).await;
    let plain = org.execute(&agent, json!({"prompt": "go"})).await;
    org.finished(&plain).await;
    assert_eq!(org.tool_answers(&plain).await, [format!("vanilla small north {plain}")]);

    let env = json!({"FLAVOUR": "two words", "DROVER_EXECUTION_ID": "forged"});
    let body = json!({"prompt": "go", "execution_environment": {"env_vars": env}});
    let other = org.execute(&agent, body).await;
    org.finished(&other).await;
    assert_eq!(org.tool_answers(&other).await, [format!("two words small north {other}")]);
}

#[plane_test]
async fn variables_of_a_job_reach_the_tool_and_no_prompt() {
    let org = Plane::shared().organization().await;
    let model = Model::new([shell("test \"$PASSWORD\" = hunter2 && echo same"), Reply::text("ok")]);
    let agent = org.agent(&model.name).await;
    let body = json!({
        "name": unique("job"), "trigger_type": "manual", "prompt_template": "go",
        "planning_mode": "predefined_agent", "entity_type": "agent", "entity_id": agent,
        "execution_environment": {"env_vars": {"PASSWORD": "hunter2"}},
    });
    let job = org.create("/api/v1/jobs", body).await;
    let id = org.trigger(&job, json!({})).await;
    org.finished(&id).await;
    assert_eq!(org.tool_answers(&id).await, ["same"]);
    let sent: Vec<_> =
        model.requests().iter().map(|request| request.body["messages"][0].clone()).collect();
    assert!(!json!(sent).to_string().contains("hunter2"));
    let log = org.log(&id).await;
    assert!(!json!(log[0]).to_string().contains("hunter2"));
}

#[plane_test]
async fn the_shell_starts_in_an_empty_home_of_its_own() {
    let org = Plane::shared().organization().await;
    let model = Model::new([
        shell("test \"$PWD\" = \"$HOME\" && ls -A && touch \"$TMPDIR/x\" && ls -A && echo home"),
        Reply::text("ok"),
    ]);
    let id = org.ask(&model, "go").await;
    org.finished(&id).await;
    assert_eq!(org.tool_answers(&id).await, ["home"]);
}
