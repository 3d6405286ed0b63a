//! A worker's WebSocket (contract, workers §7.1): its events and signs of life over one connection, in
//! their order. Nothing is told over it that is not also told over HTTP.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{
    Message, WebSocket, WebSocketUpgrade, rejection::WebSocketUpgradeRejection,
};
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use drover_domain::identity::Action;
use drover_domain::{Error, ExecutionId, QueueId, Result, WorkerId, rfc3339};
use drover_store::workers::queries::{Sign, worker_closed, worker_get, worker_heard};
use drover_wire::check::{Check, Violations};
use drover_wire::executions::PublishEvent;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::auth::authenticate;
use crate::connections::Kind;
use crate::ctx::Ctx;
use crate::error::Failure;
use crate::executions::publish::publish;
use crate::extract::{MAX_BODY, path_id};
use crate::foreign::FEATURES;
use crate::plane::Plane;
use crate::workers::heartbeat::serve_foreign;

/// The path, which is no operation: it has no body and no reply.
pub const PATH: &str = "/api/v1/ws/workers/{worker_id}";
/// The silence after which the worker is asked, and told, that the other side is there. It gives up
/// on a plane that says nothing for twice as long.
const SILENCE: Duration = Duration::from_secs(30);

/// How long a worker has to open another connection after one has ended.
const COMES_BACK: Duration = Duration::from_secs(2);

/// What a worker says.
#[derive(Deserialize)]
#[serde(tag = "message_type", rename_all = "snake_case")]
enum Said {
    Event {
        execution_id: ExecutionId,
        event_type: String,
        data: Value,
        timestamp: Option<String>,
    },
    Heartbeat {},
    Ping {},
    #[serde(other)]
    Other,
}

/// Takes the connection of a worker of the caller's organization.
pub async fn handler(
    State(plane): State<Arc<Plane>>,
    Path(worker): Path<String>,
    headers: HeaderMap,
    upgrade: std::result::Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let identity = match authenticate(&plane, &headers).await {
        Ok(identity) => identity,
        Err(refusal) => return refusal,
    };
    if !identity.role.may(Action::Report) {
        let text = format!("A key with role `{}` may not do this", identity.role.as_str());
        return Failure(Error::Forbidden(text)).into_response();
    }
    let ctx = Ctx::new(plane, identity);
    let worker = match known(&ctx, &worker).await {
        Ok(worker) => worker,
        Err(error) => return Failure(error).into_response(),
    };
    match upgrade {
        Ok(upgrade) => {
            upgrade.max_message_size(MAX_BODY).on_upgrade(move |socket| serve(ctx, worker, socket))
        }
        Err(rejection) => rejection.into_response(),
    }
}

async fn known(ctx: &Ctx, worker: &str) -> Result<WorkerId> {
    let worker: WorkerId = path_id("worker_id", worker)?;
    let rows = worker_get(ctx.read(), ctx.org(), worker).await?;
    let is_here = rows.iter().any(|row| row.is_foreign() && row.disconnected_at.is_none());
    is_here.then_some(worker).ok_or_else(|| Error::not_found("Worker not found"))
}

/// Takes a worker's connection, and looks afterwards whether it comes back.
async fn serve(ctx: Ctx, worker: WorkerId, socket: WebSocket) {
    match heard(&ctx, worker).await {
        Ok(()) => speak(&ctx, worker, socket).await,
        Err(error) => return tracing::warn!(%error, "a worker's connection was not taken"),
    }
    let plane = ctx.plane().clone();
    if !plane.stopping.is_cancelled() {
        plane.tasks.spawn(async move {
            if let Err(error) = closed(&ctx, worker).await {
                tracing::warn!(%error, "a worker whose connection ended was not looked for");
            }
        });
    }
}

/// A worker that ends without a word closes its connection; one that lives opens another at once, or
/// is heard within a minute. So it counts for nobody meanwhile, but what it runs is not lost yet.
async fn closed(ctx: &Ctx, worker: WorkerId) -> Result<()> {
    let rows = worker_get(ctx.read(), ctx.org(), worker).await?;
    tokio::select! {
        () = tokio::time::sleep(COMES_BACK) => {}
        () = ctx.plane().stopping.cancelled() => return Ok(()),
    }
    for row in rows {
        let mut set = ctx.set();
        worker_closed(&mut set, &row);
        set.changes_catalogue(ctx.org());
        match ctx.write(set).await {
            Ok(()) => ctx.plane().hub.leave_foreign(QueueId(row.queue_id), worker),
            // It was heard.
            Err(Error::Stale) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// A sign of life. Of a worker that has left, it changes nothing.
async fn heard(ctx: &Ctx, worker: WorkerId) -> Result<()> {
    let sign = Sign { status: "active".to_owned(), ..Sign::default() };
    let mut set = ctx.set();
    worker_heard(&mut set, ctx.org(), worker, sign, ctx.now());
    ctx.write(set).await?;
    for row in worker_get(ctx.read(), ctx.org(), worker).await? {
        if row.disconnected_at.is_none() {
            serve_foreign(ctx.plane(), ctx.org(), &row).await?;
        }
    }
    Ok(())
}

/// Speaks with the worker until one of both hangs up.
async fn speak(ctx: &Ctx, worker: WorkerId, mut socket: WebSocket) {
    let connected = json!({
        "message_type": "connected", "worker_id": worker, "features": FEATURES,
        "timestamp": rfc3339(ctx.now()),
    });
    let mut answers = vec![connected];
    let open = ctx.plane().connections.open(ctx.org(), Kind::Socket);
    loop {
        for answer in answers.drain(..) {
            if answer["type"] == "error" {
                open.failed();
            }
            if socket.send(Message::Text(answer.to_string().into())).await.is_err() {
                return;
            }
            open.sent(1);
        }
        let heard = tokio::select! {
            heard = socket.recv() => heard,
            () = ctx.plane().stopping.cancelled() => return,
            () = tokio::time::sleep(SILENCE) => {
                answers = vec![of(ctx, "ping"), of(ctx, "pong")];
                continue;
            }
        };
        match heard {
            Some(Ok(Message::Text(text))) => answers = answer(ctx, worker, &text).await,
            Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Close(_)) | Err(_)) | None => return,
        }
    }
}

async fn answer(ctx: &Ctx, worker: WorkerId, text: &str) -> Vec<Value> {
    let taken = match serde_json::from_str(text) {
        Ok(said) => take(ctx, worker, said).await,
        Err(error) => Err(Error::refused(error.to_string())),
    };
    match taken {
        Ok(answers) => answers,
        Err(fault @ Error::Fault { .. }) => {
            let source = std::error::Error::source(&fault).map(ToString::to_string);
            tracing::error!(error = %fault, source, "a worker's frame was not stored");
            vec![json!({"type": "error", "error": "Internal error; send it again over HTTP"})]
        }
        Err(error) => vec![json!({"type": "error", "error": error.to_string()})],
    }
}

async fn take(ctx: &Ctx, worker: WorkerId, said: Said) -> Result<Vec<Value>> {
    match said {
        Said::Event { execution_id, event_type, data, timestamp } => {
            let event = PublishEvent { event_type, data, timestamp };
            let mut violations = Violations::default();
            event.check(&mut violations);
            violations.finish()?;
            publish(ctx, execution_id, event).await?;
            Ok(Vec::new())
        }
        Said::Heartbeat {} => {
            heard(ctx, worker).await?;
            Ok(vec![of(ctx, "pong")])
        }
        Said::Ping {} => Ok(vec![of(ctx, "pong")]),
        Said::Other => Ok(Vec::new()),
    }
}

fn of(ctx: &Ctx, message_type: &str) -> Value {
    json!({"message_type": message_type, "timestamp": rfc3339(ctx.now())})
}
