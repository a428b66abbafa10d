//! What leaves the house: requests are claimed into deliveries, deliveries are attempted.
//!
//! A request says whom a decision wants to reach; claiming it resolves people from the live
//! roster; only deliveries are sent, and each is one contact of one person. A person's contacts are
//! tried one after the other, until one gives the receipt that its channel can give.

mod claim;
mod clerk;
mod contacts;
mod dispatch;
pub(crate) mod lease;
mod pass;
mod places;
mod record;
pub(crate) mod send;
mod tray;

use problem::Problem;
use serde::{Deserialize, Serialize};
use wcore::event::{PageRequest, Update};

use crate::codec;

pub(crate) use claim::Desk;
pub(crate) use clerk::Clerk;
pub(crate) use dispatch::{Bell, DISABLED_CHANNELS, Dispatcher};
pub(crate) use pass::Made;
pub use pass::{PASSES, Pass};
pub(crate) use places::Places;
pub(crate) use record::Pace;
pub(crate) use tray::{Handout, Standing, Tray};

/// What a decision asks of the outbox.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Request {
    /// People are to be paged.
    Page(PageRequest),
    /// An audience is to read a message.
    Update(Update),
    /// Watchbell complains about itself.
    SelfAlert { code: String, detail: String },
    /// A person asks whether pages arrive.
    TestPage { person: String },
    /// The fallback is to know something about Watchbell itself.
    Announcement { subject: String, text: String },
}

/// Type of the message in which Watchbell complains about itself.
const SELF_ALERT: &str = "watchbell.self_alert";
/// Type of the message that only shows that messages arrive.
const TEST_PAGE: &str = "page.test";
/// Type of the message that tells something about Watchbell itself.
const ANNOUNCEMENT: &str = "watchbell.announcement";

impl Request {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Request::Page(_) => "page",
            Request::Update(_) => "update",
            Request::SelfAlert { .. } => "self_alert",
            Request::TestPage { .. } => "test_page",
            Request::Announcement { .. } => "announcement",
        }
    }

    /// Whether a request of that kind is about Watchbell itself.
    pub(crate) fn announces(kind: &str) -> bool {
        matches!(kind, "self_alert" | "announcement")
    }
}

/// The body of a delivery: the words, and what a program reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Mail {
    /// Type of the webhook message, dotted.
    pub(crate) kind: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) link: Option<String>,
    /// Particulars for programs.
    pub(crate) data: serde_json::Value,
    /// Superseded once someone acknowledges.
    pub(crate) until_acknowledged: bool,
    /// Number of the update that it carries, if it does.
    pub(crate) update: Option<u32>,
    /// Step and round of the escalation that wait for its receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) step: Option<(u32, u32)>,
    /// Deliveries of the same page to the same person in the order in which they are tried, this
    /// one among them; empty where each is sent at once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) contacts: Vec<String>,
    /// How long this one waits for the receipt of those before it, in seconds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) waits_s: u32,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Mail {
    /// It is about Watchbell itself.
    pub(crate) fn announces(&self) -> bool {
        matches!(self.kind.as_str(), SELF_ALERT | ANNOUNCEMENT)
    }

    /// Deliveries that come before this one, or after it.
    pub(crate) fn siblings(&self, own: &str) -> (&[String], &[String]) {
        match self.contacts.iter().position(|id| id == own) {
            Some(place) => (&self.contacts[..place], &self.contacts[place + 1..]),
            None => (&[], &[]),
        }
    }

    pub(crate) fn decode(body: &[u8]) -> Result<Mail, Problem> {
        serde_json::from_slice(body).map_err(|e| codec::unreadable(format!("a delivery does not decode ({e})")))
    }
}

/// Name of the built-in channel, which every person has.
pub(crate) const INBOX: &str = "inbox";
