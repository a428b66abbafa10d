//! Business time, holidays, zones and daylight saving, rotations and on-call schedules.
//!
//! Everything here is pure: the present is an argument, tzdata is compiled in.
//! This crate knows nothing of incidents or of policy files.

mod instant;

pub use instant::{Instant, ParseInstantError};
pub use jiff::SignedDuration as Duration;
