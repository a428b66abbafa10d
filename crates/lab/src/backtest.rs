//! What a policy would have done with the signals of the past.
//!
//! The core decides here as it does live: the same triggers, the same detectors, the same opening
//! and attaching, the same clocks, and people who act as they did. [`reproduce`] holds a replay of
//! the policy in force against what really happened, [`compare`] holds another policy against it.
//!
//! `reproduce` follows the policies and rosters that were in force one after the other, as far as
//! the past knows them. Incidents opened under others are left out, and counted. A past that begins
//! in the middle of things takes over the incidents that were open; rates it begins to learn anew.

mod compare;
mod past;
mod recorded;
mod replay;
mod unreadable;

use std::collections::BTreeSet;

use calendar::Instant;
use policy::model::{Policy, Roster};
use wcore::event::{Entry, Opened};

pub use compare::{Baseline, Change, Comparison, Difference, Sketch, compare};
pub use past::{Past, Reign};
pub use replay::QUIET;

use replay::{Pace, Replay};
use unreadable::Unreadable;

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
    /// What cannot be replayed, because words were erased; not among the deviations.
    pub not_replayable: NotReplayable,
}

/// What cannot be replayed, because conditions read words that were erased.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NotReplayable {
    /// Signals whose erased words decide whether a condition holds.
    pub signals: usize,
    /// Incidents that may rest on them, and differ.
    pub incidents: Vec<u64>,
}

/// A place where the replay differs from what happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deviation {
    /// Number of the incident.
    pub incident: u64,
    /// When.
    pub at: Instant,
    /// The first event there that differs, as the journal has it; `None`: the journal has no more.
    pub recorded: Option<String>,
    /// The same as the replay has it.
    pub replayed: Option<String>,
}

/// Replays the policy in force at the journal's own pace, and compares every event of every
/// incident with the journal's.
pub fn reproduce(live: Rules<'_>, past: &Past) -> Fidelity {
    let replayed = Replay::run(live, past, Pace::Recorded);
    let same_rules = |no: &u64| {
        let opened = past.opened(*no);
        opened.is_some_and(|o| {
            o.policy == live.policy.id && o.roster == live.roster.id || past.policy(&o.policy).is_some()
        })
    };
    let (known, other): (Vec<u64>, Vec<u64>) = past.incidents().partition(same_rules);
    let mut fidelity = Fidelity {
        incidents: known.len(),
        events: 0,
        left_out: other.len(),
        deviations: Vec::new(),
        not_replayable: NotReplayable::default(),
    };
    for no in known {
        let real = past.entries(no);
        let again = replayed.entries(no);
        fidelity.events += real.iter().map(|entry| entry.events.len()).sum::<usize>();
        let pairs = (0..real.len().max(again.len())).map(|i| (real.get(i), again.get(i)));
        let differing = pairs.filter(|(real, again)| real != again).take(MAX_DEVIATIONS);
        fidelity.deviations.extend(differing.filter_map(|(real, again)| deviation(no, real, again)));
    }
    let invented = replayed.numbers().filter(|no| past.opened(*no).is_none());
    fidelity.deviations.extend(invented.filter_map(|no| deviation(no, None, replayed.entries(no).first())));
    set_apart(&mut fidelity, &unreadable::find(live.policy, past), |no| {
        past.opened(no).or_else(|| past::opening(replayed.entries(no)).map(|(_, opened)| opened))
    });
    fidelity
}

/// Takes out of the deviations those that may rest on words that were erased.
fn set_apart<'a>(fidelity: &mut Fidelity, unreadable: &[Unreadable], opened: impl Fn(u64) -> Option<&'a Opened>) {
    let mut incidents = BTreeSet::new();
    fidelity.deviations.retain(|one| {
        let rests = opened(one.incident).is_some_and(|opened| unreadable.iter().any(|u| u.concerns(opened, one.at)));
        if rests {
            incidents.insert(one.incident);
        }
        !rests
    });
    fidelity.not_replayable = NotReplayable { signals: unreadable.len(), incidents: incidents.into_iter().collect() };
}

/// The first event in which two entries differ; where all are the same, who acted or when does.
fn deviation(incident: u64, real: Option<&Entry>, again: Option<&Entry>) -> Option<Deviation> {
    let at = real.or(again)?.at;
    let event = |entry: Option<&Entry>, i: usize| entry.and_then(|entry| entry.events.get(i)).cloned();
    let most = [real, again].into_iter().flatten().map(|entry| entry.events.len()).max()?;
    let pairs = (0..most).map(|i| (event(real, i), event(again, i)));
    let shown = |entry: Option<&Entry>| entry.map(|entry| format!("by {:?} at {}", entry.by, entry.at));
    let (recorded, replayed) = match pairs.into_iter().find(|(real, again)| real != again) {
        Some((real, again)) => (real.map(|event| format!("{event:?}")), again.map(|event| format!("{event:?}"))),
        None => (shown(real), shown(again)),
    };
    Some(Deviation { incident, at, recorded, replayed })
}
