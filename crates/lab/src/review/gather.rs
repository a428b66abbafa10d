//! Puts the histories of incidents together to one review.

use calendar::{Duration, Instant};
use policy::model::Role;
use wcore::clock::{Clock, ClockKind, Ending};
use wcore::event::Entry;

use crate::words;

use super::history::{Breach, History, Reviewed, Turn};
use super::{
    BrokenGlass, Counts, EARLIER_WEEKS, FalsePage, Finding, Miss, NeverClosed, OpenValidation, Outcome, Question,
    Review, Trend, answers, tally,
};

/// Where nobody holds a role.
const NOBODY: &str = "nobody";

/// After so long without anybody's hand an incident counts as abandoned, and so does an owed review.
const ABANDONED_AFTER: Duration = Duration::from_hours(7 * 24);

/// A cause that begins with one of these says that the page was false.
const FALSE_CAUSES: [&str; 3] = ["false page", "false alarm", "false positive"];

/// From an instant, until before another.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) from: Instant,
    pub(super) until: Instant,
}

impl Span {
    pub(super) fn contains(self, at: Instant) -> bool {
        self.from <= at && at < self.until
    }
}

/// A review in the making.
pub(super) struct Gather<'a> {
    question: Question<'a>,
    this: Span,
    histories: Vec<History>,
}

impl<'a> Gather<'a> {
    pub(super) fn new(question: Question<'a>) -> Gather<'a> {
        let Question { week, zone, .. } = question;
        let this = Span { from: week.starts_at(zone), until: week.ends_at(zone) };
        Gather { question, this, histories: Vec::new() }
    }

    pub(super) fn take(&mut self, entries: &[Entry]) {
        self.histories.extend(History::follow(entries, self.question.now));
    }

    pub(super) fn finish(mut self) -> Review {
        self.histories.sort_by_key(|history| history.state.no);
        let mut misses: Vec<Miss> = self.histories.iter().flat_map(|history| self.misses(history)).collect();
        misses.sort_by(|a, b| (a.due_at, a.incident, &a.clock).cmp(&(b.due_at, b.incident, &b.clock)));
        let opened = self.histories.iter().filter(|history| self.this.contains(history.state.opened_at));
        Review {
            week: self.question.week,
            zone: self.question.zone.name().to_owned(),
            from: self.this.from,
            until: self.this.until,
            now: self.question.now,
            trend: self.trend(),
            by_clock: tally(&misses, |miss| &miss.kind),
            by_class: tally(&misses, |miss| &miss.class),
            by_owner: tally(&misses, |miss| &miss.owner),
            misses,
            false_pages: opened.clone().filter_map(|history| self.false_page(history)).collect(),
            broken_glass: self.histories.iter().flat_map(|history| self.broken_glass(history)).collect(),
            open_validations: self.histories.iter().filter_map(|history| self.open_validation(history)).collect(),
            after_hours: answers::after_hours(&self.question, opened),
            actions: self.histories.iter().flat_map(|history| self.actions(history)).collect(),
            never_closed: self.histories.iter().filter_map(|history| self.never_closed(history)).collect(),
            findings: self.histories.iter().flat_map(|history| self.findings(history)).collect(),
            thresholds: None,
            head: None,
        }
    }

    fn trend(&self) -> Trend {
        let Question { week, zone, .. } = self.question;
        let weeks = std::iter::successors(Some(week.previous()), |week| Some(week.previous()));
        let spans = weeks.map(|week| Span { from: week.starts_at(zone), until: week.ends_at(zone) });
        let earlier: Vec<Counts> = spans.take(EARLIER_WEEKS).map(|span| self.counts(span)).collect();
        Trend { this: self.counts(self.this), before: earlier.first().cloned().unwrap_or_default(), earlier }
    }

    fn counts(&self, span: Span) -> Counts {
        let opened: Vec<&History> =
            self.histories.iter().filter(|history| span.contains(history.state.opened_at)).collect();
        let by_severity = self.question.policy.severities.iter().map(|severity| {
            let count = opened.iter().filter(|history| history.state.severity == severity.rank).count();
            (severity.rank, severity.name.clone(), count)
        });
        let turns = self.histories.iter().flat_map(|history| &history.turns);
        let breaches = self.histories.iter().flat_map(History::counted_breaches);
        Counts {
            by_severity: by_severity.collect(),
            open_at_end: self.histories.iter().filter(|history| history.is_open_before(span.until)).count(),
            reopened: turns.filter(|turn| matches!(turn, Turn::Reopened { at } if span.contains(*at))).count(),
            misses: breaches.filter(|breach| span.contains(breach.due_at)).count(),
            false_pages: opened.iter().filter(|history| why_false(history).is_some()).count(),
            opened: opened.len(),
        }
    }

    fn misses<'h>(&'h self, history: &'h History) -> impl Iterator<Item = Miss> + 'h {
        let due_now = history.breaches.iter().filter(|breach| self.this.contains(breach.due_at));
        due_now.filter_map(|breach| {
            let clock = history.state.clock(&breach.clock)?;
            let (outcome, over) = self.outcome(history, breach, clock);
            Some(Miss {
                incident: history.state.no,
                class: self.class(history),
                severity: self.question.policy.severity_name(history.state.severity).to_owned(),
                clock: breach.clock.to_string(),
                kind: breach.clock.kind.to_string(),
                words: words::clock(&breach.clock.kind),
                cycle: breach.clock.cycle,
                owner: self.person(breach.owner.as_deref()),
                due_at: breach.due_at,
                over,
                outcome,
            })
        })
    }

    fn outcome(&self, history: &History, breach: &Breach, clock: &Clock) -> (Outcome, Duration) {
        let over = |at: Instant| at.since(breach.due_at).max(Duration::ZERO);
        let let_go = |why: String| {
            let at = history.ended.get(&breach.clock).copied().unwrap_or(self.question.now);
            (Outcome::LetGo { why }, over(at))
        };
        match &clock.ending {
            None => (Outcome::StillOpen, over(self.question.now)),
            Some(Ending::Met) => (Outcome::MetLate, over(clock.met_at.unwrap_or(self.question.now))),
            Some(Ending::Cancelled { reason }) => let_go(format!("cancelled: {reason}")),
            Some(Ending::Waived { by, reason }) => let_go(format!("waived by {}: {reason}", self.person(Some(by)))),
            Some(Ending::Corrected { by, reason }) => {
                let why = format!("corrected by {}: {reason}", self.person(Some(by)));
                let at = history.ended.get(&breach.clock).copied().unwrap_or(self.question.now);
                (Outcome::Corrected { why }, over(at))
            }
            Some(Ending::Superseded { by }) => let_go(format!("superseded by {by}")),
        }
    }

    fn false_page(&self, history: &History) -> Option<FalsePage> {
        Some(FalsePage {
            incident: history.state.no,
            class: self.class(history),
            trigger: history.state.trigger.clone()?,
            opened_at: history.state.opened_at,
            why: why_false(history)?,
        })
    }

    fn broken_glass<'h>(&'h self, history: &'h History) -> impl Iterator<Item = BrokenGlass> + 'h {
        let broken = history.broken_glass.iter().filter(|(at, ..)| self.this.contains(*at));
        broken.map(|(at, by, confirmed_by, reason)| BrokenGlass {
            incident: history.state.no,
            class: self.class(history),
            at: *at,
            by: self.person(Some(by)),
            confirmed_by: self.person(Some(confirmed_by)),
            reason: reason.clone(),
        })
    }

    /// Open ones as of now, of incidents that had opened by the week's end.
    fn open_validation(&self, history: &History) -> Option<OpenValidation> {
        let state = &history.state;
        let (fix, _) = state.mitigated.as_ref().filter(|_| state.status().is_open() && !state.is_validated())?;
        if state.opened_at >= self.this.until {
            return None;
        }
        let due_at = state.open_clocks(&ClockKind::Validate).find_map(|clock| clock.due_at);
        Some(OpenValidation {
            incident: state.no,
            class: self.class(history),
            severity: self.question.policy.severity_name(state.severity).to_owned(),
            owner: self.person(history.holder(ClockKind::Validate.accountable()).as_deref()),
            mitigated_at: fix.at,
            due_at,
            overdue: due_at.is_some_and(|due| due < self.question.now),
        })
    }

    fn findings<'h>(&'h self, history: &'h History) -> impl Iterator<Item = Finding> + 'h {
        let recorded = history.findings.iter().filter(|found| self.this.contains(found.at));
        recorded.map(|found| self.finding(history, found))
    }

    /// What was decided before this week and is not done, or was done in it.
    fn actions<'h>(&'h self, history: &'h History) -> impl Iterator<Item = Finding> + 'h {
        let earlier = history.findings.iter().filter(|found| found.at < self.this.from);
        let told = |found: &&Reviewed| found.done.as_ref().is_none_or(|(at, _)| *at >= self.this.from);
        earlier.filter(told).map(|found| self.finding(history, found))
    }

    fn finding(&self, history: &History, found: &Reviewed) -> Finding {
        let ended = found.done.as_ref().map_or(self.question.now, |(at, _)| *at);
        Finding {
            incident: history.state.no,
            class: self.class(history),
            by: self.person(Some(&found.by)),
            cause: found.cause.clone(),
            action: found.action.clone(),
            owner: self.person(Some(&found.owner)),
            decided_at: found.at,
            due_at: found.due_at,
            done: found.done.clone(),
            overdue: found.due_at.is_some_and(|due| due < ended),
        }
    }

    /// Incidents as of now that had opened by the week's end.
    fn never_closed(&self, history: &History) -> Option<NeverClosed> {
        let state = &history.state;
        let since = match state.resolved_at {
            None => history.touched_at,
            // One that promises no review waits for nobody.
            Some(at) => state.open_clocks(&ClockKind::Review).next().map(|_| at)?,
        };
        if state.opened_at >= self.this.until || self.question.now.since(since) < ABANDONED_AFTER {
            return None;
        }
        let why = if state.resolved_at.is_some() { "its review" } else { "somebody who goes on" };
        Some(NeverClosed {
            incident: state.no,
            class: self.class(history),
            severity: self.question.policy.severity_name(state.severity).to_owned(),
            owner: self.person(history.holder(Role::Commander).as_deref()),
            opened_at: state.opened_at,
            touched_at: history.touched_at,
            why: why.to_owned(),
        })
    }

    fn class(&self, history: &History) -> String {
        let id = &history.state.class;
        self.question.policy.class(id).map_or(id, |class| &class.name).clone()
    }

    fn person(&self, id: Option<&str>) -> String {
        let id = id.unwrap_or(NOBODY);
        self.question.roster.people.get(id).map_or(id, |person| &person.name).to_owned()
    }
}

/// By which half of the rule a page was false.
fn why_false(history: &History) -> Option<String> {
    if history.state.trigger.is_none() || !history.paged {
        return None;
    }
    if history.state.acknowledged.is_none() && history.is_cleared() {
        return Some("its alerts ended before anyone acknowledged".to_owned());
    }
    let cause = &history.findings.last()?.cause;
    let begins = |with: &str| cause.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    let says_so = FALSE_CAUSES.iter().any(|with| begins(with));
    (says_so && history.state.reviewed.is_some()).then(|| format!("reviewed: {cause}"))
}
