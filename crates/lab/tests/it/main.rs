//! Tests of the crate through its public interface, on a day that the real engine recorded.

// Clippy exempts test functions only, not what they share.
#![allow(clippy::unwrap_used)]

mod backtest;
mod day;
mod generator;
mod matrix;
mod prove;
mod review;
