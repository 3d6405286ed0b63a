//! The table for people, and the same for programs.

use comfy_table::{Table, presets};
use serde_json::{Value, json};

use crate::figures::{Better, Figure, Verdict};
use crate::rounds::{Plan, Results};

/// Figures with their bounds, and under what conditions they were measured.
pub fn table(figures: &[&Figure], results: &Results) -> String {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header(["key", "what", "value", "spread", "must", "aim", "verdict"]);
    for figure in figures {
        let Some(series) = results.series.get(figure.key) else {
            table.add_row([figure.key, figure.what, "–", "–", "", "", "not measured"]);
            continue;
        };
        let value = figure.value(series);
        table.add_row([
            figure.key.to_owned(),
            figure.what.to_owned(),
            number(value),
            format!("{}–{}", number(series.least()), number(series.most())),
            bound(figure, figure.must),
            bound(figure, figure.aim),
            verdict(figure, value).to_owned(),
        ]);
    }
    let mut text = table.to_string();
    for (round, (sync, load)) in results.conditions.iter().enumerate() {
        text += &format!("\nround {}: fdatasync of 4 KiB {sync:.2} ms, load {load}", round + 1);
    }
    for fault in &results.faults {
        text += &format!("\n{fault}");
    }
    text
}

/// The same, for programs.
pub fn json(plan: &Plan, figures: &[&Figure], results: &Results) -> Value {
    let figures = figures.iter().map(|figure| {
        let series = results.series.get(figure.key).cloned().unwrap_or_default();
        let value = figure.value(&series);
        let bounds =
            figure.must.is_finite().then(|| json!({"must": figure.must, "aim": figure.aim}));
        json!({
            "key": figure.key, "what": figure.what, "value": value, "rounds": series.values(),
            "bounds": bounds, "verdict": verdict(figure, value),
        })
    });
    let figures: Vec<Value> = figures.collect();
    let conditions = results.conditions.iter();
    let conditions: Vec<Value> =
        conditions.map(|(sync, load)| json!({"disk_sync_ms": sync, "load": load})).collect();
    json!({
        "rounds": plan.rounds, "quick": plan.quick, "figures": figures,
        "conditions": conditions, "faults": results.faults,
    })
}

/// Whether everything was measured and no bound that binds is missed.
pub fn are_met(figures: &[&Figure], results: &Results) -> bool {
    let is_met = |figure: &&Figure| {
        let series = results.series.get(figure.key).cloned().unwrap_or_default();
        figure.verdict(figure.value(&series)) != Verdict::Missed
    };
    results.faults.is_empty() && figures.iter().all(is_met)
}

fn verdict(figure: &Figure, value: f64) -> &'static str {
    if figure.must.is_infinite() {
        return "";
    }
    match figure.verdict(value) {
        Verdict::Aim => "aim",
        Verdict::Must => "must",
        Verdict::Missed => "MISSED",
    }
}

fn bound(figure: &Figure, bound: f64) -> String {
    match (bound.is_finite(), figure.better) {
        (false, _) => String::new(),
        (true, Better::Less) => format!("≤ {bound}"),
        (true, Better::More) => format!("≥ {bound}"),
    }
}

/// Three digits that say something.
fn number(value: f64) -> String {
    let decimals = match value.abs() {
        size if size >= 100.0 || size == 0.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::FIGURES;
    use crate::statistics::Series;

    fn results(values: &[(&'static str, f64)]) -> Results {
        let series = |&(key, value): &(&'static str, f64)| (key, Series::of(vec![value]));
        Results { series: values.iter().map(series).collect(), ..Results::default() }
    }

    #[test]
    fn a_bound_that_binds_decides() {
        let figures: Vec<_> = FIGURES.iter().filter(|figure| figure.key == "burst_s").collect();
        assert!(are_met(&figures, &results(&[("burst_s", 0.5)])));
        assert!(!are_met(&figures, &results(&[("burst_s", 0.8)])));
        assert!(!are_met(&figures, &results(&[])));
        let table = table(&figures, &results(&[("burst_s", 0.8)]));
        assert!(table.contains("MISSED") && table.contains("≤ 0.7"), "{table}");
    }

    #[test]
    fn numbers_have_three_digits_that_say_something() {
        let all = [20_345.6, 12.34, 1.234, 0.0123, 0.0].map(number);
        assert_eq!(all, ["20346", "12.3", "1.23", "0.012", "0"]);
    }
}
