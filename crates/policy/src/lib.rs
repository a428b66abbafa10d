//! Policy and roster documents: what is promised, who keeps it, and when they are on call.
//!
//! Parsing keeps places, so that every problem is shown where it stands. Conditions are a
//! decidable fragment of CEL. Pure: it knows neither storage nor HTTP.

pub mod condition;
pub mod mapping;
pub mod model;
pub mod playbook;
pub mod starter;

mod check;
mod diagnostic;
mod document;
mod format;
mod ignore;
mod lookup;
mod render;
pub mod schema;
pub mod statement;
pub mod statutory;
mod suggest;

pub use diagnostic::{Diagnostic, Label, Level, Source};
pub use document::BUILT_IN_SOURCES;
pub use document::{
    Loaded, MAX_DIAGNOSTICS, MAX_DOCUMENT_BYTES, MAX_DOCUMENT_DEPTH, MAX_DOCUMENT_NODES, load, load_on, version_of,
};
pub use format::{to_github, to_sarif};
pub use ignore::LINTS;
pub use lookup::{ALWAYS, INBOX};
pub use render::{render, to_json};
