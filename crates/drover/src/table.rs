//! Rows for a person: a table on a terminal, plain aligned text where it goes on to a program.

use comfy_table::{ContentArrangement, Table, presets};
use owo_colors::OwoColorize;

use crate::printer::Printer;

/// Lines of a list, below a head.
pub fn list(printer: &Printer, head: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.load_style(if printer.terminal {
        presets::UTF8_HORIZONTAL_ONLY
    } else {
        presets::NOTHING
    });
    table.set_header(head.to_vec()).add_rows(rows);
    if let Some(first) = table.column_mut(0) {
        first.set_padding((0, 1));
    }
    table.trim_fmt()
}

/// The fields of one thing, a line each; empty ones are left out.
pub fn fields(rows: Vec<(&str, String)>) -> String {
    let rows: Vec<_> = rows.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let lines = rows.iter().map(|(name, value)| {
        let gap = " ".repeat(width - name.len() + 2);
        let value = value.replace('\n', &format!("\n{}", " ".repeat(width + 2)));
        let text = format!("{}{gap}{value}", name.dimmed());
        text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A time of the API as a table shows it: `2026-01-31 12:00:00Z`.
pub fn time(text: Option<&str>) -> String {
    let text = text.unwrap_or_default();
    match text.get(..19) {
        Some(second) => format!("{}Z", second.replace('T', " ")),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_gets_aligned_columns_without_frames() {
        let printer = Printer { terminal: false };
        let rows = vec![vec!["1".into(), "nightly".into()], vec!["22".into(), "b".into()]];
        assert_eq!(list(&printer, &["ID", "NAME"], rows), "ID  NAME\n1   nightly\n22  b");
    }

    #[test]
    fn fields_are_aligned_and_empty_ones_left_out() {
        let text =
            fields(vec![("id", "7".into()), ("none", String::new()), ("name", "a\nb".into())]);
        let plain = anstream::adapter::strip_str(&text).to_string();
        assert_eq!(time(Some("2026-01-31T12:00:00.123456Z")), "2026-01-31 12:00:00Z");
        assert_eq!(plain, "id    7\nname  a\n      b");
    }
}
