//! `cargo xtask test`: everything that CI checks. What fails soonest comes first.
//!
//! All that is compiled is compiled with one profile and one set of features: `--workspace
//! --all-targets` throughout, so that no crate is built twice.

use anyhow::Result;

use crate::services::{
    DATABASE_URL, ON_POSTGRES, ON_TEMPORAL, OWN_WORKERS, Services, TEMPORAL_ADDRESS,
};
use crate::steps::Steps;
use crate::workspace::Workspace;
use crate::{licences, openapi, process, tidy, tools};

/// Runs it all, up to the first failure.
pub fn run(workspace: &Workspace) -> Result<()> {
    let mut steps = Steps::new(12);
    let mut tests = Tally::default();
    let mut elsewhere = Tally::default();
    let mut at_scale = Tally::default();
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
    // All of them, though only the program's know a plane: naming a target would build half the
    // dependencies once more, with other features, which takes longer.
    steps.run("the same tests, with workers in processes of their own", || {
        let arguments = ["test", "--workspace", "--locked"];
        let servers = [(DATABASE_URL, url.as_str()), (TEMPORAL_ADDRESS, temporal.as_str())];
        let variables = [servers[0], servers[1], OWN_WORKERS];
        let read = |line: &str| elsewhere.read(line);
        process::run_reading(workspace.root(), "cargo", &arguments, &variables, read)?;
        Ok(elsewhere.to_string())
    })?;
    steps.run("the same tests, with planes on Postgres and Temporal", || {
        let arguments = ["test", "--workspace", "--locked"];
        let servers = [(DATABASE_URL, url.as_str()), (TEMPORAL_ADDRESS, temporal.as_str())];
        let variables = [servers[0], servers[1], ON_POSTGRES, ON_TEMPORAL, OWN_WORKERS];
        let read = |line: &str| at_scale.read(line);
        process::run_reading(workspace.root(), "cargo", &arguments, &variables, read)?;
        Ok(at_scale.to_string())
    })?;
    services.stop()?;
    println!(
        "\n✓ all of it in {}: {tests}; with own workers {elsewhere}; on Postgres and Temporal \
         {at_scale}",
        steps.elapsed()
    );
    Ok(())
}

/// What the test programs count.
#[derive(Debug, Default, PartialEq)]
struct Tally {
    passed: u64,
    failed: u64,
    ignored: u64,
    programs: u64,
}

impl Tally {
    /// `test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; …`
    fn read(&mut self, line: &str) {
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
        let Self { passed, failed, ignored, programs } = self;
        write!(
            f,
            "{passed} tests passed, {failed} failed, {ignored} ignored, in {programs} programs"
        )
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
        assert_eq!(tally, Tally { passed: 15, failed: 2, ignored: 1, programs: 2 });
    }
}
