//! Findings that a policy asks not to hear of: until a day, for a reason.
//!
//! Only warnings and notes can be ignored. What they are about stays as it is.

use std::ops::Range;

use calendar::Date;
use problem::Code;

use crate::diagnostic::{Diagnostic, Level};
use crate::document::Places;

/// The checks that find warnings or notes, by name. A few of them find errors as well, which stay.
pub static LINTS: [&Code; 13] = [
    &problem::BUSINESS_DAYS_WITHOUT_CALENDAR,
    &problem::CHANNEL_UNCONFIGURED,
    &problem::CLASS_UNDECLARED,
    &problem::CLASS_WITHOUT_TRIGGER,
    &problem::ESCALATES_TOO_SOON,
    &problem::PERSON_WITHOUT_CONTACT,
    &problem::ROLE_WITHOUT_OWNER,
    &problem::SEVERITY_WITHOUT_TARGETS,
    &problem::STATUTORY_NEVER_STARTS,
    &problem::STRICTER_IS_LOOSER,
    &problem::TRIGGER_SHADOWED,
    &problem::UNKNOWN_PLAYBOOK,
    &problem::UNKNOWN_SERVICE,
];

/// An entry of `ignore`.
#[derive(Clone, Debug)]
pub(crate) struct Ignore {
    /// Name of the check.
    pub(crate) check: String,
    /// Path of a definition, such as `triggers/slow`; everywhere if there is none.
    pub(crate) at: Option<String>,
    /// The last day on which it holds.
    pub(crate) until: Date,
    pub(crate) span: Range<usize>,
}

/// A document's name, and where things stand in it.
pub(crate) type Document<'a> = (&'a str, &'a Places);

/// Takes away what the policy ignores on this day, and answers how much that was. Entries that have
/// expired or serve nothing are reported. The first document is the policy.
pub(crate) fn apply(diagnostics: &mut Vec<Diagnostic>, documents: [Document<'_>; 2], today: Date) -> usize {
    let [(policy, Places { ignores, .. }), _] = documents;
    let before = diagnostics.len();
    let mut about_entries = Vec::new();
    for ignore in ignores {
        let fits = |found: &Diagnostic| ignore.fits(found, documents);
        if ignore.until < today {
            let message = format!("`{}` is not ignored any more since {} is over", ignore.check, ignore.until);
            let hint = "solve it and remove the entry, or give it a new day and reason";
            about_entries.push(entry(policy, ignore, (Level::Warning, &problem::IGNORE_EXPIRED), (message, hint)));
        } else if !diagnostics.iter().any(fits) {
            let message = format!("`{}` finds nothing here to ignore", ignore.check);
            let hint = "remove the entry, or correct `at`";
            about_entries.push(entry(policy, ignore, (Level::Note, &problem::IGNORE_UNUSED), (message, hint)));
        }
    }
    let holding: Vec<&Ignore> = ignores.iter().filter(|ignore| ignore.until >= today).collect();
    diagnostics.retain(|found| !holding.iter().any(|ignore| ignore.fits(found, documents)));
    let ignored = before - diagnostics.len();
    diagnostics.extend(about_entries);
    ignored
}

fn entry(
    policy: &str,
    ignore: &Ignore,
    (severity, code): (Level, &'static Code),
    (message, hint): (String, &str),
) -> Diagnostic {
    let (span, hint) = (Some(ignore.span.clone()), Some(hint.to_owned()));
    Diagnostic { severity, code, message, file: policy.to_owned(), span, hint, related: Vec::new() }
}

impl Ignore {
    fn fits(&self, found: &Diagnostic, documents: [Document<'_>; 2]) -> bool {
        if found.severity == Level::Error || found.code.id != self.check {
            return false;
        }
        let Some(at) = &self.at else { return true };
        let places = documents.iter().find(|(name, _)| *name == found.file).map(|(_, places)| places);
        let (Some(places), Some(span)) = (places, &found.span) else { return false };
        places
            .at(span.start)
            .any(|path| path == at || path.strip_prefix(at.as_str()).is_some_and(|r| r.starts_with('/')))
    }
}
