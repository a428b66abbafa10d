//! What a policy and its roster guarantee: proven, refuted with a witness, or not decided.
//!
//! Rules are decided over the cells of the condition fragment, coverage over the exact intervals of
//! the schedules, and what an incident does over the core's own fold. It looks at both documents
//! only: whether a channel works today, `doctor` and the delivery log say.

mod approval;
mod calendars;
mod duties;
mod promises;
mod reach;
mod rules;
mod say;
mod speed;

use std::collections::{BTreeMap, BTreeSet};

use calendar::{Duration, Instant};
use policy::model::{Party, Policy, Rank, Role, Roster};
use serde::Serialize;
use wcore::raise::{Declaration, declare};
use wcore::{Context, Decided};

/// How far ahead coverage is proven: every weekday of every season, and both changes of the clocks.
pub const AHEAD: Duration = Duration::from_hours(365 * 24);

/// Most witnesses told of one guarantee; further ones are counted.
pub const MAX_WITNESSES: usize = 20;

/// What was shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// Start of the year that was looked at.
    pub from: Instant,
    /// Its end.
    pub until: Instant,
    /// Every guarantee, in a fixed order.
    pub guarantees: Vec<Guarantee>,
}

/// One guarantee, and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Guarantee {
    /// Its name, such as `rules-not-shadowed`.
    pub id: &'static str,
    /// What holds where it is proven.
    pub title: &'static str,
    /// Whether it holds.
    pub verdict: Verdict,
    /// What was looked at.
    pub examined: String,
    /// Why it does not hold, or is not decided; at most [`MAX_WITNESSES`].
    pub witnesses: Vec<Witness>,
    /// Witnesses beyond those told.
    pub further: usize,
}

/// Whether a guarantee holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It holds.
    Proven,
    /// Neither could be shown.
    NotDecided,
    /// It does not hold; the witness says where.
    Refuted,
}

impl Verdict {
    /// Its words for people.
    pub fn words(self) -> &'static str {
        match self {
            Verdict::Proven => "proven",
            Verdict::NotDecided => "not decided",
            Verdict::Refuted => "refuted",
        }
    }
}

/// One place where a guarantee does not hold, or could not be decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Witness {
    /// Refuted, or not decided.
    pub verdict: Verdict,
    /// What a support lead reads.
    pub text: String,
    /// The first stretch of time concerned, where it is about time.
    pub when: Option<(Instant, Instant)>,
}

impl Witness {
    fn against(text: String) -> Witness {
        Witness { verdict: Verdict::Refuted, text, when: None }
    }

    fn undecided(text: String) -> Witness {
        Witness { verdict: Verdict::NotDecided, text, when: None }
    }

    fn during(text: String, when: (Instant, Instant)) -> Witness {
        Witness { verdict: Verdict::Refuted, text, when: Some(when) }
    }
}

impl Proof {
    /// How many guarantees have this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.guarantees.iter().filter(|guarantee| guarantee.verdict == verdict).count()
    }
}

/// Proves or refutes every guarantee, for the year from `now`.
pub fn prove(policy: &Policy, roster: &Roster, now: Instant) -> Proof {
    let case = Case::new(policy, roster, now);
    let guarantees = vec![
        rules::reachable(&case),
        rules::live(&case),
        promises::ordered(&case),
        reach::covered(&case),
        speed::two_channels(&case),
        approval::possible(&case),
        duties::apart(&case),
        calendars::open(&case),
    ];
    Proof { from: now, until: case.until, guarantees }
}

/// What all proofs look at.
struct Case<'a> {
    policy: &'a Policy,
    roster: &'a Roster,
    now: Instant,
    until: Instant,
    /// Every class with each severity at which it can open.
    openings: BTreeSet<(&'a str, Rank)>,
}

impl<'a> Case<'a> {
    fn new(policy: &'a Policy, roster: &'a Roster, now: Instant) -> Case<'a> {
        let raised = policy.triggers.iter().map(|trigger| (trigger.raise.class.as_str(), trigger.raise.severity));
        let first = policy.severities.first().map_or(1, |severity| severity.rank);
        let declared = policy.classes.iter().map(|(id, class)| (id.as_str(), class.default_severity.unwrap_or(first)));
        Case { policy, roster, now, until: now + AHEAD, openings: raised.chain(declared).collect() }
    }

    /// The people of a party over the year, with the times at which they are meant.
    fn people(&self, party: &Party) -> BTreeMap<String, Vec<(Instant, Instant)>> {
        let mut people: BTreeMap<String, Vec<(Instant, Instant)>> = BTreeMap::new();
        match party {
            Party::Schedule(id) => {
                let shifts = self.roster.schedules.get(id).map(|one| one.shifts(self.now, self.until));
                for shift in shifts.unwrap_or_default() {
                    people.entry(shift.person).or_default().push((shift.start, shift.end));
                }
                people.retain(|person, _| self.roster.people.contains_key(person));
            }
            Party::Person(_) | Party::Fallback => {
                let all = self.roster.resolve(party, self.now).into_iter();
                people.extend(all.map(|person| (person, vec![(self.now, self.until)])));
            }
        }
        people
    }

    /// The channels of a person's contacts in turn, those that the roster has. The inbox, which
    /// everybody has, counts where it is listed: only who lists it is taken to look there.
    fn channels(&self, person: &str) -> Vec<&'a str> {
        let contacts = self.roster.people.get(person).map(|person| person.contacts.as_slice()).unwrap_or_default();
        let channels = contacts.iter().map(|contact| contact.channel.as_str());
        channels.filter(|channel| *channel == policy::INBOX || self.roster.channels.contains_key(*channel)).collect()
    }

    fn context(&self, now: Instant) -> Context<'a> {
        Context { now, policy: self.policy, roster: self.roster }
    }

    /// An incident of a class and severity, as the core opens it at an instant.
    fn open(&self, class: &str, rank: Rank, at: Instant) -> Option<Decided> {
        let ctx = self.context(at);
        let declaration = Declaration {
            title: "What if".to_owned(),
            class: class.to_owned(),
            severity: Some(self.policy.severity_name(rank).to_owned()),
            service: None,
            impact_started_at: None,
        };
        declare(&declaration, &ctx).ok().map(|declared| declared.open(1, &ctx))
    }

    /// The stretches of the year between which nobody of these parties changes.
    fn stretches(&self, parties: &[Party]) -> Vec<(Instant, Instant)> {
        let schedules: BTreeSet<&Party> = parties.iter().filter(|party| matches!(party, Party::Schedule(_))).collect();
        let times = schedules.into_iter().flat_map(|party| self.people(party).into_values()).flatten();
        let mut edges: BTreeSet<Instant> = times.flat_map(|(start, end)| [start, end]).collect();
        edges.extend([self.now, self.until]);
        edges.iter().zip(edges.iter().skip(1)).map(|(start, end)| (*start, *end)).collect()
    }

    /// Who is behind parties at an instant, each once.
    fn resolve(&self, parties: &[Party], at: Instant) -> Vec<String> {
        let mut people: Vec<String> = Vec::new();
        for person in parties.iter().flat_map(|party| self.roster.resolve(party, at)) {
            if !people.contains(&person) {
                people.push(person);
            }
        }
        people
    }

    /// Everybody who may hold a role of a class: its owners, then their backups.
    fn holders(&self, class: &str, role: Role) -> Vec<Party> {
        let rule = self.policy.role(class, role).unwrap_or_default();
        rule.owner.into_iter().chain(rule.backup).collect()
    }

    fn class_name(&self, class: &'a str) -> &'a str {
        self.policy.class(class).map(|class| class.name.as_str()).filter(|name| !name.is_empty()).unwrap_or(class)
    }
}

/// A guarantee from its witnesses: refuted by one, not decided by one, else proven.
fn guarantee(id: &'static str, title: &'static str, examined: String, mut witnesses: Vec<Witness>) -> Guarantee {
    let verdict = witnesses.iter().map(|witness| witness.verdict).max().unwrap_or(Verdict::Proven);
    witnesses.sort_by_key(|witness| std::cmp::Reverse(witness.verdict));
    let further = witnesses.len().saturating_sub(MAX_WITNESSES);
    witnesses.truncate(MAX_WITNESSES);
    Guarantee { id, title, verdict, examined, witnesses, further }
}

/// Such as `3 rules`.
fn counted(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}
