//! Scripting over HTTP, for tests whose plane is another process.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Reply;
use crate::server::{AtEnd, Scripts};

pub(crate) fn router() -> Router<Arc<Scripts>> {
    Router::new()
        .route("/__script/{*name}", post(script))
        .route("/__requests", get(count))
        .route("/__requests/{*name}", get(requests))
        .route("/__release/{*name}", post(release))
}

/// Replies, the last of which repeats; or with `exactly`, none of which does.
#[derive(Deserialize)]
#[serde(untagged)]
enum NewScript {
    Replies(Vec<Reply>),
    Full {
        replies: Vec<Reply>,
        #[serde(default)]
        exactly: bool,
    },
}

async fn script(
    State(scripts): State<Arc<Scripts>>,
    Path(name): Path<String>,
    Json(script): Json<NewScript>,
) {
    match script {
        NewScript::Replies(replies) | NewScript::Full { replies, exactly: false } => {
            scripts.set(&name, replies, AtEnd::RepeatLast)
        }
        NewScript::Full { replies, .. } => scripts.set(&name, replies, AtEnd::Fail),
    }
}

async fn count(State(scripts): State<Arc<Scripts>>) -> Json<Value> {
    Json(json!({ "count": scripts.arrived.load(Ordering::Relaxed) }))
}

async fn requests(State(scripts): State<Arc<Scripts>>, Path(name): Path<String>) -> Json<Value> {
    let script = scripts.find_or_add(&name);
    let requests: Vec<Value> =
        script.requests.borrow().iter().map(|request| json!(**request)).collect();
    Json(Value::Array(requests))
}

async fn release(State(scripts): State<Arc<Scripts>>, Path(name): Path<String>) {
    scripts.find_or_add(&name).gate.add_permits(1);
}
