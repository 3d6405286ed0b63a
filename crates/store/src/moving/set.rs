//! A set written within a transaction that is open already, where there is no writer.

use drover_domain::{Doing, Error, ExecutionId, Result, micros};
use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel,
    SqlErr, Statement,
};

use crate::executions::{event, head};
use crate::write::{Broken, Entry, Failed, Step, WriteSet};

impl WriteSet {
    /// Writes it.
    ///
    /// # Errors
    /// As those of [`crate::Store::write`]; the transaction is then to be rolled back.
    pub(super) async fn write_to(self, db: &DatabaseTransaction) -> Result<()> {
        for step in self.steps {
            match step {
                Step::Run { sql, values, guard } => {
                    let backend = db.get_database_backend();
                    let statement = Statement::from_sql_and_values(backend, &*sql, values);
                    let done = db.execute_raw(statement).await.map(|done| done.rows_affected());
                    guard.check(done, broken).map_err(into_error)?;
                }
                Step::Append { execution, events, at, first } => {
                    append(db, execution, events, at, first).await?;
                }
            }
        }
        Ok(())
    }
}

async fn append(
    db: &DatabaseTransaction,
    execution: ExecutionId,
    events: Vec<Entry>,
    at: Timestamp,
    first: bool,
) -> Result<()> {
    let row = head::Entity::find_by_id(execution.0).one(db).await.doing("read a log's head")?;
    let last = match row {
        Some(row) if !first => row.last_seq,
        None if first => 0,
        _ => return Err(Error::Stale),
    };
    let rows: Vec<_> = (last + 1..)
        .zip(events)
        .map(|(seq, Entry { kind, data })| event::Model {
            execution_id: execution.0,
            seq,
            kind: kind.code(),
            data: data.to_string(),
            at: micros(at),
        })
        .collect();
    let last_seq = rows.last().map_or(last, |row| row.seq);
    let head = head::ActiveModel { execution_id: Set(execution.0), last_seq: Set(last_seq) };
    if first {
        head::Entity::insert(head).exec_without_returning(db).await.doing("begin a log")?;
    } else {
        head::Entity::update(head).exec(db).await.doing("move a log's head")?;
    }
    let rows = rows.into_iter().map(IntoActiveModel::into_active_model);
    event::Entity::insert_many(rows).exec_without_returning(db).await.doing("append to a log")?;
    Ok(())
}

fn broken(error: &DbErr) -> Option<Broken> {
    match error.sql_err()? {
        SqlErr::UniqueConstraintViolation(_) => Some(Broken::Unique),
        SqlErr::ForeignKeyConstraintViolation(_) => Some(Broken::Parent),
        _ => None,
    }
}

fn into_error(failed: Failed<DbErr>) -> Error {
    match failed {
        Failed::Guard(error) => error,
        Failed::Sql(error) => {
            Error::Fault { doing: "write to the database", source: Box::new(error) }
        }
    }
}
