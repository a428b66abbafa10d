//! `backtest`: what another policy would have done with the signals of the past.
//!
//! It changes nothing, on no server and in no store.

use std::path::Path;

use anyhow::Context as _;
use calendar::Instant;
use engine::{TimeSource, View};
use lab::backtest::Rules;
use policy::model::{Policy, Roster};
use report::backtest::Backtest;
use serde_json::{Map, Value, json};
use wcore::Signal;
use web::learning::{self, Span};

use crate::audit;
use crate::check::{Document, pair};
use crate::cli::{BacktestArgs, BacktestFormat};
use crate::client::Client;
use crate::exit::{Ended, Exit, explain};
use crate::reports::in_force;

/// Bytes of a file with signals: some million signals.
const FILE_MAX: u64 = 512 << 20;

pub(crate) async fn run(args: &BacktestArgs) -> anyhow::Result<Exit> {
    let value = match (&args.signals, &args.data) {
        (Some(file), data) => over_file(args, file, data.as_deref())?,
        (None, Some(data)) => over_store(args, data)?,
        (None, None) => return ask_server(args).await,
    };
    show(args, &value)
}

fn show(args: &BacktestArgs, backtest: &Backtest) -> anyhow::Result<Exit> {
    match args.format {
        BacktestFormat::Text => print!("{}", report::backtest::markdown(backtest)),
        BacktestFormat::Json => println!("{:#}", report::backtest::json(backtest)),
    }
    Ok(if backtest.comparison.differences.is_empty() { Exit::Ok } else { Exit::Changes })
}

fn over_store(args: &BacktestArgs, data: &Path) -> anyhow::Result<Backtest> {
    let view = View::new(audit::reader(data)?);
    let (policy, roster) = in_force(&view)?;
    let candidate = candidate(args)?;
    let head = view.reader().head().map_err(|error| explain(&error.problem()))?;
    let until = args.until.unwrap_or_else(|| TimeSource::System.now().max(head.recorded_at));
    let span = Span { from: args.from, until };
    let roster_of = candidate.1.as_ref().unwrap_or(&roster);
    let rules = Rules { policy: &candidate.0, roster: roster_of };
    learning::backtest(&view, Rules { policy: &policy, roster: &roster }, rules, span)
        .map_err(|problem| explain(&problem))
}

/// Signals of a file; in force is what the data directory says, else the files that were given.
fn over_file(args: &BacktestArgs, file: &Path, data: Option<&Path>) -> anyhow::Result<Backtest> {
    let (policy, roster) = match data {
        Some(data) => in_force(&View::new(audit::reader(data)?))?,
        None => {
            let live = args.live.as_deref().ok_or_else(|| {
                Ended::with(Exit::Usage, "name the policy in force with --live FILE, or a data directory with --data")
            })?;
            pair(live, args.roster.as_deref().unwrap_or(Path::new("roster.yaml")))?
        }
    };
    let mut signals = read_signals(file)?;
    let within = |at: Instant| args.from.is_none_or(|from| from <= at) && args.until.is_none_or(|until| at <= until);
    signals.retain(|signal| signal.at.is_some_and(within));
    let candidate = candidate(args)?;
    let rules = Rules { policy: &candidate.0, roster: candidate.1.as_ref().unwrap_or(&roster) };
    Ok(learning::backtest_of(signals, Rules { policy: &policy, roster: &roster }, rules))
}

async fn ask_server(args: &BacktestArgs) -> anyhow::Result<Exit> {
    let client = Client::from_env(&args.server.server)?;
    let policy = Document::read(&args.policy)?;
    let roster = args.roster.as_deref().map(Document::read).transpose()?;
    let body = json!({
        "policy": policy.text, "roster": roster.map(|roster| roster.text), "from": args.from, "until": args.until,
    });
    let answer = client.post("/api/v1/backtests", &body).await?;
    match args.format {
        BacktestFormat::Text => print!("{}", answer["text"].as_str().unwrap_or_default()),
        BacktestFormat::Json => println!("{answer:#}"),
    }
    let differs = answer["differences"].as_array().is_some_and(|differences| !differences.is_empty());
    Ok(if differs { Exit::Changes } else { Exit::Ok })
}

/// The candidate, with a roster of its own where one is named.
fn candidate(args: &BacktestArgs) -> anyhow::Result<(Policy, Option<Roster>)> {
    match &args.roster {
        Some(roster) => pair(&args.policy, roster).map(|(policy, roster)| (policy, Some(roster))),
        None => {
            // Without a roster beside it, a policy is checked against the one that lies in its folder.
            let roster = args.policy.with_file_name("roster.yaml");
            pair(&args.policy, &roster).map(|(policy, _)| (policy, None))
        }
    }
}

/// Signals from a file: CSV with a heading where its name says so, else one JSON object per line,
/// an array, or one object. Each needs its time.
fn read_signals(file: &Path) -> anyhow::Result<Vec<Signal>> {
    let size = std::fs::metadata(file).with_context(|| format!("failed to read {}", file.display()))?.len();
    anyhow::ensure!(size <= FILE_MAX, "{} is larger than {FILE_MAX} bytes; split it", file.display());
    let text = std::fs::read_to_string(file).with_context(|| format!("failed to read {}", file.display()))?;
    let is_csv = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    let values = if is_csv { from_csv(&text) } else { from_json(&text) };
    let values = values.with_context(|| format!("failed to read signals from {}", file.display()))?;
    let signal = |(place, value): (usize, Value)| {
        let signal = signal(value).with_context(|| format!("signal {place} of {} is malformed", file.display()))?;
        anyhow::ensure!(
            signal.at.is_some(),
            "signal {place} of {} has no `at`: a backtest needs its time",
            file.display()
        );
        Ok(signal)
    };
    (1..).zip(values).map(signal).collect()
}

/// A signal in its native shape; what nobody wrote down has its default.
fn signal(mut value: Value) -> anyhow::Result<Signal> {
    if let Some(fields) = value.as_object_mut() {
        for (name, default) in [("source", json!("file")), ("labels", json!({})), ("late", json!(false))] {
            fields.entry(name).or_insert(default);
        }
    }
    Ok(serde_json::from_value(value)?)
}

fn from_json(text: &str) -> anyhow::Result<Vec<Value>> {
    if text.trim_start().starts_with('[') {
        return Ok(serde_json::from_str(text)?);
    }
    let values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    Ok(values.collect::<Result<_, _>>()?)
}

/// Rows as objects. `unit` is the id of a conversation, `value` a number; empty cells are left out.
fn from_csv(text: &str) -> anyhow::Result<Vec<Value>> {
    let mut rows = csv_rows(text)?.into_iter();
    let head = rows.next().unwrap_or_default();
    let object = |(line, row): (usize, Vec<String>)| {
        anyhow::ensure!(row.len() == head.len(), "row {line} has {} cells, the heading {}", row.len(), head.len());
        let mut object = Map::new();
        for (name, cell) in head.iter().zip(row).filter(|(_, cell)| !cell.is_empty()) {
            let value = match name.as_str() {
                "value" => json!(cell.parse::<f64>().with_context(|| format!("row {line}: `{cell}` is no number"))?),
                "unit" => json!({ "kind": "conversation", "id": cell }),
                _ => json!(cell),
            };
            object.insert(name.clone(), value);
        }
        Ok(Value::Object(object))
    };
    (2..).zip(rows).map(object).collect()
}

/// Comma-separated values as RFC 4180 has them.
fn csv_rows(text: &str) -> anyhow::Result<Vec<Vec<String>>> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let mut letters = text.chars().peekable();
    let mut quoted = false;
    while let Some(c) = letters.next() {
        match c {
            '"' if quoted && letters.peek() == Some(&'"') => cell.extend(letters.next()),
            '"' if quoted => quoted = false,
            '"' if cell.is_empty() => quoted = true,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted && letters.peek() == Some(&'\n') => {}
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            c => cell.push(c),
        }
    }
    anyhow::ensure!(!quoted, "a quote is never closed");
    if !row.is_empty() || !cell.is_empty() {
        row.push(cell);
        rows.push(row);
    }
    rows.retain(|row| row.iter().any(|cell| !cell.is_empty()));
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_become_signals() {
        let text = "at,metric,service,value,unit,summary\r\n\
                    2026-11-24T10:00:00Z,latency,bot,9.5,,\"slow, \"\"very\"\"\nindeed\"\r\n\
                    2026-11-24T10:01:00Z,promise,bot,,c-1,";
        let values = from_csv(text).unwrap();
        let signals: Vec<Signal> = values.into_iter().map(|value| signal(value).unwrap()).collect();
        assert_eq!(signals[0].value, Some(9.5));
        assert_eq!(signals[0].summary.as_deref(), Some("slow, \"very\"\nindeed"));
        assert_eq!(signals[1].unit.as_ref().map(|unit| unit.id.as_str()), Some("c-1"));
        assert_eq!(signals.len(), 2);
    }

    #[test]
    fn malformed_tables_are_refused() {
        for (text, why) in [
            ("a,b\n1", "row 2 has 1 cells, the heading 2"),
            ("value\nmany", "row 2: `many` is no number"),
            ("a\n\"open", "a quote is never closed"),
        ] {
            assert_eq!(from_csv(text).unwrap_err().to_string(), why);
        }
    }
}
