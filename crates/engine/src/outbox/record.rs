//! What the outbox has to say to the journal: changes of its rows, each with what follows from it.

use journal::{DeliveryUpdate, DocumentChange, OutboxChanges};
use problem::Problem;

use super::clerk::Clerk;
use crate::attempt::concerns_one_input;
use crate::queue::{FollowUp, Input, WriteInput, stopping};

/// A claim or an outcome, and what must become durable together with it.
#[derive(Clone)]
pub(crate) struct Record {
    pub(crate) update: DeliveryUpdate,
    pub(crate) documents: Vec<DocumentChange>,
    pub(crate) follow_ups: Vec<FollowUp>,
}

/// How soon something is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// Somebody waits for it.
    AtOnce,
    /// Nobody does: it may wait a moment for others, to share their transaction.
    InCompany,
}

impl Record {
    pub(crate) fn new(update: DeliveryUpdate) -> Record {
        Record { update, documents: Vec::new(), follow_ups: Vec::new() }
    }

    /// The delivery whose outcome it is.
    pub(crate) fn delivery(&self) -> Option<&str> {
        match &self.update {
            DeliveryUpdate::Attempt(attempt) => Some(&attempt.delivery),
            DeliveryUpdate::Claim(_) => None,
        }
    }
}

impl Clerk {
    /// Writes records, together if possible. What cannot be decided along with one is left out,
    /// with a self-alert, because the row itself must be written: else it would be sent for ever.
    pub(crate) async fn write(&self, records: Vec<Record>, pace: Pace) -> Result<(), Problem> {
        match self.transact(records.clone(), pace).await {
            Err(problem) if concerns_one_input(&problem) => {}
            written => return written,
        }
        for record in records {
            match self.transact(vec![record.clone()], pace).await {
                Err(problem) if concerns_one_input(&problem) => {
                    self.transact(vec![Record { follow_ups: Vec::new(), ..record }], pace).await?;
                }
                written => written?,
            }
        }
        Ok(())
    }

    async fn transact(&self, records: Vec<Record>, pace: Pace) -> Result<(), Problem> {
        let (reply, answer) = tokio::sync::oneshot::channel();
        let mut changes = OutboxChanges::default();
        let mut follow_ups = Vec::new();
        for record in records {
            changes.deliveries.push(record.update);
            changes.documents.extend(record.documents);
            follow_ups.extend(record.follow_ups);
        }
        let input = Input::Write(WriteInput { changes, follow_ups, reply });
        match pace {
            Pace::AtOnce => self.shared.queue.push(input)?,
            Pace::InCompany => self.shared.queue.push_in_company(input)?,
        }
        answer.await.map_err(|_| stopping())?
    }
}
