//! Customers' words of signals, kept apart from their blocks so that they can be erased.
//!
//! A block holds no summary, no link and no clear unit id; those of one block are one private row,
//! of which the chain holds a salted digest only. Erasing some of them seals the rest anew.

use std::borrow::Cow;

use journal::{Position, Reader};
use problem::Problem;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use wcore::Signal;
use wcore::signal::Unit;

use crate::codec;

/// Bytes of a pseudonym: two units share one with a chance of 2⁻¹²⁸ per pair.
pub(crate) const PSEUDONYM_BYTES: usize = 16;
/// Bytes of the workspace's key.
pub(crate) const KEY_BYTES: usize = 32;
/// Collection that says under which number the rest of a block's texts is sealed, by position.
pub(crate) const RESEALED: &str = "resealed";

/// The words of one signal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Text<'a> {
    summary: Option<Cow<'a, str>>,
    link: Option<Cow<'a, str>>,
    unit: Option<Cow<'a, str>>,
}

/// The words of some signals of a block, by their place in it.
pub(crate) type Texts<'a> = Vec<(u32, Text<'a>)>;

impl<'a> Text<'a> {
    /// The words of a signal, if it has any.
    pub(crate) fn of(signal: &'a Signal) -> Option<Text<'a>> {
        let summary = signal.summary.as_deref().map(Cow::Borrowed);
        let link = signal.link.as_deref().map(Cow::Borrowed);
        let unit = signal.unit.as_ref().map(|unit| Cow::Borrowed(unit.id.as_str()));
        let any = summary.is_some() || link.is_some() || unit.is_some();
        any.then_some(Text { summary, link, unit })
    }

    /// The same, on its own.
    pub(crate) fn into_owned(self) -> Text<'static> {
        let own = |text: Option<Cow<'a, str>>| text.map(|text| Cow::Owned(text.into_owned()));
        Text { summary: own(self.summary), link: own(self.link), unit: own(self.unit) }
    }

    /// Leaves the pseudonym where the clear id of the unit would be put back.
    pub(crate) fn keep_pseudonym(&mut self) {
        self.unit = None;
    }
}

/// Stands for a unit where its clear id is gone: the same for the same unit, and of no use without the key.
#[derive(Clone)]
pub struct Pseudonyms(Sha256);

impl Pseudonyms {
    /// Pseudonyms under a key.
    pub fn new(key: &[u8; KEY_BYTES]) -> Pseudonyms {
        // A whole block of the hash, so that its state after the key is computed once.
        let mut block = [0; 64];
        block[..KEY_BYTES].copy_from_slice(key);
        Pseudonyms(Sha256::new_with_prefix(block))
    }

    pub(crate) fn of(&self, unit: &Unit) -> [u8; PSEUDONYM_BYTES] {
        self.of_id(&unit.kind, &unit.id)
    }

    /// The pseudonym of an id among those of its kind.
    pub(crate) fn of_id(&self, kind: &str, id: &str) -> [u8; PSEUDONYM_BYTES] {
        let mut hash = self.0.clone();
        hash.update((kind.len() as u64).to_be_bytes());
        hash.update(kind);
        hash.update(id);
        let digest = hash.finalize();
        digest.first_chunk().copied().expect("a SHA-256 digest has 32 bytes")
    }
}

/// How a pseudonym is written where a unit's id would be.
pub(crate) fn written(pseudonym: &[u8; PSEUDONYM_BYTES]) -> String {
    let hex: String = pseudonym.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("~{hex}")
}

/// The pseudonym that is written so.
pub(crate) fn read_pseudonym(text: &str) -> Option<[u8; PSEUDONYM_BYTES]> {
    let hex = text.strip_prefix('~').filter(|hex| hex.len() == PSEUDONYM_BYTES * 2 && hex.is_ascii())?;
    let mut bytes = [0; PSEUDONYM_BYTES];
    for (byte, at) in bytes.iter_mut().zip((0..hex.len()).step_by(2)) {
        *byte = u8::from_str_radix(&hex[at..at + 2], 16).ok()?;
    }
    Some(bytes)
}

/// What stands for an id that is erased; it stays what it is where it was erased before.
pub(crate) fn stand_in(pseudonyms: &Pseudonyms, kind: &str, id: String) -> String {
    if read_pseudonym(&id).is_some() { id } else { written(&pseudonyms.of_id(kind, &id)) }
}

/// Where salts come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Salts {
    /// The system's randomness.
    System,
    /// Derived from the position: the same seed gives the same journal.
    Derived,
}

impl Salts {
    pub(crate) fn salt(self, position: Position, index: usize) -> [u8; 16] {
        let mut salt = [0; 16];
        match self {
            Salts::System => {
                getrandom::fill(&mut salt).expect("every supported system has a source of random bytes");
            }
            Salts::Derived => {
                salt[..8].copy_from_slice(&position.0.to_be_bytes());
                salt[8..].copy_from_slice(&(index as u64).to_be_bytes());
            }
        }
        salt
    }
}

/// What keeps customers' words from being guessed.
#[derive(Clone)]
pub(crate) struct Secrecy {
    pub(crate) salts: Salts,
    pub(crate) pseudonyms: Pseudonyms,
}

/// The id of the private row with a block's texts.
pub(crate) fn row(position: u64, generation: u32) -> String {
    if generation == 0 { format!("signals-{position}") } else { format!("signals-{position}.{generation}") }
}

/// The bytes of a private row.
pub(crate) fn encode(texts: &Texts<'_>) -> Vec<u8> {
    let plain = postcard::to_stdvec(texts).expect("plain data with known lengths always encodes");
    lz4_flex::compress_prepend_size(&plain)
}

/// The number under which the texts of a block are sealed.
pub(crate) fn generation(reader: &dyn Reader, position: u64) -> Result<u32, Problem> {
    let Some(body) = codec::stored(reader.document(RESEALED, &position.to_string()))? else { return Ok(0) };
    serde_json::from_slice(&body).map_err(|e| unreadable(position, &e))
}

/// The texts of a block that are still there, and the number under which they are sealed.
pub(crate) fn read(reader: &dyn Reader, position: u64) -> Result<(u32, Texts<'static>), Problem> {
    let mut generation = 0;
    let mut content = codec::stored(reader.private(&row(position, generation)))?;
    if content.is_none() {
        generation = self::generation(reader, position)?;
        content = codec::stored(reader.private(&row(position, generation)))?;
    }
    let Some(content) = content else { return Ok((generation, Vec::new())) };
    let plain = lz4_flex::decompress_size_prepended(&content.bytes).map_err(|e| unreadable(position, &e))?;
    Ok((generation, postcard::from_bytes(&plain).map_err(|e| unreadable(position, &e))?))
}

fn unreadable(position: u64, error: &dyn std::fmt::Display) -> Problem {
    codec::unreadable(format!("the texts of position {position} do not decode ({error})"))
}

/// Gives signals of a block their words back.
pub(crate) fn put_back(signals: &mut [Signal], texts: Texts<'_>) {
    for (index, text) in texts {
        let Some(signal) = signals.get_mut(index as usize) else { continue };
        signal.summary = text.summary.map(Cow::into_owned);
        signal.link = text.link.map(Cow::into_owned);
        if let (Some(unit), Some(id)) = (&mut signal.unit, text.unit) {
            unit.id = id.into_owned();
        }
    }
}
