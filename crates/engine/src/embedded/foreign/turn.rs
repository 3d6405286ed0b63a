//! The report of a turn: with it the run's state is decided, before it is answered.

use drover_domain::activities::{Cost, Usage};
use drover_domain::executions::foreign::{Report, TurnEnd, text};
use drover_domain::executions::{Event, Status};
use drover_domain::messages::message_id;
use drover_domain::{Error, ExecutionId, OrgId, Result};
use drover_store::WriteSet;
use drover_store::executions::entity;
use drover_store::sea_orm::sea_query::Expr;
use drover_store::sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::Embedded;
use super::stream::Streamed;
use crate::embedded::CONFLICTS;
use crate::embedded::report::chunk;
use crate::run::Run;
use crate::step::{Extra, step};

/// A turn as it was reported.
#[derive(Debug, Clone)]
pub struct ForeignTurn {
    /// How it ended.
    pub end: TurnEnd,
    /// Tokens it took.
    pub usage: Usage,
    /// What it cost, if that is known.
    pub cost: Option<Cost>,
    /// The model.
    pub model: String,
    /// The beginning of what it said.
    pub preview: Option<String>,
}

impl Embedded {
    /// Records a turn, with the rows that `rows` adds. What is reported of a run that is over, or that
    /// we drive ourselves, is kept as a figure and decides nothing.
    ///
    /// # Errors
    /// Not found; conflict if the rows were added before.
    pub async fn foreign_turn(
        &self,
        org: &OrgId,
        id: ExecutionId,
        turn: &ForeignTurn,
        rows: impl Fn(&mut WriteSet) + Send,
    ) -> Result<Status> {
        for _ in 0..CONFLICTS {
            let mut run = self.run(org, id).await?;
            let (now, mut set) = (self.clock.now(), self.store.set());
            rows(&mut set);
            if run.flow.foreign.is_some() && !run.status().is_terminal() {
                let streamed = Streamed::read(self.store.reader(), id).await?;
                let answer = answer(&streamed, turn.preview.as_deref());
                add(&mut run, turn);
                let said = self.answer_added(&mut run, &streamed, &answer, &mut set, now).await?;
                let mut extra = Extra { response: Some(answer.clone()), ..Extra::default() };
                if said && streamed.message_id().is_none() {
                    let message_id = message_id(id, "assistant", run.flow.turn);
                    extra.events.push(chunk(&run, &message_id, &answer));
                }
                let tokens = turn.usage.total();
                let report = Report::Turn { end: turn.end.clone(), tokens, said };
                step(&mut run, Event::Foreign(report), extra, &mut set, now)?;
                streamed.end(&mut set);
            } else if run.flow.foreign.is_some() && run.spent.turns == 0 {
                // It was decided without this report.
                add(&mut run, turn);
                used(&run, &mut set);
            }
            self.tell_foreign(&mut run, &mut set)?;
            match self.store.write(set).await {
                Err(Error::Stale) => {}
                Err(error) => return Err(error),
                Ok(()) => return Ok(run.status()),
            }
        }
        Err(Error::fault("record a turn", "its run changed on every try"))
    }
}

/// Counts what a turn used, if that was reported.
fn add(run: &mut Run, turn: &ForeignTurn) {
    if !turn.model.is_empty() {
        run.spent.add(turn.usage, turn.cost.as_ref(), &turn.model);
    }
}

/// Writes what a run used that is over.
fn used(run: &Run, set: &mut WriteSet) {
    use entity::{Column, Entity};
    let (usage, version) = (run.spent.to_stored(), run.version);
    set.add_guarded(
        Entity::update_many()
            .col_expr(Column::Usage, Expr::value(usage))
            .col_expr(Column::Version, Expr::value(version + 1))
            .filter(Column::Id.eq(run.id.0))
            .filter(Column::OrganizationId.eq(run.organization.as_str()))
            .filter(Column::Version.eq(version)),
    );
}

/// What the turn said: by its pieces, or, where none came, by the beginning that its report tells.
fn answer(streamed: &Streamed, preview: Option<&str>) -> String {
    match streamed.answer() {
        answer if answer.is_empty() => text::said_once(preview.unwrap_or_default(), "").to_owned(),
        answer => answer,
    }
}
