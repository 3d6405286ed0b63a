//! The OpenAPI 3.1 document, made from the operations.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use utoipa::openapi::path::ParameterIn;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, ToSchema};

use crate::operation::{Access, Nothing, Operation};

/// The document while it is being made.
#[derive(Default)]
pub struct Document {
    paths: BTreeMap<&'static str, Map<String, Value>>,
    schemas: Vec<(String, RefOr<Schema>)>,
}

impl Document {
    /// Adds an operation with the schemas it uses.
    pub fn add<O: Operation>(&mut self) {
        let mut entry = Map::new();
        entry.insert("operationId".into(), json!(O::ID));
        entry.insert("summary".into(), json!(O::SUMMARY.trim_ascii()));
        entry.insert("tags".into(), json!([O::ID.split('.').next()]));
        let parameters = parameters::<O>();
        if !parameters.is_empty() {
            entry.insert("parameters".into(), parameters.into());
        }
        if let Some(body) = self.schema_of::<O::Body>() {
            let content = json!({"application/json": {"schema": body}});
            entry.insert("requestBody".into(), json!({"content": content, "required": true}));
        }
        let mut answer = json!({"description": "Success"});
        if let Some(reply) = self.schema_of::<O::Reply>() {
            answer["content"] = json!({"application/json": {"schema": reply}});
        }
        entry.insert("responses".into(), json!({O::SUCCESS.to_string(): answer}));
        if O::ACCESS == Access::Public {
            entry.insert("security".into(), json!([]));
        }
        let method = O::METHOD.as_str().to_ascii_lowercase();
        self.paths.entry(O::PATH).or_default().insert(method, entry.into());
    }

    /// The finished document, keys sorted.
    pub fn finish(self, version: &str) -> Value {
        let schemas: BTreeMap<_, _> = self.schemas.into_iter().collect();
        json!({
            "openapi": "3.1.0",
            "info": {
                "title": "Drover",
                "version": version,
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "paths": self.paths,
            "components": {
                "schemas": schemas,
                "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            },
            "security": [{"key": []}],
        })
    }

    fn schema_of<T: ToSchema>(&mut self) -> Option<Value> {
        if T::name() == Nothing::name() {
            return None;
        }
        T::schemas(&mut self.schemas);
        let inline = T::schema();
        // Named objects are referred to; arrays and primitives stand inline.
        let is_object =
            matches!(&inline, RefOr::T(Schema::Object(object)) if !object.properties.is_empty());
        if !is_object {
            return serde_json::to_value(inline).ok();
        }
        let name = T::name().into_owned();
        let reference = json!({"$ref": format!("#/components/schemas/{name}")});
        self.schemas.push((name, inline));
        Some(reference)
    }
}

fn parameters<O: Operation>() -> Vec<Value> {
    let in_path = O::PATH.split('{').skip(1).filter_map(|part| part.split('}').next()).map(|name| {
        let schema = json!({"type": "string"});
        json!({"in": "path", "name": name.trim_start_matches('*'), "required": true, "schema": schema})
    });
    let in_query = O::Query::into_params(|| Some(ParameterIn::Query));
    let in_query = in_query.into_iter().filter_map(|one| serde_json::to_value(one).ok());
    in_path.chain(in_query).collect()
}
