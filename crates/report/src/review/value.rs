//! The review as JSON. Names are stable; times are RFC 3339 in UTC, lengths whole seconds.

use calendar::Duration;
use lab::{Counts, Finding, Miss, Outcome, Review, Tally};
use serde_json::{Value, json};

use crate::backtest;
use crate::words::rounded_secs;

/// Everything.
pub(super) fn value(review: &Review) -> Value {
    json!({
        "week": review.week.to_string(),
        "time_zone": review.zone,
        "from": review.from,
        "until": review.until,
        "as_of": review.now,
        "this_week": counts(&review.trend.this),
        "week_before": counts(&review.trend.before),
        "weeks_before": review.trend.earlier.iter().map(counts).collect::<Vec<_>>(),
        "misses": review.misses.iter().map(miss).collect::<Vec<_>>(),
        "misses_by_clock": tallies(&review.by_clock),
        "misses_by_class": tallies(&review.by_class),
        "misses_by_owner": tallies(&review.by_owner),
        "false_pages": { "rule": lab::FALSE_PAGE, "incidents": false_pages(review) },
        "resolved_without_proof": broken_glass(review),
        "open_validations": open_validations(review),
        "after_hours": after_hours(review),
        "never_closed": { "rule": lab::NEVER_CLOSED, "incidents": never_closed(review) },
        "actions": findings(&review.actions),
        "findings": findings(&review.findings),
        "thresholds": review.thresholds.as_ref().map(backtest::thresholds),
        "head": review.head.as_ref().map(|(position, hash)| json!({ "position": position, "hash": hash })),
    })
}

fn id(no: u64) -> String {
    format!("INC-{no}")
}

fn seconds(length: Option<Duration>) -> Option<i64> {
    length.map(rounded_secs)
}

fn counts(counts: &Counts) -> Value {
    let by_severity =
        counts.by_severity.iter().map(|(rank, name, opened)| json!({ "rank": rank, "name": name, "opened": opened }));
    json!({
        "opened": counts.opened,
        "by_severity": by_severity.collect::<Vec<_>>(),
        "open_at_end": counts.open_at_end,
        "reopened": counts.reopened,
        "misses": counts.misses,
        "false_pages": counts.false_pages,
    })
}

fn miss(miss: &Miss) -> Value {
    let (outcome, why) = match &miss.outcome {
        Outcome::MetLate => ("met_late", None),
        Outcome::StillOpen => ("still_open", None),
        Outcome::Corrected { why } => ("corrected", Some(why)),
        Outcome::LetGo { why } => ("let_go", Some(why)),
    };
    json!({
        "incident": id(miss.incident),
        "class": miss.class,
        "severity": miss.severity,
        "clock": miss.clock,
        "kind": miss.kind,
        "owner": miss.owner,
        "due_at": miss.due_at,
        "over_seconds": rounded_secs(miss.over),
        "outcome": outcome,
        "why": why,
    })
}

fn tallies(tallies: &[Tally]) -> Vec<Value> {
    let one = |tally: &Tally| {
        json!({
            "name": tally.name,
            "misses": tally.misses,
            "still_open": tally.still_open,
            "over_seconds": rounded_secs(tally.over),
            "longest_seconds": rounded_secs(tally.longest),
        })
    };
    tallies.iter().map(one).collect()
}

fn false_pages(review: &Review) -> Vec<Value> {
    let pages = review.false_pages.iter().map(|page| {
        json!({
            "incident": id(page.incident),
            "class": page.class,
            "trigger": page.trigger,
            "opened_at": page.opened_at,
            "why": page.why,
        })
    });
    pages.collect()
}

fn broken_glass(review: &Review) -> Vec<Value> {
    let broken = review.broken_glass.iter().map(|glass| {
        json!({
            "incident": id(glass.incident),
            "class": glass.class,
            "at": glass.at,
            "by": glass.by,
            "confirmed_by": glass.confirmed_by,
            "reason": glass.reason,
        })
    });
    broken.collect()
}

fn open_validations(review: &Review) -> Vec<Value> {
    let open = review.open_validations.iter().map(|open| {
        json!({
            "incident": id(open.incident),
            "class": open.class,
            "severity": open.severity,
            "owner": open.owner,
            "mitigated_at": open.mitigated_at,
            "due_at": open.due_at,
            "overdue": open.overdue,
        })
    });
    open.collect()
}

fn after_hours(review: &Review) -> Value {
    let answers = review.after_hours.answers.iter().map(|answer| {
        json!({
            "incident": id(answer.incident),
            "severity": answer.severity,
            "opened_at": answer.opened_at,
            "acknowledged_by": answer.answered.as_ref().map(|(who, _)| who),
            "after_seconds": seconds(answer.answered.as_ref().map(|(_, after)| *after)),
        })
    });
    json!({
        "rule": lab::AFTER_HOURS,
        "median_seconds": seconds(review.after_hours.median),
        "longest_seconds": seconds(review.after_hours.longest),
        "incidents": answers.collect::<Vec<_>>(),
    })
}

fn findings(findings: &[Finding]) -> Vec<Value> {
    let findings = findings.iter().map(|finding| {
        json!({
            "incident": id(finding.incident),
            "class": finding.class,
            "by": finding.by,
            "cause": finding.cause,
            "action": finding.action,
            "owner": finding.owner,
            "decided_at": finding.decided_at,
            "due_at": finding.due_at,
            "done_at": finding.done.as_ref().map(|(at, _)| at),
            "came_of_it": finding.done.as_ref().map(|(_, note)| note),
            "overdue": finding.overdue,
        })
    });
    findings.collect()
}

fn never_closed(review: &Review) -> Vec<Value> {
    let open = review.never_closed.iter().map(|open| {
        json!({
            "incident": id(open.incident),
            "class": open.class,
            "severity": open.severity,
            "owner": open.owner,
            "opened_at": open.opened_at,
            "touched_at": open.touched_at,
            "missing": open.why,
        })
    });
    open.collect()
}
