//! A file for each thing that is measured. Every measure starts a plane of its own on an empty
//! directory, so that none inherits another's database.

mod accepts;
mod boot;
mod burst;
mod first_event;
mod http_job;
mod job;
mod jobs;
mod kill;
mod losses;
mod page;
mod scale_first_event;
mod scale_share;
mod stream;
mod takeover;
mod worker;

use anyhow::Result;
use tempfile::TempDir;

use crate::figures::Measure;
use crate::plane::{Job, Models, Plane, Record, Stage, Taker};
use crate::servers::{Database, Servers};
use crate::worker::Worker;

pub use page::Seeded;

/// What measures need.
pub struct Bench {
    /// Programs and folder.
    pub stage: Stage,
    /// Shorter loads.
    pub quick: bool,
    /// Where other servers are.
    pub servers: Servers,
    /// The database of a million runs, made once.
    pub seeded: Option<Seeded>,
}

/// Values by the key of their figure.
pub type Values = Vec<(&'static str, f64)>;

/// Measures once.
pub async fn run(measure: Measure, bench: &mut Bench) -> Result<Values> {
    match measure {
        Measure::Boot => boot::run(bench).await,
        Measure::Accepts => accepts::run(bench).await,
        Measure::Job => job::run(bench).await,
        Measure::Jobs => jobs::run(bench).await,
        Measure::Burst => burst::run(bench).await,
        Measure::Kill => kill::run(bench).await,
        Measure::FirstEvent => first_event::run(bench).await,
        Measure::Page => page::run(bench).await,
        Measure::Stream => stream::run(bench).await,
        Measure::PostgresAccepts => accepts::on_postgres(bench).await,
        Measure::Worker => worker::run(bench).await,
        Measure::HttpJob => http_job::run(bench).await,
        Measure::ScaleFirstEvent => scale_first_event::run(bench).await,
        Measure::ScaleShare => scale_share::run(bench).await,
        Measure::Takeover => takeover::run(bench).await,
        Measure::Losses => losses::run(bench).await,
    }
}

/// A plane on an empty directory, and its model.
pub struct Fresh {
    /// The plane.
    pub plane: Plane,
    /// Its model.
    pub models: Models,
    /// Its directory; gone with this value.
    pub directory: TempDir,
}

/// A plane on Postgres and Temporal, a worker in a process of its own, and a job for that.
pub struct Scaled {
    /// The worker, which goes first.
    pub worker: Worker,
    /// The plane.
    pub fresh: Fresh,
    /// The worker's queue.
    pub queue: String,
    /// A job on that queue.
    pub job: Job,
    _database: Database,
}

impl Bench {
    async fn fresh(&self, record: Record) -> Result<Fresh> {
        self.fresh_with(record, &[]).await
    }

    async fn fresh_with(&self, record: Record, variables: &[(&str, &str)]) -> Result<Fresh> {
        let models = Models::start(&self.stage, record).await?;
        let directory = tempfile::tempdir_in(&self.stage.folder)?;
        let data = directory.path().join("data");
        let plane = Plane::start_with(&self.stage, &data, 0, &models, variables).await?;
        Ok(Fresh { plane, models, directory })
    }

    async fn scaled(&self, model: &str) -> Result<Scaled> {
        let database = self.servers.database()?;
        let variables = [
            ("DROVER_DATABASE_URL", &*database.url),
            ("DROVER_TEMPORAL_ADDRESS", self.servers.temporal()?),
        ];
        let fresh = self.fresh_with(Record::Nothing, &variables).await?;
        let queue = fresh.plane.make_queue("scale").await?;
        let worker = Worker::start(&self.stage, &fresh.plane, &fresh.models, &queue, &[]).await?;
        let job = fresh.plane.make_job(model, Taker::Queue(&queue)).await?;
        Ok(Scaled { worker, fresh, queue, job, _database: database })
    }

    /// One number for real, another for a quick look.
    fn size(&self, real: usize, quick: usize) -> usize {
        if self.quick { quick } else { real }
    }
}
