//! Catching up: where the journal is further than this server knows, its memory is read anew.
//!
//! That is so when another server writes to the same database, and after a commit that was made
//! although its outcome was not learned. It decides nothing and writes nothing.

use journal::Head;
use problem::Problem;

use crate::run::{Thread, rebuild_duplicates};
use crate::{StartError, codec, hold, remembered, start};

impl Thread {
    /// Takes over a head that has moved by another hand. Until all of the memory could be read anew, the
    /// known head stays, so that nothing that was decided on an old memory is ever committed.
    pub(crate) fn catch_up(&mut self) -> Result<(), Problem> {
        let head = codec::stored(self.writer.head())?;
        if head == self.head {
            return Ok(());
        }
        let active = start::stored_documents(&*self.reader).map_err(|error| match error {
            StartError::Journal(error) => error.problem(),
            StartError::Contents(problem) => problem,
            other => codec::unreadable(other.to_string()),
        })?;
        if active.is_some_and(|active| active != self.rules.documents) {
            return Err(moved(&head, "another server has put another policy or roster in force"));
        }
        let (detectors, unknown) = codec::stored(remembered::detectors(&*self.reader))?;
        if !unknown.is_empty() {
            return Err(moved(&head, "another version of this program has written what triggers remember"));
        }
        let now = self.shared.time.now().max(head.recorded_at);
        let duplicates = rebuild_duplicates(&*self.reader, now)?;
        let held = hold::read(&*self.reader)?;
        self.detectors = detectors;
        self.duplicates = duplicates;
        self.cache.clear();
        self.shared.set_hold(held);
        self.shared.set_detectors_due(self.detectors.next_due());
        self.shared.committed(head.recorded_at, head.position.0);
        self.head = head;
        Ok(())
    }
}

/// Only a start goes on from there.
fn moved(head: &Head, why: &str) -> Problem {
    let detail =
        format!("the journal is at {} and {why}; this server writes nothing until it is restarted", head.position);
    Problem::new(&problem::STORE_MOVED, detail)
}
