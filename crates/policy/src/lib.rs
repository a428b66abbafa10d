//! Policy and roster documents: what is promised, who keeps it, and when they are on call.
//!
//! Parsing keeps places, so that every problem is shown where it stands. Conditions are a
//! decidable fragment of CEL. Pure: it knows neither storage nor HTTP.

pub mod condition;
mod lookup;
pub mod model;

mod suggest;

pub use lookup::ALWAYS;
