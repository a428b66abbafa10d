//! Changes in memory: checked first, then applied whole.

use std::sync::Arc;

use super::{Shelf, State};
use crate::chain::{self, Sealed};
use crate::store::{Present, Writer};
use crate::{
    Batch, Claim, DeliveryRow, DeliveryState, DeliveryUpdate, DocumentChange, Entry, Head, IncidentRow, OutboxChanges,
    PrivateEntry, Result, Rewrite, StoredRequest, Workspace,
};

pub(super) struct MemoryWriter {
    shelf: Arc<Shelf>,
    workspace: Workspace,
}

impl MemoryWriter {
    pub(super) fn new(shelf: Arc<Shelf>, workspace: Workspace) -> MemoryWriter {
        MemoryWriter { shelf, workspace }
    }
}

impl Writer for MemoryWriter {
    fn head(&mut self) -> Result<Head> {
        Ok(self.shelf.lock().head.clone())
    }

    /// No lock: several engines in one process are a test's, which has them write one after the other.
    fn begin(&mut self) -> Result<Option<Present>> {
        Ok(Some(Present { head: self.head()?, now: None }))
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn commit(&mut self, batch: &Batch) -> Result<Head> {
        let mut state = self.shelf.lock();
        let sealed = chain::seal(self.workspace, &state.head, batch)?;
        state.check(batch)?;
        state.write(batch, &sealed);
        Ok(sealed.head)
    }

    fn apply(&mut self, changes: &OutboxChanges) -> Result<()> {
        let mut state = self.shelf.lock();
        state.check_deliveries(&[], &changes.deliveries)?;
        state.deliveries(&changes.deliveries);
        state.documents(&changes.documents);
        if let Some(until) = changes.forget_expired {
            state.idempotency.retain(|_, (_, expires_at)| *expires_at > until);
        }
        Ok(())
    }

    fn replace_incidents(&mut self, rows: &[IncidentRow]) -> Result<()> {
        let mut state = self.shelf.lock();
        state.incidents = rows.iter().map(|row| (row.no, row.clone())).collect();
        Ok(())
    }
}

impl State {
    fn write(&mut self, batch: &Batch, sealed: &Sealed) {
        self.head = sealed.head.clone();
        self.entry(batch, sealed);
        self.incidents.extend(batch.incidents.iter().map(|row| (row.no, row.clone())));
        for counted in &batch.tallies {
            if let Some(row) = self.incidents.get_mut(&counted.no) {
                (row.updated, row.tally) = (counted.updated, counted.tally.clone());
            }
        }
        for change in &batch.detectors {
            match &change.state {
                Some(state) => self.detectors.insert(change.key.clone(), state.clone()),
                None => self.detectors.remove(&change.key),
            };
        }
        for row in &batch.requests {
            self.requests.insert(row.id.clone(), StoredRequest { request: row.clone(), claimed_at: None });
            self.unclaimed.insert(row.id.clone());
        }
        self.deliveries(&batch.deliveries);
        for row in &batch.idempotency {
            let key = (row.scope.clone(), row.key.clone());
            self.idempotency.insert(key, (row.response.clone(), row.expires_at));
        }
        self.documents(&batch.documents);
    }

    fn entry(&mut self, batch: &Batch, sealed: &Sealed) {
        let position = sealed.head.position;
        let private = batch.private.iter().zip(&sealed.private).map(|(row, digest)| PrivateEntry {
            id: row.id.clone(),
            digest: *digest,
            content: Some(row.content.clone()),
        });
        let entry = Entry {
            position,
            recorded_at: batch.recorded_at,
            hash: sealed.head.hash,
            block_digest: sealed.block,
            block: batch.block.clone(),
            events: batch.events.clone(),
            private: private.collect(),
        };
        self.entries.insert(position, entry);
        for (index, row) in batch.private.iter().enumerate() {
            self.private.insert(row.id.clone(), (position, index));
        }
        for Rewrite { position, block: anew } in &batch.rewrite {
            let block = self.entries.get_mut(position).and_then(|entry| entry.block.as_mut());
            if let Some(block) = block.filter(|block| !block.bytes.is_empty()) {
                block.bytes.clone_from(&anew.bytes);
            }
        }
        for position in &batch.prune {
            if let Some(block) = self.entries.get_mut(position).and_then(|entry| entry.block.as_mut()) {
                block.bytes.clear();
            }
        }
        for id in &batch.erase {
            let Some((position, index)) = self.private.get(id) else { continue };
            if let Some(entry) = self.entries.get_mut(position) {
                entry.private[*index].content = None;
            }
        }
    }

    fn deliveries(&mut self, updates: &[DeliveryUpdate]) {
        for update in updates {
            match update {
                DeliveryUpdate::Claim(claim) => self.claim(claim),
                DeliveryUpdate::Attempt(attempt) => {
                    let row = self.deliveries.get_mut(&attempt.delivery);
                    let Some(row) = row.filter(|row| row.state == DeliveryState::Pending) else { continue };
                    row.state = attempt.state;
                    row.attempts = attempt.attempts;
                    row.next_attempt_at = attempt.next_attempt_at;
                    row.attempted_at = Some(attempt.at);
                    row.outcome.clone_from(&attempt.outcome);
                    match attempt.state {
                        DeliveryState::Pending => _ = self.pending.insert(attempt.delivery.clone()),
                        _ => _ = self.pending.remove(&attempt.delivery),
                    }
                }
            }
        }
    }

    fn claim(&mut self, claim: &Claim) {
        let Some(request) = self.requests.get_mut(&claim.request) else { return };
        if request.claimed_at.is_some() {
            return;
        }
        request.claimed_at = Some(claim.at);
        self.unclaimed.remove(&claim.request);
        for row in &claim.deliveries {
            let row = DeliveryRow { request: claim.request.clone(), ..row.clone() };
            let row = self.deliveries.entry(row.id.clone()).or_insert(row);
            if row.state == DeliveryState::Pending {
                self.pending.insert(row.id.clone());
            }
        }
    }

    fn documents(&mut self, changes: &[DocumentChange]) {
        for change in changes {
            let key = (change.collection.clone(), change.id.clone());
            match &change.body {
                Some(body) => self.documents.insert(key, body.clone()),
                None => self.documents.remove(&key),
            };
        }
    }
}
