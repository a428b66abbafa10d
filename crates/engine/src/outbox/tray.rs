//! The tray: deliveries that are due, on their way to the dispatcher without being read back.
//!
//! The engine's thread puts in what it has just committed, the dispatcher what it finds in the
//! journal. Nothing lies here only: the journal holds the same rows, so that all of it may be
//! forgotten at any moment, and is when the process ends. It sends nothing and reads nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use calendar::Instant;
use journal::{Batch, DeliveryRow, DeliveryState, DeliveryUpdate};

use super::places::Seat;

/// Deliveries that wait here, each of one or two kilobytes; further ones wait in the journal only.
const ROOM: usize = 16_384;

/// How much is known of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing has happened since that could make it needless.
    Needed,
    /// Its incident is to be looked at before it is sent.
    Doubtful,
}

/// A delivery on its way.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) row: DeliveryRow,
    pub(crate) standing: Standing,
}

/// What a committed batch leaves to be sent.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Handout {
    /// Due at once.
    pub(crate) rows: Vec<DeliveryRow>,
    /// There is more, which is to be found in the journal.
    pub(crate) more: bool,
}

impl Handout {
    /// Of a batch that was committed. Only what was claimed together with its request is certain
    /// to have been written by this very batch.
    pub(crate) fn of(batch: Batch, now: Instant) -> Handout {
        let mut unclaimed: HashSet<String> = batch.requests.into_iter().map(|request| request.id).collect();
        let mut handout = Handout::default();
        for update in batch.deliveries {
            match update {
                DeliveryUpdate::Claim(claim) if unclaimed.remove(&claim.request) => {
                    for row in claim.deliveries.into_iter().filter(|row| row.state == DeliveryState::Pending) {
                        if row.next_attempt_at.is_some_and(|at| at <= now) {
                            handout.rows.push(row);
                        } else {
                            handout.more = true;
                        }
                    }
                }
                DeliveryUpdate::Claim(_) => handout.more = true,
                DeliveryUpdate::Attempt(attempt) => handout.more |= attempt.state == DeliveryState::Pending,
            }
        }
        handout.more |= !unclaimed.is_empty();
        handout
    }
}

/// By severity, then by arrival.
type Rank = (u8, u64);

/// See the module.
#[derive(Default)]
pub(crate) struct Tray(Mutex<Rows>);

#[derive(Default)]
struct Rows {
    by_channel: BTreeMap<String, BTreeMap<Rank, Waiting>>,
    /// Channel and rank by delivery.
    places: HashMap<String, (String, Rank)>,
    arrivals: u64,
}

impl Tray {
    /// Puts deliveries in that are not there yet; whether there is room for all. Where there is
    /// none, the least severe make way.
    pub(crate) fn put(&self, rows: impl IntoIterator<Item = DeliveryRow>, standing: Standing) -> bool {
        let mut inner = self.lock();
        let mut fits = true;
        for row in rows {
            inner.insert(Waiting { row, standing });
            if inner.places.len() > ROOM {
                inner.remove_last();
                fits = false;
            }
        }
        fits
    }

    /// Something has happened to these incidents.
    pub(crate) fn doubt(&self, incidents: &BTreeSet<u64>) {
        let mut inner = self.lock();
        let concerned = |waiting: &&mut Waiting| waiting.row.incident.is_some_and(|no| incidents.contains(&no.0));
        for waiting in inner.by_channel.values_mut().flat_map(BTreeMap::values_mut).filter(concerned) {
            waiting.standing = Standing::Doubtful;
        }
    }

    /// Takes out what gets a seat, the most severe first.
    pub(crate) fn take(&self, mut seat: impl FnMut(&DeliveryRow) -> Seat) -> Vec<Waiting> {
        let mut inner = self.lock();
        let mut taken = Vec::new();
        let mut full: BTreeSet<String> = BTreeSet::new();
        loop {
            let open = inner.by_channel.iter().filter(|(channel, _)| !full.contains(*channel));
            let fronts = open.filter_map(|(channel, rows)| Some((rows.first_key_value()?, channel)));
            let Some(((_, front), channel)) = fronts.min_by_key(|((rank, _), _)| **rank) else { return taken };
            match seat(&front.row) {
                Seat::Full => return taken,
                Seat::ChannelFull => {
                    full.insert(channel.clone());
                }
                seat => {
                    let id = front.row.id.clone();
                    let waiting = inner.remove(&id);
                    taken.extend(waiting.filter(|_| seat == Seat::Taken));
                }
            }
        }
    }

    /// A delivery that is not to be sent from here any more.
    pub(crate) fn forget(&self, delivery: &str) {
        self.lock().remove(delivery);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().places.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Rows> {
        // Should a panic ever leave it odd: what is missing here is found in the journal.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rows {
    fn insert(&mut self, waiting: Waiting) {
        let (id, channel) = (waiting.row.id.clone(), waiting.row.channel.clone());
        if self.places.contains_key(&id) {
            return;
        }
        let rank = (waiting.row.severity, self.arrivals);
        self.arrivals += 1;
        self.by_channel.entry(channel.clone()).or_default().insert(rank, waiting);
        self.places.insert(id, (channel, rank));
    }

    fn remove(&mut self, delivery: &str) -> Option<Waiting> {
        let (channel, rank) = self.places.remove(delivery)?;
        let rows = self.by_channel.get_mut(&channel)?;
        let waiting = rows.remove(&rank);
        if rows.is_empty() {
            self.by_channel.remove(&channel);
        }
        waiting
    }

    fn remove_last(&mut self) {
        let lasts = self.by_channel.values().filter_map(BTreeMap::last_key_value);
        if let Some(last) = lasts.max_by_key(|(rank, _)| **rank).map(|(_, waiting)| waiting.row.id.clone()) {
            self.remove(&last);
        }
    }
}
