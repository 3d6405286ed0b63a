//! What replicas tell each other: after commits, by `NOTIFY`, and heard by `LISTEN`, both on one
//! connection of their own.
//!
//! A short cut, as everything in memory is: what is lost with a connection is made good by looking at
//! everything, here after each connect, and there by being told so. Told apart from the commits
//! themselves, since a `NOTIFY` within a transaction makes all commits of the server queue up.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_postgres::{Client, Notification};

use super::Database;
use super::address::Address;
use crate::changes::Changes;
use crate::store::Listener;
use crate::write::Notice;

/// At most one telling in this time; the first after a pause goes out at once.
const PACE: Duration = Duration::from_millis(10);
/// How often a connection on which nothing is told is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// How long the server may take for either.
const PATIENCE: Duration = Duration::from_secs(5);
/// The wait before another try to connect.
const AGAIN: Duration = Duration::from_millis(200);

/// The name is for operators, who see it beside the session.
const LISTEN: &str = "SET application_name = 'drover notices'; LISTEN drover";
const TELL: &str = "SELECT pg_notify('drover', message) FROM unnest($1::text[]) AS message";

impl Database {
    /// The listener as one that also tells others, and hears of them.
    pub fn among_others(&self, listener: Arc<dyn Listener>) -> Arc<dyn Listener> {
        let outbox = Arc::new(Outbox::default());
        let exchange = exchange(self.address.clone(), outbox.clone(), listener.clone());
        #[expect(clippy::disallowed_methods, reason = "it listens until the process ends")]
        tokio::spawn(exchange);
        Arc::new(AmongOthers { listener, outbox })
    }
}

/// Hears the commits of this process and notes down what others have to know.
struct AmongOthers {
    listener: Arc<dyn Listener>,
    outbox: Arc<Outbox>,
}

impl Listener for AmongOthers {
    fn committed(&self, notices: Vec<Notice>) {
        self.outbox.add(&notices);
        self.listener.committed(notices);
    }

    fn elsewhere(&self, changes: Changes) {
        self.listener.elsewhere(changes);
    }
}

/// What is yet to be told.
#[derive(Default)]
struct Outbox {
    changes: Mutex<Changes>,
    wake: Notify,
}

impl Outbox {
    fn add(&self, notices: &[Notice]) {
        let mut changes = self.lock();
        notices.iter().for_each(|notice| changes.add(notice));
        drop(changes);
        self.wake.notify_one();
    }

    fn take(&self) -> Changes {
        std::mem::take(&mut *self.lock())
    }

    fn put_back(&self, untold: Changes) {
        self.lock().merge(untold);
        self.wake.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells and listens, on one connection after the other.
async fn exchange(address: Address, outbox: Arc<Outbox>, listener: Arc<dyn Listener>) {
    loop {
        match Session::open(&address).await {
            Ok(session) => {
                // What was told before this cannot be heard any more.
                listener.elsewhere(Changes::everything());
                session.run(&outbox, &*listener).await;
                tracing::warn!("the connection on which replicas hear of each other ended");
            }
            Err(error) => tracing::warn!(%error, "replicas cannot hear of each other"),
        }
        sleep(AGAIN).await;
    }
}

/// A connection that listens.
struct Session {
    client: Client,
    told: UnboundedReceiver<Notification>,
    /// How the server names this connection: what comes from here is no news.
    us: i32,
}

impl Session {
    async fn open(address: &Address) -> Result<Self, tokio_postgres::Error> {
        let (client, told) = address.connect_to_listen().await?;
        client.batch_execute(LISTEN).await?;
        let us = client.query_one("SELECT pg_backend_pid()", &[]).await?.try_get(0)?;
        Ok(Self { client, told, us })
    }

    /// Until the connection ends.
    async fn run(self, outbox: &Outbox, listener: &dyn Listener) {
        let Self { client, told, us } = self;
        tokio::select! {
            () = hear(told, us, listener) => {}
            () = tell(&client, outbox) => {}
        }
    }
}

async fn hear(mut told: UnboundedReceiver<Notification>, us: i32, listener: &dyn Listener) {
    while let Some(first) = told.recv().await {
        let mut changes = Changes::default();
        let mut next = Some(first);
        while let Some(notification) = next {
            if notification.process_id() != us {
                changes.hear(notification.payload());
            }
            next = told.try_recv().ok();
        }
        if !changes.is_empty() {
            listener.elsewhere(changes);
        }
    }
}

async fn tell(client: &Client, outbox: &Outbox) {
    loop {
        let woken = timeout(LOOK, outbox.wake.notified()).await;
        let began = Instant::now();
        let told = match woken {
            Ok(()) => {
                let changes = outbox.take();
                let messages = changes.to_messages();
                let told = timeout(PATIENCE, client.execute(TELL, &[&messages])).await;
                let told = told.is_ok_and(|told| told.is_ok());
                if !told {
                    // Perhaps they were heard; to hear twice is to look twice.
                    outbox.put_back(changes);
                }
                told
            }
            // A connection that is gone is found where nothing is told, too.
            Err(_) => timeout(PATIENCE, client.simple_query("")).await.is_ok_and(|one| one.is_ok()),
        };
        if !told {
            return;
        }
        sleep_until(began + PACE).await;
    }
}
