//! A vocabulary in which scenarios read like prose. It adds no semantics: whatever happens in a
//! [`World`] is decided by the crate.

mod policy;
mod show;
mod world;

pub(crate) use policy::{airline, always, bare, notices, on, once, roster};
pub(crate) use show::{at, clock};
pub(crate) use world::{World, evidence, person, receipt};

use calendar::Duration;

/// `90s`, `15m`, `2h`.
pub(crate) fn span(text: &str) -> Duration {
    text.parse().unwrap()
}
