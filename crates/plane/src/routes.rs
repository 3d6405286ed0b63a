//! The router: every operation with its access check, and what surrounds all of them.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::handler::Handler;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{MethodFilter, on};
use drover_domain::Error;
use drover_wire::{Access, Operation};
use metrics::{Counter, Histogram};
use serde_json::Value;
use tracing::Instrument;

use crate::auth;
use crate::ctx::Ctx;
use crate::error::{Failure, answer};
use crate::plane::Plane;
use crate::{
    agents, analytics, approvals, connections, environments, executions, foreign, health, jobs,
    organizations, queues, runners, skills, task_queues, workers, workflows,
};

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The routes while they are collected.
pub struct Routes {
    plane: Arc<Plane>,
    router: Router<Arc<Plane>>,
}

impl Routes {
    /// Adds an operation: its access check runs before its handler sees anything of the request.
    pub fn on<O, H, T>(self, handler: H) -> Self
    where
        O: Operation,
        H: Handler<T, Arc<Plane>>,
        T: 'static,
    {
        self.at::<O, H, T>(O::PATH, handler)
    }

    /// Adds an operation under a second path.
    pub fn at<O, H, T>(self, path: &str, handler: H) -> Self
    where
        O: Operation,
        H: Handler<T, Arc<Plane>>,
        T: 'static,
    {
        let filter = MethodFilter::try_from(O::METHOD).unwrap_or(MethodFilter::GET);
        let success = StatusCode::from_u16(O::SUCCESS).unwrap_or(StatusCode::OK);
        let (plane, access, operation) = (self.plane.clone(), O::ACCESS, O::ID);
        let seconds = metrics::histogram!(
            "drover_http_request_duration_seconds",
            "operation" => operation
        );
        let gate = Gate {
            plane,
            access,
            operation,
            success,
            succeeded: requests(operation, success),
            seconds,
        };
        let route = on(filter, handler).layer(middleware::from_fn_with_state(gate, pass));
        Self { router: self.router.route(path, route), plane: self.plane }
    }
}

/// The whole API of a plane.
pub fn router(plane: Arc<Plane>) -> Router {
    let mut routes = Routes { plane: plane.clone(), router: Router::new() };
    for area in [
        health::routes,
        auth::routes,
        organizations::routes,
        agents::routes,
        skills::routes,
        environments::routes,
        queues::routes,
        task_queues::routes,
        workers::routes,
        runners::routes,
        jobs::routes,
        executions::routes,
        workflows::routes,
        connections::routes,
        foreign::routes,
        analytics::routes,
        approvals::routes,
    ] {
        routes = area(routes);
    }
    routes
        .router
        .route(foreign::socket::PATH, axum::routing::get(foreign::socket::handler))
        .route("/api/openapi.json", axum::routing::get(async || axum::Json(openapi())))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::from_fn_with_state(plane.clone(), surround))
        .with_state(plane)
}

/// The OpenAPI document of all operations.
pub fn openapi() -> Value {
    let mut document = drover_wire::openapi::Document::default();
    for operation in drover_wire::operations() {
        (operation.document)(&mut document);
    }
    document.finish(env!("CARGO_PKG_VERSION"))
}

#[derive(Clone)]
struct Gate {
    plane: Arc<Plane>,
    access: Access,
    operation: &'static str,
    success: StatusCode,
    /// Found once: the registry is asked with every name and label anew.
    succeeded: Counter,
    seconds: Histogram,
}

fn requests(operation: &'static str, status: StatusCode) -> Counter {
    let status = status.as_u16().to_string();
    metrics::counter!("drover_http_requests_total", "operation" => operation, "status" => status)
}

async fn pass(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let span =
        tracing::debug_span!("request", operation = gate.operation, org.id = tracing::field::Empty);
    match gate.access {
        Access::Public => {}
        Access::Lease => match auth::holder(&gate.plane, request.headers()) {
            Ok(holder) => {
                span.record("org.id", holder.organization.as_str());
                request.extensions_mut().insert(holder);
            }
            Err(refusal) => return *refusal,
        },
        Access::Operator => {
            if let Some(refusal) = auth::operator(&gate.plane, &request) {
                return refusal;
            }
        }
        Access::May(action) => match auth::authenticate(&gate.plane, request.headers()).await {
            Ok(identity) if identity.role.may(action) => {
                span.record("org.id", identity.organization.as_str());
                request.extensions_mut().insert(Ctx::new(gate.plane.clone(), identity));
            }
            Ok(identity) => {
                let role = identity.role.as_str();
                let text = format!("A key with role `{role}` may not do this");
                return Failure(Error::Forbidden(text)).into_response();
            }
            Err(refusal) => return refusal,
        },
    }
    let response = with_status(next.run(request).instrument(span).await, gate.success);
    if response.status() == gate.success {
        gate.succeeded.increment(1);
    } else {
        requests(gate.operation, response.status()).increment(1);
    }
    gate.seconds.record(started.elapsed().as_secs_f64());
    response
}

/// A handler that says 200 answers with the operation's declared status.
fn with_status(mut response: Response, success: StatusCode) -> Response {
    if response.status() == StatusCode::OK {
        *response.status_mut() = success;
        if success == StatusCode::NO_CONTENT {
            *response.body_mut() = axum::body::Body::empty();
            response.headers_mut().remove(header::CONTENT_TYPE);
            response.headers_mut().remove(header::CONTENT_LENGTH);
        }
    }
    response
}

/// Request ids and CORS, on every answer.
async fn surround(State(plane): State<Arc<Plane>>, request: Request, next: Next) -> Response {
    let id = request_id(&plane, request.headers());
    let origin = request.headers().get(header::ORIGIN).cloned();
    let preflight = request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let asked = request.headers().get(header::ACCESS_CONTROL_REQUEST_HEADERS).cloned();
    let text = id.to_str().unwrap_or_default();
    let span = tracing::info_span!("http", request.id = text);
    let mut response = if preflight {
        let mut response = "OK".into_response();
        let allow = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE");
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_METHODS, allow);
        let age = HeaderValue::from_static("600");
        response.headers_mut().insert(header::ACCESS_CONTROL_MAX_AGE, age);
        if let Some(asked) = asked {
            response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked);
        }
        response
    } else {
        next.run(request).instrument(span).await
    };
    let headers = response.headers_mut();
    if origin.is_some() {
        // Keys travel in headers, never in cookies, so any origin may ask.
        let any = HeaderValue::from_static("*");
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, any.clone());
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, any);
    }
    headers.insert(REQUEST_ID.clone(), id);
    if plane.draining.is_cancelled() {
        // The caller's next request finds another plane.
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// The caller's request id if it has the contract's form, else a new one.
fn request_id(plane: &Plane, headers: &HeaderMap) -> HeaderValue {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-".contains(byte);
    match headers.get(&REQUEST_ID) {
        Some(id) if (1..=128).contains(&id.len()) && id.as_bytes().iter().all(allowed) => {
            id.clone()
        }
        _ => {
            let id = plane.ids.next().hyphenated().to_string();
            HeaderValue::from_str(&id).unwrap_or(HeaderValue::from_static("unknown"))
        }
    }
}

/// A trailing slash too many is redirected, anything else is not there.
async fn not_found(request: Request) -> Response {
    let path = request.uri().path();
    match path.strip_suffix('/') {
        Some(trimmed) if path.starts_with("/api/") && !trimmed.is_empty() => {
            let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
            Redirect::temporary(&format!("{trimmed}{query}")).into_response()
        }
        _ => answer(StatusCode::NOT_FOUND, "Not Found".into()),
    }
}

async fn method_not_allowed() -> Response {
    answer(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed".into())
}

/// Whether a request came from this machine.
pub(crate) fn from_loopback(request: &Request) -> bool {
    let peer = request.extensions().get::<ConnectInfo<std::net::SocketAddr>>();
    peer.is_some_and(|peer| peer.0.ip().is_loopback())
}
