//! One call of a tool, from the task to the outcome.

use std::error::Error as StdError;

use drover_domain::activities::{
    ActivityTask, Failure, Outcome, ProcessRecord, Progress, Retry, ToolCall,
};
use drover_domain::{ActivityId, Error, Result};
use futures_util::future::BoxFuture;

use crate::tools::{RecordProcess, ToolboxError};
use crate::worker::Desk;

/// Carries the call out. What the model did wrong is an answer for it, not a failure.
///
/// # Errors
/// [`Error::Stale`] if the lease is lost.
pub(crate) async fn run(desk: &Desk, task: &ActivityTask, call: &ToolCall) -> Result<Outcome> {
    let recorder = Recorder { desk, activity: task.id };
    let key = &task.idempotency_key;
    let result = desk.toolbox.call(call, task.execution_id, key, &recorder).await;
    match result {
        Ok(result) => Ok(Outcome::Tool(result)),
        Err(ToolboxError::Record(error)) if is_stale(&*error) => Err(Error::Stale),
        Err(error) => {
            let cause = StdError::source(&error).map(ToString::to_string).unwrap_or_default();
            tracing::error!(%error, cause, "a tool could not be run");
            let message = format!("The tool could not be run: {error}: {cause}");
            Ok(Outcome::Failed(Failure { message, retry: Retry::Backoff }))
        }
    }
}

struct Recorder<'a> {
    desk: &'a Desk,
    activity: ActivityId,
}

impl RecordProcess for Recorder<'_> {
    fn record(
        &self,
        process: ProcessRecord,
    ) -> BoxFuture<'_, Result<(), Box<dyn StdError + Send + Sync>>> {
        Box::pin(async move {
            self.desk.append(self.activity, vec![Progress::Process(process)]).await?;
            Ok(())
        })
    }
}

fn is_stale(error: &(dyn StdError + Send + Sync + 'static)) -> bool {
    error.downcast_ref::<Error>().is_some_and(|error| matches!(error, Error::Stale))
}
