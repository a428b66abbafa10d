//! The hold: all outgoing messages but the most severe wait, for at most an hour.
//!
//! Clocks go on, and what is missed meanwhile is missed. Which rows wait the outbox asks here.

use calendar::{Duration, Instant};
use journal::Reader;
use problem::Problem;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use wcore::event::Actor;

use crate::handle::Engine;
use crate::queue::{HoldInput, HoldWish, Input};
use crate::{SETTINGS, codec};

/// The longest hold: longer, and an incident of severity 2 would pass unseen.
pub const LENGTH_MAX: Duration = Duration::from_hours(1);
/// Longest reason, in characters: it stands in a banner.
pub const REASON_MAX: usize = 200;
/// The severity that is never held.
const NEVER_HELD: u8 = 1;
/// Id of the document that holds it.
pub(crate) const DOCUMENT: &str = "hold";

/// Everything outgoing but severity 1 waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Who asked for it.
    pub by: Actor,
    /// Why.
    pub reason: String,
    /// Since when.
    pub since: Instant,
    /// It ends by itself then.
    pub until: Instant,
}

impl Hold {
    /// A hold from an instant on, for a length.
    pub(crate) fn new(by: Actor, reason: &str, (since, length): (Instant, Duration)) -> Result<Hold, Problem> {
        let reason = reason.trim();
        let letters = reason.chars().count();
        if letters == 0 || letters > REASON_MAX || reason.chars().any(char::is_control) {
            let detail = format!("`reason` must be one line of 1 to {REASON_MAX} characters");
            return Err(Problem::new(&problem::TEXT_INVALID, detail));
        }
        if !length.is_positive() || length > LENGTH_MAX {
            let detail = format!("a hold lasts at most {LENGTH_MAX:#}, and longer than nothing");
            return Err(Problem::new(&problem::TIME_INVALID, detail));
        }
        Ok(Hold { by, reason: reason.to_owned(), since, until: since + length })
    }

    /// Whether something of that severity waits; `announces`: it is about Watchbell itself.
    pub(crate) fn holds(severity: u8, announces: bool) -> bool {
        severity > NEVER_HELD && !announces
    }
}

/// The hold that is stored, over or not.
pub(crate) fn read(reader: &dyn Reader) -> Result<Option<Hold>, Problem> {
    let Some(body) = codec::stored(reader.document(SETTINGS, DOCUMENT))? else { return Ok(None) };
    let hold = serde_json::from_slice(&body);
    hold.map(Some).map_err(|e| codec::unreadable(format!("the hold does not decode ({e})")))
}

impl Engine {
    /// Holds all outgoing messages but those of severity 1.
    pub async fn hold(&self, length: Duration, reason: &str, by: Actor) -> Result<(), Problem> {
        self.wish(HoldWish::Begin { length, reason: reason.to_owned() }, by).await
    }

    /// Ends the hold before its time.
    pub async fn end_hold(&self, by: Actor) -> Result<(), Problem> {
        self.wish(HoldWish::End, by).await
    }

    /// The hold that is running.
    pub fn held(&self) -> Option<Hold> {
        self.inner.shared.hold()
    }

    async fn wish(&self, wish: HoldWish, by: Actor) -> Result<(), Problem> {
        let (reply, answer) = oneshot::channel();
        self.inner.shared.queue.push(Input::Hold(HoldInput { wish, by, reply: Some(reply) }))?;
        answer.await.map_err(|_| crate::queue::stopping())?
    }
}
