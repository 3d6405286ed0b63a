//! Development tasks. Each is a file; what they share is `workspace` (where things are), `process`
//! (running a program) and `steps` (headlines and times).

mod acceptance;
mod bench;
mod licences;
mod openapi;
mod process;
mod services;
mod steps;
mod test;
mod tidy;
mod tools;
mod workspace;

use std::process::ExitCode;

use workspace::Workspace;

const USAGE: &str = "\
Usage: cargo xtask COMMAND

  test                everything that CI checks, in the order of what fails soonest
  tidy                the house rules that can be checked by reading
  licences            licences, bans and sources of what is depended upon (`deny.toml`)
  openapi             write `openapi.json` from the code
  openapi --check     compare it with the code, and the code with the contract
  openapi --findings  what the contract has and the code has not, a line each
  acceptance HARNESS CLIENTS [ITEMS]
                      the reference's own worker against a plane on Postgres and Temporal
  bench [--help]      measure the numbers that are promised
  services start      start the servers that tests use, and say how to use them
  services stop       stop them and remove what they kept";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = Workspace::find().and_then(|workspace| match words.as_slice() {
        ["test"] => test::run(&workspace),
        ["tidy"] => tidy::run(&workspace).map(say),
        ["licences"] => licences::run(&workspace).map(say),
        ["openapi"] => openapi::write(&workspace).map(say),
        ["openapi", "--check"] => openapi::check(&workspace).map(say),
        ["openapi", "--findings"] => openapi::print_findings(&workspace),
        ["services", "start"] => services::Services::find(&workspace)
            .and_then(|services| services.start())
            .map(|found| {
                say(format!("export {}={}", services::DATABASE_URL, found.database_url));
                say(format!("export {}={}", services::TEMPORAL_ADDRESS, found.temporal_address));
            }),
        ["services", "stop"] => {
            services::Services::find(&workspace).and_then(|services| services.stop())
        }
        ["acceptance", rest @ ..] => acceptance::run(&workspace, rest),
        ["bench", rest @ ..] => bench::run(&workspace, rest),
        _ => Err(anyhow::anyhow!("{USAGE}")),
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn say(summary: String) {
    println!("{summary}");
}
