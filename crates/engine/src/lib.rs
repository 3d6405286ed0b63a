//! The durable engine: what turns the commands of a flow into rows, and rows into work.
//!
//! [`Engine`] is what operations see; its methods add to the caller's `WriteSet`, so that a run and
//! its first activity are on disk together or not at all. [`Embedded`] is the engine inside the
//! plane: its state are the rows of the same database. A second engine (Temporal) is a crate of its
//! own behind the same trait.

mod embedded;
mod hub;
mod lanes;
mod news;
mod run;
mod step;
mod taker;
mod teller;

pub use embedded::{
    Embedded, ForeignEvent, ForeignMessage, ForeignTurn, Leased, Offer, SessionPart, StatusPatch,
    leave_foreign, take_up,
};
pub use hub::{Driver, Hub, Watch};
pub use run::{NewRun, Run, Spent};
pub use step::Speaker;
pub use taker::{IN_PROCESS, Taker};
pub use teller::{EndedOutside, ForeignWords, Starting, Teller, Workflows};

use async_trait::async_trait;
use drover_domain::executions::Status;
use drover_domain::{ExecutionId, OrgId, Result};
use drover_store::WriteSet;

/// Starts and steers runs.
#[async_trait]
pub trait Engine: Send + Sync {
    /// Adds the start of a run (its row, log, conversation and first activity) to the set.
    ///
    /// # Errors
    /// A fault if the run's state cannot be written down.
    fn start(&self, set: &mut WriteSet, run: NewRun) -> Result<()>;

    /// Delivers a signal to a run. Answers the status the run has afterwards.
    ///
    /// # Errors
    /// Not found; conflict if the run is over.
    async fn signal(&self, org: &OrgId, id: ExecutionId, signal: Signal) -> Result<Status>;
}

/// What can be told to a run.
#[derive(Debug, Clone)]
pub enum Signal {
    /// A message for its conversation.
    Message {
        /// Its id, unique in the run: a repeated signal is the same message.
        message_id: String,
        /// The text.
        content: String,
        /// Who says it.
        speaker: Speaker,
    },
    /// It is done: one that waits for input completes, any other after its current turn.
    Done {
        /// Who says it.
        speaker: Speaker,
    },
    /// Stop.
    Cancel {
        /// What the row and the log will say.
        reason: String,
        /// Who stops it.
        speaker: Speaker,
    },
}
