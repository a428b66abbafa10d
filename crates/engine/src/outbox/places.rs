//! Places for attempts under way: bounded, with some kept for the most severe, so that neither a
//! flood of warnings nor one receiver that hangs delays a SEV-1. It sends nothing.
//!
//! An attempt that has ended gives its place away, and is known until its outcome is written: the
//! journal still says that it is to be made.

use std::collections::{BTreeMap, BTreeSet};

/// Attempts under way at once; further ones wait for a place.
const ALL: usize = 128;
/// Of them, those that only severity 1 may take.
const ALL_RESERVED: usize = 32;
/// Attempts under way on one channel: one that hangs leaves room for the others.
const CHANNEL: usize = 64;
/// Of them, those that only severity 1 may take.
const CHANNEL_RESERVED: usize = 16;
/// Attempts that have ended, with outcomes that are not written yet: more would be repeated after
/// a crash than is decent.
const ENDED: usize = 2_048;
/// Of them, those that only severity 1 may be.
const ENDED_RESERVED: usize = 1_024;

/// Whether an attempt may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seat {
    /// It has its place.
    Taken,
    /// It had one before.
    Known,
    /// Its channel is full; another channel may have room.
    ChannelFull,
    /// No place is left for its severity or a lower one.
    Full,
}

/// Who has a place.
#[derive(Default)]
pub(crate) struct Places {
    /// Channels by delivery.
    taken: BTreeMap<String, String>,
    by_channel: BTreeMap<String, usize>,
    ended: BTreeSet<String>,
}

impl Places {
    pub(crate) fn is_empty(&self) -> bool {
        self.taken.is_empty() && self.ended.is_empty()
    }

    /// All attempts that are under way, or have no written outcome yet.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.taken.keys().chain(&self.ended).cloned().collect()
    }

    pub(crate) fn holds(&self, delivery: &str) -> bool {
        self.taken.contains_key(delivery) || self.ended.contains(delivery)
    }

    pub(crate) fn take(&mut self, delivery: &str, channel: &str, severity: u8) -> Seat {
        let limit = |all: usize, reserved: usize| if severity <= 1 { all } else { all - reserved };
        if self.holds(delivery) {
            return Seat::Known;
        }
        if self.taken.len() >= limit(ALL, ALL_RESERVED) || self.ended.len() >= limit(ENDED, ENDED_RESERVED) {
            return Seat::Full;
        }
        let busy = self.by_channel.entry(channel.to_owned()).or_default();
        if *busy >= limit(CHANNEL, CHANNEL_RESERVED) {
            return Seat::ChannelFull;
        }
        *busy += 1;
        self.taken.insert(delivery.to_owned(), channel.to_owned());
        Seat::Taken
    }

    /// The attempt has ended; its outcome is not written yet.
    pub(crate) fn end(&mut self, delivery: &str) {
        self.give_up(delivery);
        self.ended.insert(delivery.to_owned());
    }

    /// Nothing is left to do.
    pub(crate) fn leave(&mut self, delivery: &str) {
        self.give_up(delivery);
        self.ended.remove(delivery);
    }

    fn give_up(&mut self, delivery: &str) {
        let Some(channel) = self.taken.remove(delivery) else { return };
        if let Some(busy) = self.by_channel.get_mut(&channel) {
            *busy -= 1;
            if *busy == 0 {
                self.by_channel.remove(&channel);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes places until it is refused; how many it got, and why it was refused.
    fn fill(places: &mut Places, channel: &str, severity: u8) -> (usize, Seat) {
        for count in 0.. {
            let seat = places.take(&format!("{channel}-{severity}-{count}"), channel, severity);
            if seat != Seat::Taken {
                return (count, seat);
            }
        }
        unreachable!("places are bounded")
    }

    #[test]
    fn a_channel_that_hangs_leaves_room_for_others_and_for_the_most_severe() {
        let mut places = Places::default();
        assert_eq!(fill(&mut places, "hangs", 3), (48, Seat::ChannelFull));
        assert_eq!(fill(&mut places, "hangs", 1), (16, Seat::ChannelFull));
        assert_eq!(fill(&mut places, "works", 2), (32, Seat::Full));
        assert_eq!(fill(&mut places, "works", 1), (32, Seat::Full));
        for count in 0..48 {
            places.leave(&format!("hangs-3-{count}"));
        }
        assert_eq!(fill(&mut places, "third", 3), (16, Seat::Full));
        places.leave("unknown");
        assert!(places.holds("hangs-1-0") && !places.is_empty());
    }

    #[test]
    fn an_ended_attempt_makes_room_and_is_not_made_again_until_it_is_written() {
        let mut places = Places::default();
        for count in 0..ENDED {
            let id = count.to_string();
            let wanted = if count < ENDED - ENDED_RESERVED { Seat::Taken } else { Seat::Full };
            assert_eq!(places.take(&id, "works", 2), wanted, "{id}");
            assert!(wanted == Seat::Taken || places.take(&id, "works", 1) == Seat::Taken, "{id}");
            places.end(&id);
            assert_eq!(places.take(&id, "works", 1), Seat::Known);
        }
        assert_eq!(places.take("another", "works", 1), Seat::Full);
        places.leave("0");
        assert_eq!(places.take("another", "works", 1), Seat::Taken);
        places.leave("another");
        (1..ENDED).for_each(|count| places.leave(&count.to_string()));
        assert!(places.is_empty());
    }
}
