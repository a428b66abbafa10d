//! The past of a store, replayed: what tighter numbers, or another policy, would have caught.
//!
//! Work is bounded: a review replays the most recent signals that fit, and says what was cut. It
//! reads the journal and decides nothing; how a replay goes is the lab's business.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use calendar::{Duration, Instant};
use engine::{Documents, StoredSignal, View};
use journal::{EventPlace, IncidentNo, Living, Position};
use lab::Thresholds;
use lab::backtest::{Past, Reign, Rules};
use policy::model::{Policy, Roster, TriggerKind};
use problem::Problem;
use report::backtest::Backtest;
use wcore::Signal;
use wcore::decision::SignalRef;

use crate::sight::{stored, unreadable};

/// How far a review looks back: a month shows what happens weekly.
const PERIOD: Duration = Duration::from_hours(4 * 7 * 24);
/// Signals looked at in all replays of a review together: a few seconds of one core.
const OBSERVED_MAX: usize = 1_000_000;
/// Signals of a past, however few replays there are: some hundred megabytes.
const SIGNALS_MAX: usize = 100_000;
/// Signals from before that only fill detectors.
const WARMING_MAX: usize = 20_000;
/// Incidents of a past.
const INCIDENTS_MAX: usize = 2_000;
/// The past is read in slices of this length, the latest first.
const SLICE: Duration = Duration::from_hours(1);
/// Policies and rosters in force one after the other.
const REIGNS_MAX: u32 = 200;
/// Incidents read at once.
const CHUNK: u32 = 200;
/// Reviews whose thresholds are remembered.
const REMEMBERED_MAX: usize = 20;
/// A replay of a week that still goes on is done again after so long: signals come every second, and what
/// a month shows changes little in a quarter of an hour.
const FRESH: Duration = Duration::from_mins(15);

/// How conditions write the id of a unit.
const UNIT_ID: &str = "signal.unit.id";

/// A stretch of time.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// Its first instant; as far as the journal and the limits reach where there is none.
    pub from: Option<Instant>,
    /// Its last instant.
    pub until: Instant,
}

/// Signals as they are stored, oldest first.
type Signals = Vec<StoredSignal>;

/// The instant up to which a week can be replayed: its end, or what was recorded last.
pub fn known_until(view: &View, week_ends_at: Instant) -> Result<Instant, Problem> {
    let head = view.reader().head().map_err(|error| stored(&error))?;
    Ok(head.recorded_at.min(week_ends_at))
}

/// What tighter numbers would have caught in the month until an instant.
pub fn thresholds(view: &View, (policy, roster): (&Policy, &Roster), until: Instant) -> Result<Thresholds, Problem> {
    let live = Rules { policy, roster };
    let asked_from = until - PERIOD;
    let most = (OBSERVED_MAX / lab::replays(policy)).min(SIGNALS_MAX);
    let past = past(view, [policy; 2], (Span { from: Some(asked_from), until }, most))?;
    let began = first_recorded(view)?.map_or(asked_from, |first| first.max(asked_from));
    Ok(lab::thresholds(live, &past, began))
}

/// Another policy beside the one in force.
pub fn backtest(view: &View, live: Rules<'_>, candidate: Rules<'_>, span: Span) -> Result<Backtest, Problem> {
    let past = past(view, [live.policy, candidate.policy], (span, SIGNALS_MAX))?;
    let comparison = lab::backtest::compare(live, candidate, &past);
    let first = first_recorded(view)?.unwrap_or(span.until);
    let asked = span.from.unwrap_or(first).max(first);
    Ok(Backtest { from: past.from().max(asked), until: span.until, signals: past.signals(), comparison })
}

/// The same over signals that a file holds, each at its own time.
pub fn backtest_of(signals: Vec<Signal>, live: Rules<'_>, candidate: Rules<'_>) -> Backtest {
    let mut timed: Vec<(Instant, Signal)> =
        signals.into_iter().filter_map(|signal| signal.at.map(|at| (at, signal))).collect();
    timed.sort_by_key(|(at, _)| *at);
    let ends = timed.first().map(|(at, _)| *at).zip(timed.last().map(|(at, _)| *at));
    let (from, until) = ends.unwrap_or_default();
    // Incidents run on until they fall silent.
    let quiet = until + lab::backtest::QUIET;
    let placed = (1..).zip(timed).map(|(position, (at, signal))| (position, at, signal));
    let past = Past::new(placed, [], quiet);
    let comparison = lab::backtest::compare(live, candidate, &past);
    Backtest { from, until, signals: past.signals(), comparison }
}

/// The past of a span, with at most so many signals: the latest that fit.
fn past(view: &View, rules: [&Policy; 2], (span, most): (Span, usize)) -> Result<Past, Problem> {
    let reigns = reigns(view, span.until)?;
    let ruled = || rules.into_iter().chain(reigns.iter().map(|reign| &*reign.policy));
    let clear_units = ruled().any(reads_units);
    // What was resolved longer ago takes part no more.
    let comes_back = ruled().map(|policy| policy.reopen_within).max().unwrap_or(Duration::ZERO);
    let (from, mut signals) = latest_signals(view, clear_units, (span, most))?;
    let mut incidents = Vec::new();
    let until = span.until + Duration::from_micros(1);
    let mut living = Living { from: from - comes_back, until, before: None };
    'all: loop {
        let page = view.living(&living, CHUNK)?;
        for incident in &page {
            if incidents.len() == INCIDENTS_MAX {
                break 'all;
            }
            let entries = view.timeline(incident.no)?.into_iter().map(|stored| stored.entry).collect();
            incidents.push((incident.no, entries));
        }
        match page.last() {
            Some(last) if page.len() == CHUNK as usize => {
                living.before = Some((last.opened_at, IncidentNo(last.no)));
            }
            _ => break,
        }
    }
    incidents.reverse();
    let mut warming = warming(view, rules[0], clear_units, from)?;
    warming.append(&mut signals);
    let erased: Vec<SignalRef> = warming.iter().filter(|s| s.erased).map(StoredSignal::place).collect();
    let signals = warming.into_iter().map(|s| (s.position, s.recorded_at, s.signal));
    Ok(Past::new(signals, incidents, span.until).beginning(from).ruled(reigns).erased(erased))
}

/// The latest signals of a span that fit, oldest first, and since when they are complete.
fn latest_signals(view: &View, clear_units: bool, (span, most): (Span, usize)) -> Result<(Instant, Signals), Problem> {
    let first = first_recorded(view)?.unwrap_or(span.until);
    let floor = span.from.unwrap_or(first).max(first);
    // Slices end before their last instant, and this one belongs to the span.
    let (mut from, mut slices, mut count) = (span.until + Duration::from_micros(1), Vec::new(), 0);
    while from > floor {
        let start = (from - SLICE).max(floor);
        let Some(slice) = slice(view, clear_units, (start, from), most - count)? else { break };
        count += slice.len();
        slices.push(slice);
        from = start;
    }
    Ok((from, slices.into_iter().rev().flatten().collect()))
}

/// Signals recorded from one instant until before another; `None` where there are too many.
fn slice(
    view: &View,
    clear_units: bool,
    (start, end): (Instant, Instant),
    most: usize,
) -> Result<Option<Signals>, Problem> {
    let after = view.reader().position_before(start).map_err(|error| stored(&error))?;
    let last = view.reader().position_before(end + Duration::from_micros(1)).map_err(|error| stored(&error))?;
    let (mut after, mut found) = (after.0, Vec::new());
    while after < last.0 {
        // One block at a time, so that no more is read than fits.
        // Clear units beside pseudonyms of erased ones would count one unit as two.
        let block = if clear_units { view.signals(after, 1)? } else { view.pseudonymous(after)? };
        let Some(position) = block.last().map(|signal| signal.position).filter(|at| *at <= last.0) else { break };
        after = position;
        found.extend(block);
        if found.len() > most {
            return Ok(None);
        }
    }
    // The end of a slice is the beginning of the next one.
    found.retain(|signal| start <= signal.recorded_at && signal.recorded_at < end);
    Ok(Some(found))
}

/// Whether a condition of a policy asks what the id of a unit is, and not only which ones are the same.
fn reads_units(policy: &Policy) -> bool {
    policy.triggers.iter().any(|trigger| match &trigger.kind {
        TriggerKind::When(when) | TriggerKind::Count { when, .. } => when.to_string().contains(UNIT_ID),
        _ => false,
    })
}

/// Signals from before that counts still remember at the beginning.
fn warming(view: &View, live: &Policy, clear_units: bool, from: Instant) -> Result<Signals, Problem> {
    let windows = live.triggers.iter().filter_map(|trigger| match &trigger.kind {
        TriggerKind::Count { within, .. } => Some(*within),
        _ => None,
    });
    let Some(longest) = windows.max() else { return Ok(Vec::new()) };
    let span = Span { from: Some(from - longest), until: from };
    Ok(latest_signals(view, clear_units, (span, WARMING_MAX))?.1)
}

/// When the journal begins.
fn first_recorded(view: &View) -> Result<Option<Instant>, Problem> {
    let first = view.reader().entry(Position(1)).map_err(|error| stored(&error))?;
    // What retention left of the time before is evidence only, and would make counts look small.
    let complete = engine::retention::reach(view)?.complete_from;
    Ok(first.map(|entry| complete.map_or(entry.recorded_at, |from| from.max(entry.recorded_at))))
}

/// What was in force, one after the other, up to an instant.
fn reigns(view: &View, until: Instant) -> Result<Vec<Reign>, Problem> {
    let rows =
        view.reader().events_of_kind(engine::codec::ACTIVATED, None, REIGNS_MAX).map_err(|error| stored(&error))?;
    let mut reigns = Vec::new();
    for row in rows.into_iter().rev().filter(|row| row.recorded_at <= until) {
        let documents: Documents = serde_json::from_slice(&row.event.body).map_err(|error| unreadable(&error))?;
        let loaded = documents.load();
        // A version that this program takes no more: its incidents are left out, and counted.
        if let Some((policy, roster)) = loaded.policy.zip(loaded.roster) {
            reigns.push(Reign { at: row.recorded_at, policy: Arc::new(policy), roster: Arc::new(roster) });
        }
    }
    Ok(reigns)
}

/// Thresholds that were found, by what they depend on.
#[derive(Default)]
pub(crate) struct Remembered {
    found: RwLock<BTreeMap<Key, Arc<Thresholds>>>,
    /// One replay at a time: the next one waits, and then finds what the first one found.
    at_work: Arc<tokio::sync::Mutex<()>>,
}

/// What thresholds depend on besides the signals of their month.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    week_ends_at: Instant,
    policy: String,
    roster: String,
    /// The latest record of words or signals that were taken away.
    taken_away: [Option<EventPlace>; 2],
}

impl Remembered {
    /// Waits until nobody else replays.
    pub(crate) async fn alone(&self) -> tokio::sync::OwnedMutexGuard<()> {
        Arc::clone(&self.at_work).lock_owned().await
    }

    /// What tighter numbers would have caught in the month until a week's end; replayed off the
    /// asynchronous threads, and once for all who ask. Of a week that still goes on the answer may be
    /// [`FRESH`] old; it says until when.
    pub(crate) async fn thresholds(
        &self,
        engine: &engine::Engine,
        week_ends_at: Instant,
    ) -> Result<Arc<Thresholds>, Problem> {
        let rules = engine.rules();
        let (policy, roster) = (rules.policy.id.clone(), rules.roster.id.clone());
        let ask = move |view: &View| {
            let taken_away = [taken_away(view, engine::codec::ERASED)?, taken_away(view, engine::codec::PRUNED)?];
            Ok((known_until(view, week_ends_at)?, Key { week_ends_at, policy, roster, taken_away }))
        };
        let (until, key) = engine.read(ask).await?;
        if let Some(known) = self.fresh(&key, until) {
            return Ok(known);
        }
        let _alone = self.alone().await;
        if let Some(known) = self.fresh(&key, until) {
            return Ok(known);
        }
        let replay = move |view: &View| thresholds(view, (&rules.policy, &rules.roster), until);
        let fresh = Arc::new(engine.read(replay).await?);
        let mut found = self.found.write().unwrap_or_else(PoisonError::into_inner);
        if found.len() >= REMEMBERED_MAX {
            found.pop_first();
        }
        found.insert(key, Arc::clone(&fresh));
        Ok(fresh)
    }

    fn fresh(&self, key: &Key, until: Instant) -> Option<Arc<Thresholds>> {
        let found = self.found.read().unwrap_or_else(PoisonError::into_inner);
        found.get(key).filter(|known| until.since(known.until) < FRESH).cloned()
    }
}

/// Where the latest event of a kind stands.
fn taken_away(view: &View, kind: &str) -> Result<Option<EventPlace>, Problem> {
    let events = view.reader().events_of_kind(kind, None, 1).map_err(|error| stored(&error))?;
    Ok(events.first().map(|event| event.place))
}
