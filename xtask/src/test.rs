//! `cargo xtask test`: everything that CI checks. What fails soonest comes first.
//!
//! All that is compiled is compiled with one profile and one set of features: `--workspace
//! --all-targets` throughout, so that no crate is built twice.

use anyhow::Result;

use crate::services::{DATABASE_URL, Services, TEMPORAL_ADDRESS};
use crate::steps::Steps;
use crate::workspace::Workspace;
use crate::{licences, openapi, process, tidy, tools};

/// Runs it all, up to the first failure.
pub fn run(workspace: &Workspace) -> Result<()> {
    let mut steps = Steps::new(10);
    let mut tests = Tally::default();
    let cargo = |arguments: &[&str]| {
        process::run(workspace.root(), "cargo", arguments)?;
        Ok(String::new())
    };
    steps.run("what the tests need from this machine", || tools::check(workspace))?;
    steps.run("formatting", || cargo(&["fmt", "--all", "--check"]))?;
    steps.run("house rules", || tidy::run(workspace))?;
    steps.run("what is deployed, as far as the tools for it are here", || {
        process::run(workspace.root(), workspace.root().join("deploy/check.sh"), &[])?;
        Ok(String::new())
    })?;
    steps.run("licences, bans and sources of dependencies", || licences::run(workspace))?;
    steps.run("lints", || {
        cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])
    })?;
    // The tests start these programs; building them with the tests keeps one set of features.
    steps.run("programs and tests compile", || {
        cargo(&["build", "--workspace", "--all-targets", "--locked"])
    })?;
    steps.run("generated files, and the contract", || openapi::check_built(workspace))?;
    let services = Services::find(workspace)?;
    let (mut url, mut temporal) = (String::new(), String::new());
    steps.run("a Postgres server, and a Temporal server", || {
        // Fresh ones: what broken-off tests have left must not fill them.
        services.stop()?;
        let found = services.start()?;
        (url, temporal) = (found.database_url, found.temporal_address);
        Ok(String::new())
    })?;
    steps.run("tests", || {
        let arguments = ["test", "--workspace", "--locked"];
        let variables = [(DATABASE_URL, url.as_str()), (TEMPORAL_ADDRESS, temporal.as_str())];
        let read = |line: &str| tests.read(line);
        process::run_reading(workspace.root(), "cargo", &arguments, &variables, read)?;
        Ok(tests.to_string())
    })?;
    services.stop()?;
    println!("\n✓ all of it in {}: {tests}", steps.elapsed());
    Ok(())
}

/// What the test programs count.
#[derive(Debug, Default, PartialEq)]
struct Tally {
    passed: u64,
    failed: u64,
    ignored: u64,
    programs: u64,
    /// Those that passed on each of [`PLANES`].
    on: [u64; PLANES.len()],
}

/// What a test of several planes runs on: the last part of its name (`tests/support/plane-test`).
const PLANES: [&str; 5] = ["embedded", "workers", "scale", "sqlite", "postgres"];

impl Tally {
    /// `test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; …`, and
    /// `test jobs::trigger::it_starts::scale ... ok`
    fn read(&mut self, line: &str) {
        if let Some(test) = line.strip_suffix(" ... ok") {
            let plane = test.rsplit("::").next();
            if let Some(place) = PLANES.iter().position(|known| plane == Some(*known)) {
                self.on[place] += 1;
            }
        }
        let Some((_, counts)) = line.split_once("test result: ") else {
            return;
        };
        let count = |what: &str| {
            let before = counts.split_once(what).map_or("", |(before, _)| before).trim_end();
            before.rsplit(' ').next().and_then(|number| number.parse::<u64>().ok()).unwrap_or(0)
        };
        self.passed += count("passed");
        self.failed += count("failed;");
        self.ignored += count("ignored");
        self.programs += 1;
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { passed, failed, ignored, programs, on } = self;
        write!(
            f,
            "{passed} tests passed, {failed} failed, {ignored} ignored, in {programs} programs"
        )?;
        let on: Vec<_> =
            PLANES.iter().zip(on).map(|(plane, count)| format!("{count} {plane}")).collect();
        write!(f, "; of these {}", on.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_test_programs_add_up() {
        let mut tally = Tally::default();
        tally.read("running 3 tests");
        tally.read("test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out");
        tally.read("test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured");
        let on = [0; PLANES.len()];
        assert_eq!(tally, Tally { passed: 15, failed: 2, ignored: 1, programs: 2, on });
    }

    #[test]
    fn all_planes_that_tests_are_named_by_are_counted() {
        let attribute = include_str!("../../tests/support/plane-test/src/lib.rs");
        let pairs = attribute.split("(\"").filter_map(|rest| rest.split_once("\", \""));
        assert_eq!(pairs.map(|(name, _)| name).collect::<Vec<_>>(), PLANES);
    }

    #[test]
    fn tests_are_counted_by_their_planes() {
        let mut tally = Tally::default();
        tally.read("test jobs::trigger::it_starts::scale ... ok");
        tally.read("test jobs::trigger::it_ends::scale ... ok");
        tally.read("test crash::many::none_is_lost::postgres ... ok");
        tally.read("test jobs::trigger::it_starts::workers ... FAILED");
        tally.read("test cli::json ... ok");
        let said = tally.to_string();
        assert!(said.ends_with("0 embedded, 0 workers, 2 scale, 0 sqlite, 1 postgres"), "{said}");
    }
}
