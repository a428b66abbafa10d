//! Checklists of an incident: playbooks that were started in it. They promise nothing to anybody
//! outside, so that a late step is shown and pages nobody.

use calendar::Instant;
use serde::{Deserialize, Serialize};

use super::Incident;
use crate::event::{Act, ChecklistEvent, PlannedStep};

/// A playbook that was started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checklist {
    /// The playbook's id.
    pub playbook: String,
    /// Its title then.
    pub title: String,
    /// Who started it, and when.
    pub started: Act,
    /// What is to be done, in order.
    pub steps: Vec<ChecklistStep>,
}

/// A step of a checklist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChecklistStep {
    /// What to do, by whom and when, in the words of the start.
    pub planned: PlannedStep,
    /// To whom it was given; whoever holds its role, if absent.
    pub assigned: Option<String>,
    /// Who did it, and when.
    pub done: Option<Act>,
    /// What was found or kept.
    pub note: String,
}

impl Checklist {
    /// Its steps with their numbers.
    pub fn numbered(&self) -> impl Iterator<Item = (u32, &ChecklistStep)> {
        (1..).zip(&self.steps)
    }

    /// The step of that number, from 1.
    pub fn step(&self, no: u32) -> Option<&ChecklistStep> {
        self.steps.get(index(no)?)
    }

    /// Steps that are done.
    pub fn done(&self) -> usize {
        self.steps.iter().filter(|step| step.done.is_some()).count()
    }

    /// Every step is done.
    pub fn is_done(&self) -> bool {
        self.done() == self.steps.len()
    }
}

impl ChecklistStep {
    /// It is not done, and its time has passed.
    pub fn is_late(&self, now: Instant) -> bool {
        self.done.is_none() && self.planned.due_at < now
    }

    /// It was done after its time.
    pub fn was_late(&self) -> bool {
        self.done.as_ref().is_some_and(|act| act.at > self.planned.due_at)
    }
}

impl Incident {
    /// The checklist of that playbook.
    pub fn checklist(&self, playbook: &str) -> Option<&Checklist> {
        self.checklists.iter().find(|checklist| checklist.playbook == playbook)
    }

    /// Who has to do a step: whom it was given to, else the holder of its role, else who started
    /// the checklist. So an open step follows its role from hand to hand.
    pub fn step_owner<'a>(&'a self, checklist: &'a Checklist, step: &'a ChecklistStep) -> &'a str {
        let holder = || self.roles.get(&step.planned.role).map(|holder| holder.person.as_str());
        step.assigned.as_deref().or_else(holder).unwrap_or(&checklist.started.by)
    }

    /// Steps that nobody has done yet, over all checklists.
    pub fn open_steps(&self) -> usize {
        self.checklists.iter().map(|checklist| checklist.steps.len() - checklist.done()).sum()
    }

    /// Whether an open step was given to that person.
    pub fn has_step_of(&self, person: &str) -> bool {
        let steps = self.checklists.iter().flat_map(|checklist| &checklist.steps);
        steps.into_iter().any(|step| step.assigned.as_deref() == Some(person))
    }

    pub(super) fn evolve_checklist(&mut self, event: &ChecklistEvent) {
        match event {
            ChecklistEvent::Started { playbook, title, act, steps } => {
                let step = |planned: &PlannedStep| ChecklistStep {
                    planned: planned.clone(),
                    assigned: None,
                    done: None,
                    note: String::new(),
                };
                self.checklists.push(Checklist {
                    playbook: playbook.clone(),
                    title: title.clone(),
                    started: act.clone(),
                    steps: steps.iter().map(step).collect(),
                });
            }
            ChecklistEvent::Ticked { playbook, step, act, note } => self.change_step(playbook, *step, |step| {
                step.done.get_or_insert_with(|| act.clone());
                if !note.is_empty() {
                    step.note.clone_from(note);
                }
            }),
            ChecklistEvent::Unticked { playbook, step, .. } => self.change_step(playbook, *step, |step| {
                (step.done, step.note) = (None, String::new());
            }),
            ChecklistEvent::Assigned { playbook, step, person } => {
                self.change_step(playbook, *step, |step| step.assigned = Some(person.clone()));
            }
        }
    }

    fn change_step(&mut self, playbook: &str, no: u32, change: impl FnOnce(&mut ChecklistStep)) {
        let checklist = self.checklists.iter_mut().find(|checklist| checklist.playbook == playbook);
        let step = checklist.and_then(|checklist| checklist.steps.get_mut(index(no)?));
        if let Some(step) = step {
            change(step);
        }
    }
}

fn index(no: u32) -> Option<usize> {
    usize::try_from(no).ok()?.checked_sub(1)
}
