//! The bytes of events: what the journal holds stays readable, for ever.

use calendar::{Duration, Instant, Intervals};
use expect_test::expect_file;
use policy::model::{Party, Precondition, Role};
use wcore::clock::{Clock, ClockId, ClockKind, Ending, Warning};
use wcore::decision::{Decision, SignalRef};
use wcore::event::{
    Act, Approval, Attached, ChecklistEvent, Event, Evidence, Fact, Opened, PageReason, PageRequest, PlannedStep,
    RetimeCause, Retimed, Update, Words,
};

use crate::support::at;

/// The place of an event's variant in [`EXAMPLES`]. A new variant must be added here, and so below.
fn place(event: &Event) -> usize {
    match event {
        Event::Opened(_) => 0,
        Event::Attached(_) => 1,
        Event::SourceCleared { .. } => 2,
        Event::ClockStarted(_) => 3,
        Event::ClockRetimed(_) => 4,
        Event::ClockWarned { .. } => 5,
        Event::ClockMet { .. } => 6,
        Event::ClockBreached { .. } => 7,
        Event::ClockEnded { .. } => 8,
        Event::RoleAssigned { .. } => 9,
        Event::RoleVacant { .. } => 10,
        Event::RoleAccepted { .. } => 11,
        Event::Acknowledged(_) => 12,
        Event::Contained { .. } => 13,
        Event::Mitigated { .. } => 14,
        Event::Validated { .. } => 15,
        Event::Resolved { .. } => 16,
        Event::Reopened { .. } => 17,
        Event::Reviewed { .. } => 18,
        Event::FactRecorded { .. } => 19,
        Event::SeverityChanged { .. } => 20,
        Event::Noted { .. } => 21,
        Event::Paused { .. } => 22,
        Event::Unpaused => 23,
        Event::UpdatePublished(_) => 24,
        Event::UpdateVisible { .. } => 25,
        Event::AudienceDecided { .. } => 26,
        Event::PageRequested(_) => 27,
        Event::StepSkipped { .. } => 28,
        Event::EscalationPlanned { .. } => 29,
        Event::EscalationStopped { .. } => 30,
        Event::RoleDeclined { .. } => 31,
        Event::HandOverOffered { .. } => 32,
        Event::HoldStarted { .. } => 33,
        Event::HoldBroken { .. } => 34,
        Event::BreakGlassRequested { .. } => 35,
        Event::BrokenGlass { .. } => 36,
        Event::UpdateDrafted(_) => 37,
        Event::UpdateApproved { .. } => 38,
        Event::ApprovedUnsent { .. } => 39,
        Event::NoticeSubmitted { .. } => 40,
        Event::ReceiptAwaited { .. } => 41,
        Event::StepReceived { .. } => 42,
        Event::ReceiptMissing { .. } => 43,
        Event::ActionDone { .. } => 44,
        Event::LoweringRequested { .. } => 45,
        Event::LoweringDeclined { .. } => 46,
        Event::LoweringConfirmed { .. } => 47,
        Event::FactCorrected { .. } => 48,
        Event::Checklist(event) => match **event {
            ChecklistEvent::Started { .. } => 49,
            ChecklistEvent::Ticked { .. } => 50,
            ChecklistEvent::Unticked { .. } => 51,
            ChecklistEvent::Assigned { .. } => 52,
        },
    }
}

const VARIANTS: usize = 53;

fn text(text: &str) -> String {
    text.to_owned()
}

fn act() -> Act {
    Act { by: text("ana"), at: at("10:05") }
}

fn decision() -> Decision {
    Decision {
        trigger: text("pii-confirmed"),
        policy: text("0123456789ab"),
        clause: text("signal.metric == \"pii_leak\""),
        statement: text("one signal is enough"),
        count: 2,
        first_at: at("09:59:58.5"),
        last_at: at("10:00"),
        signals: vec![SignalRef { position: 7, index: 0 }, SignalRef { position: 7, index: 3 }],
    }
}

fn id(kind: ClockKind, cycle: u32) -> ClockId {
    ClockId { kind, cycle }
}

fn clock() -> Clock {
    let mut pauses = Intervals::new();
    pauses.add(at("10:10"), at("10:20"));
    pauses.add(at("10:30"), Instant::MAX);
    Clock {
        id: id(ClockKind::Notify(text("customers")), 2),
        target: Duration::from_mins(30),
        calendar: text("always"),
        started_at: at("10:00"),
        grace: Duration::from_mins(10),
        due_at: Some(at("10:30")),
        latest_at: Some(at("11:00")),
        warnings: vec![Warning { percent: 80, at: at("10:24"), fired_at: Some(at("10:24")) }],
        only_if: Some(Precondition::ImpactSustained),
        born_late: true,
        pauses,
        met_at: Some(at("10:31")),
        breached_at: Some(at("10:30")),
        ending: Some(Ending::Met),
    }
}

fn opening() -> [Event; 3] {
    let opened = Opened {
        no: 7,
        title: text("PII leak: Support assistant"),
        class: text("pii_leak"),
        severity: 1,
        service: text("support-assistant"),
        key: text("pii_leak|support-assistant"),
        restricted: true,
        impact_started_at: Some(at("09:59:58.5")),
        policy: text("0123456789ab"),
        roster: text("ba9876543210"),
        decision: Some(decision()),
        alerts: vec![text("a1")],
    };
    [
        Event::Opened(Box::new(opened)),
        Event::Attached(Box::new(Attached { decision: decision(), alerts: vec![text("a2")] })),
        Event::SourceCleared { alerts: vec![text("a1")], firing: 1 },
    ]
}

fn clocks() -> [Event; 6] {
    let running = Clock { ending: None, met_at: None, breached_at: None, due_at: None, only_if: None, ..clock() };
    [
        Event::ClockStarted(Box::new(running)),
        Event::ClockRetimed(Box::new(Retimed { clock: clock(), cause: RetimeCause::Severity })),
        Event::ClockWarned { clock: id(ClockKind::Acknowledge, 1), percent: 80, late: false },
        Event::ClockMet { clock: id(ClockKind::Accept(Role::Remediation), 1), at: at("10:05") },
        Event::ClockBreached { clock: id(ClockKind::Update(text("support")), 3), due_at: at("11:30") },
        Event::ClockEnded {
            clock: id(ClockKind::Statutory(text("gdpr-33-1")), 1),
            ending: Ending::Waived { by: text("mara"), reason: text("no personal data") },
        },
    ]
}

fn people() -> [Event; 13] {
    let evidence = Evidence {
        kind: text("evaluation"),
        text: text("set 7"),
        link: Some(text("https://evals.example.com/7")),
        observed_at: at("10:40"),
    };
    [
        Event::RoleAssigned { role: Role::Commander, person: text("ana"), consulted: vec![text("ben")] },
        Event::RoleVacant { role: Role::Privacy },
        Event::RoleAccepted { role: Role::Commander, person: text("ana") },
        Event::Acknowledged(act()),
        Event::Contained { act: act(), customers_see: text("a person answers") },
        Event::Mitigated { act: act(), note: text("rolled back") },
        Event::Validated { act: act(), passed: true, evidence },
        Event::Resolved { at: at("11:00"), on_clear: false },
        Event::Reopened { reason: text("it came back") },
        Event::Reviewed {
            act: act(),
            cause: text("a prompt change"),
            action: text("a canary"),
            owner: None,
            due_at: None,
        },
        Event::FactRecorded { fact: Fact::ConfirmedAt, act: act(), note: text("the transcript shows it") },
        Event::SeverityChanged { from: 2, to: 1, reason: text("confirmed") },
        Event::Noted { text: text("Grüße, \"quoted\"\n") },
    ]
}

fn words_and_pages() -> [Event; 9] {
    let update = Update {
        approval: Approval::By(text("mara")),
        corrects: Some(1),
        no: 2,
        audience: text("customers"),
        text: text("We are looking into it."),
        by: text("tom"),
        published_at: at("10:10"),
        channels: vec![text("pager")],
        visible_at: Some(at("10:11")),
        next_update_at: Some(at("10:40")),
    };
    let parties = vec![Party::Person(text("ana")), Party::Schedule(text("ai-oncall")), Party::Fallback];
    let reason = PageReason::Escalation { step: 1, round: 2 };
    [
        Event::Paused { reason: text("waiting for the provider") },
        Event::Unpaused,
        Event::UpdatePublished(Box::new(update)),
        Event::UpdateVisible { update: 1, surface: text("status-page") },
        Event::AudienceDecided { audience: text("customers"), inform: true, reason: text("counsel agreed") },
        Event::PageRequested(Box::new(PageRequest { reason, parties })),
        Event::StepSkipped { step: 1, round: 0 },
        Event::EscalationPlanned { step: 2, round: 0, at: at("10:30") },
        Event::EscalationStopped { reason: text("acknowledged by ana") },
    ]
}

fn roles() -> [Event; 2] {
    [
        Event::RoleDeclined { role: Role::Remediation, person: text("ana"), reason: text("on a train") },
        Event::HandOverOffered { role: Role::Commander, person: text("ben"), note: text("Prompt v47 is back.") },
    ]
}

fn proof() -> [Event; 4] {
    let (by, reason) = (text("ana"), text("the regulator is on the line"));
    [
        Event::HoldStarted { until: at("11:30") },
        Event::HoldBroken { trigger: text("pii-confirmed") },
        Event::BreakGlassRequested { by: by.clone(), reason: reason.clone(), until: at("11:40") },
        Event::BrokenGlass { by, confirmed_by: text("mara"), reason },
    ]
}

fn drafts_and_notices() -> [Event; 4] {
    let words = Words {
        no: 3,
        audience: text("customers"),
        text: text("Refunds take longer."),
        by: text("ben"),
        next_update_at: Some(at("11:00")),
        corrects: Some(1),
    };
    [
        Event::UpdateDrafted(Box::new(words)),
        Event::UpdateApproved { update: 3, act: act() },
        Event::ApprovedUnsent { update: 3 },
        Event::NoticeSubmitted { notice: text("gdpr-33-1"), act: act(), note: text("form 7") },
    ]
}

fn receipts() -> [Event; 4] {
    [
        Event::ReceiptAwaited { step: 1, round: 0, until: at("10:22") },
        Event::StepReceived { step: 1, round: 0, person: text("ben"), channel: text("pager") },
        Event::ReceiptMissing { step: 1, round: 0 },
        Event::ActionDone { act: act(), note: text("it runs") },
    ]
}

fn second_thoughts() -> [Event; 4] {
    let (by, reason) = (text("ana"), text("fewer customers than thought"));
    [
        Event::LoweringRequested { by: by.clone(), to: 2, reason: reason.clone(), until: at("11:40") },
        Event::LoweringDeclined { by: text("ben"), reason: text("a second customer wrote") },
        Event::LoweringConfirmed { by, confirmed_by: text("mara"), reason },
        Event::FactCorrected {
            fact: Fact::SubmittedAt,
            notice: Some(text("gdpr-33-1")),
            was: act(),
            act: Act { by: text("mara"), at: at("10:50") },
            reason: text("the hour was mistyped"),
            note: text("form 7"),
        },
    ]
}

fn checklists() -> [Event; 4] {
    let playbook = text("data-leak");
    let steps = vec![PlannedStep {
        text: text("Stop the path."),
        role: Role::Remediation,
        due_at: at("10:20"),
        why: Some(text("The next one is in reach.")),
        evidence: None,
    }];
    [
        ChecklistEvent::Started { playbook: playbook.clone(), title: text("Data leak"), act: act(), steps },
        ChecklistEvent::Ticked { playbook: playbook.clone(), step: 1, act: act(), note: text("cache is off") },
        ChecklistEvent::Unticked { playbook: playbook.clone(), step: 1, act: act(), reason: text("it is on again") },
        ChecklistEvent::Assigned { playbook, step: 1, person: text("ben") },
    ]
    .map(|event| Event::Checklist(Box::new(event)))
}

fn examples() -> Vec<Event> {
    let mut examples = Vec::new();
    examples.extend(opening());
    examples.extend(clocks());
    examples.extend(people());
    examples.extend(words_and_pages());
    examples.extend(roles());
    examples.extend(proof());
    examples.extend(drafts_and_notices());
    examples.extend(receipts());
    examples.extend(second_thoughts());
    examples.extend(checklists());
    examples
}

#[test]
fn there_is_one_example_of_each_event() {
    let places: Vec<usize> = examples().iter().map(place).collect();
    assert_eq!(places, (0..VARIANTS).collect::<Vec<_>>());
}

/// A changed line is a changed format. Where that is meant, its old form gets a test that reads it.
#[test]
fn events_are_written_as_they_always_were() {
    let lines: Vec<String> = examples().iter().map(|event| serde_json::to_string(event).unwrap()).collect();
    expect_file!["golden/events.jsonl"].assert_eq(&(lines.join("\n") + "\n"));
}

#[test]
fn events_that_were_written_are_read() {
    let written = include_str!("golden/events.jsonl");
    let read: Vec<Event> = written.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(read, examples());
}

/// Forms that were written once, by what they mean today.
#[test]
fn earlier_forms_are_read() {
    let before_approvals = r#"{"update_published":{"no":1,"audience":"customers","text":"We are looking into it.","by":"tom","published_at":"2026-11-23T10:10:00Z","channels":["pager"],"visible_at":"2026-11-23T10:11:00Z","next_update_at":"2026-11-23T10:40:00Z"}}"#;
    let Event::UpdatePublished(update) = serde_json::from_str(before_approvals).unwrap() else { panic!() };
    assert_eq!((update.no, update.approval, update.corrects), (1, Approval::NotNeeded, None));
    let before_statutory_clocks = r#"{"clock_started":{"id":{"kind":{"notify":"customers"},"cycle":2},"target":"PT30M","calendar":"always","started_at":"2026-11-23T10:00:00Z","grace":"PT10M","due_at":null,"warnings":[{"percent":80,"at":"2026-11-23T10:24:00Z","fired_at":"2026-11-23T10:24:00Z"}],"only_if":null,"born_late":true,"pauses":[["2026-11-23T10:10:00Z","2026-11-23T10:20:00Z"],["2026-11-23T10:30:00Z","9998-12-31T00:00:00Z"]],"met_at":null,"breached_at":null,"ending":null}}"#;
    let Event::ClockStarted(clock) = serde_json::from_str(before_statutory_clocks).unwrap() else { panic!() };
    assert_eq!(clock.latest_at, None);
    let before_owners =
        r#"{"reviewed":{"act":{"by":"ana","at":"2026-11-23T10:05:00Z"},"cause":"a prompt","action":"a canary"}}"#;
    let Event::Reviewed { owner: None, due_at: None, .. } = serde_json::from_str(before_owners).unwrap() else {
        panic!()
    };
}

#[test]
fn events_travel_as_bytes() {
    for event in examples() {
        let bytes = postcard::to_stdvec(&event).unwrap();
        assert_eq!(postcard::from_bytes::<Event>(&bytes).unwrap(), event);
    }
}

#[test]
fn page_reasons_and_clocks_have_names_that_keep() {
    let clock = |kind| id(kind, 1);
    for (reason, key) in [
        (PageReason::Escalation { step: 1, round: 2 }, "step-1-round-2"),
        (PageReason::Warning { clock: clock(ClockKind::Contain), percent: 80 }, "warning-contain-80"),
        (PageReason::Missed { clock: id(ClockKind::Update(text("support")), 3) }, "missed-update:support#3"),
        (PageReason::Missed { clock: clock(ClockKind::Accept(Role::Privacy)) }, "missed-accept:privacy"),
        (PageReason::Missed { clock: clock(ClockKind::Statutory(text("gdpr-33-1"))) }, "missed-statutory:gdpr-33-1"),
        (PageReason::Raised { to: 1 }, "raised-1"),
        (PageReason::Reopened { time: 2 }, "reopened-2"),
        (PageReason::Assigned { role: Role::Validation }, "assigned-validation"),
        (PageReason::HandOver { role: Role::Commander }, "hand-over-commander"),
        (PageReason::Declined { role: Role::Commander }, "declined-commander"),
        (PageReason::HoldBroken { time: 2 }, "hold-broken-2"),
        (PageReason::Unsent { update: 3 }, "unsent-3"),
        (PageReason::BreakGlass { until: at("10:30") }, "break-glass-2026-11-23T10:30:00Z"),
        (PageReason::Lowering { to: 2, until: at("10:30") }, "lowering-2-2026-11-23T10:30:00Z"),
    ] {
        assert_eq!(reason.key(), key);
    }
}
