//! Reads what is new in the journal after every step, and compares: with the model, with the
//! rows, with what was answered.

use std::collections::BTreeMap;

use engine::codec;
use journal::{EventPlace, IncidentNo, Position, Reader};
use serde_json::Value;
use wcore::Incident;
use wcore::event::{Entry, Event};

use crate::clients::{Counted, MARK};
use crate::documents::{VERSIONS, documents};
use crate::model::{Model, Violation, violated};
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
    folded: BTreeMap<u64, Incident>,
    pub(crate) rows: u64,
    pub(crate) breaches: u64,
    pub(crate) pages: u64,
}

impl Watcher {
    /// Takes in what is new.
    pub(crate) fn look(&mut self, reader: &dyn Reader, post: &mut Post, worked: i64) -> Result<(), Violation> {
        self.blocks(reader)?;
        let events = reader.events(self.place, PAGE).unwrap_or_default();
        let mut pages: BTreeMap<u64, usize> = BTreeMap::new();
        let mut changed = Vec::new();
        for stored in events {
            let position = stored.place.position.0;
            let recorded = stored.recorded_at.as_micros();
            if recorded < self.recorded || (recorded == self.recorded && self.place.position != stored.place.position) {
                return violated("journal time is monotone", format!("at position {position}"));
            }
            (self.place, self.recorded) = (stored.place, recorded);
            self.rows += 1;
            self.marks(&stored.event.body);
            let body: Value = serde_json::from_slice(&stored.event.body).unwrap_or_default();
            match (stored.event.kind.as_ref(), stored.event.incident) {
                ("entry", Some(no)) => {
                    let count = |kind: &str| {
                        body["events"]
                            .as_array()
                            .into_iter()
                            .flatten()
                            .filter(|event| event.get(kind).is_some())
                            .count()
                    };
                    *pages.entry(position).or_default() += count("page_requested");
                    self.pages += count("page_requested") as u64;
                    self.breaches += count("clock_breached") as u64;
                    self.model.entry(no.0, &body)?;
                    changed.push((no, position));
                    self.fold(no.0, &stored.event.body)?;
                }
                ("activated", _) => {
                    let known = (0..VERSIONS).find(|version| {
                        body["policy"] == documents(*version).policy && body["roster"] == documents(*version).roster
                    });
                    self.version = known.unwrap_or(self.version);
                }
                _ => {}
            }
        }
        for (position, pages) in pages {
            post.asked(reader, position, pages, worked)?;
        }
        self.compare(reader, &changed)
    }

    fn blocks(&mut self, reader: &dyn Reader) -> Result<(), Violation> {
        for stored in reader.blocks(self.block, PAGE).unwrap_or_default() {
            self.block = stored.position;
            let Ok(signals) = engine::block::decode(&stored.block.bytes) else {
                return violated("readable", "a block");
            };
            for id in signals.into_iter().filter_map(|signal| signal.id) {
                *self.counted.signals.entry(id).or_default() += 1;
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
            *self.counted.marks.entry(mark).or_default() += 1;
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
    fn compare(&self, reader: &dyn Reader, changed: &[(IncidentNo, u64)]) -> Result<(), Violation> {
        for (no, _) in changed {
            let stored = reader.incident(*no).ok().flatten();
            let folded = self.folded.get(&no.0).map(codec::state);
            if stored.map(|row| [row.state, row.tally].concat()) != folded {
                return violated("a row equals its fold", format!("INC-{}", no.0));
            }
        }
        Ok(())
    }
}
