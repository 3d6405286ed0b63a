//! Planes, workers, a Temporal server and a Postgres server that are killed one after the other while
//! they work.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::time::sleep;

use crate::plane::{Models, Plane, Stage};
use crate::servers::{Database, Postgres, Servers, Temporal};
use crate::worker::Worker;

/// Planes on the one database.
const PLANES: usize = 2;
/// The key that they share, of this benchmark alone.
const SIGNING_KEY: &str = "5ca1e5ca1e5ca1e5ca1e5ca1e5ca1e5ca1e5ca1e5ca1e5ca1e5ca1e5ca1e5ca1";
/// Workers of the one queue.
const WORKERS: usize = 2;
/// The longest that a worker tries to start again: what it needs may still be on its way.
const PATIENCE: Duration = Duration::from_secs(60);
const AGAIN: Duration = Duration::from_millis(200);

/// All processes of a deployment.
pub struct Fleet {
    /// The planes.
    pub planes: Vec<Plane>,
    /// The queue of the workers.
    pub queue: String,
    workers: Vec<Worker>,
    temporal: Option<Temporal>,
    postgres: Postgres,
    site: Site,
}

/// Where they are, and what they are told.
struct Site {
    stage: Stage,
    models: Models,
    folder: PathBuf,
    database: String,
    temporal: String,
    /// The key to the organization in which runs are triggered.
    key: Option<String>,
}

/// Who is killed.
#[derive(Debug, Clone, Copy)]
enum Victim {
    Plane(usize),
    Worker(usize),
    Temporal,
    Postgres,
}

impl Fleet {
    /// Starts everything; the folder is where it keeps its data.
    pub async fn start(
        stage: &Stage,
        servers: &Servers,
        database: &Database,
        models: Models,
        folder: PathBuf,
    ) -> Result<Self> {
        let temporal = Temporal::start(servers, &folder).await?;
        let (stage, database) = (stage.clone(), database.url.clone());
        let temporal_url = temporal.url();
        let mut site = Site { stage, models, folder, database, temporal: temporal_url, key: None };
        let mut planes: Vec<Plane> = Vec::with_capacity(PLANES);
        for number in 0..PLANES {
            planes.push(site.plane(number, 0).await?);
            site.key = planes.first().map(|first| first.key.clone());
        }
        let queue = planes.first().context("there is a plane")?.make_queue("fleet").await?;
        let (temporal, postgres) = (Some(temporal), servers.postgres_process()?);
        let mut fleet = Self { planes, queue, workers: Vec::new(), temporal, postgres, site };
        for number in 0..WORKERS {
            fleet.workers.push(fleet.worker(number).await?);
        }
        Ok(fleet)
    }

    /// Their model.
    pub fn models(&self) -> &Models {
        &self.site.models
    }

    /// Kills the process whose turn it is, and starts it again.
    pub async fn kill_and_restart(&mut self, turn: usize) -> Result<()> {
        let planes = (0..PLANES).map(Victim::Plane);
        let workers = (0..WORKERS).map(Victim::Worker);
        let servers = [Victim::Temporal, Victim::Postgres];
        let victims: Vec<_> = planes.chain(workers).chain(servers).collect();
        let victim = victims[turn % victims.len()];
        let began = Instant::now();
        match victim {
            Victim::Plane(number) => {
                let plane = self.planes.remove(number);
                let port = plane.address.port();
                plane.process.kill().await?;
                self.planes.insert(number, self.site.plane(number, port).await?);
            }
            Victim::Worker(number) => {
                self.workers.remove(number).process.kill().await?;
                let worker = self.worker(number).await?;
                self.workers.insert(number, worker);
            }
            Victim::Temporal => {
                let temporal = self.temporal.take().context("it runs")?;
                self.temporal = Some(temporal.kill_and_restart().await?);
            }
            Victim::Postgres => self.postgres.kill_and_restart().await?,
        }
        eprintln!("    {}: {victim:?} is back after {:.1?}", turn + 1, began.elapsed());
        Ok(())
    }

    async fn worker(&self, number: usize) -> Result<Worker> {
        let plane = &self.planes[number % self.planes.len()];
        let Site { stage, models, .. } = &self.site;
        let began = Instant::now();
        loop {
            match Worker::start(stage, plane, models, &self.queue, &[]).await {
                Err(_) if began.elapsed() < PATIENCE => sleep(AGAIN).await,
                started => return started,
            }
        }
    }
}

impl Site {
    async fn plane(&self, number: usize, port: u16) -> Result<Plane> {
        let data = self.folder.join(format!("plane-{number}"));
        let variables = [
            ("DROVER_SIGNING_KEY", SIGNING_KEY),
            ("DROVER_DATABASE_URL", &*self.database),
            ("DROVER_TEMPORAL_ADDRESS", &*self.temporal),
        ];
        let mut plane =
            Plane::start_with(&self.stage, &data, port, &self.models, &variables).await?;
        // Each makes an organization of its own; the first one's is used through all of them.
        if let Some(key) = &self.key {
            plane.key.clone_from(key);
        }
        Ok(plane)
    }
}
