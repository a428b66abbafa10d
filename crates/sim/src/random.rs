//! Seeded randomness. Nothing else in the simulator is random.

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// A sequence for one purpose, which draws elsewhere do not shift: shrinking relies on it.
    pub(crate) fn about(seed: u64, what: &str) -> Random {
        let mut random =
            Random(what.bytes().fold(seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)));
        random.next();
        random
    }

    /// The next 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `from` up to, but not including, `to`.
    pub(crate) fn range(&mut self, from: i64, to: i64) -> i64 {
        let width = u64::try_from(to - from).unwrap_or(1).max(1);
        from + i64::try_from(self.next() % width).unwrap_or(0)
    }

    /// True in so many of a hundred cases.
    pub(crate) fn percent(&mut self, share: i64) -> bool {
        self.range(0, 100) < share
    }

    /// One of them.
    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[usize::try_from(self.range(0, i64::try_from(from.len()).unwrap_or(1))).unwrap_or(0)]
    }

    /// A fraction within 0..1.
    pub(crate) fn fraction(&mut self) -> f64 {
        self.range(0, 1_000_000) as f64 / 1e6
    }
}
