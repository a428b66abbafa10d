//! Reading from memory: plain iteration over the maps, in the orders that the trait promises.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Bound;

use calendar::Instant;

use super::{Shelf, State};
use crate::store::Reader;
use crate::{
    Counts, DeliveryFilter, DeliveryPlace, DeliveryRow, Entry, EventPlace, Head, IncidentFilter, IncidentNo,
    IncidentRow, Living, Position, PrivateContent, Result, StoredBlock, StoredEvent, StoredRequest,
};

impl Reader for Shelf {
    fn head(&self) -> Result<Head> {
        Ok(self.lock().head.clone())
    }

    fn incident(&self, no: IncidentNo) -> Result<Option<IncidentRow>> {
        Ok(self.lock().incidents.get(&no).cloned())
    }

    fn incident_by_key(&self, key: &str) -> Result<Option<IncidentRow>> {
        let state = self.lock();
        let rank = |row: &&IncidentRow| (row.open, if row.open { Position(0) } else { row.updated }, row.no);
        Ok(state.incidents.values().filter(|row| row.key == key).max_by_key(rank).cloned())
    }

    fn incidents(&self, filter: &IncidentFilter, limit: u32) -> Result<Vec<IncidentRow>> {
        let state = self.lock();
        Ok(state.incidents.values().rev().filter(|row| filter.admits(row)).take(limit as usize).cloned().collect())
    }

    fn incidents_living(&self, living: &Living, limit: u32) -> Result<Vec<IncidentRow>> {
        let state = self.lock();
        let mut rows: Vec<&IncidentRow> = state.incidents.values().filter(|row| living.admits(row)).collect();
        rows.sort_by_key(|row| Reverse((row.opened_at, row.no)));
        Ok(rows.into_iter().take(limit as usize).cloned().collect())
    }

    fn due(&self, until: Instant, limit: u32) -> Result<Vec<IncidentRow>> {
        let state = self.lock();
        let mut due: Vec<&IncidentRow> =
            state.incidents.values().filter(|row| row.next_due.is_some_and(|due| due <= until)).collect();
        due.sort_by_key(|row| (row.severity, row.next_due, row.no));
        Ok(due.into_iter().take(limit as usize).cloned().collect())
    }

    fn next_due(&self) -> Result<Option<Instant>> {
        Ok(self.lock().incidents.values().filter_map(|row| row.next_due).min())
    }

    fn events(&self, after: EventPlace, limit: u32) -> Result<Vec<StoredEvent>> {
        Ok(self.lock().events_after(after).take(limit as usize).collect())
    }

    fn incident_events(&self, no: IncidentNo, after: EventPlace, limit: u32) -> Result<Vec<StoredEvent>> {
        let state = self.lock();
        let events = state.events_after(after).filter(|stored| stored.event.incident == Some(no));
        Ok(events.take(limit as usize).collect())
    }

    fn events_of_kind(&self, kind: &str, before: Option<EventPlace>, limit: u32) -> Result<Vec<StoredEvent>> {
        let before = before.unwrap_or(EventPlace::LAST);
        let state = self.lock();
        let of_kind = |stored: &StoredEvent| stored.event.incident.is_none() && stored.event.kind == kind;
        let mut events: Vec<StoredEvent> = state
            .events_after(EventPlace::default())
            .take_while(|stored| stored.place < before)
            .filter(of_kind)
            .collect();
        events.reverse();
        events.truncate(limit as usize);
        Ok(events)
    }

    fn blocks(&self, after: Position, limit: u32) -> Result<Vec<StoredBlock>> {
        let state = self.lock();
        let entries = state.entries.range((Bound::Excluded(after), Bound::Unbounded));
        Ok(entries.filter_map(|(_, entry)| stored_block(entry)).take(limit as usize).collect())
    }

    fn block(&self, position: Position) -> Result<Option<StoredBlock>> {
        Ok(self.lock().entries.get(&position).and_then(stored_block))
    }

    fn position_before(&self, instant: Instant) -> Result<Position> {
        let state = self.lock();
        let before = state.entries.values().rev().find(|entry| entry.recorded_at < instant);
        Ok(before.map_or(Position(0), |entry| entry.position))
    }

    fn entry(&self, position: Position) -> Result<Option<Entry>> {
        Ok(self.lock().entries.get(&position).cloned())
    }

    fn detectors(&self) -> Result<Vec<(String, Vec<u8>)>> {
        Ok(self.lock().detectors.clone().into_iter().collect())
    }

    fn detector(&self, key: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.lock().detectors.get(key).cloned())
    }

    fn pending_requests(&self, limit: u32) -> Result<Vec<StoredRequest>> {
        let state = self.lock();
        let mut pending: Vec<&StoredRequest> = state.pending_requests().collect();
        // The map is ordered by id and the sort keeps the order of equals.
        pending.sort_by_key(|stored| (stored.request.severity, stored.request.created_at));
        Ok(pending.into_iter().take(limit as usize).cloned().collect())
    }

    fn request(&self, id: &str) -> Result<Option<StoredRequest>> {
        Ok(self.lock().requests.get(id).cloned())
    }

    fn due_deliveries(&self, until: Instant, limit: u32) -> Result<Vec<DeliveryRow>> {
        let state = self.lock();
        let mut due: Vec<&DeliveryRow> =
            state.pending_deliveries().filter(|row| row.next_attempt_at.is_some_and(|at| at <= until)).collect();
        due.sort_by_key(|row| (row.severity, row.next_attempt_at));
        Ok(due.into_iter().take(limit as usize).cloned().collect())
    }

    fn next_attempt(&self) -> Result<Option<Instant>> {
        Ok(self.lock().pending_deliveries().filter_map(|row| row.next_attempt_at).min())
    }

    fn delivery(&self, id: &str) -> Result<Option<DeliveryRow>> {
        Ok(self.lock().deliveries.get(id).cloned())
    }

    fn deliveries(&self, filter: &DeliveryFilter, limit: u32) -> Result<Vec<DeliveryRow>> {
        let state = self.lock();
        let mut rows: Vec<&DeliveryRow> = state.deliveries.values().filter(|row| filter.admits(row)).collect();
        rows.sort_by_cached_key(|row| Reverse(place(row)));
        Ok(rows.into_iter().take(limit as usize).cloned().collect())
    }

    fn document(&self, collection: &str, id: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.lock().documents.get(&(collection.to_owned(), id.to_owned())).cloned())
    }

    fn documents(&self, collection: &str, after: &str, limit: u32) -> Result<Vec<(String, Vec<u8>)>> {
        let state = self.lock();
        let from = (collection.to_owned(), after.to_owned());
        let rest = state.documents.range((Bound::Excluded(from), Bound::Unbounded));
        let here = rest.take_while(|((found, _), _)| found == collection).take(limit as usize);
        Ok(here.map(|((_, id), body)| (id.clone(), body.clone())).collect())
    }

    fn idempotency(&self, scope: &str, key: &str, now: Instant) -> Result<Option<Vec<u8>>> {
        let state = self.lock();
        let found = state.idempotency.get(&(scope.to_owned(), key.to_owned()));
        Ok(found.filter(|(_, expires_at)| *expires_at > now).map(|(response, _)| response.clone()))
    }

    fn private(&self, id: &str) -> Result<Option<PrivateContent>> {
        let state = self.lock();
        let Some((position, index)) = state.private.get(id) else { return Ok(None) };
        Ok(state.entries.get(position).and_then(|entry| entry.private[*index].content.clone()))
    }

    fn counts(&self) -> Result<Counts> {
        let state = self.lock();
        let requests = state.pending_requests().map(|stored| stored.request.created_at);
        let deliveries = state.pending_deliveries().map(|row| row.created_at);
        Ok(Counts {
            open_incidents: tally(state.incidents.values().filter(|row| row.open).map(|row| row.severity)),
            pending_requests: tally(state.pending_requests().map(|stored| stored.request.severity)),
            pending_deliveries: tally(state.pending_deliveries().map(|row| row.severity)),
            oldest_pending: requests.chain(deliveries).min(),
        })
    }
}

impl State {
    fn events_after(&self, after: EventPlace) -> impl Iterator<Item = StoredEvent> {
        self.entries.range(after.position..).flat_map(stored_events).filter(move |stored| stored.place > after)
    }

    fn pending_requests(&self) -> impl Iterator<Item = &StoredRequest> {
        self.unclaimed.iter().filter_map(|id| self.requests.get(id))
    }

    fn pending_deliveries(&self) -> impl Iterator<Item = &DeliveryRow> {
        self.pending.iter().filter_map(|id| self.deliveries.get(id))
    }
}

impl IncidentFilter {
    fn admits(&self, row: &IncidentRow) -> bool {
        self.open.is_none_or(|open| open == row.open)
            && self.status.is_none_or(|status| status == row.status)
            && self.severity.is_none_or(|severity| severity == row.severity)
            && self.class.as_ref().is_none_or(|class| *class == row.class)
            && self.service.as_ref().is_none_or(|service| *service == row.service)
            && self.restricted.is_none_or(|restricted| restricted == row.restricted)
            && self.before.is_none_or(|before| row.no < before)
    }
}

impl Living {
    fn admits(&self, row: &IncidentRow) -> bool {
        row.opened_at < self.until
            && row.ended_at.is_none_or(|ended| self.from <= ended)
            && self.before.is_none_or(|before| (row.opened_at, row.no) < before)
    }
}

impl DeliveryFilter {
    fn admits(&self, row: &DeliveryRow) -> bool {
        self.incident.is_none_or(|incident| row.incident == Some(incident))
            && self.person.as_ref().is_none_or(|person| *person == row.person)
            && self.state.is_none_or(|state| state == row.state)
            && self.before.as_ref().is_none_or(|before| place(row) < *before)
    }
}

fn place(row: &DeliveryRow) -> DeliveryPlace {
    DeliveryPlace { created_at: row.created_at, id: row.id.clone() }
}

fn stored_block(entry: &Entry) -> Option<StoredBlock> {
    let block = entry.block.clone().filter(|block| !block.bytes.is_empty())?;
    Some(StoredBlock { position: entry.position, recorded_at: entry.recorded_at, block })
}

fn stored_events((position, entry): (&Position, &Entry)) -> impl Iterator<Item = StoredEvent> {
    (0u32..).zip(&entry.events).map(|(index, event)| StoredEvent {
        place: EventPlace { position: *position, index },
        recorded_at: entry.recorded_at,
        event: event.clone(),
    })
}

fn tally(severities: impl Iterator<Item = u8>) -> BTreeMap<u8, u64> {
    let mut counts = BTreeMap::new();
    for severity in severities {
        *counts.entry(severity).or_insert(0) += 1;
    }
    counts
}
