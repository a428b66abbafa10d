//! The weekly review: what was missed, by which promise, kind of incident and person.
//!
//! A fold over the journal's entries, as of an instant. It judges nobody: the rules by which
//! something counts are constants that are shown with their results.

mod answers;
mod gather;
mod history;

use std::collections::BTreeMap;

use calendar::{Duration, Instant, Zone};
use policy::model::{Policy, Rank, Roster};
use wcore::event::Entry;

use crate::tighten::Thresholds;
use crate::week::Week;
use gather::Gather;

/// When a page counts as false.
pub const FALSE_PAGE: &str = "A trigger paged somebody, and either its alerts ended before anyone acknowledged, \
     or the review recorded a cause that begins with \"false page\", \"false alarm\" or \"false positive\".";

/// When an incident counts as abandoned or never closed.
pub const NEVER_CLOSED: &str = "Nobody has touched it for seven days while it was open, \
     or it is resolved and its review is seven days or more behind.";

/// What is after hours.
pub const AFTER_HOURS: &str = "Opened outside Monday to Friday, 09:00 to 18:00 local time.";

/// What to review, and as of when.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Which week.
    pub week: Week,
    /// Whose Mondays and office hours.
    pub zone: &'a Zone,
    /// Nothing later counts.
    pub now: Instant,
    /// Names of classes and severities.
    pub policy: &'a Policy,
    /// Names of people.
    pub roster: &'a Roster,
}

/// One week, as of an instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Review {
    /// Which week.
    pub week: Week,
    /// Name of the zone of its Mondays.
    pub zone: String,
    /// Its first instant.
    pub from: Instant,
    /// The first instant after it.
    pub until: Instant,
    /// Nothing later was counted.
    pub now: Instant,
    /// Counts, with those of the weeks before.
    pub trend: Trend,
    /// Deadlines of this week that passed, in order.
    pub misses: Vec<Miss>,
    /// The same by promise, the most first.
    pub by_clock: Vec<Tally>,
    /// The same by kind of incident.
    pub by_class: Vec<Tally>,
    /// The same by who answered for it.
    pub by_owner: Vec<Tally>,
    /// Incidents of this week that should have paged nobody.
    pub false_pages: Vec<FalsePage>,
    /// Resolutions of this week without proof, by two people.
    pub broken_glass: Vec<BrokenGlass>,
    /// Fixes that nobody has proven yet.
    pub open_validations: Vec<OpenValidation>,
    /// How fast people answered after hours.
    pub after_hours: AfterHours,
    /// What earlier reviews decided: what is not done yet, and what has been done since.
    pub actions: Vec<Finding>,
    /// What the reviews of this week recorded.
    pub findings: Vec<Finding>,
    /// Incidents that nobody brings to an end.
    pub never_closed: Vec<NeverClosed>,
    /// What tighter numbers would have caught; added by who has the signals.
    pub thresholds: Option<Thresholds>,
    /// Position and hash of the journal's head, by which a rewritten history shows; added by who
    /// has the journal.
    pub head: Option<(u64, String)>,
}

/// Counts of this week and of the week before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trend {
    /// This week's.
    pub this: Counts,
    /// The week before's.
    pub before: Counts,
    /// Those of the weeks before, the latest first, beginning with the week before.
    pub earlier: Vec<Counts>,
}

/// Weeks before the reviewed one that its trend is held against.
pub const EARLIER_WEEKS: usize = 4;

/// What happened in one week.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Incidents opened.
    pub opened: usize,
    /// The same by severity, the most severe first: rank, name and how many.
    pub by_severity: Vec<(Rank, String, usize)>,
    /// Incidents opened by its end and unresolved then.
    pub open_at_end: usize,
    /// Incidents that came back.
    pub reopened: usize,
    /// Deadlines that passed.
    pub misses: usize,
    /// Incidents that should have paged nobody.
    pub false_pages: usize,
}

/// A deadline that passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    /// Number of the incident.
    pub incident: u64,
    /// Name of its class.
    pub class: String,
    /// Name of its severity now.
    pub severity: String,
    /// The clock's name, such as `update:customers#3`.
    pub clock: String,
    /// What it promises, such as `update:customers`.
    pub kind: String,
    /// The same in words, such as `Update customers`.
    pub words: String,
    /// Which one of those it is: 1 for the first.
    pub cycle: u32,
    /// Who answered for it then.
    pub owner: String,
    /// The deadline.
    pub due_at: Instant,
    /// How long after it the promise was kept or let go; so far, where it still runs.
    pub over: Duration,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a promise after its deadline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Kept late.
    MetLate,
    /// Still owed.
    StillOpen,
    /// It ran by mistake: the fact that it hung on was corrected. It is shown, and not counted.
    Corrected {
        /// By whom and why.
        why: String,
    },
    /// Let go.
    LetGo {
        /// How and why.
        why: String,
    },
}

/// Misses that have something in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// What.
    pub name: String,
    /// How many.
    pub misses: usize,
    /// How many of them are still owed.
    pub still_open: usize,
    /// The sum of their times over.
    pub over: Duration,
    /// The longest.
    pub longest: Duration,
}

/// An incident that should have paged nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FalsePage {
    /// Its number.
    pub incident: u64,
    /// Name of its class.
    pub class: String,
    /// The trigger that raised it.
    pub trigger: String,
    /// When it opened.
    pub opened_at: Instant,
    /// By which half of the rule.
    pub why: String,
}

/// A resolution without proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenGlass {
    /// Number of the incident.
    pub incident: u64,
    /// Name of its class.
    pub class: String,
    /// When.
    pub at: Instant,
    /// Who asked for it.
    pub by: String,
    /// Who confirmed it.
    pub confirmed_by: String,
    /// Why there was no time for proof.
    pub reason: String,
}

/// A fix that nobody has proven yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenValidation {
    /// Number of the incident.
    pub incident: u64,
    /// Name of its class.
    pub class: String,
    /// Name of its severity.
    pub severity: String,
    /// Who is to prove it.
    pub owner: String,
    /// When it was mitigated.
    pub mitigated_at: Instant,
    /// By when proof is due, where that is promised.
    pub due_at: Option<Instant>,
    /// That has passed.
    pub overdue: bool,
}

/// How fast people answered after hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AfterHours {
    /// Each incident.
    pub answers: Vec<LateAnswer>,
    /// Half of those answered were answered within this.
    pub median: Option<Duration>,
    /// All of those answered were.
    pub longest: Option<Duration>,
}

/// An incident opened after hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateAnswer {
    /// Its number.
    pub incident: u64,
    /// Name of its severity.
    pub severity: String,
    /// When it opened.
    pub opened_at: Instant,
    /// Who acknowledged it, and how long after; `None`: nobody.
    pub answered: Option<(String, Duration)>,
}

/// What a review recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Number of the incident.
    pub incident: u64,
    /// Name of its class.
    pub class: String,
    /// Who recorded it.
    pub by: String,
    /// What caused it.
    pub cause: String,
    /// What is done about it.
    pub action: String,
    /// Who does it.
    pub owner: String,
    /// When it was decided.
    pub decided_at: Instant,
    /// Until when, where that was said.
    pub due_at: Option<Instant>,
    /// When it was done, and what came of it.
    pub done: Option<(Instant, String)>,
    /// It should have been done by then.
    pub overdue: bool,
}

/// An incident that nobody brings to an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeverClosed {
    /// Its number.
    pub incident: u64,
    /// Name of its class.
    pub class: String,
    /// Name of its severity.
    pub severity: String,
    /// Who leads it.
    pub owner: String,
    /// When it opened.
    pub opened_at: Instant,
    /// When somebody last did something about it.
    pub touched_at: Instant,
    /// What is missing: a person's hand, or the review.
    pub why: String,
}

/// The zone of the calendar that the policy reviews on; UTC where there is none.
pub fn review_zone(policy: &Policy, roster: &Roster) -> Zone {
    let named = policy.review.as_ref().and_then(|review| roster.calendar(&review.calendar));
    let zone = named.and_then(|calendar| Zone::new(calendar.time_zone()).ok());
    zone.unwrap_or_else(|| Zone::new("UTC").expect("UTC is in every tz database"))
}

/// Reviews a week. Each incident comes with everything that happened to it, oldest first; those of
/// the [`EARLIER_WEEKS`] before are needed for the trend. An incident that its reader may not see is left out
/// by the caller.
pub fn review(question: Question<'_>, incidents: impl IntoIterator<Item = (u64, Vec<Entry>)>) -> Review {
    let mut gather = Gather::new(question);
    for (_, entries) in incidents {
        gather.take(&entries);
    }
    gather.finish()
}

/// Tallies of what counts, by what `name` reads off a miss, the most misses first.
fn tally(misses: &[Miss], name: impl Fn(&Miss) -> &str) -> Vec<Tally> {
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    for miss in misses.iter().filter(|miss| !matches!(miss.outcome, Outcome::Corrected { .. })) {
        let none = || Tally {
            name: name(miss).to_owned(),
            misses: 0,
            still_open: 0,
            over: Duration::ZERO,
            longest: Duration::ZERO,
        };
        let tally = tallies.entry(name(miss)).or_insert_with(none);
        tally.misses += 1;
        tally.still_open += usize::from(miss.outcome == Outcome::StillOpen);
        tally.over = tally.over.saturating_add(miss.over);
        tally.longest = tally.longest.max(miss.over);
    }
    let mut tallies: Vec<Tally> = tallies.into_values().collect();
    tallies.sort_by_key(|tally| std::cmp::Reverse(tally.misses));
    tallies
}
