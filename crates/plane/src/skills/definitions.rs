//! What all skill types offer.

use axum::Json;
use axum::http::{HeaderMap, header};
use drover_domain::skills::{Definition, definitions};
use serde_json::{Value, json};

use crate::error::Reply;

/// Shows what all skill types offer. The command line decodes a bare list with the ids of the
/// variants, every other client an object, so who asks decides (contract, clients K5).
pub async fn handler(headers: HeaderMap) -> Reply<Value> {
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let definitions = definitions();
    Ok(Json(if agent.is_some_and(|agent| agent.starts_with("Go-http-client")) {
        definitions.iter().map(listed).collect()
    } else {
        json!({"skills": definitions.iter().map(shown).collect::<Vec<_>>()})
    }))
}

/// A definition. No type that is described needs anything installed.
pub(super) fn shown(definition: &Definition) -> Value {
    let mut shown = json!(definition);
    shown["requirements"] = json!({
        "python_packages": [], "system_packages": [], "supported_os": null,
        "min_python_version": null, "required_env_vars": [], "external_dependencies": [],
        "notes": null,
    });
    shown["requirements_satisfied"] = true.into();
    shown["missing_requirements"] = json!([]);
    shown
}

fn listed(definition: &Definition) -> Value {
    let variants: Vec<_> = definition.variants.iter().map(|variant| variant.id).collect();
    json!({
        "type": definition.kind, "name": definition.name, "description": definition.description,
        "schema": {}, "variants": variants,
    })
}
