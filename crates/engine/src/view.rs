//! What readers see: the journal's rows, decoded. Everything here blocks on the database.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use calendar::Instant;
use journal::{
    DeliveryFilter, DeliveryState, EventPlace, IncidentFilter, IncidentNo, IncidentRow, Living, Position, Reader,
};
use problem::Problem;
use serde::{Deserialize, Serialize};
use wcore::decision::SignalRef;
use wcore::event::{Actor, Entry};
use wcore::{Incident, Signal};

use crate::outbox::{INBOX, Mail};
use crate::{codec, texts};

/// Rows fetched from the database at once.
const PAGE: u32 = 1_000;

/// Collection of self-alerts.
pub(crate) const SELF_ALERTS: &str = "self_alerts";
/// Collection of who has seen them, apart: the engine's thread writes the alerts themselves.
pub(crate) const SEEN_ALERTS: &str = "self_alerts_seen";

/// That a person has seen a self-alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Who.
    pub by: Actor,
    /// When.
    pub at: Instant,
    /// The latest occurrence then: a later one is new.
    pub last_at: Instant,
}

/// A reader of the journal.
pub struct View {
    reader: Arc<dyn Reader>,
}

/// A signal and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredSignal {
    /// Position of its batch.
    pub position: u64,
    /// Place within the batch, from 0.
    pub index: u32,
    /// Journal time.
    pub recorded_at: Instant,
    /// The signal.
    pub signal: Signal,
    /// What its sender's customers said in it is there.
    pub has_words: bool,
    /// It was there, and was erased.
    pub erased: bool,
}

impl StoredSignal {
    /// Where it stands.
    pub fn place(&self) -> SignalRef {
        SignalRef { position: self.position, index: self.index }
    }

    /// Whether an erasure would take something away: words, labels, or the sender's id.
    pub fn is_erasable(&self) -> bool {
        let id = self.signal.id.as_ref().is_some_and(|id| texts::read_pseudonym(id).is_none());
        self.has_words || id || !self.signal.labels.is_empty()
    }
}

/// An entry and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredEntry {
    /// Position of its batch.
    pub position: u64,
    /// Place within the batch, from 0.
    pub index: u32,
    /// The incident that it is about.
    pub incident: u64,
    /// What happened.
    pub entry: Entry,
}

/// A message on its way to someone, or arrived.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Its id, and the receiver's idempotency key.
    pub id: String,
    /// The incident that it is about.
    pub incident: Option<u64>,
    /// Severity rank of the incident then.
    pub severity: u8,
    /// To whom; empty for a message to an audience.
    pub person: String,
    /// By which channel.
    pub channel: String,
    /// Address on that channel.
    pub address: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// Attempts made.
    pub attempts: u32,
    /// When it was claimed.
    pub created_at: Instant,
    /// When it was last attempted.
    pub attempted_at: Option<Instant>,
    /// When it is attempted next.
    pub next_attempt_at: Option<Instant>,
    /// What became of the last attempt.
    pub outcome: String,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: String,
    /// Where it leads.
    pub link: Option<String>,
}

/// What Watchbell complains about, by code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SelfAlert {
    /// Code of the problem.
    pub code: String,
    /// The latest occurrence.
    pub detail: String,
    /// Occurrences.
    pub count: u64,
    /// The first of them.
    pub first_at: Instant,
    /// The latest.
    pub last_at: Instant,
    /// When people were last told.
    pub told_at: Instant,
}

impl View {
    /// Over a reader.
    pub fn new(reader: Arc<dyn Reader>) -> View {
        View { reader }
    }

    /// The journal underneath.
    pub fn reader(&self) -> &dyn Reader {
        &*self.reader
    }

    /// One incident.
    pub fn incident(&self, no: u64) -> Result<Option<Incident>, Problem> {
        let row = codec::stored(self.reader.incident(IncidentNo(no)))?;
        row.map(|row| incident_of(&*self.reader, &row)).transpose()
    }

    /// The policy of that version, for the words of incidents that are pinned to it.
    pub fn policy(&self, id: &str) -> Result<Option<Arc<policy::model::Policy>>, Problem> {
        let Some(body) = self.document(crate::PINNED_POLICIES, id)? else { return Ok(None) };
        let documents: crate::Documents = serde_json::from_slice(&body)
            .map_err(|e| codec::unreadable(format!("the policy {id} does not decode ({e})")))?;
        Ok(documents.load().policy.map(Arc::new))
    }

    /// Incidents, newest first.
    pub fn incidents(&self, filter: &IncidentFilter, limit: u32) -> Result<Vec<Incident>, Problem> {
        let rows = codec::stored(self.reader.incidents(filter, limit))?;
        rows.iter().map(|row| incident_of(&*self.reader, row)).collect()
    }

    /// Incidents that lived in a stretch of time, latest opened first.
    pub fn living(&self, living: &Living, limit: u32) -> Result<Vec<Incident>, Problem> {
        let rows = codec::stored(self.reader.incidents_living(living, limit))?;
        rows.iter().map(|row| incident_of(&*self.reader, row)).collect()
    }

    /// Everything that happened to an incident, oldest first.
    pub fn timeline(&self, no: u64) -> Result<Vec<StoredEntry>, Problem> {
        entries(&*self.reader, no)
    }

    /// What happened after a position, oldest first.
    pub fn entries_after(&self, position: u64, limit: u32) -> Result<Vec<StoredEntry>, Problem> {
        let events = codec::stored(self.reader.events(EventPlace::end_of(Position(position)), limit))?;
        events.into_iter().filter_map(|event| stored_entry(&event).transpose()).collect()
    }

    /// Signals recorded after a position, oldest first, whole blocks at a time.
    pub fn signals(&self, after: u64, limit: u32) -> Result<Vec<StoredSignal>, Problem> {
        let mut signals = Vec::new();
        let mut after = Position(after);
        while signals.len() < limit as usize {
            let Some(block) = codec::stored(self.reader.blocks(after, 1))?.pop() else { break };
            signals.extend(signals_of(&*self.reader, &block, Units::Clear)?);
            after = block.position;
        }
        Ok(signals)
    }

    /// The signals of the first batch after a position, for replays: units stay pseudonyms, so that
    /// those of erased signals are still the same as those of others.
    pub fn pseudonymous(&self, after: u64) -> Result<Vec<StoredSignal>, Problem> {
        let block = codec::stored(self.reader.blocks(Position(after), 1))?.pop();
        block.map_or_else(|| Ok(Vec::new()), |block| signals_of(&*self.reader, &block, Units::Pseudonyms))
    }

    /// The signals of one batch.
    pub fn block(&self, position: u64) -> Result<Vec<StoredSignal>, Problem> {
        let block = codec::stored(self.reader.block(Position(position)))?;
        block.map_or_else(|| Ok(Vec::new()), |block| signals_of(&*self.reader, &block, Units::Clear))
    }

    /// Messages, newest first.
    pub fn deliveries(&self, filter: &DeliveryFilter, limit: u32) -> Result<Vec<Delivery>, Problem> {
        let rows = codec::stored(self.reader.deliveries(filter, limit))?;
        rows.into_iter().map(delivery).collect()
    }

    /// What a test page to a person became, by the id that [`Engine::test_page`](crate::Engine::test_page) gave;
    /// the inbox, which is Watchbell's own, is left out.
    pub fn test_page(&self, person: &str, id: &str) -> Result<Vec<Delivery>, Problem> {
        let filter = DeliveryFilter { person: Some(person.to_owned()), ..DeliveryFilter::default() };
        let belongs = format!("dlv_{id}_");
        let mut found = self.deliveries(&filter, PAGE)?;
        found.retain(|delivery| delivery.id.starts_with(&belongs) && delivery.channel != INBOX);
        Ok(found)
    }

    /// Whether a message about an incident was made out to a person.
    pub fn was_told(&self, no: u64, person: &str) -> Result<bool, Problem> {
        let (incident, person) = (Some(IncidentNo(no)), Some(person.to_owned()));
        let filter = DeliveryFilter { incident, person, ..DeliveryFilter::default() };
        Ok(!codec::stored(self.reader.deliveries(&filter, 1))?.is_empty())
    }

    /// What Watchbell complains about.
    pub fn self_alerts(&self) -> Result<Vec<SelfAlert>, Problem> {
        let documents = self.documents(SELF_ALERTS)?;
        let decode = |(_, body): (String, Vec<u8>)| {
            serde_json::from_slice(&body).map_err(|e| codec::unreadable(format!("a self-alert does not decode ({e})")))
        };
        documents.into_iter().map(decode).collect()
    }

    /// Self-alerts that nobody has seen since they last occurred.
    pub fn unseen_alerts(&self) -> Result<Vec<SelfAlert>, Problem> {
        let mut alerts = self.self_alerts()?;
        let seen: BTreeMap<String, Seen> = self
            .documents(SEEN_ALERTS)?
            .into_iter()
            .filter_map(|(code, body)| Some((code, serde_json::from_slice(&body).ok()?)))
            .collect();
        alerts.retain(|alert| seen.get(&alert.code).is_none_or(|seen| seen.last_at < alert.last_at));
        Ok(alerts)
    }

    /// The policy and roster in force, as text; none before the first start.
    pub fn in_force(&self) -> Result<Option<crate::Documents>, Problem> {
        let body = self.document(crate::SETTINGS, crate::ACTIVE)?;
        let decode = |body: Vec<u8>| {
            serde_json::from_slice(&body)
                .map_err(|e| codec::unreadable(format!("the active policy does not decode ({e})")))
        };
        body.map(decode).transpose()
    }

    /// When the policy and roster in force were read and came into force.
    pub fn in_force_since(&self) -> Result<Option<Instant>, Problem> {
        let last = codec::stored(self.reader.events_of_kind(codec::ACTIVATED, None, 1))?;
        Ok(last.first().map(|stored| stored.recorded_at))
    }

    /// One document.
    pub fn document(&self, collection: &str, id: &str) -> Result<Option<Vec<u8>>, Problem> {
        codec::stored(self.reader.document(collection, id))
    }

    /// All documents of a collection, by id.
    pub fn documents(&self, collection: &str) -> Result<Vec<(String, Vec<u8>)>, Problem> {
        let mut all: Vec<(String, Vec<u8>)> = Vec::new();
        loop {
            let after = all.last().map(|(id, _)| id.clone()).unwrap_or_default();
            let page = codec::stored(self.reader.documents(collection, &after, PAGE))?;
            let last = page.len() < PAGE as usize;
            all.extend(page);
            if last {
                return Ok(all);
            }
        }
    }
}

/// How units of evidence are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Units {
    Clear,
    Pseudonyms,
}

/// The signals of a block with their words, as far as those are there.
fn signals_of(reader: &dyn Reader, block: &journal::StoredBlock, units: Units) -> Result<Vec<StoredSignal>, Problem> {
    let opened = crate::block::open(&block.block.bytes).map_err(|e| codec::unreadable(e.to_string()))?;
    let position = block.position.0;
    let any = opened.iter().any(|(_, has_text)| *has_text);
    let mut words = if any { texts::read(reader, position)?.1 } else { Vec::new() };
    if units == Units::Pseudonyms {
        words.iter_mut().for_each(|(_, text)| text.keep_pseudonym());
    }
    let mut there: BTreeSet<u32> = words.iter().map(|(index, _)| *index).collect();
    let (mut signals, had): (Vec<Signal>, Vec<bool>) = opened.into_iter().unzip();
    if crate::block::holds_words(&block.block.bytes) {
        there = (0..).zip(&signals).filter(|(_, signal)| texts::Text::of(signal).is_some()).map(|(at, _)| at).collect();
    }
    texts::put_back(&mut signals, words);
    let stored = (0..).zip(signals).zip(had).map(|((index, signal), had)| StoredSignal {
        position,
        index,
        recorded_at: block.recorded_at,
        has_words: there.contains(&index),
        erased: had && !there.contains(&index),
        signal,
    });
    Ok(stored.collect())
}

/// The incident in a row, folded again where another version of this program wrote the row.
pub(crate) fn incident_of(reader: &dyn Reader, row: &IncidentRow) -> Result<Incident, Problem> {
    if let Some(incident) = codec::incident(row) {
        return Ok(incident);
    }
    let entries = entries(reader, row.no.0)?;
    let folded = Incident::fold(entries.iter().map(|stored| &stored.entry));
    folded.ok_or_else(|| codec::unreadable(format!("INC-{} has no opening event", row.no.0)))
}

pub(crate) fn entries(reader: &dyn Reader, no: u64) -> Result<Vec<StoredEntry>, Problem> {
    let mut all = Vec::new();
    let mut after = EventPlace::default();
    loop {
        let events = codec::stored(reader.incident_events(IncidentNo(no), after, PAGE))?;
        let last = events.len() < PAGE as usize;
        for event in &events {
            after = event.place;
            all.extend(stored_entry(event)?);
        }
        if last {
            return Ok(all);
        }
    }
}

/// The entry in a row; `None` for rows of another kind.
pub(crate) fn stored_entry(stored: &journal::StoredEvent) -> Result<Option<StoredEntry>, Problem> {
    let Some(incident) = stored.event.incident.filter(|_| stored.event.kind == codec::ENTRY) else { return Ok(None) };
    Ok(Some(StoredEntry {
        position: stored.place.position.0,
        index: stored.place.index,
        incident: incident.0,
        entry: codec::entry(&stored.event.body)?,
    }))
}

fn delivery(row: journal::DeliveryRow) -> Result<Delivery, Problem> {
    let mail = Mail::decode(&row.body)?;
    Ok(Delivery {
        id: row.id,
        incident: row.incident.map(|no| no.0),
        severity: row.severity,
        person: row.person,
        channel: row.channel,
        address: row.address,
        state: row.state,
        attempts: row.attempts,
        created_at: row.created_at,
        attempted_at: row.attempted_at,
        next_attempt_at: row.next_attempt_at,
        outcome: row.outcome,
        subject: mail.subject,
        text: mail.text,
        link: mail.link,
    })
}
