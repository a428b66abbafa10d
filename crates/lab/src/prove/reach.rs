//! Reach: at every instant of the year at which a clock can run, every step that serves it reaches
//! somebody who has a contact. Exact over the intervals of the schedules, nothing is sampled.

use std::collections::{BTreeMap, BTreeSet};

use calendar::{Instant, Intervals, Zone};
use policy::model::{Party, Rank, Step, Target};

use super::{Case, Guarantee, Witness, counted, guarantee, say};
use crate::words;

type Period = (Instant, Instant);

/// Every step of every escalation that an incident may use has somebody with a contact.
pub(super) fn covered(case: &Case<'_>) -> Guarantee {
    let mut used: BTreeMap<&str, BTreeSet<(Rank, &str)>> = BTreeMap::new();
    for (class, rank) in &case.openings {
        let own = case.policy.class(class).and_then(|class| class.escalation.as_deref());
        used.entry(own.unwrap_or("default")).or_default().insert((*rank, class));
    }
    let mut witnesses = Vec::new();
    let mut steps = 0;
    for (name, openings) in used {
        for (index, step) in case.policy.escalation.get(name).into_iter().flatten().enumerate() {
            steps += 1;
            let gaps = gaps(case, step);
            // The most severe first: of several severities it is the one that is told.
            let found = openings.iter().find_map(|(rank, class)| {
                let hit = during(case, &gaps, case.policy.targets(class, *rank).acknowledge.as_ref());
                (!hit.is_empty()).then_some((*rank, hit))
            });
            if let Some((rank, gaps)) = found {
                witnesses.push(witness(case, (name, index, step), rank, &gaps));
            }
        }
    }
    let examined = format!("{} of paging, every instant of twelve months", counted(steps, "step"));
    guarantee(
        "always-reachable",
        "Every paging step reaches somebody with a contact, at every instant of the year",
        examined,
        witnesses,
    )
}

/// When nobody of a step can be reached.
fn gaps(case: &Case<'_>, step: &Step) -> Vec<Period> {
    let mut reached = Intervals::new();
    for party in &step.page {
        for (person, times) in case.people(party) {
            if !case.channels(&person).is_empty() {
                times.into_iter().for_each(|(start, end)| reached.add(start, end));
            }
        }
    }
    let mut gaps = Vec::new();
    let mut from = case.now;
    for (start, end) in reached.iter() {
        gaps.push((from, start));
        from = end;
    }
    gaps.push((from, case.until));
    gaps.retain(|(start, end)| start < end);
    gaps
}

/// Those parts of the gaps in which the clock runs; without a target somebody is to come at any time.
fn during(case: &Case<'_>, gaps: &[Period], target: Option<&Target>) -> Vec<Period> {
    let calendar = target.and_then(|target| case.roster.calendar(&target.calendar));
    let Some(calendar) = calendar.filter(|calendar| !calendar.is_always()) else { return gaps.to_vec() };
    let open = calendar.open_periods_after(case.now).take_while(|(start, _)| *start < case.until);
    let cut = open.flat_map(|(open, close)| gaps.iter().map(move |(start, end)| (open.max(*start), close.min(*end))));
    cut.filter(|(start, end)| start < end).collect()
}

fn witness(case: &Case<'_>, (name, index, step): (&str, usize, &Step), rank: Rank, gaps: &[Period]) -> Witness {
    let severity = case.policy.severity_name(rank);
    let of = if name == "default" { String::new() } else { format!(" of the escalation “{name}”") };
    let step_words = format!("{severity} at step {}{of}", index + 1);
    let parties: Vec<String> = step.page.iter().map(words::party).collect();
    let Some(first) = gaps.first().filter(|gap| **gap != (case.now, case.until)) else {
        let text =
            format!("Nobody is reachable for {step_words} at any time: {} has no contact.", parties.join(" and "));
        return Witness::against(text);
    };
    let more = match gaps.len() - 1 {
        0 => String::new(),
        1 => " It happens once more within the year.".to_owned(),
        more => format!(" It happens {more} more times within the year."),
    };
    let when = say::stretch(*first, &case.zone_of_parties(&step.page));
    let text =
        format!("{} nobody is reachable for {step_words} ({}).{more}", words::capitalised(&when), parties.join(", "));
    Witness::during(text, *first)
}

impl Case<'_> {
    /// The zone of the first target on a calendar that has one.
    pub(super) fn zone_of(&self, targets: &[&Target]) -> Zone {
        let calendars = targets.iter().filter_map(|target| self.roster.calendars.get(&target.calendar));
        zone(calendars.map(calendar::Calendar::time_zone))
    }

    /// The zone in which people read the time: that of the first schedule
    /// among the parties, else of the roster.
    pub(super) fn zone_of_parties(&self, parties: &[Party]) -> Zone {
        let zones = parties.iter().filter_map(|party| match party {
            Party::Schedule(id) => self.roster.schedules.get(id).map(|schedule| schedule.time_zone()),
            Party::Person(_) | Party::Fallback => None,
        });
        zone(zones.chain(self.roster.schedules.values().map(calendar::Schedule::time_zone)))
    }
}

fn zone<'a>(mut names: impl Iterator<Item = &'a str>) -> Zone {
    let known = names.find_map(|name| Zone::new(name).ok());
    known.unwrap_or_else(|| Zone::new("UTC").expect("the bundled tz database has UTC"))
}
