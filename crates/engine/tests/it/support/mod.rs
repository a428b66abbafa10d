//! The scenario vocabulary of the tests.

mod gate;
mod receiver;
mod world;

pub(crate) use gate::Mode;
pub(crate) use receiver::{Receiver, Reply};
pub(crate) use world::{Setup, World, both, declaration, degraded, numbered, person, signal};

use calendar::{Duration, Instant};

/// Every scenario begins here: a Monday, ten o'clock UTC, in winter time.
pub(crate) const BEGIN: &str = "2026-11-23T10:00:00Z";

/// An instant on the day of the scenarios, such as `10:30` or `10:30:05`.
pub(crate) fn at(time: &str) -> Instant {
    let time = if time.len() == 5 { format!("{time}:00") } else { time.to_owned() };
    Instant::parse(&format!("2026-11-23T{time}Z")).unwrap()
}

/// A length such as `10m` or `1h 5m`.
pub(crate) fn span(text: &str) -> Duration {
    text.parse().unwrap()
}

/// An instant as a time of day, to the second; later days in full.
pub(crate) fn clock(at: Instant) -> String {
    let whole = at.to_string();
    let short = whole.strip_prefix("2026-11-23T").map(|time| time.chars().take(8).collect());
    short.unwrap_or(whole)
}
