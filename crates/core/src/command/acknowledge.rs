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
    pub(crate) fn take(&mut self, act: &Act) {
        if self.state.acknowledged.is_some() || !self.state.status().is_open() {
            return;
        }
        self.emit(Event::Acknowledged(act.clone()));
        self.meet(&ClockKind::Acknowledge);
        self.stop_escalation(&format!("acknowledged by {}", act.by));
        // "Mine" speaks of the response: proof, words and privacy are accepted by name or by deed.
        if self.keep_apart(Role::Commander, &act.by).is_ok() {
            self.take_role(Role::Commander, &act.by);
        }
        // A role that they were only asked to take over they accept by name, or by doing its work.
        if self.state.roles.get(&Role::Remediation).is_some_and(|holder| holder.person == act.by) {
            self.take_role(Role::Remediation, &act.by);
        }
    }
}
