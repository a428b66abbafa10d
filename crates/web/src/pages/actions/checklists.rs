//! Checklists as acts: starting one, ticking a step, giving it to somebody.
//!
//! Only the table of access is asked beforehand: a checklist has many steps, and the core refuses
//! none of these acts to a person who may do any of them.

use policy::playbook::Playbook;
use wcore::command::MAX_STEP_NOTE;
use wcore::incident::{Checklist, ChecklistStep};

use super::desk::{Desk, Offer};
use super::people::everybody;
use crate::pages::form::{Action, Button, Field, Input};

/// Starting one playbook.
pub(crate) fn start(desk: &Desk<'_>, playbook: &Playbook) -> Offer {
    let action =
        Action::new("start-checklist", "", "Start as a checklist").field(Field::hidden("playbook", &playbook.id));
    allowed(desk, action)
}

/// Starting any other that was not started yet; nothing where there is none.
pub(crate) fn start_another(desk: &Desk<'_>, but: Option<&str>) -> Option<Offer> {
    let playbooks = desk.scene.names.policy.playbooks.values();
    let left = playbooks.filter(|one| Some(one.id.as_str()) != but && desk.incident.checklist(&one.id).is_none());
    let choice: Vec<(String, String)> = left.map(|one| (one.id.clone(), one.title.clone())).collect();
    if choice.is_empty() {
        return None;
    }
    let action = Action::new("start-checklist", "Start another playbook", "Start as a checklist")
        .help("Its steps get owners from the roles of this incident, and times that count from now.")
        .field(Field::new("playbook", "Playbook", Input::Choice(choice)));
    Some(allowed(desk, action))
}

/// A step, done by one press; the reader's own stand out.
pub(crate) fn tick(desk: &Desk<'_>, checklist: &Checklist, (no, step): (u32, &ChecklistStep)) -> Offer {
    let mine = desk.scene.viewer.person.as_deref() == Some(desk.incident.step_owner(checklist, step));
    let button = Button { label: "Done".to_owned(), answer: None, primary: mine };
    allowed(desk, of_step(Action::new("tick-step", "", ""), checklist, no).buttons(vec![button]))
}

/// What more can be done about a step.
pub(crate) fn more(desk: &Desk<'_>, checklist: &Checklist, (no, step): (u32, &ChecklistStep)) -> Vec<Offer> {
    let note = Field::new("note", "What was found or kept?", Input::Line(MAX_STEP_NOTE));
    if step.done.is_some() {
        let noted = of_step(Action::new("tick-step", "", "Keep the note"), checklist, no).field(note.value(&step.note));
        let untick = of_step(Action::new("untick-step", "", "Not done after all"), checklist, no).field(Field::new(
            "reason",
            "Why is it not done?",
            Input::Line(MAX_STEP_NOTE),
        ));
        return vec![allowed(desk, noted), allowed(desk, untick)];
    }
    let noted = of_step(Action::new("tick-step", "", "Done, with this note"), checklist, no).field(note);
    let owner = desk.incident.step_owner(checklist, step);
    let give = of_step(Action::new("assign-step", "", "Give it to them"), checklist, no)
        .field(Field::new("person", "Who does it?", Input::Choice(everybody(desk, None))).value(owner));
    vec![allowed(desk, noted), allowed(desk, give)]
}

fn of_step(action: Action, checklist: &Checklist, no: u32) -> Action {
    let (playbook, no) = (Field::hidden("checklist", &checklist.playbook), Field::hidden("step", no.to_string()));
    action.field(playbook).field(no)
}

fn allowed(desk: &Desk<'_>, action: Action) -> Offer {
    let why_not = crate::api::commands::must_do(action.word, desk.grant).err();
    Offer { action, why_not }
}
