//! From signals to incidents: match, count, alerts that clear. (Rates: see `rate`.)

use policy::model::{KeyPart, TriggerKind};
use wcore::event::Event;
use wcore::incident::Status;
use wcore::signal::{Alert, AlertState, Unit};
use wcore::trigger::MAX_DETECTORS;

use crate::support::World;

fn commitment(world: &mut World, conversation: &str) {
    let unit = Unit { kind: "conversation".to_owned(), id: conversation.to_owned() };
    world.signal("hallucinated_commitment", |s| s.unit = Some(unit));
}

#[test]
fn five_distinct_conversations_in_a_day_make_it_a_sev_1() {
    let mut world = World::airline();
    for conversation in ["c-1", "c-2", "c-3"] {
        commitment(&mut world, conversation);
        // The same conversation again is no further one.
        commitment(&mut world, conversation);
        world.advance("1h");
    }
    assert_eq!(world.incidents.len(), 0);
    commitment(&mut world, "c-4");
    assert_eq!((world.incidents.len(), world.incident().severity), (1, 2));
    world.expect_clock("acknowledge", "due 13:20");
    world.advance("4m");
    commitment(&mut world, "c-4");
    commitment(&mut world, "c-1");
    assert_eq!(world.incident().severity, 2);
    commitment(&mut world, "c-5");
    assert_eq!((world.incidents.len(), world.incident().severity), (1, 1));
    // Ten minutes from the original opening, not from the raise.
    world.expect_clock("acknowledge", "due 13:10");
    let reason = world.events().find_map(|event| match event {
        Event::SeverityChanged { reason, .. } => Some(reason.as_str()),
        _ => None,
    });
    assert_eq!(reason, Some("trigger commitment-repeated fired"));
}

#[test]
fn a_day_is_a_sliding_window() {
    let mut world = World::airline();
    commitment(&mut world, "c-1");
    world.advance("12h");
    for conversation in ["c-2", "c-3"] {
        commitment(&mut world, conversation);
    }
    world.advance("12h");
    // c-1 is exactly 24 h old: it no longer counts.
    commitment(&mut world, "c-4");
    assert_eq!(world.incidents.len(), 0);
    commitment(&mut world, "c-5");
    assert_eq!(world.incident().severity, 2);
}

#[test]
fn services_are_counted_apart_and_open_incidents_of_their_own() {
    let mut world = World::airline();
    for conversation in ["c-1", "c-2", "c-3", "c-4"] {
        commitment(&mut world, conversation);
    }
    let unit = Unit { kind: "conversation".to_owned(), id: "c-5".to_owned() };
    world.signal("hallucinated_commitment", |s| {
        s.unit = Some(unit);
        s.service = "agent-copilot".to_owned();
    });
    assert_eq!((world.incidents.len(), world.incident().severity), (1, 2));
}

#[test]
fn further_firings_attach_and_keep_their_decision_record() {
    let mut world = World::airline();
    for _ in 0..3 {
        world.signal("pii_leak", |s| s.label = Some("confirmed".to_owned()));
    }
    assert_eq!(world.incidents.len(), 1);
    assert_eq!(world.incident().sources.triggers["pii-confirmed"], 3);
    let attached = world.events().filter(|event| matches!(event, Event::Attached(_))).count();
    assert_eq!(attached, 2);
}

#[test]
fn an_all_clear_is_evidence_and_resolves_only_where_the_class_says_so() {
    let alert = |key: &str, state| Some(Alert { key: key.to_owned(), state });
    let mut world = World::airline();
    for key in ["a1", "a2"] {
        world.signal("provider_down", |s| s.alert = alert(key, AlertState::Firing));
    }
    world.signal("provider_down", |s| s.alert = alert("a1", AlertState::Resolved));
    assert_eq!((world.incident().status(), world.incident().firing()), (Status::Triggered, 1));
    world.signal("provider_down", |s| s.alert = alert("a2", AlertState::Resolved));
    assert_eq!(world.incident().status(), Status::Resolved);

    let mut world = World::airline();
    for state in [AlertState::Firing, AlertState::Resolved] {
        world.signal("pii_leak", |s| {
            s.label = Some("confirmed".to_owned());
            s.alert = alert("a1", state);
        });
    }
    assert_eq!((world.incident().status(), world.incident().firing()), (Status::Triggered, 0));
    assert!(world.events().any(|event| matches!(event, Event::SourceCleared { firing: 0, .. })));
}

/// Fires from the third signal within a day on, by region.
fn by_region() -> World {
    let mut world = World::airline();
    world.activate(|policy| {
        policy.triggers.retain(|trigger| trigger.id == "commitment-repeated");
        let trigger = &mut policy.triggers[0];
        if let TriggerKind::Count { distinct_units, at_least, .. } = &mut trigger.kind {
            (*distinct_units, *at_least) = (false, 3);
        }
        trigger.raise.key = vec![KeyPart::Class, KeyPart::Label("region".to_owned())];
    });
    world
}

fn committed(world: &mut World, region: &str) {
    world.signal("hallucinated_commitment", |s| {
        s.labels.insert("region".to_owned(), region.to_owned());
    });
}

#[test]
fn keys_without_bound_are_counted_together_until_windows_pass() {
    let mut world = by_region();
    for region in 0..MAX_DETECTORS {
        committed(&mut world, &region.to_string());
    }
    assert!(!world.detectors.take_crowded() && world.incidents.is_empty());
    // Three further regions with one signal each: sooner than each on its own, not later.
    for region in ["x", "y", "z"] {
        committed(&mut world, region);
    }
    assert!(world.detectors.take_crowded() && !world.detectors.take_crowded());
    assert_eq!(world.incidents.len(), 1);
    // A day later nothing counts any more, and there is room again.
    world.advance("24h");
    world.restart();
    for region in ["a", "b", "c"] {
        committed(&mut world, region);
    }
    assert!(!world.detectors.take_crowded());
    assert_eq!(world.incidents.len(), 1);
}

#[test]
fn another_clause_counts_anew() {
    let mut world = by_region();
    committed(&mut world, "eu");
    committed(&mut world, "eu");
    world.activate(|policy| policy.organization = "Another Air".to_owned());
    let again = |world: &mut World, at_least: u32| {
        world.activate(|policy| {
            let trigger = policy.triggers.iter_mut().find(|trigger| trigger.id == "commitment-repeated").unwrap();
            if let TriggerKind::Count { at_least: limit, .. } = &mut trigger.kind {
                *limit = at_least;
            }
        });
        committed(world, "eu");
        world.incidents.len()
    };
    assert_eq!(again(&mut world, 2), 0, "what was counted for three does not count for two");
    assert_eq!(again(&mut world, 2), 1, "the same clause goes on");
}
