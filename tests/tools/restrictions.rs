//! What a skill lets through, as the skill says and as its agent narrows it.

use model_server::Reply;
use serde_json::{Value, json};

use crate::harness::{Model, Organization, Plane, shell, unique};

/// What the commands answer, one after the other, with a shell of these settings in an agent that
/// lays others over them.
async fn answers(org: &Organization, skill: Value, agent: Value, commands: &[&str]) -> Vec<String> {
    let replies = commands.iter().map(|command| shell(command)).chain([Reply::text("ok")]);
    let model = Model::new(replies.collect::<Vec<_>>());
    let body = json!({"name": unique("shell"), "type": "shell", "configuration": skill});
    let skill = org.create("/api/v1/skills", body).await;
    let body = json!({
        "name": unique("agent"), "model_id": model.name, "skill_ids": [skill],
        "skill_configurations": {(skill.as_str()): agent},
    });
    let agent = org.create("/api/v1/agents", body).await;
    let id = org.execute(&agent, json!({"prompt": "go"})).await;
    assert_eq!(org.finished(&id).await["status"], "completed");
    org.tool_answers(&id).await
}

#[plane_test]
async fn only_allowed_commands_run() {
    let org = Plane::shared().organization().await;
    let allowed = json!({"allowed_commands": ["echo"]});
    let commands = ["echo yes", "touch no; echo no", "echo $(touch no)", "echo a | sh"];
    let answers = answers(&org, allowed, json!({}), &commands).await;
    assert_eq!(answers[0], "yes");
    for answer in &answers[1..] {
        assert!(answer.contains("allowed") && !answer.contains("no such"), "{answer}");
    }
}

#[plane_test]
async fn blocked_commands_do_not_run() {
    let org = Plane::shared().organization().await;
    let blocked = json!({"blocked_commands": ["touch"]});
    let commands = ["touch file", "echo x; /usr/bin/touch file", "ls; echo listed"];
    let answers = answers(&org, blocked, json!({}), &commands).await;
    assert_eq!(answers[2], "listed", "nothing was touched");
    for answer in &answers[..2] {
        assert!(answer.contains("touch"), "{answer}");
    }
}

#[plane_test]
async fn an_agent_lays_its_settings_over_those_of_the_skill() {
    let org = Plane::shared().organization().await;
    let skill = json!({"allowed_commands": ["echo", "touch"]});
    let agent = json!({"allowed_commands": ["echo"]});
    let answers = answers(&org, skill, agent, &["touch file", "echo yes"]).await;
    assert!(answers[0].contains("allowed"), "{answers:?}");
    assert_eq!(answers[1], "yes");
}

#[plane_test]
async fn a_model_is_offered_only_the_tools_of_its_agents_skills() {
    let org = Plane::shared().organization().await;
    let model = Model::new([
        shell("echo no"),
        Reply::tool_call("save_file", json!({"file_name": "x", "contents": "x"})),
        Reply::text("ok"),
    ]);
    let body = json!({
        "name": unique("files"), "type": "file_system", "configuration": {"read_only": true},
    });
    let skill = org.create("/api/v1/skills", body).await;
    let body = json!({"name": unique("agent"), "model_id": model.name, "skill_ids": [skill]});
    let agent = org.create("/api/v1/agents", body).await;
    let id = org.execute(&agent, json!({"prompt": "go"})).await;
    org.finished(&id).await;
    let offered = model.requests()[0].body["tools"].to_string();
    assert!(offered.contains("read_file"), "{offered}");
    assert!(!offered.contains("run_shell_command") && !offered.contains("save_file"), "{offered}");
    let answers = org.tool_answers(&id).await;
    assert!(answers[0].contains("no tool `run_shell_command`"), "{answers:?}");
    assert!(answers[1].contains("save_file"), "{answers:?}");
    assert!(!answers[1].starts_with('x'), "{answers:?}");
}
