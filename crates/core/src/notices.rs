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
        self.start_by(ClockKind::Update(audience.to_owned()), every.as_ref(), promised);
    }

    /// Starts a clock that is due with its target, or when a message promised it if that is sooner.
    fn start_by(&mut self, kind: ClockKind, target: Option<&Target>, promised: Option<Instant>) {
        let now = self.now();
        let due = target.and_then(|target| self.due_from_now(target));
        match (target, promised.filter(|at| *at > now)) {
            (_, Some(at)) if due.is_none_or(|due| at < due) => {
                self.start_length(kind, at.since(now), policy::ALWAYS, now, None);
            }
            (Some(target), _) => self.start(kind, target, now, None),
            (None, _) => {}
        }
    }

    fn due_from_now(&self, target: &Target) -> Option<Instant> {
        let (calendar, now) = (self.ctx.calendar(&target.calendar), self.now());
        let length = crate::promise::length(calendar, target.length, now);
        crate::promise::due(calendar, now, length, &calendar::Intervals::new())
    }

    /// By when the last message that an audience saw promised the next one.
    fn promised_next(&self, audience: &str) -> Option<Instant> {
        let seen =
            self.state.updates.iter().filter(|update| update.audience == audience && update.visible_at.is_some());
        seen.max_by_key(|update| (update.visible_at, update.no)).and_then(|update| update.next_update_at)
    }

    /// Whether a clock is due when a message promised the next one.
    pub(crate) fn is_promised(&self, clock: &Clock) -> bool {
        let audience = clock.id.kind.audience();
        let mut updates = self.state.updates.iter().filter(|update| audience == Some(update.audience.as_str()));
        updates.any(|update| update.next_update_at.is_some() && update.next_update_at == clock.due_at)
    }

    /// After a missed first notice or slot the cadence goes on. True for the first miss of a run.
    pub(crate) fn start_missed_cadence(&mut self, missed: &Clock, due_at: Instant) -> bool {
        if let ClockKind::Notify(audience) | ClockKind::Update(audience) = &missed.id.kind
            && let Some(Notices { every: Some(every), until, .. }) = self.notices(audience)
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

    /// Whether another notice to its audience was missed and is still owed.
    pub(crate) fn is_in_missed_run(&self, id: &ClockId) -> bool {
        let Some(audience) = notified(&id.kind) else { return false };
        self.state.clocks.iter().any(|clock| {
            let owed = clock.is_open() && clock.breached_at.is_some();
            owed && clock.id != *id && notified(&clock.id.kind) == Some(audience)
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

    /// The cadence ends; what the last message promised stays until the next one is seen, and the
    /// closing notice comes no later than that.
    fn finish_cadence(&mut self, audience: &str) {
        let Some(window) = self.notices(audience) else { return };
        let kind = ClockKind::Update(audience.to_owned());
        let promised = self.promised_next(audience);
        let (kept, over): (Vec<&Clock>, Vec<&Clock>) =
            self.state.open_clocks(&kind).partition(|clock| promised.is_some() && clock.due_at == promised);
        let runs_on = !kept.is_empty();
        for clock in over.into_iter().map(|clock| clock.id.clone()).collect::<Vec<_>>() {
            self.emit(Event::ClockEnded { clock, ending: cancelled("its milestone is reached") });
        }
        if !runs_on {
            self.start_by(kind, None, promised);
        }
        if let Some(closing) = &window.closing {
            self.start_by(ClockKind::Closing(audience.to_owned()), Some(closing), promised);
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
            if let (Some(every), true) = (every, notified) {
                self.restart_cadence(audience, every);
            }
        }
    }

    /// A slot that runs goes on; a promise that comes later gives way to the cadence.
    fn restart_cadence(&mut self, audience: &str, every: &Target) {
        let kind = ClockKind::Update(audience.to_owned());
        let slot = self.due_from_now(every);
        let running = self.state.open_clocks(&kind).filter(|clock| clock.breached_at.is_none());
        let (sooner, later): (Vec<&Clock>, Vec<&Clock>) = running.partition(|clock| clock.due_at <= slot);
        if !sooner.is_empty() {
            return;
        }
        for clock in later.into_iter().map(|clock| clock.id.clone()).collect::<Vec<_>>() {
            self.emit(Event::ClockEnded { clock, ending: cancelled("the cadence began anew") });
        }
        self.start(kind, every, self.now(), None);
    }

    pub(crate) fn is_audience_done(&self, audience: &str) -> bool {
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

/// The audience of a notice.
fn notified(kind: &ClockKind) -> Option<&str> {
    match kind {
        ClockKind::Notify(audience) | ClockKind::Update(audience) | ClockKind::Closing(audience) => Some(audience),
        _ => None,
    }
}

fn cancelled(reason: &str) -> Ending {
    Ending::Cancelled { reason: reason.to_owned() }
}

fn is_done(incident: &Incident, until: Milestone) -> bool {
    incident.resolved_at.is_some() || incident.reached(until)
}
