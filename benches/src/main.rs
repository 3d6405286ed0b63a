//! The command line of the benchmarks; `cargo xtask bench` builds everything and calls it.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Parser;
use drover_benches::figures::{Figure, Kind};
use drover_benches::report;
use drover_benches::rounds::{self, Plan};
use drover_benches::servers::Servers;

/// Measures the numbers that are promised, and says whether they are met.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench")]
struct Arguments {
    /// Also write the results to this file, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Measure these figures only
    #[arg(long, value_name = "KEY,KEY", value_delimiter = ',')]
    only: Vec<String>,
    /// Rounds, of which each figure is the median
    #[arg(long, value_name = "N", default_value_t = 5)]
    rounds: usize,
    /// Shorter loads: to see that it works, not to quote
    #[arg(long)]
    quick: bool,
    /// One machine, or what is beyond it
    #[arg(long, value_enum, default_value_t = Kind::Embedded)]
    plane: Kind,
    #[command(flatten)]
    servers: Servers,
    /// Where the programs are [default: beside this one]
    #[arg(long, value_name = "DIR")]
    programs: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every bound that binds is met.
fn run(arguments: Arguments) -> Result<bool> {
    let programs = match arguments.programs {
        Some(folder) => folder,
        None => {
            let own = std::env::current_exe()?;
            own.parent().context("a program is in a folder")?.to_owned()
        }
    };
    let figures = chosen(arguments.plane, &arguments.only)?;
    let plan = Plan {
        programs,
        rounds: arguments.rounds.max(1),
        quick: arguments.quick,
        servers: arguments.servers,
    };
    // One thread: the load must leave as much as possible to what is measured.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let results = runtime.block_on(rounds::run(&plan, &figures))?;
    println!("{}", report::table(&figures, &results));
    if let Some(path) = arguments.json {
        let text = serde_json::to_string_pretty(&report::json(&plan, &figures, &results))?;
        std::fs::write(&path, text + "\n")
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(report::are_met(&figures, &results))
}

fn chosen(plane: Kind, only: &[String]) -> Result<Vec<&'static Figure>> {
    let figures = plane.figures();
    for key in only {
        if !figures.iter().any(|figure| figure.key == key) {
            let known: Vec<_> = figures.iter().map(|figure| figure.key).collect();
            bail!("no figure `{key}`; there are {}", known.join(", "));
        }
    }
    let is_chosen = |figure: &&Figure| only.is_empty() || only.iter().any(|key| key == figure.key);
    Ok(figures.iter().filter(is_chosen).collect())
}
