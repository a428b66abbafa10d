//! What a change depends on, read and locked before it is written, and what follows from it.
//!
//! Updates of one change build on each other (a request is made, claimed, its delivery tried). They are
//! walked through here, so that what is written is each row's last state, at once.

use std::collections::{BTreeMap, BTreeSet};

use calendar::Instant;
use tokio_postgres::Row;

use super::column::Fields;
use super::fault::Fault;
use super::session::Query;
use crate::{Attempt, DeliveryRow, DeliveryState, DeliveryUpdate, PrivateRow, RequestRow, Result};

/// Ids that a change names.
#[derive(Default)]
pub(super) struct Named<'a> {
    requests: BTreeSet<&'a str>,
    deliveries: BTreeSet<&'a str>,
    private: BTreeSet<&'a str>,
}

impl<'a> Named<'a> {
    pub(super) fn in_change(
        private: &'a [PrivateRow],
        requests: &'a [RequestRow],
        updates: &'a [DeliveryUpdate],
    ) -> Named<'a> {
        let mut named = Named::default();
        named.private.extend(private.iter().map(|row| row.id.as_str()));
        named.requests.extend(requests.iter().map(|row| row.id.as_str()));
        for update in updates {
            match update {
                DeliveryUpdate::Claim(claim) => {
                    named.requests.insert(&claim.request);
                    named.deliveries.extend(claim.deliveries.iter().map(|row| row.id.as_str()));
                }
                DeliveryUpdate::Attempt(attempt) => _ = named.deliveries.insert(&attempt.delivery),
            }
        }
        named
    }

    /// Of a batch that holds the head, only what was there before it: neither its requests nor what these become.
    pub(super) fn before(requests: &[RequestRow], updates: &'a [DeliveryUpdate]) -> Named<'a> {
        let new: BTreeSet<&str> = requests.iter().map(|row| row.id.as_str()).collect();
        let mut made = BTreeSet::new();
        let mut named = Named::default();
        for update in updates {
            match update {
                DeliveryUpdate::Claim(claim) => {
                    let ids = claim.deliveries.iter().map(|row| row.id.as_str());
                    if new.contains(claim.request.as_str()) {
                        made.extend(ids);
                    } else {
                        named.requests.insert(&claim.request);
                        named.deliveries.extend(ids);
                    }
                }
                DeliveryUpdate::Attempt(attempt) => _ = named.deliveries.insert(&attempt.delivery),
            }
        }
        named.deliveries.retain(|id| !made.contains(id));
        named
    }

    /// What is stored under these ids. Rows that may change are locked in the order of their ids, so that
    /// two changes that name the same rows wait for each other, and never each for the other.
    pub(super) fn queries(&self, workspace: i64) -> Vec<Query<'a>> {
        let ask = |sql: &'static str, ids: &BTreeSet<&'a str>| {
            (!ids.is_empty()).then(|| Query::new(sql).bind(workspace).bind(ids.iter().copied().collect::<Vec<&str>>()))
        };
        let queries = [
            ask("SELECT 'private', id, false FROM private WHERE workspace = $1 AND id = ANY ($2)", &self.private),
            ask(
                "SELECT 'request', id, claimed_at IS NOT NULL FROM request
                 WHERE workspace = $1 AND id = ANY ($2) ORDER BY id FOR UPDATE",
                &self.requests,
            ),
            ask(
                "SELECT 'delivery', id, false FROM delivery
                 WHERE workspace = $1 AND id = ANY ($2) ORDER BY id FOR UPDATE",
                &self.deliveries,
            ),
        ];
        queries.into_iter().flatten().collect()
    }
}

/// What is stored of what was named.
#[derive(Default)]
pub(super) struct Facts {
    /// Requests, and whether they are claimed.
    requests: BTreeMap<String, bool>,
    deliveries: BTreeSet<String>,
    private: BTreeSet<String>,
}

impl Facts {
    pub(super) fn read(answers: &[Vec<Row>]) -> Result<Facts, Fault> {
        let mut facts = Facts::default();
        for row in answers.iter().flatten() {
            let mut fields = Fields::of(row);
            let (table, id, claimed): (&str, String, bool) = (fields.take()?, fields.take()?, fields.take()?);
            match table {
                "request" => _ = facts.requests.insert(id, claimed),
                "delivery" => _ = facts.deliveries.insert(id),
                _ => _ = facts.private.insert(id),
            }
        }
        Ok(facts)
    }

    /// Refuses rows that must be new and are not.
    pub(super) fn admit(&self, private: &[PrivateRow], requests: &[RequestRow]) -> Result<(), Fault> {
        let mut new = BTreeSet::new();
        for PrivateRow { id, .. } in private {
            if self.private.contains(id) || !new.insert(id) {
                return Err(Fault::constraint(format!("private row `{id}` exists already")));
            }
        }
        let mut new = BTreeSet::new();
        for RequestRow { id, .. } in requests {
            if self.requests.contains_key(id) || !new.insert(id) {
                return Err(Fault::constraint(format!("request `{id}` exists already")));
            }
        }
        Ok(())
    }

    /// Walks through the updates, after the new requests of the same change.
    pub(super) fn outcome<'a>(
        &self,
        requests: &'a [RequestRow],
        updates: &'a [DeliveryUpdate],
    ) -> Result<Outcome<'a>, Fault> {
        let new: BTreeSet<&str> = requests.iter().map(|row| row.id.as_str()).collect();
        let mut outcome = Outcome::default();
        for update in updates {
            match update {
                DeliveryUpdate::Claim(claim) => {
                    let id = claim.request.as_str();
                    let claimed = match self.requests.get(id) {
                        Some(claimed) => *claimed,
                        None if new.contains(id) => false,
                        None => {
                            let what = format!("request `{id}` is unknown and cannot be claimed");
                            return Err(Fault::constraint(what));
                        }
                    };
                    if claimed || outcome.claims.contains_key(id) {
                        continue;
                    }
                    outcome.claims.insert(id, claim.at);
                    for row in claim.deliveries.iter().filter(|row| !self.deliveries.contains(&row.id)) {
                        outcome.deliveries.entry(&row.id).or_insert((id, row));
                    }
                }
                DeliveryUpdate::Attempt(attempt) => {
                    let id = attempt.delivery.as_str();
                    if !self.deliveries.contains(id) && !outcome.deliveries.contains_key(id) {
                        return Err(Fault::constraint(format!("delivery `{id}` is unknown")));
                    }
                    let ended = |known: &&Attempt| known.state != DeliveryState::Pending;
                    if !outcome.attempts.get(id).is_some_and(ended) {
                        outcome.attempts.insert(id, attempt);
                    }
                }
            }
        }
        Ok(outcome)
    }
}

/// What the updates of a change come to.
#[derive(Default)]
pub(super) struct Outcome<'a> {
    /// Requests that are claimed by it, and when.
    pub(super) claims: BTreeMap<&'a str, Instant>,
    /// Deliveries that are new, with their requests.
    pub(super) deliveries: BTreeMap<&'a str, (&'a str, &'a DeliveryRow)>,
    /// The last attempt of each delivery that was tried.
    pub(super) attempts: BTreeMap<&'a str, &'a Attempt>,
}
