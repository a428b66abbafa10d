//! Dated statements: they keep the confirmation's clock, and start and keep statutory ones.
//!
//! One that turns out to be wrong is corrected, and stays on record beside the one that is right.

use calendar::{Duration, Instant};
use problem::Problem;

use crate::clock::ClockKind;
use crate::draft::Draft;
use crate::event::{Act, Actor, Event, Fact};

/// How long before anything was known of an incident a fact may lie without a second look. People
/// hear of it before the program does, by hours or over a holiday; a week before, the usual
/// deadlines of 24 and 72 hours are long past, and a slip in the month or year is more likely.
pub const MAX_FACT_BEFORE: Duration = Duration::from_hours(24 * 7);

/// What a person states.
pub(super) struct Stated<'a> {
    pub(super) fact: Fact,
    /// The instant that it is about; now if absent.
    pub(super) at: Option<Instant>,
    pub(super) note: &'a str,
    /// The notice that was submitted.
    pub(super) notice: Option<&'a str>,
    /// Why the statement on record is wrong.
    pub(super) corrects: Option<&'a str>,
    /// It is meant, though it lies long before the incident.
    pub(super) sure: bool,
}

pub(super) fn state(draft: &mut Draft<'_>, by: &Actor, stated: &Stated<'_>) -> Result<(), Problem> {
    let act = draft.act(by)?;
    let note = super::text("note", stated.note)?;
    let at = draft.fact_instant(stated)?;
    let act = Act { by: act.by, at };
    let notice = draft.stated_notice(stated)?;
    match stated.corrects {
        Some(reason) => {
            let reason = super::text("corrects", reason)?;
            correct(draft, (stated.fact, notice), act, (reason, note))
        }
        None => record(draft, (stated.fact, notice), act, note),
    }
}

/// A fact, and the notice that it is about.
type About = (Fact, Option<&'static str>);

fn record(draft: &mut Draft<'_>, (fact, notice): About, act: Act, note: String) -> Result<(), Problem> {
    // A fact that starts nothing may be stated any number of times.
    let counts = notice.is_some() || fact != Fact::SubmittedAt;
    if let Some(known) = draft.stated((fact, notice)).filter(|known| counts && known.at <= act.at) {
        return Err(draft.unchanged(known, "only an earlier one counts; to put it right, say in `corrects` why"));
    }
    if let Some(notice) = notice {
        draft.notice_submitted(notice, act, note);
        return Ok(());
    }
    let at = act.at;
    draft.emit(Event::FactRecorded { fact, act, note });
    if fact == Fact::ConfirmedAt {
        draft.meet(&ClockKind::Confirm);
    }
    draft.fact_starts(fact, at);
    Ok(())
}

fn correct(
    draft: &mut Draft<'_>,
    (fact, notice): About,
    act: Act,
    (reason, note): (String, String),
) -> Result<(), Problem> {
    let Some(was) = draft.stated((fact, notice)).cloned() else {
        return Err(draft.stage("no such fact is on record; leave `corrects` out to record it".to_owned()));
    };
    if was.at == act.at {
        return Err(draft.unchanged(&was, "the correction says the same"));
    }
    let by = act.by.clone();
    let notice = notice.map(str::to_owned);
    draft.emit(Event::FactCorrected { fact, notice, was, act, reason: reason.clone(), note });
    draft.correct_statutory(fact, &by, &reason);
    Ok(())
}

impl Draft<'_> {
    /// What is on record.
    fn stated(&self, (fact, notice): About) -> Option<&Act> {
        match notice {
            Some(notice) => self.state.notices.get(notice),
            None => self.state.facts.get(&fact),
        }
    }

    fn unchanged(&self, known: &Act, why: &str) -> Problem {
        let detail = format!("INC-{} has {}, recorded by {}; {why}", self.state.no, known.at, known.by);
        Problem::new(&problem::FACT_UNCHANGED, detail)
    }

    /// The instant that a fact is about: not in the future, and not long before the incident by a
    /// slip of the pen.
    fn fact_instant(&self, stated: &Stated<'_>) -> Result<Instant, Problem> {
        let invalid = |detail: String| Err(Problem::new(&problem::TIME_INVALID, detail));
        let now = self.now();
        let at = match stated.at {
            Some(at) => at,
            None if stated.corrects.is_some() => {
                return invalid("a correction needs `at`, the right instant".to_owned());
            }
            None => now,
        };
        if at > now + super::MAX_AHEAD {
            return invalid(format!("`at` is {at}, after the journal's {now}"));
        }
        let known = [Some(self.state.opened_at), self.state.impact_started_at, self.state.sources.span.map(|s| s.0)];
        let known = known.into_iter().flatten().min().unwrap_or(self.state.opened_at);
        if !stated.sure && at < known - MAX_FACT_BEFORE {
            let days = MAX_FACT_BEFORE.as_secs() / 86_400;
            let detail = format!(
                "`at` is {at}, more than {days} days before anything was known of INC-{} ({known}); if that is meant, say `sure`",
                self.state.no
            );
            return invalid(detail);
        }
        Ok(at)
    }

    /// The notice that a submission is about.
    fn stated_notice(&self, stated: &Stated<'_>) -> Result<Option<&'static str>, Problem> {
        match (stated.fact, stated.notice) {
            // A submission that names no notice would keep no clock, and nobody would see it.
            (Fact::SubmittedAt, notice) if notice.is_some() || self.has_notices() => self.notice(notice).map(Some),
            (_, Some(_)) => Err(Problem::new(&problem::NOTICE_UNKNOWN, "only `submitted_at` is about a `notice`")),
            (_, None) => Ok(None),
        }
    }
}
