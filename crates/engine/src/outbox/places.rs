//! Places for attempts under way: bounded, with some kept for the most severe, so that neither a
//! flood of warnings nor one receiver that hangs delays a SEV-1. It sends nothing.

use std::collections::BTreeMap;

/// Attempts under way at once; further ones wait for a place.
const ALL: usize = 128;
/// Of them, those that only severity 1 may take.
const ALL_RESERVED: usize = 32;
/// Attempts under way on one channel: one that hangs leaves room for the others.
const CHANNEL: usize = 64;
/// Of them, those that only severity 1 may take.
const CHANNEL_RESERVED: usize = 16;

/// Whether an attempt may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seat {
    /// It has its place.
    Taken,
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
}

impl Places {
    pub(crate) fn is_empty(&self) -> bool {
        self.taken.is_empty()
    }

    pub(crate) fn holds(&self, delivery: &str) -> bool {
        self.taken.contains_key(delivery)
    }

    pub(crate) fn take(&mut self, delivery: &str, channel: &str, severity: u8) -> Seat {
        let limit = |all: usize, reserved: usize| if severity <= 1 { all } else { all - reserved };
        if self.taken.len() >= limit(ALL, ALL_RESERVED) {
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

    pub(crate) fn leave(&mut self, delivery: &str) {
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
}
