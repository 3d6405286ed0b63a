//! Rounds: in each of them everything is measured once, so that a slow minute of the machine touches
//! all figures alike and none of them for good.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::disk;
use crate::figures::{Figure, MEASURES, Measure};
use crate::measures::{self, Bench};
use crate::plane::Stage;
use crate::servers::Servers;
use crate::statistics::Series;

/// What is to be done.
#[derive(Debug)]
pub struct Plan {
    /// The folder of the programs.
    pub programs: PathBuf,
    /// How many rounds.
    pub rounds: usize,
    /// Shorter loads.
    pub quick: bool,
    /// Where other servers are.
    pub servers: Servers,
}

/// What came out.
#[derive(Debug, Default)]
pub struct Results {
    /// The values of a figure, by key.
    pub series: BTreeMap<&'static str, Series>,
    /// Per round: `fdatasync` of 4 KiB in milliseconds, and the machine's load before it.
    pub conditions: Vec<(f64, String)>,
    /// What could not be measured.
    pub faults: Vec<String>,
}

/// Measures these figures in every round.
pub async fn run(plan: &Plan, figures: &[&Figure]) -> Result<Results> {
    for program in ["drover", "model-server"] {
        let path = plan.programs.join(program);
        ensure!(path.exists(), "there is no {}; `cargo xtask bench` builds it", path.display());
    }
    // Beside the programs, so on the disk of the target folder.
    let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(&plan.programs);
    let folder = folder.context("make a folder for the benchmarks")?;
    let stage = Stage { programs: plan.programs.clone(), folder: folder.path().to_owned() };
    let mut bench = Bench { stage, quick: plan.quick, servers: plan.servers.clone(), seeded: None };
    let needed = |measure: &Measure| figures.iter().any(|figure| figure.measure == *measure);
    let mut values: BTreeMap<&'static str, Vec<f64>> = BTreeMap::new();
    let mut results = Results::default();
    for round in 1..=plan.rounds {
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split(' ').next().unwrap_or_default().to_owned();
        let sync = disk::sync_ms(folder.path())?;
        eprintln!("round {round} of {}: fdatasync {sync:.2} ms, load {load}", plan.rounds);
        results.conditions.push((sync, load));
        for measure in MEASURES.into_iter().filter(needed) {
            eprintln!("  {measure:?}");
            match measures::run(measure, &mut bench).await {
                Ok(measured) => {
                    for (key, value) in measured {
                        eprintln!("    {key} {value:.3}");
                        values.entry(key).or_default().push(value);
                    }
                }
                Err(error) => {
                    eprintln!("    failed: {error:#}");
                    results.faults.push(format!("{measure:?}, round {round}: {error:#}"));
                }
            }
        }
    }
    results.series = values.into_iter().map(|(key, values)| (key, Series::of(values))).collect();
    Ok(results)
}
