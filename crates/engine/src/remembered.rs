//! What triggers remember, as the store has it at start.
//!
//! A row that another version of this program wrote is no damage: its trigger begins anew, and a
//! self-alert says so. What it would have counted is not rebuilt from the stored signals.

use std::collections::{BTreeMap, BTreeSet};

use calendar::{Duration, Instant};
use journal::{Batch, DetectorChange, Head, IncidentFilter, Reader, Writer};
use problem::Problem;
use wcore::trigger::Detectors;

use crate::codec;
use crate::rules::Rules;
use crate::view::incident_of;

/// Triggers that the self-alert names; the number counts them all.
const NAMED_MAX: usize = 20;

/// What the store holds, and the keys of the rows that this version does not read.
pub(crate) fn detectors(reader: &dyn Reader) -> journal::Result<(Detectors, Vec<String>)> {
    let mut settled = BTreeMap::new();
    let mut unknown = Vec::new();
    for (key, row) in reader.detectors()? {
        match codec::detector(&row) {
            Some(detector) => drop(settled.insert(key, detector)),
            None => unknown.push(key),
        }
    }
    Ok((Detectors::new(settled), unknown))
}

/// Deletes rows that are not read, and learns again which services are contained, so that their
/// silence raises nothing. The new head, and what to tell people.
pub(crate) fn begin_anew(
    writer: &mut dyn Writer,
    reader: &dyn Reader,
    rules: &Rules,
    (detectors, unknown): (&mut Detectors, &[String]),
    now: Instant,
) -> Result<(Head, Problem), Problem> {
    let head = codec::stored(writer.head())?;
    let now = now.max(head.recorded_at + Duration::from_micros(1));
    let open = IncidentFilter { open: Some(true), ..IncidentFilter::default() };
    for row in codec::stored(reader.incidents(&open, u32::MAX))? {
        rules.triggers.heed(&rules.policy, detectors, &incident_of(reader, &row)?, now);
    }
    let mut changes: BTreeMap<&str, Option<Vec<u8>>> = unknown.iter().map(|key| (key.as_str(), None)).collect();
    let learned = detectors.changed().iter();
    changes.extend(learned.map(|(key, detector)| (key.as_str(), Some(codec::detector_row(detector)))));
    let changes = changes.into_iter().map(|(key, state)| DetectorChange { key: key.to_owned(), state });
    let batch = Batch {
        expected: head.position,
        recorded_at: now,
        next_incident: head.next_incident,
        detectors: changes.collect(),
        ..Batch::default()
    };
    let head = codec::stored(writer.commit(&batch))?;
    detectors.settle();
    let problem = restarted(unknown);
    tracing::warn!(code = problem.code.id, detail = problem.detail, "engine.detectors_restarted");
    Ok((head, problem))
}

/// A key begins with its trigger's id; that of a service's silence with nothing.
fn restarted(unknown: &[String]) -> Problem {
    let name = |key: &String| match key.split('|').next() {
        None | Some("") => "which services are quiet".to_owned(),
        Some(trigger) => format!("`{trigger}`"),
    };
    let names: BTreeSet<String> = unknown.iter().map(name).collect();
    let count = names.len();
    let names = names.into_iter().take(NAMED_MAX).collect::<Vec<_>>().join(", ");
    let detail =
        format!("the store has their memory in a form that this version does not read; {count} in all: {names}");
    Problem::new(&problem::DETECTORS_RESTARTED, detail)
}
