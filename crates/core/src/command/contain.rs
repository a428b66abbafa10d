//! Customers are no longer harmed. It may come before the mitigation, or never.

use policy::model::Role;
use problem::Problem;

use crate::clock::ClockKind;
use crate::draft::Draft;
use crate::event::{Actor, Event};

pub(super) fn contain(draft: &mut Draft<'_>, by: &Actor, customers_see: &str) -> Result<(), Problem> {
    let act = draft.act(by)?;
    draft.must_be_open()?;
    let customers_see = super::text("customers_see", customers_see)?;
    if draft.state.contained.is_some() {
        return Err(draft.stage("it is contained already; add a note instead".to_owned()));
    }
    draft.take(&act);
    draft.accept_by_acting(Role::Remediation, &act.by);
    draft.emit_milestone(Event::Contained { act, customers_see });
    draft.meet(&ClockKind::Contain);
    Ok(())
}
