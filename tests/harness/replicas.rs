//! Several planes on one database, behind one address.

use std::thread;

use tempfile::TempDir;
use tokio::task::spawn_blocking;

use super::plane::temporal_server;
use super::{Database, Organization, Plane, Relay, unique};

/// How long a replica that is told to stop still takes requests.
const DRAIN: &str = "4";

/// Planes that share a database and a signing key.
pub struct Replicas {
    /// The planes. One that was killed stays in its place until it is started again.
    pub planes: Vec<Plane>,
    /// One address for all of them.
    pub address: Relay,
    /// What they share; dropped after them.
    shared: Shared,
}

/// What replicas have in common.
struct Shared {
    database: Database,
    key: String,
    /// What drives their runs, if they do not.
    temporal: Option<String>,
}

impl Replicas {
    /// So many, all started at once.
    pub async fn start(count: usize) -> Self {
        Self::start_driven_by(None, count).await
    }

    /// The same, whose runs Temporal drives.
    pub async fn start_on_temporal(count: usize) -> Self {
        Self::start_driven_by(Some(temporal_server()), count).await
    }

    async fn start_driven_by(temporal: Option<String>, count: usize) -> Self {
        let shared = Shared { database: Database::make(), key: hex_key(), temporal };
        let planes: Vec<Plane> = thread::scope(|scope| {
            let start = |_| scope.spawn(|| shared.start(new_directory()));
            let starting: Vec<_> = (0..count).map(start).collect();
            starting.into_iter().map(|one| one.join().expect("a replica")).collect()
        });
        let urls: Vec<&str> = planes.iter().map(|plane| plane.url.as_str()).collect();
        let address = Relay::among(&urls).await;
        Self { planes, address, shared }
    }

    /// Their database.
    pub fn database(&self) -> &Database {
        &self.shared.database
    }

    /// A new organization, made on the first of them and spoken to by their one address.
    pub async fn organization(&self) -> Organization {
        let name = unique("org");
        let organization = self.planes[0].organization_without_worker(&name).await;
        Organization { url: self.address.url.clone(), ..organization }
    }

    /// Ends one as an operator does, and starts it again.
    pub async fn restart(&mut self, place: usize) {
        let mut plane = self.planes.remove(place);
        let ending = spawn_blocking(move || {
            let status = plane.terminate();
            assert_eq!(status.code(), Some(0), "{}", plane.log());
            plane
        });
        let plane = ending.await.expect("an end");
        self.planes.insert(place, plane);
        self.start_again(place);
    }

    /// Starts one again that has ended, in its place; the address leads to it again.
    pub fn start_again(&mut self, place: usize) {
        let directory = self.planes.remove(place).into_directory();
        let again = self.shared.start(directory);
        self.planes.insert(place, again);
        let urls: Vec<&str> = self.planes.iter().map(|plane| plane.url.as_str()).collect();
        self.address.lead_to_any(&urls);
    }
}

impl Shared {
    fn start(&self, directory: TempDir) -> Plane {
        let mut variables = vec![
            ("DROVER_DATABASE_URL", self.database.url.as_str()),
            ("DROVER_SIGNING_KEY", self.key.as_str()),
        ];
        variables.extend(self.temporal.as_deref().map(|url| ("DROVER_TEMPORAL_ADDRESS", url)));
        Plane::serve(directory, &variables, &["--drain-seconds", DRAIN])
    }
}

/// A key that no other test has.
pub fn hex_key() -> String {
    let digits = || unique("").trim_start_matches('-').to_owned();
    let all = [digits(), digits(), digits(), digits(), digits(), digits()].concat();
    all[..64].to_owned()
}

fn new_directory() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}
