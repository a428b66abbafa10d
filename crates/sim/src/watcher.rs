//! Reads what is new in the journal after every step, and compares: with the model, with the
//! rows, with what was answered.

use std::collections::{BTreeMap, BTreeSet};

use engine::codec;
use journal::{EventPlace, IncidentNo, Position, Reader, StoredEvent};
use serde_json::Value;
use wcore::Incident;
use wcore::event::{Entry, Event};

use crate::clients::{Counted, MARK};
use crate::documents::{VERSIONS, documents};
use crate::model::{Expected, Firings, Model, Violation, name, violated};
use crate::post::Post;

/// Rows read at once; a step writes fewer.
const PAGE: u32 = 100_000;

/// What was read so far.
#[derive(Default)]
pub(crate) struct Watcher {
    pub(crate) model: Model,
    pub(crate) counted: Counted,
    /// Version of the documents in force.
    pub(crate) version: usize,
    place: EventPlace,
    block: Position,
    recorded: i64,
    firings: Firings,
    folded: BTreeMap<u64, Incident>,
    pub(crate) rows: u64,
    /// Events by kind.
    pub(crate) kinds: BTreeMap<String, u64>,
}

/// What one look found.
#[derive(Default)]
struct Found {
    /// Pages asked for, by position.
    pages: BTreeMap<u64, usize>,
    changed: BTreeSet<u64>,
    /// Incidents that took signals in: position and number.
    taken: Vec<(u64, u64)>,
    /// Who is said to have received the page of a step: incident, person and channel.
    received: Vec<(u64, String, String)>,
}

impl Watcher {
    /// Takes in what is new.
    pub(crate) fn look(&mut self, reader: &dyn Reader, post: &mut Post, worked: i64) -> Result<(), Violation> {
        let expected = self.blocks(reader)?;
        let mut found = Found::default();
        for stored in reader.events(self.place, PAGE).unwrap_or_default() {
            let position = stored.place.position.0;
            let recorded = stored.recorded_at.as_micros();
            if recorded < self.recorded || (recorded == self.recorded && self.place.position != stored.place.position) {
                return violated("journal time is monotone", format!("at position {position}"));
            }
            (self.place, self.recorded) = (stored.place, recorded);
            self.row(&stored, &mut found)?;
        }
        for (position, pages) in found.pages {
            post.asked(reader, position, pages, worked)?;
        }
        for (no, person, channel) in found.received {
            post.received(reader, no, &person, &channel)?;
        }
        self.raised(&expected, &found.taken)?;
        self.compare(reader, &found.changed)
    }

    fn row(&mut self, stored: &StoredEvent, found: &mut Found) -> Result<(), Violation> {
        self.rows += 1;
        self.marks(&stored.event.body);
        let position = stored.place.position.0;
        match (stored.event.kind.as_ref(), stored.event.incident) {
            ("entry", Some(no)) => {
                let body: Value = serde_json::from_slice(&stored.event.body).unwrap_or_default();
                for (kind, event) in body["events"].as_array().into_iter().flatten().filter_map(name) {
                    match self.kinds.get_mut(kind) {
                        Some(count) => *count += 1,
                        None => _ = self.kinds.insert(kind.to_owned(), 1),
                    }
                    match kind {
                        "page_requested" => *found.pages.entry(position).or_default() += 1,
                        "step_received" => {
                            let word = |field: &str| event[field].as_str().unwrap_or_default().to_owned();
                            found.received.push((no.0, word("person"), word("channel")));
                        }
                        "opened" | "attached" => found.taken.push((position, no.0)),
                        _ => {}
                    }
                }
                found.changed.insert(no.0);
                self.model.entry(no.0, &body)?;
                self.fold(no.0, &stored.event.body)
            }
            ("activated", _) => {
                let body: Value = serde_json::from_slice(&stored.event.body).unwrap_or_default();
                let known = (0..VERSIONS).find(|version| {
                    body["policy"] == documents(*version).policy && body["roster"] == documents(*version).roster
                });
                self.version = known.unwrap_or(self.version);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Counts new signals; the incidents that they must have touched.
    fn blocks(&mut self, reader: &dyn Reader) -> Result<Vec<Expected>, Violation> {
        let mut expected = Vec::new();
        for stored in reader.blocks(self.block, PAGE).unwrap_or_default() {
            self.block = stored.position;
            let Ok(signals) = engine::block::decode(&stored.block.bytes) else {
                return violated("readable", "a block");
            };
            for signal in signals {
                expected.extend(self.firings.of(&signal, stored.position.0, stored.recorded_at.as_micros()));
                if let Some(id) = signal.id {
                    self.counted.signal(id);
                }
            }
        }
        Ok(expected)
    }

    /// What the triggers ask for was raised by the batch that holds the signal.
    fn raised(&self, expected: &[Expected], taken: &[(u64, u64)]) -> Result<(), Violation> {
        for wanted in expected {
            let incidents = taken.iter().filter(|(position, _)| *position == wanted.position);
            let mut incidents = incidents.filter_map(|(_, no)| self.model.incidents.get(no));
            let raised = incidents.any(|incident| {
                incident.class == wanted.class
                    && incident.service == wanted.service
                    && incident.severity <= wanted.severity
            });
            if !raised {
                return violated("what fires is raised", format!("{wanted:?}"));
            }
        }
        Ok(())
    }

    /// Counts a row once for each mark in it.
    fn marks(&mut self, body: &[u8]) {
        let text = String::from_utf8_lossy(body);
        let mut marks: Vec<u64> =
            text.split(MARK).skip(1).filter_map(|rest| rest.split('~').next()?.parse().ok()).collect();
        marks.sort_unstable();
        marks.dedup();
        for mark in marks {
            self.counted.mark(mark);
        }
    }

    fn fold(&mut self, no: u64, body: &[u8]) -> Result<(), Violation> {
        let Ok(entry) = serde_json::from_slice::<Entry>(body) else { return violated("readable", format!("INC-{no}")) };
        for event in &entry.events {
            match (self.folded.get_mut(&no), event) {
                (Some(incident), event) => incident.evolve(event, entry.at),
                (None, Event::Opened(opened)) => {
                    self.folded.insert(no, Incident::open(opened, entry.at));
                }
                (None, _) => return violated("opened first", format!("INC-{no}")),
            }
        }
        Ok(())
    }

    /// The rows of changed incidents equal what was folded, byte for byte.
    fn compare(&self, reader: &dyn Reader, changed: &BTreeSet<u64>) -> Result<(), Violation> {
        for no in changed {
            let stored = reader.incident(IncidentNo(*no)).ok().flatten();
            if stored.map(|row| [row.state, row.tally].concat()) != self.folded.get(no).map(codec::state) {
                return violated("a row equals its fold", format!("INC-{no}"));
            }
        }
        Ok(())
    }
}
