//! What the larger events carry.

use calendar::Instant;
use policy::model::{Party, Rank, Role};
use serde::{Deserialize, Serialize};

use crate::clock::{Clock, ClockId, Warning};
use crate::decision::Decision;

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
    /// What started it happened earlier than was known.
    Backdated,
    /// A fact that it hangs on was corrected.
    Corrected,
}

/// Proof that a fix works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// `evaluation`, `sample`, `link` or `file`.
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
    /// How its text was approved.
    #[serde(default)]
    pub approval: Approval,
    /// The message that it corrects.
    #[serde(default)]
    pub corrects: Option<u32>,
}

/// How the text of a message was approved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// Its window asks for none.
    #[default]
    NotNeeded,
    /// By a person, who may be its author where the policy allows it.
    By(String),
    /// It is a holding statement of the policy.
    InAdvance,
}

/// Words that a person wrote to an audience. They are never changed: others take their place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// Number within the incident, which the message keeps.
    pub no: u32,
    /// To whom.
    pub audience: String,
    /// What they shall read.
    pub text: String,
    /// Who wrote it.
    pub by: String,
    /// The next message is promised by then.
    pub next_update_at: Option<Instant>,
    /// The published message that they correct.
    pub corrects: Option<u32>,
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
    /// The holder of a role asks them to take it over.
    HandOver {
        /// Which role.
        role: Role,
    },
    /// Someone declined a role, which another person or nobody holds now.
    Declined {
        /// Which role.
        role: Role,
    },
    /// A bad signal failed the validation in its hold.
    HoldBroken {
        /// How often by now.
        time: u32,
    },
    /// Approved words were not published.
    Unsent {
        /// Their number.
        update: u32,
    },
    /// Someone asks to resolve without proof, and needs a second person.
    BreakGlass {
        /// Until when.
        until: Instant,
    },
    /// Someone asks for a lower severity, and needs a second person.
    Lowering {
        /// The severity asked for.
        to: Rank,
        /// Until when.
        until: Instant,
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
            PageReason::HandOver { role } => format!("hand-over-{role}"),
            PageReason::Declined { role } => format!("declined-{role}"),
            PageReason::HoldBroken { time } => format!("hold-broken-{time}"),
            PageReason::Unsent { update } => format!("unsent-{update}"),
            PageReason::BreakGlass { until } => format!("break-glass-{until}"),
            PageReason::Lowering { to, until } => format!("lowering-{to}-{until}"),
        }
    }
}

impl Retimed {
    /// Warnings that were not yet given.
    pub fn pending_warnings(&self) -> impl Iterator<Item = &Warning> {
        self.clock.warnings.iter().filter(|w| w.fired_at.is_none())
    }
}
