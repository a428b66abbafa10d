//! The table, and its place in docs/performance.md.

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

use super::load::Measured;
use super::{Results, Row, Shape, machine};
use crate::cargo;

const DOCUMENT: &str = "docs/performance.md";
const BEGIN: &str = "<!-- begin: cargo xtask bench -->";
const END: &str = "<!-- end: cargo xtask bench -->";

/// One figure beside its target.
pub(super) struct Line {
    pub(super) what: String,
    pub(super) watchbell: String,
    /// Alertmanager's.
    pub(super) beside: String,
    /// Ours by theirs; empty where only ours counts.
    pub(super) ratio: String,
    pub(super) target: &'static str,
}

/// The rates that have a target: what the signals do, signals per request, the target of the
/// rate, and of the 99th percentile of the answers' times.
const TARGETS: [(Shape, u64, &str, Option<&str>); 2] =
    [(Shape::Attach, 100, "at least 5", Some("at most 0.2")), (Shape::Attach, 1, "at least 2", None)];

/// The figures as Markdown.
pub(super) fn render(results: &Results, time: Duration) -> Result<String> {
    let mut text = format!(
        "Machine: {}. Load average before the run: {}. Each figure over {} s.\n\n",
        machine::facts()?,
        results.load_before,
        time.as_secs_f64()
    );
    text.push_str("| load | per request × connections | Watchbell, signals/s (p50 / p99 ms) | there after kill -9 | Alertmanager, alerts/s (p50 / p99 ms) |\n|---|---|---|---|---|\n");
    for one in &results.rows {
        text.push_str(&row(one));
        text.push('\n');
    }
    text.push_str("\nThe generator alone, against a server that does nothing: ");
    let alone = results.generator.iter().map(|(per_request, connections, measured)| {
        format!("{per_request} × {connections}: {}/s", thousands(measured.rate()))
    });
    text.push_str(&alone.collect::<Vec<String>>().join("; "));
    text.push_str(".\n\n");
    text.push_str(&lines(rates(&results.rows).iter().chain(&results.lines)));
    let (first, last) = (results.ready.first(), results.ready.last());
    let (first, last) = first.zip(last).context("no start was timed")?;
    let median = results.ready[results.ready.len() / 2];
    let _ = writeln!(
        text,
        "\nFrom exec to ready on a new store, {} starts: {:.0} ms (median), {:.0} to {:.0} ms.",
        results.ready.len(),
        ms(median),
        ms(*first),
        ms(*last)
    );
    Ok(text)
}

/// Lines as a table.
pub(super) fn lines<'l>(lines: impl IntoIterator<Item = &'l Line>) -> String {
    let mut text =
        "| against a target | Watchbell | Alertmanager | ratio | target |\n|---|---|---|---|---|\n".to_owned();
    for Line { what, watchbell, beside, ratio, target } in lines {
        let _ = writeln!(text, "| {what} | {watchbell} | {beside} | {ratio} | {target} |");
    }
    text
}

/// The lines of the rates that have a target.
fn rates(rows: &[Row]) -> Vec<Line> {
    let mut lines = Vec::new();
    for (shape, per_request, rate, latency) in TARGETS {
        let held = |row: &&Row| row.shape == shape && row.per_request == per_request && row.connections > 1;
        let Some(row) = rows.iter().find(held) else { continue };
        let what = format!("{}, {per_request} × {}", shape.words(), row.connections);
        let (ours, theirs) = (&row.watchbell, &row.alertmanager);
        lines.push(Line {
            what: format!("{what}: signals/s"),
            watchbell: thousands(ours.rate()),
            beside: thousands(theirs.rate()),
            ratio: ratio(ours.rate(), theirs.rate()),
            target: rate,
        });
        if let Some(target) = latency {
            let [ours, theirs] = [ours, theirs].map(|measured| measured.latency_ms(0.99));
            lines.push(Line {
                what: format!("{what}: p99"),
                watchbell: format!("{ours:.0} ms"),
                beside: format!("{theirs:.0} ms"),
                ratio: ratio(ours, theirs),
                target,
            });
        }
    }
    lines
}

/// How many times the second the first is.
pub(super) fn ratio(ours: f64, theirs: f64) -> String {
    format!("{:.2}", ours / theirs)
}

/// One line of the table.
pub(super) fn row(row: &Row) -> String {
    format!(
        "| {} | {} × {} | {} | {} | {} |",
        row.shape.words(),
        row.per_request,
        row.connections,
        cell(&row.watchbell),
        thousands(row.reread as f64),
        cell(&row.alertmanager),
    )
}

/// Puts the figures between the document's markers.
pub(super) fn write(text: &str) -> Result<()> {
    let path = cargo::root().join(DOCUMENT);
    let document = fs::read_to_string(&path).with_context(|| format!("failed to read {DOCUMENT}"))?;
    let (before, rest) = document.split_once(BEGIN).with_context(|| format!("{DOCUMENT} lacks `{BEGIN}`"))?;
    let (_, after) = rest.split_once(END).with_context(|| format!("{DOCUMENT} lacks `{END}`"))?;
    fs::write(path, format!("{before}{BEGIN}\n{text}{END}{after}"))?;
    println!("wrote {DOCUMENT}");
    Ok(())
}

fn cell(measured: &Measured) -> String {
    let refused = if measured.refused > 0 { format!(", {} told to wait", measured.refused) } else { String::new() };
    let (half, most) = (measured.latency_ms(0.5), measured.latency_ms(0.99));
    format!("{} ({half:.1} / {most:.1}{refused})", thousands(measured.rate()))
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// `12,345`, rounded.
pub(super) fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap_or("")).collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    #[test]
    fn thousands_are_grouped() {
        for (number, text) in [(0.4, "0"), (999.0, "999"), (1_000.0, "1,000"), (1_234_567.8, "1,234,568")] {
            assert_eq!(super::thousands(number), text);
        }
    }
}
