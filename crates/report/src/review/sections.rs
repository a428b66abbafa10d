//! The parts of a review, in the order in which a meeting takes them.

use calendar::{Duration, Instant, Zone};
use lab::{Miss, Outcome, Review, Tally};

use crate::document::{Cell, Section};
use crate::{backtest, words};

/// All parts.
pub(super) fn sections(review: &Review, zone: &Zone) -> Vec<Section> {
    let mut sections = vec![trend(review), misses(review, zone)];
    sections.extend([
        tally("Misses by promise", "Promise", &review.by_clock),
        tally("Misses by kind of incident", "Kind", &review.by_class),
        tally("Misses by owner", "Owner", &review.by_owner),
    ]);
    sections.extend([
        false_pages(review, zone),
        broken_glass(review, zone),
        open_validations(review, zone),
        after_hours(review, zone),
        findings(review),
    ]);
    sections.extend(review.thresholds.as_ref().map(|thresholds| backtest::section(thresholds, zone)));
    sections
}

/// The words of what became of a promise.
pub(super) fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::MetLate => "kept late".to_owned(),
        Outcome::StillOpen => "still owed".to_owned(),
        Outcome::LetGo { why } => why.clone(),
    }
}

fn time(at: Instant, zone: &Zone) -> Cell {
    Cell::text(words::local(at, zone))
}

fn trend(review: &Review) -> Section {
    let (this, before) = (&review.trend.this, &review.trend.before);
    let row = |name: String, this: usize, before: usize| {
        vec![Cell::text(name), Cell::number(this), Cell::number(before), Cell::Number(words::signed(this, before))]
    };
    let mut rows = vec![row("Incidents opened".to_owned(), this.opened, before.opened)];
    let severities = this.by_severity.iter().zip(&before.by_severity);
    rows.extend(severities.map(|((_, name, this), (_, _, before))| row(format!("of these {name}"), *this, *before)));
    rows.extend([
        row("Unresolved at the end".to_owned(), this.open_at_end, before.open_at_end),
        row("Reopened".to_owned(), this.reopened, before.reopened),
        row("Deadlines missed".to_owned(), this.misses, before.misses),
        row("False pages".to_owned(), this.false_pages, before.false_pages),
    ]);
    Section::table("In numbers", vec!["What", "This week", "Week before", "Change"], rows)
}

fn misses(review: &Review, zone: &Zone) -> Section {
    let row = |miss: &Miss| {
        vec![
            time(miss.due_at, zone),
            Cell::Incident(miss.incident),
            Cell::text(&miss.class),
            Cell::text(&miss.severity),
            Cell::text(&miss.clock),
            Cell::text(&miss.owner),
            Cell::number(words::length(miss.over)),
            Cell::text(outcome(&miss.outcome)),
        ]
    };
    let head = vec!["Due", "Incident", "Kind", "Severity", "Promise", "Owner", "Over", "Then"];
    Section::table("Missed deadlines", head, review.misses.iter().map(row).collect())
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

fn findings(review: &Review) -> Section {
    let rows = review.findings.iter().map(|finding| {
        let words = [&finding.class, &finding.cause, &finding.action, &finding.by].map(Cell::text);
        std::iter::once(Cell::Incident(finding.incident)).chain(words).collect()
    });
    let head = vec!["Incident", "Kind", "Cause", "Action", "Recorded by"];
    Section::table("Causes and actions", head, rows.collect())
}
