//! What has been asked, and how it ended.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::HeaderMap;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::timeout;

/// Longest wait of a test for something that should happen at once.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request that came in.
#[derive(Debug, Serialize)]
pub struct Request {
    /// Its place in the order of arrival, from 1, over all scripts.
    pub number: u64,
    /// When it came, in microseconds since 1970.
    pub arrived_us: u64,
    /// Of the URL.
    pub path: String,
    /// Lower-case names; keys are replaced by `[key]`.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Value,
    /// The client's end of the connection; the same for requests on one connection.
    pub peer: SocketAddr,
    #[serde(serialize_with = "serialize_ending")]
    ending: watch::Sender<Option<Ending>>,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The whole answer was sent.
    Answered,
    /// The script dropped the connection.
    Cut,
    /// The client went away before.
    Disconnected,
}

impl Request {
    pub(crate) fn new(
        number: u64,
        path: String,
        headers: &HeaderMap,
        body: Value,
        peer: SocketAddr,
    ) -> Self {
        let shown = headers.iter().map(|(name, value)| {
            let value = match name.as_str() {
                "authorization" => "Bearer [key]".to_owned(),
                "x-api-key" => "[key]".to_owned(),
                _ => String::from_utf8_lossy(value.as_bytes()).into_owned(),
            };
            (name.to_string(), value)
        });
        Self {
            number,
            arrived_us: now_us(),
            path,
            headers: shown.collect(),
            body,
            peer,
            ending: watch::Sender::new(None),
        }
    }

    /// How it ended, if it has.
    pub fn ending(&self) -> Option<Ending> {
        *self.ending.borrow()
    }

    /// Waits until it has ended.
    pub async fn ended(&self) -> Ending {
        let mut ending = self.ending.subscribe();
        let ended = patiently("a request to end", ending.wait_for(Option::is_some)).await;
        ended.ok().and_then(|ended| *ended).expect("a value that was waited for")
    }

    pub(crate) fn end(&self, how: Ending) {
        // The first ending is the true one.
        self.ending.send_if_modified(|ending| {
            let is_first = ending.is_none();
            ending.get_or_insert(how);
            is_first
        });
    }
}

/// Waits, and fails the test when nothing comes.
pub(crate) async fn patiently<T>(what: &str, future: impl Future<Output = T>) -> T {
    match timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited {} seconds for {what}", PATIENCE.as_secs()),
    }
}

fn serialize_ending<S: serde::Serializer>(
    ending: &watch::Sender<Option<Ending>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    ending.borrow().serialize(serializer)
}

#[expect(clippy::disallowed_methods, reason = "it is compared with what planes have stored")]
fn now_us() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}
