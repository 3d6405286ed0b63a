//! An organization on its way in: one transaction, so that all of it is there or nothing.

use drover_domain::executions::Status;
use drover_domain::{Doing, Error, OrgId, Result};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    TransactionTrait,
};
use uuid::Uuid;

use super::check;
use super::database::Exclusive;
use super::row::Row;
use super::table::Table;
use super::tables::tables;
use crate::write::WriteSet;
use crate::{activities, audit, executions, identity};

/// Rows that are written in one go.
const BATCH: usize = 256;

/// The rows of an organization, written in the order in which an export has them.
pub struct Import {
    pub(super) transaction: DatabaseTransaction,
    organization: OrgId,
    tables: Vec<Box<dyn Table>>,
    /// Which of them the rows are at.
    at: usize,
    waiting: Vec<Row>,
    /// Whether the schema is that of this program: a row then has every column.
    whole: bool,
}

impl Import {
    /// Begins; `whole` says that the export knows the very schema of this program.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the organization is there already.
    pub async fn begin(database: &Exclusive, organization: OrgId, whole: bool) -> Result<Self> {
        let transaction = database.connection.begin().await.doing("begin to write")?;
        let entity = identity::organization::Entity::find_by_id(organization.as_str());
        if entity.one(&transaction).await.doing("read an organization")?.is_some() {
            let message = format!("organization `{organization}` is on this plane already");
            return Err(Error::conflict(message));
        }
        let waiting = Vec::with_capacity(BATCH);
        Ok(Self { transaction, organization, tables: tables(), at: 0, waiting, whole })
    }

    /// Takes a row.
    ///
    /// # Errors
    /// [`Error::Refused`] if it is not a row that an export of this organization may have,
    /// [`Error::Conflict`] if it is in the database already.
    pub async fn row(&mut self, table: &str, row: Row) -> Result<()> {
        if self.tables[self.at].name() != table {
            self.flush().await?;
            let later = self.tables[self.at..].iter().position(|one| one.name() == table);
            let later = later.ok_or_else(|| {
                Error::refused(format!("the table `{table}` is unknown, or not in its place"))
            })?;
            self.at += later;
        }
        self.tables[self.at].check(&self.organization, &row, self.whole)?;
        self.waiting.push(row);
        if self.waiting.len() >= BATCH {
            self.flush().await?;
        }
        Ok(())
    }

    /// No row follows: writes what still waits, and checks what no row can tell by itself.
    ///
    /// # Errors
    /// As those of [`Import::row`].
    pub async fn check(&mut self) -> Result<()> {
        self.flush().await?;
        check::logs(&self.transaction, &self.organization).await?;
        check::queues(&self.transaction, &self.organization).await?;
        check::timers(&self.transaction, &self.organization).await
    }

    async fn flush(&mut self) -> Result<()> {
        let rows = std::mem::take(&mut self.waiting);
        if rows.is_empty() {
            return Ok(());
        }
        self.tables[self.at].insert(&self.transaction, &self.organization, rows).await
    }

    /// Activities that wait or are leased, after this one, with their runs. Leases of another plane
    /// are void here.
    pub async fn open_activities(
        &self,
        after: Option<Uuid>,
    ) -> Result<Vec<(activities::entity::Model, executions::entity::Model)>> {
        use activities::entity::{Column, Entity};
        let mut select = Entity::find()
            .filter(Column::OrganizationId.eq(self.organization.as_str()))
            .filter(Column::State.is_in(["queued", "leased"]))
            .order_by_asc(Column::Id)
            .limit(BATCH as u64);
        if let Some(after) = after {
            select = select.filter(Column::Id.gt(after));
        }
        let activities = select.all(&self.transaction).await.doing("read open activities")?;
        let runs = executions::entity::Entity::find()
            .filter(executions::entity::Column::Id.is_in(activities.iter().map(|a| a.execution_id)))
            .all(&self.transaction)
            .await
            .doing("read the runs of open activities")?;
        let run = |id: Uuid| runs.iter().find(|run| run.id == id).cloned();
        Ok(activities
            .into_iter()
            .filter_map(|row| Some((row.clone(), run(row.execution_id)?)))
            .collect())
    }

    /// Runs that are not over, after this one.
    pub async fn open_runs(&self, after: Option<Uuid>) -> Result<Vec<executions::entity::Model>> {
        use executions::entity::{Column, Entity};
        let over = Status::ALL.into_iter().filter(|status| status.is_terminal());
        let mut select = Entity::find()
            .filter(Column::OrganizationId.eq(self.organization.as_str()))
            .filter(Column::Status.is_not_in(over.map(Status::as_str)))
            .order_by_asc(Column::Id)
            .limit(BATCH as u64);
        if let Some(after) = after {
            select = select.filter(Column::Id.gt(after));
        }
        select.all(&self.transaction).await.doing("read open runs")
    }

    /// An empty set for [`Import::write`].
    pub fn set(&self) -> WriteSet {
        WriteSet::new(sea_orm::ConnectionTrait::get_database_backend(&self.transaction))
    }

    /// Writes a set with the rest; what it tells nobody hears, since nothing runs.
    ///
    /// # Errors
    /// [`Error::Stale`] or [`Error::Conflict`] if a guard does not hold.
    pub async fn write(&self, set: WriteSet) -> Result<()> {
        set.write_to(&self.transaction).await
    }

    /// Keeps all of it, with an entry in the audit log.
    pub async fn commit(self, entry: Uuid, at: Timestamp) -> Result<()> {
        let mut set = self.set();
        let entry = audit::Entry {
            id: entry,
            organization: &self.organization,
            user_id: None,
            key_id: None,
            action: "organizations.import",
            target_id: self.organization.to_string(),
            at,
        };
        audit::entry_insert(&mut set, entry);
        self.write(set).await?;
        self.transaction.commit().await.doing("keep the organization")
    }

    /// Keeps nothing of it.
    pub async fn roll_back(self) -> Result<()> {
        self.transaction.rollback().await.doing("take the rows back")
    }
}
