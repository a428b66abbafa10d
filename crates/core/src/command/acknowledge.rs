//! A person takes the incident: paging stops, and the roles they were given are accepted.

use policy::model::Role;
use problem::Problem;

use crate::clock::ClockKind;
use crate::draft::Draft;
use crate::event::{Act, Actor, Event};

/// Idempotent: a second acknowledgement changes nothing.
pub(super) fn acknowledge(draft: &mut Draft<'_>, by: &Actor) -> Result<(), Problem> {
    let act = draft.act(by)?;
    draft.must_be_open()?;
    draft.take(&act);
    Ok(())
}

impl Draft<'_> {
    /// Whoever acts on an unacknowledged incident has thereby acknowledged it.
    pub(super) fn take(&mut self, act: &Act) {
        if self.state.acknowledged.is_some() || !self.state.status().is_open() {
            return;
        }
        self.emit(Event::Acknowledged(act.clone()));
        self.meet(&ClockKind::Acknowledge);
        self.stop_escalation(&format!("acknowledged by {}", act.by));
        // "Mine" speaks of the response: proof, words and privacy are accepted by name or by deed.
        self.take_role(Role::Commander, &act.by);
        self.accept_by_acting(Role::Remediation, &act.by);
    }

    /// Whoever does a role's work has thereby accepted it.
    pub(super) fn accept_by_acting(&mut self, role: Role, person: &str) {
        if self.state.roles.get(&role).is_some_and(|holder| holder.person == person) {
            self.take_role(role, person);
        }
    }

    /// Makes a person the accepted holder of a role, unless someone has accepted it.
    pub(super) fn take_role(&mut self, role: Role, person: &str) {
        let holder = self.state.roles.get(&role);
        if holder.is_some_and(|holder| holder.accepted && holder.person != person) {
            return;
        }
        if holder.is_none_or(|holder| holder.person != person) {
            self.emit(Event::RoleAssigned { role, person: person.to_owned(), consulted: Vec::new() });
        }
        if self.state.roles.get(&role).is_some_and(|holder| !holder.accepted) {
            self.emit(Event::RoleAccepted { role, person: person.to_owned() });
            self.meet(&ClockKind::Accept(role));
        }
    }
}
