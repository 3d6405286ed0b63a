//! The typed HTTP client over the operations: what the command line and the tests use.

use std::fmt;

use eventsource_stream::Eventsource;
use futures_util::{Stream, StreamExt};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use crate::operation::{Callable, Nothing, Operation};

/// A caller of one plane with one key.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    key: Option<HeaderValue>,
}

/// Why a call failed.
#[derive(Debug)]
pub enum ClientError {
    /// The plane answered with an error.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The body's `detail`, or the body.
        detail: Value,
    },
    /// The plane did not answer, or not in its own words.
    Unreachable {
        /// Which plane.
        url: String,
        /// Why.
        why: String,
    },
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { status, detail } => match detail {
                Value::String(text) => write!(f, "{text} ({status})"),
                Value::Object(fields) => match fields.get("message").and_then(Value::as_str) {
                    Some(text) => write!(f, "{text} ({status})"),
                    None => write!(f, "{detail} ({status})"),
                },
                Value::Array(items) => {
                    let lines: Vec<_> = items.iter().map(one_violation).collect();
                    write!(f, "{} ({status})", lines.join("; "))
                }
                other => write!(f, "{other} ({status})"),
            },
            Self::Unreachable { url, why } => write!(f, "no answer from `{url}`: {why}"),
        }
    }
}

impl std::error::Error for ClientError {}

fn one_violation(item: &Value) -> String {
    let words = item["loc"].as_array().map(Vec::as_slice).unwrap_or_default();
    let words: Vec<_> = words.iter().skip(1).filter_map(Value::as_str).collect();
    format!("`{}`: {}", words.join("."), item["msg"].as_str().unwrap_or("is wrong"))
}

/// One frame of an event stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// The event's id; empty where it has none.
    pub id: String,
    /// The event's name.
    pub event: String,
    /// Its data.
    pub data: Value,
}

impl Client {
    /// A client of the plane at `url`.
    pub fn new(http: reqwest::Client, url: &str, key: Option<&str>) -> Self {
        let key = key.and_then(|key| {
            let mut value = HeaderValue::from_str(&format!("Bearer {key}")).ok()?;
            value.set_sensitive(true);
            Some(value)
        });
        Self { http, url: url.trim_end_matches('/').to_owned(), key }
    }

    /// A client of the same plane with another key.
    pub fn with_key(&self, key: &str) -> Self {
        Self::new(self.http.clone(), &self.url, Some(key))
    }

    /// Where the plane is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Calls an operation; `path` are the values of its path parameters, in order.
    pub async fn call<O: Callable>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        body: &O::Body,
    ) -> Result<O::Reply, ClientError> {
        self.call_with::<O>(path, query, body, HeaderMap::new()).await
    }

    /// Calls an operation with further headers (`Prefer`, `Idempotency-Key`).
    pub async fn call_with<O: Callable>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        body: &O::Body,
        headers: HeaderMap,
    ) -> Result<O::Reply, ClientError> {
        let mut request = self.request::<O>(path).query(query).headers(headers);
        if !is_nothing::<O>() {
            request = request.json(body);
        }
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        let response = self.accepted(response).await?;
        let bytes = response.bytes().await.map_err(|error| self.unreachable(&error))?;
        let bytes: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        serde_json::from_slice(bytes).map_err(|error| self.unreachable(&error))
    }

    /// Follows an event stream from after `last_event_id`.
    pub async fn stream<O: Operation>(
        &self,
        path: &[&str],
        last_event_id: Option<&str>,
    ) -> Result<impl Stream<Item = Result<Frame, ClientError>> + use<O>, ClientError> {
        let mut request = self.request::<O>(path);
        if let Some(id) = last_event_id {
            request = request.header(HeaderName::from_static("last-event-id"), id);
        }
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        let response = self.accepted(response).await?;
        let url = self.url.clone();
        Ok(response.bytes_stream().eventsource().map(move |event| match event {
            Ok(event) => Ok(Frame {
                data: serde_json::from_str(&event.data).unwrap_or(Value::String(event.data)),
                id: event.id,
                event: event.event,
            }),
            Err(error) => {
                Err(ClientError::Unreachable { url: url.clone(), why: error.to_string() })
            }
        }))
    }

    fn request<O: Operation>(&self, path: &[&str]) -> reqwest::RequestBuilder {
        let mut values = path.iter();
        let mut filled = String::new();
        for part in O::PATH.split_inclusive('}') {
            match part.split_once('{') {
                Some((before, _)) => {
                    filled.push_str(before);
                    filled.push_str(&escape(values.next().copied().unwrap_or_default()));
                }
                None => filled.push_str(part),
            }
        }
        let mut request = self.http.request(O::METHOD, format!("{}{filled}", self.url));
        if let Some(key) = &self.key {
            request = request.header(AUTHORIZATION, key.clone());
        }
        request
    }

    async fn accepted(
        &self,
        response: reqwest::Response,
    ) -> Result<reqwest::Response, ClientError> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let text = response.text().await.unwrap_or_default();
        let detail = serde_json::from_str(&text)
            .map(|mut body: Value| body.get_mut("detail").map(Value::take).unwrap_or(body))
            .unwrap_or(Value::String(text));
        Err(ClientError::Refused { status: status.as_u16(), detail })
    }

    fn unreachable(&self, error: &dyn std::error::Error) -> ClientError {
        let mut why = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            why = cause.to_string();
            source = cause.source();
        }
        ClientError::Unreachable { url: self.url.clone(), why }
    }
}

fn is_nothing<O: Operation>() -> bool {
    use utoipa::ToSchema;
    O::Body::name() == Nothing::name()
}

/// A path segment: everything but unreserved characters percent-encoded.
fn escape(segment: &str) -> String {
    use fmt::Write;
    segment.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _infallible = write!(out, "%{byte:02X}");
        }
        out
    })
}
