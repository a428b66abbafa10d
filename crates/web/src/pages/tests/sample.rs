//! A few incidents made by the core itself, on the starter policy, for pages to show.

use std::sync::Arc;

use calendar::{Duration, Instant};
use engine::{Delivery, StoredSignal};
use journal::DeliveryState;
use policy::Source;
use wcore::decision::SignalRef;
use wcore::event::{Actor, Entry, Evidence};
use wcore::incident::Escalation;
use wcore::raise::Raised;
use wcore::trigger::{Detectors, Observed, Triggers};
use wcore::{Command, Context, Incident, Signal};

use crate::access::Viewer;
use crate::pages::frame::Scene;
use crate::pages::names::Names;

/// A Monday morning after the hand-off of 9:00 in Berlin.
pub(super) const START: &str = "2026-11-23T08:12:00Z";

/// Time, documents, and what happened to one incident.
pub(super) struct Story {
    pub(super) names: Names,
    pub(super) now: Instant,
    pub(super) incident: Incident,
    pub(super) timeline: Vec<Entry>,
    pub(super) signals: Vec<StoredSignal>,
}

pub(super) fn names() -> Names {
    let loaded = policy::load(
        Source { name: "policy.yaml", text: policy::starter::POLICY },
        Source { name: "roster.yaml", text: policy::starter::ROSTER },
    );
    Names { policy: Arc::new(loaded.policy.unwrap()), roster: Arc::new(loaded.roster.unwrap()) }
}

pub(super) fn person(id: &str) -> Actor {
    Actor::Person(id.to_owned())
}

pub(super) fn evidence(at: Instant) -> Evidence {
    Evidence {
        kind: "evaluation".to_owned(),
        text: "refund-policy-v3, 200 conversations: no invented refund in 200 conversations; the previous run had 11."
            .to_owned(),
        link: Some("https://evals.example.com/runs/812".to_owned()),
        observed_at: at,
    }
}

pub(super) fn signal(metric: &str, label: &str, summary: &str) -> Signal {
    Signal {
        source: "evals".to_owned(),
        metric: metric.to_owned(),
        service: "support-assistant".to_owned(),
        label: Some(label.to_owned()),
        summary: Some(summary.to_owned()),
        unit: Some(wcore::signal::Unit { kind: "conversation".to_owned(), id: "c-48121".to_owned() }),
        link: Some("https://evals.example.com/conversations/c-48121".to_owned()),
        ..Signal::default()
    }
}

impl Story {
    /// Opened by one signal, `minutes` after the start.
    pub(super) fn begin(no: u64, minutes: i64, signal: Signal) -> Story {
        let names = names();
        let now = Instant::parse(START).unwrap() + Duration::from_mins(minutes);
        let place = SignalRef { position: no * 10, index: 0 };
        let triggers = Triggers::new(&names.policy);
        let observed = Observed { signal: &signal, place, now };
        let firings = triggers.observe(&names.policy, &mut Detectors::default(), observed);
        let stored = StoredSignal {
            position: place.position,
            index: 0,
            recorded_at: now,
            signal,
            has_words: true,
            erased: false,
        };
        let ctx = Context { now, policy: &names.policy, roster: &names.roster };
        let decided = wcore::raise::open(no, &Raised { firings, alerts: Vec::new() }, &ctx).unwrap();
        let entry = Entry { at: now, by: Actor::Watchbell, events: decided.events };
        let mut story = Story { incident: decided.state, timeline: vec![entry], signals: vec![stored], now, names };
        story.receive();
        story
    }

    /// A page that was sent arrives at once.
    fn receive(&mut self) {
        if let Escalation { current: Some((step, round)), receipt_due: Some(_), .. } = self.incident.escalation {
            let command = Command::StepReceipt { step, round, person: "ana".to_owned(), channel: "pager".to_owned() };
            let ctx = Context { now: self.now, policy: &self.names.policy, roster: &self.names.roster };
            let decided = wcore::decide(&self.incident, &command, &Actor::Watchbell, &ctx).unwrap();
            self.record(Actor::Watchbell, decided);
        }
    }

    /// Time passes, and what falls due does, each at its own instant.
    pub(super) fn wait(&mut self, minutes: i64) -> &mut Story {
        let until = self.now + Duration::from_mins(minutes);
        while let Some(due) = self.incident.next_due().filter(|due| *due <= until) {
            self.now = due.max(self.now);
            let ctx = Context { now: self.now, policy: &self.names.policy, roster: &self.names.roster };
            let decided = wcore::tick(&self.incident, &ctx);
            assert!(!decided.events.is_empty(), "nothing happens at {due}");
            self.record(Actor::Watchbell, decided);
        }
        self.now = until;
        self
    }

    /// A person acts.
    pub(super) fn act(&mut self, by: &str, command: Command) -> &mut Story {
        let ctx = Context { now: self.now, policy: &self.names.policy, roster: &self.names.roster };
        let decided = wcore::decide(&self.incident, &command, &person(by), &ctx).unwrap();
        self.record(person(by), decided);
        self
    }

    fn record(&mut self, by: Actor, decided: wcore::Decided) {
        self.timeline.push(Entry { at: self.now, by, events: decided.events });
        self.incident = decided.state;
        self.receive();
    }

    /// The page's scene, as a person sees it.
    pub(super) fn scene(&self, person: &str) -> Scene {
        let viewer =
            Viewer { person: Some(person.to_owned()), name: self.names.person(person).to_owned(), admin: false };
        Scene {
            names: self.names.clone(),
            viewer,
            now: self.now,
            rate: 1.0,
            held: None,
            once: "0123456789ab".to_owned(),
        }
    }
}

pub(super) fn acknowledge() -> Command {
    Command::Acknowledge {}
}

pub(super) fn contain(text: &str) -> Command {
    Command::Contain { customers_see: text.to_owned() }
}

pub(super) fn mitigate(text: &str) -> Command {
    Command::Mitigate { note: text.to_owned() }
}

pub(super) fn update(audience: &str, text: &str) -> Command {
    Command::Update { audience: audience.to_owned(), text: text.to_owned(), next_update_at: None, statement: None }
}

/// The story of a SEV-1 until it is contained, with a missed update and one that ran late.
pub(super) fn refunds() -> Story {
    let mut story = Story::begin(
        7,
        0,
        signal("hallucinated_commitment", "confirmed", "Promised a full refund on a non-refundable fare, twice."),
    );
    story.wait(4).act("ana", acknowledge()).wait(2);
    story.act(
        "ana",
        Command::Note { text: "Prompt v48 went out at 08:05. Suspecting the new refund section.".to_owned() },
    );
    story.wait(5).act(
        "tom",
        update("support", "The assistant promises refunds that we do not give. Hand refund questions over."),
    );
    story.wait(14).act("ana", contain("The assistant hands every refund question to a person."));
    story.wait(11);
    story
}

/// The same until somebody else has proven the fix.
pub(super) fn proven() -> Story {
    let mut story = refunds();
    story.act("ana", mitigate("Rolled prompt v48 back to v47.")).wait(20);
    let at = story.now;
    story.act("mara", Command::Validate { passed: true, evidence: evidence(at) });
    story
}

pub(super) fn delivery(no: u64, person: &str, at: Instant, state: DeliveryState) -> Delivery {
    let outcome = match state {
        DeliveryState::Delivered => "accepted with 202",
        DeliveryState::Dead => "given up after 30 min: the receiver answered 503",
        _ => "",
    };
    Delivery {
        id: format!("inc-{no}-step-0-{person}"),
        incident: Some(no),
        severity: 1,
        person: person.to_owned(),
        channel: if state == DeliveryState::Dead { "pager" } else { "inbox" }.to_owned(),
        address: person.to_owned(),
        state,
        attempts: if state == DeliveryState::Dead { 9 } else { 1 },
        created_at: at,
        attempted_at: Some(at + Duration::from_secs(1)),
        next_attempt_at: None,
        outcome: outcome.to_owned(),
        subject: format!("SEV-1 INC-{no}: Invented policy, price or refund"),
        text: "Invented policy, price or refund in Support assistant. Nobody has acknowledged it yet.".to_owned(),
        link: Some(format!("https://watchbell.example.com/incidents/INC-{no}")),
    }
}
