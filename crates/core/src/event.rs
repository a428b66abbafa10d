//! What happened to an incident: the facts of the journal.
//!
//! Events carry every instant that was computed when they were decided, so that folding
//! them needs no policy, no calendar and no tzdata. New fields get `#[serde(default)]`;
//! a changed meaning gets a new variant.

mod checklist;
mod detail;

use calendar::Instant;
use policy::model::{Rank, Role};
use serde::{Deserialize, Serialize};

use crate::clock::{Clock, ClockId, Ending};
pub use checklist::{ChecklistEvent, PlannedStep};
pub use detail::{
    Act, Approval, Attached, Evidence, Fact, Opened, PageReason, PageRequest, RetimeCause, Retimed, Update, Words,
};

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
        /// It was given long after its instant.
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
        /// Who does it; whoever held the review, if absent.
        #[serde(default)]
        owner: Option<String>,
        /// Until when.
        #[serde(default)]
        due_at: Option<Instant>,
    },
    /// What the review decided has been done.
    ActionDone {
        /// Who says so, and when.
        act: Act,
        /// What came of it.
        note: String,
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
    /// Unless a page of the step has its receipt by then, the next step is paged at once.
    ReceiptAwaited {
        /// Step, from 0.
        step: u32,
        /// Its round, from 0.
        round: u32,
        /// When.
        until: Instant,
    },
    /// A page of a step has the receipt that its channel gives.
    StepReceived {
        /// Step, from 0.
        step: u32,
        /// Its round, from 0.
        round: u32,
        /// Whom it reached first.
        person: String,
        /// By which channel.
        channel: String,
    },
    /// No page of a step had its receipt in time. Who is paged then follows.
    ReceiptMissing {
        /// Step, from 0.
        step: u32,
        /// Its round, from 0.
        round: u32,
    },
    /// Nobody further is paged.
    EscalationStopped {
        /// Why.
        reason: String,
    },
    /// A person will not take a role, or gives it back. Who holds it then follows.
    RoleDeclined {
        /// Which role.
        role: Role,
        /// Who.
        person: String,
        /// Why.
        reason: String,
    },
    /// The holder of a role, who stays accountable, asks another person to take it over.
    HandOverOffered {
        /// Which role.
        role: Role,
        /// Who is asked.
        person: String,
        /// What they need to know.
        note: String,
    },
    /// A passed validation must stand for a while before anyone may resolve.
    HoldStarted {
        /// From then on it may be resolved.
        until: Instant,
    },
    /// A bad signal in the hold failed the validation.
    HoldBroken {
        /// The trigger that fired.
        trigger: String,
    },
    /// A person asks to resolve without proof.
    BreakGlassRequested {
        /// Who.
        by: String,
        /// Why there is no time for proof.
        reason: String,
        /// A second person may confirm it until then.
        until: Instant,
    },
    /// Two people resolved it without proof. The weekly review shows it.
    BrokenGlass {
        /// Who asked.
        by: String,
        /// Who confirmed.
        confirmed_by: String,
        /// Why there was no time for proof.
        reason: String,
    },
    /// A person asks for a lower severity.
    LoweringRequested {
        /// Who.
        by: String,
        /// The severity asked for.
        to: Rank,
        /// Why.
        reason: String,
        /// A second person may confirm it until then.
        until: Instant,
    },
    /// A request for a lower severity was declined, or taken back by whoever had asked.
    LoweringDeclined {
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// Two people lowered the severity. The change itself then follows.
    LoweringConfirmed {
        /// Who asked.
        by: String,
        /// Who confirmed.
        confirmed_by: String,
        /// Why.
        reason: String,
    },
    /// A dated statement was wrong, and another takes its place.
    FactCorrected {
        /// Which statement.
        fact: Fact,
        /// The notice that it is about, if it is about one.
        notice: Option<String>,
        /// What it said, and who had said so.
        was: Act,
        /// Who corrected it, and the instant that is right.
        act: Act,
        /// Why it was wrong.
        reason: String,
        /// What the right one rests on.
        note: String,
    },
    /// Words to an audience wait to be approved or published, in place of those that waited.
    UpdateDrafted(Box<Words>),
    /// Words that wait were approved.
    UpdateApproved {
        /// Their number.
        update: u32,
        /// Who and when.
        act: Act,
    },
    /// Words were approved a minute ago and nobody published them.
    ApprovedUnsent {
        /// Their number.
        update: u32,
    },
    /// A statutory notice was submitted.
    NoticeSubmitted {
        /// Which notice.
        notice: String,
        /// Who, and when it was submitted.
        act: Act,
        /// What it rests on.
        note: String,
    },
    /// A playbook was started as a checklist, or something happened to one of its steps.
    Checklist(Box<ChecklistEvent>),
}
