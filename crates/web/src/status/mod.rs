//! The public status page: what customers may know, for everybody and without a login.
//!
//! Shown are components and the texts that people published to audiences on `status-page`.
//! Titles, classes, people, services without a component, and restricted incidents never are.
//! `board` says what is public, the other files only how it looks: page, feed, Statuspage's JSON.

mod board;
mod export;
mod feed;
mod ids;
mod json;
mod page;
mod read;
mod serve;
mod watch;

pub use export::{export, keep};
pub use ids::prepare;
pub(crate) use serve::{document, documents, feed, page};
pub(crate) use watch::Watch;
