//! A plane whose runs Temporal drives: what is its own beside what the tests of everything else show
//! when they run on it.

mod away;
mod refused;

/// Where the server is: set by `cargo xtask test`, or by hand as `cargo xtask services start` says.
#[expect(clippy::disallowed_methods, reason = "it is how the tests are told")]
fn address() -> String {
    let told = std::env::var("DROVER_TEST_TEMPORAL_ADDRESS");
    told.expect("a server; see `cargo xtask services start`")
}
