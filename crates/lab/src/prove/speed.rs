//! Speed: where a channel is dead, somebody is still tried on a second one before the first response
//! is due. When which step is paged, the core says: an incident is opened and left alone.

use std::collections::BTreeSet;

use calendar::Duration;
use policy::model::{Length, Party, Rank};
use wcore::Incident;
use wcore::escalation::NEXT_CONTACT_AFTER;
use wcore::event::{Event, PageReason};

use super::{Case, Guarantee, Witness, counted, guarantee};
use crate::words;

/// Most times that an incident which nobody answers is woken: more than any escalation has steps.
const MAX_WAKES: usize = 500;

/// A step that is paged when no page of those before it gave a receipt.
struct Paged {
    step: u32,
    after: Duration,
    parties: Vec<Party>,
}

/// When the first person was tried on two channels, at worst; or who has only one.
enum Tried {
    After(Duration, u32),
    Never(Vec<String>),
}

/// Somebody is tried on two independent channels before the first response is due.
pub(super) fn two_channels(case: &Case<'_>) -> Guarantee {
    let mut known: BTreeSet<String> = BTreeSet::new();
    let mut witnesses = Vec::new();
    for (class, rank) in &case.openings {
        let targets = case.policy.targets(class, *rank);
        let Some(acknowledge) = &targets.acknowledge else { continue };
        // Business days are longer than any escalation.
        let Length::Time(limit) = acknowledge.length else { continue };
        let escalation = case.policy.class(class).and_then(|class| class.escalation.as_deref());
        if !known.insert(format!("{escalation:?} {rank} {limit} {:?}", targets.escalate_after)) {
            continue;
        }
        let name = case.policy.severity_name(*rank);
        let promise = format!("{name} promises a first response within {}", words::length(acknowledge.length));
        match tried(case, &pages(case, class, *rank, limit)) {
            Tried::After(after, _) if after < limit => {}
            Tried::After(after, step) => witnesses.push(Witness::against(format!(
                "{promise}; where a channel is dead, the second channel is tried after {}, at step {}.",
                words::time_words(after),
                step + 1
            ))),
            Tried::Never(people) => {
                let verb = if people.len() == 1 { "has" } else { "have" };
                let people = if people.is_empty() { "the escalation's people".to_owned() } else { people.join(", ") };
                witnesses.push(Witness::against(format!(
                    "{promise}; where a channel is dead, nobody is surely reached by then: {people} {verb} one channel only."
                )));
            }
        }
    }
    witnesses.sort_by(|one, other| one.text.cmp(&other.text));
    witnesses.dedup();
    let examined = format!("{} with their severities and targets", counted(known.len(), "escalation"));
    guarantee(
        "two-channels-in-time",
        "Somebody is tried on two independent channels before the first response is due",
        examined,
        witnesses,
    )
}

/// The steps that the core pages until the limit, if no page has a receipt and nobody acts.
fn pages(case: &Case<'_>, class: &str, rank: Rank, limit: Duration) -> Vec<Paged> {
    let mut paged: Vec<Paged> = Vec::new();
    let Some((mut state, mut events)) = opened(case, class, rank) else { return paged };
    let mut now = case.now;
    for _ in 0..MAX_WAKES {
        for event in &events {
            let Event::PageRequested(page) = event else { continue };
            let PageReason::Escalation { step, .. } = page.reason else { continue };
            if paged.iter().all(|known| known.step != step) {
                paged.push(Paged { step, after: now.since(case.now), parties: page.parties.clone() });
            }
        }
        let escalation = &state.escalation;
        let next = escalation.next.map(|(_, _, at)| at).into_iter().chain(escalation.receipt_due).min();
        match next.filter(|due| due.since(case.now) <= limit) {
            Some(due) => now = now.max(due),
            None => break,
        }
        let decided = wcore::tick(&state, &case.context(now));
        (state, events) = (decided.state, decided.events);
    }
    paged
}

/// An incident of a class and severity, opened at the start of the year by the core.
fn opened(case: &Case<'_>, class: &str, rank: Rank) -> Option<(Incident, Vec<Event>)> {
    let decided = case.open(class, rank, case.now)?;
    Some((decided.state, decided.events))
}

/// The earliest of the worst cases of all parties paged: whoever is on call, the slowest counts.
fn tried(case: &Case<'_>, paged: &[Paged]) -> Tried {
    let mut single: Vec<String> = Vec::new();
    let mut best: Option<(Duration, u32)> = None;
    for Paged { step, after, parties } in paged {
        for party in parties {
            let people: Vec<String> = case.people(party).into_keys().collect();
            let delays: Vec<Option<Duration>> = people.iter().map(|person| second_channel(case, person)).collect();
            let slow =
                people.iter().zip(&delays).filter(|(_, delay)| delay.is_none()).map(|(person, _)| person.clone());
            single.extend(slow.filter(|person| !single.contains(person)).collect::<Vec<_>>());
            // Of a schedule one person is called, of the fallback all.
            let delay = match party {
                Party::Fallback => delays.iter().flatten().min().copied(),
                _ => delays.iter().copied().collect::<Option<Vec<_>>>().and_then(|all| all.into_iter().max()),
            };
            let tried = delay.map(|delay| (*after + delay, *step));
            best = best.into_iter().chain(tried).min();
        }
    }
    best.map_or(Tried::Never(single), |(after, step)| Tried::After(after, step))
}

/// How long after a page a person was tried on two channels, if the first gives no receipt. The inbox
/// has every page at once.
fn second_channel(case: &Case<'_>, person: &str) -> Option<Duration> {
    let channels = case.channels(person);
    let inbox = channels.contains(&policy::INBOX).then_some((Duration::ZERO, policy::INBOX));
    let others = channels.into_iter().filter(|channel| *channel != policy::INBOX);
    let waits = (0..).map(|before| NEXT_CONTACT_AFTER.saturating_mul(before));
    let mut tried = inbox.into_iter().chain(waits.zip(others));
    let (_, first) = tried.next()?;
    tried.find(|(_, channel)| *channel != first).map(|(after, _)| after)
}
