//! One running promise: what it is, when it is due, and how it ended.
//!
//! A clock's ending and its `breached_at` are independent facts. The arithmetic of open
//! time is the calendar's; which clocks an incident has is decided in `promise`.

use calendar::{Duration, Instant, Intervals};
use policy::model::{Precondition, Role};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a clock promises.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockKind {
    /// A person takes it: the "first response" of a matrix.
    Acknowledge,
    /// The holder of a role accepts it.
    Accept(Role),
    /// Suspected becomes confirmed or refuted.
    Confirm,
    /// Customers are no longer harmed.
    Contain,
    /// First notice to an audience.
    Notify(String),
    /// The next update to an audience.
    Update(String),
    /// Closing notice to an audience.
    Closing(String),
    /// Whether an audience is told.
    Decide(String),
    /// The cause no longer acts.
    Mitigate,
    /// Proof that it is fixed.
    Validate,
    /// All done.
    Resolve,
    /// The review is held.
    Review,
    /// A statutory notice.
    Statutory(String),
}

impl ClockKind {
    /// Whether a pause of the work stops it. People who wait to hear, and the law, are not paused.
    pub fn pausable(&self) -> bool {
        matches!(
            self,
            ClockKind::Confirm
                | ClockKind::Contain
                | ClockKind::Mitigate
                | ClockKind::Validate
                | ClockKind::Resolve
                | ClockKind::Review
        )
    }

    /// The audience it speaks to.
    pub fn audience(&self) -> Option<&str> {
        match self {
            ClockKind::Notify(a) | ClockKind::Update(a) | ClockKind::Closing(a) | ClockKind::Decide(a) => Some(a),
            _ => None,
        }
    }

    /// The role that answers for it.
    pub fn accountable(&self) -> Role {
        match self {
            ClockKind::Accept(role) => *role,
            ClockKind::Notify(_) | ClockKind::Update(_) | ClockKind::Closing(_) => Role::Publishing,
            ClockKind::Decide(_) | ClockKind::Statutory(_) => Role::Privacy,
            ClockKind::Contain | ClockKind::Mitigate => Role::Remediation,
            ClockKind::Validate => Role::Validation,
            ClockKind::Acknowledge | ClockKind::Confirm | ClockKind::Resolve | ClockKind::Review => Role::Commander,
        }
    }

    /// The kind's word, without its audience or role.
    pub fn word(&self) -> &'static str {
        match self {
            ClockKind::Acknowledge => "acknowledge",
            ClockKind::Accept(_) => "accept",
            ClockKind::Confirm => "confirm",
            ClockKind::Contain => "contain",
            ClockKind::Notify(_) => "notify",
            ClockKind::Update(_) => "update",
            ClockKind::Closing(_) => "closing",
            ClockKind::Decide(_) => "decide",
            ClockKind::Mitigate => "mitigate",
            ClockKind::Validate => "validate",
            ClockKind::Resolve => "resolve",
            ClockKind::Review => "review",
            ClockKind::Statutory(_) => "statutory",
        }
    }
}

impl fmt::Display for ClockKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        match self {
            ClockKind::Accept(role) => write!(f, ":{role}"),
            ClockKind::Statutory(name) => write!(f, ":{name}"),
            kind => kind.audience().map_or(Ok(()), |audience| write!(f, ":{audience}")),
        }
    }
}

/// Names one clock within its incident, such as `update:customers#3`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ClockId {
    /// What it promises.
    pub kind: ClockKind,
    /// 1 for the first; cadences and reopenings count on.
    pub cycle: u32,
}

impl fmt::Display for ClockId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.cycle == 1 { write!(f, "{}", self.kind) } else { write!(f, "{}#{}", self.kind, self.cycle) }
    }
}

/// A warning before a deadline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// Share of the target that has then passed.
    pub percent: u8,
    /// When it is given.
    pub at: Instant,
    /// When it was given.
    pub fired_at: Option<Instant>,
}

/// How a clock ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The promise was fulfilled, in time or late.
    Met,
    /// It no longer applied.
    Cancelled {
        /// Why.
        reason: String,
    },
    /// A named person let it go.
    Waived {
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// Another clock took its place.
    Superseded {
        /// Which.
        by: ClockId,
    },
    /// It ran by mistake: the fact that it hung on was corrected, and its next cycle counts.
    Corrected {
        /// Who corrected the fact.
        by: String,
        /// Why it was wrong.
        reason: String,
    },
}

/// One running or ended promise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// Its name.
    pub id: ClockId,
    /// Open time promised.
    pub target: Duration,
    /// Calendar on which it runs.
    pub calendar: String,
    /// When it started.
    pub started_at: Instant,
    /// Open time granted beyond the target, where that was past already when it was set.
    #[serde(default)]
    pub grace: Duration,
    /// Earliest instant at which open time minus pauses equals the target and its grace.
    /// `None`: paused without an end, or never within the calendar's horizon.
    pub due_at: Option<Instant>,
    /// Of a statutory clock: the latest lawful instant, for counsel. Nobody is paged by it.
    #[serde(default)]
    pub latest_at: Option<Instant>,
    /// Warnings, ascending.
    pub warnings: Vec<Warning>,
    /// Cancelled instead of due unless this holds.
    pub only_if: Option<Precondition>,
    /// A raised severity made its target already past; it has a grace period.
    pub born_late: bool,
    /// Times that do not count.
    pub pauses: Intervals,
    /// When the promise was fulfilled.
    pub met_at: Option<Instant>,
    /// When the deadline passed unmet. Never erased.
    pub breached_at: Option<Instant>,
    /// How it ended; `None` while it runs.
    pub ending: Option<Ending>,
}

impl Clock {
    /// It has not ended.
    pub fn is_open(&self) -> bool {
        self.ending.is_none()
    }

    /// It is open and stands still.
    pub fn is_paused(&self) -> bool {
        self.is_open() && self.pauses.open_end()
    }

    /// The next instant at which something happens to it by itself.
    pub fn next_due(&self) -> Option<Instant> {
        if !self.is_open() || self.breached_at.is_some() {
            return None;
        }
        let warning = self.warnings.iter().filter(|w| w.fired_at.is_none()).map(|w| w.at).min();
        // A deadline is missed only after it: met at the very instant is met.
        let breach = self.due_at.map(after);
        [warning, breach].into_iter().flatten().min()
    }
}

/// The first instant after `at`: a deadline is missed when it has passed.
pub fn after(at: Instant) -> Instant {
    at + Duration::from_micros(1)
}
