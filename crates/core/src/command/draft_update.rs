//! Words are drafted, and approved by the role that the window names.

use calendar::Instant;
use problem::Problem;

use crate::draft::Draft;
use crate::event::{Act, Actor, Event, Words};

/// A draft takes the place of the one that waits for the same audience.
pub(super) fn draft(
    draft: &mut Draft<'_>,
    by: &Actor,
    audience: &str,
    text: &str,
    (next_update_at, corrects): (Option<Instant>, Option<u32>),
) -> Result<(), Problem> {
    let act = draft.act(by)?;
    let text = super::text("text", text)?;
    draft.audience(audience)?;
    draft.must_be_promisable(next_update_at)?;
    let corrects = match corrects {
        Some(no) => {
            let first = draft.published(no)?;
            if first.audience != audience {
                let detail = format!("update {no} went to `{}`, not to `{audience}`", first.audience);
                return Err(Problem::new(&problem::UPDATE_UNKNOWN, detail));
            }
            super::correct_update::must_differ(first, &text)?;
            Some(first.corrects.unwrap_or(no))
        }
        None => None,
    };
    let no = draft.next_update_no();
    let words = Words { no, audience: audience.to_owned(), text, by: act.by, next_update_at, corrects };
    draft.emit(Event::UpdateDrafted(Box::new(words)));
    Ok(())
}

pub(super) fn approve(draft: &mut Draft<'_>, by: &Actor, no: u32) -> Result<(), Problem> {
    let act = draft.act(by)?;
    let pending = draft.pending(no)?;
    let audience = &pending.words.audience;
    let Some(role) = draft.approver(audience) else {
        // Where a role has yet to decide whether they are told, nothing can be approved either.
        draft.must_be_decided(audience)?;
        return Err(draft.stage(format!("update {no} needs no approval; publish it")));
    };
    draft.must_hold(role, &act.by, &problem::APPROVAL_REQUIRED)?;
    if pending.words.by == act.by {
        draft.may_approve_own(audience, &act.by)?;
    }
    if let Some(Act { by, .. }) = &pending.approved {
        return Err(draft.stage(format!("update {no} is approved by {by} already; publish it")));
    }
    draft.accept_by_acting(role, &act.by);
    draft.emit(Event::UpdateApproved { update: no, act });
    Ok(())
}
