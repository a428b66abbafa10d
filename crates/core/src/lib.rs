//! Signals, detectors, incidents, clocks and escalation: `decide`, `evolve`, `due`.
//!
//! The only place with semantics. Pure: state, input and `now` go in, events come out.
//! It knows neither storage nor HTTP. The library is named `wcore`, so that it does not
//! hide Rust's own `core`.
//!
//! Reading order: a [`signal`] makes a [`trigger`] fire, which [`raise`] turns into an
//! [`incident`]; its [`clock`]s are started and missed in `promise`, those of words in `notices`
//! and those of the law in `statutory`; `roles` says who answers, `messages` who may say what,
//! `hold` when proof is enough; pages are asked for in [`escalation`], and people act through
//! [`command`].

pub mod clock;
pub mod command;
pub mod decision;
mod draft;
pub mod escalation;
pub mod event;
mod hold;
pub mod incident;
mod messages;
mod notices;
mod promise;
pub mod raise;
mod roles;
pub mod signal;
mod statutory;
pub mod trigger;

pub use command::{BREAK_GLASS_WITHIN, Command, LOWER_WITHIN, decide, tick};
pub use draft::{Context, Decided};
pub use incident::Incident;
pub use messages::UNSENT_AFTER;
pub use promise::{GRACE, deadline};
pub use signal::Signal;
