//! The generator: a few answers become a policy and a roster that run, and the reason for every cell of their matrix.
//!
//! Base rows, and rows that an answer adds. It writes documents as a person would; what the matrix of the result
//! shows is asked of those documents, never written beside them.

mod answers;
mod documents;
mod plan;

use std::collections::BTreeMap;

pub use answers::{Answers, Changes, Executives, Fallback, Impact, Interactions, OnCall, Question, Regulated, Rights};

/// What comes of the answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
    /// `policy.yaml`.
    pub policy: String,
    /// `roster.yaml`.
    pub roster: String,
    /// Why each row is what it is, by class.
    pub reasons: BTreeMap<&'static str, Reasons>,
}

/// Why a row of the matrix is there and what its cells say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reasons {
    /// Why the row is there.
    pub row: String,
    /// Why it is so severe.
    pub severity: String,
    /// Why the first response is due then.
    pub first_response: String,
    /// Why others are paged then.
    pub escalation: String,
    /// Why they lead.
    pub owner: String,
    /// Why executives hear, or do not.
    pub executives: String,
    /// Why customers hear then, or do not.
    pub customers: String,
}

impl Reasons {
    /// Column and reason, in the order of the matrix.
    pub fn cells(&self) -> [(&'static str, &str); 7] {
        [
            ("This row", &self.row),
            ("Severity", &self.severity),
            ("First response", &self.first_response),
            ("Escalation after", &self.escalation),
            ("Primary owner", &self.owner),
            ("Executive notify", &self.executives),
            ("Customer update window", &self.customers),
        ]
    }
}

/// Writes the documents.
pub fn generate(answers: &Answers) -> Generated {
    let rows = plan::rows(answers);
    Generated {
        policy: documents::policy(answers, &rows),
        roster: documents::roster(answers),
        reasons: rows.into_iter().map(|row| (row.class, row.reasons)).collect(),
    }
}
