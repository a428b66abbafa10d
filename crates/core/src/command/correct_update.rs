//! Sent words are never changed: a correction is published beside them and points at the first.

use problem::Problem;

use crate::draft::Draft;
use crate::event::{Actor, Update, Words};

/// The same words again correct nothing, and tell people that something was wrong.
pub(super) fn must_differ(wrong: &Update, text: &str) -> Result<(), Problem> {
    if wrong.text.trim() == text.trim() {
        let detail = format!("update {} says exactly that already", wrong.no);
        return Err(Problem::new(&problem::CORRECTION_UNCHANGED, detail));
    }
    Ok(())
}

/// In one step, by whoever may publish to that audience in one step. Others draft it.
pub(super) fn correct(draft: &mut Draft<'_>, by: &Actor, no: u32, text: &str) -> Result<(), Problem> {
    let act = draft.act(by)?;
    let text = super::text("text", text)?;
    let wrong = draft.published(no)?.clone();
    must_differ(&wrong, &text)?;
    draft.must_be_decided(&wrong.audience)?;
    let approval = draft.approval_in_one_step(&wrong.audience, &act.by)?;
    let words = Words {
        no: draft.next_update_no(),
        audience: wrong.audience,
        text,
        by: act.by.clone(),
        // What was promised stays promised.
        next_update_at: wrong.next_update_at.filter(|at| *at > draft.now()),
        corrects: Some(wrong.corrects.unwrap_or(no)),
    };
    draft.publish(&act, words, approval);
    Ok(())
}
