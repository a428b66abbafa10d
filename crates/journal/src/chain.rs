//! The hash chain: what a batch's digest covers, byte for byte, and the rules by which a head may move.
//!
//! Pure. The encoding is part of every database ever written: it never changes, new facts get a new tag.
//! Integers are big-endian; text and bytes are preceded by their length as `u64`.

use calendar::Instant;
use sha2::{Digest as _, Sha256};

use crate::{Batch, Block, Digest, Error, EventRow, Head, Position, PrivateContent, Result, Workspace};

/// A batch that may be written, with all that its rows need beside its own content.
pub(crate) struct Sealed {
    pub(crate) head: Head,
    pub(crate) block: Option<Digest>,
    pub(crate) private: Vec<Digest>,
}

/// The parts of a position that enter its digest.
pub(crate) struct Link<'a> {
    pub(crate) workspace: Workspace,
    pub(crate) position: Position,
    pub(crate) recorded_at: Instant,
    pub(crate) block: Option<Digest>,
    pub(crate) events: &'a [EventRow],
    pub(crate) private: Vec<(&'a str, Digest)>,
}

/// Checks a batch against the head and computes the head that it leads to.
pub(crate) fn seal(workspace: Workspace, head: &Head, batch: &Batch) -> Result<Sealed> {
    if batch.expected != head.position {
        return Err(Error::HeadMoved { expected: batch.expected, found: head.position });
    }
    if batch.recorded_at <= head.recorded_at {
        return Err(Error::ClockBackwards { head: head.recorded_at, given: batch.recorded_at });
    }
    if let Some(given) = &batch.tzdata {
        head.admits_tzdata(given)?;
    }
    if batch.next_incident < head.next_incident {
        let what = format!(
            "the next incident number would fall from {} to {}, so that a number would be given twice",
            head.next_incident, batch.next_incident
        );
        return Err(Error::Constraint { what });
    }
    let block = batch.block.as_ref().map(block_digest);
    let private: Vec<Digest> = batch.private.iter().map(|row| private_digest(&row.content)).collect();
    let position = head.position.next();
    let link = Link {
        workspace,
        position,
        recorded_at: batch.recorded_at,
        block,
        events: &batch.events,
        private: batch.private.iter().map(|row| row.id.as_str()).zip(private.iter().copied()).collect(),
    };
    let head = Head {
        position,
        hash: link.hash(&head.hash),
        recorded_at: batch.recorded_at,
        next_incident: batch.next_incident,
        tzdata: batch.tzdata.clone().unwrap_or_else(|| head.tzdata.clone()),
    };
    Ok(Sealed { head, block, private })
}

impl Link<'_> {
    /// The chain's hash at this position, after `previous`.
    pub(crate) fn hash(&self, previous: &Digest) -> Digest {
        Sha256::new().chain_update(previous).chain_update(self.digest()).finalize().into()
    }

    fn digest(&self) -> Digest {
        let mut digest = tagged("watchbell batch 1");
        digest.update(self.workspace.0.to_be_bytes());
        digest.update(self.position.0.to_be_bytes());
        digest.update(self.recorded_at.as_micros().to_be_bytes());
        match &self.block {
            Some(block) => digest.update([&[1][..], block].concat()),
            None => digest.update([0]),
        }
        digest.update((self.events.len() as u64).to_be_bytes());
        for (index, event) in (0u32..).zip(self.events) {
            digest.update(index.to_be_bytes());
            match event.incident {
                Some(no) => digest.update([&[1][..], &no.0.to_be_bytes()].concat()),
                None => digest.update([0]),
            }
            prefixed(&mut digest, event.kind.as_bytes());
            digest.update(Sha256::digest(&event.body));
        }
        digest.update((self.private.len() as u64).to_be_bytes());
        for (id, content) in &self.private {
            prefixed(&mut digest, id.as_bytes());
            digest.update(content);
        }
        digest.finalize().into()
    }
}

/// The digest of a block with the columns by which it is found.
pub(crate) fn block_digest(block: &Block) -> Digest {
    let mut digest = tagged("watchbell block 1");
    digest.update(block.count.to_be_bytes());
    digest.update(block.first_at.as_micros().to_be_bytes());
    digest.update(block.last_at.as_micros().to_be_bytes());
    prefixed(&mut digest, &block.bytes);
    digest.finalize().into()
}

/// The body of the event by which the chain takes in a rewritten block.
pub(crate) fn rewritten(position: Position, block: &Digest) -> Vec<u8> {
    let hex: String = block.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{REWRITTEN_START}{},\"digest\":\"{hex}\"}}", position.0).into_bytes()
}

/// With what such a body begins.
const REWRITTEN_START: &str = "{\"position\":";

/// The block of which such a body tells.
pub(crate) fn rewritten_position(body: &[u8]) -> Option<Position> {
    let rest = std::str::from_utf8(body).ok()?.strip_prefix(REWRITTEN_START)?;
    rest.split_once(',')?.0.parse().ok().map(Position)
}

/// The salted digest of personal data.
pub(crate) fn private_digest(content: &PrivateContent) -> Digest {
    let mut digest = tagged("watchbell private 1");
    prefixed(&mut digest, &content.salt);
    prefixed(&mut digest, &content.bytes);
    digest.finalize().into()
}

fn tagged(tag: &str) -> Sha256 {
    let mut digest = Sha256::new();
    prefixed(&mut digest, tag.as_bytes());
    digest
}

fn prefixed(digest: &mut Sha256, bytes: &[u8]) {
    digest.update((bytes.len() as u64).to_be_bytes());
    digest.update(bytes);
}
