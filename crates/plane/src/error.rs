//! The one place where an error becomes an HTTP answer (contract, auth §2).

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use drover_domain::{Error, Violation};
use serde_json::{Value, json};

/// An error on its way to the caller.
#[derive(Debug)]
pub struct Failure(pub Error);

/// What handlers return.
pub type Reply<T> = Result<Json<T>, Failure>;

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self.0 {
            Error::NotFound(detail) => answer(StatusCode::NOT_FOUND, detail.into()),
            Error::Refused(detail) => answer(StatusCode::BAD_REQUEST, detail.into()),
            Error::Conflict(detail) => answer(StatusCode::CONFLICT, detail.into()),
            Error::Forbidden(detail) => answer(StatusCode::FORBIDDEN, detail.into()),
            Error::Gone(detail) => answer(StatusCode::GONE, detail.into()),
            Error::Stale => answer(
                StatusCode::CONFLICT,
                "It was changed by somebody else meanwhile; read it again and repeat".into(),
            ),
            Error::Unavailable(detail) => {
                let mut response = answer(StatusCode::SERVICE_UNAVAILABLE, detail.into());
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
                response
            }
            Error::Invalid(violations) => {
                let items: Vec<Value> = violations.iter().map(item).collect();
                answer(StatusCode::UNPROCESSABLE_ENTITY, items.into())
            }
            fault @ Error::Fault { .. } if drover_store::is_away(&fault) => {
                log_chain(&fault);
                Self(Error::Unavailable(drover_store::AWAY.into())).into_response()
            }
            fault @ Error::Fault { .. } => {
                log_chain(&fault);
                // The request id is in the answer's header and in the log: enough to find the cause.
                let detail = "Internal error; the operator finds it in the log by the request id";
                answer(StatusCode::INTERNAL_SERVER_ERROR, detail.into())
            }
        }
    }
}

/// An answer in the contract's envelope.
pub(crate) fn answer(status: StatusCode, detail: Value) -> Response {
    (status, Json(json!({"detail": detail}))).into_response()
}

/// The 401 of the contract (auth §2.2).
pub(crate) fn unauthorized(message: &str, hint: &str) -> Response {
    let detail = json!({"error": "Unauthorized", "message": message, "hint": hint});
    answer(StatusCode::UNAUTHORIZED, detail)
}

/// The 400 of a part that runners do not have (contract, workers §5).
pub(crate) fn unknown_component(component: &str, valid: &[&str]) -> Response {
    let message = format!("Component '{component}' is not one of {}", valid.join(", "));
    let detail =
        json!({"error": "Invalid component", "valid_components": valid, "message": message});
    answer(StatusCode::BAD_REQUEST, detail)
}

fn item(violation: &Violation) -> Value {
    let loc: Vec<Value> = violation
        .loc
        .iter()
        .map(|part| part.parse::<u64>().map_or_else(|_| part.as_str().into(), Value::from))
        .collect();
    json!({"type": violation.kind, "loc": loc, "msg": violation.message})
}

fn log_chain(error: &Error) {
    let mut chain = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        chain.push_str(": ");
        chain.push_str(&cause.to_string());
        source = cause.source();
    }
    tracing::error!(error = chain, "request failed");
}
