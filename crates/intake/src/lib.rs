//! Wire formats to signals, one file per format.
//!
//! Every reader takes the bytes of a body and the present, and gives signals, each accepted or
//! rejected by itself, or one problem when the body as a whole cannot be used. What they give
//! passes through [`redact`] before anybody decides on it. Nothing is stored, and duplicates are
//! not looked for, here; nor is there any HTTP.

mod alert;
mod check;
mod diagnose;
mod json;
mod mend;
mod suggest;

pub mod alertmanager;
pub mod alertmanager_api;
pub mod grafana;
pub mod limit;
pub mod mapping;
pub mod native;
pub mod pagerduty;
pub mod redact;
pub mod signature;

use problem::Problem;

/// One signal of a request that is not taken in; the others are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Which one, from 0: the element of the array, or the non-empty line.
    pub index: usize,
    /// Why. The detail names fields and types, never values.
    pub problem: Problem,
}
