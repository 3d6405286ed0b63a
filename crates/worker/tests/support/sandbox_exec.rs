//! Nothing but the sandbox's supervisor, for tests to launch.

use std::process::ExitCode;

fn main() -> ExitCode {
    drover_worker::sandbox::child::main()
}
