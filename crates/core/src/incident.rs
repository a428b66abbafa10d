//! An incident: a set of promises with deadlines, folded from its events.
//!
//! `evolve` applies facts and decides nothing. The state is the read model, the snapshot
//! and the due index at once; dropping it and folding again gives the same bytes.

use std::collections::{BTreeMap, BTreeSet};

use calendar::{Instant, Intervals};
use policy::model::{Milestone, Rank, Role};
use serde::{Deserialize, Serialize};

use crate::clock::{Clock, ClockId, ClockKind, Ending};
use crate::event::{Act, Attached, Entry, Event, Evidence, Fact, Opened, PageReason, Update};
use crate::signal::AlertState;

/// Alerts remembered per incident; beyond it further alerts are only counted.
pub const MAX_ALERTS: usize = 1_000;

/// The furthest milestone whose fact holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nobody has taken it.
    Triggered,
    /// A person has.
    Acknowledged,
    /// Customers are no longer harmed.
    Contained,
    /// The cause no longer acts.
    Mitigated,
    /// It is proven.
    Validated,
    /// All done.
    Resolved,
    /// Reviewed, too.
    Closed,
}

impl Status {
    /// Every status, in order.
    pub const ALL: [Status; 7] = [
        Status::Triggered,
        Status::Acknowledged,
        Status::Contained,
        Status::Mitigated,
        Status::Validated,
        Status::Resolved,
        Status::Closed,
    ];

    /// Its word in the API and the interface.
    pub fn word(self) -> &'static str {
        match self {
            Status::Triggered => "triggered",
            Status::Acknowledged => "acknowledged",
            Status::Contained => "contained",
            Status::Mitigated => "mitigated",
            Status::Validated => "validated",
            Status::Resolved => "resolved",
            Status::Closed => "closed",
        }
    }

    /// Neither resolved nor closed.
    pub fn is_open(self) -> bool {
        self < Status::Resolved
    }
}

/// Who holds a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The accountable person.
    pub person: String,
    /// Joint owners, consulted.
    pub consulted: Vec<String>,
    /// Whether they accepted.
    pub accepted: bool,
    /// Since when they are assigned, or have accepted.
    pub since: Instant,
}

/// A recorded validation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validation {
    /// Who and when.
    pub act: Act,
    /// Whether it is fixed.
    pub passed: bool,
    /// The proof.
    pub evidence: Evidence,
}

/// Where the escalation stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalation {
    /// The step and round paged last.
    pub current: Option<(u32, u32)>,
    /// The step that comes next: step, round and when. `None`: stopped.
    pub next: Option<(u32, u32, Instant)>,
}

/// Signals behind an incident.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sources {
    /// Signals taken in.
    pub signals: u64,
    /// First and last of them.
    pub span: Option<(Instant, Instant)>,
    /// Triggers that fired, with their counts.
    pub triggers: BTreeMap<String, u64>,
    /// Alerts by key, where the sender keeps state.
    pub alerts: BTreeMap<String, AlertState>,
}

/// The state of one incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Number within the workspace.
    pub no: u64,
    /// One line for people.
    pub title: String,
    /// Class.
    pub class: String,
    /// Severity.
    pub severity: Rank,
    /// Service.
    pub service: String,
    /// What makes further firings the same incident.
    pub key: String,
    /// Only those involved may see it.
    pub restricted: bool,
    /// Version of the policy, pinned.
    pub policy: String,
    /// When it opened, in journal time.
    pub opened_at: Instant,
    /// When customers were first affected, if known.
    pub impact_started_at: Option<Instant>,
    /// The trigger that raised it; `None`: declared by a person.
    pub trigger: Option<String>,
    /// First response.
    pub acknowledged: Option<Act>,
    /// Containment.
    pub contained: Option<(Act, String)>,
    /// Mitigation.
    pub mitigated: Option<(Act, String)>,
    /// The latest validation.
    pub validation: Option<Validation>,
    /// Resolution.
    pub resolved_at: Option<Instant>,
    /// The review.
    pub reviewed: Option<Act>,
    /// Why work stands still, if it does.
    pub paused: Option<String>,
    /// When work stood still: pauses, and the gaps between a resolution and what came back.
    pub pauses: Intervals,
    /// Dated statements.
    pub facts: BTreeMap<Fact, Act>,
    /// How often it came back.
    pub reopened: u32,
    /// Who holds which role.
    pub roles: BTreeMap<Role, Holder>,
    /// Its promises, in the order in which they began.
    pub clocks: Vec<Clock>,
    /// Where the escalation stands.
    pub escalation: Escalation,
    /// Signals behind it.
    pub sources: Sources,
    /// Messages published.
    pub updates: Vec<Update>,
    /// Audiences that a role decided to inform.
    pub informed: BTreeSet<String>,
}

impl Incident {
    /// The incident that an opening event begins.
    pub fn open(opened: &Opened, at: Instant) -> Incident {
        let mut sources = Sources::default();
        if let Some(decision) = &opened.decision {
            sources.take(&decision.trigger, decision.count, decision.first_at, decision.last_at);
        }
        sources.fire(&opened.alerts);
        Incident {
            no: opened.no,
            title: opened.title.clone(),
            class: opened.class.clone(),
            severity: opened.severity,
            service: opened.service.clone(),
            key: opened.key.clone(),
            restricted: opened.restricted,
            policy: opened.policy.clone(),
            opened_at: at,
            impact_started_at: opened.impact_started_at,
            trigger: opened.decision.as_ref().map(|d| d.trigger.clone()),
            acknowledged: None,
            contained: None,
            mitigated: None,
            validation: None,
            resolved_at: None,
            reviewed: None,
            paused: None,
            pauses: Intervals::new(),
            facts: BTreeMap::new(),
            reopened: 0,
            roles: BTreeMap::new(),
            clocks: Vec::new(),
            escalation: Escalation::default(),
            sources,
            updates: Vec::new(),
            informed: BTreeSet::new(),
        }
    }

    /// Folds whole entries; `None` where the first event does not open it.
    pub fn fold<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Option<Incident> {
        let mut state: Option<Incident> = None;
        for entry in entries {
            for event in &entry.events {
                match (&mut state, event) {
                    (None, Event::Opened(opened)) => state = Some(Incident::open(opened, entry.at)),
                    (None, _) => return None,
                    (Some(incident), event) => incident.evolve(event, entry.at),
                }
            }
        }
        state
    }

    /// The furthest milestone whose fact holds.
    pub fn status(&self) -> Status {
        if self.resolved_at.is_some() {
            return if self.reviewed.is_some() { Status::Closed } else { Status::Resolved };
        }
        if self.is_validated() {
            Status::Validated
        } else if self.mitigated.is_some() {
            Status::Mitigated
        } else if self.contained.is_some() {
            Status::Contained
        } else if self.acknowledged.is_some() {
            Status::Acknowledged
        } else {
            Status::Triggered
        }
    }

    /// The latest validation passed, on evidence that is newer than the mitigation.
    pub fn is_validated(&self) -> bool {
        let fixed_at = self.mitigated.as_ref().map(|(fix, _)| fix.at);
        self.validation.as_ref().is_some_and(|v| v.passed && fixed_at.is_none_or(|at| v.evidence.observed_at > at))
    }

    /// Whether a milestone's fact holds.
    pub fn reached(&self, milestone: Milestone) -> bool {
        match milestone {
            Milestone::Acknowledged => self.acknowledged.is_some(),
            Milestone::Contained => self.contained.is_some(),
            Milestone::Mitigated => self.mitigated.is_some(),
            Milestone::Validated => self.is_validated(),
            Milestone::Resolved => self.resolved_at.is_some(),
        }
    }

    /// The clock of that name.
    pub fn clock(&self, id: &ClockId) -> Option<&Clock> {
        self.clocks.iter().find(|clock| clock.id == *id)
    }

    /// Clocks of that kind that still run.
    pub fn open_clocks<'a>(&'a self, kind: &'a ClockKind) -> impl Iterator<Item = &'a Clock> {
        self.clocks.iter().filter(move |clock| clock.id.kind == *kind && clock.is_open())
    }

    /// The cycle that the next clock of that kind gets.
    pub fn next_cycle(&self, kind: &ClockKind) -> u32 {
        self.clocks.iter().filter(|clock| clock.id.kind == *kind).map(|clock| clock.id.cycle).max().unwrap_or(0) + 1
    }

    /// Alerts of its senders that still fire.
    pub fn firing(&self) -> u32 {
        let firing = self.sources.alerts.values().filter(|state| **state == AlertState::Firing).count();
        u32::try_from(firing).unwrap_or(u32::MAX)
    }

    /// The next instant at which something happens by itself.
    pub fn next_due(&self) -> Option<Instant> {
        let clocks = self.clocks.iter().filter_map(Clock::next_due);
        clocks.chain(self.escalation.next.map(|(_, _, at)| at)).min()
    }

    /// Applies one fact.
    pub fn evolve(&mut self, event: &Event, at: Instant) {
        match event {
            Event::Opened(_) => {}
            Event::Attached(attached) => self.attach(attached),
            Event::SourceCleared { alerts, .. } => self.sources.clear(alerts),
            Event::ClockStarted(clock) => self.clocks.push((**clock).clone()),
            Event::ClockRetimed(retimed) => self.replace_clock(&retimed.clock),
            Event::ClockWarned { clock, percent, .. } => self.warned(clock, *percent, at),
            Event::ClockMet { clock, at: met } => self.change_clock(clock, |c| {
                c.met_at = Some(*met);
                c.ending = Some(Ending::Met);
            }),
            Event::ClockBreached { clock, due_at } => {
                self.change_clock(clock, |c| c.breached_at = c.breached_at.or(Some(*due_at)));
            }
            Event::ClockEnded { clock, ending } => self.change_clock(clock, |c| c.ending = Some(ending.clone())),
            Event::RoleAssigned { role, person, consulted } => {
                let holder =
                    Holder { person: person.clone(), consulted: consulted.clone(), accepted: false, since: at };
                self.roles.insert(*role, holder);
            }
            Event::RoleVacant { role } => {
                self.roles.remove(role);
            }
            Event::RoleAccepted { role, .. } => {
                if let Some(holder) = self.roles.get_mut(role) {
                    holder.accepted = true;
                    holder.since = at;
                }
            }
            Event::Acknowledged(act) => self.acknowledged = self.acknowledged.take().or(Some(act.clone())),
            Event::Contained { act, customers_see } => self.contained = Some((act.clone(), customers_see.clone())),
            Event::Mitigated { act, note } => self.mitigated = Some((act.clone(), note.clone())),
            Event::Validated { act, passed, evidence } => {
                self.validation = Some(Validation { act: act.clone(), passed: *passed, evidence: evidence.clone() });
                if !passed {
                    self.mitigated = None;
                }
            }
            Event::Resolved { at, .. } => self.resolved_at = Some(*at),
            Event::Reopened { .. } => self.reopen(at),
            Event::Reviewed { act, .. } => self.reviewed = Some(act.clone()),
            Event::FactRecorded { fact, act, .. } => {
                self.facts.insert(*fact, act.clone());
            }
            Event::SeverityChanged { to, .. } => self.severity = *to,
            Event::Paused { reason } => {
                self.paused = Some(reason.clone());
                self.pauses.add(at, Instant::MAX);
            }
            Event::Unpaused => {
                self.paused = None;
                self.pauses.close(at);
            }
            Event::UpdatePublished(update) => self.updates.push((**update).clone()),
            Event::UpdateVisible { update, .. } => {
                if let Some(update) = self.updates.iter_mut().find(|u| u.no == *update) {
                    update.visible_at = update.visible_at.or(Some(at));
                }
            }
            Event::PageRequested(request) => {
                if let PageReason::Escalation { step, round } = request.reason {
                    self.escalation = Escalation { current: Some((step, round)), next: None };
                }
            }
            Event::StepSkipped { .. } => {}
            Event::EscalationPlanned { step, round, at } => self.escalation.next = Some((*step, *round, *at)),
            Event::EscalationStopped { .. } => self.escalation.next = None,
            Event::AudienceDecided { audience, inform, .. } => {
                if *inform {
                    self.informed.insert(audience.clone());
                }
            }
            Event::Noted { .. } => {}
        }
    }

    fn attach(&mut self, attached: &Attached) {
        let decision = &attached.decision;
        self.sources.take(&decision.trigger, decision.count, decision.first_at, decision.last_at);
        self.sources.fire(&attached.alerts);
    }

    /// Withdraws facts, never events: what was acknowledged stays so.
    fn reopen(&mut self, at: Instant) {
        if let Some(resolved_at) = self.resolved_at.take() {
            self.pauses.add(resolved_at, at);
        }
        self.reviewed = None;
        self.validation = None;
        self.mitigated = None;
        self.contained = None;
        self.reopened += 1;
    }

    fn change_clock(&mut self, id: &ClockId, change: impl FnOnce(&mut Clock)) {
        if let Some(clock) = self.clocks.iter_mut().find(|clock| clock.id == *id) {
            change(clock);
        }
    }

    fn replace_clock(&mut self, new: &Clock) {
        self.change_clock(&new.id, |clock| *clock = new.clone());
    }

    fn warned(&mut self, id: &ClockId, percent: u8, at: Instant) {
        self.change_clock(id, |clock| {
            for warning in clock.warnings.iter_mut().filter(|w| w.percent <= percent) {
                warning.fired_at = warning.fired_at.or(Some(at));
            }
        });
    }
}

impl Sources {
    fn take(&mut self, trigger: &str, count: u64, first: Instant, last: Instant) {
        self.signals += count;
        *self.triggers.entry(trigger.to_owned()).or_default() += count;
        self.span = Some(self.span.map_or((first, last), |(a, b)| (a.min(first), b.max(last))));
    }

    fn fire(&mut self, alerts: &[String]) {
        for key in alerts {
            if self.alerts.len() < MAX_ALERTS || self.alerts.contains_key(key) {
                self.alerts.insert(key.clone(), AlertState::Firing);
            }
        }
    }

    fn clear(&mut self, alerts: &[String]) {
        for key in alerts {
            if let Some(state) = self.alerts.get_mut(key) {
                *state = AlertState::Resolved;
            }
        }
    }
}
