//! Checklists: what is started once, and each step of it done once.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Context, Incident, Violation, name, time, violated};

/// By playbook: of each step the note with which it was done, or that it is open.
pub(super) type Steps = BTreeMap<String, Vec<Option<String>>>;

impl Incident {
    /// Takes in what happened to a checklist.
    pub(super) fn followed(&mut self, event: &Value, context: &Context<'_>) -> Result<(), Violation> {
        let no = self.no;
        let Some((kind, body)) = name(event) else { return violated("readable", event.to_string()) };
        let playbook = body["playbook"].as_str().unwrap_or_default();
        if !context.by_person {
            return violated("only people follow playbooks", format!("INC-{no} {playbook}"));
        }
        if kind == "started" {
            let planned = body["steps"].as_array().map(Vec::as_slice).unwrap_or_default();
            for step in planned {
                if time(&step["due_at"])? <= context.at {
                    return violated("a step is due after its start", format!("INC-{no} {step}"));
                }
            }
            return match self.steps.insert(playbook.to_owned(), vec![None; planned.len()]) {
                Some(_) => violated("a checklist is started once", format!("INC-{no} {playbook}")),
                None => Ok(()),
            };
        }
        let number = body["step"].as_u64().and_then(|step| usize::try_from(step).ok()?.checked_sub(1));
        let list = self.steps.get_mut(playbook);
        let Some(step) = list.and_then(|list| list.get_mut(number?)) else {
            return violated("a step is of its checklist", format!("INC-{no} {event}"));
        };
        let note = body["note"].as_str().unwrap_or_default();
        let again = step.as_ref().is_some_and(|before| note.is_empty() || note == before);
        match kind {
            "ticked" if again => return violated("a step is done once", format!("INC-{no} {event}")),
            "ticked" => *step = Some(note.to_owned()),
            "unticked" if step.is_none() => {
                return violated("only what is done is undone", format!("INC-{no} {event}"));
            }
            "unticked" => *step = None,
            "assigned" if step.is_some() => return violated("only open steps are given", format!("INC-{no} {event}")),
            _ => {}
        }
        Ok(())
    }
}
