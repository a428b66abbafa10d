//! What leaves the house, as the model sees it: who is paged, how soon, how often, to what end.

use std::collections::{BTreeMap, BTreeSet};

use journal::{DeliveryRow, DeliveryState, DeliveryUpdate, IncidentNo, Reader};
use serde_json::Value;

use crate::documents::KNOWN;
use crate::model::{Violation, violated};
use crate::plan::SECOND;

/// A SEV-1 has an attempt within this time.
const FIRST_ATTEMPT: i64 = 15 * SECOND;

/// A person's next contact is tried so long after the one before it, at the latest.
const NEXT_CONTACT: i64 = 60 * SECOND;

/// A delivery as the model knows it.
struct Known {
    request: String,
    state: DeliveryState,
    begun: bool,
    /// Another contact of the same person comes first.
    later: bool,
}

/// Requests and deliveries.
#[derive(Default)]
pub(crate) struct Post {
    deliveries: BTreeMap<String, Known>,
    /// Unattempted requests of a SEV-1, and how long the engine had worked when they came.
    urgent: BTreeMap<String, i64>,
    /// Requests of which an attempt has begun.
    begun: BTreeSet<String>,
    keys: BTreeMap<(String, String, String, String), String>,
    /// Keys whose arrival is durable.
    settled: BTreeSet<String>,
    pub(crate) dead: u64,
}

impl Post {
    /// A batch asked for so many pages.
    pub(crate) fn asked(
        &mut self,
        reader: &dyn Reader,
        position: u64,
        pages: usize,
        worked: i64,
    ) -> Result<(), Violation> {
        let mut found = 0;
        for index in 0.. {
            let Ok(Some(stored)) = reader.request(&format!("{position}-{index}")) else { break };
            if stored.request.kind == "page" {
                found += 1;
                if stored.request.severity == 1 && !self.begun.contains(&stored.request.id) {
                    self.urgent.insert(stored.request.id, worked);
                }
            }
        }
        if found == pages {
            return Ok(());
        }
        violated("every page asked for is in the outbox", format!("batch {position}: {found} of {pages}"))
    }

    /// A person is said to have received a page about an incident.
    pub(crate) fn received(&self, reader: &dyn Reader, no: u64, person: &str, channel: &str) -> Result<(), Violation> {
        let state = Some(DeliveryState::Delivered);
        let filter = journal::DeliveryFilter { incident: Some(IncidentNo(no)), state, ..Default::default() };
        let rows = reader.deliveries(&filter, u32::MAX).unwrap_or_default();
        // The built-in inbox shows a page to whoever looks, and nobody else.
        if channel != "inbox" && rows.iter().any(|row| row.person == person && row.channel == channel) {
            return Ok(());
        }
        violated("a receipt is somebody's", format!("INC-{no}: {person} by {channel}"))
    }

    /// Rows of the outbox were written.
    pub(crate) fn written(
        &mut self,
        reader: &dyn Reader,
        update: DeliveryUpdate,
        version: usize,
    ) -> Result<(), Violation> {
        match update {
            DeliveryUpdate::Attempt(attempt) => {
                if attempt.state == DeliveryState::Dead {
                    self.dead += 1;
                }
                if let Some(known) = self.deliveries.get_mut(&attempt.delivery) {
                    known.state = attempt.state;
                }
            }
            DeliveryUpdate::Claim(claim) => {
                let body = reader.request(&claim.request).ok().flatten().map(|stored| stored.request.body);
                let body: Value = body.and_then(|body| serde_json::from_slice(&body).ok()).unwrap_or_default();
                let mut turns: BTreeMap<String, i64> = BTreeMap::new();
                for row in claim.deliveries {
                    let turn = turns.entry(row.person.clone()).or_default();
                    let later = !row.person.is_empty() && *turn > 0;
                    in_turn(&row, claim.at.as_micros() + *turn * NEXT_CONTACT)?;
                    *turn += i64::from(row.state == DeliveryState::Pending && !row.person.is_empty());
                    allowed(&body, &row, claim.at.as_micros(), version)?;
                    let place = (claim.request.clone(), row.person.clone(), row.channel.clone(), row.address.clone());
                    let key = self.keys.entry(place).or_insert_with(|| row.idempotency_key.clone());
                    if *key != row.idempotency_key {
                        return violated("one key for one page", format!("{} to {}", claim.request, row.person));
                    }
                    let known = Known { request: claim.request.clone(), state: row.state, begun: false, later };
                    self.deliveries.entry(row.id).or_insert(known);
                }
            }
        }
        Ok(())
    }

    /// An attempt begins.
    pub(crate) fn begun(&mut self, row: &DeliveryRow) {
        self.urgent.remove(&row.request);
        self.begun.insert(row.request.clone());
        if let Some(known) = self.deliveries.get_mut(&row.id) {
            known.begun = true;
        }
    }

    /// The receiver got it.
    pub(crate) fn arrived(&self, row: &DeliveryRow) -> Result<(), Violation> {
        if self.settled.contains(&row.idempotency_key) {
            return violated("nothing is sent again once it arrived", row.id.clone());
        }
        Ok(())
    }

    /// Its arrival is durable.
    pub(crate) fn settled(&mut self, row: &DeliveryRow) {
        self.settled.insert(row.idempotency_key.clone());
    }

    /// What must hold at any moment, after the engine worked for so long.
    pub(crate) fn check(&mut self, reader: &dyn Reader, worked: i64) -> Result<(), Violation> {
        let late: Vec<String> =
            self.urgent.iter().filter(|(_, at)| worked - **at > FIRST_ATTEMPT).map(|(id, _)| id.clone()).collect();
        for request in late {
            let waits = |known: &&Known| {
                known.request == request && known.state == DeliveryState::Pending && !known.begun && !known.later
            };
            let claimed = reader.request(&request).ok().flatten().is_some_and(|stored| stored.claimed_at.is_some());
            if !claimed || self.deliveries.values().any(|known| waits(&known)) {
                return violated("a SEV-1 is attempted within 15 s", request);
            }
            self.urgent.remove(&request);
        }
        Ok(())
    }

    /// What must hold after a quiet time, at `now` in the engine's time.
    pub(crate) fn at_end(&self, reader: &dyn Reader, now: i64) -> Result<(), Violation> {
        /// Pages expire an hour after they were asked for; then everything about them is written.
        const PAGE_LIFE: i64 = 70 * 60 * SECOND;
        /// Publications expire after four days.
        const PUBLICATION_LIFE: i64 = 96 * 3_600 * SECOND;
        if let Some(request) = reader.pending_requests(1).ok().and_then(|requests| requests.into_iter().next()) {
            return violated("every request is claimed", request.request.id);
        }
        let pending = journal::DeliveryFilter { state: Some(DeliveryState::Pending), ..Default::default() };
        for row in reader.deliveries(&pending, u32::MAX).unwrap_or_default() {
            let life = if row.person.is_empty() { PUBLICATION_LIFE } else { PAGE_LIFE };
            let planned = row.next_attempt_at.is_some_and(|at| at.as_micros() > now);
            if !planned || now - row.created_at.as_micros() > life {
                return violated("every delivery ends", format!("{} is still pending: {}", row.id, row.outcome));
            }
        }
        let alert = reader.document("self_alerts", "delivery-dead").ok().flatten();
        let alert: Option<Value> = alert.and_then(|body| serde_json::from_slice(&body).ok());
        let told = alert.map_or(0, |alert| alert["count"].as_u64().unwrap_or(0));
        if told != self.dead {
            return violated("what is given up is said", format!("{} dead, {told} self-alerts", self.dead));
        }
        Ok(())
    }
}

/// Whether a contact is tried when its turn has come.
fn in_turn(row: &DeliveryRow, by: i64) -> Result<(), Violation> {
    match row.next_attempt_at {
        Some(at) if at.as_micros() > by => violated("contacts are tried in turn", row.id.clone()),
        _ => Ok(()),
    }
}

/// Whether a person was to be paged at that instant.
fn allowed(request: &Value, row: &DeliveryRow, at: i64, version: usize) -> Result<(), Violation> {
    let known = KNOWN[version];
    let fallback = Value::from("fallback");
    let parties = match request.get("page") {
        Some(page) => page["parties"].as_array().cloned().unwrap_or_default(),
        None if request.get("self_alert").is_some() => vec![fallback.clone()],
        None => return Ok(()),
    };
    let named = parties.iter().any(|party| match party {
        party if *party == fallback => row.person == known.fallback,
        party if party["schedule"] == "ai-oncall" => row.person == known.on_call(at),
        party => party["person"] == row.person.as_str(),
    });
    if named {
        return Ok(());
    }
    violated("only whoever is on call, named or the fallback is paged", format!("{} by {request}", row.person))
}
