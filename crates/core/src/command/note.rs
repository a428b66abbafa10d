//! A remark, by a person or a program, at any stage.

use problem::Problem;

use crate::draft::Draft;
use crate::event::Event;

pub(super) fn note(draft: &mut Draft<'_>, text: &str) -> Result<(), Problem> {
    let text = super::text("text", text)?;
    draft.emit(Event::Noted { text });
    Ok(())
}
