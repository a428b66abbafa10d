//! A decision in the making: a working copy of the incident that sees every event at once.
//!
//! Handlers emit events and read the state that those events lead to; nothing else writes it.

use calendar::{Calendar, Duration, Instant};
use policy::model::{Party, Policy, Role, Roster, Targets};

use crate::event::{Event, Opened, PageReason, PageRequest};
use crate::incident::Incident;

/// What a decision may look at besides the incident.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Journal time.
    pub now: Instant,
    /// The incident's policy version, or the active one at opening.
    pub policy: &'a Policy,
    /// The roster in force.
    pub roster: &'a Roster,
}

impl Context<'_> {
    /// The calendar of that name. One that the roster no longer has counts around the clock:
    /// a deadline may then come early, never late.
    pub fn calendar(&self, name: &str) -> &Calendar {
        let always = || self.roster.calendar(policy::ALWAYS).expect("the calendar `always` is built in");
        self.roster.calendar(name).unwrap_or_else(always)
    }
}

/// What was decided: the new state and the events that lead to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    /// The state after the events.
    pub state: Incident,
    /// What happened; empty where nothing did.
    pub events: Vec<Event>,
}

/// The working copy.
pub(crate) struct Draft<'a> {
    pub(crate) state: Incident,
    pub(crate) ctx: &'a Context<'a>,
    events: Vec<Event>,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(state: Incident, ctx: &'a Context<'a>) -> Draft<'a> {
        Draft { state, ctx, events: Vec::new() }
    }

    /// A draft whose first event opens the incident.
    pub(crate) fn open(opened: Opened, ctx: &'a Context<'a>) -> Draft<'a> {
        let state = Incident::open(&opened, ctx.now);
        Draft { state, ctx, events: vec![Event::Opened(Box::new(opened))] }
    }

    /// Records an event and lets the state follow.
    pub(crate) fn emit(&mut self, event: Event) {
        self.state.evolve(&event, self.ctx.now);
        self.events.push(event);
    }

    pub(crate) fn finish(self) -> Decided {
        Decided { state: self.state, events: self.events }
    }

    pub(crate) fn now(&self) -> Instant {
        self.ctx.now
    }

    /// What the policy promises for this incident's class and severity.
    pub(crate) fn targets(&self) -> Targets {
        self.ctx.policy.targets(&self.state.class, self.state.severity)
    }

    /// Asks for people to be paged; parties named twice are paged once.
    pub(crate) fn page(&mut self, reason: PageReason, parties: Vec<Party>) {
        let mut seen = std::collections::BTreeSet::new();
        let parties: Vec<Party> = parties.into_iter().filter(|party| seen.insert(party.clone())).collect();
        if !parties.is_empty() {
            self.emit(Event::PageRequested(Box::new(PageRequest { reason, parties })));
        }
    }

    /// Whoever answers for a role now: its holder, else the owners that the policy names.
    pub(crate) fn answering(&self, role: Role) -> Vec<Party> {
        if let Some(holder) = self.state.roles.get(&role) {
            return vec![Party::Person(holder.person.clone())];
        }
        self.ctx.policy.role(&self.state.class, role).map(|rule| rule.owner).unwrap_or_default()
    }

    /// The backups that the policy names for a role.
    pub(crate) fn backups(&self, role: Role) -> Vec<Party> {
        self.ctx.policy.role(&self.state.class, role).map(|rule| rule.backup).unwrap_or_default()
    }
}

/// A share of a length, in percent.
pub(crate) fn share(length: Duration, percent: u8) -> Duration {
    let micros = length.as_micros() * i128::from(percent) / 100;
    Duration::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}
