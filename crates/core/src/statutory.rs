//! Statutory notices: started by recorded facts, kept by submitted notices, moved only by an
//! earlier fact or a corrected one. Severity and pauses are nothing to them.
//!
//! The rows and their arithmetic are the policy's.

use calendar::{Duration, Instant};
use policy::statutory::{self, Start, StartingFact, StatutoryClock};
use problem::Problem;

use crate::clock::{Clock, ClockKind, Ending};
use crate::draft::Draft;
use crate::event::{Act, Event, Fact, RetimeCause, Retimed};

/// Why a clock from awareness ended without a notice.
pub(crate) const LAPSED: &str = "not classified in that time; it counts from the classification";

impl Draft<'_> {
    /// A fact was recorded: what it starts runs from the instant that it is about.
    pub(crate) fn fact_starts(&mut self, fact: Fact, at: Instant) {
        let Some(fact) = starting(fact) else { return };
        self.start_statutory(&Start::Fact(fact), at);
        if fact == StartingFact::ClassifiedAt {
            self.revive_lapsed();
        }
    }

    /// The classification turns out to be early enough: what had lapsed was owed after all.
    fn revive_lapsed(&mut self) {
        for statute in self.statutory_clocks() {
            let kind = ClockKind::Statutory(statute.id.clone());
            let last = self.state.clocks.iter().rfind(|clock| clock.id.kind == kind).cloned();
            if let Some(clock) = last.filter(|clock| has_lapsed(clock) && !self.classified_after(clock)) {
                self.begin_statutory(statute, clock.started_at, kind);
            }
        }
    }

    /// A notice was submitted: its clocks are kept, and what follows it runs from then on.
    pub(crate) fn notice_submitted(&mut self, notice: &str, act: Act, note: String) {
        let at = act.at;
        self.emit(Event::NoticeSubmitted { notice: notice.to_owned(), act, note });
        for clock in self.statutory_clocks().into_iter().filter(|clock| clock.is_kept_by(notice)) {
            self.keep_statutory(clock, at);
        }
        self.start_statutory(&Start::After(notice.to_owned()), at);
    }

    /// A fact was corrected: what hangs on it is timed anew. What was missed meanwhile stays on
    /// record as corrected, and its next cycle counts.
    pub(crate) fn correct_statutory(&mut self, fact: Fact, by: &str, reason: &str) {
        for statute in self.statutory_clocks() {
            let Some(from) = self.starts_at(statute) else { continue };
            let kind = ClockKind::Statutory(statute.id.clone());
            let last = self.state.clocks.iter().rfind(|clock| clock.id.kind == kind).cloned();
            let Some(old) = last.filter(|old| self.hangs_on(fact, statute, old)) else { continue };
            // Let go in time is let go, whatever the date.
            let is_waived = matches!(old.ending, Some(Ending::Waived { .. }));
            if old.breached_at.is_some() {
                let ending = Ending::Corrected { by: by.to_owned(), reason: reason.to_owned() };
                self.end_corrected(old, ending);
                self.begin_statutory(statute, from, kind);
            } else if has_lapsed(&old) {
                let new = self.statutory_clock(statute, from, kind.clone());
                if !self.lapses(&new) {
                    self.begin_statutory(statute, from, kind);
                }
            } else if !is_waived {
                let clock = Clock { id: old.id, ..self.statutory_clock(statute, from, kind) };
                self.emit(Event::ClockRetimed(Box::new(Retimed { clock, cause: RetimeCause::Corrected })));
                self.keep_submitted(statute);
            }
        }
    }

    /// From when a clock runs, by what is on record.
    fn starts_at(&self, statute: &StatutoryClock) -> Option<Instant> {
        let act = match statute.starts.as_ref()? {
            Start::Fact(start) => self.state.facts.iter().find(|(fact, _)| starting(**fact) == Some(*start))?.1,
            Start::After(notice) => self.state.notices.get(notice)?,
        };
        Some(act.at)
    }

    /// Whether a clock is another one by what is on record now: it starts or is kept at another
    /// instant, or lapses where it did not.
    fn hangs_on(&self, fact: Fact, statute: &StatutoryClock, clock: &Clock) -> bool {
        let submitted = self.state.notices.get(&statute.notice).map(|act| act.at);
        let lapse_may_differ = has_lapsed(clock) || (clock.breached_at.is_some() && self.lapses(clock));
        self.starts_at(statute) != Some(clock.started_at)
            || (clock.met_at.is_some() && clock.met_at != submitted)
            || (fact == Fact::ClassifiedAt && lapse_may_differ)
    }

    fn end_corrected(&mut self, clock: Clock, ending: Ending) {
        let id = clock.id.clone();
        // A clock ends once: one that had ended runs on before it ends otherwise.
        if !clock.is_open() {
            let clock = Clock { met_at: None, ending: None, ..clock };
            self.emit(Event::ClockRetimed(Box::new(Retimed { clock, cause: RetimeCause::Corrected })));
        }
        self.emit(Event::ClockEnded { clock: id, ending });
    }

    /// The name of the notice that keeps a clock of this class, given that name or a clock's own.
    pub(crate) fn notice(&self, name: Option<&str>) -> Result<&'static str, Problem> {
        let clocks = self.statutory_clocks();
        let found = clocks.iter().find(|clock| name.is_some_and(|name| clock.is_kept_by(name)));
        found.map(|clock| clock.notice.as_str()).ok_or_else(|| {
            let mut known: Vec<&str> = clocks.iter().map(|clock| clock.notice.as_str()).collect();
            known.dedup();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            let given = name.map_or("missing".to_owned(), |name| format!("`{}`", shortened(name)));
            let detail = format!("`notice` is {given}; the notices of `{}` are {known}", self.state.class);
            Problem::new(&problem::NOTICE_UNKNOWN, detail)
        })
    }

    /// Whether this class has to give notice of anything.
    pub(crate) fn has_notices(&self) -> bool {
        self.ctx.policy.class(&self.state.class).is_some_and(|class| !class.statutory.is_empty())
    }

    /// Whether a clock that has run out from awareness does not count: its notice is also due from
    /// a classification, and there was none in that time (Delegated Regulation 2025/301 art. 5(2):
    /// classified later, only the time from the classification counts).
    pub(crate) fn lapses(&self, clock: &Clock) -> bool {
        let ClockKind::Statutory(id) = &clock.id.kind else { return false };
        let clocks = self.statutory_clocks();
        let Some(own) = clocks.iter().find(|statute| statute.id == *id) else { return false };
        let classified = Some(Start::Fact(StartingFact::ClassifiedAt));
        own.starts == Some(Start::Fact(StartingFact::AwareAt))
            && clocks.iter().any(|other| other.notice == own.notice && other.starts == classified)
            && self.classified_after(clock)
    }

    /// Whether nothing was classified while the clock ran.
    fn classified_after(&self, clock: &Clock) -> bool {
        let end = clock.started_at + clock.target;
        self.state.facts.get(&Fact::ClassifiedAt).is_none_or(|act| act.at > end)
    }

    fn statutory_clocks(&self) -> Vec<&'static StatutoryClock> {
        let class = self.ctx.policy.class(&self.state.class);
        let ids = class.map(|class| class.statutory.as_slice()).unwrap_or_default();
        ids.iter().filter_map(|id| statutory::find(id)).collect()
    }

    fn start_statutory(&mut self, start: &Start, at: Instant) {
        let started = |clock: &&StatutoryClock| clock.starts.as_ref() == Some(start);
        for clock in self.statutory_clocks().into_iter().filter(started) {
            self.run_statutory(clock, at);
        }
    }

    fn run_statutory(&mut self, statute: &StatutoryClock, from: Instant) {
        let kind = ClockKind::Statutory(statute.id.clone());
        let running = self.state.clocks.iter().rfind(|clock| clock.id.kind == kind).cloned();
        match running {
            None => self.begin_statutory(statute, from, kind),
            // Known earlier than was thought: it was due earlier. What was missed stays missed.
            Some(old) if old.is_open() && old.breached_at.is_none() && from < old.started_at => {
                let new = self.statutory_clock(statute, from, kind);
                let clock = Clock { id: old.id, ..new };
                self.emit(Event::ClockRetimed(Box::new(Retimed { clock, cause: RetimeCause::Backdated })));
            }
            Some(_) => {}
        }
    }

    fn begin_statutory(&mut self, statute: &StatutoryClock, from: Instant, kind: ClockKind) {
        let clock = self.statutory_clock(statute, from, kind);
        self.emit(Event::ClockStarted(Box::new(clock)));
        self.keep_submitted(statute);
    }

    /// Keeps a clock whose notice was submitted already.
    fn keep_submitted(&mut self, statute: &StatutoryClock) {
        let submitted = self.state.notices.get(&statute.notice).map(|act| act.at);
        if let Some(at) = submitted {
            self.keep_statutory(statute, at);
        }
    }

    /// Elapsed time, without grace: the law gives none.
    fn statutory_clock(&self, statute: &StatutoryClock, from: Instant, kind: ClockKind) -> Clock {
        let place = self.ctx.policy.statutory_calendar.as_deref().map(|name| self.ctx.calendar(name));
        let deadline = statute.due(from, place);
        let length = deadline.strict.map_or(Duration::ZERO, |strict| strict.since(from));
        let mut clock = self.new_clock(kind, length, policy::ALWAYS, from);
        clock.latest_at = deadline.latest;
        if deadline.strict.is_none() {
            // The law names no time: it runs until the notice is submitted, and is never missed.
            clock.due_at = None;
            clock.warnings.clear();
        }
        clock
    }

    fn keep_statutory(&mut self, statute: &StatutoryClock, at: Instant) {
        let kind = ClockKind::Statutory(statute.id.clone());
        let Some(open) = self.state.open_clocks(&kind).next().cloned() else { return };
        // Awareness that was recorded only after a late notice: nothing has fallen due yet, but it was missed.
        if let Some(due_at) = open.due_at.filter(|due| *due < at && open.breached_at.is_none()) {
            self.emit(Event::ClockBreached { clock: open.id.clone(), due_at });
        }
        self.emit(Event::ClockMet { clock: open.id, at });
    }
}

fn has_lapsed(clock: &Clock) -> bool {
    matches!(&clock.ending, Some(Ending::Cancelled { reason }) if reason == LAPSED)
}

fn starting(fact: Fact) -> Option<StartingFact> {
    match fact {
        Fact::AwareAt => Some(StartingFact::AwareAt),
        Fact::ConfirmedAt => Some(StartingFact::ConfirmedAt),
        Fact::ClassifiedAt => Some(StartingFact::ClassifiedAt),
        Fact::SubmittedAt => None,
    }
}

fn shortened(name: &str) -> String {
    /// Of a name that nobody knows, so much is shown.
    const MAX_SHOWN_CHARS: usize = 40;
    name.chars().take(MAX_SHOWN_CHARS).collect()
}
