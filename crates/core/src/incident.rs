//! An incident: a set of promises with deadlines, folded from its events.
//!
//! `evolve` applies facts and decides nothing. The state is the read model, the snapshot
//! and the due index at once; dropping it and folding again gives the same bytes.

mod checklist;
mod evolve;

use std::collections::{BTreeMap, BTreeSet};

use calendar::{Instant, Intervals};
use policy::model::{Milestone, Rank, Role};
use serde::{Deserialize, Serialize};

use crate::clock::{Clock, ClockId, ClockKind};
use crate::event::{Act, Evidence, Fact, Update, Words};
use crate::signal::AlertState;
pub use checklist::{Checklist, ChecklistStep};

/// Alerts remembered per incident; beyond it further alerts are only counted.
pub const MAX_ALERTS: usize = 1_000;

/// Slots of one audience's cadence kept in the state: so many that are owed, and so many that have
/// ended. An incident that nobody ends must not grow for ever; the journal has all of them.
pub const SLOTS_KEPT: usize = 24;

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
    /// Whom they ask to take it over; they stay accountable until then.
    pub offer: Option<Offer>,
}

impl Holder {
    /// Whether a person is accountable, consulted, or asked to take over.
    pub fn involves(&self, person: &str) -> bool {
        self.person == person || self.consulted.iter().any(|other| other == person) || self.is_offered_to(person)
    }

    /// Whether a person is asked to take over.
    pub fn is_offered_to(&self, person: &str) -> bool {
        self.offer.as_ref().is_some_and(|offer| offer.person == person)
    }
}

/// A role that its holder asks someone to take over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Who is asked.
    pub person: String,
    /// What they need to know.
    pub note: String,
    /// Since when.
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

/// The time after a passed validation in which a bad signal fails it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// When it began.
    pub since: Instant,
    /// From then on the incident may be resolved.
    pub until: Instant,
}

/// Words that wait to be approved or published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// The words.
    pub words: Words,
    /// Who approved them, and when.
    pub approved: Option<Act>,
    /// Somebody was told that they were approved and not published.
    pub reported: bool,
}

/// A request to resolve without proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakGlass {
    /// Who asked.
    pub by: String,
    /// Why.
    pub reason: String,
    /// A second person may confirm it until then.
    pub until: Instant,
}

/// A request to lower the severity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lowering {
    /// Who asked.
    pub by: String,
    /// The severity asked for.
    pub to: Rank,
    /// Why.
    pub reason: String,
    /// A second person may confirm it until then.
    pub until: Instant,
}

/// A dated statement that another took the place of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// Which statement.
    pub fact: Fact,
    /// The notice that it was about, if it was about one.
    pub notice: Option<String>,
    /// What it said, and who had said so.
    pub was: Act,
    /// Why it was wrong.
    pub reason: String,
}

/// Where the escalation stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalation {
    /// The step and round paged last.
    pub current: Option<(u32, u32)>,
    /// The step that comes next: step, round and when. `None`: stopped.
    pub next: Option<(u32, u32, Instant)>,
    /// Unless a page of the current step has its receipt by then, the next step is paged at once.
    pub receipt_due: Option<Instant>,
}

impl Escalation {
    /// Nobody is paged any more, and no receipt is waited for.
    pub fn is_at_rest(&self) -> bool {
        self.next_due().is_none()
    }

    /// When it goes on by itself.
    fn next_due(&self) -> Option<Instant> {
        self.next.map(|(_, _, at)| at).into_iter().chain(self.receipt_due).min()
    }
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
    /// How long the validation must stand before anyone may resolve.
    pub hold: Option<Hold>,
    /// How often a bad signal failed a validation in its hold.
    pub holds_broken: u32,
    /// Someone asks to resolve without proof.
    pub break_glass: Option<BreakGlass>,
    /// Someone asks to lower the severity.
    pub lowering: Option<Lowering>,
    /// Resolution.
    pub resolved_at: Option<Instant>,
    /// The review.
    pub reviewed: Option<Act>,
    /// What the review decided has been done.
    pub action_done: Option<Act>,
    /// Why work stands still, if it does.
    pub paused: Option<String>,
    /// When work stood still: pauses, and the gaps between a resolution and what came back.
    pub pauses: Intervals,
    /// Dated statements.
    pub facts: BTreeMap<Fact, Act>,
    /// Statutory notices that were submitted, by name; of several submissions the first.
    pub notices: BTreeMap<String, Act>,
    /// Of each statement and notice that was corrected the last correction; the journal has all.
    pub corrections: Vec<Correction>,
    /// How often it came back.
    pub reopened: u32,
    /// Who holds which role.
    pub roles: BTreeMap<Role, Holder>,
    /// Roles that nobody holds, and since when.
    pub vacant: BTreeMap<Role, Instant>,
    /// Who declined which role and has not accepted it since.
    pub declined: BTreeSet<(Role, String)>,
    /// Its promises, in the order in which they began.
    pub clocks: Vec<Clock>,
    /// Where the escalation stands.
    pub escalation: Escalation,
    /// Messages published.
    pub updates: Vec<Update>,
    /// Words that wait to be approved or published, by audience.
    pub pending: BTreeMap<String, Pending>,
    /// Audiences that a role decided to inform.
    pub informed: BTreeSet<String>,
    /// Playbooks that were started, in the order in which they were.
    pub checklists: Vec<Checklist>,
    /// Signals behind it. The last field: its bytes end the state's, so that they can be kept apart.
    pub sources: Sources,
}

impl Incident {
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

    /// Nobody has anything to do about it any more: it is resolved, every promise has ended, and what its
    /// review decided is done. It may still come back.
    pub fn is_settled(&self) -> bool {
        self.resolved_at.is_some()
            && self.next_due().is_none()
            && !self.clocks.iter().any(Clock::is_open)
            && (self.reviewed.is_none() || self.action_done.is_some())
    }

    /// The next instant at which something happens by itself.
    pub fn next_due(&self) -> Option<Instant> {
        let clocks = self.clocks.iter().filter_map(Clock::next_due);
        let unsent = self.pending.values().filter_map(Pending::unsent_at);
        clocks.chain(unsent).chain(self.escalation.next_due()).min()
    }
}
