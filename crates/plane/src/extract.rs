//! What handlers take: the caller, ids, query strings and bodies, parsed at the edge.

use std::str::FromStr;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::request::Parts;
use drover_domain::{Error, Violation};
use drover_wire::check::{Check, Violations};
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::ctx::Ctx;
use crate::error::Failure;

/// The longest body.
pub const MAX_BODY: usize = 1024 * 1024;

/// The authenticated caller; routes that are not public have put it there.
pub struct Caller(pub Ctx);

/// The first id of the path.
pub struct Id<T>(pub T);

/// The query string.
pub struct Query<T>(pub T);

/// The body, parsed and within its limits. An absent body is an empty object.
pub struct Body<T>(pub T);

/// The longest report of a worker: an answer of a model, or the output of a tool.
pub const MAX_REPORT: usize = 16 * 1024 * 1024;

/// A worker's report: a body that may be as long as what a model or a tool says.
pub struct Report<T>(pub T);

/// The two ids of the path.
pub struct Ids<A, B>(pub A, pub B);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        match parts.extensions.get::<Ctx>() {
            Some(ctx) => Ok(Self(ctx.clone())),
            None => Err(Failure(Error::fault("identify the caller", "the route is public"))),
        }
    }
}

impl<S: Send + Sync, T: FromStr + Send> FromRequestParts<S> for Id<T> {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let params = path(parts, state).await?;
        Ok(Self(id_at(&params, 0)?))
    }
}

impl<S: Send + Sync, A: FromStr + Send, B: FromStr + Send> FromRequestParts<S> for Ids<A, B> {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let params = path(parts, state).await?;
        Ok(Self(id_at(&params, 0)?, id_at(&params, 1)?))
    }
}

async fn path<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<RawPathParams, Error> {
    let params = RawPathParams::from_request_parts(parts, state).await;
    params.map_err(|_| Error::not_found("Not Found"))
}

fn id_at<T: FromStr>(params: &RawPathParams, index: usize) -> Result<T, Error> {
    let Some((name, text)) = params.iter().nth(index) else {
        return Err(Error::fault("read an id", "the path has none"));
    };
    path_id(name, text)
}

/// Parses one id of the path.
pub fn path_id<T: FromStr>(name: &str, text: &str) -> Result<T, Error> {
    without_nul("path", name, text)?;
    text.parse().map_err(|_| {
        Error::Invalid(vec![Violation {
            loc: vec!["path".into(), name.into()],
            message: "Input should be a valid UUID".into(),
            kind: "uuid_parsing",
        }])
    })
}

/// Postgres has no NUL in a text and fails if it is asked for one, so nobody gets that far.
fn without_nul(place: &str, name: &str, text: &str) -> Result<(), Error> {
    if !text.contains('\0') {
        return Ok(());
    }
    Err(Error::Invalid(vec![Violation {
        loc: vec![place.into(), name.into()],
        message: "String should not contain NUL".into(),
        kind: "string_pattern_mismatch",
    }]))
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let text = parts.uri.query().unwrap_or_default();
        let given = form_urlencoded::parse(text.as_bytes());
        for (name, value) in given {
            without_nul("query", &name, &value)?;
        }
        let deserializer = serde_urlencoded::Deserializer::new(given);
        serde_path_to_error::deserialize(deserializer).map(Self).map_err(|error| {
            let field = match error.path().to_string() {
                path if path == "." => named_field(&error.inner().to_string()),
                path => path,
            };
            let (kind, message) = describe(&error.inner().to_string());
            Failure(Error::Invalid(vec![Violation::query(&field, kind, message)]))
        })
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Check> FromRequest<S> for Body<T> {
    type Rejection = Failure;
    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        Ok(Self(read(request, MAX_BODY).await?))
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Check> FromRequest<S> for Report<T> {
    type Rejection = Failure;
    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        Ok(Self(read(request, MAX_REPORT).await?))
    }
}

async fn read<T: DeserializeOwned + Check>(request: Request, most: usize) -> Result<T, Error> {
    let bytes = read_body(request, most).await?;
    let body: T = parse(&bytes)?;
    let mut violations = Violations::default();
    body.check(&mut violations);
    violations.finish()?;
    Ok(body)
}

async fn read_body(request: Request, most: usize) -> Result<Bytes, Error> {
    axum::body::to_bytes(request.into_body(), most).await.map_err(|_| {
        let text = format!("Body should have at most {most} bytes");
        Error::invalid("", "too_long", text)
    })
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    let bytes = if bytes.trim_ascii().is_empty() { b"{}" } else { bytes };
    let not_json =
        |error| Error::invalid("", "json_invalid", format!("JSON decode error: {error}"));
    // What serde derives for a struct takes a list of its fields too.
    if !bytes.trim_ascii_start().starts_with(b"{") {
        serde_json::from_slice::<IgnoredAny>(bytes).map_err(not_json)?;
        return Err(Error::invalid("", "dict_type", "Input should be a valid dictionary"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let parsed: Result<T, _> = serde_path_to_error::deserialize(&mut deserializer);
    let parsed = parsed.map_err(|error| {
        let inner = error.inner();
        let text = inner.to_string();
        if inner.is_syntax() || inner.is_eof() {
            return Error::invalid("", "json_invalid", format!("JSON decode error: {text}"));
        }
        let mut field = error.path().to_string();
        let (kind, message) = describe(&text);
        if kind == "missing" {
            let name = named_field(&text);
            field = if field == "." { name } else { format!("{field}.{name}") };
        }
        let field = field.trim_matches('.').replace('[', ".").replace(']', "");
        Error::invalid(&field, kind, message)
    })?;
    deserializer.end().map_err(not_json)?;
    Ok(parsed)
}

/// The contract's words for what serde found.
fn describe(text: &str) -> (&'static str, String) {
    let text = text.split(" at line ").next().unwrap_or(text);
    if text.starts_with("missing field") {
        return ("missing", "Field required".into());
    }
    let expected = text.rsplit("expected ").next().unwrap_or_default();
    if text.starts_with("unknown variant") {
        return ("enum", format!("Input should be {}", expected.trim_start_matches("one of ")));
    }
    let (kind, what) = match expected {
        "a string" | "string" => ("string_type", "a valid string"),
        "a boolean" => ("bool_type", "a valid boolean"),
        "a map" => ("dict_type", "a valid dictionary"),
        "a sequence" => ("list_type", "a valid list"),
        "f64" | "f32" => ("float_type", "a valid number"),
        "i64" | "i32" | "u64" | "u32" | "u16" | "usize" => ("int_type", "a valid integer"),
        other if other.starts_with("struct") => ("dict_type", "a valid dictionary"),
        _ if text.contains("invalid digit") => ("int_parsing", "a valid integer"),
        _ if text.contains("provided string was not") => ("bool_parsing", "a valid boolean"),
        _ => return ("value_error", text.to_owned()),
    };
    (kind, format!("Input should be {what}"))
}

/// The field in serde's ``missing field `name` ``.
fn named_field(text: &str) -> String {
    text.split('`').nth(1).unwrap_or_default().to_owned()
}
