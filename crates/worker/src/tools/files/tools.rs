//! What each file tool does.

use std::path::Path;

use drover_domain::messages::ToolCallRequest;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::answer::{Answer, Stop};
use super::super::arguments::arguments;
use super::folder::relative;
use super::search;
use super::{MOST_CHARACTERS, MOST_LINES, Rules};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SaveFile {
    contents: String,
    file_name: String,
    #[serde(default = "super::yes")]
    overwrite: bool,
    encoding: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadFile {
    file_name: String,
    encoding: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadFileChunk {
    file_name: String,
    start_line: usize,
    end_line: usize,
    encoding: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReplaceFileChunk {
    file_name: String,
    start_line: usize,
    end_line: usize,
    chunk: String,
    encoding: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListFiles {
    directory: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SearchFiles {
    pattern: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SearchContent {
    query: String,
    directory: Option<String>,
    limit: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeleteFile {
    file_name: String,
}

/// Carries out one call in the workspace's files. Blocks.
pub(super) fn run(rules: &Rules, root: &Path, request: &ToolCallRequest) -> Answer {
    match request.name.as_str() {
        "save_file" => save_file(rules, root, arguments(request)?),
        "read_file" => read_file(rules, root, arguments(request)?),
        "read_file_chunk" => read_file_chunk(rules, root, arguments(request)?),
        "replace_file_chunk" => replace_file_chunk(rules, root, arguments(request)?),
        "list_files" => list_files(rules, root, arguments(request)?),
        "search_files" => search_files(rules, root, arguments(request)?),
        "search_content" => search_content(rules, root, arguments(request)?),
        "delete_file" => delete_file(rules, root, arguments(request)?),
        other => Err(Stop::refused(format!("There is no tool `{other}`."))),
    }
}

fn save_file(rules: &Rules, root: &Path, input: SaveFile) -> Answer {
    check_encoding(input.encoding.as_deref())?;
    write(rules, root, &input.file_name, &input.contents, input.overwrite)?;
    Ok(input.file_name)
}

fn read_file(rules: &Rules, root: &Path, input: ReadFile) -> Answer {
    check_encoding(input.encoding.as_deref())?;
    let text = read(rules, root, &input.file_name)?;
    if let Err(Stop::Refused(limit)) = check_size(rules, &text) {
        return Err(Stop::Refused(format!("{limit} Use `read_file_chunk` if you have it.")));
    }
    Ok(text)
}

fn read_file_chunk(rules: &Rules, root: &Path, input: ReadFileChunk) -> Answer {
    check_encoding(input.encoding.as_deref())?;
    let text = read(rules, root, &input.file_name)?;
    let lines: Vec<&str> = text.split('\n').collect();
    let (start, end) = range(&lines, input.start_line, input.end_line)?;
    Ok(lines[start..end].join("\n"))
}

fn replace_file_chunk(rules: &Rules, root: &Path, input: ReplaceFileChunk) -> Answer {
    check_encoding(input.encoding.as_deref())?;
    let text = read(rules, root, &input.file_name)?;
    let mut lines: Vec<&str> = text.split('\n').collect();
    let (start, end) = range(&lines, input.start_line, input.end_line)?;
    lines.splice(start..end, [input.chunk.as_str()]);
    write(rules, root, &input.file_name, &lines.join("\n"), true)?;
    Ok(input.file_name)
}

fn list_files(rules: &Rules, root: &Path, input: ListFiles) -> Answer {
    let path = relative(input.directory.as_deref().unwrap_or("."))?;
    let entries = rules.folder(root)?.list(&path)?;
    let shown = entries.iter().filter(|entry| entry.is_folder || rules.lets_through(&entry.path));
    Ok(shown.map(|entry| entry.path.to_str()).collect::<Value>().to_string())
}

fn search_files(rules: &Rules, root: &Path, input: SearchFiles) -> Answer {
    let found = search::by_name(&rules.folder(root)?, rules, &input.pattern)?;
    Ok(json!({"pattern": input.pattern, "matches_found": found.len(), "files": found}).to_string())
}

fn search_content(rules: &Rules, root: &Path, input: SearchContent) -> Answer {
    let start = relative(input.directory.as_deref().unwrap_or("."))?;
    let limit = input.limit.unwrap_or(10);
    let found = search::by_content(&rules.folder(root)?, rules, &start, &input.query, limit)?;
    Ok(json!({"query": input.query, "matches_found": found.len(), "matches": found}).to_string())
}

fn delete_file(rules: &Rules, root: &Path, input: DeleteFile) -> Answer {
    let (folder, path) = rules.file(root, &input.file_name)?;
    folder.remove(&path)?;
    Ok(input.file_name)
}

fn read(rules: &Rules, root: &Path, name: &str) -> Answer {
    let (folder, path) = rules.file(root, name)?;
    let bytes = folder.read(&path, rules.most_bytes)?;
    String::from_utf8(bytes).map_err(|_| Stop::refused(format!("`{name}` is not UTF-8 text.")))
}

fn write(rules: &Rules, root: &Path, name: &str, text: &str, overwrite: bool) -> Result<(), Stop> {
    let (folder, path) = rules.file(root, name)?;
    check_size(rules, text)?;
    folder.write(&path, text, overwrite)
}

fn check_size(rules: &Rules, text: &str) -> Result<(), Stop> {
    if text.len() as u64 > rules.most_bytes {
        return Err(Stop::refused(format!(
            "A file may not be larger than {} bytes.",
            rules.most_bytes
        )));
    }
    if text.chars().count() > MOST_CHARACTERS || text.split('\n').count() > MOST_LINES {
        let limits = format!("{MOST_CHARACTERS} characters or {MOST_LINES} lines");
        return Err(Stop::refused(format!("The file has more than {limits}.")));
    }
    Ok(())
}

fn check_encoding(encoding: Option<&str>) -> Result<(), Stop> {
    match encoding.map(|name| name.to_ascii_lowercase().replace('_', "-")).as_deref() {
        None | Some("utf-8" | "utf8" | "ascii" | "us-ascii") => Ok(()),
        Some(_) => Err(Stop::refused("Only the encoding utf-8 is supported.")),
    }
}

/// First line included, last line excluded.
fn range(lines: &[&str], start: usize, last: usize) -> Result<(usize, usize), Stop> {
    if start > last || start >= lines.len() {
        return Err(Stop::refused(format!(
            "The file has the lines 0 to {}; `start_line` must be one of them and not above `end_line`.",
            lines.len() - 1
        )));
    }
    Ok((start, last.saturating_add(1).min(lines.len())))
}
