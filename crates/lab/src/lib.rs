//! Uses of the core: the escalation matrix, proofs, the weekly review, backtests, and what a policy changes.
//!
//! Pure, and without semantics of its own: what an incident is, when a clock is due and whether a
//! trigger fires, the core says. Here its answers are asked for, gathered and compared. How they
//! look is the report's business.

pub mod backtest;
mod bound;
mod change;
pub mod generator;
mod matrix;
pub mod prove;
mod review;
mod tighten;
mod week;
mod words;

pub use change::{Change, Direction, changes, promised, resets, roster_changes};
pub use matrix::{CUSTOMERS, Check, EXECUTIVES, Matrix, Readiness, Row, Scope, SeverityCount, Summary, Tier, matrix};
pub use review::{
    AFTER_HOURS, AfterHours, BrokenGlass, Counts, EARLIER_WEEKS, FALSE_PAGE, FalsePage, Finding, LateAnswer, Miss,
    NEVER_CLOSED, NeverClosed, OpenValidation, Outcome, Question, Review, Tally, Trend, review, review_zone,
};
pub use tighten::{Thresholds, Tighter, replays, thresholds, tighten};
pub use week::{ParseWeekError, Week};
pub use words::{clock, length, target, window};
