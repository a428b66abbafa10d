//! Named checks over a policy and its roster: what each document alone cannot show.
//!
//! They look at the pair as written. Guarantees over time, such as who is on call in every hour
//! of the year, are proven elsewhere.

mod promise;
mod reach;
mod reference;
mod trigger;

use std::ops::Range;

use problem::Code;

use crate::diagnostic::{Diagnostic, Label, Level};
use crate::document::{Places, Read, RosterDocument};
use crate::model::{Policy, Roster};

/// Whether everything named is defined. Holds for documents with other errors too.
pub(crate) fn references(policy: &Read<Policy>, roster: &Read<RosterDocument>) -> Vec<Diagnostic> {
    let mut check = Check::new(policy, roster);
    reference::check(&mut check);
    check.found
}

/// Whether the pair makes sense. For documents without errors only.
pub(crate) fn rules(policy: &Read<Policy>, roster: &Read<RosterDocument>) -> Vec<Diagnostic> {
    let mut check = Check::new(policy, roster);
    trigger::check(&mut check);
    promise::check(&mut check);
    reach::check(&mut check);
    check.found
}

/// Which of the two documents.
#[derive(Clone, Copy)]
enum In {
    Policy,
    Roster,
}

/// What a check found wrong.
struct Finding {
    level: Level,
    code: &'static Code,
    message: String,
    hint: String,
}

struct Check<'a> {
    policy: &'a Policy,
    roster: &'a Roster,
    documents: (&'a Read<Policy>, &'a Read<RosterDocument>),
    found: Vec<Diagnostic>,
}

impl<'a> Check<'a> {
    fn new(policy: &'a Read<Policy>, roster: &'a Read<RosterDocument>) -> Check<'a> {
        Check { policy: &policy.model, roster: &roster.model.roster, documents: (policy, roster), found: Vec::new() }
    }

    fn places(&self, document: In) -> &'a Places {
        match document {
            In::Policy => &self.documents.0.places,
            In::Roster => &self.documents.1.places,
        }
    }

    /// Reports at the place of a definition, such as `classes/pii_leak`.
    fn at(&mut self, document: In, path: &str, finding: Finding) {
        let span = self.places(document).definitions.get(path).cloned();
        self.report(document, span, finding);
    }

    fn report(&mut self, document: In, span: Option<Range<usize>>, finding: Finding) {
        let file = match document {
            In::Policy => &self.documents.0.file,
            In::Roster => &self.documents.1.file,
        };
        let Finding { level, code, message, hint } = finding;
        let hint = (!hint.is_empty()).then_some(hint);
        let file = file.clone();
        self.found.push(Diagnostic { severity: level, code, message, file, span, hint, related: Vec::new() });
    }

    /// Points from the last finding to another definition of the same document.
    fn relate(&mut self, document: In, path: &str, text: &str) {
        let span = self.places(document).definitions.get(path).cloned();
        if let (Some(last), Some(span)) = (self.found.last_mut(), span) {
            last.related.push(Label { span, text: text.to_owned() });
        }
    }
}
