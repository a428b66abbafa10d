//! Roles as acts: giving, accepting, declining, handing over.

use policy::model::Role;
use wcore::Command;

use super::desk::{Desk, Offer, SOMETHING};
use crate::pages::form::{Action, Field, Input};
use crate::pages::words;

/// Giving a role to somebody.
pub(super) fn assignment(desk: &Desk<'_>) -> Vec<Offer> {
    if !desk.incident.status().is_open() {
        return Vec::new();
    }
    let roles = Role::ALL.iter().map(|role| (role.word().to_owned(), words::role(*role).0.to_owned())).collect();
    let action = Action::new("assign", "Assign a role", "Assign")
        .key("o")
        .help("They are paged, and accept it themselves.")
        .field(Field::new("role", "Role", Input::Choice(roles)))
        .field(Field::new("person", "To", Input::Choice(everybody(desk, None))));
    // Whether these two go together is known once they are chosen.
    let why_not = crate::api::commands::must_do("assign", desk.grant).err();
    vec![Offer { action, why_not }]
}

/// Roles that wait for the viewer's yes.
pub(crate) fn acceptances(desk: &Desk<'_>) -> Vec<Offer> {
    let Some(me) = desk.scene.viewer.person.as_deref() else { return Vec::new() };
    let waits = desk.incident.roles.iter().filter(|(_, holder)| {
        let given = holder.person == me && !holder.accepted;
        given || holder.is_offered_to(me)
    });
    let open = desk.incident.status().is_open();
    waits.filter(|_| open).map(|(role, _)| accept(desk, *role)).collect()
}

fn accept(desk: &Desk<'_>, role: Role) -> Offer {
    let action = Action::new("accept", "", format!("Accept {role}")).field(Field::hidden("role", role.word()));
    desk.offer(action, &Command::Accept { role })
}

/// What the viewer can do with a role that they hold or are asked to take.
pub(crate) fn role_acts(desk: &Desk<'_>, role: Role) -> Vec<Offer> {
    let (Some(me), Some(holder)) = (desk.scene.viewer.person.as_deref(), desk.incident.roles.get(&role)) else {
        return Vec::new();
    };
    let (holds, asked) = (holder.person == me, holder.is_offered_to(me));
    if !(holds || asked) || !desk.incident.status().is_open() {
        return Vec::new();
    }
    let mut acts = Vec::new();
    if holds {
        acts.push(hand_over(desk, role, me));
    }
    acts.push(decline(desk, role, holds && holder.accepted));
    acts
}

fn hand_over(desk: &Desk<'_>, role: Role, me: &str) -> Offer {
    let action = Action::new("hand-over", format!("Hand {role} over"), "Ask them to take over")
        .help("You stay accountable until they accept.")
        .field(Field::hidden("role", role.word()))
        .field(Field::new("person", "To", Input::Choice(everybody(desk, Some(me)))))
        .field(Field::new("note", "What do they need to know?", Input::Area));
    let why_not = crate::api::commands::must_do("hand-over", desk.grant).err();
    Offer { action, why_not }
}

fn decline(desk: &Desk<'_>, role: Role, gives_back: bool) -> Offer {
    let (title, button) = match gives_back {
        true => (format!("Give {role} back"), "Give it back"),
        false => (format!("Decline {role}"), "Decline"),
    };
    let action = Action::new("decline", title, button)
        .help("A backup gets it, where the policy names one; otherwise nobody has it, and the commander is told.")
        .field(Field::hidden("role", role.word()))
        .field(Field::new("reason", "Why?", Input::Area));
    desk.offer(action, &Command::Decline { role, reason: SOMETHING.to_owned() })
}

/// People of the roster, but for one.
pub(super) fn everybody(desk: &Desk<'_>, but: Option<&str>) -> Vec<(String, String)> {
    let people = desk.scene.names.roster.people.iter().filter(|(id, _)| Some(id.as_str()) != but);
    people.map(|(id, person)| (id.clone(), person.name.clone())).collect()
}
