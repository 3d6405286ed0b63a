//! A tenant with a hundred open executions and twenty cron jobs goes from SQLite to Postgres and back.

use futures_util::future::join_all;
use model_server::{Hang, Reply};
use serde_json::{Map, Value, json};

use super::Place;
use crate::harness::{
    Database, Model, Organization, Plane, Worker, shell, temporal_server, unique,
};

/// Runs that wait for a worker, that wait for a person, and that a worker has.
const PENDING: usize = 80;
const WAITING: usize = 10;
const RUNNING: usize = 10;
const CRON_JOBS: usize = 20;

/// What the tenant has.
struct Tenant {
    org: Organization,
    queue: String,
    pending: Vec<String>,
    waiting: Vec<String>,
    running: Vec<String>,
    over: String,
    viewer: String,
    revoked: String,
}

impl Tenant {
    async fn settle(plane: &Plane) -> Self {
        let org = plane.organization().await;
        catalogue(&org).await;
        let queue = org.queue_without_worker().await;
        let agent = org.agent("instant").await;
        let ask = |_| org.execute(&agent, json!({"prompt": "go", "worker_queue_id": queue}));
        let pending = join_all((0..PENDING).map(ask)).await;
        let waiting = join_all((0..WAITING).map(|_| waits(&org))).await;
        let running = join_all((0..RUNNING).map(|_| runs(&org))).await;
        let model = Model::new([shell("echo made > made; echo $((6*7))"), Reply::text("42.")]);
        let over = org.ask(&model, "Say it, with ünïcödé.").await;
        assert_eq!(org.finished(&over).await["status"], "completed");
        let asked =
            json!({"execution_id": pending[0], "tool_name": "deploy", "tool_args": {"a": 1}});
        let asked = org.with_role("worker").await.create("/api/v1/approvals", asked).await;
        let reject = format!("/api/v1/approvals/{asked}/reject");
        assert_eq!(org.post(&reject, json!({"reason": "Not now"})).await.status, 200);
        org.create("/api/v1/approvals", json!({"execution_id": waiting[0], "title": "Go?"})).await;
        let viewer = org.with_role("viewer").await.key;
        let revoked = org.with_role("member").await.key;
        let id = crate::harness::tokens::claims(&revoked)["jti"].clone();
        let path = format!("/api/v1/api-keys/{}", id.as_str().expect("an id"));
        assert_eq!(org.delete(&path).await.status, 200);
        Self { org, queue, pending, waiting, running, over, viewer, revoked }
    }

    fn open(&self) -> usize {
        self.pending.len() + self.waiting.len() + self.running.len()
    }

    /// Everything that the API says of it, but for the runs that a worker has.
    async fn seen_at(&self, plane: &Plane) -> Map<String, Value> {
        let org = self.org.at(plane);
        let mut seen = Map::new();
        let lists = ["agents", "jobs", "skills", "environments", "worker-queues", "api-keys"];
        let mut paths: Vec<String> = lists.map(|list| format!("/api/v1/{list}")).into();
        paths.push("/api/v1/approvals".to_owned());
        paths.push(format!("/api/v1/environments/{}/worker-queues", org.environment_id));
        let still = self.pending.iter().chain(&self.waiting).chain([&self.over]);
        for run in still {
            let run = format!("/api/v1/executions/{run}");
            paths.extend(["", "/events?limit=500", "/session"].map(|of| format!("{run}{of}")));
        }
        for path in paths {
            let reply = org.get(&path).await;
            assert_eq!(reply.status, 200, "{path}: {reply}");
            // Addresses of webhooks name the plane.
            let body = reply.body.to_string().replace(&plane.url, "http://plane");
            seen.insert(path, serde_json::from_str(&body).expect("JSON"));
        }
        let jobs = org.get("/api/v1/jobs").await;
        for job in jobs.texts("id") {
            for of in ["", "/executions"] {
                let path = format!("/api/v1/jobs/{job}{of}");
                let body = org.get(&path).await.body.to_string();
                let body = body.replace(&plane.url, "http://plane");
                seen.insert(path, serde_json::from_str(&body).expect("JSON"));
            }
        }
        seen.insert("ids of executions".into(), json!(execution_ids(&org).await));
        seen
    }

    async fn keys_are_as_good_as_before(&self, plane: &Plane) {
        let org = self.org.at(plane);
        assert_eq!(org.get("/api/v1/auth/validate").await.text("id"), org.name);
        let viewer = org.with_key(&self.viewer);
        assert_eq!(viewer.get("/api/v1/jobs").await.status, 200);
        assert_eq!(viewer.post("/api/v1/agents", json!({"name": "x"})).await.status, 403);
        assert_eq!(org.with_key(&self.revoked).get("/api/v1/jobs").await.status, 401);
    }
}

/// Twenty cron jobs, a webhook, skills of an agent, environments.
async fn catalogue(org: &Organization) {
    let agent = org.agent("instant").await;
    for number in 0..CRON_JOBS {
        let body = json!({
            "name": format!("nightly {number}"), "trigger_type": "cron",
            "cron_schedule": format!("{number} 3 * * *"), "cron_timezone": "Europe/Berlin",
            "prompt_template": "What is new, {{who}}?", "planning_mode": "predefined_agent",
            "entity_type": "agent", "entity_id": agent, "enabled": number % 5 != 0,
        });
        org.create("/api/v1/jobs", body).await;
    }
    let hook = json!({
        "name": "hook", "trigger_type": "webhook", "prompt_template": "x", "entity_id": agent,
        "entity_type": "agent", "execution_environment": {"env_vars": {"A": "b"}},
    });
    org.create("/api/v1/jobs", hook).await;
    let manual = org.job(&agent, "Say {{what}}.").await;
    let run = org.trigger(&manual, json!({"what": "hello"})).await;
    assert_eq!(org.finished(&run).await["status"], "completed");
    org.create("/api/v1/environments", json!({"name": unique("stage"), "tags": ["a", "b"]})).await;
}

/// A run that waits for a person.
async fn waits(org: &Organization) -> String {
    let model = Model::new(["Hello!", "I am well.", "Home again."].map(Reply::text));
    let agent = org.agent(&model.name).await;
    let body = json!({"prompt": "Hi.", "execution_metadata": {"interactive": true}});
    let id = org.execute(&agent, body).await;
    org.waits_for_input(&id, None).await;
    id
}

/// A run in the middle of an answer.
async fn runs(org: &Organization) -> String {
    let answer = || Reply::chunks(["I am", " moving."]);
    let model = Model::new([answer().hang(Hang::After(1)), answer(), answer()]);
    let id = org.ask(&model, "go").await;
    org.stream_until(&id, None, |frame| frame.event == "message_chunk").await;
    id
}

async fn execution_ids(org: &Organization) -> Vec<String> {
    let reply = org.get("/api/v1/executions?limit=200").await;
    let executions = reply.body["executions"].as_array().or(reply.body.as_array());
    let ids = executions.unwrap_or_else(|| panic!("a list: {reply}")).iter();
    ids.map(|run| run["id"].as_str().or(run["execution_id"].as_str()).expect("an id").to_owned())
        .collect()
}

fn assert_same(before: &Map<String, Value>, after: &Map<String, Value>) {
    for (path, value) in before {
        assert_eq!(Some(value), after.get(path), "{path}");
    }
    assert_eq!(before.len(), after.len());
}

/// What a worker of the old plane had goes on: its log is the old one, says that it was queued again,
/// and tells no word twice.
async fn go_on(org: &Organization, run: &str, before: &[Value]) {
    let ended = org.finished(run).await;
    assert_eq!(
        (&ended["status"], &ended["response"]),
        (&json!("completed"), &json!("I am moving."))
    );
    let log = org.log(run).await;
    assert_eq!(&log[..before.len()], before, "what was told is told as it was");
    assert_eq!(log[before.len()]["data"]["status"], "queued", "{log:?}");
    let chunks: String = log
        .iter()
        .filter(|entry| entry["event_type"] == "message_chunk")
        .map(|entry| entry["data"]["data"]["content"].as_str().expect("a text"))
        .collect();
    assert_eq!(chunks, "I am moving.");
}

#[tokio::test]
async fn nothing_is_lost_on_the_way_to_postgres_and_back() {
    let files = tempfile::tempdir().expect("a temporary directory");
    let mut sqlite = Plane::start_on_sqlite();
    let tenant = Tenant::settle(&sqlite).await;
    let (org, open) = (&tenant.org, tenant.open());
    assert_eq!(open, 100);
    let before = tenant.seen_at(&sqlite).await;
    let logs = join_all(tenant.running.iter().map(|run| org.log(run))).await;
    sqlite.kill();

    let file = files.path().join("to-postgres");
    let told = Place::Directory(&sqlite.data_dir()).export(&org.name, &file);
    assert_eq!(told["open_executions"], json!(open));
    let database = Database::make();
    let nowhere = files.path().join("nowhere");
    let told = Place::Postgres(&database.url, &nowhere).import(&file);
    assert_eq!((&told["open_executions"], &told["queued_again"]), (&json!(open), &json!(RUNNING)));
    let states = "SELECT count(*) FROM executions WHERE status = 'queued'";
    assert_eq!(database.ask(states), RUNNING.to_string(), "no run is `running` without a worker");

    let mut postgres = Plane::start_on(database);
    let here = org.at(&postgres);
    assert_same(&before, &tenant.seen_at(&postgres).await);
    tenant.keys_are_as_good_as_before(&postgres).await;
    for (run, log) in tenant.running.iter().zip(&logs) {
        go_on(&here, run, log).await;
    }
    let before = tenant.seen_at(&postgres).await;
    postgres.terminate();

    let file = files.path().join("back");
    let keys = postgres.data_dir();
    let told = Place::Postgres(&postgres.database().url, &keys).remove(&org.name, &file);
    assert_eq!(told["open_executions"], json!(PENDING + WAITING));
    nothing_is_left(postgres.database(), &org.name);
    let directory = tempfile::tempdir().expect("a temporary directory");
    let told = Place::Directory(&directory.path().join("data")).import(&file);
    assert_eq!(told["queued_again"], 0);

    let home = Plane::start_in(directory);
    assert_same(&before, &tenant.seen_at(&home).await);
    tenant.keys_are_as_good_as_before(&home).await;
    everything_goes_on(&tenant, &org.at(&home)).await;
}

#[tokio::test]
async fn what_was_begun_elsewhere_goes_on_under_temporal_and_back_at_home() {
    let files = tempfile::tempdir().expect("a temporary directory");
    let mut sqlite = Plane::start_on_sqlite();
    let tenant = Tenant::settle(&sqlite).await;
    let org = &tenant.org;
    let logs = join_all(tenant.running.iter().map(|run| org.log(run))).await;
    sqlite.kill();
    let file = files.path().join("to-temporal");
    Place::Directory(&sqlite.data_dir()).export(&org.name, &file);
    let database = Database::make();
    Place::Postgres(&database.url, &files.path().join("nowhere")).import(&file);

    let mut temporal = Plane::start_on_temporal(database, &temporal_server());
    let here = org.at(&temporal);
    {
        let _worker = Worker::start(&here, &[&org.queue_id]);
        for (run, log) in tenant.running.iter().zip(&logs) {
            go_on(&here, run, log).await;
        }
        everything_goes_on(&tenant, &here).await;
    }
    // What waits for a person is on its way back; so is what waits for a worker.
    let agent = here.agent("instant").await;
    let ask = json!({"prompt": "go", "worker_queue_id": tenant.queue});
    let late = here.execute(&agent, ask).await;
    // Queues still count the workers that have just been killed.
    let lasting = |seen: Map<String, Value>| {
        seen.into_iter().filter(|(path, _)| !path.contains("worker-queues")).collect()
    };
    let before = lasting(tenant.seen_at(&temporal).await);
    temporal.terminate();
    let file = files.path().join("back");
    let keys = temporal.data_dir();
    let told = Place::Postgres(&temporal.database().url, &keys).remove(&org.name, &file);
    assert_eq!(told["open_executions"], json!(WAITING + 1));
    nothing_is_left(temporal.database(), &org.name);
    let directory = tempfile::tempdir().expect("a temporary directory");
    Place::Directory(&directory.path().join("data")).import(&file);

    let home = Plane::start_in(directory);
    assert_same(&before, &lasting(tenant.seen_at(&home).await));
    let here = org.at(&home);
    let _worker = Worker::start(&here, &[&tenant.queue]);
    assert_eq!(here.finished(&late).await["status"], "completed");
    for run in &tenant.waiting {
        let last = here.log(run).await.len();
        assert_eq!(here.say(run, "And now?").await.status, 202);
        here.waits_for_input(run, Some(&last.to_string())).await;
    }
}

/// No table has a row of the organization, nor one of a run that is not there.
fn nothing_is_left(database: &Database, organization: &str) {
    let tables = |column: &str| {
        let list = format!(
            "SELECT string_agg(table_name, ' ') FROM information_schema.columns \
             WHERE table_schema = 'public' AND column_name = '{column}'"
        );
        let names = database.ask(&list);
        names.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    let (named, of_runs) = (tables("organization_id"), tables("execution_id"));
    assert!(named.len() > 10 && of_runs.len() > 4, "{named:?} {of_runs:?}");
    for table in named {
        let rows = format!("SELECT count(*) FROM {table} WHERE organization_id = '{organization}'");
        assert_eq!(database.ask(&rows), "0", "{table}");
    }
    for table in of_runs {
        let rows = format!(
            "SELECT count(*) FROM {table} WHERE execution_id NOT IN (SELECT id FROM executions)"
        );
        assert_eq!(database.ask(&rows), "0", "{table}");
    }
}

/// The runs that waited come to their end where they are now.
async fn everything_goes_on(tenant: &Tenant, org: &Organization) {
    let _worker = Worker::start(org, &[&tenant.queue]);
    for run in join_all(tenant.pending.iter().map(|run| org.finished(run))).await {
        assert_eq!(
            (&run["status"], &run["response"]),
            (&json!("completed"), &json!("All is well."))
        );
    }
    for run in &tenant.waiting {
        let last = org.log(run).await.len();
        assert_eq!(org.say(run, "How are you?").await.status, 202);
        org.waits_for_input(run, Some(&last.to_string())).await;
        let session = org.get(&format!("/api/v1/executions/{run}/session")).await;
        let messages = session.body["messages"].as_array().expect("messages").clone();
        let said: Vec<_> = messages.iter().map(|message| &message["content"]).collect();
        assert_eq!(said, ["Hi.", "Hello!", "How are you?", "I am well."]);
    }
    let jobs = org.get("/api/v1/jobs").await;
    let cron = jobs.body.as_array().expect("a list").clone();
    assert_eq!(cron.iter().filter(|job| job["trigger_type"] == "cron").count(), CRON_JOBS);
}

#[tokio::test]
async fn a_run_that_has_outlived_its_queue_travels() {
    let mut plane = Plane::start_on_sqlite();
    let org = plane.organization().await;
    let queue = org.queue_without_worker().await;
    let agent = org.agent("instant").await;
    let run = org.execute(&agent, json!({"prompt": "go", "worker_queue_id": queue})).await;
    org.cancel(&run).await;
    assert_eq!(org.delete(&format!("/api/v1/worker-queues/{queue}")).await.status, 204);
    plane.terminate();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let file = folder.path().join("file");
    Place::Directory(&plane.data_dir()).export(&org.name, &file);
    let directory = tempfile::tempdir().expect("a temporary directory");
    Place::Directory(&directory.path().join("data")).import(&file);
    let plane = Plane::start_in(directory);
    let org = org.at(&plane);
    let moved = org.execution(&run).await;
    assert_eq!((&moved["status"], &moved["worker_queue_id"]), (&json!("cancelled"), &json!(queue)));
    org.log(&run).await;
}
