//! What a foreign worker says of a run as a whole: where it stands, and at its end what came of it.

use drover_domain::activities::Usage;
use drover_domain::executions::foreign::{Report, text};
use drover_domain::executions::{Event, Status};
use drover_domain::messages::message_id;
use drover_domain::{Error, ExecutionId, OrgId, Result, WorkerId, micros};
use drover_store::executions::entity;
use drover_store::sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Map, Value};

use super::Embedded;
use super::stream::Streamed;
use crate::embedded::CONFLICTS;
use crate::embedded::report::chunk;
use crate::run::Run;
use crate::step::{Extra, step};

/// Bytes that a run's metadata may have.
const MAX_METADATA: usize = 256 * 1024;

/// What is said of a run; `None` says nothing.
#[derive(Debug, Clone, Default)]
pub struct StatusPatch {
    /// Where it stands.
    pub status: Option<Status>,
    /// Who says it.
    pub worker: Option<WorkerId>,
    /// The final answer.
    pub response: Option<String>,
    /// Why it went badly.
    pub error_message: Option<String>,
    /// Tokens of all its turns.
    pub usage: Option<Usage>,
    /// The last model.
    pub model: Option<String>,
    /// Laid over the metadata that it has.
    pub metadata: Option<Map<String, Value>>,
}

impl Embedded {
    /// Takes what a worker says of a run. The end of a run stays; what lacks of its answer and its
    /// figures is filled in. `may_begin` says whether a foreign worker may take it that nobody
    /// dispatched.
    ///
    /// # Errors
    /// Not found; conflict if the run is driven by workers of our own.
    pub async fn foreign_patch(
        &self,
        org: &OrgId,
        id: ExecutionId,
        patch: &StatusPatch,
        may_begin: bool,
    ) -> Result<entity::Model> {
        for _ in 0..CONFLICTS {
            let row = self.row(org, id).await?;
            match self.try_patch(row, patch, may_begin).await {
                Err(Error::Stale) => {}
                Err(error) => return Err(error),
                Ok(()) => return self.row(org, id).await,
            }
        }
        Err(Error::fault("take a worker's report", "its run changed on every try"))
    }

    async fn try_patch(
        &self,
        row: entity::Model,
        patch: &StatusPatch,
        may_begin: bool,
    ) -> Result<()> {
        let mut run = Run::from_row(&row)?;
        let (now, mut set) = (self.clock.now(), self.store.set());
        let is_over = run.status().is_terminal();
        let mut fill = fill(&row, &run, patch)?;
        if let Some(status) = patch.status.filter(|_| !is_over) {
            may_report(&run, status, may_begin)?;
            let streamed = Streamed::read(self.store.reader(), run.id).await?;
            let mut extra = Extra::default();
            if status.is_terminal() {
                if let Some(usage) = patch.usage.filter(|_| run.spent.turns == 0) {
                    run.spent.add(usage, None, patch.model.as_deref().unwrap_or_default());
                }
                let answer = answer(&streamed, patch.response.as_deref());
                if self.answer_added(&mut run, &streamed, &answer, &mut set, now).await? {
                    if streamed.message_id().is_none() {
                        let message_id = message_id(run.id, "assistant", run.flow.turn);
                        extra.events.push(chunk(&run, &message_id, &answer));
                    }
                    run.flow.messages += 1;
                }
                extra.response = Some(answer);
                streamed.end(&mut set);
            }
            let (worker, error_message) = (patch.worker, patch.error_message.clone());
            let report = Report::Status { status, worker, error_message };
            step(&mut run, Event::Foreign(report), extra, &mut set, now)?;
            // The end wrote both.
            fill.response = drover_store::sea_orm::ActiveValue::NotSet;
            fill.usage = drover_store::sea_orm::ActiveValue::NotSet;
        }
        fill.updated_at = Set(micros(now));
        fill.version = Set(run.version + 1);
        use entity::{Column, Entity};
        set.add_guarded(
            Entity::update_many()
                .set(fill)
                .filter(Column::Id.eq(run.id.0))
                .filter(Column::OrganizationId.eq(run.organization.as_str()))
                .filter(Column::Version.eq(run.version)),
        );
        self.tell_foreign(&mut run, &mut set)?;
        self.store.write(set).await
    }
}

/// Whether this may be said of the run.
fn may_report(run: &Run, status: Status, may_begin: bool) -> Result<()> {
    let is_foreign = run.flow.foreign.is_some();
    let begins = status == Status::Running
        && may_begin
        && matches!(run.status(), Status::Pending | Status::Queued);
    if is_foreign || begins {
        return Ok(());
    }
    let text = "Execution is not driven by a worker that reports its status: the plane decides it";
    Err(Error::conflict(text))
}

/// What the run lacks and the patch has.
fn fill(row: &entity::Model, run: &Run, patch: &StatusPatch) -> Result<entity::ActiveModel> {
    let mut fill = entity::ActiveModel::default();
    if let Some(given) = &patch.metadata {
        let mut metadata = row.execution_metadata.as_object().cloned().unwrap_or_default();
        metadata.extend(given.clone());
        let metadata = Value::Object(metadata);
        if metadata.to_string().len() > MAX_METADATA {
            let rule = format!("All metadata should have at most {MAX_METADATA} bytes");
            return Err(Error::invalid("execution_metadata", "too_long", rule));
        }
        fill.execution_metadata = Set(metadata);
    }
    // What we drive ourselves, we know ourselves.
    if run.flow.foreign.is_none() || run.status() == Status::Cancelled {
        return Ok(fill);
    }
    if let Some(response) = patch.response.as_deref().filter(|text| !text.is_empty()) {
        let kept = row.response.as_deref().unwrap_or_default();
        let response = text::said_once(response, kept);
        if run.status() == Status::Completed && text::says_more(kept, response) {
            fill.response = Set(Some(response.to_owned()));
        }
    }
    if let Some(usage) = patch.usage.filter(|_| run.spent.turns == 0) {
        let mut spent = run.spent.clone();
        spent.add(usage, None, patch.model.as_deref().unwrap_or_default());
        fill.usage = Set(spent.to_stored());
    }
    Ok(fill)
}

/// The final answer: as it was said, once; or as it was streamed.
fn answer(streamed: &Streamed, response: Option<&str>) -> String {
    let pieces = streamed.pieces();
    match response.map(|response| text::said_once(response, &pieces)) {
        Some(response) if !response.trim().is_empty() => response.to_owned(),
        _ => streamed.answer(),
    }
}
