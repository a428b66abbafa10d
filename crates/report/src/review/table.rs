//! The review as one flat table: a row per thing, with a column that says which kind of thing.

use calendar::{Duration, Instant, Zone};
use lab::{Finding, Review};

use super::sections::{outcome, state};
use crate::backtest::summary;
use crate::words;

/// Its columns. Times are RFC 3339 in UTC, lengths whole seconds.
pub(super) const HEAD: [&str; 9] = ["section", "incident", "class", "severity", "what", "who", "at", "seconds", "note"];

/// One row, empty but for what is known.
#[derive(Default)]
struct Line<'a> {
    section: &'static str,
    incident: u64,
    class: &'a str,
    severity: &'a str,
    what: &'a str,
    who: &'a str,
    at: Option<Instant>,
    length: Option<Duration>,
    note: String,
}

impl Line<'_> {
    fn cells(self) -> [String; 9] {
        [
            self.section.to_owned(),
            if self.incident == 0 { String::new() } else { format!("INC-{}", self.incident) },
            self.class.to_owned(),
            self.severity.to_owned(),
            self.what.to_owned(),
            self.who.to_owned(),
            self.at.map(|at| at.to_string()).unwrap_or_default(),
            self.length.map(|length| words::rounded_secs(length).to_string()).unwrap_or_default(),
            self.note,
        ]
    }
}

/// All rows, section by section.
pub(super) fn rows(review: &Review) -> Vec<[String; 9]> {
    let misses = review.misses.iter().map(|miss| Line {
        section: "miss",
        incident: miss.incident,
        class: &miss.class,
        severity: &miss.severity,
        what: &miss.clock,
        who: &miss.owner,
        at: Some(miss.due_at),
        length: Some(miss.over),
        note: outcome(&miss.outcome),
    });
    let false_pages = review.false_pages.iter().map(|page| Line {
        section: "false page",
        incident: page.incident,
        class: &page.class,
        what: &page.trigger,
        at: Some(page.opened_at),
        note: page.why.clone(),
        ..Line::default()
    });
    let broken_glass = review.broken_glass.iter().map(|glass| Line {
        section: "resolved without proof",
        incident: glass.incident,
        class: &glass.class,
        who: &glass.by,
        at: Some(glass.at),
        note: format!("confirmed by {}: {}", glass.confirmed_by, glass.reason),
        ..Line::default()
    });
    let open_validations = review.open_validations.iter().map(|open| Line {
        section: "open validation",
        incident: open.incident,
        class: &open.class,
        severity: &open.severity,
        who: &open.owner,
        at: open.due_at,
        note: if open.overdue { "missed".to_owned() } else { String::new() },
        ..Line::default()
    });
    let answers = review.after_hours.answers.iter().map(|answer| Line {
        section: "after hours",
        incident: answer.incident,
        severity: &answer.severity,
        who: answer.answered.as_ref().map_or("", |(who, _)| who),
        at: Some(answer.opened_at),
        length: answer.answered.as_ref().map(|(_, after)| *after),
        ..Line::default()
    });
    let never_closed = review.never_closed.iter().map(|open| Line {
        section: "never closed",
        incident: open.incident,
        class: &open.class,
        severity: &open.severity,
        who: &open.owner,
        at: Some(open.touched_at),
        note: format!("missing: {}", open.why),
        ..Line::default()
    });
    let zone = words::zone(&review.zone);
    let actions = review.actions.iter().map(|found| finding("action", found, &zone));
    let findings = review.findings.iter().map(|found| finding("finding", found, &zone));
    let tried = review.thresholds.iter().flat_map(|thresholds| &thresholds.tried);
    let tried = tried.map(|tried| Line {
        section: "threshold",
        class: &tried.class,
        what: &tried.trigger,
        note: format!("{} becomes {}: {}", tried.from, tried.to, summary(&tried.comparison)),
        ..Line::default()
    });
    let lines = misses.chain(false_pages).chain(broken_glass).chain(open_validations).chain(answers).chain(findings);
    let lines = lines.chain(never_closed).chain(actions);
    let lines = lines.chain(tried);
    lines.map(Line::cells).collect()
}

fn finding<'a>(section: &'static str, found: &'a Finding, zone: &Zone) -> Line<'a> {
    Line {
        section,
        incident: found.incident,
        class: &found.class,
        what: &found.cause,
        who: &found.owner,
        at: found.due_at,
        note: format!("{} ({})", found.action, state(found, zone)),
        ..Line::default()
    }
}
