//! What a trigger says of one signal. Nearly always its incident has heard of the same trigger in
//! the same batch; then the signal is only added there, and nothing is copied.

use calendar::Instant;
use policy::model::{Mode, Policy, Trigger};

use super::{Firing, Observed, key};
use crate::decision::Decision;

/// A trigger fired for one signal.
#[derive(Clone, Debug)]
pub enum Sign<'a> {
    /// The signal alone was enough.
    One(Spark<'a>),
    /// More was gathered before.
    Gathered(Box<Firing>),
}

/// One signal that was enough for a trigger.
#[derive(Clone, Debug)]
pub struct Spark<'a> {
    policy: &'a Policy,
    trigger: &'a Trigger,
    clause: &'a str,
    observed: Observed<'a>,
    key: String,
}

impl<'a> Sign<'a> {
    /// A signal for which the trigger's clause holds.
    pub(super) fn one(policy: &'a Policy, trigger: &'a Trigger, clause: &'a str, observed: Observed<'a>) -> Sign<'a> {
        Sign::One(Spark { policy, trigger, clause, observed, key: key(trigger, observed.signal) })
    }

    /// Whether it raises, or only says what it would have raised.
    pub fn mode(&self) -> Mode {
        match self {
            Sign::One(spark) => spark.trigger.mode,
            Sign::Gathered(firing) => firing.mode,
        }
    }

    /// What makes two firings the same incident.
    pub fn key(&self) -> &str {
        match self {
            Sign::One(spark) => &spark.key,
            Sign::Gathered(firing) => &firing.key,
        }
    }

    /// The trigger's id.
    pub fn trigger(&self) -> &str {
        match self {
            Sign::One(spark) => &spark.trigger.id,
            Sign::Gathered(firing) => &firing.decision.trigger,
        }
    }

    /// The alert that the firing stands for, where it ends by itself.
    pub fn alert(&self) -> Option<&str> {
        match self {
            Sign::One(_) => None,
            Sign::Gathered(firing) => firing.alert.as_deref(),
        }
    }

    /// Adds itself to the record of the same trigger for the same incident.
    pub fn join(&self, decision: &mut Decision) {
        match self {
            Sign::One(spark) => decision.add(spark.happened(), spark.observed.place),
            Sign::Gathered(firing) => decision.absorb(&firing.decision),
        }
    }

    /// All of it.
    pub fn into_firing(self) -> Firing {
        match self {
            Sign::One(spark) => spark.into_firing(),
            Sign::Gathered(firing) => *firing,
        }
    }
}

impl Spark<'_> {
    fn happened(&self) -> Instant {
        self.observed.happened()
    }

    fn into_firing(self) -> Firing {
        let happened = self.happened();
        let Spark { policy, trigger, clause, observed, key } = self;
        Firing {
            decision: Decision {
                trigger: trigger.id.clone(),
                policy: policy.id.clone(),
                clause: clause.to_owned(),
                statement: "one signal is enough".to_owned(),
                count: 1,
                first_at: happened,
                last_at: happened,
                signals: vec![observed.place],
            },
            mode: trigger.mode,
            class: trigger.raise.class.clone(),
            severity: trigger.raise.severity,
            key,
            service: observed.signal.service.clone(),
            alert: None,
        }
    }
}
