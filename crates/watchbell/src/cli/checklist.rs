//! `incident checklist`: a playbook that is followed inside an incident.

use clap::Subcommand;

/// What to do with a checklist, which is named by its playbook.
#[derive(Debug, Subcommand)]
pub(crate) enum ChecklistCommand {
    /// Start a playbook; `watchbell checklist` lists them
    Start { id: String, playbook: String },
    /// Show every step with owner and time
    Show { id: String },
    /// A step is done
    Tick {
        id: String,
        checklist: String,
        /// Its number
        step: u32,
        /// What was found or kept
        #[arg(long, default_value = "")]
        note: String,
    },
    /// A step is not done after all
    Untick {
        id: String,
        checklist: String,
        step: u32,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Give a step to a person
    Assign { id: String, checklist: String, step: u32, person: String },
}
