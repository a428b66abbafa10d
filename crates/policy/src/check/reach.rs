//! Reach: whoever is to be paged can be paged.

use super::{Check, Finding, In};
use crate::diagnostic::Level;
use crate::model::Party;

pub(super) fn check(check: &mut Check<'_>) {
    people_have_contacts(check);
    fallback_is_reachable(check);
    steps_reach_somebody(check);
}

fn people_have_contacts(check: &mut Check<'_>) {
    for (id, person) in &check.roster.people {
        if person.contacts.is_empty() {
            let finding = Finding {
                level: Level::Warning,
                code: &problem::PERSON_WITHOUT_CONTACT,
                message: format!("`{id}` cannot be paged: there is no contact"),
                hint: "add `contacts: [{email: …}]`".to_owned(),
            };
            check.at(In::Roster, &format!("people/{id}"), finding);
        }
    }
}

fn fallback_is_reachable(check: &mut Check<'_>) {
    let message = match check.roster.fallback.is_empty() {
        true => "the fallback is empty: an incident could fall silent",
        false if check.reaches(&Party::Fallback) => return,
        false => "nobody of the fallback can be paged: they have no contacts",
    };
    let finding = Finding {
        level: Level::Error,
        code: &problem::FALLBACK_EMPTY,
        message: message.to_owned(),
        hint: "name people with contacts: fallback: [ana, ben]".to_owned(),
    };
    check.at(In::Roster, "fallback", finding);
}

fn steps_reach_somebody(check: &mut Check<'_>) {
    for (name, steps) in &check.policy.escalation {
        if steps.is_empty() {
            let finding = Finding {
                level: Level::Error,
                code: &problem::STEP_REACHES_NOBODY,
                message: format!("the escalation `{name}` has no steps"),
                hint: "add one: - {page: schedule/…, wait: 10m}".to_owned(),
            };
            check.at(In::Policy, &format!("escalation/{name}"), finding);
        }
        for (index, step) in steps.iter().enumerate() {
            let path = format!("escalation/{name}/{index}");
            // An unreachable fallback is reported once, where it is defined.
            let reaches = |party: &Party| *party == Party::Fallback || check.reaches(party);
            if !step.page.iter().any(reaches) {
                let finding = Finding {
                    level: Level::Error,
                    code: &problem::STEP_REACHES_NOBODY,
                    message: "this step reaches nobody: whoever it pages has no contact".to_owned(),
                    hint: "page somebody with a contact, or remove the step".to_owned(),
                };
                check.at(In::Policy, &path, finding);
            }
            if step.repeat_until_acknowledged && index + 1 < steps.len() {
                let finding = Finding {
                    level: Level::Error,
                    code: &problem::STEP_NEVER_REACHED,
                    message: "the steps after this one are never reached: it repeats until acknowledged".to_owned(),
                    hint: "let only the last step repeat".to_owned(),
                };
                check.at(In::Policy, &path, finding);
            }
        }
    }
}

impl Check<'_> {
    /// Whether somebody who may be meant has a contact.
    fn reaches(&self, party: &Party) -> bool {
        let has_contact = |id: &String| self.roster.people.get(id).is_some_and(|person| !person.contacts.is_empty());
        match party {
            Party::Person(id) => has_contact(id),
            Party::Fallback => self.roster.fallback.iter().any(has_contact),
            Party::Schedule(id) => {
                let people = self.documents.1.model.schedule_people.get(id);
                people.is_some_and(|people| people.iter().any(has_contact))
            }
        }
    }
}
