//! Somebody says that a run is done.

use drover_domain::executions::{Event, Status};
use drover_domain::{Error, ExecutionId, OrgId, Result};
use drover_store::messages;

use super::{CONFLICTS, Embedded};
use crate::run::Run;
use crate::step::{Extra, Speaker, step};

impl Embedded {
    /// Completes a run that waits for input, any other after its current turn. Saying it twice is
    /// saying it once; an end of another kind stays.
    pub(super) async fn mark_done(
        &self,
        org: &OrgId,
        id: ExecutionId,
        speaker: &Speaker,
    ) -> Result<Run> {
        for _ in 0..CONFLICTS {
            let mut run = self.run(org, id).await?;
            match run.status() {
                Status::Completed => return Ok(run),
                ended if ended.is_terminal() => return Err(run.over()),
                _ => {}
            }
            let response = match run.status() {
                Status::WaitingForInput => self.last_answer(&run).await?,
                _ => None,
            };
            let (now, mut set) = (self.clock.now(), self.store.set());
            let before = run.flow.clone();
            let extra = Extra { response, ..Extra::default() };
            if !step(&mut run, Event::DoneRequested, extra, &mut set, now)? {
                return Ok(run);
            }
            self.audit(&run, &mut set, "executions.mark_done", speaker);
            self.tell_change(&before, &mut run, &mut set)?;
            match self.store.write(set).await {
                Err(Error::Stale) => {}
                written => return written.map(|()| run),
            }
        }
        Err(Error::fault("mark a run as done", "it changed on every try"))
    }

    /// What the model said last since it was last asked; what a parent was told is no answer of
    /// this run. The version of the run guards it: whoever says something steps it.
    async fn last_answer(&self, run: &Run) -> Result<Option<String>> {
        let reader = self.store.reader();
        let said = messages::queries::conversation(reader, &run.organization, run.id).await?;
        let mut since_asked = said.iter().rev().take_while(|one| one.body.role() != "user");
        let answer = since_asked.find(|one| one.body.role() == "assistant");
        Ok(answer.map(|one| one.body.content().to_owned()))
    }
}
