//! Values as Postgres takes them.

use std::error::Error as StdError;

use drover_domain::ExecutionId;
use sea_orm::Value;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

/// A value as the database takes it: its type is the column's.
#[derive(Debug)]
pub(super) enum Parameter<'a> {
    Value(&'a Value),
    Id(ExecutionId),
    Number(i64),
    Text(&'a str),
}

impl ToSql for Parameter<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match self {
            Self::Id(id) => id.0.to_sql(ty, out),
            Self::Number(number) => integer(Some(*number), ty, out),
            Self::Text(text) => text.to_sql(ty, out),
            Self::Value(value) => match value {
                Value::Bool(value) => value.to_sql(ty, out),
                Value::TinyInt(value) => integer(value.map(Into::into), ty, out),
                Value::SmallInt(value) => integer(value.map(Into::into), ty, out),
                Value::Int(value) => integer(value.map(Into::into), ty, out),
                Value::BigInt(value) => integer(*value, ty, out),
                Value::TinyUnsigned(value) => integer(value.map(Into::into), ty, out),
                Value::SmallUnsigned(value) => integer(value.map(Into::into), ty, out),
                Value::Unsigned(value) => integer(value.map(Into::into), ty, out),
                Value::BigUnsigned(value) => {
                    integer(value.map(i64::try_from).transpose()?, ty, out)
                }
                Value::Double(value) => value.to_sql(ty, out),
                Value::String(value) => value.as_deref().to_sql(ty, out),
                Value::Bytes(value) => value.as_deref().to_sql(ty, out),
                Value::Uuid(value) => value.to_sql(ty, out),
                Value::Json(value) => value.as_deref().to_sql(ty, out),
                other => Err(format!("no Postgres form for {other:?}").into()),
            },
        }
    }

    fn accepts(_: &Type) -> bool {
        // What a column takes is known when the statement is prepared; a mistake shows in every test.
        true
    }

    to_sql_checked!();
}

fn integer(
    value: Option<i64>,
    ty: &Type,
    out: &mut BytesMut,
) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
    match *ty {
        Type::INT2 => value.map(i16::try_from).transpose()?.to_sql(ty, out),
        Type::INT4 => value.map(i32::try_from).transpose()?.to_sql(ty, out),
        _ => value.to_sql(ty, out),
    }
}
