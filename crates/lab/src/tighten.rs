//! For each trigger with a number: a tighter one, and what it would have caught.
//!
//! It proposes nothing by itself. One number is changed at a time, by a quarter and by a half.

use calendar::Instant;
use policy::condition::Condition;
use policy::model::{Mode, Policy, Trigger, TriggerKind};

use crate::backtest::{Baseline, Comparison, Fidelity, Past, Rules, compare, reproduce};
use crate::bound;

/// Shares by which a number is moved.
const SHARES: [f64; 2] = [0.25, 0.5];

/// One trigger with one number changed, over the past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tighter {
    /// The trigger's id.
    pub trigger: String,
    /// The class that it raises.
    pub class: String,
    /// It only observes; it was compared as though it raised, before and after.
    pub observes: bool,
    /// The clause as it is, such as `at least 5`.
    pub from: String,
    /// The clause as it would be.
    pub to: String,
    /// What would have been different.
    pub comparison: Comparison,
}

/// A policy with one number changed.
struct Variant {
    from: String,
    to: String,
    kind: TriggerKind,
}

/// What tighter numbers would have caught in a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// Since when the past was asked for.
    pub asked_from: Instant,
    /// Since when it was replayed: later, where there was too much of it.
    pub from: Instant,
    /// Until when.
    pub until: Instant,
    /// Signals that were replayed.
    pub signals: usize,
    /// The check that a replay can be trusted: the policies in force, against what happened.
    pub fidelity: Fidelity,
    /// Places where that differs, also those that its reader may not see.
    pub differs: usize,
    /// Triggers with tighter numbers.
    pub tried: Vec<Tighter>,
    /// Triggers that have no number to tighten.
    pub without_number: Vec<String>,
    /// Whether its reader may not see all incidents: counts over all of them are kept back, since
    /// two readings would tell when something happened in one.
    pub counts_hidden: bool,
}

/// Checks that a replay of a period is exact, and tries tighter numbers on it.
pub fn thresholds(live: Rules<'_>, past: &Past, asked_from: Instant) -> Thresholds {
    let fidelity = reproduce(live, past);
    let tried = tighten(live, past);
    let numberless = live.policy.triggers.iter().filter(|trigger| variants(trigger).is_empty());
    Thresholds {
        asked_from,
        from: past.from().max(asked_from),
        until: past.until(),
        signals: past.signals(),
        differs: fidelity.deviations.len(),
        fidelity,
        without_number: numberless.map(|trigger| trigger.id.clone()).collect(),
        tried,
        counts_hidden: false,
    }
}

/// Replays that [`thresholds`] runs under that policy, at most.
pub fn replays(policy: &Policy) -> usize {
    // Recorded, live, and for each variant its own and, where a trigger only observes, another before.
    2 + policy.triggers.iter().map(|trigger| 2 * variants(trigger).len()).sum::<usize>()
}

/// Tries tighter numbers of every trigger that has one, in the order of the policy.
pub fn tighten(live: Rules<'_>, past: &Past) -> Vec<Tighter> {
    let baseline = Baseline::new(live, past);
    let triggers = live.policy.triggers.iter().enumerate();
    let tried = triggers.flat_map(|(i, trigger)| variants(trigger).into_iter().map(move |v| (i, trigger, v)));
    tried
        .map(|(i, trigger, variant)| {
            let mut after = live.policy.clone();
            after.triggers[i].mode = Mode::Active;
            after.triggers[i].kind = variant.kind;
            let with = |policy| Rules { policy, roster: live.roster };
            let observes = trigger.mode == Mode::Observe;
            let comparison = if observes {
                let mut before = live.policy.clone();
                before.triggers[i].mode = Mode::Active;
                compare(with(&before), with(&after), past)
            } else {
                baseline.compare(with(&after))
            };
            let (id, class) = (trigger.id.clone(), trigger.raise.class.clone());
            Tighter { trigger: id, class, observes, from: variant.from, to: variant.to, comparison }
        })
        .collect()
}

/// The trigger with its number changed by each share; the same number is tried once.
fn variants(trigger: &Trigger) -> Vec<Variant> {
    let mut variants: Vec<Variant> = SHARES.into_iter().filter_map(|share| variant(trigger, share)).collect();
    variants.dedup_by(|a, b| a.to == b.to);
    variants
}

/// The number that most directly says how much is enough: a count, a tolerated share, else the
/// bound of the condition.
fn variant(trigger: &Trigger, share: f64) -> Option<Variant> {
    match &trigger.kind {
        TriggerKind::When(when) => by_bound(when, share, TriggerKind::When),
        TriggerKind::Count { when, distinct_units, at_least, within } => {
            let kind = |when, at_least| TriggerKind::Count {
                when,
                distinct_units: *distinct_units,
                at_least,
                within: *within,
            };
            let fewer = fewer(*at_least, share);
            if fewer == 0 {
                return by_bound(when, share, |when| kind(when, *at_least));
            }
            let clause = |count| format!("at least {count}");
            Some(Variant { from: clause(*at_least), to: clause(fewer), kind: kind(when.clone(), fewer) })
        }
        // A job comes as often as it comes: a shorter wait would only raise more false alarms.
        TriggerKind::Absence { .. } => None,
        TriggerKind::Rate { metric, tolerated, false_pages_per_week, by } => {
            let less = bound::rounded(tolerated * (1.0 - share));
            let clause = |share: f64| format!("{} % tolerated", bound::rounded(share * 100.0));
            (less > 0.0).then(|| Variant {
                from: clause(*tolerated),
                to: clause(less),
                kind: TriggerKind::Rate {
                    metric: metric.clone(),
                    tolerated: less,
                    false_pages_per_week: *false_pages_per_week,
                    by: by.clone(),
                },
            })
        }
    }
}

/// A count less a share of it, rounded down, so that it is always fewer.
fn fewer(count: u32, share: f64) -> u32 {
    // A share of a count that fits 32 bits fits them too.
    (f64::from(count) * (1.0 - share)).floor() as u32
}

fn by_bound(when: &Condition, share: f64, kind: impl FnOnce(Condition) -> TriggerKind) -> Option<Variant> {
    let moved = bound::tighter(when, share)?;
    Some(Variant { from: moved.from, to: moved.to, kind: kind(moved.condition) })
}
