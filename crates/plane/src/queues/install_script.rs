//! Writing what starts a worker of a queue somewhere. All of them run `drover worker` over HTTP(S), so
//! they need a way to the plane and to nothing else; the API key comes from the environment or from a
//! secret, which the reader makes.

use axum::Json;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use drover_domain::{Error, QueueId, Result, Violation};
use drover_wire::queues::{InstallScript, InstallScriptQuery};

use super::get;
use crate::ctx::Ctx;
use crate::error::Failure;
use crate::extract::{Caller, Id, Query};

const LOCAL: &str = include_str!("install_script/local.sh");
const DOCKER: &str = include_str!("install_script/docker.sh");
const KUBERNETES: &str = include_str!("install_script/kubernetes.yaml");

/// Answers the script as text, or as JSON to whoever wants that.
pub async fn handler(
    Caller(ctx): Caller,
    Id(id): Id<QueueId>,
    Query(query): Query<InstallScriptQuery>,
) -> std::result::Result<Response, Failure> {
    let as_json = match query.format.as_deref() {
        None | Some("text") => false,
        Some("json") => true,
        Some(_) => return Err(Failure(unknown("format", "'text' or 'json'"))),
    };
    let script = script(&ctx, id, query.deployment_type.as_deref()).await?;
    if as_json {
        return Ok(Json(InstallScript { script }).into_response());
    }
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], script).into_response())
}

async fn script(ctx: &Ctx, id: QueueId, deployment_type: Option<&str>) -> Result<String> {
    let template = match deployment_type {
        None | Some("local") => LOCAL.to_owned(),
        Some("docker") => DOCKER.to_owned(),
        Some("kubernetes") => {
            KUBERNETES.replace("@USER@", PINNED_USER).replace("@TOOL@", "kubectl")
        }
        // Its namespaces have users of their own, and refuse others.
        Some("openshift") => KUBERNETES.replace("@USER@", "").replace("@TOOL@", "oc"),
        Some(_) => {
            let known = "'local', 'docker', 'kubernetes' or 'openshift'";
            return Err(unknown("deployment_type", known));
        }
    };
    get::row(ctx, id).await?;
    Ok(template
        .replace("@QUEUE@", &id.to_string())
        .replace("@URL@", &quoted(&ctx.plane().settings.public_url))
        .replace("@VERSION@", env!("CARGO_PKG_VERSION")))
}

/// The user of the image, as whom its folders are made.
const PINNED_USER: &str = "
        runAsNonRoot: true
        runAsUser: 10001
        runAsGroup: 10001
        fsGroup: 10001";

/// The plane's address comes from its configuration; what a shell or YAML would take for more than a
/// text is taken out of it.
fn quoted(url: &str) -> String {
    url.chars().filter(|c| c.is_ascii_graphic() && !"'\"`$\\".contains(*c)).collect()
}

fn unknown(field: &str, known: &str) -> Error {
    Error::Invalid(vec![Violation::query(field, "enum", format!("Input should be {known}"))])
}
