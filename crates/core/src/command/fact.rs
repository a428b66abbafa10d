//! Dated statements. A confirmation keeps its clock.

use calendar::Instant;
use problem::Problem;

use crate::clock::ClockKind;
use crate::draft::Draft;
use crate::event::{Act, Actor, Event, Fact};

pub(super) fn record(
    draft: &mut Draft<'_>,
    by: &Actor,
    fact: Fact,
    at: Option<Instant>,
    note: &str,
) -> Result<(), Problem> {
    let act = draft.act(by)?;
    let note = super::text("note", note)?;
    let at = at.unwrap_or(act.at);
    if at > draft.now() + super::MAX_AHEAD {
        let detail = format!("`at` is {at}, after the journal's {}", draft.now());
        return Err(Problem::new(&problem::TIME_INVALID, detail));
    }
    draft.emit(Event::FactRecorded { fact, act: Act { by: act.by, at }, note });
    if fact == Fact::ConfirmedAt {
        draft.meet(&ClockKind::Confirm);
    }
    Ok(())
}
