//! The escalation matrix of a policy: who answers by when, for each kind of incident and severity.
//!
//! Every cell is what the engine does, asked of the same policy by the same questions; nothing is
//! written for the matrix alone. How a table looks is the report's business.

mod readiness;

use std::collections::{BTreeMap, BTreeSet};

use policy::model::{Audience, Mode, Party, Policy, Rank, Role, Roster, Step, Targets, Window};
use serde::Serialize;
use wcore::escalation::FALLBACK_EVERY;

use crate::words;
pub use readiness::{Check, Readiness, Tier};

/// The audience that the executives' column speaks about.
pub const EXECUTIVES: &str = "executives";

/// The audience that the customers' column speaks about; where a policy has none of that name,
/// the first that reads the status page.
pub const CUSTOMERS: &str = "customers";

/// The surface that the public reads.
const STATUS_PAGE: &str = "status-page";

/// The matrix of one version of a policy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Matrix {
    /// Who promises.
    pub organization: String,
    /// Version of the policy.
    pub policy: String,
    /// What it covers.
    pub scope: Scope,
    /// Its rows, the most severe first.
    pub rows: Vec<Row>,
    /// What the rows come to.
    pub summary: Summary,
}

/// What a matrix covers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scope {
    /// Services by name.
    pub services: Vec<String>,
    /// Schedules, each with its time zone.
    pub on_call: Vec<String>,
    /// When misses are reviewed; `None`: never by policy.
    pub review: Option<String>,
}

/// What is promised for one class at one severity.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// From 1.
    pub no: usize,
    /// The class's id.
    pub class: String,
    /// The class's name.
    pub incident_type: String,
    /// Rank of the severity.
    pub rank: Rank,
    /// Its name.
    pub severity: String,
    /// Until a person acknowledges.
    pub first_response: String,
    /// Until a person outside the first step is paged.
    pub escalation_after: String,
    /// Who leads; joint owners joined by ` + `.
    pub owner: String,
    /// Whether and when executives are told.
    pub executives: String,
    /// When customers are told.
    pub customers: String,
}

/// What the rows of a matrix come to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Rows per severity, the most severe first.
    pub severities: Vec<SeverityCount>,
    /// Rows in which executives are told.
    pub executive_paths: usize,
    /// How ready the policy is, and by which rule.
    pub readiness: Readiness,
}

/// Rows of one severity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SeverityCount {
    /// Its name.
    pub name: String,
    /// How many.
    pub rows: usize,
}

/// One row before it is put into words.
struct Promise<'a> {
    class: &'a str,
    severity: Rank,
    targets: Targets,
}

/// The matrix: one row per class and severity that its triggers raise; for a class that none
/// raises, the severity that a declaration gets.
pub fn matrix(policy: &Policy, roster: &Roster) -> Matrix {
    let promises = promises(policy);
    let customers = customers(policy);
    let shown = Shown { policy, roster, customers };
    let rows: Vec<Row> = (1..).zip(&promises).map(|(no, promise)| shown.row(no, promise)).collect();
    let told = promises.iter().filter(|promise| tells(promise.targets.updates.get(EXECUTIVES)));
    let severities = policy.severities.iter().map(|severity| {
        let rows = promises.iter().filter(|promise| promise.severity == severity.rank).count();
        SeverityCount { name: severity.name.clone(), rows }
    });
    Matrix {
        organization: policy.organization.clone(),
        policy: policy.id.clone(),
        scope: scope(policy, roster),
        summary: Summary {
            severities: severities.collect(),
            executive_paths: told.count(),
            readiness: readiness::readiness(policy, &promises, customers),
        },
        rows,
    }
}

fn promises(policy: &Policy) -> Vec<Promise<'_>> {
    let mut raised: BTreeMap<&str, BTreeSet<Rank>> = BTreeMap::new();
    for trigger in policy.triggers.iter().filter(|trigger| trigger.mode == Mode::Active) {
        raised.entry(&trigger.raise.class).or_default().insert(trigger.raise.severity);
    }
    let mut rows: Vec<(Rank, &str)> = Vec::new();
    for (id, class) in &policy.classes {
        match raised.get(id.as_str()) {
            Some(ranks) => rows.extend(ranks.iter().map(|rank| (*rank, id.as_str()))),
            // As a declaration without a severity: in doubt the most severe.
            None => {
                let most_severe = policy.severities.first().map(|severity| severity.rank);
                rows.extend(class.default_severity.or(most_severe).map(|rank| (rank, id.as_str())));
            }
        }
    }
    rows.sort_unstable();
    rows.into_iter()
        .map(|(severity, class)| Promise { class, severity, targets: policy.targets(class, severity) })
        .collect()
}

fn customers(policy: &Policy) -> &str {
    let public = |(_, audience): &(&String, &Audience)| audience.surface.as_deref() == Some(STATUS_PAGE);
    match policy.audiences.iter().find(public) {
        Some((id, _)) if !policy.audiences.contains_key(CUSTOMERS) => id,
        _ => CUSTOMERS,
    }
}

fn scope(policy: &Policy, roster: &Roster) -> Scope {
    Scope {
        services: policy.services.values().map(|service| service.name.clone()).collect(),
        on_call: roster.schedules.iter().map(|(id, schedule)| format!("{id} ({})", schedule.time_zone())).collect(),
        review: policy.review.as_ref().map(|review| format!("Weekly, {} ({})", review.on, review.calendar)),
    }
}

/// Whether a window tells its audience anything without a further decision.
fn tells(window: Option<&Window>) -> bool {
    matches!(window, Some(Window::Notices { first, every, closing, .. })
        if first.is_some() || every.is_some() || closing.is_some())
}

/// What the words of a row need.
struct Shown<'a> {
    policy: &'a Policy,
    roster: &'a Roster,
    customers: &'a str,
}

impl Shown<'_> {
    fn row(&self, no: usize, promise: &Promise<'_>) -> Row {
        let targets = &promise.targets;
        let name = self.policy.class(promise.class).map_or(promise.class, |class| &class.name);
        Row {
            no,
            class: promise.class.to_owned(),
            incident_type: name.to_owned(),
            rank: promise.severity,
            severity: self.policy.severity_name(promise.severity).to_owned(),
            first_response: targets.acknowledge.as_ref().map_or("Not promised".to_owned(), words::target),
            escalation_after: self.escalation_after(promise),
            owner: self.owner(promise.class),
            executives: executives(targets.updates.get(EXECUTIVES)),
            customers: words::window(targets.updates.get(self.customers)),
        }
    }

    /// When the second step is paged: by target, else by the wait of the first step.
    fn escalation_after(&self, promise: &Promise<'_>) -> String {
        let steps = self.policy.steps(promise.class);
        let Some(first) = steps.first() else {
            return format!("Fallback at once, then every {}", words::time_words(FALLBACK_EVERY));
        };
        if first.repeat_until_acknowledged {
            return format!("Never; the first step repeats every {}", words::time_words(first.wait));
        }
        // Beyond the last step stands the fallback, for the most severe alone.
        if steps.len() == 1 && promise.severity != 1 {
            return "Never; there is one step".to_owned();
        }
        let after = |first: &Step| words::time_words(first.wait);
        promise.targets.escalate_after.as_ref().map_or_else(|| after(first), words::target)
    }

    /// The commander's rule, since the first response is the commander's; else the remediation's.
    fn owner(&self, class: &str) -> String {
        let rule = |role| self.policy.role(class, role).filter(|rule| !rule.owner.is_empty());
        let Some(rule) = rule(Role::Commander).or_else(|| rule(Role::Remediation)) else {
            return "Nobody".to_owned();
        };
        rule.owner.iter().map(|party| self.party(party)).collect::<Vec<_>>().join(" + ")
    }

    fn party(&self, party: &Party) -> String {
        match party {
            Party::Person(id) => self.roster.people.get(id).map_or(id, |person| &person.name).clone(),
            Party::Schedule(id) => format!("On call: {id}"),
            Party::Fallback => "Fallback list".to_owned(),
        }
    }
}

fn executives(window: Option<&Window>) -> String {
    match window {
        Some(Window::Decide { .. }) => words::window(window),
        Some(Window::Notices { first: Some(first), .. }) => format!("Yes, within {}", words::target(first)),
        Some(Window::Notices { first: None, every: Some(every), .. }) => format!("Yes, every {}", words::target(every)),
        Some(Window::Notices { first: None, every: None, closing: Some(_), .. }) => "Yes, at the end".to_owned(),
        Some(Window::Notices { .. } | Window::None) | None => "No".to_owned(),
    }
}
