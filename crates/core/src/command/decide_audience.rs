//! A role decides whether an audience is told at all.

use problem::Problem;

use crate::draft::Draft;
use crate::event::Actor;

pub(super) fn decide(
    draft: &mut Draft<'_>,
    by: &Actor,
    audience: &str,
    inform: bool,
    reason: &str,
) -> Result<(), Problem> {
    let act = draft.act(by)?;
    let reason = super::text("reason", reason)?;
    let Some(role) = draft.decider(audience) else {
        return Err(draft.stage(format!("nothing is to be decided about `{audience}`; publish an update")));
    };
    draft.must_hold(role, &act.by, &problem::ROLE_REQUIRED)?;
    if draft.state.informed.contains(audience) {
        return Err(draft.stage(format!("it was decided that `{audience}` is told; publish an update")));
    }
    draft.accept_by_acting(role, &act.by);
    draft.audience_decided(audience, inform, reason);
    Ok(())
}
