//! Rate triggers: the bad share of a stream of units of evidence, by an e-detector.
//!
//! A unit, usually a conversation, bets once, good and bad alike: [`BETS_AFTER`] after its first
//! signal, with the worst that was seen of it. A signal without a unit is final and bets at once.
//! What bets win is in `evidence`; what a firing does to an incident, in `raise`.

mod evidence;

use std::collections::{BTreeMap, VecDeque};

use calendar::{Duration, Instant};
use policy::model::{Metric, Policy, Trigger, TriggerKind};
use serde::{Deserialize, Serialize};

use crate::decision::{Decision, SignalRef};
use crate::signal::{Signal, Unit};
use crate::trigger::{Detectors, Firing, Observed, fingerprint, key};
use evidence::{Evidence, Tolerance};

/// How long a unit gathers signals before it bets: most of a conversation's verdicts are in by then.
pub const BETS_AFTER: Duration = Duration::from_mins(15);

/// Units per stream that wait to bet; beyond it the oldest bets at once. Some 100 kB.
pub const MAX_PENDING: usize = 10_000;

/// Units per stream that are remembered after their bet, so that none bets twice.
const MAX_REMEMBERED: usize = 10_000;

/// How long a unit is remembered after its first signal: longer than a conversation lasts.
const REMEMBERED_FOR: Duration = Duration::from_hours(24);

/// Labels that mean bad or good where a metric has no bounds. Other labels are no evidence.
const LABELS: [(&str, f64); 13] = [
    ("bad", 1.0),
    ("fail", 1.0),
    ("failed", 1.0),
    ("negative", 1.0),
    ("incorrect", 1.0),
    ("unsafe", 1.0),
    ("confirmed", 1.0),
    ("good", 0.0),
    ("pass", 0.0),
    ("passed", 0.0),
    ("positive", 0.0),
    ("correct", 0.0),
    ("safe", 0.0),
];

/// The memory of one stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RateState {
    /// The trigger that it belongs to.
    trigger: String,
    /// The clause that its bets were made under: under another one it begins anew.
    clause: String,
    /// Service of the latest signal.
    service: String,
    /// Key of the incident that the latest signal belongs to.
    key: String,
    evidence: Evidence,
    /// The latest bad units since it last fired.
    bad: VecDeque<SignalRef>,
    units: Units,
}

/// Units in the order of their first signals. The first `settled` of them have bet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Units {
    order: VecDeque<u64>,
    settled: usize,
    by_id: BTreeMap<u64, Seen>,
}

/// What was seen of one unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Seen {
    /// When its first signal was recorded.
    first_at: Instant,
    /// What it will bet; `None`: it has.
    bet: Option<Bet>,
}

/// A bet to be made.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Bet {
    /// The worst badness seen.
    badness: f64,
    /// The signal that showed it first.
    place: SignalRef,
    /// When the first and the last signal happened, or were recorded if that was earlier.
    span: (Instant, Instant),
}

/// A rate trigger with what its policy says about its metric.
#[derive(Clone, Copy)]
pub(super) struct Rule<'p> {
    policy: &'p Policy,
    trigger: &'p Trigger,
    metric: &'p str,
    tolerance: Tolerance,
    by: &'p [String],
}

impl<'p> Rule<'p> {
    /// `None` where the trigger looks at something else.
    pub(super) fn of(policy: &'p Policy, trigger: &'p Trigger) -> Option<Rule<'p>> {
        match &trigger.kind {
            TriggerKind::Rate { metric, tolerated, false_pages_per_week, by } => Some(Rule {
                policy,
                trigger,
                metric,
                tolerance: Tolerance { share: *tolerated, false_pages_per_week: *false_pages_per_week },
                by,
            }),
            TriggerKind::When(_) | TriggerKind::Count { .. } | TriggerKind::Absence { .. } => None,
        }
    }

    /// Takes a signal of its metric in; the firings of the bets that are made by then.
    pub(super) fn observe(&self, detectors: &mut Detectors, observed: Observed<'_>) -> Vec<Firing> {
        let Some(badness) = self.badness(observed.signal) else { return Vec::new() };
        let clause = self.clause();
        let mut name = self.stream_key(observed.signal);
        if !detectors.make_room_for(&name, observed.now) {
            // Judged together rather than not at all. No other stream's key has so few parts.
            name = format!("{}|further", self.trigger.id);
        }
        let stream = detectors.rate(&name, || self.begin(&clause, observed.now));
        if stream.clause != clause {
            *stream = self.begin(&clause, observed.now);
        }
        stream.service.clone_from(&observed.signal.service);
        stream.key = key(self.trigger, observed.signal);
        let happened = observed.signal.at.unwrap_or(observed.now).min(observed.now);
        let bet = Bet { badness, place: observed.place, span: (happened, happened) };
        let mut firings = self.settle(stream, observed.now);
        match &observed.signal.unit {
            None => firings.extend(self.bet(stream, observed.now, &bet)),
            Some(unit) => {
                stream.units.see(unit, observed.now, bet);
                if let Some(oldest) = stream.units.crowded_out() {
                    firings.extend(self.bet(stream, observed.now, &oldest));
                }
            }
        }
        firings
    }

    /// Makes the bets of a stream that have fallen due, in order.
    pub(super) fn settle(&self, stream: &mut RateState, now: Instant) -> Vec<Firing> {
        if stream.clause != self.clause() {
            stream.retire();
            return Vec::new();
        }
        let mut firings = Vec::new();
        while let Some(at) = stream.next_due().filter(|at| *at <= now)
            && let Some(bet) = stream.units.settle_oldest()
        {
            firings.extend(self.bet(stream, at, &bet));
        }
        stream.units.forget(now);
        firings
    }

    fn begin(&self, clause: &str, at: Instant) -> RateState {
        RateState {
            trigger: self.trigger.id.clone(),
            clause: clause.to_owned(),
            service: String::new(),
            key: String::new(),
            evidence: Evidence::since(at),
            bad: VecDeque::new(),
            units: Units::default(),
        }
    }

    fn bet(&self, stream: &mut RateState, at: Instant, bet: &Bet) -> Option<Firing> {
        if bet.badness > self.tolerance.share {
            if stream.bad.len() == Decision::MAX_SIGNALS {
                stream.bad.pop_front();
            }
            stream.bad.push_back(bet.place);
        }
        let reached = stream.evidence.bet(self.tolerance, at, bet.badness)?;
        Some(Firing {
            decision: Decision {
                trigger: self.trigger.id.clone(),
                policy: self.policy.id.clone(),
                clause: stream.clause.clone(),
                statement: self.statement(reached),
                count: 1,
                first_at: bet.span.0,
                last_at: bet.span.1,
                signals: stream.bad.drain(..).collect(),
            },
            mode: self.trigger.mode,
            class: self.trigger.raise.class.clone(),
            severity: self.trigger.raise.severity,
            key: stream.key.clone(),
            service: stream.service.clone(),
            alert: None,
        })
    }

    fn metric(&self) -> Option<&'p Metric> {
        self.policy.metrics.get(self.metric)
    }

    /// 0 good to 1 bad; `None` where the signal says neither.
    pub(super) fn badness(&self, signal: &Signal) -> Option<f64> {
        let by_label = || {
            let label = signal.label.as_deref()?;
            LABELS.iter().find(|(word, _)| label.eq_ignore_ascii_case(word)).map(|(_, badness)| *badness)
        };
        self.metric().zip(signal.value).and_then(|(metric, value)| by_value(metric, value)).or_else(by_label)
    }

    /// Streams are kept apart by the fields that the rule names, and by who judged in which version.
    fn stream_key(&self, signal: &Signal) -> String {
        let subject = self.by.iter().map(|field| match field.as_str() {
            "service" => signal.service.as_str(),
            label => signal.labels.get(label).map_or("", String::as_str),
        });
        let evaluator = signal.evaluator.as_ref();
        let judge = [
            evaluator.map(|e| e.kind.as_str()),
            evaluator.and_then(|e| e.name.as_deref()),
            evaluator.and_then(|e| e.version.as_deref()),
        ];
        let parts = subject.chain(judge.into_iter().map(Option::unwrap_or_default));
        parts.fold(self.trigger.id.clone(), |key, part| key + "|" + &part.replace('|', "\\|"))
    }

    fn clause(&self) -> String {
        let bound = |word: &str, bound: Option<f64>| bound.map(|b| format!(" {word} {b}")).unwrap_or_default();
        let metric = self.metric();
        let below = bound("below", metric.and_then(|m| m.bad_below));
        let above = bound("above", metric.and_then(|m| m.bad_above));
        let by = if self.by.is_empty() { String::new() } else { format!(", by {}", self.by.join(", ")) };
        let budget = rounded(self.tolerance.false_pages_per_week);
        format!("bad {}{below}{above}: {} tolerated, {budget} false pages a week{by}", self.metric, self.tolerated())
    }

    fn statement(&self, reached: f64) -> String {
        format!("bad share above {} tolerated; evidence {reached:.1} of 1", self.tolerated())
    }

    fn tolerated(&self) -> String {
        format!("{} %", rounded(self.tolerance.share * 100.0))
    }
}

impl RateState {
    /// Signals that it may still name.
    pub(super) fn places(&self) -> impl Iterator<Item = SignalRef> {
        let waiting = self.units.by_id.values().filter_map(|seen| seen.bet.as_ref().map(|bet| bet.place));
        self.bad.iter().copied().chain(waiting)
    }

    /// The trigger that it belongs to.
    pub(super) fn trigger(&self) -> &str {
        &self.trigger
    }

    /// When its next bet is made.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.units.oldest_pending().map(|seen| seen.first_at + BETS_AFTER)
    }

    /// No clause asks for its bets any more: none is made, and a later signal begins it anew.
    pub(super) fn retire(&mut self) {
        self.clause.clear();
        self.units = Units::default();
        self.bad.clear();
    }
}

impl Units {
    fn oldest_pending(&self) -> Option<&Seen> {
        self.order.get(self.settled).and_then(|id| self.by_id.get(id))
    }

    /// A signal of a unit: its first, a further one, or one after its bet, which changes nothing.
    fn see(&mut self, unit: &Unit, now: Instant, new: Bet) {
        let id = fingerprint(unit);
        match self.by_id.get_mut(&id) {
            None => {
                self.order.push_back(id);
                self.by_id.insert(id, Seen { first_at: now, bet: Some(new) });
            }
            Some(Seen { bet: Some(bet), .. }) => {
                bet.span = (bet.span.0.min(new.span.0), bet.span.1.max(new.span.1));
                if new.badness > bet.badness {
                    (bet.badness, bet.place) = (new.badness, new.place);
                }
            }
            Some(Seen { bet: None, .. }) => {}
        }
    }

    fn settle_oldest(&mut self) -> Option<Bet> {
        let id = self.order.get(self.settled)?;
        let bet = self.by_id.get_mut(id)?.bet.take();
        self.settled += 1;
        bet
    }

    fn crowded_out(&mut self) -> Option<Bet> {
        (self.order.len() - self.settled > MAX_PENDING).then(|| self.settle_oldest()).flatten()
    }

    /// Forgets units that have bet: those beyond the limit, and those long gone.
    fn forget(&mut self, now: Instant) {
        while self.settled > 0
            && let Some(id) = self.order.front()
            && let gone = self.by_id.get(id).is_none_or(|seen| seen.first_at + REMEMBERED_FOR <= now)
            && (gone || self.settled > MAX_REMEMBERED)
        {
            self.by_id.remove(id);
            self.order.pop_front();
            self.settled -= 1;
        }
    }
}

/// By the metric's bounds; where it has none, a score of 0 to 1 is as bad as its direction says.
fn by_value(metric: &Metric, value: f64) -> Option<f64> {
    if metric.bad_below.is_some() || metric.bad_above.is_some() {
        let bad =
            metric.bad_below.is_some_and(|bound| value < bound) || metric.bad_above.is_some_and(|bound| value > bound);
        return Some(if bad { 1.0 } else { 0.0 });
    }
    if !(0.0..=1.0).contains(&value) {
        return None;
    }
    metric.higher_is_better.map(|better| if better { 1.0 - value } else { value })
}

/// To six places, for people.
fn rounded(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}
