//! What tighter numbers would have caught, trigger by trigger.

use lab::Tighter;
use lab::backtest::{Change, Comparison, Difference};
use maud::Markup;
use serde_json::{Value, json};

use crate::document::{Cell, Document, Section};
use crate::{html, markdown, words};

/// What a reader has to know of every comparison.
const RULE: &str = "Each line changes one number, and replays the signals of the past under it. \
     People act when they did; an incident that never was ends a day after its last signal.";

/// A document with a line per trigger.
pub fn markdown(tried: &[Tighter]) -> String {
    markdown::render(&document(tried))
}

/// The same for a page, below its own heading.
pub fn html(tried: &[Tighter]) -> Markup {
    html::render(&document(tried))
}

/// Everything, with times as RFC 3339 and lengths in seconds.
pub fn json(tried: &[Tighter]) -> String {
    let one = |tried: &Tighter| {
        json!({
            "trigger": tried.trigger,
            "observes": tried.observes,
            "from": tried.from,
            "to": tried.to,
            "comparison": comparison(&tried.comparison),
        })
    };
    let all: Vec<Value> = tried.iter().map(one).collect();
    serde_json::to_string_pretty(&all).expect("a JSON value always encodes") + "\n"
}

/// One comparison as JSON, for a candidate policy of any kind.
pub fn comparison(comparison: &Comparison) -> Value {
    json!({
        "live": comparison.live,
        "candidate": comparison.candidate,
        "same": comparison.same,
        "differences": comparison.differences.iter().map(difference).collect::<Vec<_>>(),
    })
}

/// One comparison in a line.
pub fn summary(comparison: &Comparison) -> String {
    if comparison.differences.is_empty() {
        return "no difference".to_owned();
    }
    let counted = |changes: fn(&Change) -> bool| {
        comparison.differences.iter().filter(|difference| difference.changes.iter().any(changes)).count()
    };
    let counts = [
        (counted(|change| matches!(change, Change::New)), "new"),
        (counted(|change| matches!(change, Change::Missing)), "missing"),
        (counted(|change| matches!(change, Change::Earlier(_))), "earlier"),
        (counted(|change| matches!(change, Change::Later(_))), "later"),
        (counted(|change| matches!(change, Change::Worst { .. })), "of another severity"),
        (counted(|change| matches!(change, Change::WorstEarlier(_))), "severe at another time"),
        (counted(|change| matches!(change, Change::Misses { .. })), "with other misses"),
    ];
    let told = counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
    let mut text = told.collect::<Vec<_>>().join(", ");
    let gain = |change: &Change| if let Change::Earlier(by) = change { Some(*by) } else { None };
    let most = comparison.differences.iter().flat_map(|difference| &difference.changes).filter_map(gain).max();
    if let Some(most) = most {
        text += &format!("; at most {} earlier", words::length(most));
    }
    text
}

fn document(tried: &[Tighter]) -> Document {
    let row = |tried: &Tighter| {
        let name = if tried.observes { format!("{} (only observes)", tried.trigger) } else { tried.trigger.clone() };
        let incidents = words::count(tried.comparison.live, "incident", "incidents");
        let cells = [name, tried.from.clone(), tried.to.clone(), incidents, summary(&tried.comparison)];
        cells.map(Cell::Text).to_vec()
    };
    let head = vec!["Trigger", "Now", "Tighter", "As it is", "Difference"];
    let section = Section::table("What a tighter number would have caught", head, tried.iter().map(row).collect());
    Document { title: "Thresholds".to_owned(), lead: Vec::new(), sections: vec![section.with_note(RULE)] }
}

fn difference(difference: &Difference) -> Value {
    let sketch = |sketch: &lab::backtest::Sketch| {
        json!({
            "opened_at": sketch.opened_at,
            "worst": sketch.worst,
            "worst_at": sketch.worst_at,
            "triggers": sketch.triggers,
            "signals": sketch.signals,
            "misses": sketch.misses,
        })
    };
    json!({
        "class": difference.class,
        "service": difference.service,
        "live": difference.live.as_ref().map(sketch),
        "candidate": difference.candidate.as_ref().map(sketch),
        "changes": difference.changes.iter().map(change).collect::<Vec<_>>(),
    })
}

fn change(change: &Change) -> Value {
    match change {
        Change::New => json!({ "kind": "new" }),
        Change::Missing => json!({ "kind": "missing" }),
        Change::Earlier(by) => json!({ "kind": "earlier", "seconds": words::rounded_secs(*by) }),
        Change::Later(by) => json!({ "kind": "later", "seconds": words::rounded_secs(*by) }),
        Change::Worst { live, candidate } => json!({ "kind": "severity", "live": live, "candidate": candidate }),
        Change::WorstEarlier(by) => json!({ "kind": "severe_earlier", "seconds": words::rounded_secs(*by) }),
        Change::Misses { live, candidate } => json!({ "kind": "misses", "live": live, "candidate": candidate }),
    }
}
