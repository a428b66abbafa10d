//! A workspace in memory: what the engine does with the core, over the past and without its store.
//!
//! Like the engine it holds no semantics. Two assumptions are its own, and both concern only
//! incidents that the past did not have: see [`Replay::over`] and [`Replay::counterpart`].

use std::collections::{BTreeMap, BTreeSet};

use calendar::{Duration, Instant};
use policy::model::Mode;
use wcore::event::{Actor, Entry, Event};
use wcore::raise::{self, Declaration, Raised};
use wcore::signal::AlertState;
use wcore::trigger::{Detectors, Firing, Observed, Triggers};
use wcore::{Command, Context, Decided, Incident, Signal, decide, tick};

use super::Rules;
use super::past::{Batch, Past};
use super::recorded::{Input, Situation, input};

/// An incident that nobody had in reality is taken to be over when nothing has fired for so long:
/// nobody can be asked when they would have resolved it.
pub const QUIET: Duration = Duration::from_hours(24);

/// When clocks and detectors are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// When the journal says that they were: late by what the machine took.
    Recorded,
    /// When they fall due.
    Due,
}

/// What a replay holds.
pub(super) struct Replay<'a> {
    rules: Rules<'a>,
    past: &'a Past,
    pace: Pace,
    triggers: Triggers,
    detectors: Detectors,
    incidents: BTreeMap<u64, Life>,
    by_key: BTreeMap<String, Vec<u64>>,
    due: BTreeSet<(Instant, u64)>,
    /// Replayed incidents that stand for real ones of another number.
    counterparts: BTreeMap<u64, u64>,
    next_no: u64,
}

/// One replayed incident.
pub(super) struct Life {
    pub(super) state: Incident,
    pub(super) entries: Vec<Entry>,
    last_fired_at: Instant,
    changed_at: Instant,
}

/// What the signals of one batch mean, by key, in the order in which keys appear.
#[derive(Default)]
struct Groups(Vec<(String, Raised, Vec<String>)>);

impl Groups {
    fn of(&mut self, key: &str) -> &mut (String, Raised, Vec<String>) {
        let known = self.0.iter().position(|(known, ..)| known == key);
        let at = known.unwrap_or_else(|| {
            self.0.push((key.to_owned(), Raised { firings: Vec::new(), alerts: Vec::new() }, Vec::new()));
            self.0.len() - 1
        });
        &mut self.0[at]
    }

    fn fire(&mut self, firing: Firing, alert: Option<&str>) {
        if firing.mode == Mode::Observe {
            return;
        }
        let (_, raised, cleared) = self.of(&firing.key.clone());
        // It fires again: an earlier all-clear of this batch no longer holds.
        cleared.retain(|key| Some(key.as_str()) != alert);
        raised.absorb(firing, alert);
    }
}

impl<'a> Replay<'a> {
    /// Replays all of the past.
    pub(super) fn run(rules: Rules<'a>, past: &'a Past, pace: Pace) -> Replay<'a> {
        let mut replay = Replay {
            rules,
            past,
            pace,
            triggers: Triggers::new(rules.policy),
            detectors: Detectors::default(),
            incidents: BTreeMap::new(),
            by_key: BTreeMap::new(),
            due: BTreeSet::new(),
            counterparts: BTreeMap::new(),
            next_no: past.first_free_number(),
        };
        replay.carry();
        if let Some(at) = past.begins() {
            replay.watch(at);
        }
        for (at, batch) in past.batches() {
            if at < past.from() {
                replay.warm(at, batch);
            } else {
                replay.wake_until(at);
                replay.batch(at, batch);
            }
        }
        replay.wake_until(past.until());
        replay
    }

    pub(super) fn entries(&self, no: u64) -> &[Entry] {
        self.incidents.get(&no).map(|life| life.entries.as_slice()).unwrap_or_default()
    }

    pub(super) fn numbers(&self) -> impl Iterator<Item = u64> + '_ {
        self.incidents.keys().copied()
    }

    pub(super) fn from(&self) -> Instant {
        self.past.from()
    }

    pub(super) fn lives(&self) -> impl Iterator<Item = &Life> {
        self.incidents.values()
    }

    // Before -------------------------------------------------------------------------------

    /// What was going on when the past begins.
    fn carry(&mut self) {
        let past = self.past;
        if self.pace == Pace::Recorded {
            self.rule(past.from());
        }
        for (no, entries) in past.carried() {
            let Some(state) = Incident::fold(entries) else { continue };
            let fires = |event: &Event| matches!(event, Event::Opened(_) | Event::Attached(_));
            let fired = entries.iter().rfind(|entry| entry.events.iter().any(fires));
            let last = entries.last().map_or(state.opened_at, |entry| entry.at);
            self.by_key.entry(state.key.clone()).or_default().push(no);
            self.due.extend(state.next_due().map(|at| (at, no)));
            self.triggers.heed(self.rules.policy, &mut self.detectors, &state, last);
            let last_fired_at = fired.map_or(last, |entry| entry.at);
            self.incidents.insert(no, Life { state, entries: entries.to_vec(), last_fired_at, changed_at: last });
        }
    }

    /// Signals from before: detectors count them, and what they fire has happened already.
    fn warm(&mut self, now: Instant, batch: &Batch) {
        let mut ignored = Groups::default();
        self.settle_detectors(now, &mut ignored);
        if self.pace == Pace::Recorded {
            self.rule(now);
        }
        for (place, signal) in &batch.signals {
            self.observe(Observed { signal, place: *place, now }, &mut ignored);
        }
        self.detectors.settle();
    }

    /// What was in force at an instant rules from then on.
    fn rule(&mut self, at: Instant) {
        let Some(reign) = self.past.reign(at) else { return };
        let changes = reign.policy.id != self.rules.policy.id;
        self.rules = Rules { policy: &reign.policy, roster: &reign.roster };
        if changes {
            self.triggers = Triggers::new(&reign.policy);
            self.watch(at);
        }
    }

    /// What should come is waited for from then on.
    fn watch(&mut self, at: Instant) {
        self.triggers.watch(self.rules.policy, &mut self.detectors, at);
        self.detectors.settle();
    }

    // Time ---------------------------------------------------------------------------------

    /// What falls due up to an instant happens at its own.
    fn wake_until(&mut self, until: Instant) {
        if self.pace == Pace::Recorded {
            return;
        }
        loop {
            let clock = self.due.first().map(|(at, _)| *at);
            let Some(now) = [clock, self.detectors.next_due()].into_iter().flatten().min() else { return };
            if now > until {
                return;
            }
            while let Some((_, no)) = self.due.first().copied().filter(|(at, _)| *at <= now) {
                self.tick(no, now);
            }
            let mut groups = Groups::default();
            self.settle_detectors(now, &mut groups);
            self.settle(now, groups);
        }
    }

    fn tick(&mut self, no: u64, now: Instant) {
        let Some(life) = self.incidents.get(&no) else { return };
        if self.over(life, now) {
            self.due.retain(|(_, waiting)| *waiting != no);
            return;
        }
        let decided = tick(&life.state, &self.pinned(&life.state, now));
        self.record(&Actor::Watchbell, now, decided);
    }

    fn settle_detectors(&mut self, now: Instant, groups: &mut Groups) {
        for firing in self.triggers.settle_due(self.rules.policy, &mut self.detectors, now) {
            groups.fire(firing, None);
        }
        self.detectors.settle();
    }

    // Batches ------------------------------------------------------------------------------

    fn batch(&mut self, now: Instant, batch: &Batch) {
        let mut groups = Groups::default();
        self.settle_detectors(now, &mut groups);
        if self.pace == Pace::Recorded {
            self.rule(now);
        }
        for (no, entry) in &batch.entries {
            self.input(*no, entry);
        }
        for (place, signal) in &batch.signals {
            self.observe(Observed { signal, place: *place, now }, &mut groups);
        }
        self.detectors.settle();
        self.settle(now, groups);
        for (no, entry) in &batch.entries {
            self.meet_counterpart(*no, entry);
        }
    }

    fn input(&mut self, no: u64, entry: &Entry) {
        let acted_on = self.counterpart(no, entry.at);
        let state = acted_on.and_then(|no| self.incidents.get(&no)).map(|life| &life.state);
        let policy = state.map_or(self.rules.policy, |state| self.pinned(state, entry.at).policy);
        match input(entry, Situation { policy, state }) {
            Input::Declared(declaration) => self.declare(&declaration, entry),
            Input::Acts(commands) => {
                if let Some(no) = acted_on {
                    self.act(no, &commands, entry);
                }
            }
            Input::Due if self.pace == Pace::Recorded => self.tick(no, entry.at),
            Input::Due | Input::Signals => {}
        }
    }

    fn observe(&mut self, observed: Observed<'_>, groups: &mut Groups) {
        let signal: &Signal = observed.signal;
        if let Some(alert) = signal.alert.as_ref().filter(|alert| alert.state == AlertState::Resolved) {
            for key in self.triggers.keys(self.rules.policy, signal) {
                groups.of(&key).2.push(alert.key.clone());
            }
            return;
        }
        for (key, alert) in self.triggers.returned(self.rules.policy, &mut self.detectors, observed) {
            groups.of(&key).2.push(alert);
        }
        let alert = signal.alert.as_ref().map(|alert| alert.key.as_str());
        for firing in self.triggers.observe(self.rules.policy, &mut self.detectors, observed) {
            groups.fire(firing, alert);
        }
    }

    /// One decision per incident, however many signals spoke about it.
    fn settle(&mut self, now: Instant, groups: Groups) {
        for (key, raised, cleared) in groups.0 {
            let current = self.current(&key, now);
            let known = current.filter(|life| raise::takes_in(&life.state, &self.pinned(&life.state, now)));
            let mut no = known.map(|life| life.state.no);
            if !raised.firings.is_empty() {
                let decided = match known {
                    Some(life) => Some(raise::attach(&life.state, &raised, &self.pinned(&life.state, now))),
                    None => {
                        let ctx = self.context(now);
                        raise::open(self.number(&key, now), &raised, &ctx)
                    }
                };
                no = decided.as_ref().map(|decided| decided.state.no);
                if let Some(decided) = decided {
                    self.record(&Actor::Watchbell, now, decided);
                }
                if let Some(life) = no.and_then(|no| self.incidents.get_mut(&no)) {
                    life.last_fired_at = now;
                }
            }
            let life = no.filter(|_| !cleared.is_empty()).and_then(|no| self.incidents.get(&no));
            if let Some(life) = life {
                let quiet = self.detectors.is_quiet(&life.state.service);
                let decided = raise::clear(&life.state, &cleared, quiet, &self.pinned(&life.state, now));
                self.record(&Actor::Watchbell, now, decided);
            }
        }
    }

    // People -------------------------------------------------------------------------------

    fn declare(&mut self, declaration: &Declaration, entry: &Entry) {
        let ctx = self.context(entry.at);
        // A class that the replayed policy does not have: nothing to compare.
        let Ok(declared) = raise::declare(declaration, &ctx) else { return };
        let open = self.current(declared.key(), entry.at).filter(|life| life.state.status().is_open());
        let decided = match open {
            Some(life) => declared.join(&life.state, &entry.by, &self.pinned(&life.state, entry.at)),
            None => {
                let no = self.number(declared.key(), entry.at);
                declared.open(no, &ctx)
            }
        };
        self.record(&entry.by, entry.at, decided);
    }

    /// People act as they did. What is refused now, because it came too early or too late, is left out.
    fn act(&mut self, no: u64, commands: &[Command], entry: &Entry) {
        let Some(life) = self.incidents.get(&no) else { return };
        let mut all = Decided { state: life.state.clone(), events: Vec::new() };
        for command in commands {
            if let Ok(decided) = decide(&all.state, command, &entry.by, &self.pinned(&all.state, entry.at)) {
                all.state = decided.state;
                all.events.extend(decided.events);
            }
        }
        self.record(&entry.by, entry.at, all);
    }

    /// The replayed incident that people who acted on a real one act on: itself; else the one that
    /// stood for it when it opened; else the open one of its key.
    fn counterpart(&mut self, real: u64, now: Instant) -> Option<u64> {
        if self.incidents.contains_key(&real) {
            return Some(real);
        }
        if let Some(no) = self.counterparts.get(&real) {
            return Some(*no);
        }
        let key = &self.past.opened(real)?.key;
        let no = self.current(key, now).filter(|life| life.state.status().is_open())?.state.no;
        self.counterparts.insert(real, no);
        Some(no)
    }

    /// A real incident opens where the replay may have one of its key already.
    fn meet_counterpart(&mut self, real: u64, entry: &Entry) {
        if matches!(entry.events.first(), Some(Event::Opened(_))) {
            self.counterpart(real, entry.at);
        }
    }

    // State --------------------------------------------------------------------------------

    fn context(&self, now: Instant) -> Context<'a> {
        Context { now, policy: self.rules.policy, roster: self.rules.roster }
    }

    /// The same for an incident: at the journal's own pace under the policy that it opened with, else
    /// under the one that is replayed.
    fn pinned(&self, incident: &Incident, now: Instant) -> Context<'a> {
        let own = self.past.policy(&incident.policy).filter(|_| self.pace == Pace::Recorded);
        Context { policy: own.unwrap_or(self.rules.policy), ..self.context(now) }
    }

    /// The incident that firings of a key speak to: the open one, else the one that changed last.
    fn current(&self, key: &str, now: Instant) -> Option<&Life> {
        let lives = self.by_key.get(key)?.iter().filter_map(|no| self.incidents.get(no));
        let lives = lives.filter(|life| !self.over(life, now));
        lives.max_by_key(|life| {
            let open = life.state.status().is_open();
            (open, if open { Instant::MIN } else { life.changed_at }, life.state.no)
        })
    }

    /// Whether an incident is taken to be over: nothing fires any more, and in reality there was none.
    fn over(&self, life: &Life, now: Instant) -> bool {
        now > self.ends_at(life)
    }

    /// When an unresolved incident is taken to be over; the end of time where it is not.
    pub(super) fn ends_at(&self, life: &Life) -> Instant {
        match (self.pace, life.state.resolved_at) {
            (Pace::Recorded, _) | (_, Some(_)) => Instant::MAX,
            // People who were at work on it then end it by what they did.
            (Pace::Due, None) => self.past.open_until(&life.state.key, life.last_fired_at + QUIET),
        }
    }

    fn number(&mut self, key: &str, opened_at: Instant) -> u64 {
        self.past.number(key, opened_at).unwrap_or_else(|| {
            self.next_no += 1;
            self.next_no - 1
        })
    }

    fn record(&mut self, by: &Actor, at: Instant, decided: Decided) {
        let Decided { state, events } = decided;
        self.triggers.heed(self.rules.policy, &mut self.detectors, &state, at);
        self.detectors.settle();
        let no = state.no;
        if !self.incidents.contains_key(&no) {
            self.by_key.entry(state.key.clone()).or_default().push(no);
        }
        let life = self.incidents.entry(no).or_insert_with(|| Life {
            state: state.clone(),
            entries: Vec::new(),
            last_fired_at: at,
            changed_at: at,
        });
        if let Some(before) = life.state.next_due() {
            self.due.remove(&(before, no));
        }
        if let Some(next) = state.next_due() {
            self.due.insert((next, no));
        }
        if !events.is_empty() {
            life.entries.push(Entry { at, by: by.clone(), events });
            life.changed_at = at;
        }
        life.state = state;
    }
}
