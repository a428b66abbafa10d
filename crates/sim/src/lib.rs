//! The simulator: the real core and the real engine over the store in memory, under a seeded
//! scheduler that injects faults, judged after every step by a naive model.
//!
//! Reading order: `plan` (what will happen), `world` (the scheduler), `model` and `post` (what must
//! hold), `defect` (that it would be noticed), `shrink`. It opens no socket and starts no thread
//! but one per seed.

mod clients;
mod defect;
mod documents;
mod model;
mod people;
mod plan;
mod post;
mod random;
mod receiver;
mod run;
mod shrink;
mod store;
mod text;
mod watcher;
mod world;

pub use defect::Defect;
pub use model::Violation;
pub use plan::{Act, Fault, INPUTS, Plan, Verb};
pub use run::{Report, Summary, Tally, caught, many, one, seeds, trace};
pub use shrink::{Shrunk, shrink};
