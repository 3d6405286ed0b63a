//! Skill type `file_system` (contract, skills-and-runtimes §2.1).
//!
//! These tools run in the server's process, which no wall surrounds. That is safe because a path is
//! never resolved by us: [`Folder`] hands it to the kernel with the demand that it stay beneath the
//! folder, so neither `..` nor a link, planted before or during the call, leads out; and because
//! only regular files are opened, never a pipe or a device that would hold the thread.

mod folder;
mod search;
mod tools;

use std::path::{Path, PathBuf};

use drover_domain::activities::SkillGrant;
use drover_domain::messages::ToolCallRequest;
use serde::Deserialize;

pub(super) use self::folder::Folder;
use super::answer::{Answer, Stop};
use super::arguments::configuration;
use super::offer::{Parameter, spec};
use super::toolbox::{Bench, blocking};
use crate::model::ToolSpec;

/// Characters of a file that is read or written.
const MOST_CHARACTERS: usize = 10_000_000;
/// Lines of a file that is read or written.
const MOST_LINES: usize = 100_000;

#[derive(Deserialize)]
struct Configuration {
    #[serde(default)]
    enable_save_file: bool,
    #[serde(default = "yes")]
    enable_read_file: bool,
    #[serde(default = "yes")]
    enable_list_files: bool,
    #[serde(default = "yes")]
    enable_search_files: bool,
    #[serde(default)]
    enable_delete_file: bool,
    /// Under the workspace, which is the root of absolute paths as well.
    #[serde(alias = "base_directory")]
    base_dir: Option<String>,
    allowed_extensions: Option<Vec<String>>,
    #[serde(default)]
    read_only: bool,
    /// Mebibytes.
    max_file_size: Option<u64>,
}

fn yes() -> bool {
    true
}

/// The restrictions of one skill.
#[derive(Clone)]
pub(super) struct Rules {
    base: String,
    /// In lower case, without the dot. `None`: all.
    extensions: Option<Vec<String>>,
    most_bytes: u64,
}

impl Rules {
    /// Without restrictions of a configuration.
    pub(super) fn open() -> Self {
        Self { base: String::new(), extensions: None, most_bytes: 10 << 20 }
    }

    fn new(configuration: &Configuration) -> Self {
        let plain = |list: &Vec<String>| {
            list.iter().map(|text| text.trim().trim_start_matches('.').to_lowercase()).collect()
        };
        Self {
            base: configuration.base_dir.clone().unwrap_or_default(),
            extensions: configuration.allowed_extensions.as_ref().map(plain),
            most_bytes: configuration.max_file_size.unwrap_or(10).clamp(1, 1000) << 20,
        }
    }

    fn lets_through(&self, path: &Path) -> bool {
        let Some(allowed) = &self.extensions else {
            return true;
        };
        let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        allowed.contains(&extension)
    }

    /// The folder, and the path of a file in it.
    fn file(&self, root: &Path, name: &str) -> Result<(Folder, PathBuf), Stop> {
        let path = folder::relative(name)?;
        if path == Path::new(".") {
            return Err(Stop::refused("The name of a file is expected."));
        }
        if !self.lets_through(&path) {
            let allowed = self.extensions.clone().unwrap_or_default().join(", ");
            return Err(Stop::refused(format!(
                "Only files with these extensions are allowed: {allowed}."
            )));
        }
        Ok((self.folder(root)?, path))
    }

    fn folder(&self, root: &Path) -> Result<Folder, Stop> {
        let (_, folder) = Folder::open(root)?.base(&self.base)?;
        // By a link, a name with an allowed extension could stand for any file.
        Ok(if self.extensions.is_some() { folder.without_links() } else { folder })
    }
}

/// What the skill offers. With a configuration that cannot be read all of it, and every call says
/// what is wrong: an agent without its tools would be harder to understand.
pub(super) fn specs(skill: &SkillGrant) -> Vec<ToolSpec> {
    let configuration = configuration::<Configuration>(skill).ok();
    let all = tools();
    all.into_iter()
        .filter(|spec| configuration.as_ref().is_none_or(|held| is_enabled(held, &spec.name)))
        .collect()
}

pub(super) async fn call(
    bench: &Bench<'_>,
    skill: &SkillGrant,
    request: &ToolCallRequest,
) -> Answer {
    let configuration: Configuration = configuration(skill)?;
    if !is_enabled(&configuration, &request.name) {
        return Err(Stop::refused(format!("`{}` is switched off for this skill.", request.name)));
    }
    let rules = Rules::new(&configuration);
    run(bench, rules, request.clone()).await
}

/// Carries out a file tool; also for skills that offer some of them on their own terms.
pub(super) async fn run(bench: &Bench<'_>, rules: Rules, request: ToolCallRequest) -> Answer {
    let root = bench.workspace.files().to_owned();
    blocking(move || tools::run(&rules, &root, &request)).await
}

fn is_enabled(configuration: &Configuration, tool: &str) -> bool {
    match tool {
        "save_file" | "replace_file_chunk" => {
            configuration.enable_save_file && !configuration.read_only
        }
        "delete_file" => configuration.enable_delete_file && !configuration.read_only,
        "read_file" | "read_file_chunk" => configuration.enable_read_file,
        "list_files" => configuration.enable_list_files,
        _ => configuration.enable_search_files,
    }
}

const NAME: &str = "Path of the file, relative to the base directory.";
const ENCODING: &str = "Only utf-8.";

fn tools() -> Vec<ToolSpec> {
    use Parameter as P;
    vec![
        spec(
            "save_file",
            "Writes a file, with the folders on the way to it.",
            &[
                P::needed("contents", "string", "The whole text of the file."),
                P::needed("file_name", "string", NAME),
                P::optional(
                    "overwrite",
                    "boolean",
                    "Whether to replace a file; true unless given.",
                ),
                P::optional("encoding", "string", ENCODING),
            ],
        ),
        read_file(),
        spec(
            "read_file_chunk",
            "Returns some lines of a file.",
            &[
                P::needed("file_name", "string", NAME),
                P::needed("start_line", "integer", "The first line; the file's first is 0."),
                P::needed("end_line", "integer", "The last line, included."),
                P::optional("encoding", "string", ENCODING),
            ],
        ),
        spec(
            "replace_file_chunk",
            "Replaces some lines of a file.",
            &[
                P::needed("file_name", "string", NAME),
                P::needed("start_line", "integer", "The first line; the file's first is 0."),
                P::needed("end_line", "integer", "The last line, included."),
                P::needed("chunk", "string", "What comes in their place."),
                P::optional("encoding", "string", ENCODING),
            ],
        ),
        list_files(),
        spec(
            "search_files",
            "Finds files by a pattern such as `**/*.md`, relative to the base directory.",
            &[P::needed("pattern", "string", "`*` and `?` stay within a folder, `**` does not.")],
        ),
        spec(
            "search_content",
            "Finds lines that hold a text, whatever its case.",
            &[
                P::needed("query", "string", "The text."),
                P::optional("directory", "string", "Where to look; everywhere unless given."),
                P::optional("limit", "integer", "How many lines to return; 10 unless given."),
            ],
        ),
        spec("delete_file", "Deletes a file.", &[P::needed("file_name", "string", NAME)]),
    ]
}

pub(super) fn read_file() -> ToolSpec {
    spec(
        "read_file",
        "Returns the text of a file.",
        &[
            Parameter::needed("file_name", "string", NAME),
            Parameter::optional("encoding", "string", ENCODING),
        ],
    )
}

pub(super) fn list_files() -> ToolSpec {
    spec(
        "list_files",
        "Lists the files and folders in a folder, as JSON.",
        &[Parameter::optional(
            "directory",
            "string",
            "The folder; the base directory unless given.",
        )],
    )
}

/// The path of a file in the workspace, as a model writes it.
pub(super) fn file_path(name: &str) -> Answer {
    let path = folder::relative(name)?;
    match path.to_str() {
        Some(text) if text != "." => Ok(text.to_owned()),
        _ => Err(Stop::refused("The name of a file is expected.")),
    }
}
