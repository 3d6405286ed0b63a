//! One request to a model, from the task to the outcome.

use drover_domain::activities::{ActivityTask, Failure, ModelTurn, Outcome, TurnResult};
use drover_domain::{Error, Result};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::model::{ChatReply, ChatRequest, Chunk, prices};
use crate::stream::Coalescer;
use crate::tools;
use crate::worker::Desk;

/// Asks the model; pieces are stored as they come.
///
/// # Errors
/// [`Error::Stale`] if the lease is lost.
pub(crate) async fn run(desk: &Desk, task: &ActivityTask, turn: &ModelTurn) -> Result<Outcome> {
    let (model, name) = match desk.models.choose(turn.model.as_deref()) {
        Ok(chosen) => chosen,
        Err(failure) => return Ok(Outcome::Failed(failure)),
    };
    let tools = tools::tool_specs(&turn.skills);
    let request = ChatRequest {
        model: &name,
        system: turn.system_prompt.as_deref(),
        messages: &turn.messages,
        tools: &tools,
        settings: &turn.llm_config,
    };
    let already = turn.already_streamed.clone();
    let mut coalescer = Coalescer::new(turn.message_id.clone(), already, task.attempt);
    let (pieces, mut arriving) = mpsc::unbounded_channel();
    let mut sink = move |chunk: Chunk| {
        // The other end lives as long as this call.
        let _open = pieces.send(chunk);
    };
    let mut chat = model.chat(request, &mut sink);
    let reply = loop {
        let due = coalescer.due();
        tokio::select! {
            biased;
            reply = &mut chat => break reply,
            Some(chunk) = arriving.recv() => coalescer.push(chunk, Instant::now()),
            () = wait_until(due) => desk.append(task.id, coalescer.flush()).await?,
        }
    };
    drop(chat);
    while let Ok(chunk) = arriving.try_recv() {
        coalescer.push(chunk, Instant::now());
    }
    let reply = match reply {
        Ok(reply) => reply,
        Err(error) => {
            // What was said before it broke off is not lost: the next try compares itself with it.
            desk.append(task.id, coalescer.flush()).await?;
            return Ok(Outcome::Failed(Failure::from(error)));
        }
    };
    let (before, unsent_text, message_id) = coalescer.finish();
    desk.append(task.id, before).await?;
    let turn = result(reply, model.provider(), &name, message_id, unsent_text);
    Ok(Outcome::Turn(Box::new(turn)))
}

fn result(
    reply: ChatReply,
    provider: &str,
    asked: &str,
    message_id: String,
    unsent_text: String,
) -> TurnResult {
    // A gateway may answer under a name of its own; the price is looked up under both.
    let cost =
        prices::cost(&reply.model, &reply.usage).or_else(|| prices::cost(asked, &reply.usage));
    let model = if reply.model.is_empty() { asked.to_owned() } else { reply.model };
    TurnResult {
        message_id,
        text: reply.text,
        tool_calls: reply.tool_calls,
        provider_blocks: reply.provider_blocks,
        finish_reason: reply.finish_reason,
        model,
        provider: provider.to_owned(),
        usage: reply.usage,
        cost,
        unsent_text,
    }
}

async fn wait_until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}

impl Desk {
    /// Stores progress, waiting for a disk that refuses for the moment.
    pub(crate) async fn append(
        &self,
        activity: drover_domain::ActivityId,
        progress: Vec<drover_domain::activities::Progress>,
    ) -> Result<()> {
        if progress.is_empty() {
            return Ok(());
        }
        self.persist(|| self.source.append(activity, progress.clone())).await
    }

    /// Repeats a report for as long as the plane cannot take it.
    pub(crate) async fn persist<F>(&self, report: impl Fn() -> F) -> Result<()>
    where
        F: Future<Output = Result<()>>,
    {
        let mut tries = 0;
        loop {
            match report().await {
                Err(Error::Unavailable(why)) => {
                    tries += 1;
                    tracing::warn!(why, tries, "a report has to wait");
                    let wait = drover_domain::executions::backoff(tries);
                    tokio::time::sleep(wait.unsigned_abs()).await;
                }
                other => return other,
            }
        }
    }
}
