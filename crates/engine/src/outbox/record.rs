//! What the outbox has to say to the journal: changes of its rows, each with what follows from it.

use journal::{DeliveryUpdate, DocumentChange, OutboxChanges};
use problem::Problem;

use super::dispatch::Dispatcher;
use crate::attempt::concerns_one_input;
use crate::queue::{FollowUp, Input, WriteInput, stopping};

/// A claim or an outcome, and what must become durable together with it.
#[derive(Clone)]
pub(super) struct Record {
    pub(super) update: DeliveryUpdate,
    pub(super) documents: Vec<DocumentChange>,
    pub(super) follow_ups: Vec<FollowUp>,
}

impl Record {
    pub(super) fn new(update: DeliveryUpdate) -> Record {
        Record { update, documents: Vec::new(), follow_ups: Vec::new() }
    }
}

impl Dispatcher {
    /// Writes records, together if possible. What cannot be decided along with one is left out,
    /// with a self-alert, because the row itself must be written: else it would be sent for ever.
    pub(super) async fn write(&self, records: Vec<Record>) -> Result<(), Problem> {
        match self.transact(records.clone()).await {
            Err(problem) if concerns_one_input(&problem) => {}
            written => return written,
        }
        for record in records {
            match self.transact(vec![record.clone()]).await {
                Err(problem) if concerns_one_input(&problem) => {
                    self.transact(vec![Record { follow_ups: Vec::new(), ..record }]).await?;
                }
                written => written?,
            }
        }
        Ok(())
    }

    async fn transact(&self, records: Vec<Record>) -> Result<(), Problem> {
        let (reply, answer) = tokio::sync::oneshot::channel();
        let mut changes = OutboxChanges::default();
        let mut follow_ups = Vec::new();
        for record in records {
            changes.deliveries.push(record.update);
            changes.documents.extend(record.documents);
            follow_ups.extend(record.follow_ups);
        }
        self.shared.queue.push(Input::Write(WriteInput { changes, follow_ups, reply }))?;
        answer.await.map_err(|_| stopping())?
    }
}
