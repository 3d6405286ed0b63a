//! Tools of a run: what they see and keep, what they are denied, where they end.

mod environment;
mod limits;
mod restrictions;
mod slots;
mod wall;
mod workspace;
