//! What only Postgres can do to a plane. `cargo xtask test` starts the server that these need; by hand
//! `cargo xtask services start` does, and says how to tell the tests of it.

mod away;
mod crossed;
mod plans;
pub mod refused;
mod settings;
mod tls;
