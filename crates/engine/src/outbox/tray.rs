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

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use journal::{Attempt, Claim, IncidentNo, RequestRow};

    use super::*;

    const NOW: Instant = Instant::from_micros(1_000_000);

    /// A delivery that is named by its incident, channel and severity: `7-pager-2`.
    fn row(name: &str) -> DeliveryRow {
        let mut parts = name.split('-');
        let mut part = || parts.next().unwrap();
        DeliveryRow {
            id: name.to_owned(),
            request: "r".to_owned(),
            incident: Some(IncidentNo(part().parse().unwrap())),
            channel: part().to_owned(),
            severity: part().parse().unwrap(),
            person: "ana".to_owned(),
            address: "ana".to_owned(),
            idempotency_key: name.to_owned(),
            roster_version: String::new(),
            body: Vec::new(),
            created_at: NOW,
            state: DeliveryState::Pending,
            attempts: 0,
            next_attempt_at: Some(NOW),
            attempted_at: None,
            outcome: String::new(),
        }
    }

    fn put(tray: &Tray, names: &[&str]) {
        assert!(tray.put(names.iter().map(|name| row(name)), Standing::Needed));
    }

    /// What gets a seat, with a mark where it is doubtful.
    fn take(tray: &Tray, seat: impl FnMut(&DeliveryRow) -> Seat) -> String {
        let mark = |waiting: Waiting| {
            let doubt = if waiting.standing == Standing::Doubtful { "?" } else { "" };
            format!("{}{doubt}", waiting.row.id)
        };
        tray.take(seat).into_iter().map(mark).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_most_severe_go_first_and_a_full_channel_keeps_no_other_waiting() {
        let tray = Tray::default();
        put(&tray, &["1-pager-2", "2-chat-3", "3-pager-1", "4-chat-2", "5-pager-2"]);
        let seat = |row: &DeliveryRow| match (row.channel.as_str(), row.severity) {
            ("pager", 2..) => Seat::ChannelFull,
            _ => Seat::Taken,
        };
        assert_eq!(take(&tray, seat), "3-pager-1 4-chat-2 2-chat-3");
        assert_eq!(take(&tray, |_| Seat::Full), "");
        let known = |row: &DeliveryRow| if row.id == "1-pager-2" { Seat::Known } else { Seat::Taken };
        assert_eq!(take(&tray, known), "5-pager-2", "what is under way is not sent again");
        assert!(tray.is_empty());
    }

    #[test]
    fn the_same_delivery_lies_there_once_and_is_forgotten_or_doubted_by_name() {
        let tray = Tray::default();
        put(&tray, &["1-pager-2", "2-pager-2", "3-pager-2"]);
        tray.put([row("1-pager-2")], Standing::Doubtful);
        tray.forget("2-pager-2");
        tray.doubt(&BTreeSet::from([3, 4]));
        assert_eq!(take(&tray, |_| Seat::Taken), "1-pager-2 3-pager-2?");
        assert!(tray.is_empty());
    }

    #[test]
    fn where_there_is_no_room_the_least_severe_make_way() {
        let tray = Tray::default();
        for no in 0..ROOM {
            put(&tray, &[&format!("{no}-pager-2")]);
        }
        assert!(!tray.put([row("99999-chat-1")], Standing::Needed), "the journal is to be looked into");
        let mut taken = tray.take(|_| Seat::Taken);
        assert_eq!(taken.len(), ROOM);
        assert_eq!(taken.pop().unwrap().row.id, format!("{}-pager-2", ROOM - 2));
        assert_eq!(taken[0].row.id, "99999-chat-1");
    }

    #[test]
    fn only_what_was_claimed_with_its_request_is_handed_over() {
        let request = |id: &str| RequestRow {
            id: id.to_owned(),
            incident: None,
            severity: 2,
            kind: Cow::Borrowed("page"),
            body: Vec::new(),
            created_at: NOW,
        };
        let claim = |id: &str, deliveries| DeliveryUpdate::Claim(Claim { request: id.to_owned(), at: NOW, deliveries });
        let later = DeliveryRow { next_attempt_at: Some(Instant::from_micros(1_000_001)), ..row("2-pager-2") };
        let inbox = DeliveryRow { state: DeliveryState::Delivered, next_attempt_at: None, ..row("3-inbox-2") };
        let attempt = |state| {
            let (delivery, outcome) = ("4-pager-2".to_owned(), String::new());
            DeliveryUpdate::Attempt(Attempt { delivery, at: NOW, state, attempts: 1, next_attempt_at: None, outcome })
        };
        for (name, requests, deliveries, rows, more) in [
            ("claimed", vec![request("r")], vec![claim("r", vec![row("1-pager-2"), inbox])], "1-pager-2", false),
            ("one waits", vec![request("r")], vec![claim("r", vec![row("1-pager-2"), later])], "1-pager-2", true),
            ("unclaimed", vec![request("r"), request("s")], vec![claim("r", vec![])], "", true),
            ("claimed later", vec![], vec![claim("r", vec![row("1-pager-2")])], "", true),
            ("delivered", vec![], vec![attempt(DeliveryState::Delivered)], "", false),
            ("to be tried again", vec![], vec![attempt(DeliveryState::Pending)], "", true),
        ] {
            let batch = Batch { requests, deliveries, ..Batch::default() };
            let handout = Handout::of(batch, NOW);
            let handed: Vec<&str> = handout.rows.iter().map(|row| row.id.as_str()).collect();
            assert_eq!((handed.join(" ").as_str(), handout.more), (rows, more), "{name}");
        }
    }
}
