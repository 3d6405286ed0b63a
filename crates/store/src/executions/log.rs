//! Reads of the logs of runs.

use drover_domain::executions::{EventKind, StoredEvent};
use drover_domain::{Doing, Error, ExecutionId, Result, timestamp};
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{event, foreign_stream, head};

/// What a foreign worker has streamed of the turn that it is in. The caller has checked whose run it
/// is.
pub async fn foreign_stream_get(
    db: &DatabaseConnection,
    id: ExecutionId,
) -> Result<Option<foreign_stream::Model>> {
    foreign_stream::Entity::find_by_id(id.0).one(db).await.doing("read what is streamed")
}

/// The last `seq` of a run's log. The caller has checked whose run it is.
pub async fn head_get(db: &DatabaseConnection, id: ExecutionId) -> Result<i64> {
    let row = head::Entity::find_by_id(id.0).one(db).await.doing("read the head of a log")?;
    Ok(row.map_or(0, |row| row.last_seq))
}

/// The last `seq` of each of these logs.
pub async fn heads_get(
    db: &DatabaseConnection,
    ids: &[ExecutionId],
) -> Result<Vec<(ExecutionId, i64)>> {
    let rows = head::Entity::find()
        .filter(head::Column::ExecutionId.is_in(ids.iter().map(|id| id.0)))
        .all(db)
        .await
        .doing("read the heads of logs")?;
    Ok(rows.into_iter().map(|row| (ExecutionId(row.execution_id), row.last_seq)).collect())
}

/// Entries after `seq`, in order. The caller has checked whose run it is.
pub async fn event_list(
    db: &DatabaseConnection,
    id: ExecutionId,
    after: i64,
    limit: u64,
) -> Result<Vec<StoredEvent>> {
    let rows = event::Entity::find()
        .filter(event::Column::ExecutionId.eq(id.0))
        .filter(event::Column::Seq.gt(after))
        .order_by_asc(event::Column::Seq)
        .limit(limit)
        .all(db)
        .await
        .doing("read a log")?;
    rows.into_iter()
        .map(|row| {
            let kind = EventKind::from_code(row.kind)
                .ok_or_else(|| Error::fault("read a log", format!("unknown kind {}", row.kind)))?;
            let at = timestamp(row.at);
            Ok(StoredEvent { seq: row.seq, kind, data: row.data.into(), at })
        })
        .collect()
}
