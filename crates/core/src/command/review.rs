//! The review was held: cause and action are on record, and the incident closes. Later the action
//! is done.

use calendar::Instant;
use problem::Problem;

use crate::clock::ClockKind;
use crate::draft::Draft;
use crate::event::{Actor, Event};

/// What is done about the cause.
pub(super) struct Remedy<'a> {
    pub(super) action: &'a str,
    /// Who does it; whoever holds the review, if absent.
    pub(super) owner: Option<&'a str>,
    pub(super) due_at: Option<Instant>,
}

pub(super) fn review(draft: &mut Draft<'_>, by: &Actor, cause: &str, remedy: &Remedy<'_>) -> Result<(), Problem> {
    let act = draft.act(by)?;
    let cause = super::text("cause", cause)?;
    let action = super::text("action", remedy.action)?;
    if draft.state.resolved_at.is_none() {
        return Err(draft.stage("it is not resolved yet".to_owned()));
    }
    if let Some(owner) = remedy.owner {
        draft.must_be_known(owner)?;
    }
    if let Some(due_at) = remedy.due_at.filter(|due_at| *due_at <= act.at) {
        let detail = format!("`due_at` is {due_at}, not after the journal's {}", act.at);
        return Err(Problem::new(&problem::TIME_INVALID, detail));
    }
    let owner = remedy.owner.map(str::to_owned);
    draft.emit(Event::Reviewed { act, cause, action, owner, due_at: remedy.due_at });
    draft.meet(&ClockKind::Review);
    Ok(())
}

pub(super) fn action_done(draft: &mut Draft<'_>, by: &Actor, note: &str) -> Result<(), Problem> {
    let act = draft.act(by)?;
    let note = super::text("note", note)?;
    if draft.state.reviewed.is_none() {
        return Err(draft.stage("no review has decided on an action yet".to_owned()));
    }
    if let Some(done) = &draft.state.action_done {
        return Err(draft.stage(format!("{} recorded at {} that it is done", done.by, done.at)));
    }
    draft.emit(Event::ActionDone { act, note });
    Ok(())
}
