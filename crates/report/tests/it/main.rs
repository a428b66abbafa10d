//! Tests of the crate through its public interface: the starter's matrix and a week full of
//! hostile text, in every form.

// Clippy exempts test functions only, not what they share.
#![allow(clippy::unwrap_used)]

mod backtest;
mod hostile;
mod matrix;
mod playbook;
mod review;
mod week;
