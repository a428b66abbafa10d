//! The holder of a role asks another person to take it over, and stays accountable until they do.

use policy::model::{Party, Role};
use problem::Problem;

use crate::clock::ClockKind;
use crate::draft::Draft;
use crate::event::{Actor, Event, PageReason};

pub(super) fn hand_over(
    draft: &mut Draft<'_>,
    by: &Actor,
    role: Role,
    person: &str,
    note: &str,
) -> Result<(), Problem> {
    let act = draft.act(by)?;
    draft.must_be_open()?;
    let note = super::text("note", note)?;
    draft.must_be_known(person)?;
    let Some(holder) = draft.state.roles.get(&role).cloned() else {
        return Err(Problem::new(&problem::ROLE_REQUIRED, format!("nobody holds {role}; assign it instead")));
    };
    if holder.person != act.by {
        let detail = format!("{role} is assigned to {}; they hand it over, others assign it", holder.person);
        return Err(Problem::new(&problem::ROLE_REQUIRED, detail));
    }
    if person == holder.person {
        return Err(draft.stage(format!("{person} holds {role} already")));
    }
    draft.keep_apart(role, person)?;
    draft.emit(Event::HandOverOffered { role, person: person.to_owned(), note });
    // Where the holder has not accepted either, their clock runs on for whoever accepts first.
    if holder.accepted || draft.state.open_clocks(&ClockKind::Accept(role)).next().is_none() {
        draft.start_acceptance(role, draft.now(), "offered anew");
    }
    draft.page(PageReason::HandOver { role }, vec![Party::Person(person.to_owned())]);
    Ok(())
}
