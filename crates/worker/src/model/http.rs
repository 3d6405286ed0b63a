//! One request and its answer, within time-outs and limits. Nothing is tried again here; that is
//! the flow's decision. Not here: what is said of a failure (`endpoint`).

use std::time::Duration;

use bytes::Bytes;
use drover_domain::Secret;
use serde_json::Value;
use tokio::time::timeout;

use super::endpoint::{Endpoint, root_cause};
use super::sse::SseDecoder;
use super::{ChatReply, ErrorKind, ModelError, Sink};

/// Most bytes taken of one answer.
const MAX_ANSWER: usize = 16 << 20;
/// Most bytes read of an error's body.
const MAX_ERROR_BODY: usize = 64 << 10;
/// How long the end of a finished answer is waited for, so that its connection can be used again.
const END_GRACE: Duration = Duration::from_millis(20);

/// How providers are reached.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// Time to connect, TLS included. Default 10 seconds.
    pub connect_timeout: Duration,
    /// Time from the request to the head of the answer. Default 5 minutes: some gateways send
    /// nothing before the first token, and reasoning takes its time.
    pub header_timeout: Duration,
    /// Time between two pieces of an answer. Default 5 minutes.
    pub idle_timeout: Duration,
    /// URL of a proxy for all providers. Without one, the proxy variables of the environment are
    /// not looked at.
    pub proxy: Option<Secret<String>>,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            header_timeout: Duration::from_secs(300),
            idle_timeout: Duration::from_secs(300),
            proxy: None,
        }
    }
}

/// The connections to providers, shared by all clients of a process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ModelHttp {
    client: reqwest::Client,
    header_timeout: Duration,
    idle_timeout: Duration,
}

impl ModelHttp {
    /// Prepares connections. A rustls provider must have been installed in the process.
    pub fn new(settings: &HttpSettings) -> Result<Self, ModelError> {
        let setup = |error: reqwest::Error| {
            let message = format!(
                "Connections to model providers cannot be prepared: {}",
                root_cause(&error.without_url())
            );
            ModelError::never(ErrorKind::Setup, message)
        };
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("drover/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(settings.connect_timeout)
            // A redirected POST would lose its body or show the key to a stranger.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy();
        if let Some(proxy) = &settings.proxy {
            builder = builder.proxy(reqwest::Proxy::all(proxy.reveal()).map_err(setup)?);
        }
        Ok(Self {
            client: builder.build().map_err(setup)?,
            header_timeout: settings.header_timeout,
            idle_timeout: settings.idle_timeout,
        })
    }
}

/// What a format makes of an answer, piece by piece.
pub(super) trait Answer: Send {
    /// Takes the data of one event. `Ok(false)` after the last one.
    fn event(&mut self, data: &str, sink: &mut Sink<'_>) -> Result<bool, ModelError>;
    /// Takes an answer that came as one JSON value although a stream was asked for.
    fn whole(&mut self, answer: Value, sink: &mut Sink<'_>) -> Result<(), ModelError>;
    /// Whether the provider has said why it stopped: then a missing end marker is no loss.
    fn is_complete(&self) -> bool;
    /// The reply.
    fn finish(self: Box<Self>) -> Result<ChatReply, ModelError>;
}

impl ModelHttp {
    /// Sends `body` and feeds what comes back to `answer`.
    pub(super) async fn ask(
        &self,
        endpoint: &Endpoint,
        body: &Value,
        mut answer: Box<dyn Answer + '_>,
        sink: &mut Sink<'_>,
    ) -> Result<ChatReply, ModelError> {
        let request = self
            .client
            .post(endpoint.url.reveal())
            .headers(endpoint.headers.clone())
            .body(body.to_string());
        let response = timeout(self.header_timeout, request.send())
            .await
            .map_err(|_| endpoint.timed_out("no answer", self.header_timeout))?
            .map_err(|error| endpoint.unanswered(error))?;
        let status = response.status();
        let headers = response.headers().clone();
        let mut body = Body { response, endpoint, idle_timeout: self.idle_timeout, taken: 0 };
        if !status.is_success() {
            let text = body.read_some().await;
            return Err(endpoint.refused(status, &headers, &text));
        }
        body.feed(answer.as_mut(), sink).await?;
        answer.finish()
    }
}

/// The body of an answer, read within limits.
struct Body<'e> {
    response: reqwest::Response,
    endpoint: &'e Endpoint,
    idle_timeout: Duration,
    taken: usize,
}

impl Body<'_> {
    async fn next(&mut self) -> Result<Option<Bytes>, ModelError> {
        let chunk = timeout(self.idle_timeout, self.response.chunk())
            .await
            .map_err(|_| self.endpoint.timed_out("nothing more", self.idle_timeout))?
            .map_err(|error| {
                let cause = root_cause(&error.without_url());
                self.endpoint.cut(&self.endpoint.quote(&cause))
            })?;
        self.taken += chunk.as_ref().map_or(0, Bytes::len);
        if self.taken > MAX_ANSWER {
            let what = format!("more than {} MiB", MAX_ANSWER >> 20);
            return Err(self.endpoint.too_large(&what));
        }
        Ok(chunk)
    }

    /// The beginning of an error's body; what cannot be read of it is not worth another error.
    async fn read_some(&mut self) -> Vec<u8> {
        let mut text = Vec::new();
        while text.len() < MAX_ERROR_BODY
            && let Ok(Some(chunk)) = self.next().await
        {
            text.extend_from_slice(&chunk);
        }
        text.truncate(MAX_ERROR_BODY);
        text
    }

    async fn feed(
        &mut self,
        answer: &mut dyn Answer,
        sink: &mut Sink<'_>,
    ) -> Result<(), ModelError> {
        // The first character tells a stream from a whole answer; content types are often wrong.
        let mut head = Vec::new();
        let first = loop {
            let Some(chunk) = self.next().await? else {
                break None;
            };
            head.extend_from_slice(&chunk);
            let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head);
            if let Some(first) = text.iter().find(|byte| !byte.is_ascii_whitespace()) {
                break Some(*first);
            }
        };
        match first {
            None => Err(self.endpoint.cut("it was empty")),
            Some(b'<') => {
                let message = format!(
                    "{} answered with a web page; check {}",
                    self.endpoint.subject(),
                    self.endpoint.names.base_setting
                );
                Err(ModelError::never(ErrorKind::Malformed, message))
            }
            Some(b'{') => {
                while let Some(chunk) = self.next().await? {
                    head.extend_from_slice(&chunk);
                }
                let whole: Value = serde_json::from_slice(&head)
                    .map_err(|error| self.endpoint.malformed(&error.to_string()))?;
                match whole.get("error") {
                    Some(error) if !error.is_null() => Err(self.endpoint.reported(error)),
                    _ => answer.whole(whole, sink),
                }
            }
            Some(_) => self.feed_events(head.into(), answer, sink).await,
        }
    }

    async fn feed_events(
        &mut self,
        head: Bytes,
        answer: &mut dyn Answer,
        sink: &mut Sink<'_>,
    ) -> Result<(), ModelError> {
        let mut decoder = SseDecoder::default();
        let mut chunk = head;
        loop {
            if !decoder.push(&chunk, |data| answer.event(&data, sink))? {
                self.wait_for_end().await;
                return Ok(());
            }
            chunk = match self.next().await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => break,
                Err(error) if error.kind == ErrorKind::TooLarge => return Err(error),
                Err(_) if answer.is_complete() => return Ok(()),
                Err(error) => return Err(error),
            };
        }
        if let Some(data) = decoder.finish()
            && !answer.event(&data, sink)?
        {
            return Ok(());
        }
        match answer.is_complete() {
            true => Ok(()),
            false => Err(self.endpoint.cut("the stream ended in the middle")),
        }
    }

    /// A connection whose answer has been read to its end is used again; one with an open answer
    /// is closed.
    async fn wait_for_end(&mut self) {
        let end = async { while let Ok(Some(_)) = self.response.chunk().await {} };
        // Whether it came in time makes no difference to the answer.
        let _in_time = timeout(END_GRACE, end).await;
    }
}
