//! HTTP: the API, access, the pages, the public status page, health and metrics.
//!
//! Everything goes through the [`router`]'s one table. Nothing is decided here: handlers turn
//! requests into commands and state into answers. It knows no SQL and reads no environment.

mod access;
mod api;
mod app;
mod body;
mod checklist_dto;
mod dto;
mod events;
mod headers;
mod health;
mod id;
mod intake;
pub mod learning;
mod metrics;
mod pages;
mod pass;
mod patience;
mod refusal;
pub mod reports;
mod router;
mod serve;
mod sight;
mod sign_in;
mod source;
pub mod status;

pub use access::{
    Access, Bootstrap, Fit, KnownToken, PASSING, Role, SESSION_LIFETIME, Scope, TOKENS, known_tokens, roles_of,
};
pub use api::incidents::decisions;
pub use app::{AppConfig, IN_FLIGHT_MAX};
pub use router::{commands, router, routes};
pub use serve::{Limits, serve, serve_within};
