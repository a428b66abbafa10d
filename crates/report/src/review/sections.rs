//! The parts of a review, in the order in which a meeting takes them.

use calendar::{Duration, Instant, Zone};
use lab::{Counts, Finding, Miss, Outcome, Review, Tally};

use crate::document::{Cell, Section};
use crate::{backtest, words};

/// All parts.
pub(super) fn sections(review: &Review, zone: &Zone) -> Vec<Section> {
    let mut sections = vec![actions(review, zone), trend(review), misses(review, zone)];
    sections.extend([
        tally("Misses by promise", "Promise", &said(review)),
        tally("Misses by kind of incident", "Kind", &review.by_class),
        tally("Misses by owner", "Owner", &review.by_owner),
    ]);
    sections.extend([
        false_pages(review, zone),
        broken_glass(review, zone),
        open_validations(review, zone),
        never_closed(review, zone),
        after_hours(review, zone),
        findings(review, zone),
    ]);
    sections.extend(review.thresholds.iter().flat_map(|thresholds| backtest::sections(thresholds, zone)));
    sections
}

/// The words of what became of a promise.
pub(super) fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::MetLate => "kept late".to_owned(),
        Outcome::StillOpen => "still owed".to_owned(),
        Outcome::LetGo { why } | Outcome::Corrected { why } => why.clone(),
    }
}

fn time(at: Instant, zone: &Zone) -> Cell {
    Cell::text(words::local(at, zone))
}

fn trend(review: &Review) -> Section {
    let trend = &review.trend;
    let row = |name: String, of: &dyn Fn(&Counts) -> usize| {
        let (this, before) = (of(&trend.this), of(&trend.before));
        vec![
            Cell::text(name),
            Cell::number(this),
            Cell::number(before),
            Cell::Number(words::signed(this, before)),
            Cell::Number(words::mean(trend.earlier.iter().map(of))),
        ]
    };
    let mut rows = vec![row("Incidents opened".to_owned(), &|counts| counts.opened)];
    let severities = trend.this.by_severity.iter().enumerate();
    rows.extend(severities.map(|(i, (_, name, _))| {
        row(format!("of these {name}"), &|counts: &Counts| counts.by_severity.get(i).map_or(0, |(.., count)| *count))
    }));
    rows.extend([
        row("Unresolved at the end".to_owned(), &|counts| counts.open_at_end),
        row("Reopened".to_owned(), &|counts| counts.reopened),
        row("Deadlines missed".to_owned(), &|counts| counts.misses),
        row("False pages".to_owned(), &|counts| counts.false_pages),
    ]);
    let head = vec!["What", "This week", "Week before", "Change", "Mean of four before"];
    Section::table("In numbers", head, rows)
}

fn misses(review: &Review, zone: &Zone) -> Section {
    let row = |miss: &Miss| {
        vec![
            time(miss.due_at, zone),
            Cell::Incident(miss.incident),
            Cell::text(&miss.class),
            Cell::text(&miss.severity),
            Cell::text(promise(miss)),
            Cell::text(&miss.owner),
            Cell::number(words::length(miss.over)),
            Cell::text(outcome(&miss.outcome)),
        ]
    };
    let head = vec!["Due", "Incident", "Kind", "Severity", "Promise", "Owner", "Over", "Then"];
    Section::table("Missed deadlines", head, review.misses.iter().map(row).collect())
}

/// What was missed, with its number from the second on.
fn promise(miss: &Miss) -> String {
    if miss.cycle > 1 { format!("{} no. {}", miss.words, miss.cycle) } else { miss.words.clone() }
}

/// The tallies by clock, named by the words of what it promises.
fn said(review: &Review) -> Vec<Tally> {
    let words = |kind: &str| review.misses.iter().find(|miss| miss.kind == kind).map(|miss| miss.words.clone());
    let named =
        |tally: &Tally| Tally { name: words(&tally.name).unwrap_or_else(|| tally.name.clone()), ..tally.clone() };
    review.by_clock.iter().map(named).collect()
}

fn tally(title: &str, what: &'static str, tallies: &[Tally]) -> Section {
    let row = |tally: &Tally| {
        vec![
            Cell::text(&tally.name),
            Cell::number(tally.misses),
            Cell::number(tally.still_open),
            Cell::number(words::length(tally.over)),
            Cell::number(words::length(tally.longest)),
        ]
    };
    let head = vec![what, "Misses", "Still owed", "Over in all", "Longest"];
    Section::table(title, head, tallies.iter().map(row).collect())
}

fn false_pages(review: &Review, zone: &Zone) -> Section {
    let rows = review.false_pages.iter().map(|page| {
        let words = [&page.class, &page.trigger, &page.why].map(Cell::text);
        [time(page.opened_at, zone), Cell::Incident(page.incident)].into_iter().chain(words).collect()
    });
    let head = vec!["Opened", "Incident", "Kind", "Trigger", "Why"];
    Section::table("False pages", head, rows.collect()).with_note(lab::FALSE_PAGE)
}

fn broken_glass(review: &Review, zone: &Zone) -> Section {
    let rows = review.broken_glass.iter().map(|glass| {
        let words = [&glass.class, &glass.by, &glass.confirmed_by, &glass.reason].map(Cell::text);
        [time(glass.at, zone), Cell::Incident(glass.incident)].into_iter().chain(words).collect()
    });
    let head = vec!["When", "Incident", "Kind", "Asked by", "Confirmed by", "Why"];
    Section::table("Resolved without proof", head, rows.collect())
}

fn open_validations(review: &Review, zone: &Zone) -> Section {
    let rows = review.open_validations.iter().map(|open| {
        let due = match open.due_at {
            Some(at) if open.overdue => format!("{}, missed", words::local(at, zone)),
            Some(at) => words::local(at, zone),
            None => "not promised".to_owned(),
        };
        let words = [&open.class, &open.severity, &open.owner].map(Cell::text);
        let times = [time(open.mitigated_at, zone), Cell::text(due)];
        std::iter::once(Cell::Incident(open.incident)).chain(words).chain(times).collect()
    });
    let head = vec!["Incident", "Kind", "Severity", "To be proven by", "Mitigated", "Proof due"];
    Section::table("Fixes not proven yet", head, rows.collect())
}

fn after_hours(review: &Review, zone: &Zone) -> Section {
    let rows = review.after_hours.answers.iter().map(|answer| {
        let (who, after) = match &answer.answered {
            Some((who, after)) => (who.as_str(), words::length(*after)),
            None => ("nobody yet", String::new()),
        };
        vec![
            time(answer.opened_at, zone),
            Cell::Incident(answer.incident),
            Cell::text(&answer.severity),
            Cell::text(who),
            Cell::number(after),
        ]
    });
    let known = |length: Option<Duration>| length.map_or("none".to_owned(), words::length);
    let answers = &review.after_hours;
    let note = format!("{} Median {}, longest {}.", lab::AFTER_HOURS, known(answers.median), known(answers.longest));
    let head = vec!["Opened", "Incident", "Severity", "Acknowledged by", "After"];
    Section::table("Answers after hours", head, rows.collect()).with_note(&note)
}

fn never_closed(review: &Review, zone: &Zone) -> Section {
    let rows = review.never_closed.iter().map(|open| {
        let words = [&open.class, &open.severity, &open.owner].map(Cell::text);
        let times = [time(open.opened_at, zone), time(open.touched_at, zone), Cell::text(&open.why)];
        std::iter::once(Cell::Incident(open.incident)).chain(words).chain(times).collect()
    });
    let head = vec!["Incident", "Kind", "Severity", "Led by", "Opened", "Last touched", "Missing"];
    Section::table("Abandoned or never closed", head, rows.collect()).with_note(lab::NEVER_CLOSED)
}

/// What earlier reviews decided comes first in a meeting.
fn actions(review: &Review, zone: &Zone) -> Section {
    let rows = review.actions.iter().map(|action| finding(action, zone));
    Section::table("Actions of earlier weeks", FINDING.to_vec(), rows.collect())
}

fn findings(review: &Review, zone: &Zone) -> Section {
    let rows = review.findings.iter().map(|found| finding(found, zone));
    Section::table("Causes and actions", FINDING.to_vec(), rows.collect())
}

/// Columns of what reviews recorded.
const FINDING: [&str; 8] = ["Incident", "Kind", "Cause", "Action", "Owner", "Due", "State", "Recorded by"];

fn finding(found: &Finding, zone: &Zone) -> Vec<Cell> {
    let due = found.due_at.map_or("not said".to_owned(), |at| words::local(at, zone));
    let words = [&found.class, &found.cause, &found.action, &found.owner, &due, &state(found, zone), &found.by];
    std::iter::once(Cell::Incident(found.incident)).chain(words.map(Cell::text)).collect()
}

/// Whether an action is done.
pub(super) fn state(found: &Finding, zone: &Zone) -> String {
    match &found.done {
        Some((at, note)) => {
            let late = if found.overdue { "done late" } else { "done" };
            format!("{late}, {}: {note}", words::local(*at, zone))
        }
        None if found.overdue => "not done, overdue".to_owned(),
        None => "not done".to_owned(),
    }
}
