//! The pages: what people see and click. Rendered on the server, from the core's state.
//!
//! Every page is a pure function of what it shows; `serve` reads the engine and answers.
//! Forms become the same commands as the API's. It knows no storage and decides nothing.

pub(crate) mod account;
mod actions;
pub(crate) mod assets;
pub(crate) mod audit;
mod board;
mod checklist_words;
mod declare;
mod deliveries;
mod event_words;
mod face;
mod flash;
mod form;
mod frame;
pub(crate) mod generator;
mod glyph;
pub(crate) mod hold;
mod inbox;
mod incident;
pub(crate) mod mine;
mod moment;
mod names;
pub(crate) mod outside;
mod pace;
pub(crate) mod pass;
pub(crate) mod playbooks;
mod policy;
mod proof;
pub(crate) mod reports;
pub(crate) mod serve;
pub(crate) mod sources;
mod submit;
mod words;

#[cfg(test)]
mod tests;
