//! What no log line says, however much is logged.

use model_server::{ModelServer, Reply as Said};
use serde_json::json;

use crate::harness::program::Terminal;
use crate::harness::{Plane, Reply, tokens, unique};

#[plane_test(stores)]
async fn the_log_tells_no_key_prompt_or_answer_even_at_its_most_talkative() {
    for format in ["pretty", "json"] {
        let plane = Plane::start_with(&["--log", "trace", "--log-format", format]);
        let org = plane.organization().await;
        let model = unique("model");
        let command = json!({"command": "echo canary-of-the-tool; echo $VARIABLE"});
        let replies = vec![
            Said::tool_call("run_shell_command", command),
            Said::text("canary-of-the-answer"),
            Said::status(500).body("canary-of-the-provider"),
        ];
        ModelServer::shared().script(&model, replies);
        let agent = json!({
            "name": "canary-of-the-name", "model_id": model, "system_prompt": "canary-of-the-agent",
            "execution_environment": {"env_vars": {"VARIABLE": "canary-of-the-environment"}},
        });
        let agent = org.create("/api/v1/agents", agent).await;
        let job = org.job(&agent, "canary-of-the-prompt {{who}}").await;
        let run = org.trigger(&job, json!({"who": "canary-of-the-parameter"})).await;
        assert_eq!(org.finished(&run).await["status"], "completed");
        let hook = json!({
            "name": "hook", "trigger_type": "webhook", "prompt_template": "x", "entity_id": agent,
        });
        let hook = org.post("/api/v1/jobs", hook).await;
        let mail = json!({"name": unique("org"), "owner_email": "canary@example.com"});
        let made = plane.operator_post("/api/v1/organizations", mail).await;
        // Requests that fail are logged too.
        org.post("/api/v1/agents", json!({"name": 7, "description": "canary-of-a-bad-body"})).await;
        let wrong = org.with_key(&org.key.replace('.', "x"));
        assert_eq!(wrong.get("/api/v1/agents?canary-of-the-query").await.status, 401);
        let raw = plane
            .http
            .get(format!("{}/api/v1/agents", plane.url))
            .header("UserKey", "canary-of-a-key");
        assert_eq!(Reply::read(raw).await.status, 401);
        let log = plane.log();
        assert!(log.contains("TRACE") && log.contains("ready"), "the log is talkative: {log}");
        let admin = std::fs::read_to_string(plane.data_dir().join("admin.token")).expect("a token");
        let seed = std::fs::read_to_string(plane.data_dir().join("signing.key")).expect("a key");
        let signature = |key: &str| key.rsplit('.').next().expect("a signature").to_owned();
        let secrets = [
            org.key.clone(),
            signature(&org.key),
            signature(&plane.seeded().key),
            signature(&made.text("api_key")),
            "sk-test-openai".to_owned(),
            "sk-test-anthropic".to_owned(),
            admin.trim().to_owned(),
            seed.trim().to_owned(),
            hook.text("webhook_secret"),
            "canary".to_owned(),
            "example.com".to_owned(),
            tokens::claims(&org.key)["email"].as_str().expect("an address").to_owned(),
        ];
        for secret in secrets {
            let line = log.lines().find(|line| line.contains(&secret));
            assert_eq!(line, None, "{format}: `{secret}` is in the log");
        }
    }
}

#[plane_test]
async fn commands_say_no_key_that_they_were_given() {
    let org = Plane::shared().organization().await;
    for arguments in [&["job", "list"][..], &["job", "get", "job_x"], &["dev", "--listen", "x"]] {
        let terminal = Terminal::of(&org).with("DROVER_LOG", "trace");
        let ended = terminal.with("OPENAI_API_KEY", "sk-test-openai").run(arguments);
        let told = format!("{}{}", ended.stdout, ended.stderr);
        assert!(!told.contains(&org.key) && !told.contains("sk-test-openai"), "{ended:?}");
    }
}
