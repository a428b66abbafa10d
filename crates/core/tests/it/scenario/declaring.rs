//! What people declare, and what signals are read for.

use calendar::Duration;
use policy::condition::Condition;
use policy::model::{Mode, Policy};
use wcore::command::MAX_AHEAD;
use wcore::event::{Event, Opened};
use wcore::raise::{self, Declaration, MAX_TITLE, Raised, UNSURE};
use wcore::trigger::Triggers;
use wcore::{Context, Signal};

use crate::support::{World, person};

fn declaration(change: impl FnOnce(&mut Declaration)) -> Declaration {
    let mut declaration: Declaration = serde_json::from_str(r#"{"title": "It lies"}"#).unwrap();
    change(&mut declaration);
    declaration
}

/// The key under which a declaration would be taken in, or why it is refused.
fn key(declaration: &Declaration) -> Result<String, &'static str> {
    let world = World::airline();
    let ctx = Context { now: world.now, policy: &world.policy, roster: &world.roster };
    let declared = raise::declare(declaration, &ctx).map_err(|problem| problem.code.id)?;
    Ok(declared.key().to_owned())
}

#[test]
fn whoever_is_not_sure_says_no_class() {
    let declaration = declaration(|_| ());
    assert_eq!(declaration.class, UNSURE);
    assert_eq!(key(&declaration).as_deref(), Ok("unsure|unsure"));
}

#[test]
fn a_declaration_names_what_the_policy_has() {
    let service = |name: &str| Some(name.to_owned());
    let class = |name: &str| declaration(|d| (d.class, d.service) = (name.to_owned(), service("agent-copilot")));
    assert_eq!(key(&class("pii_leak")).as_deref(), Ok("pii_leak|agent-copilot"));
    assert_eq!(key(&class("rumour")), Err("name-unknown"));
    assert_eq!(key(&declaration(|d| d.service = service("toaster"))), Err("name-unknown"));
}

#[test]
fn a_title_is_as_long_as_its_limit_and_no_longer() {
    for (length, allowed) in [(0, false), (1, true), (MAX_TITLE - 1, true), (MAX_TITLE, true), (MAX_TITLE + 1, false)] {
        let answer = key(&declaration(|d| d.title = "ü".repeat(length)));
        assert_eq!(answer.err(), (!allowed).then_some("text-invalid"), "{length}");
    }
}

#[test]
fn an_impact_begins_at_most_as_far_ahead_as_clocks_differ() {
    let tick = Duration::from_micros(1);
    let now = World::airline().now;
    for (after, allowed) in [(Duration::ZERO, true), (MAX_AHEAD, true), (MAX_AHEAD + tick, false)] {
        let answer = key(&declaration(|d| d.impact_started_at = Some(now + after)));
        assert_eq!(answer.err(), (!allowed).then_some("time-invalid"), "{after:#}");
    }
}

#[test]
fn declared_again_only_a_higher_severity_changes_it() {
    for (severity, changes) in [("SEV-1", vec![(2, 1)]), ("SEV-2", vec![]), ("SEV-3", vec![])] {
        let mut world = World::airline();
        world.declare("pii_leak", "SEV-2");
        let again = declaration(|d| (d.class, d.severity) = ("pii_leak".to_owned(), Some(severity.to_owned())));
        let ctx = Context { now: world.now, policy: &world.policy, roster: &world.roster };
        let joined = raise::declare(&again, &ctx).unwrap().join(world.incident(), &person("ben"), &ctx);
        let changed = joined.events.iter().filter_map(|event| match event {
            Event::SeverityChanged { from, to, .. } => Some((*from, *to)),
            _ => None,
        });
        assert_eq!(changed.collect::<Vec<_>>(), changes, "{severity}");
        assert!(joined.events.contains(&Event::Noted { text: "Declared again by ben: It lies".to_owned() }));
    }
}

#[test]
fn an_incident_of_signals_is_titled_by_its_class_and_service() {
    let world = World::sev1();
    let opened = world.events().find_map(|event| match event {
        Event::Opened(opened) => Some::<&Opened>(opened),
        _ => None,
    });
    assert_eq!(opened.map(|opened| opened.title.as_str()), Some("PII leak: Support assistant"));
}

fn observing(policy: &mut Policy) {
    policy.triggers.iter_mut().for_each(|trigger| trigger.mode = Mode::Observe);
}

#[test]
fn firings_of_one_batch_name_each_alert_once() {
    let mut world = World::airline();
    world.activate(observing);
    world.signal("pii_leak", |s| s.label = Some("confirmed".to_owned()));
    let [firing] = world.observed.as_slice() else { panic!("{:?}", world.observed) };
    let mut raised = Raised { firings: Vec::new(), alerts: Vec::new() };
    for alert in ["a", "b", "a"] {
        raised.absorb(firing.clone(), Some(alert));
    }
    assert_eq!((raised.firings.len(), raised.alerts), (1, vec!["a".to_owned(), "b".to_owned()]));
}

#[test]
fn an_alert_ends_only_for_the_active_triggers_that_its_signal_matches() {
    let mut policy = World::airline().policy;
    let signal = |label: &str| Signal {
        metric: "pii_leak".to_owned(),
        service: "agent-copilot".to_owned(),
        label: Some(label.to_owned()),
        ..Signal::default()
    };
    let keys = |policy: &Policy, label| Triggers::new(policy).keys(policy, &signal(label));
    assert_eq!(keys(&policy, "confirmed"), ["pii_leak|agent-copilot"]);
    assert_eq!(keys(&policy, "no leak"), [""; 0]);
    observing(&mut policy);
    assert_eq!(keys(&policy, "confirmed"), [""; 0]);
}

#[test]
fn conditions_read_the_fields_of_a_signal() {
    let signal = Signal {
        value: Some(0.25),
        late: true,
        labels: [("region".to_owned(), "eu".to_owned())].into(),
        ..Signal::default()
    };
    let holds = |text: &str, signal: &Signal| Condition::parse(text).unwrap().holds(signal);
    for text in ["signal.value == 0.25", "signal.late", r#"signal.labels["region"] == "eu""#] {
        assert!(holds(text, &signal), "{text}");
        assert!(!holds(text, &Signal::default()), "{text}, of a signal without it");
    }
    assert!(!holds(r#"signal.labels["country"] == "eu""#, &signal));
}

#[test]
fn every_trigger_either_uses_a_signal_or_says_why_not() {
    let policy = World::airline().policy;
    let signal = Signal {
        metric: "pii_leak".to_owned(),
        service: "agent-copilot".to_owned(),
        label: Some("unclear".to_owned()),
        ..Signal::default()
    };
    let triggers = Triggers::new(&policy);
    let why_not = triggers.why_not(&policy, &signal);
    assert_eq!(triggers.would(&policy, &signal).len() + why_not.len(), policy.triggers.len());
    assert!(why_not.iter().all(|(_, why)| !why.is_empty()), "{why_not:?}");
    let of = |id: &str| why_not.iter().find(|(trigger, _)| trigger == id).map(|(_, why)| why.as_str());
    assert_eq!(of("groundedness-drop"), Some("the metric is `pii_leak`, not `groundedness`"));
}
