//! A week with one of everything, whose people wrote what `text` says.

use calendar::{Duration, Instant, Zone};
use lab::backtest::{Fidelity, NotReplayable};
use lab::{
    AfterHours, BrokenGlass, Counts, FalsePage, Finding, LateAnswer, Miss, NeverClosed, OpenValidation, Outcome,
    Review, Tally, Thresholds, Trend, Week,
};

fn at(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

fn counts(opened: usize, misses: usize) -> Counts {
    Counts {
        opened,
        by_severity: vec![(1, "SEV-1".to_owned(), opened)],
        open_at_end: 1,
        reopened: 0,
        misses,
        false_pages: 1,
    }
}

fn miss(text: &str, outcome: Outcome, over: i64) -> Miss {
    Miss {
        incident: 7,
        class: text.to_owned(),
        severity: "SEV-1".to_owned(),
        clock: "update:customers#3".to_owned(),
        kind: "update:customers".to_owned(),
        words: "Update customers".to_owned(),
        cycle: 3,
        owner: text.to_owned(),
        due_at: at("2026-11-24T10:00:00Z"),
        over: Duration::from_secs(over),
        outcome,
    }
}

/// The week around the change of the year.
pub(crate) fn review(text: &str) -> Review {
    let week: Week = "2026-W53".parse().unwrap();
    let zone = Zone::new("Europe/Berlin").unwrap();
    let tally = |misses| Tally {
        name: text.to_owned(),
        misses,
        still_open: 1,
        over: Duration::from_secs(7_500),
        longest: Duration::from_secs(3_600),
    };
    let text = text.to_owned();
    Review {
        week,
        zone: zone.name().to_owned(),
        from: week.starts_at(&zone),
        until: week.ends_at(&zone),
        now: at("2027-01-04T09:00:00Z"),
        trend: Trend {
            this: counts(3, 3),
            before: counts(5, 0),
            earlier: vec![counts(5, 0), counts(2, 1), counts(0, 0), counts(1, 0)],
        },
        misses: vec![
            miss(&text, Outcome::MetLate, 90),
            miss(&text, Outcome::StillOpen, 7_500),
            miss(&text, Outcome::LetGo { why: format!("waived by Ana: {text}") }, 60),
        ],
        by_clock: vec![tally(3)],
        by_class: vec![tally(2), tally(1)],
        by_owner: Vec::new(),
        false_pages: vec![FalsePage {
            incident: 8,
            class: text.clone(),
            trigger: "provider-down".to_owned(),
            opened_at: at("2026-12-29T03:00:00Z"),
            why: text.clone(),
        }],
        broken_glass: vec![BrokenGlass {
            incident: 9,
            class: text.clone(),
            at: at("2026-12-31T23:30:00Z"),
            by: "Ana Ruiz".to_owned(),
            confirmed_by: text.clone(),
            reason: text.clone(),
        }],
        open_validations: vec![OpenValidation {
            incident: 10,
            class: text.clone(),
            severity: "SEV-2".to_owned(),
            owner: text.clone(),
            mitigated_at: at("2027-01-01T10:00:00Z"),
            due_at: Some(at("2027-01-02T10:00:00Z")),
            overdue: true,
        }],
        after_hours: AfterHours {
            answers: vec![
                LateAnswer {
                    incident: 8,
                    severity: "SEV-1".to_owned(),
                    opened_at: at("2026-12-29T03:00:00Z"),
                    answered: Some((text.clone(), Duration::from_secs(312))),
                },
                LateAnswer {
                    incident: 9,
                    severity: "SEV-3".to_owned(),
                    opened_at: at("2026-12-31T22:00:00Z"),
                    answered: None,
                },
            ],
            median: Some(Duration::from_secs(312)),
            longest: Some(Duration::from_secs(312)),
        },
        actions: vec![
            finding(&text, Some((at("2026-12-30T09:00:00Z"), text.clone()))),
            Finding { overdue: true, ..finding(&text, None) },
        ],
        findings: vec![Finding { due_at: None, ..finding(&text, None) }],
        never_closed: vec![NeverClosed {
            incident: 3,
            class: text.clone(),
            severity: "SEV-2".to_owned(),
            owner: text.clone(),
            opened_at: at("2026-12-01T09:00:00Z"),
            touched_at: at("2026-12-02T09:00:00Z"),
            why: "its review".to_owned(),
        }],
        thresholds: Some(thresholds(&text)),
        head: Some((41, "c0ffee".to_owned())),
    }
}

fn thresholds(text: &str) -> Thresholds {
    Thresholds {
        asked_from: at("2026-12-06T23:00:00Z"),
        from: at("2026-12-06T23:00:00Z"),
        until: at("2027-01-03T23:00:00Z"),
        signals: 1_234,
        fidelity: Fidelity {
            incidents: 5,
            events: 312,
            left_out: 0,
            deviations: Vec::new(),
            not_replayable: NotReplayable::default(),
        },
        differs: 0,
        tried: crate::backtest::tried(text),
        without_number: vec!["pii-confirmed".to_owned()],
        counts_hidden: false,
    }
}

fn finding(text: &str, done: Option<(Instant, String)>) -> Finding {
    Finding {
        incident: 7,
        class: text.to_owned(),
        by: text.to_owned(),
        cause: text.to_owned(),
        action: text.to_owned(),
        owner: text.to_owned(),
        decided_at: at("2026-12-22T09:00:00Z"),
        due_at: Some(at("2026-12-31T09:00:00Z")),
        done,
        overdue: false,
    }
}

#[test]
fn a_reader_who_may_not_see_all_gets_no_counts_over_all() {
    let told = |review: &Review| [report::review::json(review), report::review::markdown(review)];
    let (mut one, mut other) = (review("x"), review("x"));
    let fuller = other.thresholds.as_mut().unwrap();
    fuller.signals += 1;
    fuller.fidelity = Fidelity {
        incidents: 6,
        events: 313,
        left_out: 1,
        deviations: Vec::new(),
        not_replayable: NotReplayable::default(),
    };
    assert_ne!(told(&one), told(&other));
    for review in [&mut one, &mut other] {
        review.thresholds.as_mut().unwrap().counts_hidden = true;
    }
    assert_eq!(told(&one), told(&other));
}
