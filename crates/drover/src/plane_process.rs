//! The composition root: puts a plane together, lets it run, and takes it down again.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt;
use drover_domain::{Error, Ids, Secret};
use drover_engine::{Embedded, Hub, Teller, Workflows};
use drover_plane::foreign::Words;
use drover_plane::{MovedKeys, Parts, Plane, Settings, SigningKey, TemporalPlace};
use drover_store::{Claim, DirectoryLock, Sharing, Store};
use drover_temporal::Temporal;
use drover_worker::WorkerHandle;
use drover_worker::sandbox::Wall;
use jiff::SignedDuration;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::net::{TcpListener, TcpSocket};
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::data_directory::{DataDirectory, RunningPlane};
use crate::executor;
use crate::exit::{CommandError, Exit, chain};
use crate::in_process::InProcess;
use crate::printer::Printer;
use crate::signals::Signals;
use crate::system::{SystemClock, SystemIds};

/// The longest a graceful end takes.
const GRACE: Duration = Duration::from_secs(5);
/// Connections that wait to be taken: a burst of callers comes at once.
const BACKLOG: u32 = 1024;
/// How often the metrics recorder tidies up.
const UPKEEP: Duration = Duration::from_secs(5);
/// Bounds of the buckets of all durations, in seconds.
const BUCKETS: [f64; 13] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0, 120.0];

/// A plane that serves.
pub struct PlaneProcess {
    /// Where it is, for this machine.
    pub url: String,
    /// Its files.
    pub directory: DataDirectory,
    /// Lets operator's commands in.
    pub admin_token: Secret<String>,
    plane: Arc<Plane>,
    /// The worker in here, unless Temporal drives the runs.
    worker: Option<WorkerHandle>,
    /// How long it still takes requests once it is told to stop.
    drain: Duration,
    /// The directory's, where the database is not in it.
    _lock: Option<DirectoryLock>,
}

impl PlaneProcess {
    /// Starts a plane; when this returns, it answers.
    pub async fn start(config: &Config) -> Result<Self, CommandError> {
        check_wall(config)?;
        let directory = DataDirectory::make(&config.data_dir)?;
        let temporal = temporal(config)?;
        let hub = Arc::new(if temporal.is_some() { Hub::without_worker() } else { Hub::default() });
        let (clock, ids) = (Arc::new(SystemClock::default()), Arc::new(SystemIds));
        // The directory's lock first: below it nobody else writes, and the plane's keys are there
        // wherever the database is.
        let lock = DirectoryLock::take(directory.path()).map_err(|error| {
            in_use(error, "stop that one, or choose another directory with `--data-dir`")
        })?;
        let (signing, sharing) = signing_key(config, &directory, &*ids)?;
        let claim = Claim { sharing, fingerprint: signing.fingerprint().to_owned() };
        let (store, lock) = open_store(config, &directory, lock, &claim, hub.clone()).await?;
        if store.is_shared() {
            clock.agree(&store).await?;
        }
        let listener = bind(config.listen)?;
        let address = listener.local_addr()?;
        let url = format!("http://{}", reachable(address));
        let public_url = config.public_url.clone().unwrap_or_else(|| url.clone());
        let admin_token = directory.make_admin_token(&*ids)?;
        let stuck_after = SignedDuration::from_secs(config.stuck_after_seconds.into());
        let mut embedded = Embedded::new(store.clone(), hub.clone(), clock.clone(), ids.clone())
            .with_stuck_after(stuck_after);
        if temporal.is_some() {
            embedded = embedded.with_temporal();
        }
        let workflows = temporal.clone().map(|(temporal, _)| temporal as Arc<dyn Workflows>);
        let plane = Plane::new(Parts {
            signing,
            moved_keys: MovedKeys::read(store.reader()).await?,
            settings: Settings {
                public_url: public_url.clone(),
                operator_token: admin_token.clone(),
                max_wait: Duration::from_secs(60),
                keepalive: Duration::from_secs(15),
                temporal: temporal.as_ref().map(|(_, place)| place.clone()),
                worker_temporal: config.worker_temporal(),
                worker_llm_url: config.worker_llm_url.clone(),
                worker_llm_key: config.worker_llm_key.clone(),
            },
            metrics: metrics()?,
            embedded: Arc::new(embedded),
            workflows,
            store: store.clone(),
            clock: clock.clone(),
            ids,
        });
        drover_plane::queues::serve(&plane).await?;
        drover_plane::workers::recover(&plane).await?;
        plane.embedded.recover().await?;
        store.started();
        let worker = match &temporal {
            None => {
                let source = Arc::new(InProcess::new(plane.clone()));
                Some(executor::worker(config, source)?.start())
            }
            Some((temporal, _)) => {
                drive_by_temporal(&plane, temporal);
                None
            }
        };
        start_tasks(&plane);
        if store.is_shared() {
            start_tasks_of_replica(&plane, clock);
        }
        serve(&plane, listener);
        directory.announce(&RunningPlane {
            url: url.clone(),
            public_url,
            pid: std::process::id(),
        })?;
        tracing::info!(%address, data_dir = %directory.path().display(), "the plane is ready");
        let drain = config.drain();
        Ok(Self { url, directory, admin_token, plane, worker, drain, _lock: lock })
    }

    /// Lets it run until Ctrl-C or SIGTERM, then ends it. A second one ends the process at once.
    pub async fn until_stopped(self, signals: &mut Signals, printer: Printer) -> Exit {
        signals.next().await;
        printer.note("stopping; what runs goes on at the next start (Ctrl-C again ends at once)");
        tokio::select! {
            () = self.end() => Exit::Done,
            () = signals.next() => Exit::Interrupted,
        }
    }

    /// Stops after the time in which whoever sends it requests can find out that it will.
    async fn end(self) {
        self.plane.draining.cancel();
        if !self.drain.is_zero() {
            let idle = async {
                if let Some(worker) = &self.worker {
                    worker.drain().await;
                }
            };
            let gently = tokio::time::timeout(self.drain, idle);
            let (_done_or_not, ()) = tokio::join!(gently, tokio::time::sleep(self.drain));
        }
        self.stop().await;
    }

    /// Takes no more requests, ends streams and waits, tells the worker to stop. Runs that are
    /// under way stay on disk as they are.
    pub async fn stop(self) {
        self.plane.stopping.cancel();
        self.plane.tasks.close();
        let gently = async {
            if let Some(worker) = self.worker {
                worker.stop().await;
            }
            // Where nobody else goes on with it, the next start does.
            if self.plane.store.is_shared()
                && let Err(error) = self.plane.embedded.give_back().await
            {
                tracing::warn!(%error, "what ran here is given to others once its leases run out");
            }
            self.plane.tasks.wait().await;
        };
        if tokio::time::timeout(GRACE, gently).await.is_err() {
            tracing::warn!("some work did not end in time; it goes on at the next start");
        }
        self.directory.withdraw();
    }
}

/// Temporal, if it is configured; not yet connected to.
fn temporal(config: &Config) -> Result<Option<(Arc<Temporal>, TemporalPlace)>, CommandError> {
    let Some(address) = &config.temporal_address else {
        return Ok(None);
    };
    let place = config.temporal_at(address, &config.temporal_namespace)?;
    let told = TemporalPlace {
        address: place.address.clone(),
        namespace: place.namespace.clone(),
        api_key: place.api_key.clone(),
    };
    Ok(Some((Temporal::new(place)?, told)))
}

/// Hosts the workflows, and tells Temporal what the engine decides.
fn drive_by_temporal(plane: &Arc<Plane>, temporal: &Arc<Temporal>) {
    plane.tasks.spawn(drover_temporal::host(temporal.clone(), plane.stopping.clone()));
    let (engine, clock) = (plane.embedded.clone(), plane.clock.clone());
    let words = Arc::new(Words(Arc::downgrade(plane)));
    let teller = Teller::new(plane.store.clone(), engine, clock, temporal.clone(), words);
    plane.tasks.spawn(teller.run(plane.stopping.clone()));
}

/// The key that signs API keys. One that is configured is what replicas have in common.
fn signing_key(
    config: &Config,
    directory: &DataDirectory,
    ids: &dyn Ids,
) -> Result<(SigningKey, Sharing), CommandError> {
    Ok(match config.signing_key()? {
        Some(key) => (key, Sharing::Replica),
        None => (directory.signing_key(ids)?, Sharing::Alone),
    })
}

/// Opens the database that is configured.
async fn open_store(
    config: &Config,
    directory: &DataDirectory,
    lock: DirectoryLock,
    claim: &Claim,
    hub: Arc<Hub>,
) -> Result<(Store, Option<DirectoryLock>), CommandError> {
    let Some(url) = &config.database_url else {
        return Ok((Store::open_directory(directory.path(), lock, hub).await?, None));
    };
    let connected = Store::connect(url.reveal(), config.connections(), claim, hub).await;
    let store = connected.map_err(|error| match claim.sharing {
        Sharing::Alone => {
            in_use(error, "stop that one, or name another database in `database_url`")
        }
        // What is in a replica's way says what to do by itself.
        Sharing::Replica => error.into(),
    })?;
    Ok((store, Some(lock)))
}

/// Adds what to do where another process has what this one wants for itself.
fn in_use(error: Error, remedy: &str) -> CommandError {
    match error {
        Error::Conflict(message) => CommandError::failed(format!("{message}; {remedy}")),
        error => error.into(),
    }
}

/// Tells a person what they should know about this configuration.
pub fn warn(config: &Config, printer: Printer) {
    if !config.listen.ip().is_loopback() {
        let address = config.listen;
        printer.warn(&format!("`{address}` can be reached from other machines, over plain HTTP"));
        printer.hint("put a proxy with TLS in front and name it with `--public-url`");
    }
    if let (Some(shortcoming), true) = (Wall::detect().shortcoming(), config.allow_unwalled_tools) {
        printer.warn(&format!("this kernel cannot wall tools off: {shortcoming}"));
        printer.hint("tools can read whatever this user can; run only agents that you trust");
    }
}

/// Refuses to start where tools could read what the plane keeps.
pub fn check_wall(config: &Config) -> Result<(), CommandError> {
    match Wall::detect().shortcoming() {
        Some(shortcoming) if !config.allow_unwalled_tools => {
            let message = format!("this kernel cannot wall tools off: {shortcoming}");
            Err(CommandError::failed(message)
                .hint("pass `--allow-unwalled-tools` to run them all the same"))
        }
        _ => Ok(()),
    }
}

fn bind(address: SocketAddr) -> Result<TcpListener, CommandError> {
    let bound = || {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        // A restart must not wait for connections of the process before it.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    bound().map_err(|error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AddrInUse => CommandError::failed(format!(
            "the address `{address}` is in use; choose another one with `--listen`"
        )),
        _ => CommandError::failed(format!("cannot listen on `{address}`: {error}")),
    })
}

/// The address under which this machine reaches a listener.
fn reachable(address: SocketAddr) -> SocketAddr {
    let mut address = address;
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

fn metrics() -> Result<PrometheusHandle, CommandError> {
    let recorder = PrometheusBuilder::new()
        .set_buckets(&BUCKETS)
        .and_then(PrometheusBuilder::install_recorder)
        .map_err(|error| CommandError::failed(chain(&error)))?;
    Ok(recorder)
}

fn start_tasks(plane: &Arc<Plane>) {
    let (watching, stop) = (plane.embedded.clone(), plane.stopping.clone());
    plane.tasks.spawn(async move { watching.watch(stop).await });
    plane.tasks.spawn(drover_plane::workers::watch(plane.clone()));
    plane.tasks.spawn(drover_plane::approvals::watch(plane.clone()));
    plane.tasks.spawn(drover_plane::workers::watch_stuck(plane.clone()));
    plane.tasks.spawn(drover_plane::queues::clean_up(plane.clone()));
    let (metrics, stop) = (plane.metrics.clone(), plane.stopping.clone());
    plane.tasks.spawn(async move {
        while !ends_within(&stop, UPKEEP).await {
            metrics.run_upkeep();
        }
    });
}

/// What only several planes on one database need.
fn start_tasks_of_replica(plane: &Arc<Plane>, clock: Arc<SystemClock>) {
    let (following, stop) = (plane.embedded.clone(), plane.stopping.clone());
    plane.tasks.spawn(async move { following.follow_others(stop).await });
    plane.tasks.spawn(drover_plane::workers::follow(plane.clone()));
    plane.tasks.spawn(clock.follow(plane.store.clone(), plane.stopping.clone()));
}

async fn ends_within(stop: &CancellationToken, time: Duration) -> bool {
    tokio::time::timeout(time, stop.cancelled()).await.is_ok()
}

fn serve(plane: &Arc<Plane>, listener: TcpListener) {
    // Without this, small answers wait for the acknowledgement of the ones before.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
    });
    let service = drover_plane::router(plane.clone());
    let service = service.into_make_service_with_connect_info::<SocketAddr>();
    let stop = plane.stopping.clone().cancelled_owned();
    let server = axum::serve(listener, service).with_graceful_shutdown(stop);
    plane.tasks.spawn(async move {
        if let Err(error) = server.await {
            tracing::error!(%error, "the server ended");
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_is_reached_by_loopback() {
        let at = |text: &str| reachable(text.parse().unwrap()).to_string();
        assert_eq!(at("0.0.0.0:80"), "127.0.0.1:80");
        assert_eq!(at("[::]:80"), "[::1]:80");
        assert_eq!(at("192.0.2.1:80"), "192.0.2.1:80");
    }
}
