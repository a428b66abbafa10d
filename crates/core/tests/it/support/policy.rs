//! Policies and rosters of the tests.

use std::collections::BTreeMap;

use calendar::{
    Calendar, CalendarSpec, Every, Handoff, LayerSpec, RotationSpec, Schedule, ScheduleSpec, Time, Window as Hours,
};
use policy::condition::Condition;
use policy::model::{
    Audience, Class, KeyPart, Length, Metric, Milestone, Mode, Party, Person, Policy, Raise, Rank, Role, RoleRule,
    Roster, Service, Severity, Step, Target, Targets, Trigger, TriggerKind, Window,
};

use super::span;

/// A target around the clock.
pub(crate) fn always(length: &str) -> Target {
    on("always", length)
}

/// A target on a calendar.
pub(crate) fn on(calendar: &str, length: &str) -> Target {
    Target { length: Length::Time(span(length)), calendar: calendar.to_owned() }
}

/// One notice, and no more.
pub(crate) fn once(first: Target) -> Window {
    notices(Some(first), None, Milestone::Resolved, None)
}

/// A first notice, then a cadence until a milestone, then a closing notice.
pub(crate) fn notices(
    first: Option<Target>,
    every: Option<Target>,
    until: Milestone,
    closing: Option<Target>,
) -> Window {
    Window::Notices { first, every, until, closing, only_if: None, approval: None }
}

/// People by their ids.
pub(crate) fn people(ids: &[&str]) -> Vec<Party> {
    ids.iter().map(|id| Party::Person((*id).to_owned())).collect()
}

fn step(page: Vec<Party>, wait: &str) -> Step {
    Step { page, wait: span(wait), repeat_until_acknowledged: false }
}

fn owned_by(owner: &str, backup: &[&str]) -> RoleRule {
    RoleRule { owner: people(&[owner]), backup: people(backup), not: None }
}

fn on_call() -> Party {
    Party::Schedule("ai-oncall".to_owned())
}

/// A policy that promises nothing yet: three severities, the people, one step.
pub(crate) fn bare() -> Policy {
    let severity = |rank: Rank| Severity { rank, name: format!("SEV-{rank}") };
    let remediation = owned_by("ana", &["ben"]);
    let validation = RoleRule { not: Some(Role::Remediation), ..owned_by("mara", &[]) };
    let audience = |surface: Option<&str>| Audience {
        channels: Vec::new(),
        surface: surface.map(str::to_owned),
        calendar: "always".to_owned(),
        language: None,
        region: None,
    };
    Policy {
        id: "p1".to_owned(),
        organization: "Example Air".to_owned(),
        severities: vec![severity(1), severity(2), severity(3)],
        services: BTreeMap::from([(
            "support-assistant".to_owned(),
            Service { name: "Support assistant".to_owned(), component: None },
        )]),
        metrics: BTreeMap::new(),
        triggers: Vec::new(),
        audiences: BTreeMap::from([
            ("customers".to_owned(), audience(Some("status-page"))),
            ("executives".to_owned(), audience(None)),
        ]),
        targets: BTreeMap::new(),
        classes: BTreeMap::from([("pii_leak".to_owned(), class("PII leak"))]),
        roles: BTreeMap::from([
            (Role::Commander, RoleRule { owner: vec![on_call()], ..RoleRule::default() }),
            (Role::Remediation, remediation),
            (Role::Validation, validation),
            (Role::Publishing, owned_by("tom", &["mara"])),
            (Role::Privacy, owned_by("mara", &[])),
        ]),
        escalation: BTreeMap::from([("default".to_owned(), vec![step(vec![on_call()], "10m")])]),
        review: None,
        reopen_within: span("24h"),
        warn_at_percent: vec![80],
    }
}

fn class(name: &str) -> Class {
    Class { name: name.to_owned(), ..Class::default() }
}

/// The example of the documentation: three severities, a matrix that is kept, four classes.
pub(crate) fn airline() -> Policy {
    let mut policy = bare();
    policy.targets = BTreeMap::from([(1, sev1()), (2, sev2()), (3, sev3())]);
    policy.classes = BTreeMap::from([
        ("pii_leak".to_owned(), class("PII leak")),
        ("quality_regression".to_owned(), class("Quality regression")),
        ("hallucinated_commitment".to_owned(), class("Hallucinated commitment")),
        ("provider_outage".to_owned(), Class { resolve_on_clear: true, ..class("Provider outage") }),
    ]);
    policy.escalation.insert(
        "default".to_owned(),
        vec![step(vec![on_call()], "10m"), step(people(&["ben"]), "10m"), step(people(&["mara"]), "5m")],
    );
    let higher_is_better = Metric {
        from: None,
        higher_is_better: Some(true),
        bad_below: Some(0.5),
        bad_above: None,
        unit: Some("conversation".to_owned()),
    };
    policy.metrics.insert("groundedness".to_owned(), higher_is_better);
    let repeated = |at_least: u32| TriggerKind::Count {
        when: condition("signal.metric == \"hallucinated_commitment\""),
        distinct_units: true,
        at_least,
        within: span("24h"),
    };
    let groundedness = TriggerKind::Rate {
        metric: "groundedness".to_owned(),
        tolerated: 0.05,
        false_pages_per_week: 0.1,
        by: vec!["service".to_owned(), "channel".to_owned()],
    };
    policy.triggers = vec![
        trigger("pii-confirmed", when("signal.metric == \"pii_leak\" && signal.label == \"confirmed\""), "pii_leak", 1),
        trigger("pii-suspected", when("signal.metric == \"pii_leak\" && signal.label == \"suspected\""), "pii_leak", 2),
        trigger("outage", when("signal.metric == \"provider_down\""), "provider_outage", 2),
        trigger("commitment", repeated(1), "hallucinated_commitment", 2),
        trigger("commitment-repeated", repeated(5), "hallucinated_commitment", 1),
        trigger("groundedness-drop", groundedness, "quality_regression", 2),
    ];
    policy
}

fn sev1() -> Targets {
    let every_30m = |closing| notices(Some(always("30m")), Some(always("30m")), Milestone::Mitigated, closing);
    Targets {
        acknowledge: Some(always("10m")),
        escalate_after: Some(always("20m")),
        contain: Some(always("30m")),
        mitigate: Some(always("4h")),
        validate: Some(always("8h")),
        resolve: Some(always("24h")),
        review: Some(always("120h")),
        updates: BTreeMap::from([
            ("customers".to_owned(), every_30m(Some(always("60m")))),
            ("executives".to_owned(), notices(Some(always("15m")), Some(always("2h")), Milestone::Resolved, None)),
        ]),
        ..Targets::default()
    }
}

fn sev2() -> Targets {
    Targets {
        acknowledge: Some(always("20m")),
        escalate_after: Some(always("45m")),
        contain: Some(always("2h")),
        mitigate: Some(always("8h")),
        updates: BTreeMap::from([("customers".to_owned(), once(always("60m")))]),
        ..Targets::default()
    }
}

fn sev3() -> Targets {
    Targets { acknowledge: Some(always("60m")), mitigate: Some(always("72h")), ..Targets::default() }
}

fn condition(text: &str) -> Condition {
    Condition::parse(text).unwrap()
}

fn when(text: &str) -> TriggerKind {
    TriggerKind::When(condition(text))
}

fn trigger(id: &str, kind: TriggerKind, class: &str, severity: Rank) -> Trigger {
    let raise = Raise { class: class.to_owned(), severity, key: vec![KeyPart::Class, KeyPart::Service] };
    Trigger { id: id.to_owned(), mode: Mode::Active, kind, raise }
}

/// Four people; ana is on call. `desk` is open every day from 01:00 to 04:00 and from 13:00 to
/// 17:00 in Berlin, but for Wednesday 2026-11-25.
pub(crate) fn roster() -> Roster {
    let person = |name: &str| Person { name: name.to_owned(), contacts: Vec::new() };
    let hours = ["01:00-04:00", "13:00-17:00"].map(|text| Hours::parse(text).unwrap());
    let desk = CalendarSpec {
        time_zone: "Europe/Berlin".to_owned(),
        weekly: std::array::from_fn(|_| hours.to_vec()),
        holidays: ["2026-11-25".parse().unwrap()].into(),
        ..CalendarSpec::default()
    };
    let handoff = Handoff { weekday: None, time: Time::constant(9, 0, 0, 0) };
    let rotation = RotationSpec { every: Every::Weeks(1), handoff, start: None };
    let layer = LayerSpec { rotation, people: vec!["ana".to_owned()], restrictions: None };
    let schedule = ScheduleSpec { time_zone: "Europe/Berlin".to_owned(), layers: vec![layer], overrides: Vec::new() };
    Roster {
        id: "r1".to_owned(),
        people: ["ana", "ben", "mara", "tom"].map(|id| (id.to_owned(), person(id))).into(),
        schedules: BTreeMap::from([("ai-oncall".to_owned(), Schedule::new(schedule).unwrap())]),
        fallback: vec!["ben".to_owned(), "mara".to_owned()],
        calendars: BTreeMap::from([("desk".to_owned(), Calendar::new(desk).unwrap())]),
        channels: BTreeMap::new(),
    }
}
