//! How ready a policy is for its worst night, by a rule that is shown with its result.
//!
//! It looks at what is written. Whether people are on call at every hour is proven elsewhere.

use policy::model::{Policy, Rank, Role, Window};
use serde::Serialize;

use super::{EXECUTIVES, Promise, tells};

/// How ready a policy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Some row lacks a first response, an escalation or an owner.
    Starting,
    /// Every row has them.
    Team,
    /// And words, proof and stand-ins are settled where it is most severe.
    Enterprise,
}

impl Tier {
    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Tier::Starting => "Starting",
            Tier::Team => "Team",
            Tier::Enterprise => "Enterprise",
        }
    }
}

/// The tier with the rule that leads to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// The highest tier of which every check holds, and every check of those below.
    pub tier: Tier,
    /// What was looked at.
    pub checks: Vec<Check>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The tier that asks for it.
    pub tier: Tier,
    /// What is asked.
    pub rule: &'static str,
    /// Whether it holds.
    pub holds: bool,
}

/// Looks at every row.
pub(super) fn readiness(policy: &Policy, promises: &[Promise<'_>], customers: &str) -> Readiness {
    let most_severe: Option<Rank> = policy.severities.first().map(|severity| severity.rank);
    let worst = || promises.iter().filter(|promise| Some(promise.severity) == most_severe);
    let owned =
        |promise: &Promise<'_>, role| policy.role(promise.class, role).is_some_and(|rule| !rule.owner.is_empty());
    let apart = |promise: &Promise<'_>| {
        let not = |role, other| policy.role(promise.class, role).is_some_and(|rule| rule.not == Some(other));
        owned(promise, Role::Validation)
            && (not(Role::Validation, Role::Remediation) || not(Role::Remediation, Role::Validation))
    };
    let backed = |promise: &Promise<'_>| {
        let backup = |role| policy.role(promise.class, role).is_some_and(|rule| !rule.backup.is_empty());
        backup(Role::Commander) || policy.steps(promise.class).len() > 1
    };
    let settled = |promise: &Promise<'_>| {
        let window = promise.targets.updates.get(customers);
        tells(window) || matches!(window, Some(Window::Decide { .. }))
    };
    let checks = vec![
        check(Tier::Team, "Every row promises a first response", promises, |p| p.targets.acknowledge.is_some()),
        check(Tier::Team, "Every row pages a second step or a stand-in", promises, backed),
        check(Tier::Team, "Every row has an owner who leads", promises, |p| owned(p, Role::Commander)),
        check(Tier::Enterprise, "Executives are told at the highest severity", worst(), |p| {
            tells(p.targets.updates.get(EXECUTIVES))
        }),
        check(Tier::Enterprise, "Words to customers are settled at the highest severity", worst(), settled),
        check(Tier::Enterprise, "Whoever fixes it never signs off that it is fixed", promises, apart),
        Check { tier: Tier::Enterprise, rule: "Misses are reviewed every week", holds: policy.review.is_some() },
    ];
    let reached = |tier| checks.iter().filter(|check| check.tier <= tier).all(|check| check.holds);
    let tier = [Tier::Enterprise, Tier::Team].into_iter().find(|tier| reached(*tier)).unwrap_or(Tier::Starting);
    Readiness { tier, checks }
}

/// Holds where there are rows and all of them do.
fn check<'a, 'p: 'a>(
    tier: Tier,
    rule: &'static str,
    rows: impl IntoIterator<Item = &'a Promise<'p>>,
    holds: impl Fn(&Promise<'p>) -> bool,
) -> Check {
    let mut rows = rows.into_iter().peekable();
    let holds = rows.peek().is_some() && rows.all(holds);
    Check { tier, rule, holds }
}
