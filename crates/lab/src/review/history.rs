//! What a review needs of one incident beyond its state: who answered when, and what ended when.

use std::collections::BTreeMap;

use calendar::Instant;
use policy::model::Role;
use wcore::Incident;
use wcore::clock::{ClockId, Ending};
use wcore::event::{Actor, Entry, Event, PageReason};

/// One incident up to an instant.
pub(super) struct History {
    /// Its state then.
    pub(super) state: Incident,
    /// Deadlines that passed, with the holder of the role that answers for each.
    pub(super) breaches: Vec<Breach>,
    /// When clocks ended otherwise than by being met.
    pub(super) ended: BTreeMap<ClockId, Instant>,
    /// Its resolutions and reopenings, in order.
    pub(super) turns: Vec<Turn>,
    /// Resolutions without proof: when, who asked, who confirmed, why.
    pub(super) broken_glass: Vec<(Instant, String, String, String)>,
    /// Reviews recorded, in order.
    pub(super) findings: Vec<Reviewed>,
    /// When a person last did something.
    pub(super) touched_at: Instant,
    /// Somebody was paged about it.
    pub(super) paged: bool,
}

/// A deadline that passed.
pub(super) struct Breach {
    pub(super) clock: ClockId,
    pub(super) due_at: Instant,
    /// The person who held the role; `None`: nobody did.
    pub(super) owner: Option<String>,
}

/// A review that was recorded.
pub(super) struct Reviewed {
    pub(super) at: Instant,
    pub(super) by: String,
    pub(super) cause: String,
    pub(super) action: String,
    /// Who does it.
    pub(super) owner: String,
    pub(super) due_at: Option<Instant>,
    /// When it was done, and what came of it.
    pub(super) done: Option<(Instant, String)>,
}

/// It was resolved, or came back.
pub(super) enum Turn {
    Resolved { at: Instant },
    Reopened { at: Instant },
}

impl Turn {
    fn at(&self) -> Instant {
        match self {
            Turn::Resolved { at } | Turn::Reopened { at } => *at,
        }
    }
}

impl History {
    /// Follows an incident up to `now`; `None` where it had not opened by then.
    pub(super) fn follow(entries: &[Entry], now: Instant) -> Option<History> {
        let mut history: Option<History> = None;
        for entry in entries.iter().filter(|entry| entry.at <= now) {
            for event in &entry.events {
                match (&mut history, event) {
                    (None, Event::Opened(opened)) => history = Some(History::begin(Incident::open(opened, entry.at))),
                    (None, _) => return None,
                    (Some(history), event) => history.see(entry, event),
                }
            }
        }
        history
    }

    fn begin(state: Incident) -> History {
        let touched_at = state.opened_at;
        History {
            state,
            breaches: Vec::new(),
            ended: BTreeMap::new(),
            turns: Vec::new(),
            broken_glass: Vec::new(),
            findings: Vec::new(),
            touched_at,
            paged: false,
        }
    }

    fn see(&mut self, entry: &Entry, event: &Event) {
        if matches!(entry.by, Actor::Person(_)) {
            self.touched_at = entry.at;
        }
        match event {
            Event::ClockBreached { clock, due_at } => {
                let owner = self.holder(clock.kind.accountable());
                self.breaches.push(Breach { clock: clock.clone(), due_at: *due_at, owner });
            }
            Event::ClockEnded { clock, .. } => {
                self.ended.insert(clock.clone(), entry.at);
            }
            Event::Resolved { .. } => self.turns.push(Turn::Resolved { at: entry.at }),
            Event::BrokenGlass { by, confirmed_by, reason } => {
                self.broken_glass.push((entry.at, by.clone(), confirmed_by.clone(), reason.clone()));
            }
            Event::Reopened { .. } => self.turns.push(Turn::Reopened { at: entry.at }),
            Event::Reviewed { act, cause, action, owner, due_at } => self.findings.push(Reviewed {
                at: entry.at,
                by: act.by.clone(),
                cause: cause.clone(),
                action: action.clone(),
                owner: owner.clone().unwrap_or_else(|| act.by.clone()),
                due_at: *due_at,
                done: None,
            }),
            Event::ActionDone { note, .. } => {
                if let Some(last) = self.findings.last_mut() {
                    last.done = Some((entry.at, note.clone()));
                }
            }
            Event::PageRequested(page) => {
                self.paged |= matches!(page.reason, PageReason::Escalation { .. });
            }
            _ => {}
        }
        self.state.evolve(event, entry.at);
    }

    /// The person who holds a role now.
    pub(super) fn holder(&self, role: Role) -> Option<String> {
        self.state.roles.get(&role).map(|holder| holder.person.clone())
    }

    /// Deadlines that passed and were not missed by mistake.
    pub(super) fn counted_breaches(&self) -> impl Iterator<Item = &Breach> {
        self.breaches.iter().filter(|breach| {
            let clock = self.state.clock(&breach.clock);
            !clock.is_some_and(|clock| matches!(clock.ending, Some(Ending::Corrected { .. })))
        })
    }

    /// It had alerts, and all of them have ended.
    pub(super) fn is_cleared(&self) -> bool {
        !self.state.sources.alerts.is_empty() && self.state.firing() == 0
    }

    /// Whether it had opened and was not resolved just before an instant.
    pub(super) fn is_open_before(&self, at: Instant) -> bool {
        let last = self.turns.iter().rfind(|turn| turn.at() < at);
        self.state.opened_at < at && !matches!(last, Some(Turn::Resolved { .. }))
    }
}
