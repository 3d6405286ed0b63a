//! An organization on its way out.

use drover_domain::executions::Status;
use drover_domain::{Doing, Error, OrgId, Result};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter,
    TransactionTrait,
};

use super::database::Exclusive;
use super::row::Row;
use super::tables::{STAYING_ROWS, tables};
use crate::executions::entity::{Column, Entity};
use crate::identity::organization;

/// Rows that are read in one go.
const PAGE: u64 = 256;

/// The rows of an organization, to be read table by table. Nothing is changed but by
/// [`Export::remove`].
pub struct Export {
    transaction: DatabaseTransaction,
    organization: OrgId,
}

impl Export {
    /// Finds the organization.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none of this name.
    pub async fn begin(database: &Exclusive, organization: OrgId) -> Result<Self> {
        let transaction = database.connection.begin().await.doing("begin to read")?;
        let found = organization::Entity::find_by_id(organization.as_str()).one(&transaction).await;
        if found.doing("read an organization")?.is_none() {
            return Err(Error::not_found(format!("there is no organization `{organization}`")));
        }
        Ok(Self { transaction, organization })
    }

    /// The tables in the order in which they are to be read, with how many rows each has.
    pub async fn counts(&self) -> Result<Vec<(&'static str, u64)>> {
        let mut counts = Vec::new();
        for table in tables() {
            counts.push((table.name(), table.count(&self.transaction, &self.organization).await?));
        }
        Ok(counts)
    }

    /// How many executions are not over.
    pub async fn open_executions(&self) -> Result<u64> {
        let over = [Status::Completed, Status::Failed, Status::Cancelled, Status::Interrupted];
        Entity::find()
            .filter(Column::OrganizationId.eq(self.organization.as_str()))
            .filter(Column::Status.is_not_in(over.map(Status::as_str)))
            .count(&self.transaction)
            .await
            .doing("count the open executions")
    }

    /// The rows of a table that follow this one; none after the last.
    pub async fn page(&self, table: &str, after: Option<&Row>) -> Result<Vec<Row>> {
        let table = tables().into_iter().find(|one| one.name() == table);
        let table = table.ok_or_else(|| Error::fault("read rows", "an unknown table"))?;
        table.page(&self.transaction, &self.organization, after, PAGE).await
    }

    /// Takes the organization out of this database: all of its rows, or none.
    pub async fn remove(self) -> Result<()> {
        for table in STAYING_ROWS {
            let rows = Query::delete()
                .from_table(table)
                .and_where(Expr::col("organization_id").eq(self.organization.as_str()))
                .to_owned();
            self.transaction.execute(&rows).await.doing("remove rows that stay")?;
        }
        for table in tables().iter().rev() {
            table.delete(&self.transaction, &self.organization).await?;
        }
        self.transaction.commit().await.doing("remove the organization")
    }
}
