//! What happened to an incident: the facts of the journal.
//!
//! Events carry every instant that was computed when they were decided, so that folding
//! them needs no policy, no calendar and no tzdata. New fields get `#[serde(default)]`;
//! a changed meaning gets a new variant.

use calendar::Instant;
use policy::model::{Party, Rank, Role};
use serde::{Deserialize, Serialize};

use crate::clock::{Clock, ClockId, Ending, Warning};
use crate::decision::Decision;

/// Who acted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A person of the roster, by id.
    Person(String),
    /// A program, by its token's name.
    Machine(String),
    /// Watchbell itself: a clock fell due, or a delivery came back.
    Watchbell,
}

impl Actor {
    /// The person's id, if it is one.
    pub fn person(&self) -> Option<&str> {
        match self {
            Actor::Person(id) => Some(id),
            Actor::Machine(_) | Actor::Watchbell => None,
        }
    }
}

/// What one input did to one incident: one row of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Journal time of the decision.
    pub at: Instant,
    /// Who caused it.
    pub by: Actor,
    /// What happened, in order.
    pub events: Vec<Event>,
}

/// One thing that happened to an incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// An incident began.
    Opened(Box<Opened>),
    /// More signals of the same incident.
    Attached(Box<Attached>),
    /// Its sender says that alerts have ended.
    SourceCleared {
        /// Keys of the alerts.
        alerts: Vec<String>,
        /// Alerts that still fire.
        firing: u32,
    },
    /// A promise began.
    ClockStarted(Box<Clock>),
    /// A running promise got another deadline.
    ClockRetimed(Box<Retimed>),
    /// A deadline comes near.
    ClockWarned {
        /// Which clock.
        clock: ClockId,
        /// Share of its target that has passed.
        percent: u8,
        /// The warning instant had passed before the clock was timed.
        late: bool,
    },
    /// A promise was kept, in time or late.
    ClockMet {
        /// Which clock.
        clock: ClockId,
        /// When it was fulfilled.
        at: Instant,
    },
    /// A deadline passed.
    ClockBreached {
        /// Which clock.
        clock: ClockId,
        /// The deadline.
        due_at: Instant,
    },
    /// A promise ended otherwise.
    ClockEnded {
        /// Which clock.
        clock: ClockId,
        /// How.
        ending: Ending,
    },
    /// A role was given to someone.
    RoleAssigned {
        /// Which role.
        role: Role,
        /// The accountable person.
        person: String,
        /// Joint owners, consulted.
        consulted: Vec<String>,
    },
    /// A role has nobody.
    RoleVacant {
        /// Which role.
        role: Role,
    },
    /// Its holder accepted a role.
    RoleAccepted {
        /// Which role.
        role: Role,
        /// Who.
        person: String,
    },
    /// A person took it.
    Acknowledged(Act),
    /// Customers are no longer harmed.
    Contained {
        /// Who and when.
        act: Act,
        /// What customers see now.
        customers_see: String,
    },
    /// The cause no longer acts.
    Mitigated {
        /// Who and when.
        act: Act,
        /// What was done.
        note: String,
    },
    /// A validation was recorded.
    Validated {
        /// Who and when.
        act: Act,
        /// Whether it is fixed.
        passed: bool,
        /// The proof.
        evidence: Evidence,
    },
    /// All done.
    Resolved {
        /// When; by whom stands in the entry.
        at: Instant,
        /// A sender's all-clear resolved it, as its class says.
        on_clear: bool,
    },
    /// It came back.
    Reopened {
        /// Why.
        reason: String,
    },
    /// The review was held.
    Reviewed {
        /// Who and when.
        act: Act,
        /// What caused it.
        cause: String,
        /// What is done about it.
        action: String,
    },
    /// A dated, attributed statement was recorded.
    FactRecorded {
        /// Which statement.
        fact: Fact,
        /// Who, and the instant that the statement is about.
        act: Act,
        /// What it rests on.
        note: String,
    },
    /// Its severity changed.
    SeverityChanged {
        /// Before.
        from: Rank,
        /// After.
        to: Rank,
        /// Why.
        reason: String,
    },
    /// A remark.
    Noted {
        /// Its text.
        text: String,
    },
    /// Work stands still.
    Paused {
        /// Why.
        reason: String,
    },
    /// Work goes on.
    Unpaused,
    /// A message was published to an audience.
    UpdatePublished(Box<Update>),
    /// A published message can be seen on the audience's declared surface.
    UpdateVisible {
        /// Which message of the incident, from 1.
        update: u32,
        /// Where.
        surface: String,
    },
    /// Whether an audience is told was decided.
    AudienceDecided {
        /// Which audience.
        audience: String,
        /// It is told.
        inform: bool,
        /// Why.
        reason: String,
    },
    /// People are to be paged. The outbox carries it out.
    PageRequested(Box<PageRequest>),
    /// A step had nobody to page.
    StepSkipped {
        /// Step, from 0.
        step: u32,
        /// Round, from 0.
        round: u32,
    },
    /// The next step or round of the escalation, unless someone acknowledges.
    EscalationPlanned {
        /// Step that comes next, from 0.
        step: u32,
        /// Its round, from 0.
        round: u32,
        /// When.
        at: Instant,
    },
    /// Nobody further is paged.
    EscalationStopped {
        /// Why.
        reason: String,
    },
}

/// A dated statement that starts or chains clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// The organization became aware.
    AwareAt,
    /// Suspected became confirmed.
    ConfirmedAt,
    /// It was classified.
    ClassifiedAt,
    /// A notice was submitted.
    SubmittedAt,
}

/// An act of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// Who.
    pub by: String,
    /// When it happened, which may be before it was recorded.
    pub at: Instant,
}

/// How an incident began.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Opened {
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
    /// When customers were first affected, if known.
    pub impact_started_at: Option<Instant>,
    /// Version of the policy, pinned.
    pub policy: String,
    /// Version of the roster at opening.
    pub roster: String,
    /// Why a trigger raised it; `None`: a person declared it.
    pub decision: Option<Decision>,
    /// Alert of the first signal, where its sender keeps state.
    pub alerts: Vec<String>,
}

/// Further signals of one batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attached {
    /// Why.
    pub decision: Decision,
    /// Alerts that now fire.
    pub alerts: Vec<String>,
}

/// A new deadline of a running clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retimed {
    /// The clock as it now runs.
    pub clock: Clock,
    /// Why.
    pub cause: RetimeCause,
}

/// Why a clock got another deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetimeCause {
    /// The severity changed.
    Severity,
    /// Work was paused.
    Pause,
    /// Work went on.
    Unpause,
    /// The incident came back, the gap counts as a pause.
    Reopened,
    /// A validation failed, or was outdated by a later mitigation.
    ValidationFailed,
    /// A published message promised the next one sooner.
    Promised,
}

/// Proof that a fix works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Such as `evaluation`, `sample`, `link`.
    pub kind: String,
    /// What was looked at.
    pub text: String,
    /// Where it can be seen.
    pub link: Option<String>,
    /// When the evidence was taken: must be newer than the mitigation.
    pub observed_at: Instant,
}

/// A message to one audience.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Update {
    /// Number within the incident, from 1.
    pub no: u32,
    /// To whom.
    pub audience: String,
    /// Its text, immutable.
    pub text: String,
    /// Who published it.
    pub by: String,
    /// When.
    pub published_at: Instant,
    /// Channels that carry it; none where a page shows it at once.
    pub channels: Vec<String>,
    /// When it became visible on the declared surface.
    pub visible_at: Option<Instant>,
    /// The next one is promised by then.
    pub next_update_at: Option<Instant>,
}

/// A request to page people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageRequest {
    /// Why.
    pub reason: PageReason,
    /// Whom; resolved to people when it is claimed.
    pub parties: Vec<Party>,
}

/// Why people are paged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageReason {
    /// A step of the escalation.
    Escalation {
        /// Step, from 0.
        step: u32,
        /// Round, from 0.
        round: u32,
    },
    /// A deadline comes near.
    Warning {
        /// Which clock.
        clock: ClockId,
        /// Share of its target that has passed.
        percent: u8,
    },
    /// A deadline passed.
    Missed {
        /// Which clock.
        clock: ClockId,
    },
    /// The severity was raised.
    Raised {
        /// To.
        to: Rank,
    },
    /// It came back.
    Reopened {
        /// How often by now.
        time: u32,
    },
    /// A role was given to them.
    Assigned {
        /// Which role.
        role: Role,
    },
}

impl PageReason {
    /// Identifies the request within its incident: the middle of its idempotency key.
    pub fn key(&self) -> String {
        match self {
            PageReason::Escalation { step, round } => format!("step-{step}-round-{round}"),
            PageReason::Warning { clock, percent } => format!("warning-{clock}-{percent}"),
            PageReason::Missed { clock } => format!("missed-{clock}"),
            PageReason::Raised { to } => format!("raised-{to}"),
            PageReason::Reopened { time } => format!("reopened-{time}"),
            PageReason::Assigned { role } => format!("assigned-{role}"),
        }
    }
}

impl Retimed {
    /// Warnings that were not yet given.
    pub fn pending_warnings(&self) -> impl Iterator<Item = &Warning> {
        self.clock.warnings.iter().filter(|w| w.fired_at.is_none())
    }
}
