//! Asks beforehand what would be refused, and why: the table of access, then the core itself.
//!
//! Nothing is decided twice: the core decides a copy and the copy is thrown away. Where the
//! incident is pinned to an earlier policy than the page knows, nothing is withheld.

use problem::Problem;
use wcore::event::Actor;
use wcore::{Command, Context, Incident};

use crate::access::Grant;
use crate::api::commands::must_may;
use crate::pages::form::Action;
use crate::pages::frame::Scene;
use crate::pages::submit::api_word;

/// Text in the place of what a person has yet to write.
pub(super) const SOMETHING: &str = "-";

/// One incident before one person.
pub(crate) struct Desk<'a> {
    pub(crate) incident: &'a Incident,
    pub(crate) scene: &'a Scene,
    /// What the person's credential allows.
    pub(crate) grant: &'a Grant,
}

/// An action, and why it would be refused now, if it would.
pub(crate) struct Offer {
    pub(crate) action: Action,
    pub(crate) why_not: Option<Problem>,
}

impl Desk<'_> {
    /// Why the viewer would be refused that command now.
    pub(super) fn refusal(&self, word: &str, command: &Command) -> Option<Problem> {
        let by = self.scene.viewer.actor();
        let allowed = must_may(self.grant, api_word(word, command), command, &self.scene.names.policy);
        allowed.err().or_else(|| self.refused_by_core(command, &by))
    }

    /// Why the core would refuse that command of anybody.
    fn refused_by_core(&self, command: &Command, by: &Actor) -> Option<Problem> {
        let names = &self.scene.names;
        if self.incident.policy != names.policy.id {
            return None;
        }
        let ctx = Context { now: self.scene.now, policy: &names.policy, roster: &names.roster };
        wcore::decide(self.incident, command, by, &ctx).err()
    }

    /// An action with what the core says to it.
    pub(super) fn offer(&self, action: Action, command: &Command) -> Offer {
        let why_not = self.refusal(action.word, command);
        Offer { action, why_not }
    }

    /// Names of the people of whom the core would take that command, at most [`NAMES_MAX`].
    pub(super) fn who_may(&self, command: &Command) -> Vec<String> {
        let people = self.scene.names.roster.people.iter().take(ASKED_MAX);
        let may = |id: &String| self.refused_by_core(command, &Actor::Person(id.clone())).is_none();
        people.filter(|(id, _)| may(id)).map(|(_, person)| person.name.clone()).take(NAMES_MAX).collect()
    }
}

/// People of the roster for whom the core is asked: each asks for a copy of the incident.
const ASKED_MAX: usize = 200;
/// Names that help: beyond these anybody may.
const NAMES_MAX: usize = 6;
