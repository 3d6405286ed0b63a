//! What one OpenAPI document has and another has not: operations, their parameters, the fields of
//! their bodies and replies. Types are compared coarsely: kinds only, absent and null are not told
//! apart, and where the contract says "anything" everything is right.

use std::collections::BTreeSet;

use serde_json::Value;

/// How deep fields of fields are followed.
const DEPTH: u8 = 6;

/// What `contract` has and `ours` has not or has otherwise, a line each.
pub fn findings(contract: &Value, ours: &Value) -> BTreeSet<String> {
    let mut findings = BTreeSet::new();
    for (path, methods) in objects(&contract["paths"]) {
        for (method, wanted) in objects(methods) {
            let name = format!("{} {path}", method.to_uppercase());
            match operation(ours, path, method) {
                None => {
                    findings.insert(name);
                }
                Some(have) => {
                    let mut pair = Pair { contract, ours, is_body: false, findings: &mut findings };
                    pair.operations(&name, wanted, have);
                }
            }
        }
    }
    findings
}

fn operation<'a>(document: &'a Value, path: &str, method: &str) -> Option<&'a Value> {
    let wanted = without_names(path);
    let (_, methods) =
        objects(&document["paths"]).find(|(path, _)| without_names(path) == wanted)?;
    methods.get(method)
}

/// Path parameters may be called as one likes.
fn without_names(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

struct Pair<'a> {
    contract: &'a Value,
    ours: &'a Value,
    /// In a body, what we require and the contract does not is a fault, too.
    is_body: bool,
    findings: &'a mut BTreeSet<String>,
}

impl Pair<'_> {
    fn operations(&mut self, name: &str, wanted: &Value, have: &Value) {
        for parameter in items(&wanted["parameters"]) {
            let Some(key) = parameter["name"].as_str() else {
                continue;
            };
            if parameter["in"] != "query" {
                continue;
            }
            let at = format!("{name} ?{key}");
            match items(&have["parameters"]).find(|one| one["name"] == key && one["in"] == "query")
            {
                None => self.add(&at),
                Some(one) => self.schemas(&at, &parameter["schema"], &one["schema"], DEPTH),
            }
        }
        self.is_body = true;
        let body = |operation: &'_ Value| {
            operation["requestBody"]["content"]["application/json"]["schema"].clone()
        };
        self.contents(&format!("{name} body"), &body(wanted), &body(have));
        self.is_body = false;
        let (wanted, have) = (success(wanted), success(have));
        let (Some((status, wanted)), Some((our_status, have))) = (wanted, have) else {
            return;
        };
        if status != our_status {
            self.add(&format!("{name} answers {our_status}, not {status}"));
        }
        let reply = |answer: &'_ Value| answer["content"]["application/json"]["schema"].clone();
        self.contents(&format!("{name} reply"), &reply(wanted), &reply(have));
    }

    fn contents(&mut self, at: &str, wanted: &Value, have: &Value) {
        if wanted.is_null() || is_anything(&shape(self.contract, wanted)) {
            return;
        }
        if have.is_null() {
            return self.add(at);
        }
        self.schemas(at, wanted, have, DEPTH);
    }

    fn schemas(&mut self, at: &str, wanted: &Value, have: &Value, depth: u8) {
        let (wanted, have) = (shape(self.contract, wanted), shape(self.ours, have));
        if is_anything(&wanted) || depth == 0 {
            return;
        }
        if is_anything(&have) {
            return self.add(&format!("{at} is anything, not {}", kinds(&wanted.kinds)));
        }
        if wanted.kinds.is_disjoint(&have.kinds) {
            let (have, wanted) = (kinds(&have.kinds), kinds(&wanted.kinds));
            return self.add(&format!("{at} is {have}, not {wanted}"));
        }
        if let (Some(wanted), Some(have)) = (wanted.items, have.items) {
            self.schemas(&format!("{at}[]"), &wanted, &have, depth - 1);
        }
        if wanted.fields.is_empty() {
            return;
        }
        if have.fields.is_empty() {
            return self.add(&format!("{at} names no fields"));
        }
        for (key, field) in &wanted.fields {
            match have.fields.iter().find(|(known, _)| known == key) {
                None => self.add(&format!("{at}.{key}")),
                Some((_, ours)) => self.schemas(&format!("{at}.{key}"), field, ours, depth - 1),
            }
        }
        if self.is_body {
            for key in have.required.difference(&wanted.required) {
                self.add(&format!("{at}.{key} is required"));
            }
        }
    }

    fn add(&mut self, finding: &str) {
        self.findings.insert(finding.to_owned());
    }
}

/// A schema with its references and alternatives folded into one.
#[derive(Debug, Default)]
struct Shape {
    kinds: BTreeSet<String>,
    fields: Vec<(String, Value)>,
    required: BTreeSet<String>,
    items: Option<Value>,
}

fn shape(document: &Value, schema: &Value) -> Shape {
    let mut shape = Shape::default();
    fold(document, schema, &mut shape, DEPTH);
    shape
}

fn fold(document: &Value, schema: &Value, shape: &mut Shape, depth: u8) {
    if depth == 0 {
        return;
    }
    if let Some(reference) = schema["$ref"].as_str() {
        let pointer = reference.trim_start_matches('#');
        if let Some(schema) = document.pointer(pointer) {
            fold(document, schema, shape, depth - 1);
        }
        return;
    }
    for alternatives in ["anyOf", "oneOf", "allOf"] {
        for schema in items(&schema[alternatives]) {
            fold(document, schema, shape, depth - 1);
        }
    }
    let one = schema["type"].as_str().into_iter();
    let several = items(&schema["type"]).filter_map(Value::as_str);
    for kind in one.chain(several).filter(|kind| *kind != "null") {
        // A whole number is a number.
        shape.kinds.insert(if kind == "integer" { "number" } else { kind }.to_owned());
    }
    shape
        .fields
        .extend(objects(&schema["properties"]).map(|(key, value)| (key.clone(), value.clone())));
    shape.required.extend(items(&schema["required"]).filter_map(Value::as_str).map(str::to_owned));
    if !schema["items"].is_null() {
        shape.items = Some(schema["items"].clone());
    }
}

fn is_anything(shape: &Shape) -> bool {
    shape.kinds.is_empty() && shape.fields.is_empty()
}

fn kinds(kinds: &BTreeSet<String>) -> String {
    kinds.iter().map(String::as_str).collect::<Vec<_>>().join(" or ")
}

fn success(operation: &Value) -> Option<(&String, &Value)> {
    objects(&operation["responses"]).find(|(status, _)| status.starts_with('2'))
}

fn objects(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(path: &str, operation: Value) -> Value {
        let name = json!({"anyOf": [{"type": "string"}, {"type": "null"}]});
        let thing =
            json!({"type": "object", "properties": {"name": name, "size": {"type": "number"}}});
        json!({"paths": {path: {"post": operation}}, "components": {"schemas": {"Thing": thing}}})
    }

    fn operation(body: Value, status: &str) -> Value {
        let content = |schema: Value| json!({"application/json": {"schema": schema}});
        let list = json!({"type": "array", "items": {"$ref": "#/components/schemas/Thing"}});
        json!({
            "parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer"}}],
            "requestBody": {"content": content(body)},
            "responses": {status: {"content": content(list)}},
        })
    }

    #[test]
    fn what_is_the_same_but_for_names_is_found_equal() {
        let contract = document("/things/{id}", operation(json!({"type": "object"}), "200"));
        let ours = document("/things/{thing_id}", operation(json!({"type": "object"}), "200"));
        assert_eq!(findings(&contract, &ours), BTreeSet::new());
    }

    #[test]
    fn operations_fields_types_and_statuses_are_told() {
        let body = json!({"type": "object", "properties": {"a": {"type": "string"}, "b": {}}});
        let contract = document("/things", operation(body, "201"));
        let body = json!({"type": "object", "required": ["c"],
            "properties": {"a": {"type": ["integer", "null"]}, "c": {"type": "string"}}});
        let mut ours = document("/things", operation(body, "200"));
        ours["paths"]["/things"]["post"]["parameters"] = json!([]);
        let reply = &mut ours["components"]["schemas"]["Thing"]["properties"];
        reply["name"] = json!({"type": "object"});
        reply["size"] = Value::Null;
        let expected = [
            "POST /things ?limit",
            "POST /things answers 200, not 201",
            "POST /things body.a is number, not string",
            "POST /things body.b",
            "POST /things body.c is required",
            "POST /things reply[].name is object, not string",
            "POST /things reply[].size is anything, not number",
        ];
        assert_eq!(findings(&contract, &ours).into_iter().collect::<Vec<_>>(), expected);
        assert_eq!(
            findings(&contract, &json!({})).into_iter().collect::<Vec<_>>(),
            ["POST /things"]
        );
    }
}
