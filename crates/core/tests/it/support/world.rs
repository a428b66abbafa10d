//! A workspace in small, on virtual time: what the engine does with the crate, without its store.

use std::collections::BTreeMap;

use calendar::Instant;
use policy::model::{Mode, Party, Policy, Roster};
use problem::Problem;
use wcore::decision::SignalRef;
use wcore::event::{Actor, Entry, Event, Evidence};
use wcore::incident::Escalation;
use wcore::raise::{self, Declaration, Raised};
use wcore::signal::{Alert, AlertState};
use wcore::trigger::{Detector, Detectors, Firing, Observed, Triggers};
use wcore::{Command, Context, Incident, Signal, decide, tick};

use super::{at, clock, show, span};

/// Wake-ups within one advance: far more than any test has, so that a loop without end shows.
const MAX_WAKES: u32 = 100_000;

pub(crate) struct World {
    pub(crate) now: Instant,
    pub(crate) policy: Policy,
    pub(crate) roster: Roster,
    pub(crate) detectors: Detectors,
    /// Incidents with everything that happened to them.
    pub(crate) incidents: Vec<(Incident, Vec<Entry>)>,
    /// Firings of triggers that only observe.
    pub(crate) observed: Vec<Firing>,
    /// Channels give no receipts.
    pub(crate) deaf: bool,
    triggers: Triggers,
    /// What the journal holds of the detectors.
    stored: BTreeMap<String, Detector>,
    position: u64,
    /// Pages shown already, per incident.
    shown: BTreeMap<usize, usize>,
}

impl World {
    /// Ten o'clock on the day of the scenarios.
    pub(crate) fn new(policy: Policy, roster: Roster) -> World {
        World {
            now: at("10:00"),
            triggers: Triggers::new(&policy),
            policy,
            roster,
            detectors: Detectors::default(),
            incidents: Vec::new(),
            observed: Vec::new(),
            deaf: false,
            stored: BTreeMap::new(),
            position: 0,
            shown: BTreeMap::new(),
        }
    }

    /// The airline's policy and people.
    pub(crate) fn airline() -> World {
        World::new(super::airline(), super::roster())
    }

    /// An airline's SEV-1 at ten o'clock, its first page taken as read.
    pub(crate) fn sev1() -> World {
        let mut world = World::airline();
        world.signal("pii_leak", |s| s.label = Some("confirmed".to_owned()));
        world.pages();
        world
    }

    /// Another version of the policy becomes active.
    pub(crate) fn activate(&mut self, change: impl FnOnce(&mut Policy)) {
        change(&mut self.policy);
        self.triggers = Triggers::new(&self.policy);
        self.triggers.watch(&self.policy, &mut self.detectors, self.now);
        self.commit();
    }

    /// The program stops and starts: what triggers remember is read back, from bytes and from JSON.
    pub(crate) fn restart(&mut self) {
        let bytes = postcard::to_stdvec(&self.stored).unwrap();
        let read: BTreeMap<String, Detector> = postcard::from_bytes(&bytes).unwrap();
        let json = serde_json::to_string(&read).unwrap();
        let read: BTreeMap<String, Detector> = serde_json::from_str(&json).unwrap();
        assert_eq!(read, self.stored);
        self.detectors = Detectors::new(read);
    }

    fn commit(&mut self) {
        self.stored.extend(self.detectors.changed().clone());
        for key in self.detectors.forgotten() {
            self.stored.remove(key);
        }
        self.detectors.settle();
    }

    // Signals ------------------------------------------------------------------------------

    /// A signal arrives, in a batch of its own.
    pub(crate) fn signal(&mut self, metric: &str, fill: impl FnOnce(&mut Signal)) {
        let mut signal = Signal {
            source: "evals".to_owned(),
            metric: metric.to_owned(),
            service: "support-assistant".to_owned(),
            ..Signal::default()
        };
        fill(&mut signal);
        self.wake();
        self.position += 1;
        let alert = signal.alert.clone();
        if let Some(Alert { key, state: AlertState::Resolved }) = &alert {
            return self.clear(&signal, key);
        }
        let place = SignalRef { position: self.position, index: 0 };
        let observed = Observed { signal: &signal, place, now: self.now };
        let ended = self.triggers.returned(&self.policy, &mut self.detectors, observed);
        let firings = self.triggers.observe(&self.policy, &mut self.detectors, observed);
        self.commit();
        for (key, alert) in ended {
            self.clear_key(&key, &alert);
        }
        self.raise(firings, alert.as_ref().map(|alert| alert.key.as_str()));
    }

    fn raise(&mut self, firings: Vec<Firing>, alert: Option<&str>) {
        let mut by_key: BTreeMap<String, Raised> = BTreeMap::new();
        for firing in firings {
            if firing.mode == Mode::Observe {
                self.observed.push(firing);
                continue;
            }
            let raised = by_key.entry(firing.key.clone());
            let raised = raised.or_insert_with(|| Raised { firings: Vec::new(), alerts: Vec::new() });
            raised.absorb(firing, alert);
        }
        for (key, raised) in by_key {
            let ctx = Context { now: self.now, policy: &self.policy, roster: &self.roster };
            let known = self.incidents.iter().rposition(|(state, _)| state.key == key && raise::takes_in(state, &ctx));
            match known {
                Some(i) => {
                    let decided = raise::attach(&self.incidents[i].0, &raised, &ctx);
                    self.record(i, Actor::Watchbell, decided.state, decided.events);
                }
                None => {
                    let no = self.incidents.len() as u64 + 1;
                    let decided = raise::open(no, &raised, &ctx).unwrap();
                    let entry = Entry { at: self.now, by: Actor::Watchbell, events: decided.events };
                    self.incidents.push((decided.state, vec![entry]));
                    self.receive(self.incidents.len() - 1);
                }
            }
        }
    }

    fn clear(&mut self, signal: &Signal, alert: &str) {
        for key in self.triggers.keys(&self.policy, signal) {
            self.clear_key(&key, alert);
        }
    }

    fn clear_key(&mut self, key: &str, alert: &str) {
        let Some(i) = self.incidents.iter().rposition(|(state, _)| state.key == key) else { return };
        let ctx = Context { now: self.now, policy: &self.policy, roster: &self.roster };
        let state = &self.incidents[i].0;
        let quiet = self.detectors.is_quiet(&state.service);
        let decided = raise::clear(state, &[alert.to_owned()], quiet, &ctx);
        self.record(i, Actor::Watchbell, decided.state, decided.events);
    }

    // Time ---------------------------------------------------------------------------------

    /// Time passes; what falls due meanwhile happens at its instant.
    pub(crate) fn advance(&mut self, length: &str) {
        self.advance_to_instant(self.now + span(length));
    }

    pub(crate) fn advance_to(&mut self, instant: &str) {
        self.advance_to_instant(at(instant));
    }

    pub(crate) fn advance_to_instant(&mut self, until: Instant) {
        assert!(until >= self.now, "{until} has passed");
        for _ in 0..MAX_WAKES {
            let incidents = self.incidents.iter().filter_map(|(state, _)| state.next_due());
            let next = incidents.chain(self.detectors.next_due()).min();
            let Some(next) = next.filter(|next| *next <= until) else {
                self.now = until;
                return;
            };
            self.now = self.now.max(next);
            self.wake();
        }
        panic!("something falls due for ever at {}", self.now);
    }

    /// Time passes unseen: the program is down. What has fallen due happens on return.
    pub(crate) fn down_for(&mut self, length: &str) {
        self.now = self.now + span(length);
        self.wake();
    }

    /// One look at the clock.
    fn wake(&mut self) {
        for i in 0..self.incidents.len() {
            let ctx = Context { now: self.now, policy: &self.policy, roster: &self.roster };
            let decided = tick(&self.incidents[i].0, &ctx);
            self.record(i, Actor::Watchbell, decided.state, decided.events);
        }
        let firings = self.triggers.settle_due(&self.policy, &mut self.detectors, self.now);
        self.commit();
        self.raise(firings, None);
    }

    // People -------------------------------------------------------------------------------

    /// A person declares an incident of a class.
    pub(crate) fn declare(&mut self, class: &str, severity: &str) {
        self.declare_on(class, severity, Some("support-assistant"));
    }

    /// A person declares an incident, with or without a service.
    pub(crate) fn declare_on(&mut self, class: &str, severity: &str, service: Option<&str>) {
        let declaration = Declaration {
            title: "Something is wrong".to_owned(),
            class: class.to_owned(),
            severity: Some(severity.to_owned()),
            service: service.map(str::to_owned),
            impact_started_at: None,
        };
        let ctx = Context { now: self.now, policy: &self.policy, roster: &self.roster };
        let no = self.incidents.len() as u64 + 1;
        let decided = raise::declare(&declaration, &ctx).unwrap().open(no, &ctx);
        let entry = Entry { at: self.now, by: person("ana"), events: decided.events };
        self.incidents.push((decided.state, vec![entry]));
        self.receive(self.incidents.len() - 1);
    }

    /// Anyone acts on the latest incident.
    pub(crate) fn act(&mut self, by: &Actor, command: &Command) -> Result<(), Problem> {
        let i = self.incidents.len() - 1;
        let ctx = Context { now: self.now, policy: &self.policy, roster: &self.roster };
        let decided = decide(&self.incidents[i].0, command, by, &ctx)?;
        self.record(i, by.clone(), decided.state, decided.events);
        Ok(())
    }

    /// A person does what they may.
    #[track_caller]
    pub(crate) fn does(&mut self, who: &str, command: Command) {
        if let Err(problem) = self.act(&person(who), &command) {
            panic!("{who} may not {command:?}: {problem}");
        }
    }

    /// A person is refused, with that code.
    #[track_caller]
    pub(crate) fn refused(&mut self, who: &str, command: Command) -> &'static str {
        match self.act(&person(who), &command) {
            Ok(()) => panic!("{who} was allowed to {command:?}"),
            Err(problem) => problem.code.id,
        }
    }

    #[track_caller]
    pub(crate) fn ack(&mut self, who: &str) {
        self.does(who, Command::Acknowledge {});
    }

    #[track_caller]
    pub(crate) fn tells(&mut self, who: &str, audience: &str, next_update_at: Option<&str>) {
        let text = "We are looking into it.".to_owned();
        self.does(
            who,
            Command::Update {
                audience: audience.to_owned(),
                text,
                next_update_at: next_update_at.map(at),
                statement: None,
            },
        );
    }

    /// One person asks for a lower severity, another confirms it.
    #[track_caller]
    pub(crate) fn lowers(&mut self, who: &str, second: &str, severity: &str) {
        let (asked, reason) = (severity.to_owned(), "looked again".to_owned());
        self.does(who, Command::Severity { severity: asked.clone(), reason });
        self.does(second, Command::ConfirmSeverity { severity: asked });
    }

    #[track_caller]
    pub(crate) fn mitigates(&mut self, who: &str) {
        self.does(who, Command::Mitigate { note: "rolled back".to_owned() });
    }

    #[track_caller]
    pub(crate) fn validates(&mut self, who: &str, passed: bool) {
        let evidence = evidence(self.now);
        self.does(who, Command::Validate { passed, evidence });
    }

    // What is seen --------------------------------------------------------------------------

    pub(crate) fn incident(&self) -> &Incident {
        &self.incidents.last().unwrap().0
    }

    /// Every event of the latest incident.
    pub(crate) fn events(&self) -> impl Iterator<Item = &Event> {
        self.incidents.last().unwrap().1.iter().flat_map(|entry| &entry.events)
    }

    /// What became of a clock of the latest incident; `none` where it has no such clock.
    pub(crate) fn clock(&self, name: &str) -> String {
        let known = self.incident().clocks.iter().find(|clock| clock.id.to_string() == name);
        known.map_or("none".to_owned(), clock)
    }

    #[track_caller]
    pub(crate) fn expect_clock(&self, name: &str, expected: &str) {
        assert_eq!(self.clock(name), expected, "{name}, at {}", show::instant(self.now));
    }

    #[track_caller]
    pub(crate) fn expect_clocks(&self, expected: &[(&str, &str)]) {
        for (name, expected) in expected {
            self.expect_clock(name, expected);
        }
    }

    /// The pages asked for since the last look, as `10:00 step-0-round-0: schedule/ai-oncall`.
    pub(crate) fn pages(&mut self) -> Vec<String> {
        let mut all = Vec::new();
        for (i, (_, entries)) in self.incidents.iter().enumerate() {
            let mut pages = Vec::new();
            for entry in entries {
                for event in &entry.events {
                    let Event::PageRequested(page) = event else { continue };
                    let who: Vec<String> = page.parties.iter().map(party).collect();
                    pages.push(format!("{} {}: {}", show::instant(entry.at), page.reason.key(), who.join(", ")));
                }
            }
            let seen = self.shown.insert(i, pages.len()).unwrap_or_default();
            all.extend(pages.split_off(seen));
        }
        all
    }

    fn record(&mut self, i: usize, by: Actor, state: Incident, events: Vec<Event>) {
        if !events.is_empty() {
            self.incidents[i].1.push(Entry { at: self.now, by, events });
        }
        self.incidents[i].0 = state;
        self.triggers.heed(&self.policy, &mut self.detectors, &self.incidents[i].0, self.now);
        self.commit();
        self.receive(i);
    }

    /// The page that somebody waits for arrives at once.
    fn receive(&mut self, i: usize) {
        let Escalation { current: Some((step, round)), receipt_due: Some(_), .. } = self.incidents[i].0.escalation
        else {
            return;
        };
        if !self.deaf {
            let receipt = receipt(step, round);
            let ctx = Context { now: self.now, policy: &self.policy, roster: &self.roster };
            let decided = decide(&self.incidents[i].0, &receipt, &Actor::Watchbell, &ctx).unwrap();
            self.record(i, Actor::Watchbell, decided.state, decided.events);
        }
    }
}

pub(crate) fn person(who: &str) -> Actor {
    Actor::Person(who.to_owned())
}

/// The outbox reports that a page of a step arrived.
pub(crate) fn receipt(step: u32, round: u32) -> Command {
    Command::StepReceipt { step, round, person: "ana".to_owned(), channel: "pager".to_owned() }
}

pub(crate) fn evidence(observed_at: Instant) -> Evidence {
    Evidence { kind: "evaluation".to_owned(), text: "set 7".to_owned(), link: None, observed_at }
}

fn party(party: &Party) -> String {
    match party {
        Party::Person(id) => id.clone(),
        Party::Schedule(id) => format!("schedule/{id}"),
        Party::Fallback => "fallback".to_owned(),
    }
}
