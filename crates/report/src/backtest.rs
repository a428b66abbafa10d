//! A candidate policy beside the one in force, and what tighter numbers would have caught.

use calendar::{Duration, Instant, Zone};
use lab::backtest::{Change, Comparison, Deviation, Difference, NotReplayable, Sketch};
use lab::{Thresholds, Tighter};
use serde_json::{Value, json};

use crate::document::{Cell, Document, Section};
use crate::{markdown, words};

/// What a reader has to know of every comparison.
const PEOPLE: &str = "People act when they did; an incident that never was ends a day after its last signal. \
     A page counts once for each opening, worse severity or return of an incident.";

/// What a reader has to know of each line.
const RULE: &str = "Each line changes one number, and replays the same signals under it. \
     People act when they did; an incident that never was ends a day after its last signal. \
     A page counts once for each opening, worse severity or return of an incident.";

/// A rate a week is told of no shorter past.
const WEEK: Duration = Duration::from_hours(7 * 24);

/// Places that are named where a replay is not exact: the first explain the others.
const DEVIATIONS_SHOWN: usize = 3;

/// A candidate policy beside the one in force.
#[derive(Clone, Debug)]
pub struct Backtest {
    /// Since when the past was replayed.
    pub from: Instant,
    /// Until when.
    pub until: Instant,
    /// Signals that were replayed.
    pub signals: usize,
    /// What is different.
    pub comparison: Comparison,
}

/// A candidate policy beside the one in force, for people.
pub fn markdown(backtest: &Backtest) -> String {
    markdown::render(&document(backtest))
}

/// The same for programs, with times as RFC 3339 and lengths in seconds.
pub fn json(backtest: &Backtest) -> Value {
    let mut value = comparison(&backtest.comparison);
    value["from"] = json!(backtest.from);
    value["until"] = json!(backtest.until);
    value["signals"] = json!(backtest.signals);
    value["pages_per_week"] = json!({
        "live": per_week(backtest.comparison.live_pages, backtest),
        "candidate": per_week(backtest.comparison.candidate_pages, backtest),
    });
    value
}

fn document(backtest: &Backtest) -> Document {
    let zone = words::zone("UTC");
    let compared = &backtest.comparison;
    let [from, until] = [backtest.from, backtest.until].map(|at| words::local(at, &zone));
    let signals = words::count(backtest.signals, "signal", "signals");
    let length = backtest.until.since(backtest.from);
    let span = match length < WEEK {
        true => format!("{}, too short for a rate per week", words::length(length)),
        false => words::length(length),
    };
    let row = |name: &str, live: String, candidate: String| {
        vec![Cell::text(name), Cell::Number(live), Cell::Number(candidate)]
    };
    let mut rows = vec![
        row("Incidents", compared.live.to_string(), compared.candidate.to_string()),
        row("Pages", compared.live_pages.to_string(), compared.candidate_pages.to_string()),
    ];
    let weekly = |pages| per_week(pages, backtest).map(|rate| format!("{rate:.1}"));
    if let Some((live, candidate)) = weekly(compared.live_pages).zip(weekly(compared.candidate_pages)) {
        rows.push(row("Pages per week", live, candidate));
    }
    let differences = compared.differences.iter().map(|one| difference_row(one, &zone)).collect();
    Document {
        title: "Backtest".to_owned(),
        lead: vec![
            format!("{signals} from {from} until {until}, UTC: {span}. {}.", summary(compared)),
            PEOPLE.to_owned(),
        ],
        sections: vec![
            Section::table("In numbers", vec!["What", "In force", "Candidate"], rows),
            Section::table(
                "Incidents that differ",
                vec!["Kind", "Service", "In force", "Candidate", "Difference"],
                differences,
            ),
        ],
    }
}

/// Pages a week, to a tenth; none where the past is shorter than a week, whose days are not alike.
fn per_week(pages: usize, backtest: &Backtest) -> Option<f64> {
    let span = backtest.until.since(backtest.from);
    let weekly = pages as f64 * WEEK.as_secs_f64() / span.as_secs_f64();
    (span >= WEEK).then(|| (weekly * 10.0).round() / 10.0)
}

fn difference_row(difference: &Difference, zone: &Zone) -> Vec<Cell> {
    let sketch = |sketch: &Option<Sketch>| match sketch {
        Some(sketch) => format!("{}, severity {}", words::local(sketch.opened_at, zone), sketch.worst),
        None => "none".to_owned(),
    };
    let changes: Vec<String> = difference.changes.iter().map(change_words).collect();
    let cells = [
        difference.class.clone(),
        difference.service.clone(),
        sketch(&difference.live),
        sketch(&difference.candidate),
        changes.join(", "),
    ];
    cells.map(Cell::Text).to_vec()
}

fn change_words(change: &Change) -> String {
    match change {
        Change::New => "only the candidate opens it".to_owned(),
        Change::Missing => "only the policy in force opens it".to_owned(),
        Change::Earlier(by) => format!("opens {} earlier", words::length(*by)),
        Change::Later(by) => format!("opens {} later", words::length(*by)),
        Change::Worst { live, candidate } => format!("severity {live} becomes {candidate}"),
        Change::WorstEarlier(by) if by.is_negative() => format!("as severe {} later", words::length(-*by)),
        Change::WorstEarlier(by) => format!("as severe {} earlier", words::length(*by)),
        Change::Misses { live, candidate } => format!("{live} missed deadlines become {candidate}"),
    }
}

/// One comparison as JSON, for a candidate policy of any kind.
pub fn comparison(comparison: &Comparison) -> Value {
    json!({
        "live": comparison.live,
        "candidate": comparison.candidate,
        "same": comparison.same,
        "pages": { "live": comparison.live_pages, "candidate": comparison.candidate_pages },
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

/// The sections of a review: the check, and a line per tighter number.
pub(crate) fn sections(thresholds: &Thresholds, zone: &Zone) -> [Section; 2] {
    let row = |tried: &Tighter| {
        let name = if tried.observes { format!("{} (only observes)", tried.trigger) } else { tried.trigger.clone() };
        let changes = Counted::of(&tried.comparison);
        let mut cells = [name, tried.from.clone(), tried.to.clone()].map(Cell::Text).to_vec();
        let pages = words::signed(tried.comparison.candidate_pages, tried.comparison.live_pages);
        cells.extend([Cell::number(changes.new), Cell::number(changes.earlier)]);
        cells.extend([Cell::Number(pages), Cell::Text(summary(&tried.comparison))]);
        cells
    };
    let head = vec!["Trigger", "Now", "Tighter", "New", "Earlier", "Pages", "In words"];
    let rows = thresholds.tried.iter().map(row).collect();
    let mut lines = vec![period(thresholds, zone), check(thresholds, zone)];
    if !thresholds.without_number.is_empty() {
        lines.push(format!("Triggers without a number to tighten: {}.", thresholds.without_number.join(", ")));
    }
    [
        Section::list("The past, replayed", lines),
        Section::table("What tighter numbers would have caught", head, rows).with_note(RULE),
    ]
}

/// Thresholds as a value of a review.
pub(crate) fn thresholds(thresholds: &Thresholds) -> Value {
    let deviation = |at: &Deviation| json!({ "incident": incident(&at.incident), "at": at.at });
    let tried = |tried: &Tighter| {
        let changes = Counted::of(&tried.comparison);
        let (live, candidate) = (as_i64(tried.comparison.live_pages), as_i64(tried.comparison.candidate_pages));
        json!({
            "trigger": tried.trigger,
            "class": tried.class,
            "observes": tried.observes,
            "from": tried.from,
            "to": tried.to,
            "gained": changes.new,
            "earlier": changes.earlier,
            "missing": changes.missing,
            "pages": candidate - live,
            "summary": summary(&tried.comparison),
            "differences": tried.comparison.differences.iter().map(difference).collect::<Vec<_>>(),
        })
    };
    let counted = |count: usize| (!thresholds.counts_hidden).then_some(count);
    json!({
        "from": thresholds.from,
        "until": thresholds.until,
        "asked_from": thresholds.asked_from,
        "signals": counted(thresholds.signals),
        "replay": {
            "exact": thresholds.differs == 0,
            "differs": counted(thresholds.differs),
            "incidents": counted(thresholds.fidelity.incidents),
            "events": counted(thresholds.fidelity.events),
            "left_out": counted(thresholds.fidelity.left_out),
            "deviations": thresholds.fidelity.deviations.iter().map(deviation).collect::<Vec<_>>(),
            "not_replayable": {
                "signals": counted(thresholds.fidelity.not_replayable.signals),
                "incidents": thresholds.fidelity.not_replayable.incidents.iter().map(incident).collect::<Vec<_>>(),
            },
        },
        "tried": thresholds.tried.iter().map(tried).collect::<Vec<_>>(),
        "without_number": thresholds.without_number,
    })
}

/// What was replayed, and what was cut.
fn period(thresholds: &Thresholds, zone: &Zone) -> String {
    let [from, until] = [thresholds.from, thresholds.until].map(|at| words::local(at, zone));
    let signals = match thresholds.counts_hidden {
        true => "the signals".to_owned(),
        false => words::count(thresholds.signals, "signal", "signals"),
    };
    let mut text = format!("Replayed: {signals} from {from} until {until}.");
    if thresholds.from > thresholds.asked_from {
        text +=
            &format!(" Cut: what came after {} is too much for one review.", words::local(thresholds.asked_from, zone));
    }
    text
}

/// Whether the replay can be trusted.
fn check(thresholds: &Thresholds, zone: &Zone) -> String {
    let fidelity = &thresholds.fidelity;
    if thresholds.counts_hidden {
        return match thresholds.differs {
            0 => "The live policy replayed differs by zero events from what happened.".to_owned(),
            _ => {
                "WARNING: THE LIVE POLICY REPLAYED DIFFERS FROM WHAT HAPPENED: do not rely on these numbers.".to_owned()
            }
        };
    }
    let mut text = match thresholds.differs {
        0 => format!(
            "The live policy replayed differs by zero events from what happened ({}, {}).",
            words::count(fidelity.incidents, "incident", "incidents"),
            words::count(fidelity.events, "event", "events"),
        ),
        differs => {
            let places = fidelity.deviations.iter().take(DEVIATIONS_SHOWN);
            let places: Vec<String> =
                places.map(|one| format!("INC-{} at {}", one.incident, words::local(one.at, zone))).collect();
            let places = if places.is_empty() { String::new() } else { format!(" ({})", places.join(", ")) };
            format!(
                "WARNING: THE LIVE POLICY REPLAYED DIFFERS FROM WHAT HAPPENED in {}{places}: \
                 do not rely on these numbers.",
                words::count(differs, "place", "places"),
            )
        }
    };
    if fidelity.left_out > 0 {
        text += &format!(" {} opened under a policy that is not known any more.", fidelity.left_out);
    }
    text + &not_replayable(thresholds)
}

/// What cannot be replayed, because words were erased that conditions read; empty where nothing is.
fn not_replayable(thresholds: &Thresholds) -> String {
    let NotReplayable { signals, incidents } = &thresholds.fidelity.not_replayable;
    if *signals == 0 || thresholds.counts_hidden {
        return String::new();
    }
    let signals = words::count(*signals, "signal", "signals");
    let mut text = format!(" Not replayable: {signals} whose erased words a condition reads");
    if !incidents.is_empty() {
        let named: Vec<String> = incidents.iter().take(DEVIATIONS_SHOWN).map(incident).collect();
        let others = incidents.len().saturating_sub(named.len());
        let others = if others > 0 { format!(" and {others} more") } else { String::new() };
        text += &format!("; {}{others} may rest on such words, and differ", named.join(", "));
    }
    text + "."
}

fn incident(no: &u64) -> String {
    format!("INC-{no}")
}

/// Incidents that differ, by kind of difference.
struct Counted {
    new: usize,
    earlier: usize,
    missing: usize,
}

impl Counted {
    fn of(comparison: &Comparison) -> Counted {
        let counted = |kind: fn(&Change) -> bool| {
            comparison.differences.iter().filter(|difference| difference.changes.iter().any(kind)).count()
        };
        Counted {
            new: counted(|change| matches!(change, Change::New)),
            earlier: counted(|change| matches!(change, Change::Earlier(_))),
            missing: counted(|change| matches!(change, Change::Missing)),
        }
    }
}

fn as_i64(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
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
