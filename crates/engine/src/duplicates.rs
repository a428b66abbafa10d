//! Signals that were sent again: fingerprints of their keys within a stated window.
//!
//! Two generations in memory, rebuilt from the journal's blocks at start; never an index row
//! per signal.

use std::collections::HashSet;

use calendar::{Duration, Instant};
use xxhash_rust::xxh3::Xxh3;

/// A signal sent again within this time is a duplicate. Beyond it, up to twice as long, it may be.
pub const WINDOW: Duration = Duration::from_hours(24);

/// Keys per generation: 16 million cost about 600 MB; a busier sender gets a shorter window.
const MAX_KEYS: usize = 16_000_000;

/// The window.
#[derive(Debug, Default)]
pub(crate) struct Duplicates {
    current: HashSet<u128>,
    previous: HashSet<u128>,
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
        self.previous = if age < WINDOW * 2 { last } else { HashSet::new() };
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
