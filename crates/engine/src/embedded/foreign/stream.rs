//! What a foreign worker streams of a turn: pieces in the log, and a row that counts them. The row
//! tells cheaply whether a piece may be the one that says all before it once more.

use drover_domain::executions::EventKind;
use drover_domain::executions::foreign::text;
use drover_domain::{ExecutionId, Result};
use drover_store::executions::{foreign_stream, log};
use drover_store::sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter,
};
use drover_store::{DatabaseConnection, WriteSet};
use serde::Deserialize;

/// Entries of a log that are read in one go.
const PAGE: u64 = 1000;

/// What has been streamed of a turn.
#[derive(Debug, Default)]
pub(super) struct Streamed {
    /// The row; none before the first piece.
    pub row: Option<foreign_stream::Model>,
    /// The turn's messages in order: id and text.
    texts: Vec<(String, String)>,
}

/// The stored form of a piece.
#[derive(Deserialize)]
struct Piece {
    m: String,
    c: String,
}

impl Streamed {
    /// Reads what was streamed since the turn began; nothing of one that has ended.
    pub async fn read(db: &DatabaseConnection, id: ExecutionId) -> Result<Self> {
        let row = log::foreign_stream_get(db, id).await?;
        let mut texts = Vec::new();
        if let Some(row) = row.as_ref().filter(|row| !row.ended) {
            texts = read_texts(db, id, row.after_seq).await?;
        }
        Ok(Self { row, texts })
    }

    /// All pieces as they are in the log.
    pub fn pieces(&self) -> String {
        let texts: Vec<&str> = self.texts.iter().map(|(_, text)| text.as_str()).collect();
        texts.join("\n\n")
    }

    /// What the turn said. Where it was said once more, that has the white space of the original.
    pub fn answer(&self) -> String {
        let pieces = self.pieces();
        let held = self.row.as_ref().filter(|row| !row.ended).and_then(|row| row.held.as_deref());
        match (held, self.texts.split_last()) {
            (Some(held), _) if text::is_same(held, &pieces) => held.to_owned(),
            (Some(held), Some((_, before))) => {
                let before = before.iter().map(|(_, text)| text.as_str());
                before.chain([held]).collect::<Vec<_>>().join("\n\n")
            }
            _ => pieces,
        }
    }

    /// The message that was spoken last in the turn.
    pub fn message_id(&self) -> Option<&str> {
        self.texts.last().map(|(id, _)| id.as_str())
    }

    /// Whether a text says once more what was said in the turn, or in its last message.
    pub fn is_said(&self, again: &str) -> bool {
        let last = self.texts.last().is_some_and(|(_, text)| text::is_same(text, again));
        last || text::is_same(&self.pieces(), again)
    }

    /// Ends the turn's stream with the set.
    pub fn end(&self, set: &mut WriteSet) {
        if let Some(row) = self.row.as_ref().filter(|row| !row.ended) {
            let ended = foreign_stream::Model { ended: true, held: None, ..row.clone() };
            write(set, ended, Some(row.pieces));
        }
    }
}

/// Writes the row; stale if somebody else wrote it since it had counted `read` pieces.
pub(super) fn write(set: &mut WriteSet, mut row: foreign_stream::Model, read: Option<i64>) {
    use foreign_stream::{Column, Entity};
    let Some(read) = read else {
        set.insert_unique(row, "Another piece was stored first");
        return;
    };
    row.pieces = read + 1;
    let id = row.execution_id;
    let changes = foreign_stream::ActiveModel {
        execution_id: drover_store::sea_orm::ActiveValue::NotSet,
        ..row.into_active_model().reset_all()
    };
    set.add_guarded(
        Entity::update_many()
            .set(changes)
            .filter(Column::ExecutionId.eq(id))
            .filter(Column::Pieces.eq(read)),
    );
}

async fn read_texts(
    db: &DatabaseConnection,
    id: ExecutionId,
    mut after: i64,
) -> Result<Vec<(String, String)>> {
    let mut texts: Vec<(String, String)> = Vec::new();
    loop {
        let entries = log::event_list(db, id, after, PAGE).await?;
        let is_last = entries.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
        after = entries.last().map_or(after, |entry| entry.seq);
        for entry in entries.iter().filter(|entry| entry.kind == EventKind::MessageChunk) {
            let Ok(Piece { m, c }) = serde_json::from_str(&entry.data) else {
                continue;
            };
            match texts.iter_mut().find(|(id, _)| *id == m) {
                Some((_, text)) => text.push_str(&c),
                None => texts.push((m, c)),
            }
        }
        if is_last {
            return Ok(texts);
        }
    }
}
