//! The policy in force replayed differs by zero events from what happened; one changed number
//! shows its difference.

use std::sync::Arc;

use calendar::{Duration, Instant};
use expect_test::{Expect, expect};
use lab::backtest::{Change, Comparison, NotReplayable, Past, Reign, Rules, Sketch, compare, reproduce};
use lab::{Tighter, thresholds, tighten};
use policy::condition::Condition;
use policy::model::{Policy, TriggerKind};
use wcore::Signal;
use wcore::decision::SignalRef;
use wcore::event::Event;
use wcore::signal::Unit;

use crate::day;

fn show(comparison: &Comparison) -> String {
    let sketch = |sketch: &Option<Sketch>| {
        sketch.as_ref().map_or("none".to_owned(), |s| {
            let time = s.opened_at.timestamp().strftime("%H:%M");
            format!("{time} SEV-{}", s.worst)
        })
    };
    // The engine's batches lie a microsecond apart.
    let minutes = |by: &Duration| format!("{} min", (by.as_secs_f64() / 60.0).round());
    let change = |change: &Change| match change {
        Change::Earlier(by) => format!("{} earlier", minutes(by)),
        Change::Later(by) => format!("{} later", minutes(by)),
        Change::WorstEarlier(by) => format!("worst {} earlier", minutes(by)),
        Change::Misses { live, candidate } if live < candidate => "more misses".to_owned(),
        Change::Misses { .. } => "fewer misses".to_owned(),
        other => format!("{other:?}"),
    };
    let mut text =
        format!("{} live, {} candidate, {} the same\n", comparison.live, comparison.candidate, comparison.same);
    for difference in &comparison.differences {
        let changes: Vec<String> = difference.changes.iter().map(change).collect();
        let (live, candidate) = (sketch(&difference.live), sketch(&difference.candidate));
        text += &format!("{}: {live} -> {candidate}: {}\n", difference.class, changes.join(", "));
    }
    text
}

async fn check(from: &str, to: &str, expected: Expect) {
    let past = day::recorded().await.past();
    let roster = day::roster();
    let (live, candidate) = (
        day::policy(),
        day::changed(|text| {
            assert!(text.contains(from), "{from}");
            text.replace(from, to)
        }),
    );
    let rules = |policy| Rules { policy, roster: &roster };
    expected.assert_eq(&show(&compare(rules(&live), rules(&candidate), &past)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_in_force_differs_by_zero_events_from_what_happened() {
    let past = day::recorded().await.past();
    let (policy, roster) = (day::policy(), day::roster());
    let fidelity = reproduce(Rules { policy: &policy, roster: &roster }, &past);
    assert!(fidelity.deviations.is_empty(), "{:#?}", fidelity.deviations);
    assert_eq!(fidelity.left_out, 0);
    assert_eq!(fidelity.incidents, 6);
    assert!(fidelity.events > 300, "{} events", fidelity.events);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declaration_is_replayed_whether_or_not_it_named_a_service() {
    let (policy, roster) = (day::policy(), day::roster());
    for service in [Some("agent-copilot"), None] {
        let past = day::declared_of(service).await.past();
        let fidelity = reproduce(Rules { policy: &policy, roster: &roster }, &past);
        assert!(fidelity.deviations.is_empty(), "{service:?}: {:#?}", fidelity.deviations);
        assert_eq!((fidelity.incidents, fidelity.left_out), (1, 0), "{service:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_policy_in_force_is_told_apart() {
    let past = day::recorded().await.past();
    let (other, roster) = (day::changed(|text| text + "# another version\n"), day::roster());
    let fidelity = reproduce(Rules { policy: &other, roster: &roster }, &past);
    assert_eq!((fidelity.incidents, fidelity.left_out), (0, 6));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_past_that_begins_in_the_middle_of_things_is_replayed_exactly() {
    for from in ["09:30", "10:06", "11:30", "17:00"] {
        let past = day::recorded().await.past().beginning(day::at(from));
        let (policy, roster) = (day::policy(), day::roster());
        let fidelity = reproduce(Rules { policy: &policy, roster: &roster }, &past);
        assert!(fidelity.deviations.is_empty(), "from {from}: {:#?}", fidelity.deviations);
        assert_eq!((fidelity.incidents, fidelity.left_out), (6, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_follows_what_was_in_force_then() {
    let (then, roster) = (Arc::new(day::policy()), Arc::new(day::roster()));
    let reigns = vec![Reign { at: Instant::MIN, policy: then, roster: Arc::clone(&roster) }];
    let past = day::recorded().await.past().ruled(reigns);
    let now = day::changed(|text| text.replace("at_least: 5, within: 24h", "at_least: 3, within: 24h"));
    let fidelity = reproduce(Rules { policy: &now, roster: &roster }, &past);
    assert!(fidelity.deviations.is_empty(), "{:#?}", fidelity.deviations);
    assert_eq!((fidelity.incidents, fidelity.left_out), (6, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn thresholds_come_with_the_check_of_their_replay() {
    let past = day::recorded().await.past();
    let (policy, roster) = (day::policy(), day::roster());
    let found = thresholds(Rules { policy: &policy, roster: &roster }, &past, day::at("07:00"));
    assert_eq!((found.differs, found.signals), (0, past.signals()));
    assert!(found.without_number.contains(&"pii-confirmed".to_owned()));
    let halves: Vec<&str> =
        found.tried.iter().filter(|t| t.trigger == "commitment-repeated").map(|t| t.to.as_str()).collect();
    assert_eq!(halves, ["at least 3", "at least 2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_policy_makes_no_difference() {
    check(
        "at_least: 5, within: 24h",
        "at_least: 5, within: 24h",
        expect![[r#"
            6 live, 6 candidate, 6 the same
        "#]],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fewer_conversations_are_enough() {
    check(
        "at_least: 5, within: 24h",
        "at_least: 3, within: 24h",
        expect![[r#"
            6 live, 6 candidate, 5 the same
            hallucinated_commitment: 10:00 SEV-1 -> 08:20 SEV-1: 100 min earlier
        "#]],
    )
    .await;
    check(
        "at_least: 5, within: 24h",
        "at_least: 6, within: 24h",
        expect![[r#"
            6 live, 5 candidate, 5 the same
            hallucinated_commitment: 10:00 SEV-1 -> none: Missing
        "#]],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lower_bound_catches_what_was_missed() {
    check(
        "signal.value > 8'",
        "signal.value > 6'",
        expect![[r#"
            6 live, 6 candidate, 5 the same
            latency_degradation: 14:10 SEV-3 -> 08:20 SEV-3: 350 min earlier
        "#]],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_severity_means_other_deadlines() {
    let (from, to) = ("raise: {class: pii_leak, severity: SEV-1}", "raise: {class: pii_leak, severity: SEV-2}");
    check(
        from,
        to,
        expect![[r#"
            6 live, 6 candidate, 5 the same
            pii_leak: 11:00 SEV-1 -> 11:00 SEV-2: Worst { live: 1, candidate: 2 }, fewer misses
        "#]],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_trigger_with_a_number_is_tried_tighter() {
    let past = day::recorded().await.past();
    let (policy, roster) = (day::policy(), day::roster());
    let line = |tried: &Tighter| {
        let observes = if tried.observes { " (observes)" } else { "" };
        format!("{}{observes}: {} -> {}\n{}", tried.trigger, tried.from, tried.to, show(&tried.comparison))
    };
    let tried: Vec<String> = tighten(Rules { policy: &policy, roster: &roster }, &past).iter().map(line).collect();
    expect![[r#"
        commitment-repeated: at least 5 -> at least 3
        6 live, 6 candidate, 5 the same
        hallucinated_commitment: 10:00 SEV-1 -> 08:20 SEV-1: 100 min earlier
        commitment-repeated: at least 5 -> at least 2
        6 live, 6 candidate, 5 the same
        hallucinated_commitment: 10:00 SEV-1 -> 08:10 SEV-1: 110 min earlier
        provider-down: signal.value >= 0.25 -> signal.value >= 0.1875
        6 live, 6 candidate, 6 the same
        provider-down: signal.value >= 0.25 -> signal.value >= 0.125
        6 live, 6 candidate, 6 the same
        provider-degraded: signal.value >= 0.05 -> signal.value >= 0.0375
        6 live, 6 candidate, 6 the same
        provider-degraded: signal.value >= 0.05 -> signal.value >= 0.025
        6 live, 6 candidate, 6 the same
        quality-failures: at least 20 -> at least 15
        6 live, 6 candidate, 6 the same
        quality-failures: at least 20 -> at least 10
        6 live, 6 candidate, 6 the same
        groundedness-drop (observes): 5 % tolerated -> 3.75 % tolerated
        6 live, 6 candidate, 6 the same
        groundedness-drop (observes): 5 % tolerated -> 2.5 % tolerated
        6 live, 6 candidate, 6 the same
        toxic-answers: at least 3 -> at least 2
        6 live, 6 candidate, 6 the same
        toxic-answers: at least 3 -> at least 1
        6 live, 6 candidate, 6 the same
        handoffs-lost: at least 5 -> at least 3
        6 live, 6 candidate, 6 the same
        handoffs-lost: at least 5 -> at least 2
        6 live, 6 candidate, 6 the same
        handoff-surge: signal.value > 30 -> signal.value > 22.5
        6 live, 7 candidate, 6 the same
        escalation_surge: none -> 10:00 SEV-3: New
        handoff-surge: signal.value > 30 -> signal.value > 15
        6 live, 7 candidate, 6 the same
        escalation_surge: none -> 10:00 SEV-3: New
        knowledge-stale: signal.value > 24 -> signal.value > 18
        6 live, 6 candidate, 6 the same
        knowledge-stale: signal.value > 24 -> signal.value > 12
        6 live, 6 candidate, 6 the same
        answers-slow: at least 3 -> at least 2
        6 live, 6 candidate, 5 the same
        latency_degradation: 14:10 SEV-3 -> 14:05 SEV-3: 5 min earlier
        answers-slow: at least 3 -> at least 1
        6 live, 6 candidate, 5 the same
        latency_degradation: 14:10 SEV-3 -> 14:00 SEV-3: 10 min earlier
        spend-doubled: signal.value > 2 -> signal.value > 1.5
        6 live, 6 candidate, 6 the same
        spend-doubled: signal.value > 2 -> signal.value > 1
        6 live, 6 candidate, 6 the same
        customers-report: at least 3 -> at least 2
        6 live, 6 candidate, 6 the same
        customers-report: at least 3 -> at least 1
        6 live, 6 candidate, 6 the same
    "#]]
    .assert_eq(&tried.concat());
}

/// A signal of the support assistant, so long after the day's midnight.
fn signal(position: u64, after: Duration, metric: &str, value: f64) -> (u64, Instant, Signal) {
    let signal = Signal {
        source: "evals".to_owned(),
        metric: metric.to_owned(),
        service: "support-assistant".to_owned(),
        value: Some(value),
        ..Signal::default()
    };
    (position, day::at("00:00") + after, signal)
}

fn replayed(live: &Policy, candidate: &Policy, signals: Vec<(u64, Instant, Signal)>) -> String {
    let until = day::at("00:00") + Duration::from_hours(24 * 30);
    let roster = day::roster();
    let rules = |policy| Rules { policy, roster: &roster };
    show(&compare(rules(live), rules(candidate), &Past::new(signals, [], until)))
}

/// Nobody resolves an incident that never was: it must not take in what fires weeks later.
#[test]
fn an_invented_incident_ends_by_itself() {
    let days = |count: i64| Duration::from_hours(24 * count);
    let metric = "handoff_queue_minutes";
    let signals = vec![signal(1, days(1), metric, 25.0), signal(2, days(20), metric, 40.0)];
    let candidate = day::changed(|text| text.replace("signal.value > 30", "signal.value > 20"));
    expect![[r#"
        1 live, 2 candidate, 1 the same
        escalation_surge: none -> 00:00 SEV-3: New
    "#]]
    .assert_eq(&replayed(&day::policy(), &candidate, signals));
}

#[test]
fn a_lower_tolerated_share_is_exceeded_sooner() {
    let tolerating = |share: &str| {
        day::changed(|text| {
            let active =
                text.replace("    mode: observe             # switch it on once its findings have convinced you\n", "");
            active.replace("tolerated: 5%", &format!("tolerated: {share}"))
        })
    };
    // Every eighth answer is bad.
    let signals = (0..400).map(|i| {
        let value = if i % 8 == 0 { 0.2 } else { 0.9 };
        signal(i + 1, Duration::from_mins(i64::try_from(i).unwrap()), "groundedness", value)
    });
    expect![[r#"
        1 live, 1 candidate, 0 the same
        quality_regression: 04:08 SEV-2 -> 02:00 SEV-2: 128 min earlier
    "#]]
    .assert_eq(&replayed(&tolerating("5%"), &tolerating("3%"), signals.collect()));
}

/// Each one a SEV-2, the fifth the same incident a SEV-1.
#[test]
fn the_same_incident_becomes_severe_sooner() {
    let one_is_sev2 = "  - id: one-commitment\n    when: signal.metric == \"hallucinated_commitment\"\n    \
                       raise: {class: hallucinated_commitment, severity: SEV-2}\n";
    let counting = |count: &str| {
        day::changed(|text| {
            let text = text.replace("triggers:\n", &format!("triggers:\n{one_is_sev2}"));
            text.replace("at_least: 5, within: 24h", &format!("at_least: {count}, within: 24h"))
        })
    };
    let signals = (0..5).map(|i| {
        let hours = Duration::from_hours(i64::try_from(i).unwrap());
        let (position, at, mut signal) = signal(i + 1, hours, "hallucinated_commitment", 1.0);
        signal.unit = Some(Unit { kind: "conversation".to_owned(), id: format!("c-{i}") });
        (position, at, signal)
    });
    expect![[r#"
        1 live, 1 candidate, 0 the same
        hallucinated_commitment: 00:00 SEV-1 -> 00:00 SEV-1: worst 120 min earlier, more misses
    "#]]
    .assert_eq(&replayed(&counting("5"), &counting("3"), signals.collect()));
}

/// What the journal names no command for shows as a deviation, never as agreement.
#[tokio::test(flavor = "multi_thread")]
async fn a_forged_entry_shows() {
    let mut recorded = day::recorded().await.clone();
    let (_, entries) = recorded.incidents.iter_mut().find(|(no, _)| *no == 2).unwrap();
    let last = entries.last_mut().unwrap();
    last.events.push(Event::EscalationStopped { reason: "forged".to_owned() });
    let (policy, roster) = (day::policy(), day::roster());
    let fidelity = reproduce(Rules { policy: &policy, roster: &roster }, &recorded.past());
    assert_eq!(fidelity.deviations.iter().map(|d| d.incident).collect::<Vec<_>>(), [2]);
    assert!(fidelity.deviations[0].recorded.as_ref().unwrap().contains("forged"));
    assert_eq!(fidelity.deviations[0].replayed, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_rests_on_erased_words_is_no_deviation() {
    let recorded = day::recorded().await;
    let (mut policy, roster) = (day::policy(), day::roster());
    // The same version, as though its leak trigger had asked for words that the signal has no more.
    let leak = policy.triggers.iter_mut().find(|trigger| trigger.id == "pii-confirmed").unwrap();
    let asks = r#"signal.metric == "pii_leak" && signal.summary == "gone""#;
    leak.kind = TriggerKind::When(Condition::parse(asks).unwrap());
    let place = |metric: &str| {
        let (position, ..) = recorded.signals.iter().find(|(_, _, signal)| signal.metric == metric).unwrap();
        SignalRef { position: *position, index: 0 }
    };
    let (leak, other) = (place("pii_leak"), place("latency_p95_seconds"));
    let check = |erased: &[SignalRef]| {
        let past = recorded.past().erased(erased.iter().copied());
        reproduce(Rules { policy: &policy, roster: &roster }, &past)
    };
    for erased in [&[][..], &[other]] {
        let fidelity = check(erased);
        assert!(!fidelity.deviations.is_empty());
        assert_eq!(fidelity.not_replayable, NotReplayable::default());
    }
    let fidelity = check(&[leak, other]);
    assert!(fidelity.deviations.is_empty(), "{:#?}", fidelity.deviations);
    assert_eq!(fidelity.not_replayable.signals, 1);
    assert_eq!(fidelity.not_replayable.incidents.len(), 1);
}
