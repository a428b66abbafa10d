//! From the journal to what is public.
//!
//! Everything that is not clearly public is left out: an audience that the policy no longer shows
//! on the status page hides what it was told.

use std::collections::{BTreeMap, BTreeSet};

use calendar::Instant;
use engine::View;
use journal::IncidentFilter;
use policy::model::Policy;
use problem::Problem;
use wcore::event::{self, Event};

use super::board::{Board, Component, Impact, Incident, Phase, State, Update};
use super::ids::Salt;

/// The surface of an audience that reads the status page.
const SURFACE: &str = "status-page";
/// Open incidents that are looked through.
const OPEN_MAX: u32 = 1_000;
/// Closed incidents that are looked through for public ones: about a year of a busy team.
const CLOSED_MAX: u32 = 500;
/// Incidents shown, as Statuspage has it.
const SHOWN_MAX: usize = 50;
/// Longest name of an incident, in characters: one or two lines.
const NAME_MAX: usize = 110;

/// What stays the same from one reading to the next.
pub(crate) struct Source<'a> {
    /// The policy in force.
    pub(crate) policy: &'a Policy,
    /// What ids are made with.
    pub(crate) salt: &'a Salt,
    /// Where the page is.
    pub(crate) url: &'a str,
}

/// What is public now.
pub(crate) fn board(view: &View, source: &Source<'_>) -> Result<Board, Problem> {
    let mut incidents = Vec::new();
    for (open, limit) in [(true, OPEN_MAX), (false, CLOSED_MAX)] {
        let filter = IncidentFilter { open: Some(open), restricted: Some(false), ..IncidentFilter::default() };
        for incident in view.incidents(&filter, limit)? {
            if incidents.len() == SHOWN_MAX && !open {
                break;
            }
            incidents.extend(public(view, source, &incident)?);
        }
    }
    incidents.sort_by(|a: &Incident, b| b.created_at.cmp(&a.created_at).then_with(|| a.id.cmp(&b.id)));
    let components = components(source, &incidents);
    let changes = incidents.iter().map(|incident| incident.updated_at);
    Ok(Board {
        organization: source.policy.organization.clone(),
        id: source.salt.id("page", ""),
        url: source.url.to_owned(),
        updated_at: changes.fold(source.salt.created_at, Instant::max),
        components,
        incidents,
    })
}

/// Whether an update can be read on the status page.
fn is_public(policy: &Policy, update: &event::Update) -> bool {
    let audience = policy.audiences.get(&update.audience);
    update.visible_at.is_some() && audience.is_some_and(|audience| audience.surface.as_deref() == Some(SURFACE))
}

/// An incident as strangers may see it, if they may.
fn public(view: &View, source: &Source<'_>, incident: &wcore::Incident) -> Result<Option<Incident>, Problem> {
    let class = source.policy.class(&incident.class);
    if incident.restricted || class.is_some_and(|class| class.restricted) {
        return Ok(None);
    }
    let told: Vec<&event::Update> = incident.updates.iter().filter(|u| is_public(source.policy, u)).collect();
    let Some(first) = told.first() else { return Ok(None) };
    let phases = phases(view, incident.no)?;
    let id = source.salt.id("incident", &incident.no.to_string());
    let id_of = |no: u32| source.salt.id("update", &format!("{}-{no}", incident.no));
    let place = |update: &event::Update| (id_of(update.no), shown_at(update));
    let mut updates: Vec<Update> = told
        .iter()
        .map(|update| Update {
            id: id_of(update.no),
            phase: phases.get(&update.no).copied().unwrap_or(Phase::Investigating),
            text: readable(&update.text),
            at: shown_at(update),
            next_update_at: update.next_update_at,
            corrects: told.iter().find(|other| update.corrects == Some(other.no)).map(|other| place(other)),
            corrected: correction_of(&told, update).map(place),
        })
        .collect();
    updates.sort_by_key(|update| update.at);
    let created_at = shown_at(first);
    let phase = Phase::of(incident.status());
    let watched_at = incident.mitigated.as_ref().map(|(act, _)| act.at.max(created_at));
    let ended_at = incident.resolved_at.map(|at| at.max(created_at));
    let last = updates.last().map_or(created_at, |update| update.at);
    let component = source.policy.services.get(&incident.service).and_then(|service| service.component.clone());
    updates.reverse();
    Ok(Some(Incident {
        // What was put right names it no longer.
        name: name(component.as_deref(), &readable(&correction_of(&told, first).unwrap_or(first).text)),
        id,
        phase,
        impact: Impact::of(incident.severity),
        component,
        created_at,
        updated_at: [watched_at, ended_at].into_iter().flatten().fold(last, Instant::max),
        monitoring_at: watched_at.filter(|_| phase >= Phase::Monitoring),
        resolved_at: ended_at,
        updates,
    }))
}

/// The latest update that puts that one right.
fn correction_of<'a>(told: &[&'a event::Update], update: &event::Update) -> Option<&'a event::Update> {
    told.iter().copied().filter(|other| other.corrects == Some(update.no)).max_by_key(|other| other.no)
}

fn shown_at(update: &event::Update) -> Instant {
    update.visible_at.unwrap_or(update.published_at)
}

/// How far the incident was when each update became visible.
fn phases(view: &View, no: u64) -> Result<BTreeMap<u32, Phase>, Problem> {
    let mut phases = BTreeMap::new();
    let mut state: Option<wcore::Incident> = None;
    for stored in view.timeline(no)? {
        let entry = &stored.entry;
        match &mut state {
            Some(incident) => entry.events.iter().for_each(|event| incident.evolve(event, entry.at)),
            None => state = wcore::Incident::fold([entry]),
        }
        let shown = entry.events.iter().filter_map(|event| match event {
            Event::UpdateVisible { update, .. } => Some(*update),
            _ => None,
        });
        let now = state.as_ref().map_or(Phase::Investigating, |incident| Phase::of(incident.status()));
        phases.extend(shown.map(|update| (update, now)));
    }
    Ok(phases)
}

/// Every component that the policy names, with the worst of its incidents.
fn components(source: &Source<'_>, incidents: &[Incident]) -> Vec<Component> {
    let names: BTreeSet<&String> = source.policy.services.values().filter_map(|s| s.component.as_ref()).collect();
    names
        .into_iter()
        .map(|name| {
            let own = || incidents.iter().filter(|incident| incident.component.as_ref() == Some(name));
            Component {
                id: source.salt.id("component", name),
                name: name.clone(),
                state: own().map(State::under).max().unwrap_or(State::Operational),
                created_at: source.salt.created_at,
                updated_at: own().map(|incident| incident.updated_at).fold(source.salt.created_at, Instant::max),
            }
        })
        .collect()
}

/// The component, and the first sentence of what customers were told first.
fn name(component: Option<&str>, text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let end = [". ", "! ", "? "].iter().filter_map(|stop| line.find(stop)).min();
    let sentence = end.map_or(line, |at| &line[..at]).trim_end_matches('.');
    let whole = match component {
        Some(component) => format!("{component}: {sentence}"),
        None => sentence.to_owned(),
    };
    if whole.chars().count() <= NAME_MAX {
        return whole;
    }
    let cut: String = whole.chars().take(NAME_MAX).collect();
    let at_word = cut.rfind(' ').unwrap_or(cut.len());
    format!("{}…", cut[..at_word].trim_end())
}

/// Without control characters, which no format of the page can carry, and without those that make
/// a line read in another order than it is written.
fn readable(text: &str) -> String {
    let reorders = |c: char| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    text.chars().filter(|c| !reorders(*c) && (!c.is_control() || *c == '\n')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_where_and_what() {
        let long = "word ".repeat(40);
        for (component, text, wanted) in [
            (Some("Chat"), "Answers may be wrong. We are on it.", "Chat: Answers may be wrong".to_owned()),
            (
                Some("Chat"),
                "Answers may be wrong.\n\nWorkaround: ask a person.",
                "Chat: Answers may be wrong".to_owned(),
            ),
            (None, "\n  Version 1.2 is slow", "Version 1.2 is slow".to_owned()),
            (None, "Wrong prices? Call us.", "Wrong prices".to_owned()),
            (None, &long, format!("{}…", "word ".repeat(22).trim_end())),
        ] {
            assert_eq!(name(component, text), wanted);
        }
    }
}
