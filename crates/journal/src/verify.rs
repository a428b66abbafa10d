//! `audit verify`: recomputes the chain from the rows. It reports the first place that does not match and repairs nothing.

use std::collections::BTreeMap;

use crate::chain::{self, Link};
use crate::{Digest, Entry, Error, EventRow, Head, Position, Reader, Result, Workspace};

/// A journal whose chain holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// The head up to which the chain was recomputed. Compare its hash with one that was published earlier.
    pub head: Head,
    /// Events covered.
    pub events: u64,
    /// Blocks covered.
    pub blocks: u64,
    /// Signals in them.
    pub signals: u64,
    /// Blocks whose signals were pruned; their digests hold.
    pub pruned: u64,
    /// Blocks that were written anew without what was erased; the chain holds their new digests.
    pub rewritten: u64,
    /// Private rows whose content matches its digest.
    pub private: u64,
    /// Private rows whose content was erased; their digests hold.
    pub erased: u64,
}

/// Recomputes the chain of a workspace, from its first position to its head.
///
/// [`Error::Broken`] names the first position that does not match. Batches committed while it runs are not covered.
pub fn verify(reader: &dyn Reader, workspace: Workspace) -> Result<Verification> {
    verify_after(reader, workspace, Position(0))
}

/// The same from a position on, whose own hash is believed: quick, and blind to what lies before.
pub fn verify_after(reader: &dyn Reader, workspace: Workspace, after: Position) -> Result<Verification> {
    let head = reader.head()?;
    let mut so_far =
        Verification { head, events: 0, blocks: 0, signals: 0, pruned: 0, rewritten: 0, private: 0, erased: 0 };
    let mut rewritten = Rewritten::default();
    let mut previous = match after {
        Position(0) => Head::genesis().hash,
        _ => match reader.entry(after)? {
            Some(entry) => entry.hash,
            None => return broken(after, "the batch is missing"),
        },
    };
    for number in after.0 + 1..=so_far.head.position.0 {
        let position = Position(number);
        let entry = match reader.entry(position) {
            Ok(Some(entry)) => entry,
            Ok(None) => return broken(position, "the batch is missing"),
            Err(Error::Corrupt { detail, .. }) => return broken(position, &format!("a row cannot be read: {detail}")),
            Err(error) => return Err(error),
        };
        let hash = recompute(workspace, &previous, &entry)?;
        rewritten.look_at(&entry);
        if hash != entry.hash {
            return broken(position, "its rows do not give the recorded hash");
        }
        so_far.count(&entry);
        previous = hash;
    }
    if previous != so_far.head.hash {
        return broken(so_far.head.position, "the head has another hash than its batch");
    }
    so_far.rewritten = rewritten.settle(reader)?;
    let beyond = so_far.head.position.next();
    // A batch after the head is either being committed just now, in which case the head moves too, or a trace.
    if reader.entry(beyond)?.is_some() && reader.head()? == so_far.head {
        return broken(beyond, "there is a batch after the head, so the head was set back");
    }
    Ok(so_far)
}

impl Verification {
    fn count(&mut self, entry: &Entry) {
        let erased = entry.private.iter().filter(|private| private.content.is_none()).count() as u64;
        self.events += entry.events.len() as u64;
        self.blocks += u64::from(entry.block.is_some());
        self.signals += entry.block.as_ref().map_or(0, |block| u64::from(block.count));
        self.pruned += u64::from(is_pruned(entry));
        self.private += entry.private.len() as u64 - erased;
        self.erased += erased;
    }
}

/// Whether only the digest of its signals is left. The journal of the engine says when and why.
fn is_pruned(entry: &Entry) -> bool {
    entry.block_digest.is_some() && entry.block.as_ref().is_some_and(|block| block.bytes.is_empty())
}

/// Blocks that are not what their batch recorded: a later event has to say what they are.
#[derive(Default)]
struct Rewritten {
    /// The digests of what is there, by position.
    found: BTreeMap<Position, Digest>,
    /// What the last event about each says.
    said: BTreeMap<Position, Vec<u8>>,
}

impl Rewritten {
    fn look_at(&mut self, entry: &Entry) {
        if let Some(block) = entry.block.as_ref().filter(|_| !is_pruned(entry)) {
            let digest = chain::block_digest(block);
            if Some(digest) != entry.block_digest {
                self.found.insert(entry.position, digest);
            }
        }
        let says = entry.events.iter().filter(|event| event.incident.is_none() && event.kind == EventRow::REWRITTEN);
        let placed = |event: &EventRow| Some((chain::rewritten_position(&event.body)?, event.body.clone()));
        self.said.extend(says.filter_map(placed));
    }

    /// How many there are, once the whole chain was seen.
    fn settle(self, reader: &dyn Reader) -> Result<u64> {
        const WHY: &str = "the block of signals does not match its digest";
        for (position, digest) in &self.found {
            if self.said.get(position) != Some(&chain::rewritten(*position, digest)) {
                return broken(*position, WHY);
            }
        }
        // What was erased must not be back: a block as it was at first is gone, or stands before what is looked at.
        for position in self.said.keys().filter(|position| !self.found.contains_key(position)) {
            let entry = reader.entry(*position)?;
            let is_back = |entry: &Entry| entry.block.as_ref().map(chain::block_digest) == entry.block_digest;
            if entry.is_some_and(|entry| is_back(&entry)) {
                return broken(*position, WHY);
            }
        }
        Ok(self.found.len() as u64)
    }
}

fn recompute(workspace: Workspace, previous: &Digest, entry: &Entry) -> Result<Digest> {
    if entry.block.is_some() != entry.block_digest.is_some() {
        return broken(entry.position, "the block of signals does not match its digest");
    }
    for private in &entry.private {
        if private.content.as_ref().is_some_and(|content| chain::private_digest(content) != private.digest) {
            return broken(entry.position, &format!("private row `{}` does not match its digest", private.id));
        }
    }
    let link = Link {
        workspace,
        position: entry.position,
        recorded_at: entry.recorded_at,
        block: entry.block_digest,
        events: &entry.events,
        private: entry.private.iter().map(|private| (private.id.as_str(), private.digest)).collect(),
    };
    Ok(link.hash(previous))
}

fn broken<T>(position: Position, why: &str) -> Result<T> {
    Err(Error::Broken { position, why: why.to_owned() })
}
