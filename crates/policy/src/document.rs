//! Documents to models: YAML, read with places, compiled, and checked as a pair.
//!
//! Reading never stops at the first problem. What a promise means is not known here: that is the
//! core's business.

mod audience;
mod calendar;
mod channels;
mod ignore;
mod people;
mod playbook;
mod policy;
mod reader;
mod recover;
mod role;
mod roster;
mod source;
mod statutory;
mod target;
mod tree;
mod trigger;
mod value;

use ::calendar::Date;
use sha2::{Digest, Sha256};

use crate::check;
use crate::diagnostic::{Diagnostic, Level, Source};
use crate::model::{Policy, Roster};
pub(crate) use people::BUILT_IN_CHANNELS;
pub(crate) use playbook::document as playbook;
pub(crate) use reader::{Kind, Places, Reader, Reference};
pub(crate) use roster::RosterDocument;
pub use source::BUILT_IN_SOURCES;
pub use tree::{MAX_DOCUMENT_BYTES, MAX_DOCUMENT_DEPTH, MAX_DOCUMENT_NODES};

/// Most diagnostics that are kept of one load: nobody reads more, and the first explain most.
pub const MAX_DIAGNOSTICS: usize = 200;

/// Digits of a version's name.
const VERSION_DIGITS: usize = 12;

/// What became of a pair of documents.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The policy, if the pair has no errors.
    pub policy: Option<Policy>,
    /// The roster, if the pair has no errors.
    pub roster: Option<Roster>,
    /// Everything found, in the order policy, roster, and within each by place.
    pub diagnostics: Vec<Diagnostic>,
    /// How many findings the policy's `ignore` hides.
    pub ignored: usize,
}

/// A document that was read, with the places that checks need.
pub(crate) struct Read<T> {
    pub(crate) model: T,
    pub(crate) file: String,
    pub(crate) places: Places,
}

impl<T> Read<T> {
    fn document(&self) -> crate::ignore::Document<'_> {
        (&self.file, &self.places)
    }
}

/// Reads and checks a policy with its roster. Nothing is ignored: whoever runs a pair does not
/// show its warnings.
pub fn load(policy: Source<'_>, roster: Source<'_>) -> Loaded {
    examine(policy, roster, None)
}

/// The same, without the findings that the policy ignores on this day.
pub fn load_on(policy: Source<'_>, roster: Source<'_>, today: Date) -> Loaded {
    examine(policy, roster, Some(today))
}

fn examine(policy: Source<'_>, roster: Source<'_>, today: Option<Date>) -> Loaded {
    let (policy_read, mut diagnostics) = read(policy, policy::compile);
    let (roster_read, roster_diagnostics) = read(roster, roster::compile);
    diagnostics.extend(roster_diagnostics);
    // A document that could not be read at all would only cause false alarms in the other.
    if let (Some(policy_read), Some(roster_read)) = (&policy_read, &roster_read) {
        diagnostics.extend(check::references(policy_read, roster_read));
        // Rules about a document with gaps would complain about the gaps.
        if is_valid(&diagnostics) {
            diagnostics.extend(check::rules(policy_read, roster_read));
        }
    }
    let valid = is_valid(&diagnostics);
    let mut ignored = 0;
    if let (Some(today), Some(policy_read), Some(roster_read), true) = (today, &policy_read, &roster_read, valid) {
        let documents = [policy_read.document(), roster_read.document()];
        ignored = crate::ignore::apply(&mut diagnostics, documents, today);
    }
    if diagnostics.len() > MAX_DIAGNOSTICS {
        // Errors first, so that cutting never hides why a document is refused.
        diagnostics.sort_by_key(|diagnostic| diagnostic.severity);
        diagnostics.truncate(MAX_DIAGNOSTICS);
    }
    diagnostics
        .sort_by_key(|diagnostic| (diagnostic.file != policy.name, diagnostic.span.as_ref().map(|span| span.start)));
    Loaded {
        policy: policy_read.filter(|_| valid).map(|read| read.model),
        roster: roster_read.filter(|_| valid).map(|read| read.model.roster),
        diagnostics,
        ignored,
    }
}

fn is_valid(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().all(|diagnostic| diagnostic.severity != Level::Error)
}

fn read<T>(
    source: Source<'_>,
    compile: fn(&mut Reader<'_>, &tree::Node) -> Option<T>,
) -> (Option<Read<T>>, Vec<Diagnostic>) {
    let mut reader = Reader::new(source);
    let model = match tree::parse(&mut reader) {
        Some(root) => compile(&mut reader, &root),
        None => {
            look_at_the_rest(&mut reader, compile);
            None
        }
    };
    let Reader { places, diagnostics, .. } = reader;
    (model.map(|model| Read { model, file: source.name.to_owned(), places }), diagnostics)
}

/// Reports what is wrong in those parts of a document that is not valid YAML that are.
fn look_at_the_rest<T>(reader: &mut Reader<'_>, compile: fn(&mut Reader<'_>, &tree::Node) -> Option<T>) {
    let is_syntax = reader.diagnostics.last().is_some_and(|last| last.code.id == problem::POLICY_SYNTAX.id);
    let Some(rest) = is_syntax.then(|| recover::sections(reader)).flatten() else { return };
    compile(reader, &rest);
    // What seems to be missing may stand in the parts that could not be read.
    reader.diagnostics.retain(|found| {
        let is_root_gap = found.code.id == problem::POLICY_MISSING_KEY.id && found.span == Some(recover::PARTIAL);
        !is_root_gap && found.code.id != problem::UNKNOWN_SEVERITY.id
    });
}

/// Name of a version: the first digits of the document's SHA-256.
pub fn version_of(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    digits[..VERSION_DIGITS].to_owned()
}
