//! Which clocks an incident has, and how they are timed, kept and missed.
//!
//! Communication windows are in `notices`, pages in `escalation`.

use calendar::{Calendar, Duration, Instant, Intervals};
use policy::model::{Length, Precondition, Rank, Role, Target, Targets, Window};

use crate::clock::{Clock, ClockId, ClockKind, Ending, Warning};
use crate::draft::{Draft, share};
use crate::event::{Event, Fact, PageReason, RetimeCause, Retimed};
use crate::roles::or_fallback;
use crate::statutory::LAPSED;

/// Time that a raised severity leaves where its target is already past.
pub const GRACE: Duration = Duration::from_mins(10);

/// A warning given longer than this after its instant is told to be late: the program was down, or
/// the clock was started or tightened when that share of its time had passed.
const WARNED_LATE_AFTER: Duration = Duration::from_mins(1);

/// Missed slots of one cadence recorded at once after downtime; the rest follow with the next tick.
const MAX_SLOTS: usize = 1_000;

impl Draft<'_> {
    /// Starts what runs from the opening.
    pub(crate) fn start_response_clocks(&mut self) {
        let targets = self.targets();
        let from = self.state.opened_at;
        for (kind, target) in response_targets(&targets) {
            self.start(kind, &target, from, None);
        }
        for (audience, window) in &targets.updates {
            self.start_window(audience, window, from);
        }
    }

    /// Starts a clock of that kind, in its next cycle.
    pub(crate) fn start(&mut self, kind: ClockKind, target: &Target, from: Instant, only_if: Option<Precondition>) {
        let calendar = self.ctx.calendar(&target.calendar);
        let length = length(calendar, target.length, from);
        self.start_length(kind, length, &target.calendar, from, only_if);
    }

    /// Starts a clock of a known length of open time.
    pub(crate) fn start_length(
        &mut self,
        kind: ClockKind,
        target: Duration,
        calendar: &str,
        from: Instant,
        only_if: Option<Precondition>,
    ) {
        let mut clock = self.new_clock(kind, target, calendar, from);
        clock.only_if = only_if;
        self.grant_grace(&mut clock, None);
        self.emit(Event::ClockStarted(Box::new(clock)));
    }

    /// Starts a clock whose deadline may be past already, without grace.
    pub(crate) fn start_overdue(&mut self, kind: ClockKind, target: Duration, calendar: &str, from: Instant) {
        let clock = self.new_clock(kind, target, calendar, from);
        self.emit(Event::ClockStarted(Box::new(clock)));
    }

    pub(crate) fn new_clock(&self, kind: ClockKind, target: Duration, calendar: &str, from: Instant) -> Clock {
        let mut pauses = Intervals::new();
        if kind.pausable() {
            self.state.pauses.iter().filter(|(_, end)| *end > from).for_each(|(start, end)| pauses.add(start, end));
        }
        let mut clock = Clock {
            id: ClockId { cycle: self.state.next_cycle(&kind), kind },
            target,
            calendar: calendar.to_owned(),
            started_at: from,
            grace: Duration::ZERO,
            due_at: None,
            latest_at: None,
            warnings: Vec::new(),
            only_if: None,
            born_late: false,
            pauses,
            met_at: None,
            breached_at: None,
            ending: None,
        };
        self.time(&mut clock);
        clock
    }

    /// Sets a clock's deadline and warnings from its start, target and pauses.
    fn time(&self, clock: &mut Clock) {
        let calendar = self.ctx.calendar(&clock.calendar);
        clock.due_at = due(calendar, clock.started_at, clock.target + clock.grace, &clock.pauses);
        let fired: Vec<(u8, Instant)> =
            clock.warnings.iter().filter_map(|w| w.fired_at.map(|at| (w.percent, at))).collect();
        clock.warnings = self
            .ctx
            .policy
            .warn_at_percent
            .iter()
            .filter_map(|&percent| {
                let at = due(calendar, clock.started_at, share(clock.target, percent), &clock.pauses)?;
                let fired_at = fired.iter().find(|(p, _)| *p == percent).map(|(_, at)| *at);
                Some(Warning { percent, at, fired_at })
            })
            // Grace is too short to be warned of. A clock that stands still keeps what was given.
            .filter(|warning| !clock.born_late && clock.due_at.is_none_or(|due| warning.at < due))
            .collect();
    }

    /// A clock whose target is past when it begins or tightens gets a grace period, in open time
    /// like its target, but never beyond `latest`.
    fn grant_grace(&self, clock: &mut Clock, latest: Option<Instant>) {
        if clock.due_at.is_none_or(|due| due > self.now()) || clock.target <= Duration::ZERO {
            return;
        }
        let calendar = self.ctx.calendar(&clock.calendar);
        clock.born_late = true;
        clock.grace = calendar.used(clock.started_at, self.now(), &clock.pauses) - clock.target + GRACE;
        self.time(clock);
        if let Some(latest) = latest.filter(|latest| clock.due_at > Some(*latest)) {
            clock.grace = calendar.used(clock.started_at, latest, &clock.pauses) - clock.target;
            self.time(clock);
        }
    }

    /// Fulfils every open clock of that kind, now.
    pub(crate) fn meet(&mut self, kind: &ClockKind) {
        let ids: Vec<ClockId> = self.state.open_clocks(kind).map(|clock| clock.id.clone()).collect();
        for clock in ids {
            self.emit(Event::ClockMet { clock, at: self.now() });
        }
    }

    /// Ends every open clock of that kind because it no longer applies.
    pub(crate) fn cancel(&mut self, kind: &ClockKind, reason: &str) {
        let ids: Vec<ClockId> = self.state.open_clocks(kind).map(|clock| clock.id.clone()).collect();
        for clock in ids {
            let ending = Ending::Cancelled { reason: reason.to_owned() };
            self.emit(Event::ClockEnded { clock, ending });
        }
    }

    /// Runs a fulfilled clock on: its fact was withdrawn, and the gap counts as a pause.
    pub(crate) fn resume(&mut self, kind: &ClockKind, cause: RetimeCause) {
        let last = self.state.clocks.iter().rfind(|clock| clock.id.kind == *kind);
        let Some(mut clock) = last.filter(|clock| clock.met_at.is_some()).cloned() else { return };
        if let Some(met_at) = clock.met_at.take() {
            let stands_still = self.state.paused.is_some() && kind.pausable();
            // A pause that it was met in went on without it, and may have ended since.
            clock.pauses.close(met_at);
            clock.pauses.add(met_at, if stands_still { Instant::MAX } else { self.now() });
        }
        clock.ending = None;
        self.retime(clock, cause);
    }

    /// Runs on what a resolution had cancelled and the policy still promises.
    pub(crate) fn resume_cancelled(&mut self, kind: &ClockKind, resolved_at: Instant) {
        let promised = all_targets(&self.targets()).iter().any(|(known, _)| known == kind);
        let last = self.state.clocks.iter().rfind(|clock| clock.id.kind == *kind);
        let cancelled = last.filter(|clock| matches!(clock.ending, Some(Ending::Cancelled { .. })));
        if let (Some(mut clock), true, Some(_)) = (cancelled.cloned(), promised, self.runs_from(kind)) {
            clock.pauses.close(resolved_at);
            clock.pauses.add(resolved_at, self.now());
            clock.ending = None;
            self.retime(clock, RetimeCause::Reopened);
        }
    }

    /// Gives a running clock the deadline that its changed fields lead to.
    pub(crate) fn retime(&mut self, mut clock: Clock, cause: RetimeCause) {
        if clock.breached_at.is_none() {
            self.time(&mut clock);
        }
        self.emit(Event::ClockRetimed(Box::new(Retimed { clock, cause })));
    }

    /// Stops or restarts the clocks of the work.
    pub(crate) fn pause_clocks(&mut self, cause: RetimeCause) {
        let running = |clock: &&Clock| clock.id.kind.pausable() && clock.is_open() && clock.breached_at.is_none();
        let clocks: Vec<Clock> = self.state.clocks.iter().filter(running).cloned().collect();
        for mut clock in clocks {
            if cause == RetimeCause::Pause {
                clock.pauses.add(self.now(), Instant::MAX);
            } else {
                clock.pauses.close(self.now());
            }
            self.retime(clock, cause);
        }
    }

    /// Applies the targets of a new severity. A raised one loosens none.
    pub(crate) fn retarget(&mut self, from: Rank) {
        let targets = self.targets();
        let raised = self.state.severity < from;
        let all = all_targets(&targets);
        for (kind, target) in &all {
            let open = self.state.open_clocks(kind).next().cloned();
            match open {
                Some(clock) if self.follows_severity(&clock, raised) => self.retarget_clock(clock, target, raised),
                None if raised && self.may_be_promised(kind) => {
                    if let Some(from) = self.runs_from(kind) {
                        self.start(kind.clone(), target, from, precondition(&targets, kind));
                    }
                }
                Some(_) | None => {}
            }
        }
        if raised {
            self.start_missing_cadences();
        } else {
            self.cancel_unpromised(&all);
        }
    }

    /// Whether nothing came of a promise of that kind yet: there was none, or a lower severity let it go.
    fn may_be_promised(&self, kind: &ClockKind) -> bool {
        let last = self.state.clocks.iter().rfind(|clock| clock.id.kind == *kind);
        last.is_none_or(|clock| {
            let let_go = matches!(clock.ending, Some(Ending::Cancelled { .. }));
            let_go && clock.breached_at.is_none() && clock.only_if.is_none()
        })
    }

    /// From when a promise that a raised severity adds runs; `None` where it does not: it begins
    /// with something that is still to come, or its fact holds already.
    fn runs_from(&self, kind: &ClockKind) -> Option<Instant> {
        let state = &self.state;
        let fulfilled = match kind {
            ClockKind::Accept(role) => return self.unaccepted_since(*role),
            ClockKind::Update(_) | ClockKind::Closing(_) | ClockKind::Review | ClockKind::Statutory(_) => return None,
            ClockKind::Acknowledge => state.acknowledged.is_some(),
            ClockKind::Confirm => state.facts.contains_key(&Fact::ConfirmedAt),
            ClockKind::Contain => state.contained.is_some() || state.mitigated.is_some(),
            ClockKind::Mitigate => state.mitigated.is_some(),
            ClockKind::Validate => state.is_validated(),
            ClockKind::Resolve => state.resolved_at.is_some(),
            ClockKind::Notify(audience) => self.last_informed(audience).is_some(),
            ClockKind::Decide(audience) => state.informed.contains(audience),
        };
        (!fulfilled).then_some(state.opened_at)
    }

    /// Whether another severity's target may move a clock. What a message promised is never put
    /// off, and once the cadence is over its promise alone counts.
    fn follows_severity(&self, clock: &Clock, raised: bool) -> bool {
        let over = || matches!(&clock.id.kind, ClockKind::Update(audience) if self.is_audience_done(audience));
        clock.breached_at.is_none() && (raised || !self.is_promised(clock)) && !over()
    }

    /// Ends what a lowered severity no longer promises. What a message promised stays.
    fn cancel_unpromised(&mut self, promised: &[(ClockKind, Target)]) {
        let reason = format!("not promised at {}", self.ctx.policy.severity_name(self.state.severity));
        let unpromised = |clock: &&Clock| {
            let kept = matches!(clock.id.kind, ClockKind::Closing(_) | ClockKind::Review | ClockKind::Statutory(_));
            clock.is_open()
                && !kept
                && !self.is_promised(clock)
                && !promised.iter().any(|(kind, _)| *kind == clock.id.kind)
        };
        let kinds: Vec<ClockKind> =
            self.state.clocks.iter().filter(unpromised).map(|clock| clock.id.kind.clone()).collect();
        for kind in kinds {
            self.cancel(&kind, &reason);
        }
    }

    fn retarget_clock(&mut self, old: Clock, target: &Target, raised: bool) {
        let calendar = self.ctx.calendar(&target.calendar);
        let mut clock = old.clone();
        clock.target = length(calendar, target.length, clock.started_at);
        clock.calendar.clone_from(&target.calendar);
        let new_due = due(calendar, clock.started_at, clock.target, &clock.pauses);
        let stricter = match (new_due, old.due_at) {
            (Some(new), Some(old)) => new < old,
            // Both stand still: the shorter length is the stricter one.
            _ => clock.target < old.target,
        };
        if !stricter && (raised || clock.target == old.target) {
            return;
        }
        (clock.born_late, clock.grace) = (false, Duration::ZERO);
        self.time(&mut clock);
        // Grace never makes a deadline later than it was.
        self.grant_grace(&mut clock, old.due_at);
        self.emit(Event::ClockRetimed(Box::new(Retimed { clock, cause: RetimeCause::Severity })));
    }

    /// Gives the warnings and records the misses that have fallen due.
    pub(crate) fn tick_clocks(&mut self) {
        for _ in 0..MAX_SLOTS {
            let now = self.now();
            let due = self.state.clocks.iter().find(|clock| clock.next_due().is_some_and(|at| at <= now));
            let Some(clock) = due.cloned() else { return };
            match clock.due_at {
                Some(due_at) if due_at < now => self.breach(&clock, due_at),
                _ => self.warn(&clock),
            }
        }
    }

    fn warn(&mut self, clock: &Clock) {
        let now = self.now();
        let Some(percent) = clock.warnings.iter().filter(|w| w.at <= now).map(|w| w.percent).max() else { return };
        let late = clock.warnings.iter().any(|w| w.percent == percent && w.at + WARNED_LATE_AFTER < now);
        self.emit(Event::ClockWarned { clock: clock.id.clone(), percent, late });
        // A run of missed slots was paged when it began.
        if clock.id.kind != ClockKind::Acknowledge && !self.is_in_missed_run(&clock.id) {
            let parties = self.answering(clock.id.kind.accountable());
            self.page(PageReason::Warning { clock: clock.id.clone(), percent }, parties);
        }
    }

    fn breach(&mut self, clock: &Clock, due_at: Instant) {
        let kind = &clock.id.kind;
        if self.lapses(clock) {
            let ending = Ending::Cancelled { reason: LAPSED.to_owned() };
            return self.emit(Event::ClockEnded { clock: clock.id.clone(), ending });
        }
        self.emit(Event::ClockBreached { clock: clock.id.clone(), due_at });
        let first_of_run = self.start_missed_cadence(clock, due_at);
        // An unacknowledged incident is paged by its escalation already.
        if *kind != ClockKind::Acknowledge && first_of_run {
            let role = kind.accountable();
            let mut parties = self.answering(role);
            parties.extend(self.backups(role));
            parties.extend(self.answering(Role::Commander));
            self.page(PageReason::Missed { clock: clock.id.clone() }, or_fallback(parties));
        }
    }
}

/// The length of open time that a target means when it starts at `from`.
pub(crate) fn length(calendar: &Calendar, length: Length, from: Instant) -> Duration {
    match length {
        Length::Time(duration) => duration,
        Length::BusinessDays(days) => calendar
            .business_days(from, days)
            .unwrap_or_else(|| Duration::from_hours(24).saturating_mul(i32::try_from(days).unwrap_or(i32::MAX))),
    }
}

/// The deadline, around the clock where the calendar has no open time within its horizon.
pub(crate) fn due(calendar: &Calendar, start: Instant, target: Duration, pauses: &Intervals) -> Option<Instant> {
    let due = calendar.due(start, target, pauses);
    if due.is_none() && !pauses.open_end() { Calendar::always().due(start, target, pauses) } else { due }
}

/// When a target that starts at `from` falls due without pauses; `None` where its calendar has too
/// little open time, and the clock would run around the clock instead.
pub fn deadline(calendar: &Calendar, target: Length, from: Instant) -> Option<Instant> {
    calendar.due(from, length(calendar, target, from), &Intervals::new())
}

/// Targets of the clocks that start at the opening, communication windows apart.
fn response_targets(targets: &Targets) -> Vec<(ClockKind, Target)> {
    let pairs = [
        (ClockKind::Acknowledge, &targets.acknowledge),
        (ClockKind::Confirm, &targets.confirm),
        (ClockKind::Contain, &targets.contain),
        (ClockKind::Mitigate, &targets.mitigate),
        (ClockKind::Validate, &targets.validate),
        (ClockKind::Resolve, &targets.resolve),
    ];
    pairs.into_iter().filter_map(|(kind, target)| Some((kind, target.clone()?))).collect()
}

/// Every target that a severity change may move, windows included.
fn all_targets(targets: &Targets) -> Vec<(ClockKind, Target)> {
    let mut all = response_targets(targets);
    all.extend(Role::ALL.into_iter().filter_map(|role| Some((ClockKind::Accept(role), targets.accept.clone()?))));
    all.extend(targets.review.clone().map(|target| (ClockKind::Review, target)));
    for (audience, window) in &targets.updates {
        match window {
            Window::None => {}
            Window::Decide { within, .. } => all.push((ClockKind::Decide(audience.clone()), within.clone())),
            Window::Notices { first, every, closing, .. } => {
                let kinds = [ClockKind::Notify, ClockKind::Update, ClockKind::Closing];
                for (kind, target) in kinds.into_iter().zip([first, every, closing]) {
                    all.extend(target.clone().map(|target| (kind(audience.clone()), target)));
                }
            }
        }
    }
    all
}

fn precondition(targets: &Targets, kind: &ClockKind) -> Option<Precondition> {
    let ClockKind::Notify(audience) = kind else { return None };
    match targets.updates.get(audience) {
        Some(Window::Notices { only_if, .. }) => *only_if,
        _ => None,
    }
}
