//! What should come and does not: raised, said again, ended by a return, and silent while a service
//! is contained or switched off.

use calendar::Duration;
use policy::model::{KeyPart, Mode, Raise, Trigger, TriggerKind};
use wcore::Command;
use wcore::event::Event;
use wcore::incident::Status;
use wcore::signal::{Alert, AlertState};

use crate::support::World;

/// A trigger that misses a metric of the assistant for half an hour.
fn missing(metric: &str, class: &str) -> Trigger {
    Trigger {
        id: format!("no-{metric}"),
        mode: Mode::Active,
        kind: TriggerKind::Absence {
            metric: metric.to_owned(),
            service: "support-assistant".to_owned(),
            within: Duration::from_mins(30),
        },
        raise: Raise { class: class.to_owned(), severity: 3, key: vec![KeyPart::Class, KeyPart::Service] },
    }
}

/// A world that expects answers of the assistant every half hour, from ten o'clock on.
fn world() -> World {
    let mut world = World::airline();
    world.activate(|policy| policy.triggers.push(missing("answers", "quality_regression")));
    world
}

fn firings(world: &World) -> usize {
    let is_absence = |decision: &wcore::decision::Decision| decision.trigger == "no-answers";
    let all = world.incidents.iter().flat_map(|(_, entries)| entries).flat_map(|entry| &entry.events);
    all.filter(|event| match event {
        Event::Opened(opened) => opened.decision.as_ref().is_some_and(is_absence),
        Event::Attached(attached) => is_absence(&attached.decision),
        _ => false,
    })
    .count()
}

#[test]
fn what_stays_away_raises_at_its_instant_and_says_why() {
    let mut world = world();
    world.advance("20m");
    world.signal("answers", |_| {});
    world.advance("29m");
    assert_eq!(world.incidents.len(), 0);
    world.advance("1m");
    let opened = world.events().find_map(|event| match event {
        Event::Opened(opened) => opened.decision.clone(),
        _ => None,
    });
    let decision = opened.unwrap();
    assert_eq!(decision.clause, "answers from support-assistant at least every 30m");
    assert!(decision.statement.ends_with("the last came at 2026-11-23T10:20:00Z"), "{}", decision.statement);
    assert_eq!((decision.signals.len(), decision.first_at), (1, world.now));
    // While it lasts it is said again, once an hour.
    world.advance("150m");
    assert_eq!((world.incidents.len(), firings(&world)), (1, 3));
    world.signal("answers", |s| s.service = "agent-copilot".to_owned());
    assert_eq!(world.incident().firing(), 1, "another service's says nothing");
    world.signal("answers", |_| {});
    assert_eq!((world.incident().status(), world.incident().firing()), (Status::Triggered, 0));
    assert!(world.events().any(|event| matches!(event, Event::SourceCleared { firing: 0, .. })));
    world.advance("30m");
    assert_eq!((world.incident().firing(), firings(&world)), (1, 4), "it stays away again");
}

#[test]
fn what_never_came_raises_too() {
    let mut world = world();
    world.advance("30m");
    assert_eq!(firings(&world), 1);
    // The watch goes on under another version with the same clause, and begins anew under another one.
    world.activate(|_| {});
    world.advance("60m");
    assert_eq!(firings(&world), 2);
    world.activate(|policy| {
        let last = policy.triggers.last_mut().unwrap();
        *last = missing("answers", "quality_regression");
        if let TriggerKind::Absence { within, .. } = &mut last.kind {
            *within = Duration::from_hours(4);
        }
    });
    world.advance("239m");
    assert_eq!(firings(&world), 2);
    world.advance("1m");
    assert_eq!(firings(&world), 3);
    world.activate(|policy| drop(policy.triggers.pop()));
    world.advance("24h");
    assert_eq!(firings(&world), 3, "nobody waits for it any more");
}

#[test]
fn bot_switched_off_at_two_and_silence_until_four_is_neither_absence_nor_recovery() {
    let alert = |state| Some(Alert { key: "a1".to_owned(), state });
    let mut world = World::airline();
    world.advance_to("2026-11-24T01:59:00Z");
    world.activate(|policy| policy.triggers.push(missing("answers", "quality_regression")));
    world.signal("answers", |_| {});
    world.signal("provider_down", |s| s.alert = alert(AlertState::Firing));
    world.advance("1m");
    // Off: the provider's incident is contained, and no customer reaches the bot.
    world.does("ana", Command::Contain { customers_see: "a person answers".to_owned() });
    let opened = world.incidents.len();
    world.advance_to("2026-11-24T03:00:00Z");
    world.restart();
    // Without traffic the sender's alert ends, which proves nothing.
    world.signal("provider_down", |s| s.alert = alert(AlertState::Resolved));
    world.advance_to("2026-11-24T04:00:00Z");
    assert_eq!((world.incidents.len(), firings(&world)), (opened, 0), "no absence");
    assert_eq!((world.incident().status(), world.incident().firing()), (Status::Contained, 0), "no recovery");
    // Proven and over: the bot is on again, and the time begins anew.
    world.mitigates("ana");
    world.advance("1m");
    world.validates("mara", true);
    world.does("ana", Command::Resolve {});
    world.advance("29m");
    assert_eq!(firings(&world), 0);
    world.advance("1m");
    assert_eq!(firings(&world), 1, "a service in use is missed again");
}

#[test]
fn a_return_while_contained_clears_nothing() {
    let mut world = world();
    world.advance("30m");
    world.does("ana", Command::Contain { customers_see: "a person answers".to_owned() });
    world.signal("answers", |_| {});
    assert_eq!(world.incident().firing(), 1);
    world.advance("10h");
    assert_eq!(firings(&world), 1, "nor does more silence say more");
}

#[test]
fn a_service_that_says_that_it_is_off_is_not_missed() {
    let mut world = world();
    let switch = |world: &mut World, label: &str| {
        world.signal(wcore::trigger::SWITCHED, |s| s.label = Some(label.to_owned()));
    };
    switch(&mut world, "off");
    world.advance("8h");
    assert_eq!(firings(&world), 0);
    switch(&mut world, "on");
    world.advance("29m");
    assert_eq!(firings(&world), 0);
    world.advance("1m");
    assert_eq!(firings(&world), 1);
}

#[test]
fn what_was_missed_while_nobody_watched_gets_five_minutes_and_is_raised_once() {
    for (returns, wanted) in [(true, 0), (false, 1)] {
        let mut world = world();
        world.down_for("9h");
        world.restart();
        assert_eq!(firings(&world), 0, "what was sent meanwhile was refused");
        world.advance("4m");
        if returns {
            world.signal("answers", |_| {});
        }
        world.advance("2m");
        assert_eq!(firings(&world), wanted);
        world.advance("20m");
        assert_eq!(firings(&world), wanted, "not once for every half hour");
    }
}
