//! The workflow against a real server, and its code against histories that it has written.
//!
//! The histories in `histories/` are kept: those of every version of the workflow that may still run
//! somewhere. `DROVER_RECORD_HISTORIES=1` adds those of this one.

mod drive;
mod replay;
mod server;
