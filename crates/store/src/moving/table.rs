//! A table whose rows travel, whatever its columns: they are asked of its entity.

use std::marker::PhantomData;

use async_trait::async_trait;
use drover_domain::{Doing, Error, OrgId, Result};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, DbErr,
    EntityName, EntityTrait, FromQueryResult, IdenStatic, IntoActiveModel, Iterable, Order,
    PaginatorTrait, PrimaryKeyToColumn, QueryFilter, QueryOrder, QuerySelect, SqlErr, Value,
};
use serde_json::Value as Json;

use super::row::{Row, from_json, to_json};
use crate::dialect;

/// Values in one statement; both databases take more.
const VALUES: usize = 16_000;

/// How the rows of a table belong to an organization.
#[derive(Debug, Clone, Copy)]
pub(super) enum Owner {
    /// This column names it.
    Column(&'static str),
    /// This column names a run, which does.
    Execution(&'static str),
}

/// What a column refers to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reference {
    pub column: &'static str,
    pub parent: &'static str,
    pub rule: Rule,
}

/// What must hold for what is referred to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// It is there, and the organization's.
    IsThere,
    /// It may have been deleted; it is not another organization's.
    IsNotAnothers,
}

/// What is special about a table.
#[derive(Debug, Clone, Copy)]
pub(super) struct About {
    pub owner: Owner,
    pub references: &'static [Reference],
    /// Columns that mean something on their plane only.
    pub stays: &'static [&'static str],
    /// What is wrong with a row, beyond what its columns can tell.
    pub fault: fn(&Row) -> Option<&'static str>,
}

/// A table whose rows travel.
#[async_trait]
pub(super) trait Table: Send + Sync {
    fn name(&self) -> &'static str;
    /// The columns that travel, and those that stay.
    #[cfg(test)]
    fn columns(&self) -> Vec<&'static str>;
    /// The columns whose kind `row` does not know.
    #[cfg(test)]
    fn strange_columns(&self) -> Vec<&'static str>;
    async fn count(&self, db: &DatabaseTransaction, org: &OrgId) -> Result<u64>;
    /// The rows after one, in the order of the primary key.
    async fn page(
        &self,
        db: &DatabaseTransaction,
        org: &OrgId,
        after: Option<&Row>,
        limit: u64,
    ) -> Result<Vec<Row>>;
    /// Looks at a row by itself: its columns, its organization, its sense.
    fn check(&self, org: &OrgId, row: &Row, whole: bool) -> Result<()>;
    /// Inserts rows that were checked, and checks what they refer to.
    async fn insert(&self, db: &DatabaseTransaction, org: &OrgId, rows: Vec<Row>) -> Result<()>;
    async fn delete(&self, db: &DatabaseTransaction, org: &OrgId) -> Result<()>;
}

/// The table of an entity.
pub(super) struct Of<E> {
    about: About,
    entity: PhantomData<fn() -> E>,
}

impl<E> Of<E> {
    pub fn new(about: About) -> Self {
        Self { about, entity: PhantomData }
    }
}

#[async_trait]
impl<E> Table for Of<E>
where
    E: EntityTrait + EntityName,
    E::Model: IntoActiveModel<E::ActiveModel> + FromQueryResult + Send + Sync,
    E::ActiveModel: ActiveModelTrait<Entity = E> + Send + Sync,
    E::PrimaryKey: PrimaryKeyToColumn<Column = E::Column>,
{
    fn name(&self) -> &'static str {
        E::default().table_name()
    }

    #[cfg(test)]
    fn columns(&self) -> Vec<&'static str> {
        E::Column::iter().map(|column| column.as_str()).collect()
    }

    #[cfg(test)]
    fn strange_columns(&self) -> Vec<&'static str> {
        let strange = |column: &E::Column| !super::row::travels(column.def().get_column_type());
        E::Column::iter().filter(strange).map(|column| column.as_str()).collect()
    }

    async fn count(&self, db: &DatabaseTransaction, org: &OrgId) -> Result<u64> {
        E::find().filter(self.of(org)).count(db).await.doing("count rows")
    }

    async fn page(
        &self,
        db: &DatabaseTransaction,
        org: &OrgId,
        after: Option<&Row>,
        limit: u64,
    ) -> Result<Vec<Row>> {
        let key = || E::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column);
        let mut select = E::find().filter(self.of(org)).limit(limit);
        for column in key() {
            select = select.order_by(column, Order::Asc);
        }
        if let Some(last) = after {
            let values = key().map(|column| value(&column, last));
            let values = values.collect::<Option<Vec<_>>>().ok_or_else(|| unknown(self.name()))?;
            let columns = Expr::tuple(key().map(|column| Expr::col((E::default(), column))));
            select = select.filter(columns.gt(Expr::tuple(values.into_iter().map(Expr::val))));
        }
        let models = select.all(db).await.doing("read rows")?;
        models.into_iter().map(|model| self.row(model)).collect()
    }

    fn check(&self, org: &OrgId, row: &Row, whole: bool) -> Result<()> {
        let name = self.name();
        let wrong = |what: &str| Error::refused(format!("a row of `{name}` {what}"));
        for column in row.keys() {
            if self.travelling().all(|known| known.as_str() != column) {
                return Err(wrong(&format!("has a column `{column}` that is unknown")));
            }
        }
        for column in self.travelling() {
            let text = column.as_str();
            match row.get(text) {
                Some(json) if from_json(&column, json.clone()).is_none() => {
                    return Err(wrong(&format!("has a wrong value in its column `{text}`")));
                }
                None if whole => return Err(wrong(&format!("lacks its column `{text}`"))),
                _ => {}
            }
        }
        if let Owner::Column(column) = self.about.owner
            && row.get(column).and_then(Json::as_str) != Some(org.as_str())
        {
            return Err(wrong("belongs to another organization"));
        }
        (self.about.fault)(row).map_or(Ok(()), |fault| Err(wrong(fault)))
    }

    async fn insert(&self, db: &DatabaseTransaction, org: &OrgId, rows: Vec<Row>) -> Result<()> {
        let columns = self.travelling().count().max(1);
        for some in rows.chunks(VALUES / columns) {
            for reference in self.about.references {
                self.check_reference(db, org, reference, some).await?;
            }
            let models = some.iter().map(|row| self.model(db, row)).collect::<Result<Vec<_>>>()?;
            let inserted = E::insert_many(models).exec_without_returning(db).await;
            inserted.map_err(|error| self.not_inserted(error))?;
        }
        Ok(())
    }

    async fn delete(&self, db: &DatabaseTransaction, org: &OrgId) -> Result<()> {
        E::delete_many().filter(self.of(org)).exec(db).await.doing("remove rows")?;
        Ok(())
    }
}

impl<E> Of<E>
where
    E: EntityTrait + EntityName,
    E::Model: IntoActiveModel<E::ActiveModel> + FromQueryResult + Send + Sync,
    E::ActiveModel: ActiveModelTrait<Entity = E> + Send + Sync,
{
    fn travelling(&self) -> impl Iterator<Item = E::Column> + '_ {
        E::Column::iter().filter(|column| !self.about.stays.contains(&column.as_str()))
    }

    /// Which rows are an organization's.
    fn of(&self, org: &OrgId) -> Condition {
        let this = |column| Expr::col((E::default(), sea_orm::sea_query::Alias::new(column)));
        Condition::all().add(match self.about.owner {
            Owner::Column(column) => this(column).eq(org.as_str()),
            // Not `IN`: the rows are wanted in the order of their key, and each has its run at hand.
            Owner::Execution(column) => Expr::exists(
                ids_of("executions", "id", org)
                    .and_where(Expr::col(("executions", "id")).eq(this(column)))
                    .take(),
            ),
        })
    }

    fn row(&self, model: E::Model) -> Result<Row> {
        let mut model = model.into_active_model();
        let columns = self.travelling().map(|column| {
            let value = model.take(column).into_value().and_then(to_json);
            Some((column.as_str().to_owned(), value?))
        });
        columns.collect::<Option<Row>>().ok_or_else(|| unknown(self.name()))
    }

    fn model(&self, db: &DatabaseTransaction, row: &Row) -> Result<E::ActiveModel> {
        let mut model = <E::ActiveModel as ActiveModelTrait>::default();
        for column in self.travelling() {
            // What a newer schema has beside has a default there.
            let Some(value) = value(&column, row) else { continue };
            // SeaORM writes JSON down by itself.
            let value = match value {
                Value::Json(_) if db.get_database_backend() == sea_orm::DbBackend::Sqlite => value,
                value => dialect::written(db.get_database_backend(), value),
            };
            model.try_set(column, value).doing("read a row of the file")?;
        }
        Ok(model)
    }

    /// Whether all that a column refers to is there and the organization's own.
    async fn check_reference(
        &self,
        db: &DatabaseTransaction,
        org: &OrgId,
        reference: &Reference,
        rows: &[Row],
    ) -> Result<()> {
        let Reference { column, parent, rule } = *reference;
        let Some(of) = E::Column::iter().find(|of| of.as_str() == column) else {
            return Err(unknown(self.name()));
        };
        let mut ids: Vec<&str> = rows.iter().filter_map(|row| row.get(column)?.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        let values = ids.iter().filter_map(|id| from_json(&of, Json::from(*id)));
        let values: Vec<Value> = values.collect();
        if values.is_empty() {
            return Ok(());
        }
        let among = Expr::col((parent, "id")).is_in(values.clone());
        let whose = Expr::col((parent, "organization_id"));
        let (query, wanted) = match rule {
            Rule::IsThere => (whose.eq(org.as_str()).and(among), values.len()),
            Rule::IsNotAnothers => (whose.ne(org.as_str()).and(among), 0),
        };
        let query = Query::select().column("id").from(parent).and_where(query).to_owned();
        let found = db.query_all(&query).await.doing("look for what rows refer to")?;
        if found.len() == wanted {
            return Ok(());
        }
        let name = self.name();
        Err(Error::refused(format!(
            "`{column}` of a row of `{name}` names one of `{parent}` that is not this organization's"
        )))
    }

    fn not_inserted(&self, error: DbErr) -> Error {
        let name = self.name();
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => {
                Error::conflict(format!("a row of `{name}` is on this plane already"))
            }
            Some(SqlErr::ForeignKeyConstraintViolation(_)) => {
                Error::refused(format!("a row of `{name}` belongs to a row that is not there"))
            }
            _ => Error::Fault { doing: "write rows", source: Box::new(error) },
        }
    }
}

/// The ids of an organization's rows.
fn ids_of(table: &'static str, id: &'static str, org: &OrgId) -> SelectStatement {
    Query::select()
        .column((table, id))
        .from(table)
        .and_where(Expr::col((table, "organization_id")).eq(org.as_str()))
        .to_owned()
}

fn value<C: ColumnTrait>(column: &C, row: &Row) -> Option<Value> {
    from_json(column, row.get(column.as_str())?.clone())
}

fn unknown(table: &str) -> Error {
    Error::fault("read a row", format!("`{table}` has a column of an unknown kind"))
}
