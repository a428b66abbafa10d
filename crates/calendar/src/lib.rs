//! Business time, holidays, zones and daylight saving, rotations and on-call schedules.
//!
//! Everything here is pure: the present is an argument, tzdata is compiled in.
//! This crate knows nothing of incidents or of policy files.
//!
//! Local times become instants by one rule, in [`Zone`]: an edge inside a gap moves to the gap's
//! end; in a fold, openings and hand-offs happen at the first occurrence, closings at the last.
//! From there on only elapsed time counts.

mod business;
mod instant;
mod intervals;
mod rotation;
mod rules;
mod schedule;
mod window;
mod zone;

pub use business::{Calendar, CalendarError, CalendarSpec, HORIZON};
pub use instant::{Instant, ParseInstantError};
pub use intervals::Intervals;
pub use jiff::SignedDuration as Duration;
pub use jiff::civil::{Date, DateTime, Time, Weekday};
pub use rotation::{Every, Handoff, Rotation, RotationError, RotationSpec, Turn};
pub use schedule::{LayerSpec, Override, Schedule, ScheduleError, ScheduleSpec, Shift};
pub use window::{ParseWindowError, Window};
pub use zone::{UnknownZone, Zone, tzdata};
