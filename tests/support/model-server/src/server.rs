//! The server: scripts, and the handler that answers by them.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, DefaultBodyLimit, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::Response;
use axum::routing::post;
use axum::serve::ListenerExt;
use bytes::Bytes;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::runtime;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use crate::deliver::{Open, deliver};
use crate::format::{Asked, Format};
use crate::record::patiently;
use crate::{Reply, Request, control, instant, validate};

/// A running server. It stops when it is dropped.
#[derive(Debug)]
pub struct ModelServer {
    address: SocketAddr,
    scripts: Arc<Scripts>,
    accepting: Option<JoinHandle<()>>,
}

/// How a server treats requests that no script waits for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Keeps them as those of scripts, under the model's name. Costs time and memory.
    pub record_all: bool,
}

impl ModelServer {
    /// A server of this test, on a free port of 127.0.0.1.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a free port");
        Self::on(listener, Options { record_all: true })
    }

    /// One server for all tests of a process, on a thread of its own: it outlives the runtime of
    /// the test that asks first.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<ModelServer> = OnceLock::new();
        SHARED.get_or_init(|| {
            let (tell, told) = std::sync::mpsc::channel();
            std::thread::spawn(move || {
                let runtime = runtime::Builder::new_current_thread().enable_all().build();
                runtime.expect("a runtime").block_on(async move {
                    let mut server = Self::start().await;
                    let accepting = server.accepting.take();
                    // The receiver waits just below.
                    tell.send(server).expect("somebody asked");
                    if let Some(accepting) = accepting {
                        accepting.await.expect("the server goes on");
                    }
                });
            });
            told.recv().expect("the server starts")
        })
    }

    /// A server on a listener that is already bound.
    pub fn on(listener: TcpListener, options: Options) -> Self {
        let address = listener.local_addr().expect("a bound listener");
        let scripts =
            Arc::new(Scripts { options, arrived: AtomicU64::new(0), by_name: Mutex::default() });
        let listener = listener.tap_io(|stream| {
            // Without it every small chunk waits for an acknowledgement.
            stream.set_nodelay(true).expect("a TCP option");
        });
        let router = router(Arc::clone(&scripts));
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        #[expect(clippy::disallowed_methods, reason = "kept, and ended with the server")]
        let accepting = tokio::spawn(async move {
            axum::serve(listener, service).await.expect("accepts");
        });
        Self { address, scripts, accepting: Some(accepting) }
    }

    /// Serves until the process ends.
    pub async fn run(mut self) {
        if let Some(accepting) = self.accepting.take() {
            accepting.await.expect("the server goes on");
        }
    }

    /// `http://127.0.0.1:PORT`: a base URL for Anthropic's format.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A base URL for OpenAI's format.
    pub fn openai_url(&self) -> String {
        format!("{}/v1", self.url())
    }

    /// Lets requests with this model or this API key have these replies, one after the other; the
    /// last one repeats. Requests so far are forgotten.
    pub fn script(&self, name: &str, replies: Vec<Reply>) {
        self.scripts.set(name, replies, AtEnd::RepeatLast);
    }

    /// As [`ModelServer::script`], but a request too many gets 500.
    pub fn script_exactly(&self, name: &str, replies: Vec<Reply>) {
        self.scripts.set(name, replies, AtEnd::Fail);
    }

    /// Lets one waiting (or future) request of a script pass the place where it hangs.
    pub fn release(&self, name: &str) {
        self.scripts.find_or_add(name).gate.add_permits(1);
    }

    /// The requests of a script so far, in order of arrival.
    pub fn requests(&self, name: &str) -> Vec<Arc<Request>> {
        self.scripts.find_or_add(name).requests.borrow().clone()
    }

    /// Waits until a script has had `count` requests, and gives them. Fails the test when they do
    /// not come.
    pub async fn arrived(&self, name: &str, count: usize) -> Vec<Arc<Request>> {
        let script = self.scripts.find_or_add(name);
        let mut requests = script.requests.subscribe();
        let enough = requests.wait_for(|requests| requests.len() >= count);
        let what = format!("{count} requests of {name}");
        let enough = patiently(&what, enough).await;
        enough.expect("the script holds the sender").clone()
    }

    /// How many requests came, those without a script too.
    pub fn count(&self) -> u64 {
        self.scripts.arrived.load(Ordering::Relaxed)
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        if let Some(accepting) = &self.accepting {
            accepting.abort();
        }
    }
}

/// All scripts of a server.
#[derive(Debug)]
pub(crate) struct Scripts {
    options: Options,
    pub(crate) arrived: AtomicU64,
    by_name: Mutex<HashMap<String, Arc<Script>>>,
}

/// One script.
#[derive(Debug)]
pub(crate) struct Script {
    /// Empty: the instant answer.
    replies: Vec<Reply>,
    at_end: AtEnd,
    pub(crate) gate: Arc<Semaphore>,
    pub(crate) requests: watch::Sender<Vec<Arc<Request>>>,
}

/// What a script does with a request too many.
#[derive(Debug, Clone, Copy)]
pub(crate) enum AtEnd {
    RepeatLast,
    Fail,
}

impl Scripts {
    pub(crate) fn set(&self, name: &str, replies: Vec<Reply>, at_end: AtEnd) {
        let script = Arc::new(Script {
            replies,
            at_end,
            gate: Arc::new(Semaphore::new(0)),
            requests: watch::Sender::new(Vec::new()),
        });
        self.lock().insert(name.to_owned(), script);
    }

    pub(crate) fn find_or_add(&self, name: &str) -> Arc<Script> {
        if let Some(script) = self.lock().get(name) {
            return Arc::clone(script);
        }
        self.set(name, Vec::new(), AtEnd::RepeatLast);
        self.find_or_add(name)
    }

    /// The script of a request: by key, else by model.
    fn find(&self, key: Option<&str>, model: &str) -> Option<Arc<Script>> {
        let by_name = self.lock();
        let found = key.and_then(|key| by_name.get(key)).or_else(|| by_name.get(model));
        if let Some(script) = found {
            return Some(Arc::clone(script));
        }
        drop(by_name);
        self.options.record_all.then(|| self.find_or_add(model))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Script>>> {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Script {
    /// Keeps a request and gives its number in the script, from 0.
    fn record(&self, request: Arc<Request>) -> usize {
        let mut number = 0;
        self.requests.send_modify(|requests| {
            number = requests.len();
            requests.push(request);
        });
        number
    }

    fn reply(&self, number: usize) -> Next {
        match (self.replies.get(number), self.at_end) {
            (Some(reply), _) => Next::Reply(Box::new(reply.clone())),
            (None, AtEnd::Fail) => Next::Exhausted,
            (None, AtEnd::RepeatLast) => match self.replies.last() {
                Some(reply) => Next::Reply(Box::new(reply.clone())),
                None => Next::Instant,
            },
        }
    }
}

enum Next {
    Reply(Box<Reply>),
    Instant,
    Exhausted,
}

fn router(scripts: Arc<Scripts>) -> Router {
    Router::new()
        .route("/v1/chat/completions", post(openai))
        .route("/v1/messages", post(anthropic))
        .merge(control::router())
        .layer(DefaultBodyLimit::disable())
        .with_state(scripts)
}

type Peer = ConnectInfo<SocketAddr>;

async fn openai(
    State(scripts): State<Arc<Scripts>>,
    ConnectInfo(peer): Peer,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let key = headers.get(AUTHORIZATION).and_then(|key| key.to_str().ok());
    let key = key.and_then(|key| key.strip_prefix("Bearer "));
    let request = Incoming { uri: &uri, headers: &headers, body: &body, key, peer };
    answer(Format::OpenAi, &scripts, request).await
}

async fn anthropic(
    State(scripts): State<Arc<Scripts>>,
    ConnectInfo(peer): Peer,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !headers.contains_key("anthropic-version") {
        return refuse(Format::Anthropic, 400, "anthropic-version: header is required");
    }
    let key = headers.get("x-api-key").and_then(|key| key.to_str().ok());
    let request = Incoming { uri: &uri, headers: &headers, body: &body, key, peer };
    answer(Format::Anthropic, &scripts, request).await
}

struct Incoming<'a> {
    uri: &'a Uri,
    headers: &'a HeaderMap,
    body: &'a Bytes,
    key: Option<&'a str>,
    peer: SocketAddr,
}

async fn answer(format: Format, scripts: &Scripts, incoming: Incoming<'_>) -> Response {
    let arrived = scripts.arrived.fetch_add(1, Ordering::Relaxed) + 1;
    let mut asked: Asked = match serde_json::from_slice(incoming.body) {
        Ok(asked) => asked,
        Err(error) => return refuse(format, 400, &error.to_string()),
    };
    let pace = instant::pace(&asked.model);
    let Some(script) = scripts.find(incoming.key, &asked.model) else {
        return match pace {
            None => instant::answer(format, &asked),
            Some(pace) => {
                let reply = Reply::slow(pace.tokens, pace.per_second);
                let gate = Arc::new(Semaphore::new(0));
                deliver(format, reply, asked, gate, Open::new(None)).await
            }
        };
    };
    let body: Value = serde_json::from_slice(incoming.body).expect("JSON was read before");
    let complaint = validate::complaint(format, &body);
    let path = incoming.uri.path().to_owned();
    let request = Request::new(arrived, path, incoming.headers, body, incoming.peer);
    let request = Arc::new(request);
    let mut open = Open::new(Some(Arc::clone(&request)));
    asked.number = script.record(request);
    if let Some(complaint) = complaint {
        open.end(crate::Ending::Answered);
        return refuse(format, 400, &complaint);
    }
    let reply = match (script.reply(asked.number), pace) {
        (Next::Reply(reply), _) => *reply,
        (Next::Exhausted, _) => Reply::status(500).body("the script has no more replies"),
        (Next::Instant, Some(pace)) => Reply::slow(pace.tokens, pace.per_second),
        (Next::Instant, None) => {
            open.end(crate::Ending::Answered);
            return instant::answer(format, &asked);
        }
    };
    deliver(format, reply, asked, Arc::clone(&script.gate), open).await
}

fn refuse(format: Format, status: u16, message: &str) -> Response {
    let mut response = Response::new(Body::from(format.error(status, message).to_string()));
    *response.status_mut() = StatusCode::from_u16(status).expect("a status of this file");
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
