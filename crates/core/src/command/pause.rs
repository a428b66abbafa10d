//! Work stands still and goes on. People who wait to hear are not paused, nor is paging.

use problem::Problem;

use crate::draft::Draft;
use crate::event::{Actor, Event, RetimeCause};

pub(super) fn pause(draft: &mut Draft<'_>, by: &Actor, reason: &str) -> Result<(), Problem> {
    draft.act(by)?;
    draft.must_be_open()?;
    let reason = super::text("reason", reason)?;
    if draft.state.paused.is_some() {
        return Err(draft.stage("it is paused already".to_owned()));
    }
    draft.emit(Event::Paused { reason });
    draft.pause_clocks(RetimeCause::Pause);
    Ok(())
}

pub(super) fn unpause(draft: &mut Draft<'_>, by: &Actor) -> Result<(), Problem> {
    draft.act(by)?;
    if draft.state.paused.is_none() {
        return Err(draft.stage("it is not paused".to_owned()));
    }
    draft.emit(Event::Unpaused);
    draft.pause_clocks(RetimeCause::Unpause);
    Ok(())
}
