//! What happens to the checklists of an incident.

use calendar::Instant;
use policy::model::Role;
use serde::{Deserialize, Serialize};

use super::Act;

/// One thing that happened to a checklist, which is named by its playbook.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChecklistEvent {
    /// A playbook was started. The checklist keeps the words it was started with.
    Started {
        /// The playbook's id.
        playbook: String,
        /// Its title.
        title: String,
        /// Who started it, and when.
        act: Act,
        /// What is to be done, in order.
        steps: Vec<PlannedStep>,
    },
    /// A step is done; done again, only its note is new.
    Ticked {
        /// Which checklist.
        playbook: String,
        /// Which step, from 1.
        step: u32,
        /// Who says so, and when.
        act: Act,
        /// What was found or kept.
        note: String,
    },
    /// A step is not done after all.
    Unticked {
        /// Which checklist.
        playbook: String,
        /// Which step, from 1.
        step: u32,
        /// Who says so, and when.
        act: Act,
        /// Why.
        reason: String,
    },
    /// A step was given to a person, whoever holds its role.
    Assigned {
        /// Which checklist.
        playbook: String,
        /// Which step, from 1.
        step: u32,
        /// To whom.
        person: String,
    },
}

/// A step as it stood in the playbook, with its instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// What to do.
    pub text: String,
    /// Which role does it.
    pub role: Role,
    /// By when.
    pub due_at: Instant,
    /// Why it stands there.
    #[serde(default)]
    pub why: Option<String>,
    /// What to keep as proof.
    #[serde(default)]
    pub evidence: Option<String>,
}
