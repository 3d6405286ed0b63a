//! A plane under load: a process, its key, and jobs to trigger.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::http::{self, Answer, Connection};
use crate::process::{Process, address};

/// The programs, and where what they leave goes.
#[derive(Debug, Clone)]
pub struct Stage {
    /// The folder of the programs.
    pub programs: PathBuf,
    /// On the disk that is measured.
    pub folder: PathBuf,
}

/// The model stand-in.
#[derive(Debug)]
pub struct Models {
    _process: Process,
    /// Where it is.
    pub address: SocketAddr,
    url: String,
}

/// Whether the stand-in keeps what it was asked, which costs it time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record {
    /// Counts only.
    Nothing,
    /// Keeps requests.
    Requests,
}

/// A running plane.
#[derive(Debug)]
pub struct Plane {
    /// Its process.
    pub process: Process,
    /// Where it is.
    pub address: SocketAddr,
    /// From its start until it answered that it is ready.
    pub boot: Duration,
    /// An administrator's key.
    pub key: String,
    environment: String,
}

/// A job to trigger.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its id.
    pub id: String,
}

/// Who takes a job's runs.
#[derive(Debug, Clone, Copy)]
pub enum Taker<'a> {
    /// The worker in the plane's process.
    InProcess,
    /// Nobody: a queue of its own without a worker.
    Nobody,
    /// Whoever serves this queue.
    Queue(&'a str),
}

impl Models {
    /// Starts the stand-in.
    pub async fn start(stage: &Stage, record: Record) -> Result<Self> {
        let mut arguments = vec!["--listen", "127.0.0.1:0"];
        if record == Record::Requests {
            arguments.push("--record");
        }
        let program = stage.programs.join("model-server");
        let process =
            Process::start(&program, &arguments, &[], &stage.folder.join("models.log")).await?;
        let url = process.line.rsplit(' ').next().unwrap_or_default();
        let address = address(url)?;
        let url = format!("http://{address}/v1");
        Ok(Self { _process: process, address, url })
    }

    /// The variables by which a program finds it.
    pub fn variables(&self) -> [(&str, &str); 2] {
        [("OPENAI_BASE_URL", &self.url), ("OPENAI_API_KEY", "bench")]
    }

    /// How many requests have come.
    pub async fn count(&self, connection: &mut Connection) -> Result<u64> {
        let answer = connection.send(&http::request("GET", "/__requests", "", "")).await?;
        answer.json()?["count"].as_u64().context("a count")
    }

    /// Lets requests for a model have these replies, one after the other; the last one repeats.
    pub async fn script(&self, model: &str, replies: &Value) -> Result<()> {
        let path = format!("/__script/{model}");
        let request = http::request("POST", &path, "", &replies.to_string());
        Connection::open(self.address).await?.send(&request).await?.expect_success()?;
        Ok(())
    }

    /// The requests for a model, if they were kept.
    pub async fn requests(&self, model: &str) -> Result<Vec<Value>> {
        let mut connection = Connection::open(self.address).await?;
        let request = http::request("GET", &format!("/__requests/{model}"), "", "");
        let answer = connection.send(&request).await?.expect_success()?;
        answer.json()?.as_array().cloned().context("a list of requests")
    }
}

impl Plane {
    /// Starts a plane as `drover dev` does, on a directory and a port (0: a free one).
    pub async fn start(
        stage: &Stage,
        directory: &Path,
        port: u16,
        models: &Models,
    ) -> Result<Self> {
        Self::start_with(stage, directory, port, models, &[]).await
    }

    /// The same with more variables.
    pub async fn start_with(
        stage: &Stage,
        directory: &Path,
        port: u16,
        models: &Models,
        more: &[(&str, &str)],
    ) -> Result<Self> {
        let began = Instant::now();
        let listen = format!("127.0.0.1:{port}");
        let directory = directory.to_str().context("a path in UTF-8")?;
        let arguments = ["dev", "--data-dir", directory, "--listen", &listen, "--json"];
        let variables = [&models.variables(), more].concat();
        let log = stage.folder.join("plane.log");
        let process =
            Process::start(&stage.programs.join("drover"), &arguments, &variables, &log).await?;
        let ready: Value = serde_json::from_str(&process.line).context("the plane's line")?;
        let text = |key: &str| ready[key].as_str().unwrap_or_default().to_owned();
        let address = address(&text("url"))?;
        let mut connection = Connection::open(address).await?;
        connection.send(&http::request("GET", "/api/ready", "", "")).await?.expect_success()?;
        let boot = began.elapsed();
        let (key, environment) = (text("api_key"), text("environment_id"));
        Ok(Self { process, address, boot, key, environment })
    }

    /// A connection to it.
    pub async fn connect(&self) -> Result<Connection> {
        Connection::open(self.address).await
    }

    /// The bytes of an authorized request; `headers` are whole lines.
    pub fn request(&self, method: &str, path: &str, headers: &str, body: &str) -> Vec<u8> {
        let headers = format!("Authorization: Bearer {}\r\n{headers}", self.key);
        http::request(method, path, &headers, body)
    }

    /// The bytes that trigger a job.
    pub fn trigger(&self, job: &Job, number: usize, wait: Wait) -> Vec<u8> {
        let headers = match wait {
            Wait::No => "",
            Wait::UntilEnd => "Prefer: wait=60\r\n",
        };
        let body = format!(r#"{{"parameters":{{"number":"{number}"}}}}"#);
        self.request("POST", &format!("/api/v1/jobs/{}/trigger", job.id), headers, &body)
    }

    /// Gets something.
    pub async fn get(&self, connection: &mut Connection, path: &str) -> Result<Answer> {
        connection.send(&self.request("GET", path, "", "")).await?.expect_success()
    }

    /// How many runs of a job are in a state, or in any.
    pub async fn count(&self, connection: &mut Connection, job: &Job, status: &str) -> Result<u64> {
        let path =
            format!("/api/v1/executions?limit=1&count=true&job_id={}&status={status}", job.id);
        let answer = self.get(connection, &path).await?;
        answer.header("x-total-count").and_then(|count| count.parse().ok()).context("X-Total-Count")
    }

    /// Makes a queue; answers its id.
    pub async fn make_queue(&self, name: &str) -> Result<String> {
        let path = format!("/api/v1/environments/{}/worker-queues", self.environment);
        self.make(&mut self.connect().await?, &path, &json!({"name": name})).await
    }

    /// Makes an agent with a model, and a job for it.
    pub async fn make_job(&self, model: &str, taker: Taker<'_>) -> Result<Job> {
        let queue = match taker {
            Taker::InProcess => None,
            Taker::Nobody => Some(self.make_queue("nobody").await?),
            Taker::Queue(id) => Some(id.to_owned()),
        };
        let mut connection = self.connect().await?;
        let name = format!("bench {model} {taker:?}");
        let agent = json!({"name": name, "model_id": model, "system_prompt": "Answer briefly."});
        let agent = self.make(&mut connection, "/api/v1/agents", &agent).await?;
        let mut job = json!({
            "name": name, "trigger_type": "manual", "planning_mode": "predefined_agent",
            "entity_type": "agent", "entity_id": agent, "executor_type": "auto",
            "prompt_template": "Say how things are, this is request {{number}}.",
        });
        if let Some(queue) = queue {
            job["executor_type"] = json!("specific_queue");
            job["worker_queue_name"] = json!(queue);
        }
        Ok(Job { id: self.make(&mut connection, "/api/v1/jobs", &job).await? })
    }

    async fn make(&self, connection: &mut Connection, path: &str, body: &Value) -> Result<String> {
        let request = self.request("POST", path, "", &body.to_string());
        let answer = connection.send(&request).await?.expect_success().context(path.to_owned())?;
        Ok(answer.json()?["id"].as_str().context("an id")?.to_owned())
    }
}

/// Whether the answer to a trigger waits for the run's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// As soon as the run is on disk.
    No,
    /// When it has ended.
    UntilEnd,
}
