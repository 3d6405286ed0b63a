//! A run's events as a person reads them. Pure: frames in, text with colours out.

use drover_wire::client::Frame;
use owo_colors::OwoColorize;
use serde_json::Value;

/// Lines of a tool's output that are shown.
const OUTPUT_LINES: usize = 30;
/// Characters of a tool's arguments that are shown.
const ARGUMENTS: usize = 1000;

/// What has been shown so far, as far as the next event depends on it.
#[derive(Debug, Default)]
pub struct Transcript {
    /// The message whose text comes in pieces, while it does.
    streaming: Option<String>,
    /// Whether the last piece left its line open.
    open: bool,
    status: String,
}

impl Transcript {
    /// The text for one event; empty for those that say nothing to a person.
    pub fn show(&mut self, frame: &Frame) -> String {
        let data = match &frame.data["data"] {
            Value::Object(_) => &frame.data["data"],
            _ => &frame.data,
        };
        match frame.event.as_str() {
            "message" => self.message(data),
            "message_chunk" | "member_message_chunk" => self.chunk(data),
            "message_reset" => {
                let told = "the answer was interrupted and begins again";
                self.lines(&format!("{}\n", told.dimmed()))
            }
            "tool_started" | "member_tool_started" => self.tool_started(data),
            "tool_completed" | "member_tool_completed" => self.tool_completed(data),
            "status" => self.status(word(data, "status")),
            "retry" => {
                let why = clean(word(data, "message"));
                self.lines(&format!("{} {why}\n", "is tried again:".yellow()))
            }
            "gap_detected" => {
                let told = "some events are no longer kept; shown from where the log begins";
                self.lines(&format!("{}\n", told.yellow()))
            }
            "done" | "error" => self.end(data),
            _ => String::new(),
        }
    }

    /// The text for a run that has not begun, and nothing happens.
    pub fn waits(&mut self, what: &str) -> String {
        self.lines(&format!("{}\n", format!("· waits for {}", clean(what)).dimmed()))
    }

    /// Closes a line that is still open.
    pub fn close(&mut self) -> &'static str {
        self.streaming = None;
        if std::mem::take(&mut self.open) { "\n" } else { "" }
    }

    /// Whole lines, below whatever is open.
    fn lines(&mut self, text: &str) -> String {
        format!("{}{text}", self.close())
    }

    fn message(&mut self, data: &Value) -> String {
        let content = clean(word(data, "content"));
        match word(data, "role") {
            "user" => self.lines(&format!("{}\n", indented(&content, &format!("{} ", "›".cyan())))),
            "system" => self.lines(&format!("{}\n", content.dimmed())),
            // Its pieces were shown already.
            "assistant" if self.streaming.as_deref() == Some(word(data, "message_id")) => {
                self.close().to_owned()
            }
            "assistant" => self.lines(&format!("{content}\n")),
            _ => String::new(),
        }
    }

    fn chunk(&mut self, data: &Value) -> String {
        let content = clean(word(data, "content"));
        if content.is_empty() {
            return String::new();
        }
        let id = word(data, "message_id");
        let before = if self.streaming.as_deref() == Some(id) { "" } else { self.close() };
        self.streaming = Some(id.to_owned());
        self.open = !content.ends_with('\n');
        format!("{before}{content}")
    }

    fn tool_started(&mut self, data: &Value) -> String {
        let name = clean(word(data, "tool_name"));
        let arguments = match &data["tool_arguments"] {
            Value::Null => String::new(),
            Value::Object(fields) if fields.len() == 1 => match fields.values().next() {
                // The one argument of most calls is a command or a path.
                Some(Value::String(text)) => clean(text),
                _ => data["tool_arguments"].to_string(),
            },
            other => other.to_string(),
        };
        let arguments = indented(&shortened(&clean(&arguments), ARGUMENTS), "");
        self.lines(&format!("{} {}  {arguments}\n", "▸".magenta(), name.bold()))
    }

    fn tool_completed(&mut self, data: &Value) -> String {
        let failed = word(data, "status") == "failed";
        let output = match &data["tool_output"] {
            Value::Null => word(data, "tool_error").to_owned(),
            Value::String(text) => text.clone(),
            output => match output["output"].as_str() {
                Some(text) => text.to_owned(),
                None => output.to_string(),
            },
        };
        let output = clean(output.trim_end());
        let count = output.lines().count();
        let mut text = String::new();
        for line in output.lines().take(OUTPUT_LINES) {
            text.push_str(&format!("  {}\n", line.dimmed()));
        }
        if count > OUTPUT_LINES {
            let more = format!("… {} more lines", count - OUTPUT_LINES);
            text.push_str(&format!("  {}\n", more.dimmed()));
        }
        let took = data["duration_ms"].as_u64().map(|ms| format!(" {}", duration(ms)));
        let took = took.unwrap_or_default();
        let end = if failed {
            format!("{}{took}", "✗ failed".red())
        } else {
            format!("{}{took}", "✓".green())
        };
        self.lines(&format!("{text}  {end}\n"))
    }

    fn status(&mut self, status: &str) -> String {
        let is_end = ["completed", "failed", "cancelled", "interrupted"].contains(&status);
        // The end has an event of its own.
        if is_end || self.status == status {
            return String::new();
        }
        status.clone_into(&mut self.status);
        let text = format!("· {}", clean(status));
        self.lines(&format!("{}\n", text.dimmed()))
    }

    fn end(&mut self, data: &Value) -> String {
        let status = match word(data, "status") {
            "" => "failed",
            status => status,
        };
        let status = clean(status);
        let spent = spent(&data["usage"]);
        let spent = if spent.is_empty() { spent } else { format!("  {}", spent.dimmed()) };
        let why = match word(data, "error") {
            "" => String::new(),
            why => format!("  {}\n", indented(&clean(why), "")),
        };
        let head = match status.as_str() {
            "completed" => format!("{} {}", "✓".green(), status.green().bold()),
            "cancelled" => format!("{} {}", "■".yellow(), status.yellow().bold()),
            _ => format!("{} {}", "✗".red(), status.red().bold()),
        };
        self.lines(&format!("{head}{spent}\n{why}"))
    }
}

/// What a run took, in words: `2 turns, 153 tokens (120 in, 33 out), free`.
pub fn spent(usage: &Value) -> String {
    let Some(total) = usage["total_tokens"].as_u64() else {
        return String::new();
    };
    let number = |key: &str| usage[key].as_u64().unwrap_or_default();
    let turns = match number("turns") {
        0 => String::new(),
        1 => "1 turn, ".to_owned(),
        turns => format!("{turns} turns, "),
    };
    let (input, output) = (number("input_tokens"), number("output_tokens"));
    format!("{turns}{total} tokens ({input} in, {output} out), {}", cost(usage))
}

fn cost(usage: &Value) -> String {
    match usage["cost_micro_usd"].as_u64() {
        None => "no price known".to_owned(),
        Some(0) => "free".to_owned(),
        Some(micros) if micros < 10_000 => {
            format!("${}.{:06}", micros / 1_000_000, micros % 1_000_000)
        }
        Some(micros) => {
            let cents = micros.div_ceil(100);
            format!("${}.{:04}", cents / 10_000, cents % 10_000)
        }
    }
}

/// `12 ms`, `3.4 s`, `2 min 5 s`.
pub fn duration(ms: u64) -> String {
    match ms {
        0..1000 => format!("{ms} ms"),
        1000..60_000 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        _ => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1000),
    }
}

/// Somebody else's text without what would steer the terminal.
pub fn clean(text: &str) -> String {
    let steers = |c: &char| c.is_control() && !matches!(c, '\n' | '\t');
    text.replace("\r\n", "\n").chars().filter(|c| !steers(c)).collect()
}

/// The first line of a text, short enough for a table.
pub fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}

fn indented(text: &str, first: &str) -> String {
    let lines = text.trim_end().lines().enumerate().map(|(number, line)| match (number, line) {
        (0, line) => format!("{first}{line}"),
        (_, "") => String::new(),
        (_, line) => format!("  {line}"),
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn word<'a>(data: &'a Value, key: &str) -> &'a str {
    data[key].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(frames: Vec<(&str, Value)>) -> String {
        let mut transcript = Transcript::default();
        let mut text = String::new();
        for (event, data) in frames {
            let frame = Frame { id: String::new(), event: event.to_owned(), data };
            text.push_str(&transcript.show(&frame));
        }
        text.push_str(transcript.close());
        anstream::adapter::strip_str(&text).to_string()
    }

    fn chunk(id: &str, content: &str) -> (&'static str, Value) {
        let data =
            json!({"role": "assistant", "content": content, "is_chunk": true, "message_id": id});
        ("message_chunk", json!({"data": data, "timestamp": "t"}))
    }

    #[test]
    fn a_run_reads_from_top_to_bottom() {
        let started = json!({"data": {"tool_name": "run_shell_command",
            "tool_arguments": {"command": "uname"}}, "timestamp": "t"});
        let completed = json!({"data": {"tool_name": "run_shell_command", "status": "success",
            "tool_output": {"output": "Linux\n"}, "duration_ms": 12}, "timestamp": "t"});
        let usage = json!({"total_tokens": 153, "input_tokens": 120, "output_tokens": 33,
            "cost_micro_usd": 0, "turns": 2});
        let text = shown(vec![
            ("connected", json!({"status": "pending", "waiting_for": null})),
            ("message", json!({"role": "user", "content": "Hello\nrun: uname"})),
            ("status", json!({"status": "running", "execution_id": "x"})),
            ("history_complete", json!({"message_count": 1})),
            chunk("m1", "Let me "),
            chunk("m1", "look"),
            ("tool_started", started),
            ("tool_completed", completed),
            chunk("m2", "Done"),
            ("status", json!({"status": "completed"})),
            ("done", json!({"status": "completed", "usage": usage})),
        ]);
        assert_eq!(
            text,
            "› Hello\n  run: uname\n· running\nLet me look\n▸ run_shell_command  uname\n  Linux\n  \
             ✓ 12 ms\nDone\n✓ completed  2 turns, 153 tokens (120 in, 33 out), free\n"
        );
    }

    #[test]
    fn a_failure_says_why() {
        let tool =
            json!({"data": {"status": "failed", "tool_output": null, "tool_error": "exit 1"}});
        let error = json!({"status": "failed", "error": "The provider is down", "usage": {}});
        let text = shown(vec![("tool_completed", tool), ("error", error)]);
        assert_eq!(text, "  exit 1\n  ✗ failed\n✗ failed\n  The provider is down\n");
    }

    #[test]
    fn nothing_steers_the_terminal() {
        assert_eq!(
            shown(vec![chunk("m", "a\u{1b}]0;x\u{7}b\r\nc\u{9b}2J\td")]),
            "a]0;xb\nc2J\td\n"
        );
    }

    #[test]
    fn events_of_later_versions_are_passed_over() {
        assert_eq!(shown(vec![("approval_requested", json!({"x": 1})), chunk("m", "")]), "");
    }

    #[test]
    fn money_is_told_as_people_do() {
        let spent = |micros: Value| {
            let usage = json!({"total_tokens": 1, "input_tokens": 1, "output_tokens": 0, "turns": 1,
                "cost_micro_usd": micros});
            spent(&usage).rsplit(", ").next().unwrap().to_owned()
        };
        assert_eq!(spent(json!(null)), "no price known");
        assert_eq!(spent(json!(0)), "free");
        assert_eq!(spent(json!(312)), "$0.000312");
        assert_eq!(spent(json!(1_234_567)), "$1.2346");
    }

    #[test]
    fn times_are_told_as_people_do() {
        assert_eq!(
            [duration(12), duration(3456), duration(125_000)],
            ["12 ms", "3.4 s", "2 min 5 s"]
        );
    }
}
