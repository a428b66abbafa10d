//! Dated statements: they keep the confirmation's clock, and start and keep statutory ones.

use calendar::Instant;
use problem::Problem;

use crate::clock::ClockKind;
use crate::draft::Draft;
use crate::event::{Act, Actor, Event, Fact};

/// What a person states.
pub(super) struct Stated<'a> {
    pub(super) fact: Fact,
    /// The instant that it is about; now if absent.
    pub(super) at: Option<Instant>,
    pub(super) note: &'a str,
    /// The notice that was submitted.
    pub(super) notice: Option<&'a str>,
}

pub(super) fn record(draft: &mut Draft<'_>, by: &Actor, stated: &Stated<'_>) -> Result<(), Problem> {
    let act = draft.act(by)?;
    let note = super::text("note", stated.note)?;
    let at = stated.at.unwrap_or(act.at);
    if at > draft.now() + super::MAX_AHEAD {
        let detail = format!("`at` is {at}, after the journal's {}", draft.now());
        return Err(Problem::new(&problem::TIME_INVALID, detail));
    }
    let act = Act { by: act.by, at };
    match (stated.fact, stated.notice) {
        // A submission that names no notice would keep no clock, and nobody would see it.
        (Fact::SubmittedAt, notice) if notice.is_some() || draft.has_notices() => {
            let notice = draft.notice(notice)?;
            draft.notice_submitted(notice, act, note);
        }
        (_, Some(_)) => {
            let detail = "only `submitted_at` is about a `notice`";
            return Err(Problem::new(&problem::NOTICE_UNKNOWN, detail));
        }
        (fact, None) => {
            draft.emit(Event::FactRecorded { fact, act, note });
            if fact == Fact::ConfirmedAt {
                draft.meet(&ClockKind::Confirm);
            }
            draft.fact_starts(fact, at);
        }
    }
    Ok(())
}
