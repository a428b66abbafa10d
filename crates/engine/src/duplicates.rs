//! Signals that were sent again: fingerprints of their keys within a stated window.
//!
//! Two generations in memory, rebuilt from the journal's blocks at start; never an index row
//! per signal.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hasher, RandomState};

use calendar::{Duration, Instant};
use xxhash_rust::xxh3::Xxh3;

/// A signal sent again within this time is a duplicate. Beyond it, up to twice as long, it may be.
pub const WINDOW: Duration = Duration::from_hours(24);

/// Keys per generation: 16 million cost about 600 MB; a busier sender gets a shorter window.
const MAX_KEYS: usize = 16_000_000;

/// Fingerprints of keys.
pub(crate) type Keys = HashSet<u128, Spread>;

/// Where fingerprints go in a table. They are even already; numbers that no sender knows keep one
/// from choosing ids that all go to the same place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    secret: [u64; 2],
    place: u64,
}

impl Default for Spread {
    fn default() -> Self {
        let random = RandomState::new();
        Spread { secret: [random.hash_one(0), random.hash_one(1)], place: 0 }
    }
}

impl BuildHasher for Spread {
    type Hasher = Spread;

    fn build_hasher(&self) -> Spread {
        *self
    }
}

impl Hasher for Spread {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u128(u128::from(*byte));
        }
    }

    fn write_u128(&mut self, key: u128) {
        let halves = [key as u64 ^ self.place, (key >> 64) as u64];
        let product = u128::from(halves[0] ^ self.secret[0]) * u128::from(halves[1] ^ self.secret[1]);
        self.place = product as u64 ^ (product >> 64) as u64;
    }

    fn finish(&self) -> u64 {
        self.place
    }
}

/// The window.
#[derive(Debug, Default)]
pub(crate) struct Duplicates {
    current: Keys,
    previous: Keys,
    since: Instant,
}

/// Fingerprint of a sender's key. Two keys share one with a chance of 2⁻¹²⁸ per pair.
pub(crate) fn key(source: &str, id: &str) -> u128 {
    let mut hash = Xxh3::new();
    hash.update(&u64::try_from(source.len()).unwrap_or(u64::MAX).to_be_bytes());
    hash.update(source.as_bytes());
    hash.update(id.as_bytes());
    hash.digest128()
}

impl Duplicates {
    pub(crate) fn contains(&self, key: u128) -> bool {
        self.current.contains(&key) || self.previous.contains(&key)
    }

    /// Forgets what is older than the window, a generation at a time.
    pub(crate) fn forget(&mut self, now: Instant) {
        let age = now.since(self.since);
        if age < WINDOW && self.current.len() < MAX_KEYS {
            return;
        }
        let last = std::mem::take(&mut self.current);
        // After a silence of two windows the last generation is too old as well.
        self.previous = if age < WINDOW * 2 { last } else { Keys::default() };
        self.since = now;
    }

    /// Remembers the keys of a durable batch.
    pub(crate) fn insert(&mut self, keys: impl IntoIterator<Item = u128>, now: Instant) {
        self.forget(now);
        self.current.extend(keys);
    }

    pub(crate) fn len(&self) -> usize {
        self.current.len() + self.previous.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_forgotten_after_two_windows_and_not_before_one() {
        let mut duplicates = Duplicates::default();
        let start = Instant::from_micros(1_795_788_000_000_000);
        let [a, b, c] = ["a", "b", "c"].map(|id| key("evals", id));
        duplicates.insert([a], start);
        duplicates.insert([b], start + WINDOW);
        assert!(duplicates.contains(a) && duplicates.contains(b));
        duplicates.insert([c], start + WINDOW * 2);
        assert!(!duplicates.contains(a) && duplicates.contains(b));
    }

    #[test]
    fn keys_are_forgotten_after_a_silence() {
        let mut duplicates = Duplicates::default();
        let start = Instant::from_micros(1_795_788_000_000_000);
        let a = key("evals", "a");
        duplicates.insert([a], start);
        duplicates.forget(start + WINDOW * 2 - Duration::from_micros(1));
        assert!(duplicates.contains(a));
        duplicates.forget(start + WINDOW * 3);
        assert!(!duplicates.contains(a));
    }

    #[test]
    fn source_and_id_do_not_run_together() {
        assert_ne!(key("ab", "c"), key("a", "bc"));
    }
}
