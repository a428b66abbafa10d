//! Signals, detectors, incidents, clocks and escalation: `decide`, `evolve`, `due`.
//!
//! The only place with semantics. Pure: state, input and `now` go in, events come out.
//! It knows neither storage nor HTTP. The library is named `wcore`, so that it does not
//! hide Rust's own `core`.

pub mod signal;
