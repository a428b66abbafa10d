//! Playbooks as checklists: starting one, ticking a step off and on again, giving a step to
//! somebody. At any stage, since some of the work comes after the resolution.

use problem::Problem;

use crate::draft::Draft;
use crate::event::{Actor, ChecklistEvent, Event, PlannedStep};
use crate::incident::ChecklistStep;

/// Most checklists of one incident: they are part of its state, and nobody follows more.
const MAX_CHECKLISTS: usize = 8;

/// Longest note of a step, in characters: where the evidence lies, not the evidence.
pub const MAX_STEP_NOTE: usize = 600;

/// Which step of which checklist.
pub(super) struct Place<'a> {
    pub(super) checklist: &'a str,
    pub(super) step: u32,
}

/// Started twice is started once.
pub(super) fn start(draft: &mut Draft<'_>, by: &Actor, playbook: &str) -> Result<(), Problem> {
    let act = draft.act(by)?;
    if draft.state.checklist(playbook).is_some() {
        return Ok(());
    }
    let Some(found) = draft.ctx.policy.playbook(playbook) else {
        let known: Vec<&str> = draft.ctx.policy.playbooks.keys().map(String::as_str).collect();
        let detail = format!("`playbook` is none of {}", known.join(", "));
        return Err(Problem::new(&problem::UNKNOWN_PLAYBOOK, detail));
    };
    if draft.state.checklists.len() >= MAX_CHECKLISTS {
        return Err(draft.stage(format!("it has {MAX_CHECKLISTS} checklists, and no more fit")));
    }
    let steps = found.steps.iter().map(|step| PlannedStep {
        text: step.text.clone(),
        role: step.role,
        due_at: act.at + step.within,
        why: step.why.clone(),
        evidence: step.evidence.clone(),
    });
    let steps = steps.collect();
    let (playbook, title) = (found.id.clone(), found.title.clone());
    draft.emit(Event::Checklist(Box::new(ChecklistEvent::Started { playbook, title, act, steps })));
    Ok(())
}

/// Ticked twice is ticked once; a note that says something else takes the place of the first.
pub(super) fn tick(draft: &mut Draft<'_>, by: &Actor, place: &Place<'_>, note: &str) -> Result<(), Problem> {
    let act = draft.act(by)?;
    let note = if note.trim().is_empty() { String::new() } else { short("note", note)? };
    let step = find(draft, place)?;
    if step.done.is_some() && (note.is_empty() || note == step.note) {
        return Ok(());
    }
    let (playbook, step) = (place.checklist.to_owned(), place.step);
    draft.emit(Event::Checklist(Box::new(ChecklistEvent::Ticked { playbook, step, act, note })));
    Ok(())
}

/// A step that is open stays open.
pub(super) fn untick(draft: &mut Draft<'_>, by: &Actor, place: &Place<'_>, reason: &str) -> Result<(), Problem> {
    let act = draft.act(by)?;
    let reason = short("reason", reason)?;
    if find(draft, place)?.done.is_none() {
        return Ok(());
    }
    let (playbook, step) = (place.checklist.to_owned(), place.step);
    draft.emit(Event::Checklist(Box::new(ChecklistEvent::Unticked { playbook, step, act, reason })));
    Ok(())
}

pub(super) fn assign(draft: &mut Draft<'_>, by: &Actor, place: &Place<'_>, person: &str) -> Result<(), Problem> {
    draft.act(by)?;
    draft.must_be_known(person)?;
    let step = find(draft, place)?;
    if let Some(done) = &step.done {
        let why = format!("step {} of `{}` was done by {}; untick it first", place.step, place.checklist, done.by);
        return Err(draft.stage(why));
    }
    if step.assigned.as_deref() != Some(person) {
        let (playbook, step, person) = (place.checklist.to_owned(), place.step, person.to_owned());
        draft.emit(Event::Checklist(Box::new(ChecklistEvent::Assigned { playbook, step, person })));
    }
    Ok(())
}

fn find<'d>(draft: &'d Draft<'_>, place: &Place<'_>) -> Result<&'d ChecklistStep, Problem> {
    let unknown = |detail: String| Problem::new(&problem::STEP_UNKNOWN, detail);
    let Some(checklist) = draft.state.checklist(place.checklist) else {
        let started: Vec<&str> = draft.state.checklists.iter().map(|one| one.playbook.as_str()).collect();
        let started = if started.is_empty() { "none".to_owned() } else { started.join(", ") };
        let shown: String = place.checklist.chars().take(64).collect();
        return Err(unknown(format!("`checklist` is `{shown}`; started are {started}")));
    };
    let last = checklist.steps.len();
    checklist.step(place.step).ok_or_else(|| unknown(format!("`step` is {}; there are 1 to {last}", place.step)))
}

fn short(field: &str, value: &str) -> Result<String, Problem> {
    let value = super::text(field, value)?;
    let length = value.chars().count();
    if length > MAX_STEP_NOTE {
        let detail = format!("`{field}` has {length} characters; at most {MAX_STEP_NOTE} are allowed");
        return Err(Problem::new(&problem::TEXT_INVALID, detail));
    }
    Ok(value)
}
