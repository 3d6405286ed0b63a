//! Runs: accepted, executed, streamed, steered, ended.

mod bad_input;
mod cancel;
mod execute;
mod idempotency;
mod interactive;
mod limits;
mod list;
mod mark_done;
mod message;
mod parent;
mod providers;
mod publish;
mod queue;
mod resume;
mod session;
mod stream;
mod terminate;
mod wait;
