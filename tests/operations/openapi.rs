//! The API's description of itself.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::harness::Plane;

async fn document() -> Value {
    let reply = Plane::shared().get("/api/openapi.json").await;
    assert_eq!(reply.status, 200);
    reply.body
}

#[plane_test(stores)]
async fn the_document_has_every_operation_and_no_other() {
    let document = document().await;
    assert_eq!(document["openapi"], "3.1.0");
    let mut described = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let id = operation["operationId"].as_str().expect("an id");
            described.insert((method.to_uppercase(), path.clone(), id.to_owned()));
        }
    }
    let operations = drover_wire::operations().into_iter();
    let declared =
        operations.map(|one| (one.method.to_string(), one.path.to_owned(), one.id.to_owned()));
    assert_eq!(described, declared.collect());
}

#[plane_test(stores)]
async fn every_operation_tells_what_goes_in_and_what_comes_out() {
    let document = document().await;
    for operation in drover_wire::operations() {
        let method = operation.method.as_str().to_lowercase();
        let entry = &document["paths"][operation.path][&method];
        let id = operation.id;
        assert!(entry["summary"].as_str().is_some_and(|text| text.ends_with('.')), "{id}");
        assert!(entry["responses"][operation.success.to_string()].is_object(), "{id}");
        let parameters = entry["parameters"].as_array().cloned().unwrap_or_default();
        let in_path = parameters.iter().filter(|one| one["in"] == "path").count();
        assert_eq!(in_path, operation.path.matches('{').count(), "{id}");
        assert!(parameters.iter().all(|one| one["schema"].is_object()), "{id}");
        let is_public = entry["security"] == serde_json::json!([]);
        assert_eq!(is_public, operation.access == drover_wire::Access::Public, "{id}");
    }
}

#[plane_test(stores)]
async fn every_reference_of_the_document_leads_somewhere() {
    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str));
                fields.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let document = document().await;
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 20, "{}", found.len());
    for reference in found {
        let pointer = reference.strip_prefix('#').expect("a reference within the document");
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}
