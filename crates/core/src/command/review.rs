//! The review was held: cause and action are on record, and the incident closes.

use problem::Problem;

use crate::clock::ClockKind;
use crate::draft::Draft;
use crate::event::{Actor, Event};

pub(super) fn review(draft: &mut Draft<'_>, by: &Actor, cause: &str, action: &str) -> Result<(), Problem> {
    let act = draft.act(by)?;
    let cause = super::text("cause", cause)?;
    let action = super::text("action", action)?;
    if draft.state.resolved_at.is_none() {
        return Err(draft.stage("it is not resolved yet".to_owned()));
    }
    draft.emit(Event::Reviewed { act, cause, action });
    draft.meet(&ClockKind::Review);
    Ok(())
}
