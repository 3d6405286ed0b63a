//! Skill type `python` (contract, skills-and-runtimes §2.3).
//!
//! Code runs in `python3 -I`: isolated from environment variables, user packages and the working
//! directory, so that no file of the workspace can stand in for a module of the standard library
//! before our prelude holds the reins. The prelude then appends the workspace, and the folder of
//! installed packages, to the end of the module path.

use std::time::Duration;

use drover_domain::activities::SkillGrant;
use drover_domain::messages::ToolCallRequest;
use serde::Deserialize;
use serde_json::json;

use super::answer::{Answer, Stop, report};
use super::arguments::{arguments, configuration};
use super::files::{self, Folder, Rules};
use super::offer::{Parameter, spec};
use super::toolbox::{Bench, blocking};
use crate::model::ToolSpec;
use crate::sandbox::CommandSpec;

/// Checks imports and runs the code; see there.
const PRELUDE: &str = include_str!("prelude.py");
/// Where packages are installed, in the workspace. The prelude knows it too.
const PACKAGES: &str = ".python-packages";
const DEFAULT_TIMEOUT: u64 = 60;
const LONGEST_TIMEOUT: u64 = 300;

#[derive(Deserialize)]
struct Configuration {
    #[serde(default = "yes")]
    enable_code_execution: bool,
    allowed_imports: Option<Vec<String>>,
    blocked_imports: Option<Vec<String>>,
    /// Seconds.
    timeout: Option<u64>,
}

fn yes() -> bool {
    true
}

impl Configuration {
    fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout.unwrap_or(DEFAULT_TIMEOUT).clamp(1, LONGEST_TIMEOUT))
    }
    fn restricts_imports(&self) -> bool {
        self.allowed_imports.is_some()
            || self.blocked_imports.as_ref().is_some_and(|list| !list.is_empty())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RunPythonCode {
    code: String,
    variable_to_return: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SaveToFileAndRun {
    file_name: String,
    code: String,
    variable_to_return: Option<String>,
    #[serde(default = "yes")]
    overwrite: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RunPythonFile {
    file_name: String,
    variable_to_return: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InstallPackage {
    package_name: String,
}

/// What the skill offers; see [`files::specs`] for a configuration that cannot be read.
pub(super) fn specs(skill: &SkillGrant) -> Vec<ToolSpec> {
    let runs =
        configuration::<Configuration>(skill).map_or(true, |held| held.enable_code_execution);
    let mut specs = if runs { running() } else { Vec::new() };
    specs.extend([files::read_file(), files::list_files()]);
    specs
}

pub(super) async fn call(
    bench: &Bench<'_>,
    skill: &SkillGrant,
    request: &ToolCallRequest,
) -> Answer {
    let configuration: Configuration = configuration(skill)?;
    if matches!(request.name.as_str(), "read_file" | "list_files") {
        return files::run(bench, Rules::open(), request.clone()).await;
    }
    if !configuration.enable_code_execution {
        return Err(Stop::refused("Running code is switched off for this skill."));
    }
    match request.name.as_str() {
        "run_python_code" => {
            let input: RunPythonCode = arguments(request)?;
            run(bench, &configuration, Source::Code(input.code), input.variable_to_return).await
        }
        "save_to_file_and_run" => {
            let input: SaveToFileAndRun = arguments(request)?;
            let file = save(bench, input.file_name, input.code, input.overwrite).await?;
            run(bench, &configuration, Source::File(file), input.variable_to_return).await
        }
        "run_python_file_return_variable" => {
            let input: RunPythonFile = arguments(request)?;
            let file = files::file_path(&input.file_name)?;
            run(bench, &configuration, Source::File(file), input.variable_to_return).await
        }
        "pip_install_package" => {
            install(bench, &configuration, Installer::Pip, arguments(request)?).await
        }
        "uv_pip_install_package" => {
            install(bench, &configuration, Installer::Uv, arguments(request)?).await
        }
        other => Err(Stop::refused(format!("There is no tool `{other}`."))),
    }
}

enum Source {
    Code(String),
    /// Relative to the workspace.
    File(String),
}

async fn run(
    bench: &Bench<'_>,
    configuration: &Configuration,
    source: Source,
    variable: Option<String>,
) -> Answer {
    let (code, file) = match source {
        Source::Code(code) => (Some(code), None),
        Source::File(file) => (None, Some(file)),
    };
    let task = json!({
        "code": code,
        "file": file,
        "variable": variable,
        "allowed": configuration.allowed_imports,
        "blocked": configuration.blocked_imports.clone().unwrap_or_default(),
        "restricted": configuration.restricts_imports(),
        "packages": PACKAGES,
    });
    let args = ["-I", "-c", PRELUDE].map(str::to_owned).to_vec();
    let mut command = CommandSpec::new("python3", args, bench.idempotency_key);
    command.timeout = configuration.timeout();
    command.stdin = Some(task.to_string().into_bytes());
    report("python3", bench.run(command).await?, |stdout| match stdout {
        "" => "The code ran and printed nothing.".to_owned(),
        stdout => stdout.to_owned(),
    })
}

async fn save(bench: &Bench<'_>, name: String, code: String, overwrite: bool) -> Answer {
    let file = files::file_path(&name)?;
    let root = bench.workspace.files().to_owned();
    blocking(move || {
        Folder::open(&root)?.write(file.as_ref(), &code, overwrite)?;
        Ok(file)
    })
    .await
}

enum Installer {
    Pip,
    Uv,
}

async fn install(
    bench: &Bench<'_>,
    configuration: &Configuration,
    installer: Installer,
    input: InstallPackage,
) -> Answer {
    let name = input.package_name;
    let valid = |c: char| c.is_ascii_alphanumeric() || "._-[],=<>!~+*".contains(c);
    if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) || !name.chars().all(valid) {
        return Err(Stop::refused(
            "Give the name of one package, with a version if need be: `requests==2.32`.",
        ));
    }
    let (program, args): (&str, &[&str]) = match installer {
        Installer::Pip => (
            "python3",
            &[
                "-I",
                "-m",
                "pip",
                "install",
                "--no-input",
                "--disable-pip-version-check",
                "--no-cache-dir",
            ],
        ),
        Installer::Uv => {
            ("uv", &["pip", "install", "--no-config", "--no-cache", "--python", "python3"])
        }
    };
    let mut args: Vec<String> = args.iter().map(|text| (*text).to_owned()).collect();
    args.extend(["--target".to_owned(), PACKAGES.to_owned()]);
    if configuration.restricts_imports() {
        // To build a package is to run its code, which no import rule holds.
        args.extend(["--only-binary".to_owned(), ":all:".to_owned()]);
    }
    args.extend(["--".to_owned(), name]);
    let mut command = CommandSpec::new(program, args, bench.idempotency_key);
    command.timeout = configuration.timeout();
    report(program, bench.run(command).await?, str::to_owned)
}

const VARIABLE: &str = "A variable whose value is printed at the end.";
const FILE: &str = "Path of the file, relative to the workspace.";
const PACKAGE: &str = "Name of the package, with a version if need be.";

fn running() -> Vec<ToolSpec> {
    use Parameter as P;
    vec![
        spec(
            "run_python_code",
            "Runs Python code in the workspace and returns what it prints.",
            &[
                P::needed("code", "string", "The code."),
                P::optional("variable_to_return", "string", VARIABLE),
            ],
        ),
        spec(
            "save_to_file_and_run",
            "Saves Python code to a file, runs it, and returns what it prints.",
            &[
                P::needed("file_name", "string", FILE),
                P::needed("code", "string", "The code."),
                P::optional("variable_to_return", "string", VARIABLE),
                P::optional(
                    "overwrite",
                    "boolean",
                    "Whether to replace a file; true unless given.",
                ),
            ],
        ),
        spec(
            "run_python_file_return_variable",
            "Runs a Python file of the workspace and returns what it prints.",
            &[
                P::needed("file_name", "string", FILE),
                P::optional("variable_to_return", "string", VARIABLE),
            ],
        ),
        spec(
            "pip_install_package",
            "Installs a Python package into the workspace with pip.",
            &[P::needed("package_name", "string", PACKAGE)],
        ),
        spec(
            "uv_pip_install_package",
            "Installs a Python package into the workspace with uv.",
            &[P::needed("package_name", "string", PACKAGE)],
        ),
    ]
}
