//! The cause no longer acts. Proof comes with the validation.

use policy::model::Role;
use problem::Problem;

use crate::clock::ClockKind;
use crate::draft::Draft;
use crate::event::{Actor, Event, RetimeCause};

/// Whoever mitigates is the remediation's holder from then on, if nobody had accepted it.
pub(super) fn mitigate(draft: &mut Draft<'_>, by: &Actor, note: &str) -> Result<(), Problem> {
    let act = draft.act(by)?;
    draft.must_be_open()?;
    let note = super::text("note", note)?;
    if draft.state.mitigated.is_some() {
        return Err(draft.stage("it is mitigated already; record a validation, or add a note".to_owned()));
    }
    draft.take(&act);
    if draft.keep_apart(Role::Remediation, &act.by).is_ok() {
        draft.take_role(Role::Remediation, &act.by);
    }
    let was_validated = draft.state.is_validated();
    draft.emit_milestone(Event::Mitigated { act, note });
    draft.meet(&ClockKind::Mitigate);
    draft.meet(&ClockKind::Contain);
    // Proof from before the fix proves nothing about it.
    if was_validated && !draft.state.is_validated() {
        draft.resume(&ClockKind::Validate, RetimeCause::ValidationFailed);
        draft.restart_cadences();
    }
    Ok(())
}
