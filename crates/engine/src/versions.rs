//! Versions of policy and roster: which documents a start takes, what was in force when, and why.
//!
//! There is one truth, the journal's. A file counts when it was changed since it was last taken; else
//! what was applied since stays in force. It compiles nothing.

use calendar::Instant;
use problem::Problem;
use serde::{Deserialize, Serialize};
use wcore::event::Actor;

use crate::codec;
use crate::rules::{Documents, Rules};
use crate::view::View;

/// The versions of a policy and a roster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Versions {
    /// Of the policy.
    pub policy: String,
    /// Of the roster.
    pub roster: String,
}

/// Why documents come into force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// They were read from files, which stood in these versions.
    Files(Versions),
    /// Somebody applied them.
    Applied {
        /// What was in force when the plan was made; the engine refuses where that has moved.
        base: Versions,
        /// Why, for whoever asks later.
        reason: String,
    },
}

/// An entry of the journal that brought documents into force.
#[derive(Serialize, Deserialize)]
pub(crate) struct Activated {
    #[serde(flatten)]
    pub(crate) documents: Documents,
    /// Entries before there were plans do not say who.
    #[serde(default)]
    pub(crate) by: Option<Actor>,
    #[serde(default)]
    pub(crate) reason: String,
}

/// What was in force from an instant on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reign {
    /// Since when.
    pub at: Instant,
    /// The documents.
    pub documents: Documents,
    /// Who brought them into force, where that is known.
    pub by: Option<Actor>,
    /// Why; empty where they came from files.
    pub reason: String,
}

impl Versions {
    /// Of documents, valid or not.
    pub fn of(documents: &Documents) -> Versions {
        Versions { policy: policy::version_of(&documents.policy), roster: policy::version_of(&documents.roster) }
    }

    pub(crate) fn of_rules(rules: &Rules) -> Versions {
        Versions { policy: rules.policy.id.clone(), roster: rules.roster.id.clone() }
    }
}

impl Documents {
    /// What these files lead to: each of them where it was changed since it was last taken, else what is in force.
    #[must_use]
    pub fn since(self, taken: Option<&Versions>, in_force: Option<&Documents>) -> Documents {
        let (Some(taken), Some(in_force)) = (taken, in_force) else { return self };
        let files = Versions::of(&self);
        Documents {
            policy: if files.policy == taken.policy { in_force.policy.clone() } else { self.policy },
            roster: if files.roster == taken.roster { in_force.roster.clone() } else { self.roster },
        }
    }
}

impl View {
    /// The versions in which files were last taken.
    pub fn files_taken(&self) -> Result<Option<Versions>, Problem> {
        taken(self.document(crate::SETTINGS, crate::FILES_TAKEN)?)
    }

    /// What was in force, the newest first, at most so many.
    pub fn reigns(&self, limit: u32) -> Result<Vec<Reign>, Problem> {
        let rows = codec::stored(self.reader().events_of_kind(codec::ACTIVATED, None, limit))?;
        let decode = |row: journal::StoredEvent| {
            let Activated { documents, by, reason } = serde_json::from_slice(&row.event.body)
                .map_err(|e| codec::unreadable(format!("a policy that was in force does not decode ({e})")))?;
            Ok(Reign { at: row.recorded_at, documents, by, reason })
        };
        rows.into_iter().map(decode).collect()
    }
}

/// The versions in a stored document.
pub(crate) fn taken(body: Option<Vec<u8>>) -> Result<Option<Versions>, Problem> {
    let decode = |body: Vec<u8>| {
        serde_json::from_slice(&body)
            .map_err(|e| codec::unreadable(format!("the versions of the files do not decode ({e})")))
    };
    body.map(decode).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn documents(policy: &str, roster: &str) -> Documents {
        Documents { policy: policy.to_owned(), roster: roster.to_owned() }
    }

    #[test]
    fn a_file_counts_where_it_was_changed_since_it_was_taken() {
        let (taken, applied) = (Versions::of(&documents("p1", "r1")), documents("p2", "r2"));
        for (files, wanted) in [
            (documents("p1", "r1"), documents("p2", "r2")),
            (documents("p3", "r1"), documents("p3", "r2")),
            (documents("p1", "r3"), documents("p2", "r3")),
            (documents("p3", "r3"), documents("p3", "r3")),
        ] {
            assert_eq!(files.clone().since(Some(&taken), Some(&applied)), wanted, "{files:?}");
            assert_eq!(files.clone().since(None, Some(&applied)), files, "nothing was taken yet");
        }
    }
}
