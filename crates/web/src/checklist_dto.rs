//! A checklist of an incident in the API.

use calendar::Instant;
use policy::model::Role;
use serde::Serialize;
use wcore::Incident;
use wcore::event::Act;
use wcore::incident::Checklist;

/// A playbook that was started.
#[derive(Debug, Serialize)]
pub(crate) struct ChecklistDto<'a> {
    playbook: &'a str,
    title: &'a str,
    started: &'a Act,
    /// How many of its steps are done.
    done: usize,
    steps: Vec<StepDto<'a>>,
}

#[derive(Debug, Serialize)]
struct StepDto<'a> {
    no: u32,
    #[serde(rename = "do")]
    text: &'a str,
    role: Role,
    /// Who has to do it now.
    owner: &'a str,
    due_at: Instant,
    done: Option<&'a Act>,
    #[serde(skip_serializing_if = "str::is_empty")]
    note: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<&'a str>,
}

impl<'a> ChecklistDto<'a> {
    /// Of that incident, whose roles say who has to do what.
    pub(crate) fn new(incident: &'a Incident, checklist: &'a Checklist) -> ChecklistDto<'a> {
        let steps = checklist.numbered().map(|(no, step)| StepDto {
            no,
            text: &step.planned.text,
            role: step.planned.role,
            owner: incident.step_owner(checklist, step),
            due_at: step.planned.due_at,
            done: step.done.as_ref(),
            note: &step.note,
            why: step.planned.why.as_deref(),
            evidence: step.planned.evidence.as_deref(),
        });
        ChecklistDto {
            playbook: &checklist.playbook,
            title: &checklist.title,
            started: &checklist.started,
            done: checklist.done(),
            steps: steps.collect(),
        }
    }
}
