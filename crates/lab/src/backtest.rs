//! What a policy would have done with the signals of the past.
//!
//! The core decides here as it does live: the same triggers, the same detectors, the same opening
//! and attaching, the same clocks, and people who act as they did. [`reproduce`] holds a replay of
//! the policy in force against what really happened, [`compare`] holds another policy against it.
//!
//! One policy and one roster are replayed over the whole past. Where the past saw others,
//! `reproduce` leaves the incidents that were opened under them out, and says how many.

mod compare;
mod past;
mod recorded;
mod replay;

use policy::model::{Policy, Roster};

pub use compare::{Change, Comparison, Difference, Sketch, compare};
pub use past::Past;
pub use replay::QUIET;

use replay::{Pace, Replay};

/// Most deviations that are told of one incident: the first explains the others.
const MAX_DEVIATIONS: usize = 3;

/// What is replayed.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// The promises and triggers.
    pub policy: &'a Policy,
    /// The people.
    pub roster: &'a Roster,
}

/// How a replay of the policy in force compares with what really happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fidelity {
    /// Incidents that were compared.
    pub incidents: usize,
    /// Events of theirs that were compared.
    pub events: usize,
    /// Incidents left out, because another policy or roster was in force when they opened.
    pub left_out: usize,
    /// Where the replay differs; empty: by zero events.
    pub deviations: Vec<Deviation>,
}

/// A place where the replay differs from what happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deviation {
    /// Number of the incident.
    pub incident: u64,
    /// What really happened there, and what the replay does.
    pub what: String,
}

/// Replays the policy in force at the journal's own pace, and compares every event of every
/// incident with the journal's.
pub fn reproduce(live: Rules<'_>, past: &Past) -> Fidelity {
    let replayed = Replay::run(live, past, Pace::Recorded);
    let same_rules =
        |no: &u64| past.opened(*no).is_some_and(|o| o.policy == live.policy.id && o.roster == live.roster.id);
    let (known, other): (Vec<u64>, Vec<u64>) = past.incidents().partition(same_rules);
    let mut fidelity = Fidelity { incidents: known.len(), events: 0, left_out: other.len(), deviations: Vec::new() };
    for no in known {
        let real = past.entries(no);
        let again = replayed.entries(no);
        fidelity.events += real.iter().map(|entry| entry.events.len()).sum::<usize>();
        let pairs = (0..real.len().max(again.len())).map(|i| (real.get(i), again.get(i)));
        let differing = pairs.filter(|(real, again)| real != again).take(MAX_DEVIATIONS);
        fidelity.deviations.extend(
            differing.map(|(real, again)| Deviation {
                incident: no,
                what: format!("recorded {real:?}, replayed {again:?}"),
            }),
        );
    }
    let invented = replayed.numbers().filter(|no| past.opened(*no).is_none());
    fidelity.deviations.extend(invented.map(|no| Deviation {
        incident: no,
        what: "the replay opens an incident that the journal does not have".to_owned(),
    }));
    fidelity
}
