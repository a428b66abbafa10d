//! Deliveries to the outside world, one file per channel; an outcome is a value.
//!
//! A channel sends one message once and says how that went. It knows no storage, keeps no
//! queue and never retries by itself: [`retry`] is the schedule as data, and whoever owns the
//! outbox applies it. Nothing here logs, because reasons travel in the [`Outcome`].

mod address;
mod answer;
mod beat;
mod http;
mod letter;
mod message;
mod outcome;
mod plain;
mod resolver;
mod sender;

pub mod email;
pub mod inbox;
pub mod page;
pub mod retry;
pub mod secret;
pub mod signing;
pub mod slack;
pub mod webhook;

pub use address::internal_kind;
pub use beat::{Beat, BeatTarget};
pub use email::{EmailSettings, EmailTarget};
pub use http::{StartFault, Timeouts};
pub use letter::{Letter, Thread};
pub use message::{MESSAGE_BYTES_MAX, Message};
pub use outcome::{Outcome, Receipt};
pub use page::{Page, PageText};
pub use secret::Secret;
pub use sender::{Sender, Target};
pub use slack::SlackTarget;
pub use webhook::{Webhook, WebhookTarget};
