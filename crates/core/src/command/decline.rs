//! A person will not take a role, or gives it back: a backup gets it, else nobody has it.

use policy::model::{Party, Role};
use problem::Problem;

use crate::clock::ClockKind;
use crate::draft::Draft;
use crate::event::{Actor, Event, PageReason};

/// By its holder, or by whom the holder asked to take over.
pub(super) fn decline(draft: &mut Draft<'_>, by: &Actor, role: Role, reason: &str) -> Result<(), Problem> {
    let act = draft.act(by)?;
    draft.must_be_open()?;
    let reason = super::text("reason", reason)?;
    let Some(holder) = draft.state.roles.get(&role).cloned() else {
        return Err(Problem::new(&problem::ROLE_REQUIRED, format!("nobody holds {role}; there is nothing to decline")));
    };
    let offered = holder.is_offered_to(&act.by);
    if !offered && holder.person != act.by {
        let detail = format!("{role} is assigned to {}; only they can decline it", holder.person);
        return Err(Problem::new(&problem::ROLE_REQUIRED, detail));
    }
    draft.emit(Event::RoleDeclined { role, person: act.by, reason });
    if !offered {
        draft.replace_holder(role);
        return Ok(());
    }
    // The role stays where it was; a clock that its holder has yet to keep runs on.
    if holder.accepted {
        draft.cancel(&ClockKind::Accept(role), "declined");
    }
    draft.page(PageReason::Declined { role }, vec![Party::Person(holder.person)]);
    Ok(())
}
