//! Starting a run of a job.

use model_server::{ModelServer, Reply as Said};
use reqwest::Method;
use serde_json::{Value, json};

use super::{JOBS, job};
use crate::harness::{Plane, Reply, unique};

#[plane_test]
async fn a_job_runs_and_the_run_knows_its_job() {
    let org = Plane::shared().organization().await;
    let agent = org.agent("instant").await;
    let id = org.create(JOBS, job(json!({"entity_id": agent}))).await;
    let reply = org.post(&format!("{JOBS}/{id}/trigger"), json!({})).await;
    let run = reply.text("execution_id");
    assert_eq!(
        reply.body,
        json!({
            "job_id": id, "execution_id": run, "workflow_id": format!("agent-execution-{run}"),
            "status": "started", "message": "Job execution started successfully",
        })
    );
    let ended = org.finished(&run).await;
    assert_eq!(
        (&ended["status"], &ended["response"]),
        (&json!("completed"), &json!("All is well."))
    );
    assert_eq!((&ended["job_id"], &ended["entity_id"]), (&json!(id), &json!(agent)));
    assert_eq!(
        (&ended["trigger_source"], &ended["prompt"]),
        (&json!("job_manual"), &json!("What is new?"))
    );
    assert_eq!(
        (&ended["runner_name"], &ended["execution_type"]),
        (&json!("default"), &json!("AGENT"))
    );
    assert_eq!(ended["user_email"], format!("owner@{}", org.name));
    assert_eq!(ended["execution_metadata"]["job_name"], "nightly");
}

#[plane_test]
async fn an_absent_body_is_an_empty_one() {
    let org = Plane::shared().organization().await;
    let job = org.job(&org.agent("instant").await, "Hello").await;
    let path = format!("{JOBS}/{job}/trigger");
    let bare = org.request(Method::POST, &path);
    assert_eq!(Reply::read(bare).await.status, 200);
    let json = org.request(Method::POST, &path).header("Content-Type", "application/json");
    assert_eq!(Reply::read(json).await.status, 200, "what the command line sends");
    assert_eq!(
        org.post(&path, json!({"parameters": {}, "config_override": null})).await.status,
        200
    );
}

#[plane_test]
async fn parameters_of_any_kind_fill_the_prompt() {
    let org = Plane::shared().organization().await;
    let template =
        "{{who}} {{n}} {{yes}} {{none}} {{list}} {{map}} {{größe}} {{ who }} {{}} {{who}}";
    let job = org.job(&org.agent("instant").await, template).await;
    let parameters = json!({
        "who": "a \"b\"", "n": 1.5, "yes": true, "none": null, "list": [1, "x"],
        "map": {"k": {"v": null}}, "größe": "ü", "unused": "x",
    });
    let run = org.trigger(&job, parameters).await;
    let filled = r#"a "b" 1.5 true null [1,"x"] {"k":{"v":null}} ü {{ who }} {{}} a "b""#;
    assert_eq!(org.execution(&run).await["prompt"], filled);
}

#[plane_test]
async fn a_parameter_cannot_pull_in_another() {
    let org = Plane::shared().organization().await;
    let job = org.job(&org.agent("instant").await, "{{a}} {{b}} {{open}}{{close}}").await;
    let parameters = json!({"a": "{{secret}} {{b}}", "b": "{{a}}", "open": "{{", "close": "a}}"});
    let run = org.trigger(&job, parameters).await;
    assert_eq!(org.execution(&run).await["prompt"], "{{secret}} {{b}} {{a}} {{a}}");
}

#[plane_test]
async fn missing_parameters_are_named_also_when_none_came() {
    let org = Plane::shared().organization().await;
    let job = org.job(&org.agent("instant").await, "{{b}} {{a}} {{b}}").await;
    let path = format!("{JOBS}/{job}/trigger");
    let both = ["body.parameters.b", "body.parameters.a"];
    for body in [json!({}), json!({"parameters": {}}), json!({"parameters": {"c": 1}})] {
        let reply = org.post(&path, body.clone()).await;
        assert_eq!(
            (reply.status, reply.fields()),
            (422, both.map(str::to_owned).to_vec()),
            "{body}"
        );
    }
    let reply = Reply::read(org.request(Method::POST, &path)).await;
    assert_eq!((reply.status, reply.fields().len()), (422, 2));
    let reply = org.post(&path, json!({"parameters": {"a": null}})).await;
    assert_eq!(reply.fields(), ["body.parameters.b"]);
    assert_eq!(org.get("/api/v1/executions").await.body, json!([]), "nothing is written");
}

#[plane_test]
async fn a_bad_body_is_refused_by_name() {
    let org = Plane::shared().organization().await;
    let job = org.job(&org.agent("instant").await, "{{a}}").await;
    let deep = (1..34).fold(json!({}), |inner, _| json!({"a": inner}));
    for (body, at) in [
        (json!({"parameters": []}), "body.parameters"),
        (json!({"parameters": "a=b"}), "body.parameters"),
        (json!({"parameters": {"a": deep}}), "body.parameters"),
        (json!({"parameters": {"a": "x".repeat(64 * 1024)}}), "body.parameters"),
        (json!({"parameters": {"a": 1}, "config_override": []}), "body.config_override"),
    ] {
        let reply = org.post(&format!("{JOBS}/{job}/trigger"), body).await;
        assert_eq!((reply.status, reply.fields()), (422, vec![at.to_owned()]), "{at}");
    }
    assert_eq!(org.get("/api/v1/executions").await.body, json!([]), "nothing is written");
}

#[plane_test]
async fn a_filled_prompt_has_the_limit_of_a_prompt() {
    let org = Plane::shared().organization().await;
    let job = org.job(&org.agent("instant").await, &"{{a}}".repeat(9)).await;
    let parameters = json!({"parameters": {"a": "x".repeat(32 * 1024)}});
    let reply = org.post(&format!("{JOBS}/{job}/trigger"), parameters).await;
    assert_eq!((reply.status, reply.fields()), (422, vec!["body.parameters".to_owned()]));
}

#[plane_test]
async fn a_nul_in_a_parameter_is_refused() {
    let org = Plane::shared().organization().await;
    let job = org.job(&org.agent("instant").await, "Hello {{who}}").await;
    let body = json!({"parameters": {"who": "a\0b"}});
    let reply = org.post(&format!("{JOBS}/{job}/trigger"), body).await;
    assert_eq!(
        (reply.status, reply.fields()),
        (422, vec!["body.parameters".to_owned()]),
        "{reply}"
    );
}

#[plane_test]
async fn a_job_without_an_agent_to_run_it_is_refused_with_what_to_do() {
    let org = Plane::shared().organization().await;
    for (fields, words) in [
        (json!({}), "agent `some-agent` does not exist"),
        (json!({"entity_id": "00000000-0000-4000-8000-000000000000"}), "does not exist"),
        (json!({"entity_type": "team"}), "needs an agent"),
        (
            json!({"planning_mode": "predefined_team", "entity_type": "team"}),
            "cannot run teams yet",
        ),
        (json!({"planning_mode": "predefined_workflow"}), "cannot run workflows yet"),
        (json!({"planning_mode": "on_the_fly"}), "on the fly yet"),
        (json!({"executor_type": "specific_queue", "worker_queue_name": "gpu"}), "does not exist"),
        (json!({"executor_type": "environment", "environment_name": "moon"}), "does not exist"),
    ] {
        let id = org.create(JOBS, job(fields.clone())).await;
        let reply = org.post(&format!("{JOBS}/{id}/trigger"), json!({})).await;
        assert_eq!(reply.status, 400, "{fields}: {reply}");
        assert!(reply.text("detail").contains(words), "{fields}: {reply}");
    }
    assert_eq!(org.get("/api/v1/executions").await.body, json!([]), "nothing is written");
}

#[plane_test]
async fn the_job_of_a_deleted_agent_keeps_its_name_and_runs_no_more() {
    let org = Plane::shared().organization().await;
    let agent =
        org.create("/api/v1/agents", json!({"name": "helper", "model_id": "instant"})).await;
    let job = org.job(&agent, "Hello").await;
    org.trigger(&job, json!({})).await;
    org.delete(&format!("/api/v1/agents/{agent}")).await;
    assert_eq!(org.get(&format!("{JOBS}/{job}")).await.body["entity_name"], "helper");
    let reply = org.post(&format!("{JOBS}/{job}/trigger"), json!({})).await;
    assert_eq!(reply.status, 400, "{reply}");
    assert!(reply.text("detail").contains(&agent), "{reply}");
}

#[plane_test]
async fn a_job_that_is_not_there_is_not_found() {
    let org = Plane::shared().organization().await;
    for id in ["job_00000000-0000-4000-8000-000000000000", "nightly"] {
        let reply = org.post(&format!("{JOBS}/{id}/trigger"), json!({})).await;
        assert_eq!(reply.to_string(), format!("404 {{\"detail\":\"Job {id} not found\"}}"));
    }
}

#[plane_test]
async fn a_job_chooses_its_queue_by_name_by_id_or_by_environment() {
    let org = Plane::shared().organization().await;
    let agent = org.agent("instant").await;
    let staging = org.create("/api/v1/environments", json!({"name": "staging"})).await;
    let path = format!("/api/v1/environments/{staging}/worker-queues");
    let gpu = org.create(&path, json!({"name": "gpu"})).await;
    for fields in [
        json!({"executor_type": "specific_queue", "worker_queue_name": "gpu"}),
        json!({"executor_type": "specific_queue", "worker_queue_name": gpu}),
        json!({"executor_type": "environment", "environment_name": "staging"}),
    ] {
        let mut body = job(json!({"entity_id": agent}));
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let run = org.trigger(&org.create(JOBS, body).await, json!({})).await;
        let run = org.execution(&run).await;
        assert_eq!(
            (&run["worker_queue_id"], &run["status"]),
            (&json!(gpu), &json!("pending")),
            "{fields}"
        );
        let waits = run["waiting_for"].as_str().unwrap_or_else(|| panic!("{run}"));
        assert!(waits.contains("gpu"), "it is visible what it waits for: {waits}");
    }
}

#[plane_test]
async fn the_jobs_instructions_go_over_the_agents() {
    let org = Plane::shared().organization().await;
    let model = unique("model");
    ModelServer::shared().script(&model, vec![Said::text("Done.")]);
    let agent = json!({"name": "a", "model_id": model, "system_prompt": "Agent's words."});
    let agent = org.create("/api/v1/agents", agent).await;
    for (system_prompt, said) in
        [(Value::Null, "Agent's words."), (json!("Job's words."), "Job's words.")]
    {
        let body = job(json!({"entity_id": agent, "system_prompt": system_prompt}));
        let run = org.trigger(&org.create(JOBS, body).await, json!({})).await;
        org.finished(&run).await;
        let requests = ModelServer::shared().requests(&model);
        let messages = requests.last().expect("a request").body["messages"].to_string();
        assert!(messages.contains(said), "{messages}");
    }
}

#[plane_test]
async fn limits_come_from_the_agent_under_the_job_under_the_trigger() {
    let org = Plane::shared().organization().await;
    let model = unique("endless");
    let again = Said::tool_call("run_shell_command", json!({"command": "true"}));
    ModelServer::shared().script(&model, vec![again]);
    let agent = json!({
        "name": "a", "model_id": model, "configuration": {"limits": {"max_turns": 3}},
    });
    let agent = org.create("/api/v1/agents", agent).await;
    let plain = org.create(JOBS, job(json!({"entity_id": agent}))).await;
    let config = json!({"limits": {"max_turns": 2}});
    let limited = org.create(JOBS, job(json!({"entity_id": agent, "config": config}))).await;
    let over = json!({"config_override": {"limits": {"max_turns": 1}}});
    for (id, body, turns) in [(&plain, json!({}), 3), (&limited, json!({}), 2), (&limited, over, 1)]
    {
        let before = ModelServer::shared().requests(&model).len();
        let reply = org.post(&format!("{JOBS}/{id}/trigger"), body).await;
        let ended = org.finished(&reply.text("execution_id")).await;
        assert_eq!(ended["status"], "failed", "{ended}");
        let why = ended["error_message"].as_str().expect("a reason");
        assert!(why.contains("max_turns"), "the limit is named: {why}");
        assert_eq!(ModelServer::shared().requests(&model).len() - before, turns);
    }
    assert_eq!(org.get(&format!("{JOBS}/{limited}")).await.body["config"], config, "the job stays");
}

#[plane_test]
async fn variables_of_the_job_reach_its_tools() {
    let org = Plane::shared().organization().await;
    let model = unique("model");
    let echo = json!({"command": "echo \"$OF_AGENT $OF_BOTH $OF_JOB\""});
    ModelServer::shared()
        .script(&model, vec![Said::tool_call("run_shell_command", echo), Said::text("Done.")]);
    let agent = json!({
        "name": "a", "model_id": model,
        "execution_environment": {"env_vars": {"OF_AGENT": "agent", "OF_BOTH": "agent"}},
    });
    let agent = org.create("/api/v1/agents", agent).await;
    let variables = json!({"env_vars": {"OF_BOTH": "job", "OF_JOB": "job"}});
    let body = job(json!({"entity_id": agent, "execution_environment": variables}));
    let run = org.trigger(&org.create(JOBS, body).await, json!({})).await;
    assert_eq!(org.finished(&run).await["status"], "completed");
    let log = org.log(&run).await;
    let told = log.iter().find(|entry| entry["event_type"] == "tool_completed").expect("a result");
    assert!(told.to_string().contains("agent job job"), "{told}");
}

#[plane_test]
async fn a_trigger_with_a_key_starts_one_run() {
    let org = Plane::shared().organization().await;
    let job = org.job(&org.agent("instant").await, "Hello {{who}}").await;
    let path = format!("{JOBS}/{job}/trigger");
    let trigger = async |key: &str, who: &str| {
        let request = org.request(Method::POST, &path).header("Idempotency-Key", key);
        Reply::read(request.json(&json!({"parameters": {"who": who}}))).await
    };
    let (first, second) = tokio::join!(trigger("k", "a"), trigger("k", "a"));
    assert_eq!((first.status, second.status), (200, 200));
    assert_eq!(first.text("execution_id"), second.text("execution_id"));
    assert_eq!(trigger("k", "a").await.text("execution_id"), first.text("execution_id"));
    let other = trigger("k", "b").await;
    assert_eq!((other.status, other.fields()), (422, vec!["header.Idempotency-Key".to_owned()]));
    assert_ne!(trigger("l", "a").await.text("execution_id"), first.text("execution_id"));
    assert_eq!(org.get(&format!("{JOBS}/{job}/executions")).await.body["total"], 2);
}

#[plane_test]
async fn who_prefers_to_wait_gets_the_finished_run() {
    let org = Plane::shared().organization().await;
    let job = org.job(&org.agent("instant").await, "Hello").await;
    let path = format!("{JOBS}/{job}/trigger");
    let reply = Reply::read(org.request(Method::POST, &path).header("Prefer", "wait=30")).await;
    let run = &reply.body["execution"];
    assert_eq!(
        (&run["status"], &run["response"]),
        (&json!("completed"), &json!("All is well.")),
        "{reply}"
    );
    assert_eq!(run["id"], reply.body["execution_id"]);
    assert_eq!(reply.body["status"], "started", "the plain reply is as ever");
}
