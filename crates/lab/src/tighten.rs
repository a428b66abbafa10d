//! For each trigger with a number: a tighter one, and what it would have caught.
//!
//! It proposes nothing by itself. One number is changed at a time, by a quarter.

use policy::condition::Condition;
use policy::model::{Mode, Trigger, TriggerKind};

use crate::backtest::{Baseline, Comparison, Past, Rules, compare};
use crate::bound::{self, SHARE};

/// One trigger with one number changed, over the past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tighter {
    /// The trigger's id.
    pub trigger: String,
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

/// Tries a tighter number of every trigger that has one, in the order of the policy.
pub fn tighten(live: Rules<'_>, past: &Past) -> Vec<Tighter> {
    let baseline = Baseline::new(live, past);
    let triggers = live.policy.triggers.iter().enumerate();
    let tried = triggers.filter_map(|(i, trigger)| Some((i, trigger, variant(trigger)?)));
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
            Tighter { trigger: trigger.id.clone(), observes, from: variant.from, to: variant.to, comparison }
        })
        .collect()
}

/// The number that most directly says how much is enough: a count, a tolerated share, else the
/// bound of the condition.
fn variant(trigger: &Trigger) -> Option<Variant> {
    match &trigger.kind {
        TriggerKind::When(when) => by_bound(when, TriggerKind::When),
        TriggerKind::Count { when, distinct_units, at_least, within } => {
            let kind = |when, at_least| TriggerKind::Count {
                when,
                distinct_units: *distinct_units,
                at_least,
                within: *within,
            };
            // Three quarters rounded down is always fewer; below one there is nothing to count.
            let fewer = at_least.saturating_mul(3) / 4;
            if fewer == 0 {
                return by_bound(when, |when| kind(when, *at_least));
            }
            let clause = |count| format!("at least {count}");
            Some(Variant { from: clause(*at_least), to: clause(fewer), kind: kind(when.clone(), fewer) })
        }
        TriggerKind::Rate { metric, tolerated, false_pages_per_week, by } => {
            let less = bound::rounded(tolerated * (1.0 - SHARE));
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

fn by_bound(when: &Condition, kind: impl FnOnce(Condition) -> TriggerKind) -> Option<Variant> {
    let moved = bound::tighter(when)?;
    Some(Variant { from: moved.from, to: moved.to, kind: kind(moved.condition) })
}
