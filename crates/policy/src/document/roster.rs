//! The roster document from the top: who can be reached, when, and through what.

use std::collections::BTreeMap;

use super::reader::{Kind, Reader};
use super::tree::Node;
use super::{calendar, channels, people, policy, version_of};
use crate::model::Roster;

/// A roster, and what its schedules do not tell any more once they are compiled.
pub(crate) struct RosterDocument {
    pub(crate) roster: Roster,
    /// Everyone who can be on call, by schedule.
    pub(crate) schedule_people: BTreeMap<String, Vec<String>>,
}

/// The roster that the document states; with gaps where problems were reported.
pub(super) fn compile(reader: &mut Reader<'_>, root: &Node) -> Option<RosterDocument> {
    let id = version_of(reader.source.text);
    let mut fields = reader.fields(root, "the roster")?;
    if fields.get("version").is_some() {
        policy::version(reader, &mut fields);
    }
    let people = people::people(reader, &mut fields);
    let (schedules, schedule_people) = calendar::schedules(reader, fields.get("schedules"));
    let mut fallback = Vec::new();
    if let Some(entry) = fields.entry("fallback") {
        reader.define("fallback".to_owned(), &entry.key_span);
        for item in reader.one_or_many(&entry.node) {
            fallback.extend(reader.reference(item, Kind::Person, "a person"));
        }
    }
    let calendars = calendar::calendars(reader, fields.get("calendars"));
    let channels = channels::channels(reader, fields.get("channels"));
    reader.finish(fields);
    let roster = Roster { id, people, schedules, fallback, calendars, channels };
    Some(RosterDocument { roster, schedule_people })
}
