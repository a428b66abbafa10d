//! Policies and rosters of the tests: the airline's documents, and small changes to them.

use std::sync::LazyLock;

use policy::model::{Class, Length, Milestone, Policy, Roster, Target, Window};
use policy::{Level, Source, load};

use super::span;

const POLICY: &str = include_str!("airline.yaml");
const ROSTER: &str = include_str!("roster.yaml");

/// The policy of the scenarios.
pub(crate) fn airline() -> Policy {
    pair().0
}

/// Four people; ana is on call.
pub(crate) fn roster() -> Roster {
    pair().1
}

/// The airline's policy without any promise.
pub(crate) fn bare() -> Policy {
    let mut policy = airline();
    policy.targets.clear();
    for class in policy.classes.values_mut() {
        *class = Class { name: class.name.clone(), ..Class::default() };
    }
    policy
}

fn pair() -> (Policy, Roster) {
    static PAIR: LazyLock<(Policy, Roster)> = LazyLock::new(read);
    PAIR.clone()
}

fn read() -> (Policy, Roster) {
    let loaded = load(Source { name: "airline.yaml", text: POLICY }, Source { name: "roster.yaml", text: ROSTER });
    let errors: Vec<_> = loaded.diagnostics.iter().filter(|found| found.severity == Level::Error).collect();
    loaded.policy.zip(loaded.roster).unwrap_or_else(|| panic!("{errors:#?}"))
}

/// A target around the clock.
pub(crate) fn always(length: &str) -> Target {
    on("always", length)
}

/// A target on a calendar.
pub(crate) fn on(calendar: &str, length: &str) -> Target {
    Target { length: Length::Time(span(length)), calendar: calendar.to_owned() }
}

/// One notice, and no more.
pub(crate) fn once(first: Target) -> Window {
    notices(Some(first), None, Milestone::Resolved, None)
}

/// A first notice, then a cadence until a milestone, then a closing notice.
pub(crate) fn notices(
    first: Option<Target>,
    every: Option<Target>,
    until: Milestone,
    closing: Option<Target>,
) -> Window {
    Window::Notices { first, every, until, closing, only_if: None, approval: None, own_approval: None }
}
