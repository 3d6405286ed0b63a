//! A row between two databases: JSON whose columns have the same form wherever it came from.

use sea_orm::prelude::Uuid;
use sea_orm::sea_query::ColumnType;
use sea_orm::{ColumnTrait, Value};
use serde_json::{Map, Value as Json};

/// A row: its columns by name. Ids are texts, bytes are hex, the rest is what it is.
pub type Row = Map<String, Json>;

/// A value as an export has it.
pub(super) fn to_json(value: Value) -> Option<Json> {
    Some(match value {
        Value::Bool(value) => value.into(),
        Value::SmallInt(value) => value.into(),
        Value::Int(value) => value.into(),
        Value::BigInt(value) => value.into(),
        Value::Double(value) => value.into(),
        Value::String(value) => value.into(),
        Value::Bytes(value) => value.map(|bytes| hex(&bytes)).into(),
        Value::Uuid(value) => value.map(|id| id.to_string()).into(),
        Value::Json(value) => value.map_or(Json::Null, |json| *json),
        _ => return None,
    })
}

/// A value as a column takes it; `None` if it is none of that column.
pub(super) fn from_json(column: &impl ColumnTrait, json: Json) -> Option<Value> {
    let definition = column.def();
    let nothing = json.is_null() && definition.is_null();
    if json.is_null() && !nothing && !is_json(definition.get_column_type()) {
        return None;
    }
    Some(match definition.get_column_type() {
        ColumnType::Boolean => Value::Bool(if nothing { None } else { Some(json.as_bool()?) }),
        ColumnType::SmallInteger => Value::SmallInt(number(&json)?),
        ColumnType::Integer => Value::Int(number(&json)?),
        ColumnType::BigInteger => Value::BigInt(number(&json)?),
        ColumnType::Double => Value::Double(if nothing { None } else { Some(json.as_f64()?) }),
        ColumnType::String(_) | ColumnType::Text => match json {
            Json::Null => Value::String(None),
            Json::String(text) => Value::String(Some(text)),
            _ => return None,
        },
        ColumnType::Uuid if nothing => Value::Uuid(None),
        ColumnType::Uuid => Value::Uuid(Some(Uuid::try_parse(json.as_str()?).ok()?)),
        ColumnType::Blob | ColumnType::Binary(_) | ColumnType::VarBinary(_) if nothing => {
            Value::Bytes(None)
        }
        ColumnType::Blob | ColumnType::Binary(_) | ColumnType::VarBinary(_) => {
            Value::Bytes(Some(from_hex(json.as_str()?)?))
        }
        kind if is_json(kind) && nothing => Value::Json(None),
        kind if is_json(kind) => Value::Json(Some(Box::new(json))),
        _ => return None,
    })
}

/// Whether columns of this kind travel.
#[cfg(test)]
pub(super) fn travels(kind: &ColumnType) -> bool {
    is_json(kind)
        || matches!(
            kind,
            ColumnType::Boolean
                | ColumnType::SmallInteger
                | ColumnType::Integer
                | ColumnType::BigInteger
                | ColumnType::Double
                | ColumnType::String(_)
                | ColumnType::Text
                | ColumnType::Uuid
                | ColumnType::Blob
                | ColumnType::Binary(_)
                | ColumnType::VarBinary(_)
        )
}

fn is_json(kind: &ColumnType) -> bool {
    matches!(kind, ColumnType::Json | ColumnType::JsonBinary)
}

/// A number that fits; the inner `None` is null.
fn number<N: TryFrom<i64>>(json: &Json) -> Option<Option<N>> {
    if json.is_null() {
        return Some(None);
    }
    N::try_from(json.as_i64()?).ok().map(Some)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let bytes = (0..text.len()).step_by(2);
    bytes.map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::identity::api_key;
    use crate::jobs;

    #[test]
    fn bytes_come_back() {
        for bytes in [&b""[..], &[0, 255, 16]] {
            assert_eq!(from_hex(&hex(bytes)).as_deref(), Some(bytes));
        }
        for wrong in ["0", "zz", "é0", "+1"] {
            assert_eq!(from_hex(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_value_of_another_kind_is_none_of_a_column() {
        use api_key::Column;
        assert_eq!(from_json(&Column::CreatedAt, json!("7")), None);
        assert_eq!(from_json(&Column::CreatedAt, json!(null)), None);
        assert_eq!(from_json(&Column::ExpiresAt, json!(null)), Some(Value::BigInt(None)));
        assert_eq!(from_json(&Column::Id, json!("no id")), None);
        assert_eq!(from_json(&Column::Name, json!(7)), None);
        assert_eq!(from_json(&Column::TokenHash, json!("0g")), None);
        // JSON's null is a value where the column has none of its own.
        let null = Some(Value::Json(Some(Box::new(Json::Null))));
        assert_eq!(from_json(&jobs::entity::Column::Config, json!(null)), null);
    }
}
