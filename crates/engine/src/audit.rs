//! What people and programs did that concerns no incident: access, policies, rosters, holds.
//!
//! Entries stand in the same order and hash chain as everything else. They hold no secrets and
//! decide nothing.

use std::borrow::Cow;

use calendar::Instant;
use journal::{DocumentChange, EventPlace, EventRow, OutboxChanges, Position};
use problem::Problem;
use serde::{Deserialize, Serialize};
use wcore::event::Actor;

use crate::codec;
use crate::handle::Engine;
use crate::queue::FollowUp;
use crate::view::{SEEN_ALERTS, Seen, View};

/// One act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// Who did it.
    pub by: Actor,
    /// What, as a dotted word such as `token.created`.
    pub what: Cow<'static, str>,
    /// What or whom it is about, such as a token's id.
    pub about: String,
    /// Particulars for people; no secrets.
    pub note: String,
}

/// An act, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAct {
    /// Position of its batch.
    pub position: u64,
    /// Place within the batch, from 0.
    pub index: u32,
    /// Journal time.
    pub at: Instant,
    /// The act.
    pub act: Act,
}

impl Act {
    /// An act without particulars.
    pub fn new(by: Actor, what: &'static str, about: impl Into<String>) -> Act {
        Act { by, what: Cow::Borrowed(what), about: about.into(), note: String::new() }
    }

    /// With particulars.
    #[must_use]
    pub fn noting(mut self, note: impl Into<String>) -> Act {
        self.note = note.into();
        self
    }

    pub(crate) fn row(&self) -> EventRow {
        EventRow { incident: None, kind: Cow::Borrowed(codec::AUDIT), body: codec::json(self) }
    }
}

impl Engine {
    /// A person has seen a self-alert as it stood at `last_at`; it comes back when it occurs again.
    pub async fn see_alert(&self, code: &str, last_at: Instant, by: Actor) -> Result<(), Problem> {
        let known = self.read(|view| view.self_alerts()).await?;
        if !known.iter().any(|alert| alert.code == code) {
            return Err(Problem::new(&problem::ROUTE_UNKNOWN, "there is no self-alert of that code"));
        }
        let seen = Seen { by: by.clone(), at: self.now(), last_at };
        let (collection, id) = (SEEN_ALERTS.to_owned(), code.to_owned());
        let change = DocumentChange { collection, id, body: Some(codec::json(&seen)) };
        self.change_documents(vec![change], Act::new(by, "self-alert.seen", code)).await
    }

    /// Stores small documents, or deletes them, together with the act that this is.
    pub async fn change_documents(&self, documents: Vec<DocumentChange>, act: Act) -> Result<(), Problem> {
        let changes = OutboxChanges { documents, ..OutboxChanges::default() };
        self.write(changes, vec![FollowUp::Note(act)]).await
    }

    /// Records an act.
    pub async fn note(&self, act: Act) -> Result<(), Problem> {
        self.change_documents(Vec::new(), act).await
    }
}

impl View {
    /// Acts before a place, newest first.
    pub fn acts(&self, before: Option<(u64, u32)>, limit: u32) -> Result<Vec<StoredAct>, Problem> {
        let before = before.map(|(position, index)| EventPlace { position: Position(position), index });
        let rows = codec::stored(self.reader().events_of_kind(codec::AUDIT, before, limit))?;
        let decode = |row: journal::StoredEvent| {
            let act = serde_json::from_slice(&row.event.body)
                .map_err(|e| codec::unreadable(format!("an act does not decode ({e})")))?;
            Ok(StoredAct { position: row.place.position.0, index: row.place.index, at: row.recorded_at, act })
        };
        rows.into_iter().map(decode).collect()
    }
}
