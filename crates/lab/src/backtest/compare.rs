//! Two replays side by side: which incidents come earlier or later, are new, or are missing.

use calendar::{Duration, Instant};
use policy::model::Rank;
use wcore::event::{Event, PageReason};

use super::Rules;
use super::past::Past;
use super::replay::{Life, Pace, Replay};

/// How another policy would have done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Incidents under the policy in force.
    pub live: usize,
    /// Incidents under the other one.
    pub candidate: usize,
    /// Incidents that are the same under both.
    pub same: usize,
    /// Times that somebody is called under the policy in force: for an opening, a worse severity or
    /// a return. What repeats until somebody acknowledges counts once.
    pub live_pages: usize,
    /// The same under the other one.
    pub candidate_pages: usize,
    /// The others, in the order in which they open.
    pub differences: Vec<Difference>,
}

/// An incident that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Class.
    pub class: String,
    /// Service.
    pub service: String,
    /// Under the policy in force; `None`: there is none.
    pub live: Option<Sketch>,
    /// Under the other one; `None`: there is none.
    pub candidate: Option<Sketch>,
    /// In what it differs; never empty.
    pub changes: Vec<Change>,
}

/// An incident in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sketch {
    /// Its number, within its replay; that of reality where it is the same.
    pub no: u64,
    /// When it opens.
    pub opened_at: Instant,
    /// The most severe that it becomes.
    pub worst: Rank,
    /// When it first becomes so.
    pub worst_at: Instant,
    /// Triggers behind it.
    pub triggers: Vec<String>,
    /// Signals behind it.
    pub signals: u64,
    /// Deadlines that pass, with people acting when they did.
    pub misses: usize,
}

/// In what an incident differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Only the other policy opens it.
    New,
    /// Only the policy in force opens it.
    Missing,
    /// It opens so much earlier.
    Earlier(Duration),
    /// It opens so much later.
    Later(Duration),
    /// It becomes more or less severe.
    Worst {
        /// Under the policy in force.
        live: Rank,
        /// Under the other one.
        candidate: Rank,
    },
    /// It becomes as severe so much earlier; negative: later.
    WorstEarlier(Duration),
    /// It opens when it did, and other deadlines pass.
    Misses {
        /// Under the policy in force.
        live: usize,
        /// Under the other one.
        candidate: usize,
    },
}

/// The policy in force, replayed once to be compared with many others.
pub struct Baseline<'a> {
    live: Replay<'a>,
    past: &'a Past,
}

impl<'a> Baseline<'a> {
    /// Replays the policy in force, each clock at its own due instant.
    pub fn new(live: Rules<'a>, past: &'a Past) -> Baseline<'a> {
        Baseline { live: Replay::run(live, past, Pace::Due), past }
    }

    /// Replays another policy over the same past, and tells where they part.
    pub fn compare(&self, candidate: Rules<'_>) -> Comparison {
        side_by_side(&self.live, &Replay::run(candidate, self.past, Pace::Due))
    }
}

/// Replays both policies over the same past, and tells where they part.
pub fn compare(live: Rules<'_>, candidate: Rules<'_>, past: &Past) -> Comparison {
    Baseline::new(live, past).compare(candidate)
}

fn side_by_side(live: &Replay<'_>, candidate: &Replay<'_>) -> Comparison {
    let mut theirs: Vec<(&Life, bool)> = candidate.lives().map(|life| (life, false)).collect();
    let mut comparison = Comparison {
        live: live.numbers().count(),
        candidate: theirs.len(),
        same: 0,
        live_pages: pages(live),
        candidate_pages: pages(candidate),
        differences: Vec::new(),
    };
    for ours in live.lives() {
        let span = span(live, ours);
        let pair = theirs.iter_mut().find(|(life, taken)| {
            let other = self::span(candidate, life);
            !taken && life.state.key == ours.state.key && span.0 <= other.1 && other.0 <= span.1
        });
        let other = pair.map(|(life, taken)| {
            *taken = true;
            &**life
        });
        match difference(Some(ours), other) {
            Some(difference) => comparison.differences.push(difference),
            None => comparison.same += 1,
        }
    }
    let new = theirs.into_iter().filter(|(_, taken)| !taken);
    comparison.differences.extend(new.filter_map(|(life, _)| difference(None, Some(life))));
    let opens = |sketch: &Option<Sketch>| sketch.as_ref().map_or(Instant::MAX, |sketch| sketch.opened_at);
    comparison.differences.sort_by_key(|difference| opens(&difference.live).min(opens(&difference.candidate)));
    comparison
}

fn pages(replay: &Replay<'_>) -> usize {
    let calls = |event: &&Event| match event {
        Event::PageRequested(page) => match page.reason {
            PageReason::Escalation { step, round } => step == 0 && round == 0,
            PageReason::Raised { .. } | PageReason::Reopened { .. } => true,
            _ => false,
        },
        _ => false,
    };
    let told = replay.lives().flat_map(|life| &life.entries).filter(|entry| entry.at >= replay.from());
    told.flat_map(|entry| &entry.events).filter(calls).count()
}

/// From opening to resolution, or until it is taken to be over.
fn span(replay: &Replay<'_>, life: &Life) -> (Instant, Instant) {
    (life.state.opened_at, life.state.resolved_at.unwrap_or_else(|| replay.ends_at(life)))
}

fn difference(live: Option<&Life>, candidate: Option<&Life>) -> Option<Difference> {
    let state = &live.or(candidate)?.state;
    let (ours, theirs) = (live.map(sketch), candidate.map(sketch));
    let changes = match (&ours, &theirs) {
        (None, _) => vec![Change::New],
        (_, None) => vec![Change::Missing],
        (Some(ours), Some(theirs)) => changes(ours, theirs),
    };
    (!changes.is_empty()).then(|| Difference {
        class: state.class.clone(),
        service: state.service.clone(),
        live: ours,
        candidate: theirs,
        changes,
    })
}

fn changes(live: &Sketch, candidate: &Sketch) -> Vec<Change> {
    let mut changes = Vec::new();
    let earlier = live.opened_at.since(candidate.opened_at);
    if earlier.is_positive() {
        changes.push(Change::Earlier(earlier));
    } else if earlier.is_negative() {
        changes.push(Change::Later(-earlier));
    }
    let worst_earlier = live.worst_at.since(candidate.worst_at);
    if live.worst != candidate.worst {
        changes.push(Change::Worst { live: live.worst, candidate: candidate.worst });
    } else if !worst_earlier.is_zero() && worst_earlier != earlier {
        changes.push(Change::WorstEarlier(worst_earlier));
    }
    // People acted when they did: on an incident that opens at another time, too late or too early.
    if earlier.is_zero() && live.misses != candidate.misses {
        changes.push(Change::Misses { live: live.misses, candidate: candidate.misses });
    }
    changes
}

fn sketch(life: &Life) -> Sketch {
    let state = &life.state;
    let mut worst: Option<(Rank, Instant)> = None;
    let mut misses = 0;
    for entry in &life.entries {
        for event in &entry.events {
            let severity = match event {
                Event::Opened(opened) => opened.severity,
                Event::SeverityChanged { to, .. } => *to,
                Event::ClockBreached { .. } => {
                    misses += 1;
                    continue;
                }
                _ => continue,
            };
            if worst.is_none_or(|(worst, _)| severity < worst) {
                worst = Some((severity, entry.at));
            }
        }
    }
    let (worst, worst_at) = worst.unwrap_or((state.severity, state.opened_at));
    Sketch {
        no: state.no,
        opened_at: state.opened_at,
        worst,
        worst_at,
        triggers: state.sources.triggers.keys().cloned().collect(),
        signals: state.sources.signals,
        misses,
    }
}
