//! The HTTP side against a real engine on SQLite.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod access;
mod bad_input;
mod checklists;
mod commands;
mod emulation;
mod events;
mod intake;
mod operations;
mod passes;
mod people;
mod plans;
mod reading;
mod reports;
mod restriction;
mod socket;
mod sources;
mod status;
mod world;
