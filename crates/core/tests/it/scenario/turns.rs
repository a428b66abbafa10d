//! Where a deadline, a page or a person turns: equal instants, the second time, the other person.

use calendar::{Duration, Instant};
use policy::model::{Length, Milestone, Party, Role, Target};
use wcore::Command;
use wcore::clock::Clock;
use wcore::event::{Actor, Event, Fact};

use crate::support::{World, always, at, bare, notices, on, once, person, roster, span};

fn severity(name: &str) -> Command {
    Command::Severity { severity: name.to_owned(), reason: "looked again".to_owned() }
}

fn contain() -> Command {
    Command::Contain { customers_see: "a person answers".to_owned() }
}

fn hand_over(role: Role, person: &str) -> Command {
    Command::HandOver { role, person: person.to_owned(), note: "over to you".to_owned() }
}

fn clock<'a>(world: &'a World, name: &str) -> &'a Clock {
    world.incident().clocks.iter().find(|clock| clock.id.to_string() == name).unwrap()
}

fn holder(world: &World, role: Role) -> (&str, bool) {
    let holder = &world.incident().roles[&role];
    (&holder.person, holder.accepted)
}

/// How often that happened to the latest incident.
fn count(world: &World, is: impl Fn(&Event) -> bool) -> usize {
    world.events().filter(|event| is(event)).count()
}

/// Longer than the range of instants.
fn for_ever() -> Target {
    Target { length: Length::Time(Duration::from_hours(24 * 366 * 9_000)), calendar: "always".to_owned() }
}

#[test]
fn beyond_the_fallback_nobody_is_waited_for() {
    let mut world = World::airline();
    world.deaf = true;
    world.declare("provider_outage", "SEV-2");
    world.advance("20m");
    let steps: Vec<String> = world.pages().into_iter().filter(|page| page.contains(" step-")).collect();
    let expected = [
        "10:00 step-0-round-0: schedule/ai-oncall",
        "10:02 step-1-round-0: fallback",
        "10:17 step-1-round-1: fallback",
    ];
    assert_eq!(steps, expected);
}

#[test]
fn lengths_beyond_the_end_of_time_are_never_in_the_past() {
    let mut world = World::airline();
    let targets = world.policy.targets.get_mut(&1).unwrap();
    (targets.escalate_after, targets.hold) = (Some(for_ever()), Some(for_ever()));
    world.declare("pii_leak", "SEV-1");
    // The step's own wait counts.
    assert_eq!(world.incident().escalation.next, Some((1, 0, at("10:10"))));
    world.mitigates("ana");
    world.advance("1m");
    world.validates("mara", true);
    assert_eq!(world.incident().hold.as_ref().map(|hold| hold.until), Some(Instant::MAX));
}

#[test]
fn a_raise_that_brings_nothing_forward_plans_nothing() {
    let mut world = World::airline();
    world.declare("pii_leak", "SEV-2");
    world.advance("45m");
    let planned = |world: &World| count(world, |event| matches!(event, Event::EscalationPlanned { .. }));
    let before = planned(&world);
    world.does("ana", severity("SEV-1"));
    assert_eq!((planned(&world), world.incident().escalation.next), (before, Some((2, 0, at("10:55")))));
}

#[test]
fn joint_owners_speak_for_a_role() {
    let mut world = World::airline();
    let publishing = world.policy.roles.get_mut(&Role::Publishing).unwrap();
    publishing.owner.push(Party::Person("ben".to_owned()));
    world.declare("pii_leak", "SEV-1");
    let update = Command::Update {
        audience: "customers".to_owned(),
        text: "Hm.".to_owned(),
        next_update_at: None,
        statement: None,
    };
    assert_eq!(world.refused("ana", update.clone()), "approval-required");
    world.does("ben", update);
}

#[test]
fn a_promise_of_this_very_instant_is_past() {
    let mut world = World::sev1();
    world.advance("10m");
    world.tells("tom", "customers", Some("10:30"));
    world.advance_to("10:30");
    let text = "Only chats are concerned.".to_owned();
    world.does("tom", Command::Correct { update: 1, text });
    assert_eq!(world.incident().updates[1].next_update_at, None);
    let mut world = World::sev1();
    world.advance("10m");
    world.tells("tom", "customers", Some("10:30"));
    world.advance_to("10:30");
    world.mitigates("ana");
    world.expect_clock("closing:customers", "due 11:30");
}

#[test]
fn a_promise_that_the_policy_makes_anyway_is_timed_by_the_policy() {
    let mut policy = bare();
    let window = notices(None, Some(on("desk", "1h")), Milestone::Mitigated, None);
    policy.targets.entry(1).or_default().updates.insert("customers".to_owned(), window);
    let mut world = World::new(policy, roster());
    world.declare("pii_leak", "SEV-1");
    // The desk opens at 12:00.
    world.tells("tom", "customers", Some("13:00"));
    let slot = clock(&world, "update:customers#2");
    assert_eq!((slot.calendar.as_str(), slot.target, slot.due_at), ("desk", span("1h"), Some(at("13:00"))));
}

#[test]
fn an_impact_ends_with_the_containment_as_with_the_fix() {
    for act in [contain(), Command::Mitigate { note: "rolled back".to_owned() }] {
        let mut world = World::airline();
        world.declare("latency_degradation", "SEV-1");
        world.does("ana", act.clone());
        assert_eq!(world.clock("notify:customers"), "cancelled: the impact did not last", "{act:?}");
    }
}

#[test]
fn a_condition_holds_for_a_promise_that_a_raise_adds() {
    let mut policy = bare();
    let mut window = once(always("90m"));
    let policy::model::Window::Notices { only_if, .. } = &mut window else { panic!() };
    *only_if = Some(policy::model::Precondition::ImpactSustained);
    policy.targets.entry(1).or_default().updates.insert("customers".to_owned(), window);
    let mut world = World::new(policy, roster());
    world.declare("pii_leak", "SEV-2");
    world.advance("5m");
    world.does("ana", severity("SEV-1"));
    world.expect_clock("notify:customers", "due 11:30");
    world.does("ana", contain());
    world.expect_clock("notify:customers", "cancelled: the impact did not last");
}

#[test]
fn a_warning_is_given_once_whatever_moves_its_deadline() {
    let mut world = World::sev1();
    world.advance_to("10:25");
    world.does("ana", Command::Pause { reason: "waiting for the provider".to_owned() });
    world.advance_to("10:27");
    world.does("ana", Command::Unpause {});
    world.advance_to("10:31");
    let warned = |event: &Event| matches!(event, Event::ClockWarned { clock, .. } if clock.to_string() == "contain");
    assert_eq!(count(&world, warned), 1);
}

#[test]
fn a_warning_at_its_deadline_or_of_a_grace_is_none() {
    let mut world = World::airline();
    world.policy.warn_at_percent = vec![80, 100];
    world.declare("pii_leak", "SEV-2");
    let warned = |world: &World| clock(world, "contain").warnings.iter().map(|w| w.percent).collect::<Vec<_>>();
    assert_eq!(warned(&world), [80]);
    // Due at this very instant, it has ten minutes of grace.
    world.advance_to("10:30");
    world.does("ana", severity("SEV-1"));
    world.expect_clock("contain", "born late, due 10:40");
    assert!(clock(&world, "contain").born_late);
    assert_eq!(warned(&world), [0; 0]);
}

#[test]
fn a_warning_a_minute_after_its_instant_is_not_late() {
    for (late, after) in [(false, Duration::ZERO), (true, Duration::from_micros(1))] {
        let mut world = World::sev1();
        // Warned of at 10:24, had it been running.
        world.advance("15m");
        world.now = world.now + after;
        world.down_for("10m");
        let told = world.events().find_map(|event| match event {
            Event::ClockWarned { clock, late, .. } if clock.to_string() == "contain" => Some(*late),
            _ => None,
        });
        assert_eq!(told, Some(late), "{after:#}");
    }
}

#[test]
fn a_role_that_waits_to_be_accepted_has_a_clock_from_then_on() {
    let mut world = World::airline();
    world.policy.targets.get_mut(&1).unwrap().accept = Some(always("20m"));
    world.declare("pii_leak", "SEV-2");
    world.advance("2m");
    world.ack("ana");
    world.advance("3m");
    world.does("ana", hand_over(Role::Remediation, "ben"));
    world.advance("5m");
    world.does("ana", severity("SEV-1"));
    world.expect_clocks(&[
        ("accept:commander", "none"),
        ("accept:remediation", "due 10:25"),
        ("accept:validation", "due 10:20"),
    ]);
    // Asked of another person, it begins anew.
    world.does("ana", hand_over(Role::Remediation, "tom"));
    world.expect_clock("accept:remediation#2", "due 10:30");
}

#[test]
fn a_role_that_was_accepted_stays_with_its_holder() {
    let mut world = World::sev1();
    world.ack("ana");
    world.ack("ben");
    assert_eq!(count(&world, |event| matches!(event, Event::Acknowledged(_))), 1);
    world.mitigates("ben");
    assert_eq!(holder(&world, Role::Remediation), ("ana", true));
}

#[test]
fn a_fact_is_at_most_as_far_ahead_as_clocks_differ() {
    let tick = Duration::from_micros(1);
    for (after, allowed) in
        [(wcore::command::MAX_AHEAD, Ok(())), (wcore::command::MAX_AHEAD + tick, Err("time-invalid"))]
    {
        let mut world = World::sev1();
        let (at, note) = (Some(world.now + after), "the transcript".to_owned());
        let fact = Command::Fact { fact: Fact::AwareAt, at, note, notice: None, corrects: None, sure: false };
        assert_eq!(world.act(&person("ana"), &fact).map_err(|problem| problem.code.id), allowed, "{after:#}");
    }
}

fn submitted(notice: &str, instant: &str) -> Command {
    let (note, notice) = ("form 7".to_owned(), Some(notice.to_owned()));
    let (fact, at) = (Fact::SubmittedAt, Some(at(instant)));
    Command::Fact { fact, at, note, notice, corrects: None, sure: true }
}

fn stated(fact: Fact, instant: &str) -> Command {
    let note = "the transcript".to_owned();
    Command::Fact { fact, at: Some(at(instant)), note, notice: None, corrects: None, sure: true }
}

#[test]
fn a_notice_at_the_last_instant_is_in_time() {
    let mut world = World::airline();
    world.declare("suspected_leak", "SEV-1");
    world.does("mara", stated(Fact::AwareAt, "09:00"));
    world.advance_to("2026-11-26T09:00:00Z");
    world.expect_clock("statutory:gdpr-33-1", "due 2026-11-26T09:00:00Z");
    world.does("mara", submitted("gdpr-33-1", "2026-11-26T09:00:00Z"));
    world.expect_clock("statutory:gdpr-33-1", "met at 2026-11-26T09:00:00Z");
    let problem = world.act(&person("mara"), &submitted("gdpr-33-7", "09:00")).unwrap_err();
    assert!(problem.detail.starts_with("`notice` is `gdpr-33-7`;"), "{}", problem.detail);
}

#[test]
fn a_classification_at_the_last_instant_is_in_time() {
    let mut world = World::airline();
    let class = world.policy.classes.get_mut("suspected_leak").unwrap();
    class.statutory = ["dora-initial-a", "dora-initial-b"].map(str::to_owned).to_vec();
    world.declare("suspected_leak", "SEV-1");
    world.does("mara", stated(Fact::AwareAt, "10:00"));
    world.advance("24h");
    world.does("mara", stated(Fact::ClassifiedAt, "2026-11-24T10:00:00Z"));
    world.advance("1us");
    world.expect_clock("statutory:dora-initial-b", "missed at 2026-11-24T10:00:00Z");
}

#[test]
fn only_the_end_of_every_alert_stands_for_proof_and_only_where_the_class_says_so() {
    let resolve = Command::Resolve {};
    let alert = |world: &mut World, state| {
        let alert = wcore::signal::Alert { key: "a1".to_owned(), state };
        world.signal("provider_down", |s| s.alert = Some(alert));
    };
    let mut world = World::airline();
    world.declare("provider_outage", "SEV-2");
    assert_eq!(world.refused("ana", resolve.clone()), "validation-required");
    alert(&mut world, wcore::signal::AlertState::Firing);
    assert_eq!(world.refused("ana", resolve.clone()), "validation-required");
    alert(&mut world, wcore::signal::AlertState::Resolved);
    world.does("ben", Command::Reopen { reason: "customers still write".to_owned() });
    world.does("ana", resolve.clone());
    let refused = World::sev1().act(&person("ana"), &resolve).unwrap_err();
    assert!(refused.detail.ends_with("no validation is recorded"), "{}", refused.detail);
}

#[test]
fn an_action_is_due_after_its_review_and_done_once() {
    let mut world = World::sev1();
    world.mitigates("ana");
    world.advance("10m");
    world.validates("mara", true);
    world.does("ana", Command::Resolve {});
    let review = |due: Instant| {
        let (cause, action) = ("a prompt change".to_owned(), "a canary".to_owned());
        Command::Review { cause, action, owner: None, due_at: Some(due) }
    };
    let done = Command::ActionDone { note: "merged".to_owned() };
    assert_eq!(world.refused("ana", review(world.now)), "time-invalid");
    assert_eq!(world.refused("ana", done.clone()), "stage-mismatch");
    world.does("ana", review(world.now + Duration::from_micros(1)));
    world.does("ana", done.clone());
    assert!(world.incident().action_done.is_some());
    assert_eq!(world.refused("ana", done), "stage-mismatch");
}

#[test]
fn a_remark_is_on_record() {
    let mut world = World::sev1();
    let text = "v47 looks odd".to_owned();
    world.act(&Actor::Machine("bot".to_owned()), &Command::Note { text: text.clone() }).unwrap();
    assert!(world.events().any(|event| *event == Event::Noted { text: text.clone() }));
}
