//! Between the core's values and the journal's bytes.
//!
//! Entries are JSON: they stay for years and are read by people. An incident's state is
//! versioned binary: it can always be folded again.

use std::borrow::Cow;

use calendar::Instant;
use journal::{EventRow, IncidentNo, IncidentRow, Position, TallyRow};
use problem::Problem;
use wcore::Incident;
use wcore::decision::Decision;
use wcore::event::Entry;
use wcore::trigger::Detector;

/// Changes whenever the shape of [`Incident`] does: older rows are folded again.
const STATE_VERSION: u8 = 9;

/// Changes whenever the shape of [`Detector`] does: rows of another version begin anew. It is far
/// from 0 to 3, with which rows began that had no version: the kind of the detector.
const DETECTOR_VERSION: u8 = 16;

/// Kind of a journal row that holds an incident's [`Entry`].
pub(crate) const ENTRY: &str = "entry";
/// Kind of a journal row that activates a policy and a roster.
pub const ACTIVATED: &str = "activated";
/// Kind of a journal row that holds an act that concerns no incident.
pub(crate) const AUDIT: &str = "audit";
/// Kind of a journal row that says what an observing trigger would have raised.
pub(crate) const OBSERVED: &str = "observed";
/// Kind of a journal row in which Watchbell complains about itself.
pub(crate) const SELF_ALERT: &str = "self_alert";
/// Kind of a journal row that says what customers' words were erased.
pub const ERASED: &str = "erased";
/// Kind of a journal row that says what retention took away.
pub const PRUNED: &str = "pruned";
/// Kind of a journal row that says that the journal was restored from a backup.
pub(crate) const RESTORED: &str = "restored";

pub(crate) fn json<T: serde::Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("plain data with text keys always encodes")
}

pub(crate) fn entry_row(no: u64, entry: &Entry) -> EventRow {
    EventRow { incident: Some(IncidentNo(no)), kind: Cow::Borrowed(ENTRY), body: json(entry) }
}

pub(crate) fn entry(body: &[u8]) -> Result<Entry, Problem> {
    serde_json::from_slice(body).map_err(|e| unreadable(format!("an entry does not decode ({e})")))
}

/// The decision of an observing trigger.
pub(crate) fn observed(body: &[u8]) -> Result<Decision, Problem> {
    #[derive(serde::Deserialize)]
    struct Observed {
        decision: Decision,
    }
    let observed: Result<Observed, _> = serde_json::from_slice(body);
    observed.map(|observed| observed.decision).map_err(|e| unreadable(format!("an observation does not decode ({e})")))
}

/// The state's bytes; equal states have equal bytes.
pub fn state(incident: &Incident) -> Vec<u8> {
    let bytes = vec![STATE_VERSION];
    postcard::to_extend(incident, bytes).expect("plain data with known lengths always encodes")
}

/// The state in a row; `None` where another version of this program wrote it.
pub(crate) fn incident(row: &IncidentRow) -> Option<Incident> {
    let (version, rest) = row.state.split_first()?;
    if *version == STATE_VERSION { postcard::from_bytes(&[rest, &row.tally].concat()).ok() } else { None }
}

/// Whether this version of the program wrote the state in a row.
pub(crate) fn is_of_this_version(row: &IncidentRow) -> bool {
    row.state.first() == Some(&STATE_VERSION)
}

/// A detector's bytes.
pub(crate) fn detector_row(detector: &Detector) -> Vec<u8> {
    postcard::to_extend(detector, vec![DETECTOR_VERSION]).expect("plain data with known lengths always encodes")
}

/// The detector in a row; `None` where another version of this program wrote it, or it cannot be read.
pub(crate) fn detector(row: &[u8]) -> Option<Detector> {
    let (version, rest) = row.split_first()?;
    if *version != DETECTOR_VERSION {
        return None;
    }
    postcard::take_from_bytes(rest).ok().filter(|(_, left)| left.is_empty()).map(|(detector, _)| detector)
}

/// What alone changes of a row when signals attach.
pub(crate) fn tally_row(incident: &Incident, updated: Position) -> TallyRow {
    TallyRow { no: IncidentNo(incident.no), updated, tally: tally(incident) }
}

fn tally(incident: &Incident) -> Vec<u8> {
    postcard::to_stdvec(&incident.sources).expect("plain data with known lengths always encodes")
}

/// The row of an incident that was changed last at that position and time.
pub(crate) fn incident_row(incident: &Incident, (updated, at): (Position, Instant)) -> IncidentRow {
    let status = incident.status();
    let mut state = state(incident);
    // The sources are the last field, so their bytes are the last ones.
    let tally = tally(incident);
    state.truncate(state.len() - tally.len());
    IncidentRow {
        no: IncidentNo(incident.no),
        key: incident.key.clone(),
        class: incident.class.clone(),
        service: incident.service.clone(),
        status: status as u8,
        open: status.is_open(),
        severity: incident.severity,
        restricted: incident.restricted,
        opened_at: incident.opened_at,
        ended_at: incident.is_settled().then_some(at),
        next_due: incident.next_due(),
        updated,
        state,
        tally,
    }
}

pub(crate) fn unreadable(detail: String) -> Problem {
    Problem::new(&problem::STORE_CORRUPT, detail)
}

/// What the journal refused or failed, as people meet it.
pub(crate) fn stored<T>(result: journal::Result<T>) -> Result<T, Problem> {
    result.map_err(|error| Problem::new(error.code(), error.to_string()))
}

#[cfg(test)]
mod tests {
    use wcore::trigger::{CountState, Detector};

    use super::*;

    #[test]
    fn a_detector_is_read_only_as_this_version_wrote_it() {
        let given = Detector::Count(CountState::default());
        let row = detector_row(&given);
        assert_eq!(detector(&row), Some(given.clone()));
        let unversioned = postcard::to_stdvec(&given).unwrap();
        let longer = [row.as_slice(), &[0]].concat();
        let newer = [&[DETECTOR_VERSION + 1], &row[1..]].concat();
        for (what, row) in
            [("no version", &unversioned), ("left over", &longer), ("newer", &newer), ("nothing", &vec![])]
        {
            assert_eq!(detector(row), None, "{what}");
        }
        assert_eq!(detector(&row[..row.len() - 1]), None, "cut short");
    }
}
