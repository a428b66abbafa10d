//! Communication windows: first notice, cadence until a milestone, closing notice, decisions.
//!
//! A window's clocks are met when an update is visible on the audience's surface, never before.

use calendar::{Duration, Instant};
use policy::model::{Milestone, Precondition, Role, Target, Window};

use crate::clock::{Clock, ClockId, ClockKind, Ending};
use crate::draft::Draft;
use crate::event::Event;
use crate::incident::{Incident, SLOTS_KEPT};

/// The window of one audience, where it asks for notices.
struct Notices {
    first: Option<Target>,
    every: Option<Target>,
    until: Milestone,
    closing: Option<Target>,
    approval: Option<Role>,
    own_approval: Option<bool>,
}

impl Draft<'_> {
    /// Starts what a window asks for at the opening, or from a decision to inform.
    pub(crate) fn start_window(&mut self, audience: &str, window: &Window, from: Instant) {
        match window {
            Window::None => {}
            Window::Decide { within, .. } => self.start(ClockKind::Decide(audience.to_owned()), within, from, None),
            Window::Notices { first: Some(first), only_if, .. } => {
                self.start(ClockKind::Notify(audience.to_owned()), first, from, *only_if);
            }
            // A cadence without a first notice begins with its first slot.
            Window::Notices { first: None, every: Some(every), .. } => {
                self.start(ClockKind::Update(audience.to_owned()), every, from, None);
            }
            Window::Notices { .. } => {}
        }
    }

    /// An update to an audience can be seen: its clocks are met and the next one runs.
    pub(crate) fn audience_informed(&mut self, audience: &str, promised: Option<Instant>) {
        self.meet(&ClockKind::Notify(audience.to_owned()));
        self.meet(&ClockKind::Update(audience.to_owned()));
        let window = self.notices(audience);
        let done = window.as_ref().is_some_and(|w| is_done(&self.state, w.until));
        if done {
            self.meet(&ClockKind::Closing(audience.to_owned()));
        }
        let every = window.and_then(|w| w.every).filter(|_| !done);
        self.start_next_update(audience, every.as_ref(), promised);
    }

    /// The next update is due one cadence on, or when it was promised if that is sooner.
    fn start_next_update(&mut self, audience: &str, every: Option<&Target>, promised: Option<Instant>) {
        let now = self.now();
        let kind = ClockKind::Update(audience.to_owned());
        let promised = promised.filter(|at| *at > now);
        let cadence_due = every.and_then(|target| {
            let calendar = self.ctx.calendar(&target.calendar);
            let length = crate::promise::length(calendar, target.length, now);
            crate::promise::due(calendar, now, length, &calendar::Intervals::new())
        });
        match (every, promised) {
            (_, Some(at)) if cadence_due.is_none_or(|due| at < due) => {
                self.start_length(kind, at.since(now), policy::ALWAYS, now, None);
            }
            (Some(every), _) => self.start(kind, every, now, None),
            (None, _) => {}
        }
    }

    /// After a missed first notice or slot the cadence goes on. True for the first miss of a run.
    pub(crate) fn start_missed_cadence(&mut self, missed: &Clock, due_at: Instant) -> bool {
        let (ClockKind::Notify(audience) | ClockKind::Update(audience)) = &missed.id.kind else { return true };
        if let Some(Notices { every: Some(every), until, .. }) = self.notices(audience)
            && !is_done(&self.state, until)
        {
            self.start_slot(ClockKind::Update(audience.clone()), &every, due_at);
            self.collapse_owed(audience);
        }
        !self.is_in_missed_run(&missed.id)
    }

    /// Of a long run of missed slots the oldest ends: one message is owed, however long it has been.
    fn collapse_owed(&mut self, audience: &str) {
        let kind = ClockKind::Update(audience.to_owned());
        let slots: Vec<&Clock> = self.state.open_clocks(&kind).collect();
        let owed = slots.iter().filter(|clock| clock.breached_at.is_some());
        if owed.clone().count() <= SLOTS_KEPT {
            return;
        }
        let oldest = owed.map(|clock| &clock.id).min().cloned();
        let newest = slots.iter().map(|clock| &clock.id).max().cloned();
        if let (Some(clock), Some(by)) = (oldest, newest) {
            self.emit(Event::ClockEnded { clock, ending: Ending::Superseded { by } });
        }
    }

    /// Whether an earlier notice or slot of its audience was missed and is still owed.
    pub(crate) fn is_in_missed_run(&self, id: &ClockId) -> bool {
        let (ClockKind::Notify(audience) | ClockKind::Update(audience)) = &id.kind else { return false };
        self.state.clocks.iter().any(|clock| {
            clock.id != *id
                && clock.is_open()
                && clock.breached_at.is_some()
                && matches!(&clock.id.kind, ClockKind::Notify(a) | ClockKind::Update(a) if a == audience)
        })
    }

    /// When an audience last saw a message.
    pub(crate) fn last_informed(&self, audience: &str) -> Option<Instant> {
        self.state.updates.iter().filter(|update| update.audience == audience).filter_map(|u| u.visible_at).max()
    }

    /// Audiences that were told before a raised severity promised them a cadence: it runs from then.
    pub(crate) fn start_missing_cadences(&mut self) {
        let audiences: Vec<String> = self.targets().updates.into_keys().collect();
        for audience in audiences {
            let kind = ClockKind::Update(audience.clone());
            let Some(Notices { every: Some(every), until, .. }) = self.notices(&audience) else { continue };
            let running = self.state.open_clocks(&kind).next().is_some();
            if let (false, false, Some(told_at)) = (running, is_done(&self.state, until), self.last_informed(&audience))
            {
                self.start(kind, &every, told_at, None);
            }
        }
    }

    /// A slot that begins where the last one was missed may itself be past: no grace for it.
    fn start_slot(&mut self, kind: ClockKind, every: &Target, from: Instant) {
        let calendar = self.ctx.calendar(&every.calendar);
        let length = crate::promise::length(calendar, every.length, from);
        self.start_overdue(kind, length.max(MIN_CADENCE), &every.calendar, from);
    }

    /// Records a fact that may end cadences, start closing notices and end conditional ones.
    pub(crate) fn emit_milestone(&mut self, event: Event) {
        let audiences: Vec<String> = self.targets().updates.keys().cloned().collect();
        let before: Vec<bool> = audiences.iter().map(|a| self.is_audience_done(a)).collect();
        self.emit(event);
        for (audience, was_done) in audiences.iter().zip(before) {
            if !was_done && self.is_audience_done(audience) {
                self.finish_cadence(audience);
            }
        }
        if self.state.contained.is_some() || self.state.mitigated.is_some() || self.state.resolved_at.is_some() {
            self.cancel_conditional("the impact did not last");
        }
    }

    fn finish_cadence(&mut self, audience: &str) {
        let Some(window) = self.notices(audience) else { return };
        self.cancel(&ClockKind::Update(audience.to_owned()), "its milestone is reached");
        if let Some(closing) = &window.closing {
            self.start(ClockKind::Closing(audience.to_owned()), closing, self.now(), None);
        }
    }

    fn cancel_conditional(&mut self, reason: &str) {
        let conditional = |clock: &&Clock| {
            clock.is_open() && clock.breached_at.is_none() && clock.only_if == Some(Precondition::ImpactSustained)
        };
        let kinds: Vec<ClockKind> =
            self.state.clocks.iter().filter(conditional).map(|clock| clock.id.kind.clone()).collect();
        for kind in kinds {
            self.cancel(&kind, reason);
        }
    }

    /// A withdrawn milestone: closing notices no longer apply and cadences begin anew.
    pub(crate) fn restart_cadences(&mut self) {
        let targets = self.targets();
        for (audience, window) in &targets.updates {
            let Window::Notices { every, until, .. } = window else { continue };
            if is_done(&self.state, *until) {
                continue;
            }
            self.cancel(&ClockKind::Closing(audience.clone()), "the milestone was withdrawn");
            let notified = self.state.open_clocks(&ClockKind::Notify(audience.clone())).next().is_none();
            let running = self.state.open_clocks(&ClockKind::Update(audience.clone())).next().is_some();
            if let (Some(every), true, false) = (every, notified, running) {
                self.start(ClockKind::Update(audience.clone()), every, self.now(), None);
            }
        }
    }

    fn is_audience_done(&self, audience: &str) -> bool {
        self.notices(audience).is_some_and(|window| is_done(&self.state, window.until))
    }

    /// The notices that an audience gets. One that a role decided to inform gets those of the
    /// severity, without the class's refinement.
    fn notices(&self, audience: &str) -> Option<Notices> {
        let window = match self.targets().updates.remove(audience) {
            Some(Window::Decide { .. }) if self.state.informed.contains(audience) => self.severity_window(audience),
            window => window,
        };
        match window {
            Some(Window::Notices { first, every, until, closing, approval, own_approval, .. }) => {
                Some(Notices { first, every, until, closing, approval, own_approval })
            }
            _ => None,
        }
    }

    fn severity_window(&self, audience: &str) -> Option<Window> {
        self.ctx.policy.targets.get(&self.state.severity).and_then(|targets| targets.updates.get(audience)).cloned()
    }

    /// A role decided whether an audience is told.
    pub(crate) fn audience_decided(&mut self, audience: &str, inform: bool, reason: String) {
        self.emit(Event::AudienceDecided { audience: audience.to_owned(), inform, reason });
        self.meet(&ClockKind::Decide(audience.to_owned()));
        let first = self.notices(audience).and_then(|window| window.first);
        if let (true, Some(first)) = (inform, first) {
            self.start(ClockKind::Notify(audience.to_owned()), &first, self.now(), None);
        }
    }

    /// The role whose holder approves messages to an audience, where one does.
    pub(crate) fn approver(&self, audience: &str) -> Option<Role> {
        self.notices(audience).and_then(|window| window.approval)
    }

    /// Whether an author may approve their own words to an audience, where the policy says so.
    pub(crate) fn own_approval(&self, audience: &str) -> Option<bool> {
        let by_window = self.notices(audience).and_then(|window| window.own_approval);
        by_window.or_else(|| self.ctx.policy.audiences.get(audience)?.own_approval)
    }

    /// The role that decides whether an audience is told, where one does.
    pub(crate) fn decider(&self, audience: &str) -> Option<Role> {
        match self.targets().updates.get(audience) {
            Some(Window::Decide { by, .. }) => Some(*by),
            _ => None,
        }
    }
}

/// A cadence never runs faster than this, whatever a document says: each slot costs an event.
const MIN_CADENCE: Duration = Duration::from_secs(1);

fn is_done(incident: &Incident, until: Milestone) -> bool {
    incident.resolved_at.is_some() || incident.reached(until)
}
