//! A role is given to a person, and accepted by them.

use policy::model::{Party, Role};
use problem::Problem;

use crate::draft::Draft;
use crate::event::{Actor, PageReason};

pub(super) fn assign(draft: &mut Draft<'_>, by: &Actor, role: Role, person: &str) -> Result<(), Problem> {
    let act = draft.act(by)?;
    draft.must_be_open()?;
    draft.must_be_known(person)?;
    draft.keep_apart(role, person)?;
    let same = draft.state.roles.get(&role).is_some_and(|holder| holder.person == person);
    if !same {
        draft.assign_role(role, person);
        draft.start_acceptance(role, draft.now(), "assigned anew");
    }
    if act.by == person {
        draft.take_role(role, person);
    } else if !same {
        draft.page(PageReason::Assigned { role }, vec![Party::Person(person.to_owned())]);
    }
    Ok(())
}

/// By its holder, or by whom the holder asks to take over.
pub(super) fn accept(draft: &mut Draft<'_>, by: &Actor, role: Role) -> Result<(), Problem> {
    let act = draft.act(by)?;
    draft.must_be_open()?;
    match draft.state.roles.get(&role) {
        Some(holder) if holder.person == act.by || holder.is_offered_to(&act.by) => {
            // Roles may have changed hands since they were asked.
            draft.keep_apart(role, &act.by)?;
            draft.take_role(role, &act.by);
            Ok(())
        }
        Some(holder) => {
            let detail = format!("{role} is assigned to {}; have it assigned to you first", holder.person);
            Err(Problem::new(&problem::ROLE_REQUIRED, detail))
        }
        None => Err(Problem::new(&problem::ROLE_REQUIRED, format!("nobody holds {role}; assign it first"))),
    }
}
