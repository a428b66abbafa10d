//! The words of events, hostile text, and small fragments.

use calendar::Duration;
use expect_test::{Expect, expect};
use maud::Markup;
use policy::model::{Party, Role};
use wcore::Command;
use wcore::clock::{ClockId, ClockKind, Ending};
use wcore::event::{Act, ChecklistEvent, Event, Fact, PageReason, PageRequest, RetimeCause, Retimed};

use super::sample::{self, Story, refunds};
use crate::pages::board::{Board, board};
use crate::pages::event_words::{Weight, line};
use crate::pages::face::{self, Face};
use crate::pages::incident::{View, incident};

/// The text of some markup, without its tags.
fn text(markup: &Markup) -> String {
    let mut text = String::new();
    let mut within = false;
    for c in markup.0.chars() {
        match c {
            '<' => within = true,
            '>' => within = false,
            c if !within => text.push(c),
            _ => {}
        }
    }
    text
}

/// One of every kind that the samples do not bring about.
fn rare(story: &Story) -> Vec<Event> {
    let clock = story.incident.clocks[0].clone();
    let id = clock.id.clone();
    let act = Act { by: "ana".to_owned(), at: story.now };
    let page = |reason| Event::PageRequested(Box::new(PageRequest { reason, parties: vec![Party::Fallback] }));
    vec![
        Event::SourceCleared { alerts: vec!["a".to_owned(), "b".to_owned()], firing: 1 },
        Event::ClockRetimed(Box::new(Retimed { clock, cause: RetimeCause::Unpause })),
        Event::ClockEnded {
            clock: id.clone(),
            ending: Ending::Waived { by: "tom".to_owned(), reason: "Agreed.".to_owned() },
        },
        Event::ClockEnded {
            clock: ClockId { kind: ClockKind::Update("customers".to_owned()), cycle: 3 },
            ending: Ending::Superseded { by: id.clone() },
        },
        Event::ClockEnded {
            clock: ClockId { kind: ClockKind::Statutory("gdpr-33-1".to_owned()), cycle: 1 },
            ending: Ending::Corrected { by: "ines".to_owned(), reason: "The year.".to_owned() },
        },
        Event::LoweringRequested { by: "ana".to_owned(), to: 2, reason: "Few.".to_owned(), until: story.now },
        Event::LoweringDeclined { by: "tom".to_owned(), reason: "Many.".to_owned() },
        Event::LoweringConfirmed { by: "ana".to_owned(), confirmed_by: "tom".to_owned(), reason: "Few.".to_owned() },
        Event::FactCorrected {
            fact: Fact::SubmittedAt,
            notice: Some("gdpr-33-1".to_owned()),
            was: act.clone(),
            act: Act { by: "tom".to_owned(), at: story.now },
            reason: "The hour.".to_owned(),
            note: "Form 7.".to_owned(),
        },
        page(PageReason::Lowering { to: 2, until: story.now }),
        Event::RoleVacant { role: Role::Privacy },
        Event::StepSkipped { step: 1, round: 0 },
        Event::ReceiptAwaited { step: 0, round: 0, until: story.now },
        Event::StepReceived { step: 0, round: 0, person: "ana".to_owned(), channel: "pager".to_owned() },
        Event::ReceiptMissing { step: 1, round: 0 },
        Event::EscalationPlanned { step: 2, round: 0, at: story.now },
        Event::FactRecorded { fact: Fact::AwareAt, act: act.clone(), note: "The ticket.".to_owned() },
        Event::SeverityChanged { from: 2, to: 1, reason: "Spreads.".to_owned() },
        Event::Validated { act: act.clone(), passed: false, evidence: sample::evidence(story.now) },
        Event::Resolved { at: story.now, on_clear: false },
        Event::Resolved { at: story.now, on_clear: true },
        Event::Reopened { reason: "Again.".to_owned() },
        Event::Reviewed {
            act: act.clone(),
            cause: "Prompt.".to_owned(),
            action: "A gate.".to_owned(),
            owner: None,
            due_at: None,
        },
        Event::ActionDone { act: act.clone(), note: "It runs.".to_owned() },
        Event::Checklist(Box::new(ChecklistEvent::Started {
            playbook: "data-leak".to_owned(),
            title: "Data leak".to_owned(),
            act: act.clone(),
            steps: Vec::new(),
        })),
        Event::Checklist(Box::new(ChecklistEvent::Ticked {
            playbook: "data-leak".to_owned(),
            step: 2,
            act: act.clone(),
            note: "The cache is off.".to_owned(),
        })),
        Event::Checklist(Box::new(ChecklistEvent::Unticked {
            playbook: "gone-since".to_owned(),
            step: 2,
            act,
            reason: "It is on again.".to_owned(),
        })),
        Event::Checklist(Box::new(ChecklistEvent::Assigned {
            playbook: "data-leak".to_owned(),
            step: 3,
            person: "tom".to_owned(),
        })),
        Event::Paused { reason: "Waiting for the vendor.".to_owned() },
        Event::Unpaused,
        Event::AudienceDecided { audience: "customers".to_owned(), inform: false, reason: "Not affected.".to_owned() },
        page(PageReason::Escalation { step: 1, round: 2 }),
        page(PageReason::Missed { clock: id.clone() }),
        page(PageReason::Warning { clock: id, percent: 80 }),
        page(PageReason::Raised { to: 1 }),
        page(PageReason::Reopened { time: 1 }),
        page(PageReason::Assigned { role: Role::Validation }),
    ]
}

#[test]
fn rare_events_have_words() {
    let story = refunds();
    let mut said = String::new();
    for event in rare(&story) {
        let line = line(&event, &story.names, story.now);
        let weight = match line.weight {
            Weight::Minor => "  ",
            Weight::Major => "- ",
            Weight::Alarm => "! ",
        };
        said += &format!("{weight}{}", text(&line.text));
        said += &line.quote.map(|quote| format!(" | {}", quote.replace('\n', " / "))).unwrap_or_default();
        said.push('\n');
    }
    expect![[r#"
        - The sender cleared 2 alerts; 1 still firing
          Accept commander now due 08:32 UTC: work goes on
        - Tom Haas waived Accept commander | Agreed.
          Update customers no. 3 replaced by Accept commander
        - Inês Prado corrected the fact that Notice gdpr-33-1 hung on; it ran by mistake | The year.
        ! Ana Ruiz asks to lower the severity to SEV-2; a second person may confirm it until 08:48 UTC | Few.
        - Tom Haas ended the request for a lower severity | Many.
        - Ana Ruiz and Tom Haas lower the severity
        - Corrected by Tom Haas: Notice submitted gdpr-33-1 at 08:48 UTC, not at 08:48 UTC as Ana Ruiz had stated | The hour. / Form 7.
        - Paged the fallback list (asked to confirm a lower severity, SEV-2)
        ! Nobody holds Privacy
        ! Step 2 had nobody to page, so the next one was paged at once
          Unless a page of step 1 arrives, the next step is paged at 08:48 UTC
          Step 1 has reached Ana Ruiz by pager
        ! No page of step 2 arrived in time, so the next step was paged at once
          Unless someone acknowledges, step 3 is paged at 08:48 UTC
        - The organization became aware at 08:48 UTC | The ticket.
        - Severity raised from SEV-2 to SEV-1 | Spreads.
        ! Validation failed on evaluation, observed at 08:48 UTC | refund-policy-v3, 200 conversations: no invented refund in 200 conversations; the previous run had 11.
        - Resolved
        - Resolved: its sender cleared it, as the class allows
        ! Reopened | Again.
        - Reviewed | Cause: Prompt. / Action: A gate.
        - Action done | It runs.
        - Checklist started: Data leak, 0 steps
        - Step 2 of Data leak is done | The cache is off.
        - Step 2 of gone-since is not done after all | It is on again.
        - Step 3 of Data leak is given to Tom Haas
        - Work paused | Waiting for the vendor.
        - Work goes on
        - Decided: customers are not told | Not affected.
        - Paged the fallback list (step 2, round 3)
        - Paged the fallback list (Accept commander missed)
          Paged the fallback list (Accept commander at 80 %)
        - Paged the fallback list (severity raised to SEV-1)
        - Paged the fallback list (it came back)
        - Paged the fallback list (given the role Validation)
    "#]].assert_eq(&said);
}

#[test]
fn a_story_reads_well() {
    let story = refunds();
    let mut said = String::new();
    for entry in &story.timeline {
        for event in &entry.events {
            let line = line(event, &story.names, story.now);
            if line.weight > Weight::Minor {
                said += &format!("{}: {}\n", story.names.actor(&entry.by), text(&line.text));
            }
        }
    }
    expect![[r#"
        Watchbell: Opened as SEV-1: Invented policy, price or refund in Support assistant
        Watchbell: Paged on call: ai-oncall (step 1)
        Ana Ruiz: Acknowledged by Ana Ruiz
        Ana Ruiz: Note
        Tom Haas: Update 1 to support
        Watchbell: Missed: Tell executives, was due 08:27 UTC
        Watchbell: Paged Tom Haas, Mara Lind and Ana Ruiz (Tell executives missed)
        Watchbell: Missed: Accept remediation, was due 08:32 UTC
        Watchbell: Paged Ben Okoye and Ana Ruiz (Accept remediation missed)
        Watchbell: Missed: Accept validation, was due 08:32 UTC
        Watchbell: Paged Noor Aziz, Mara Lind and Ana Ruiz (Accept validation missed)
        Ana Ruiz: Contained. Customers now see:
        Watchbell: Missed: Tell customers, was due 08:42 UTC
        Watchbell: Paged Tom Haas, Mara Lind and Ana Ruiz (Tell customers missed)
    "#]]
    .assert_eq(&said);
}

#[test]
fn hostile_text_stays_text() {
    const HOSTILE: &str = "</script><img src=x onerror=alert(1)>\"'&";
    let mut signal = sample::signal("hallucinated_commitment", "confirmed", HOSTILE);
    signal.link = Some("javascript:alert(1)".to_owned());
    signal.source = HOSTILE.to_owned();
    let mut story = Story::begin(7, 0, signal);
    story.incident.title = HOSTILE.to_owned();
    story.act("ana", sample::acknowledge()).act("ana", Command::Note { text: HOSTILE.to_owned() });
    story.act("ana", sample::contain(HOSTILE)).act("tom", sample::update("support", HOSTILE));
    let (scene, attempt) = (story.scene("ana"), None);
    let view = View {
        incident: story.incident.clone(),
        timeline: story.timeline.clone(),
        deliveries: Vec::new(),
        signals: story.signals.clone(),
        grant: crate::access::Grant::Role(crate::access::Role::Publisher),
        attempt,
        done: None,
    };
    let board =
        board(&scene, &Board { open: vec![story.incident.clone()], query: HOSTILE.to_owned(), ..Board::default() });
    for page in [incident(&scene, &view), board] {
        assert!(!page.0.contains("<img"), "a tag got through");
        assert!(!page.0.contains("javascript:"), "a link got through");
        assert!(page.0.contains("&lt;img src=x onerror=alert(1)&gt;&quot;"), "the text itself is shown");
    }
}

#[test]
fn clocks_show_their_state_in_words() {
    let mut story = refunds();
    let faces = |story: &Story| -> String {
        let clocks = story.incident.clocks.iter();
        clocks.map(|clock| format!("{} {}\n", clock.id, Face::of(clock, story.now).word())).collect()
    };
    expect![[r#"
        accept:commander met
        accept:remediation missed
        accept:validation missed
        accept:publishing met
        acknowledge met
        contain met
        mitigate running
        validate running
        resolve running
        notify:customers missed
        notify:executives missed
        notify:support met
        update:support at risk
        update:executives running
        update:customers running
    "#]]
    .assert_eq(&faces(&story));
    story.act("ana", Command::Pause { reason: "Vendor".to_owned() });
    let mitigate = story.incident.open_clocks(&ClockKind::Mitigate).next().unwrap();
    assert_eq!(Face::of(mitigate, story.now), Face::Paused);
}

#[test]
fn chips_say_each_duty_once_most_urgent_first() {
    let mut story = Story::begin(7, 0, sample::signal("hallucinated_commitment", "confirmed", ""));
    let chips = |story: &Story, wanted: Expect| {
        let chips = face::chips(&story.incident, story.now);
        let shown = chips.iter().map(|chip| format!("{} {} ×{}\n", chip.clock.id, chip.face.word(), chip.missed));
        wanted.assert_eq(&shown.collect::<String>());
    };
    chips(
        &story,
        expect![[r#"
            accept:commander running ×0
            acknowledge running ×0
            contain running ×0
            mitigate running ×0
            validate running ×0
            resolve running ×0
            notify:customers running ×0
            notify:executives running ×0
            notify:support running ×0
        "#]],
    );
    story.wait(95);
    chips(
        &story,
        expect![[r#"
            acknowledge missed ×1
            notify:executives missed ×1
            notify:support missed ×3
            accept:commander missed ×4
            contain missed ×1
            notify:customers missed ×3
            mitigate running ×0
            validate running ×0
            resolve running ×0
        "#]],
    );
}

#[test]
fn a_bar_empties() {
    let story = Story::begin(7, 0, sample::signal("hallucinated_commitment", "confirmed", ""));
    let clock = story.incident.open_clocks(&ClockKind::Acknowledge).next().unwrap();
    let shown =
        [0, 150, 300, 599, 600, 900].map(|seconds| face::percent_left(clock, story.now + Duration::from_secs(seconds)));
    assert_eq!(shown, [100, 75, 50, 0, 0, 0]);
}

#[test]
fn a_chip_is_small() {
    let story = Story::begin(7, 0, sample::signal("hallucinated_commitment", "confirmed", ""));
    let chips = face::chips(&story.incident, story.now);
    expect![[r#"<div class="chip is-running"><span class="chip-what"><svg class="glyph mark" viewBox="0 0 16 16" aria-hidden="true" focusable="false"><circle cx="8" cy="8" r="6.2"></circle><path d="M8 4.4V8l2.4 1.6"></path></svg><span>Accept 4 roles</span></span><span class="chip-time"><wb-countdown due="1795422720000">due <time datetime="2026-11-23T08:32:00Z">08:32 UTC</time></wb-countdown></span><svg class="bar" aria-hidden="true" focusable="false" data-start="1795421520000" data-due="1795422720000"><rect class="fill" width="100%" height="100%"></rect></svg></div>"#]].assert_eq(&face::chip(&chips[0], story.now).0);
}
