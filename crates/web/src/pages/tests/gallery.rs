//! Writes sample pages to `$GALLERY`, to be looked at in a browser. Without it, it only renders.

use std::fs;
use std::path::Path;

use calendar::Duration;
use journal::DeliveryState;
use maud::Markup;
use problem::Problem;

use crate::access::{Grant, Role};

use super::sample::{self, Story, delivery, refunds, signal};
use crate::pages::board::{Alert, Board, Tab, board};
use crate::pages::form::Attempt;
use crate::pages::inbox::{Inbox, inbox};
use crate::pages::incident::{View, incident};
use crate::pages::{assets, declare, deliveries, hold, outside, playbooks, policy, proof};

fn pages() -> Vec<(&'static str, Markup)> {
    let story = refunds();
    let scene = story.scene("ana");
    vec![
        ("board", board(&scene, &morning(&story))),
        ("board-quiet", board(&scene, &Board::default())),
        ("wall", board(&scene, &Board { wall: true, ..morning(&story) })),
        ("closed", board(&scene, &Board { closed: vec![closed()], tab: Tab::Closed, ..Board::default() })),
        ("incident", incident(&scene, &view(&story, None))),
        ("incident-new", incident(&fresh().scene("ana"), &view(&fresh(), None))),
        ("incident-refused", refused()),
        ("incident-proven", incident(&sample::proven().scene("mara"), &view(&sample::proven(), None))),
        ("declare", declare::declare(&scene, None)),
        ("inbox", inbox(&scene, &Inbox { pages: messages(&story), person: None, unacknowledged: vec![9] })),
        (
            "deliveries",
            deliveries::deliveries(
                &scene,
                &messages(&story),
                &hold::section(&scene, &Grant::Role(Role::Responder), None),
            ),
        ),
        ("policy", policy::policy(&scene, &[], None)),
        ("playbooks", playbooks::list(&scene)),
        ("playbook", playbooks::one(&scene, &scene.names.policy.playbooks["data-leak"])),
        ("playbook-sheet", playbooks::one(&scene, &scene.names.policy.playbooks["ai-security-controls-review"])),
        ("proof", proof::proof(&scene, &lab::prove::prove(&scene.names.policy, &scene.names.roster, scene.now))),
        ("proof-refuted", proof::proof(&scene, &refuted(&scene))),
        ("sign-in", outside::sign_in("Ana Ruiz", "abc")),
        ("not-found", outside::problem(&Problem::new(&problem::INCIDENT_UNKNOWN, "`INC-99` names no incident"), "/")),
        ("error", outside::code(&problem::EVIDENCE_STALE)),
    ]
}

/// One guarantee of each verdict.
fn refuted(scene: &crate::pages::frame::Scene) -> lab::prove::Proof {
    use lab::prove::{Verdict, Witness, prove};
    let mut shown = prove(&scene.names.policy, &scene.names.roster, scene.now);
    let told = [
        (
            3,
            Verdict::Refuted,
            "On Sunday 25 October 2026 from 02:00 to 03:00 (Europe/Berlin) nobody is reachable for SEV-1 at step 1 (whoever is on call in ai-oncall). It happens 51 more times within the year.",
        ),
        (
            1,
            Verdict::NotDecided,
            "Whether rule 7 (same-label) can ever fire was not decided: it compares too many things, or two fields with each other.",
        ),
    ];
    for (i, verdict, text) in told {
        let guarantee = &mut shown.guarantees[i];
        guarantee.verdict = verdict;
        guarantee.witnesses = vec![Witness { verdict, text: text.to_owned(), when: None }];
    }
    shown
}

fn fresh() -> Story {
    let mut story =
        Story::begin(9, 30, signal("tool_misuse", "unauthorised", "Issued a refund of 4,000 without approval."));
    story.wait(6);
    story
}

fn closed() -> wcore::Incident {
    let mut story = sample::proven();
    story.act("ana", wcore::Command::Resolve {});
    story.incident
}

pub(super) fn view(story: &Story, attempt: Option<Attempt>) -> View {
    let at = story.incident.opened_at;
    let done = attempt.is_none().then_some("Contained.").filter(|_| story.incident.contained.is_some());
    View {
        incident: story.incident.clone(),
        timeline: story.timeline.clone(),
        deliveries: vec![delivery(story.incident.no, "ana", at, DeliveryState::Delivered)],
        signals: story.signals.clone(),
        grant: Grant::Role(Role::Publisher),
        attempt,
        done,
    }
}

fn refused() -> Markup {
    let mut story = refunds();
    story.act("ana", sample::mitigate("Rolled back."));
    let fields = [("set", "refund-policy-v3"), ("text", "All good"), ("passed", "true")];
    let attempt = Attempt {
        word: "validations".to_owned(),
        fields: fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        problem: Problem::new(
            &problem::SEPARATION_OF_DUTIES,
            "ana mitigated INC-7, so another person must validate it",
        ),
    };
    incident(&story.scene("ana"), &view(&story, Some(attempt)))
}

fn morning(story: &Story) -> Board {
    let others = [("index_age_hours", 3, 31.0), ("provider_error_share", 18, 0.11), ("latency_p95_seconds", 20, 12.0)];
    let mut open = vec![story.incident.clone(), fresh().incident];
    for (no, (metric, minutes, value)) in (10..).zip(others).filter(|(_, (metric, ..))| !metric.starts_with("latency"))
    {
        let mut seen = signal(metric, "", "");
        seen.value = Some(value);
        let mut other = Story::begin(no, minutes, seen);
        other.wait(36 - minutes);
        if metric == "index_age_hours" {
            other.act("ben", sample::acknowledge());
        }
        open.push(other.incident);
    }
    let alerts = vec![Alert {
        code: "channel-url-invalid".to_owned(),
        detail: "channel `pager` has no URL; pages go to the next contact".to_owned(),
        count: 3,
        last_at: story.now - Duration::from_mins(2),
    }];
    Board { open, alerts, may_respond: true, ..Board::default() }
}

fn messages(story: &Story) -> Vec<engine::Delivery> {
    let at = story.incident.opened_at;
    vec![
        delivery(9, "ana", at + Duration::from_mins(30), DeliveryState::Delivered),
        delivery(7, "ben", at + Duration::from_mins(10), DeliveryState::Dead),
        delivery(7, "ana", at, DeliveryState::Superseded),
    ]
}

#[test]
fn every_page_renders() {
    let mut pages = pages();
    pages.extend(super::night::pages());
    for (name, page) in &pages {
        let page = page.0.as_str();
        assert!(page.contains("<main") && page.ends_with("</html>"), "{name} is whole");
        assert!(!page.contains(" style=\"") && !page.contains("<script>"), "{name} obeys the content security policy");
    }
    let Some(folder) = std::env::var_os("GALLERY") else { return };
    let folder = Path::new(&folder);
    fs::create_dir_all(folder.join("assets")).unwrap();
    for (name, page) in pages {
        fs::write(folder.join(format!("{name}.html")), page.into_string()).unwrap();
    }
    for asset in [&*assets::STYLE, &*assets::SCRIPT, &*assets::ICON] {
        fs::write(folder.join(asset.path().trim_start_matches('/')), asset.body()).unwrap();
    }
}
