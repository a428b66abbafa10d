//! What a database's constraints refuse, checked before anything changes.

use std::collections::BTreeSet;

use super::State;
use crate::{Batch, DeliveryUpdate, Error, PrivateRow, RequestRow, Result};

impl State {
    /// Refuses a batch that contradicts the stored rows.
    pub(super) fn check(&self, batch: &Batch) -> Result<()> {
        self.check_private(&batch.private)?;
        self.check_requests(&batch.requests)?;
        self.check_deliveries(&batch.requests, &batch.deliveries)
    }

    fn check_private(&self, rows: &[PrivateRow]) -> Result<()> {
        let mut new = BTreeSet::new();
        for row in rows {
            if self.private.contains_key(&row.id) || !new.insert(&row.id) {
                return refused(format!("private row `{}` exists already", row.id));
            }
        }
        Ok(())
    }

    fn check_requests(&self, rows: &[RequestRow]) -> Result<()> {
        let mut new = BTreeSet::new();
        for row in rows {
            if self.requests.contains_key(&row.id) || !new.insert(&row.id) {
                return refused(format!("request `{}` exists already", row.id));
            }
        }
        Ok(())
    }

    /// Walks through the updates as they will be applied after the `requests` of the same batch.
    pub(super) fn check_deliveries(&self, requests: &[RequestRow], updates: &[DeliveryUpdate]) -> Result<()> {
        let new: BTreeSet<&str> = requests.iter().map(|row| row.id.as_str()).collect();
        let mut claimed = BTreeSet::new();
        let mut inserted = BTreeSet::new();
        for update in updates {
            match update {
                DeliveryUpdate::Claim(claim) => {
                    let stored = self.requests.get(&claim.request);
                    if stored.is_none() && !new.contains(claim.request.as_str()) {
                        return refused(format!("request `{}` is unknown and cannot be claimed", claim.request));
                    }
                    let pending = stored.is_none_or(|request| request.claimed_at.is_none());
                    if pending && claimed.insert(&claim.request) {
                        inserted.extend(claim.deliveries.iter().map(|row| &row.id));
                    }
                }
                DeliveryUpdate::Attempt(attempt) => {
                    if !self.deliveries.contains_key(&attempt.delivery) && !inserted.contains(&attempt.delivery) {
                        return refused(format!("delivery `{}` is unknown", attempt.delivery));
                    }
                }
            }
        }
        Ok(())
    }
}

fn refused(what: String) -> Result<()> {
    Err(Error::Constraint { what })
}
