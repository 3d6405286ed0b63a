//! One provider's address and key, and every sentence about a failure there. Keys go in, and never
//! come out in a text.

use std::error::Error as _;
use std::time::Duration;

use drover_domain::Secret;
use drover_domain::activities::Retry;
use http::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER};
use http::{HeaderName, StatusCode};
use jiff::fmt::rfc2822;
use serde_json::Value;

use super::calls::{CallsError, MAX_ARGUMENTS, MAX_CALLS};
use super::{ErrorKind, ModelError};

/// Most characters shown of what a provider says.
const MAX_ERROR_TEXT: usize = 500;
/// Longest wait a provider can ask for.
const MAX_RETRY_AFTER_MS: u64 = 5 * 60 * 1000;

/// The settings a person would look at when a provider refuses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names {
    pub(super) provider: &'static str,
    /// Where the key comes from, if the provider has one.
    pub(super) key_setting: Option<&'static str>,
    pub(super) base_setting: &'static str,
    /// What is worth knowing when the path is not found.
    pub(super) base_hint: &'static str,
}

/// Where requests of one client go, and its key.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) names: Names,
    /// Secret because a URL can hold a password; `shown` does not.
    pub(super) url: Secret<String>,
    shown: String,
    key: Option<Secret<String>>,
    pub(super) headers: HeaderMap,
}

impl Endpoint {
    /// `key_prefix` goes before the key in `key_header`.
    pub(super) fn new(
        names: Names,
        base: &str,
        path: &str,
        key: Option<&Secret<String>>,
        (key_header, key_prefix): (HeaderName, &str),
    ) -> Result<Self, ModelError> {
        let base = base.trim().trim_end_matches('/');
        let shown = without_credentials(base);
        // A key read from a file often ends in a line break.
        let key = key.map(|key| key.reveal().trim().to_owned());
        let key = key.filter(|key| !key.is_empty());
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(key) = &key {
            let value = HeaderValue::from_str(&format!("{key_prefix}{key}"));
            let mut value = value.map_err(|_| {
                let message = format!(
                    "The key for the model provider at {shown} holds characters that no HTTP \
                     header can carry; check {}",
                    names.key_setting.unwrap_or("it")
                );
                ModelError::never(ErrorKind::Setup, message)
            })?;
            value.set_sensitive(true);
            headers.insert(key_header, value);
        }
        Ok(Self {
            names,
            url: Secret::new(format!("{base}{path}")),
            shown,
            key: key.map(Secret::new),
            headers,
        })
    }

    pub(super) fn with_header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.insert(name, HeaderValue::from_static(value));
        self
    }

    /// "The model provider at http://…", the beginning of every message.
    pub(super) fn subject(&self) -> String {
        format!("The model provider at {}", self.shown)
    }

    /// Somebody else's text as it can be shown: on one line, short, without the key.
    pub(super) fn quote(&self, text: &str) -> String {
        let mut text = text.to_owned();
        if let Some(key) = &self.key {
            text = text.replace(key.reveal().as_str(), "[key]");
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        let line = words.join(" ");
        match line.char_indices().nth(MAX_ERROR_TEXT) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line,
        }
    }

    /// An answer that is not in the provider's format.
    pub(super) fn malformed(&self, what: &str) -> ModelError {
        let message =
            format!("{} gave an answer that cannot be read: {}", self.subject(), self.quote(what));
        ModelError::backoff(ErrorKind::Malformed, message)
    }

    /// An answer that ended too early.
    pub(super) fn cut(&self, why: &str) -> ModelError {
        let message = format!("{} broke off its answer: {why}", self.subject());
        ModelError::backoff(ErrorKind::Cut, message)
    }

    pub(super) fn too_large(&self, what: &str) -> ModelError {
        let message = format!("{} gave an answer with {what}", self.subject());
        ModelError::never(ErrorKind::TooLarge, message)
    }

    pub(super) fn bad_calls(&self, error: CallsError) -> ModelError {
        match error {
            CallsError::TooMany => self.too_large(&format!("more than {MAX_CALLS} tool calls")),
            CallsError::TooLong => self.too_large(&format!(
                "more than {MAX_ARGUMENTS} bytes of arguments for one tool call"
            )),
            CallsError::Nameless => self.malformed("a tool call without a name"),
        }
    }

    /// An error that the provider reported inside its answer, as `error` of both formats.
    pub(super) fn reported(&self, error: &Value) -> ModelError {
        let status = error["code"]
            .as_u64()
            .and_then(|code| u16::try_from(code).ok())
            .and_then(|code| StatusCode::from_u16(code).ok());
        let never = match status {
            Some(status) => !is_retryable(status),
            None => [&error["type"], &error["code"]]
                .into_iter()
                .filter_map(Value::as_str)
                .any(is_lasting),
        };
        let name = error["type"].as_str().unwrap_or("error");
        let message = format!(
            "{} reported an error ({}): {}",
            self.subject(),
            self.quote(name),
            self.quote(&error_text(error).unwrap_or_else(|| error.to_string()))
        );
        match never {
            true => ModelError::never(ErrorKind::Reported, message),
            false => ModelError::backoff(ErrorKind::Reported, message),
        }
    }

    /// A status other than 2xx.
    pub(super) fn refused(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) -> ModelError {
        let body = String::from_utf8_lossy(body);
        let json: Value = serde_json::from_str(&body).unwrap_or_default();
        let said = error_text(&json).unwrap_or_else(|| body.into_owned());
        let said = match said.trim().is_empty() {
            true => "no reason given".to_owned(),
            false => self.quote(&said),
        };
        let no_quota = status == StatusCode::TOO_MANY_REQUESTS
            && [&json["error"]["type"], &json["error"]["code"]]
                .contains(&&"insufficient_quota".into());
        let key = self.names.key_setting;
        let base = self.names.base_setting;
        let (what, advice) = match status.as_u16() {
            401 if self.key.is_none() => ("wants a key", key.map(|key| format!("set {key}"))),
            401 => ("refused the key", key.map(|key| format!("check {key}"))),
            403 => ("refused access", key.map(|key| format!("check what the key in {key} may do"))),
            404 => (
                "does not know the model or the path",
                Some(format!("check the agent's model and {base}{}", self.names.base_hint)),
            ),
            300..=399 => {
                let target = headers.get(LOCATION).and_then(|to| to.to_str().ok());
                let target = target.map(|to| self.quote(&without_credentials(to)));
                (
                    "answered with a redirect, which is not followed",
                    Some(match target {
                        Some(target) => format!("check {base} (it points to {target})"),
                        None => format!("check {base}"),
                    }),
                )
            }
            413 => ("finds the request too large", None),
            429 if no_quota => (
                "has no quota left for this key",
                Some("check the plan and billing of the account".to_owned()),
            ),
            429 => ("asks to slow down", None),
            503 | 529 => ("is overloaded", None),
            500..=599 => ("failed", None),
            _ => ("rejected the request", None),
        };
        let advice = advice.map(|advice| format!("; {advice}"));
        let message = format!(
            "{} {what} ({}): {said}{}",
            self.subject(),
            status.as_u16(),
            advice.unwrap_or_default()
        );
        ModelError {
            kind: ErrorKind::Status(status.as_u16()),
            message,
            retry: match is_retryable(status) && !no_quota {
                true => retry_after(headers).map_or(Retry::Backoff, Retry::AfterMs),
                false => Retry::Never,
            },
        }
    }

    /// A request that got no answer.
    pub(super) fn unanswered(&self, error: reqwest::Error) -> ModelError {
        let error = error.without_url();
        let cause = self.quote(&root_cause(&error));
        let subject = self.subject();
        let base = self.names.base_setting;
        if error.is_builder() {
            let message = format!("{subject} cannot be asked: {cause}; check {base}");
            return ModelError::never(ErrorKind::Setup, message);
        }
        if error.is_connect() {
            let message = format!(
                "{subject} cannot be reached: {cause}; check that it is running and that {base} \
                 is right"
            );
            return ModelError::backoff(ErrorKind::Unreachable, message);
        }
        self.cut(&cause)
    }

    pub(super) fn timed_out(&self, what: &str, limit: Duration) -> ModelError {
        let message = format!("{} sent {what} for {} seconds", self.subject(), limit.as_secs_f64());
        ModelError::backoff(ErrorKind::TimedOut, message)
    }
}

fn is_retryable(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 409 | 429) || status.is_server_error()
}

/// Error names of both formats that another try does not mend.
fn is_lasting(name: &str) -> bool {
    matches!(
        name,
        "authentication_error"
            | "billing_error"
            | "content_filter"
            | "context_length_exceeded"
            | "insufficient_quota"
            | "invalid_api_key"
            | "invalid_request_error"
            | "model_not_found"
            | "not_found_error"
            | "permission_error"
            | "request_too_large"
    )
}

/// The wait that the provider asks for: `Retry-After` in seconds or as a date, which is compared
/// with the provider's own clock, or OpenAI's `retry-after-ms`.
fn retry_after(headers: &HeaderMap) -> Option<u64> {
    let text = |name: HeaderName| headers.get(name)?.to_str().ok().map(str::trim);
    let ms = |number: f64| (number.is_finite() && number >= 0.0).then_some(number as u64);
    let exact = text(HeaderName::from_static("retry-after-ms"))
        .and_then(|number| number.parse().ok())
        .and_then(ms);
    let wait = exact.or_else(|| {
        let after = text(RETRY_AFTER)?;
        if let Ok(seconds) = after.parse::<f64>() {
            return ms(seconds * 1000.0);
        }
        let parser = rfc2822::DateTimeParser::new();
        let then = parser.parse_timestamp(after).ok()?;
        let now = parser.parse_timestamp(text(DATE)?).ok()?;
        let wait = then.as_millisecond().saturating_sub(now.as_millisecond());
        Some(u64::try_from(wait).unwrap_or(0))
    })?;
    Some(wait.min(MAX_RETRY_AFTER_MS))
}

/// The provider's own words, wherever its error body has them.
fn error_text(json: &Value) -> Option<String> {
    let places = ["/error/message", "/error", "/message", "/detail", "/0/error/message"];
    places.iter().find_map(|place| json.pointer(place)?.as_str()).map(str::to_owned)
}

/// The innermost cause: the outer ones only say that a request failed.
pub(super) fn root_cause(error: &reqwest::Error) -> String {
    let mut cause = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        cause = source.to_string();
        next = source.source();
    }
    cause
}

/// A URL without user, password, query and fragment.
fn without_credentials(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let (authority, path) = match rest.find('/') {
        Some(slash) => rest.split_at(slash),
        None => (rest, ""),
    };
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pairs = pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        pairs.collect()
    }

    #[test]
    fn retry_after_is_read_in_every_form_and_capped() {
        let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        for (given, wait) in [
            (vec![("retry-after", "7")], Some(7_000)),
            (vec![("retry-after", "0.5")], Some(500)),
            (vec![("retry-after", "86400")], Some(300_000)),
            (vec![("retry-after", "-1")], None),
            (vec![("retry-after", "soon")], None),
            (vec![("retry-after", "NaN")], None),
            (vec![("retry-after-ms", "120"), ("retry-after", "7")], Some(120)),
            (vec![date, ("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT")], Some(10_000)),
            (vec![date, ("retry-after", "Sun, 06 Nov 1994 08:49:07 GMT")], Some(0)),
            (vec![date, ("retry-after", "Mon, 07 Nov 1994 08:49:37 GMT")], Some(300_000)),
            (vec![("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT")], None),
            (vec![], None),
        ] {
            assert_eq!(retry_after(&headers(&given)), wait, "{given:?}");
        }
    }

    #[test]
    fn a_shown_url_has_no_credentials() {
        for (url, shown) in [
            ("http://user:pass@host:1/v1?key=x#y", "http://host:1/v1"),
            ("http://host", "http://host"),
            ("host/v1?key=x", "host/v1"),
        ] {
            assert_eq!(without_credentials(url), shown);
        }
    }
}
