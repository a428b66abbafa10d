//! Rate triggers: streams, units of evidence that bet once, and when they fire.

use calendar::Duration;
use policy::model::{Mode, TriggerKind};
use wcore::decision::SignalRef;
use wcore::signal::{Evaluator, Signal, Unit};
use wcore::trigger::{Detectors, MAX_DETECTORS, MAX_PENDING, Observed, Triggers};

use crate::support::{World, at};

/// One verdict on a conversation, judged by version 1.
fn verdict(world: &mut World, conversation: &str, groundedness: f64) {
    verdict_with(world, conversation, groundedness, |_| {});
}

fn verdict_with(world: &mut World, conversation: &str, groundedness: f64, more: impl FnOnce(&mut Signal)) {
    let unit = Unit { kind: "conversation".to_owned(), id: conversation.to_owned() };
    world.signal("groundedness", |s| {
        s.value = Some(groundedness);
        s.unit = Some(unit);
        s.evaluator = Some(judge("1"));
        more(s);
    });
}

fn judge(version: &str) -> Evaluator {
    Evaluator { kind: "llm".to_owned(), name: Some("judge".to_owned()), version: Some(version.to_owned()) }
}

/// One conversation a minute, all of them bad, numbered from `from` on.
fn bad_conversations(world: &mut World, from: u32, count: u32) {
    for n in from..from + count {
        verdict(world, &format!("c-{n}"), 0.1);
        world.advance("1m");
    }
}

/// What the rate trigger raised: incidents of its class.
fn raised(world: &World) -> usize {
    world.incidents.iter().filter(|(incident, _)| incident.class == "quality_regression").count()
}

#[test]
fn bad_conversations_in_a_row_fire_with_their_evidence() {
    let mut world = World::airline();
    bad_conversations(&mut world, 0, 15);
    assert_eq!(raised(&world), 0, "no conversation has bet yet");
    world.advance("15m");
    assert_eq!(raised(&world), 1);
    let incident = world.incident();
    assert_eq!((incident.severity, incident.service.as_str()), (2, "support-assistant"));
    let wcore::event::Event::Opened(opened) = world.events().next().unwrap() else { panic!("it opens first") };
    let decision = opened.decision.as_ref().unwrap();
    assert_eq!(decision.trigger, "groundedness-drop");
    assert_eq!(
        decision.clause,
        "bad groundedness below 0.5: 5 % tolerated, 0.1 false pages a week, by service, channel"
    );
    assert!(decision.statement.starts_with("bad share above 5 % tolerated; evidence "), "{}", decision.statement);
    assert!(decision.statement.ends_with(" of 1"), "{}", decision.statement);
    // The conversations behind it, the first of them in the first batch.
    assert_eq!(decision.signals.first().map(|place| place.position), Some(1));
}

#[test]
fn a_conversation_bets_fifteen_minutes_after_its_first_signal_with_the_worst_seen() {
    let mut world = World::airline();
    for n in 0..10 {
        // Good at first, bad a little later, good again at last.
        for groundedness in [0.9, 0.1, 0.9] {
            verdict(&mut world, &format!("c-{n}"), groundedness);
        }
    }
    assert_eq!(world.detectors.next_due(), Some(at("10:15")));
    world.advance_to("10:14:59.999999");
    assert_eq!(raised(&world), 0);
    world.advance_to("10:15");
    assert_eq!(raised(&world), 1);
    assert_eq!(world.detectors.next_due(), None);
}

#[test]
fn a_conversation_bets_once() {
    let mut world = World::airline();
    for _ in 0..200 {
        verdict(&mut world, "one angry customer", 0.1);
        world.advance("3m");
    }
    assert_eq!(raised(&world), 0);
}

#[test]
fn good_conversations_do_not_fire() {
    let mut world = World::airline();
    for n in 0..300 {
        verdict(&mut world, &format!("c-{n}"), if n % 25 == 0 { 0.1 } else { 0.9 });
        world.advance("5m");
    }
    assert_eq!(raised(&world), 0);
}

#[test]
fn signals_without_a_unit_are_final_and_bet_at_once() {
    let mut world = World::airline();
    for _ in 0..10 {
        world.signal("groundedness", |s| s.value = Some(0.1));
        world.advance("1m");
    }
    assert_eq!(raised(&world), 1);
    assert_eq!(world.detectors.next_due(), None);
}

#[test]
fn streams_are_kept_apart_by_subject_and_by_judge() {
    // Alone each of the streams has too few, whatever they have together.
    let mut world = World::airline();
    for n in 0..12 {
        verdict_with(&mut world, &format!("c-{n}"), 0.1, |s| match n % 4 {
            0 => s.service = "agent-copilot".to_owned(),
            1 => s.evaluator = Some(judge("2")),
            2 => drop(s.labels.insert("channel".to_owned(), "chat".to_owned())),
            _ => {}
        });
        world.advance("1m");
    }
    world.advance("1h");
    assert_eq!(raised(&world), 0);
}

#[test]
fn labels_speak_where_there_is_no_value_and_the_unknown_is_no_evidence() {
    for (label, value, fires) in [
        (Some("fail"), None, true),
        (Some("Failed"), None, true),
        (Some("pass"), None, false),
        (Some("meh"), None, false),
        (None, None, false),
        // The value decides where there are both.
        (Some("fail"), Some(0.9), false),
        (Some("pass"), Some(0.1), true),
    ] {
        let mut world = World::airline();
        for _ in 0..12 {
            world.signal("groundedness", |s| {
                s.label = label.map(str::to_owned);
                s.value = value;
            });
            world.advance("1m");
        }
        assert_eq!(raised(&world) == 1, fires, "{label:?} {value:?}");
    }
}

#[test]
fn bounds_and_directions_say_what_is_bad() {
    for (below, above, higher_is_better, value, fires) in [
        (Some(0.5), None, None, 0.499, true),
        (Some(0.5), None, None, 0.5, false),
        (None, Some(2.0), None, 2.001, true),
        (None, Some(2.0), None, 2.0, false),
        (Some(1.0), Some(2.0), None, 0.5, true),
        // Without bounds a score is as bad as it is low, or high.
        (None, None, Some(true), 0.0, true),
        (None, None, Some(true), 1.0, false),
        (None, None, Some(false), 1.0, true),
        (None, None, Some(false), 7.0, false),
        (None, None, None, 0.0, false),
    ] {
        let mut world = World::airline();
        let metric = world.policy.metrics.get_mut("groundedness").unwrap();
        (metric.bad_below, metric.bad_above, metric.higher_is_better) = (below, above, higher_is_better);
        for _ in 0..12 {
            world.signal("groundedness", |s| s.value = Some(value));
            world.advance("1m");
        }
        assert_eq!(raised(&world) == 1, fires, "{below:?} {above:?} {higher_is_better:?} {value}");
    }
}

#[test]
fn a_changed_clause_begins_anew_and_an_unchanged_one_goes_on() {
    for (tolerated, fires) in [(0.05, true), (0.06, false)] {
        let mut world = World::airline();
        bad_conversations(&mut world, 0, 3);
        world.advance("15m");
        assert_eq!(raised(&world), 0);
        world.activate(|policy| {
            let rate = policy.triggers.iter_mut().find(|trigger| trigger.id == "groundedness-drop").unwrap();
            if let TriggerKind::Rate { tolerated: share, .. } = &mut rate.kind {
                *share = tolerated;
            }
        });
        // Two more are enough with the three before, not without.
        bad_conversations(&mut world, 3, 2);
        world.advance("15m");
        assert_eq!(raised(&world) == 1, fires, "{tolerated}");
    }
}

#[test]
fn bets_of_a_trigger_that_is_gone_never_fall_due() {
    let mut world = World::airline();
    bad_conversations(&mut world, 0, 12);
    world.activate(|policy| policy.triggers.retain(|trigger| trigger.id != "groundedness-drop"));
    world.advance("1h");
    assert_eq!((raised(&world), world.detectors.next_due()), (0, None));
}

#[test]
fn in_observe_mode_it_says_what_it_would_have_raised() {
    let mut world = World::airline();
    for trigger in &mut world.policy.triggers {
        trigger.mode = Mode::Observe;
    }
    bad_conversations(&mut world, 0, 12);
    world.advance("15m");
    assert_eq!(world.incidents.len(), 0);
    assert!(world.observed.iter().any(|firing| firing.decision.trigger == "groundedness-drop"));
}

#[test]
fn beyond_the_limit_the_oldest_conversation_bets_at_once() {
    let (policy, mut detectors) = (crate::support::airline(), Detectors::default());
    let triggers = Triggers::new(&policy);
    let mut now = at("10:00");
    for n in 0..=MAX_PENDING {
        assert_eq!(detectors.next_due(), (n > 0).then(|| at("10:15")));
        triggers.observe(&policy, &mut detectors, Observed { signal: &bad(n), place: PLACE, now });
        now = now + Duration::from_micros(1);
    }
    // One too many: the first has bet, and the second is the next.
    assert_eq!(detectors.next_due(), Some(at("10:15:00.000001")));
}

#[test]
fn beyond_the_limit_of_streams_the_rest_is_judged_together() {
    let (policy, mut detectors) = (crate::support::airline(), Detectors::default());
    let triggers = Triggers::new(&policy);
    for n in 0..MAX_DETECTORS + 100 {
        let mut signal = bad(n);
        signal.labels.insert("channel".to_owned(), format!("customer-{n}"));
        triggers.observe(&policy, &mut detectors, Observed { signal: &signal, place: PLACE, now: at("10:00") });
    }
    assert_eq!(detectors.changed().len(), MAX_DETECTORS + 1);
    detectors.settle();
    let firings = triggers.settle_due(&policy, &mut detectors, at("10:15"));
    assert!(!firings.is_empty(), "a hundred bad conversations are plenty");
    assert!(detectors.changed().contains_key("groundedness-drop|further"));
}

const PLACE: SignalRef = SignalRef { position: 1, index: 0 };

fn bad(n: usize) -> Signal {
    Signal {
        metric: "groundedness".to_owned(),
        value: Some(0.1),
        unit: Some(Unit { kind: "conversation".to_owned(), id: format!("c-{n}") }),
        ..Signal::default()
    }
}

#[test]
fn what_is_remembered_survives_restarts() {
    let mut straight = World::airline();
    bad_conversations(&mut straight, 0, 15);
    straight.advance("15m");
    let mut world = World::airline();
    for n in 0..15 {
        bad_conversations(&mut world, n, 1);
        world.restart();
    }
    world.advance("15m");
    assert_eq!(world.incident(), straight.incident());
}

#[test]
fn a_batch_that_failed_leaves_no_trace() {
    let (policy, mut detectors) = (crate::support::airline(), Detectors::default());
    let observed = Observed { signal: &bad(1), place: PLACE, now: at("10:00") };
    Triggers::new(&policy).observe(&policy, &mut detectors, observed);
    assert_eq!(detectors.next_due(), Some(at("10:15")));
    detectors.revert();
    assert_eq!((detectors.next_due(), detectors.changed().len()), (None, 0));
}
