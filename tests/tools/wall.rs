//! The wall: what a tool must not see, tried by tools of every kind.

use model_server::Reply;
use serde_json::json;

use crate::harness::{Model, Organization, Plane, Workspace, shell, unique};

/// The lines that one shell command answers.
async fn answer(org: &Organization, command: &str) -> Vec<String> {
    // It goes on after what it may not do, and ends well.
    let model = Model::new([shell(&format!("{command}; true")), Reply::text("ok")]);
    let id = org.ask(&model, "go").await;
    assert_eq!(org.finished(&id).await["status"], "completed");
    org.tool_answers(&id).await.remove(0).lines().map(str::to_owned).collect()
}

/// An agent with a skill of this type.
async fn agent_with(org: &Organization, model: &Model, kind: &str) -> String {
    let configuration = json!({"enable_save_file": true});
    let body = json!({"name": unique(kind), "type": kind, "configuration": configuration});
    let skill = org.create("/api/v1/skills", body).await;
    let body = json!({"name": unique("agent"), "model_id": model.name, "skill_ids": [skill]});
    org.create("/api/v1/agents", body).await
}

#[tokio::test]
async fn a_command_cannot_read_or_change_the_data_directory() {
    let plane = Plane::start_on_sqlite();
    let org = plane.organization().await;
    let data = plane.data_dir();
    let data = data.display();
    for name in ["admin.token", "signing.key", "credentials", "drover.db", "drover.db-wal", "lock"]
    {
        assert!(std::path::Path::new(&format!("{data}/{name}")).exists(), "{name} is there");
        let tried = answer(
            &org,
            &format!(
                "cat {data}/{name} || echo denied; cp {data}/{name} . || echo denied; \
             ln -sf {data}/{name} link; cat link || echo denied; \
             (: >> {data}/{name}) || echo denied; wc -c < {data}/{name} || echo denied"
            ),
        )
        .await;
        assert_eq!(tried, ["denied"; 5], "{name}");
    }
    let tried = answer(&org, &format!(
        "ls {data} || echo denied; touch {data}/new || echo denied; rm -rf {data}/lock || echo denied; \
         mv {data} elsewhere || echo denied"
    )).await;
    assert_eq!(tried, ["denied"; 4]);
    assert!(plane.data_dir().join("lock").exists());
}

#[plane_test]
async fn a_command_cannot_enter_another_runs_workspace() {
    let plane = Plane::shared();
    let (org, other) = (plane.organization().await, plane.organization().await);
    let model = Model::new([shell("echo precious > file; cat file"), Reply::text("ok")]);
    let victim = other.ask(&model, "go").await;
    other.finished(&victim).await;
    assert_eq!(other.tool_answers(&victim).await, ["precious"]);

    let file = Workspace::of(plane, &victim).path().join("file");
    let file = file.display();
    let tried = answer(
        &org,
        &format!(
            "cat {file} || echo denied; cat ../../{victim}/files/file || echo denied; \
         ls ../.. || echo denied; (echo mine > {file}) || echo denied; \
         ln {file} link || echo denied; rm -f {file} || echo denied"
        ),
    )
    .await;
    assert_eq!(tried, ["denied"; 6]);
    assert_eq!(Workspace::of(plane, &victim).read("file"), "precious\n");
}

#[plane_test]
async fn a_command_cannot_see_the_servers_environment() {
    let plane = Plane::shared();
    let org = plane.organization().await;
    // Its own variables come first: they show that the search finds what is there.
    let tried = answer(
        &org,
        &format!(
            "env | grep -c ^DROVER_EXECUTION_ID=; \
         (env; set; cat /proc/*/environ /proc/self/environ /proc/{pid}/environ /proc/1/environ) \
         2> errors | tr '\\0' '\\n' > all; \
         grep -c -e DROVER_TEST_CANARY -e the-servers-environment -e sk-test- -e API_KEY all; \
         cat /proc/{pid}/cmdline || echo denied; cat /proc/{pid}/mem || echo denied; \
         ls /proc/{pid}/fd || echo denied; ls /proc/{pid}/root/ || echo denied",
            pid = plane.pid(),
        ),
    )
    .await;
    assert_eq!(tried, ["1", "0", "denied", "denied", "denied", "denied"]);
}

#[plane_test]
async fn file_tools_cannot_leave_the_workspace() {
    let plane = Plane::shared();
    let org = plane.organization().await;
    let token = plane.data_dir().join("admin.token");
    let read = |name: &str| Reply::tool_call("read_file", json!({"file_name": name}));
    let model = Model::new([
        read(&token.display().to_string()),
        read("../../../data/admin.token"),
        read("/proc/self/environ"),
        Reply::tool_call("save_file", json!({"file_name": "../../evil", "contents": "x"})),
        Reply::tool_call("list_files", json!({"directory": "../.."})),
        Reply::tool_call("save_file", json!({"file_name": "mine", "contents": "x"})),
        Reply::text("ok"),
    ]);
    let agent = agent_with(&org, &model, "file_system").await;
    let id = org.execute(&agent, json!({"prompt": "go"})).await;
    org.finished(&id).await;
    let session = org.get(&format!("/api/v1/executions/{id}/session")).await;
    let messages = session.body["messages"].as_array().expect("messages");
    let tools = messages.iter().filter(|message| message["role"] == "tool");
    let statuses: Vec<_> = tools.map(|message| &message["tool_status"]).collect();
    assert_eq!(
        statuses,
        ["failed", "failed", "failed", "failed", "failed", "success"],
        "{session}"
    );
    assert_eq!(Workspace::of(plane, &id).read("mine"), "x");
    let secret = std::fs::read_to_string(token).expect("the token");
    assert!(!session.to_string().contains(secret.trim()));
}

#[plane_test]
async fn python_is_behind_the_same_wall() {
    let plane = Plane::shared();
    let org = plane.organization().await;
    let code = format!(
        "import os\nprint('DROVER_TEST_CANARY' in os.environ, 'OPENAI_API_KEY' in os.environ)\n\
         for path in ['{data}/admin.token', '{data}/signing.key', '/proc/{pid}/environ']:\n    \
             try:\n        print(open(path).read())\n    except OSError:\n        print('denied')\n",
        data = plane.data_dir().display(),
        pid = plane.pid(),
    );
    let model =
        Model::new([Reply::tool_call("run_python_code", json!({"code": code})), Reply::text("ok")]);
    let agent = agent_with(&org, &model, "python").await;
    let id = org.execute(&agent, json!({"prompt": "go"})).await;
    org.finished(&id).await;
    let answers = org.tool_answers(&id).await;
    assert_eq!(
        answers[0].lines().collect::<Vec<_>>(),
        ["False False", "denied", "denied", "denied"]
    );
}
